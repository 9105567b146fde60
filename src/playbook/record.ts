/**
 * Writes a finding into a playbook. The document is the user's: a finding recorded before is replaced between its
 * markers and nowhere else, a new one goes to the end of the section "Findings", and what cannot be done without
 * guessing where the user's text begins is refused with the line.
 */
import { type Block, readBlocks } from './blocks';
import { changedLines, endOfLine, lineEndingOf, type Recording, withLineEnding } from './edits';
import { PlaybookError } from './playbook-error';
import { type Region, readRegions, writeRegion } from './regions';
import { refuseBroken, refuseUnwritable } from './writable';

export type Severity = 'high' | 'medium' | 'low' | 'info';
type Confidence = 'observed' | 'derived' | 'suspected' | 'verified' | 'unknown';

export interface Finding {
  /** Stable: recording a finding with the same id again updates it. Without blanks, `=` and `--`. */
  id: string;
  /** Heading, as Markdown on one line. Written once; afterwards it is the user's. */
  heading: string;
  severity: Severity;
  confidence: Confidence;
  /** Markdown below the heading, lines ended by LF, without headings and region markers of its own. */
  body: string;
}

/** @throws PlaybookError when the finding's region is broken or doubled, or text at the end would swallow a new one. */
export function recordFinding(document: string, finding: Finding): Recording {
  refuseUnwritable(document);
  const blocks = readBlocks(document);
  const regions = readRegions(blocks);
  const [region, second] = regions.filter(each => each.kind === 'finding' && each.id === finding.id);
  if (second) {
    throw new PlaybookError(
      'duplicateFinding',
      `Finding ${finding.id} stands twice, on lines ${region!.line} and ${second.line}. Remove one of them.`,
      second.line,
    );
  }
  return region ? update(document, finding, region) : append(document, finding, blocks, regions);
}

function update(document: string, finding: Finding, region: Region): Recording {
  refuseBroken(region, `Finding ${finding.id}`);
  const attributes = new Map(region.attributes).set('severity', finding.severity).set('confidence', finding.confidence);
  const text = withLineEnding(writeRegion('finding', finding.id, attributes, finding.body), lineEndingOf(document));
  return { edits: changedLines(document, region, text), line: region.line };
}

function append(document: string, finding: Finding, blocks: readonly Block[], regions: readonly Region[]): Recording {
  const inRegion = (block: Block): boolean => regions.some(each => block.start >= each.start && block.end <= each.end);
  const headings = blocks.filter(block => block.type === 'heading' && !inRegion(block));
  const section = headings.find(heading => heading.text.trim().toLowerCase() === 'findings');
  const next = section && headings.find(heading => heading.start > section.start && heading.depth <= section.depth);
  const last = blocks.filter(block => !next || block.end <= next.start).at(-1);
  if (last && swallowsWhatFollows(document, last)) {
    throw new PlaybookError(
      'unclosedBlock',
      `The ${last.type === 'code' ? 'code fence' : 'HTML'} that begins on line ${last.line} is never closed, so everything below it belongs to it. Close it.`,
      last.line,
    );
  }
  const attributes = new Map([
    ['severity', finding.severity],
    ['confidence', finding.confidence],
  ]);
  const heading = `${'#'.repeat(Math.min(6, (section?.depth ?? 2) + 1))} ${finding.heading}`;
  const parts = [
    ...(section ? [] : ['## Findings']),
    `${heading}\n${writeRegion('finding', finding.id, attributes, finding.body)}`,
  ];
  const at = last ? endOfLine(document, last.end) : document.startsWith('\ufeff') ? 1 : 0;
  const rest = document.slice(at);
  const before = last ? '\n\n' : '';
  const after = rest === '' ? '\n' : /^(\r\n|\n|\r)[ \t]*(\r|\n|$)/.test(rest) || !next ? '' : '\n';
  const text = withLineEnding(before + parts.join('\n\n') + after, lineEndingOf(document));
  const above = document.slice(0, at) + text.slice(0, text.lastIndexOf(heading));
  return { edits: [{ start: at, end: at, text }], line: above.split(/\r\n|\n|\r/).length };
}

/** A fence, a comment or a raw HTML element that nothing closes reaches to the end of the document. */
function swallowsWhatFollows(document: string, block: Block): boolean {
  if (block.type !== 'code' && block.type !== 'html') return false;
  const line = Math.max(document.lastIndexOf('\n', block.start - 1), document.lastIndexOf('\r', block.start - 1)) + 1;
  return readBlocks(`${document.slice(line, block.end)}\n\n# end`).length === 1;
}
