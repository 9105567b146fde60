/** Words of a playbook that refer to one of its checks or findings: `check:versions`, `finding:plan.diff/create-rollup`. */
import type { TextRange } from '../sql/offsets';
import type { Playbook } from './playbook';

export interface Reference extends TextRange {
  kind: 'check' | 'finding';
  id: string;
  /** Where it leads; undefined when there is no such thing. */
  target: TextRange | undefined;
}

const pattern = /(?<![\w:/.-])(check|finding):([A-Za-z0-9][\w./-]*)/g;

/** Every one outside of code, front matter and Cutover's own regions. */
export function references(playbook: Playbook): Reference[] {
  const targets = targetsOf(playbook);
  const found: Reference[] = [];
  for (const block of playbook.blocks) {
    if (block.type === 'code' || block.type === 'html' || block.type === 'frontMatter') continue;
    const { start, end } = block;
    const words = playbook.text.slice(start, end);
    if (!words.includes('check:') && !words.includes('finding:')) continue;
    if (playbook.regions.some(region => region.start < start && end <= region.end)) continue;
    for (const match of words.matchAll(pattern)) {
      const kind = match[1] as Reference['kind'];
      // A sentence may end behind it.
      const id = match[2]!.replace(/[./-]+$/, '');
      const at = start + match.index;
      const place = targets[kind].get(id);
      found.push({ kind, id, target: place, start: at, end: at + kind.length + 1 + id.length });
    }
  }
  return found;
}

function targetsOf({ checks, findings }: Playbook): Record<Reference['kind'], Map<string, TextRange>> {
  const check = new Map<string, TextRange>();
  for (const { id, head } of checks) if (id && !check.has(id.value)) check.set(id.value, head);
  const finding = new Map<string, TextRange>();
  for (const { id, heading, region } of findings) if (!finding.has(id)) finding.set(id, heading ?? region);
  return { check, finding };
}
