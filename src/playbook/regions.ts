/**
 * The regions of a playbook that Cutover owns: everything from `<!-- cutover:finding ID … -->` to
 * `<!-- /cutover:finding -->`, each marker an HTML comment of its own at the top level of the document.
 */
import type { Block } from './blocks';

export type RegionKind = 'finding' | 'result';

export interface Region {
  kind: RegionKind;
  id: string;
  /** What the opening marker says besides, as `severity=high confidence=observed`. */
  attributes: Map<string, string>;
  /** UTF-16 offsets from the opening marker's first to the closing marker's last character (of the opening marker alone when broken). */
  start: number;
  end: number;
  /** 1-based line of the opening marker. */
  line: number;
  /** Why the region has no trustworthy end: what was met before one, and on which line (0: the document's end). */
  broken?: { by: 'end' | 'marker' | 'heading'; line: number };
}

/** What an id may look like: no blank, no `=`, and no `--`, which ends a comment. */
export const regionId = /^[A-Za-z0-9](?:[\w./:]|-(?!-))*$/;

/** A result's marker says verdict and time without names: `<!-- cutover:result versions pass 2026-11-22T18:00:00Z -->`. */
const opening =
  /^\s*<!--\s*cutover:(?:(finding)\s+([^\s=]+)|(result)\s+([^\s=]+)(?:\s+([a-z]+)\s+(\d[\d:.TZ-]*))?)((?:\s+[\w-]+=\S+)*)\s*-->\s*$/;
const closing = /^\s*<!--\s*\/cutover:(finding|result)\s*-->\s*$/;

/** Every region in the order of the document; those without a proper end are marked broken, and never hold another. */
export function readRegions(blocks: readonly Block[]): Region[] {
  const regions: Region[] = [];
  let open: Region | undefined;
  for (const block of blocks) {
    const opened = block.type === 'html' ? opening.exec(block.text) : null;
    const closed = block.type === 'html' ? closing.exec(block.text) : null;
    if (!opened && !closed && block.type !== 'heading') continue;
    // Blanks behind the marker are not Cutover's.
    if (open && open.kind === closed?.[1]) open.end = block.end - (block.text.length - block.text.trimEnd().length);
    else if (open) open.broken = { by: block.type === 'heading' ? 'heading' : 'marker', line: block.line };
    open = undefined;
    if (opened) {
      const [, finding, findingId, , resultId, verdict, at, attributes] = opened;
      open = {
        kind: finding ? 'finding' : 'result',
        id: (findingId ?? resultId)!,
        attributes: readAttributes(attributes!, verdict, at),
        start: block.start,
        end: block.end,
        line: block.line,
      };
      regions.push(open);
    }
  }
  if (open) open.broken = { by: 'end', line: 0 };
  return regions;
}

function readAttributes(text: string, verdict: string | undefined, at: string | undefined): Map<string, string> {
  const attributes = new Map<string, string>();
  if (verdict && at) attributes.set('verdict', verdict).set('at', at);
  for (const attribute of text.split(/\s+/)) {
    const equals = attribute.indexOf('=');
    if (equals > 0) attributes.set(attribute.slice(0, equals), attribute.slice(equals + 1));
  }
  return attributes;
}

/** A region's text, its lines ended by LF. Attribute values must be words. */
export function writeRegion(kind: RegionKind, id: string, attributes: Map<string, string>, body: string): string {
  const isNamed = (name: string): boolean => kind === 'finding' || (name !== 'verdict' && name !== 'at');
  const words = [...attributes].map(([name, value]) => (isNamed(name) ? ` ${name}=${value}` : ` ${value}`)).join('');
  const gap = kind === 'finding' ? '\n\n' : '\n';
  return `<!-- cutover:${kind} ${id}${words} -->${gap}${body}${gap}<!-- /cutover:${kind} -->`;
}
