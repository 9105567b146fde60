/**
 * The result of a check, written right below its block in a region that Cutover owns and replaces in place. What a server
 * said stands in it as text; a person, or another tool, reads it without Cutover.
 */
import { type CheckResult, type CheckVerdict, checkVerdicts } from '../shared/check';
import type { Block } from './blocks';
import { readBlocks, SectionMemory } from './blocks';
import { type CheckBlock, readCheckBlock } from './check-block';
import { changedLines, lineEndingOf, type Recording, withLineEnding } from './edits';
import { escapeMarkdown, fence } from './escape';
import { PlaybookError } from './playbook-error';
import { type Region, readRegions, writeRegion } from './regions';
import { refuseBroken, refuseUnwritable } from './writable';

/** What a result region says. */
export interface StoredResult {
  verdict: CheckVerdict;
  /** ISO 8601. */
  at: string;
  /** {@link CheckBlock.definition} of the check as it was when it ran; absent from results written by hand. */
  definition?: string;
  /** The line behind the verdict, as Markdown. */
  summary: string;
}

/** Undefined when the marker does not say a verdict and a time. */
export function readResult(document: string, region: Region): StoredResult | undefined {
  const verdict = checkVerdicts.find(each => each === region.attributes.get('verdict'));
  const at = region.attributes.get('at');
  if (!verdict || !at || Number.isNaN(Date.parse(at))) return undefined;
  const [, summary = ''] =
    /\n>\s*(?:\S+\s+)?\*{0,2}\w+\*{0,2} · (.*)/.exec(document.slice(region.start, region.end)) ?? [];
  const definition = region.attributes.get('of');
  return { verdict, at, summary: summary.trim(), ...(definition !== undefined && { definition }) };
}

/** The region of a check's result: the first one below its block, when nothing stands between. */
export function resultBelow(check: Block, blocks: readonly Block[], regions: readonly Region[]): Region | undefined {
  const next = blocks[blocks.indexOf(check) + 1];
  return next && regions.find(({ kind, start }) => kind === 'result' && start === next.start);
}

const marks: Record<CheckVerdict, string> = { pass: '✓', fail: '✗', unknown: '?', error: '!' };

/** A result holds no more lines of evidence: the playbook is read by people. */
const maxDetails = 25;

/**
 * Puts the result below its check; the text of the playbook may have changed since it was run. Whoever records many into one
 * document gives the same memory.
 * @throws PlaybookError when the check is gone, stands twice, or its region is broken.
 */
export function recordResult(
  document: string,
  result: CheckResult,
  definition: string,
  memory = new SectionMemory(),
): Recording {
  refuseUnwritable(document);
  const blocks = readBlocks(document, memory);
  const found = blocks.flatMap(block => {
    const check = readCheckBlock(document, block);
    return check?.id?.value === result.id ? [{ block, check }] : [];
  });
  const [first, second] = found;
  if (!first) throw new PlaybookError('noCheck', `There is no check ${result.id} in the playbook any more.`, 1);
  if (second) {
    const lines = `on lines ${first.check.line} and ${second.check.line}`;
    throw new PlaybookError(
      'duplicateCheck',
      `The check ${result.id} stands twice, ${lines}. Rename one.`,
      second.check.line,
    );
  }
  const { block, check } = first;
  if (!isClosed(check)) {
    const message = `The check ${result.id} on line ${check.line} is never closed. Put its closing fence.`;
    throw new PlaybookError('unclosedBlock', message, check.line);
  }
  const region = resultBelow(block, blocks, readRegions(blocks));
  const text = withLineEnding(regionText(result, definition), lineEndingOf(document));
  if (region) {
    refuseBroken(region, `The result of ${region.id}`);
    return { edits: changedLines(document, region, text), line: check.line };
  }
  const lineEnding = lineEndingOf(document);
  return { edits: [{ start: block.end, end: block.end, text: lineEnding + text }], line: check.line };
}

/** An open fence reaches to the document's end: a result behind it would be part of it. */
function isClosed({ end, content, head }: CheckBlock): boolean {
  return content.offsetOf(content.text.length) < end && end > head.end;
}

function regionText(result: CheckResult, definition: string): string {
  const attributes = new Map([
    ['verdict', result.verdict],
    ['at', result.at],
  ]);
  for (const side of ['source', 'target'] as const) {
    const address = result[side];
    if (address) attributes.set(side, encodeURI(address).replaceAll('--', '-%2D').replaceAll('=', '%3D'));
  }
  attributes.set('of', definition);
  return writeRegion('result', result.id, attributes, body(result));
}

function body({ verdict, summary, details, remedy }: CheckResult): string {
  const lines = [`${marks[verdict]} **${verdict}** · ${escapeMarkdown(summary)}`];
  const shown = details.slice(0, maxDetails);
  if (shown.length > 0) lines.push('', ...shown.map(detail => `- ${escapeMarkdown(detail)}`));
  if (details.length > shown.length) lines.push(`- … and ${details.length - shown.length} more`);
  if (remedy) lines.push('', 'To mend it, after reading it:', '', ...fence(remedy, 'sql').split('\n'));
  return lines.map(line => (line === '' ? '>' : `> ${line}`)).join('\n');
}
