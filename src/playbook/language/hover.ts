/** What a check asks and why, what it last said, and the evidence of a finding. Markdown, shown without HTML or commands. */
import type { Hover, Position } from 'vscode-languageserver-types';
import { formatAge } from '../age';
import { escapeMarkdown } from '../escape';
import { explainExpect } from '../expect/explain';
import { staleness } from '../lint/checks';
import type { PlaybookCheck, PlaybookFinding } from '../playbook';
import { references } from '../references';
import { timingWords } from '../timing';
import { type PlaybookDocument, partAt } from './document';

export interface HoverContext {
  now: number;
  /** What the catalogue says of a check. */
  describe(id: string): { title: string; question: string; why: string; onRequest?: true } | undefined;
}

/** A hover is read at a glance: beyond this the finding itself is a click away. */
const maxEvidence = 1500;

export function hover(document: PlaybookDocument, position: Position, context: HoverContext): Hover | undefined {
  const { playbook } = document;
  const offset = document.offset(position);
  const answer = (value: string, place: { start: number; end: number }): Hover => ({
    contents: { kind: 'markdown', value },
    range: document.range(place),
  });
  const reference = partAt(references(playbook), offset);
  if (reference) {
    const { kind, id } = reference;
    const check = kind === 'check' && playbook.checks.find(each => each.id?.value === id);
    if (check) return answer(checkWords(document, check, context), reference);
    const finding = kind === 'finding' && playbook.findings.find(each => each.id === id);
    return finding ? answer(findingWords(document, finding), reference) : undefined;
  }
  const check = playbook.checks.find(each => each.head.start <= offset && offset <= each.head.end) ?? catalogueAt();
  if (check) return answer(checkWords(document, check, context), check.head);
  const finding = playbook.findings.find(
    ({ heading, region }) => (heading && inside(heading, offset)) || inside(markerOf(document, region), offset),
  );
  if (finding) return answer(findingWords(document, finding), finding.heading ?? finding.region);
  const step = playbook.phases.flatMap(({ steps }) => steps).find(({ title }) => inside(title, offset));
  const timing = step && timingWords(step, context.now);
  return step && timing ? answer(escapeMarkdown(timing), step.title) : undefined;

  function catalogueAt(): PlaybookCheck | undefined {
    return playbook.checks.find(each => each.kind === 'catalogue' && inside(each, offset));
  }
}

function inside({ start, end }: { start: number; end: number }, offset: number): boolean {
  return start <= offset && offset <= end;
}

function markerOf({ text }: PlaybookDocument, { start, end }: { start: number; end: number }) {
  return { start, end: Math.min(end, start + text.slice(start, end).search(/\r|\n|$/)) };
}

const places = {
  both: 'Asked on the coordinators of both sides.',
  source: 'Asked on the source’s coordinator.',
  target: 'Asked on the target’s coordinator.',
  workers: 'Asked on every node of both sides.',
};

function checkWords(document: PlaybookDocument, check: PlaybookCheck, { now, describe }: HoverContext): string {
  const { id, kind, on, expect, region, result } = check;
  const parts: string[] = [];
  if (kind === 'catalogue') {
    const found = id && describe(id.value);
    parts.push(
      found ? `**${escapeMarkdown(found.title)}**` : `**${escapeMarkdown(id?.value ?? 'A check without id')}**`,
    );
    if (found) parts.push(escapeMarkdown(found.question), `*Why:* ${escapeMarkdown(found.why)}`);
    if (found?.onRequest) parts.push('It loads every node for a moment, each time that it runs.');
  } else {
    parts.push(`**${escapeMarkdown(id?.value ?? 'A check without id')}**`);
    const asks = places[on.value];
    parts.push(expect?.value ? `${asks} ${escapeMarkdown(explainExpect(expect.value))}` : asks);
  }
  if (!result || !region) return [...parts, 'It never ran.'].join('\n\n');
  const stale = staleness(check, now);
  parts.push(`Last run ${formatAge(now - Date.parse(result.at))} ago${stale ? `. ${escapeMarkdown(stale)}` : ':'}`);
  parts.push(cut(inner(document.text.slice(region.start, region.end))));
  return parts.join('\n\n');
}

function findingWords(
  document: PlaybookDocument,
  { id, severity, confidence, status, region }: PlaybookFinding,
): string {
  const facts = [id, `severity ${severity}`, confidence, ...(status ? [status] : [])];
  return `${facts.map(escapeMarkdown).join(' · ')}\n\n${cut(inner(document.text.slice(region.start, region.end)))}`;
}

/** A region without its markers. */
function inner(region: string): string {
  return region
    .replace(/^<!--.*?-->/s, '')
    .replace(/<!--[^>]*-->\s*$/, '')
    .trim();
}

/** Ends at a line, and closes a fence that it cuts through. */
function cut(markdown: string): string {
  if (markdown.length <= maxEvidence) return markdown;
  const text = markdown.slice(0, markdown.lastIndexOf('\n', maxEvidence));
  const fences = text.match(/^(?:> ?)?(?:`{3,}|~{3,})/gm) ?? [];
  return `${text}${fences.length % 2 === 1 ? `\n${fences.at(-1)}` : ''}\n\n…`;
}
