/**
 * Writes a finding into a playbook. The document is the user's: a finding recorded before is replaced between its
 * markers and nowhere else, a new one goes to the end of the section "Findings", and what cannot be done without
 * guessing where the user's text begins is refused with the line.
 */
import { type Block, readBlocks } from './blocks';
import { playbookVersion, readFrontMatter } from './front-matter';
import { PlaybookError } from './playbook-error';
import { type Region, readRegions, writeRegion } from './regions';

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

export interface TextEdit {
  /** UTF-16 offsets into the document before any edit. */
  start: number;
  end: number;
  text: string;
}

export interface Recording {
  /** In ascending order, not overlapping; empty when the document says it all already. */
  edits: TextEdit[];
  /** 1-based line of the finding in the document after the edits. */
  line: number;
}

/** @throws PlaybookError when the finding's region is broken or doubled, or text at the end would swallow a new one. */
export function recordFinding(document: string, finding: Finding): Recording {
  const { frontMatter } = readFrontMatter(document);
  if (frontMatter?.version !== undefined && frontMatter.version > playbookVersion) {
    throw new PlaybookError(
      'newerFormat',
      `The playbook has format version ${frontMatter.version}; this Cutover writes version ${playbookVersion}. Update Cutover.`,
      1,
    );
  }
  // A rule in the finding would become the end of it, and all above the finding front matter.
  if (!frontMatter && /^\ufeff?---[ \t]*(?:[\r\n]|$)/.test(document)) {
    throw new PlaybookError(
      'unclosedBlock',
      'The front matter that begins on line 1 is never closed. Close it with ---.',
      1,
    );
  }
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

/** Applies edits as {@link recordFinding} returns them. */
export function applyEdits(document: string, edits: readonly TextEdit[]): string {
  let text = '';
  let at = 0;
  for (const edit of edits) {
    text += document.slice(at, edit.start) + edit.text;
    at = edit.end;
  }
  return text + document.slice(at);
}

function update(document: string, finding: Finding, region: Region): Recording {
  if (region.broken) {
    const { by, line } = region.broken;
    const what = {
      end: 'before the document ends',
      marker: `before line ${line}`,
      heading: `before the heading on line ${line}`,
    }[by];
    throw new PlaybookError(
      'unclosedRegion',
      `Finding ${finding.id} on line ${region.line} is not closed ${what}. Put <!-- /cutover:finding --> where it ends; an open code fence in it hides its end, too.`,
      region.line,
    );
  }
  const attributes = new Map(region.attributes).set('severity', finding.severity).set('confidence', finding.confidence);
  const text = withLineEnding(writeRegion('finding', finding.id, attributes, finding.body), lineEndingOf(document));
  return { edits: changedLines(document, region, text), line: region.line };
}

/** One edit from the first to the last line that differs, none when all are the same. */
function changedLines(document: string, region: Region, text: string): TextEdit[] {
  const before = document.slice(region.start, region.end).split(/(?<=\n)/);
  const after = text.split(/(?<=\n)/);
  let start = 0;
  while (start < before.length && start < after.length && before[start] === after[start]) start++;
  if (start === before.length && start === after.length) return [];
  let same = 0;
  while (same < Math.min(before.length, after.length) - start && before.at(-1 - same) === after.at(-1 - same)) same++;
  const length = (lines: string[]): number => lines.reduce((sum, line) => sum + line.length, 0);
  return [
    {
      start: region.start + length(before.slice(0, start)),
      end: region.end - length(before.slice(before.length - same)),
      text: after.slice(start, after.length - same).join(''),
    },
  ];
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

function endOfLine(document: string, offset: number): number {
  const at = document.slice(offset).search(/[\r\n]/);
  return at < 0 ? document.length : offset + at;
}

/** The ending most lines have. */
function lineEndingOf(document: string): string {
  const all = document.split('\n').length - 1;
  const carriage = document.split('\r\n').length - 1;
  return carriage > all - carriage ? '\r\n' : '\n';
}

function withLineEnding(text: string, lineEnding: string): string {
  return lineEnding === '\n' ? text : text.replaceAll('\n', lineEnding);
}
