/** From what a check found to what is said of it. */

import { lineBreaks, sqlComment } from '../sql/comment';
import type { CheckDifference, CheckJudgement, CheckRemedyStep, CheckUnknown } from './check';

export interface Findings {
  /** What bites; any of it fails the check. */
  differences?: readonly CheckDifference[];
  unknown?: readonly CheckUnknown[];
  remedies?: readonly CheckRemedyStep[];
  /** What differs without harm, and what the reader must know. */
  remarks?: readonly string[];
  /** One line for a check that passes. */
  pass: string;
}

/** More of one kind than this is counted, not listed. */
const maxLines = 50;

/** A failure outweighs what could not be judged, which outweighs a pass. */
export function conclude({
  differences = [],
  unknown = [],
  remedies = [],
  remarks = [],
  pass,
}: Findings): CheckJudgement {
  const verdict = differences.length > 0 ? 'fail' : unknown.length > 0 ? 'unknown' : 'pass';
  const judgement: CheckJudgement = {
    verdict,
    summary: oneLine(summaryOf(differences, unknown, pass)),
    details: [
      ...listed(differences, differenceWords),
      ...listed(unknown, unknownWords),
      ...listed(remarks, remark => `remark: ${remark}`),
    ],
    differences: [...differences],
    unknown: [...unknown],
    remedies: [...remedies],
  };
  const compared = differences.filter(({ source, target }) => source !== undefined && target !== undefined);
  if (compared.length > 0) {
    const text = (side: 'source' | 'target') => compared.map(each => `${placeWords(each)}: ${each[side]}`).join('\n');
    judgement.expected = text('source');
    judgement.actual = text('target');
  }
  if (remedies.length > 0) judgement.remedy = remedies.map(stepScript).join('\n\n');
  return judgement;
}

function summaryOf(differences: readonly CheckDifference[], unknown: readonly CheckUnknown[], pass: string): string {
  const [first] = differences;
  if (first) return `${differenceWords(first)}${more(differences.length - 1)}`;
  const [gap] = unknown;
  return gap ? `could not be judged: ${unknownWords(gap)}${more(unknown.length - 1)}` : pass;
}

function more(others: number): string {
  return others > 0 ? ` (and ${others} more)` : '';
}

function placeWords({ what, node }: { what: string; node?: string }): string {
  return node === undefined ? what : `${what} on ${node}`;
}

function differenceWords(difference: CheckDifference): string {
  const { source, target } = difference;
  const sides = [
    source === undefined ? [] : [`source ${source}`],
    target === undefined ? [] : [`target ${target}`],
  ].flat();
  return `${placeWords(difference)}${sides.length > 0 ? `: ${sides.join(', ')}` : ''}`;
}

function unknownWords({ what, node, grant }: CheckUnknown): string {
  return `${node === undefined ? '' : `${node}: `}${what}${grant === undefined ? '' : ` (${grant})`}`;
}

function listed<Item>(items: readonly Item[], words: (item: Item) => string): string[] {
  const lines = items.slice(0, maxLines).map(item => oneLine(words(item)));
  if (items.length > maxLines) lines.push(`… and ${items.length - maxLines} more`);
  return lines;
}

/** To read and run by hand: where, what it locks, how to take it back and how to see that it helped, as comments. */
export function stepScript({ side, nodes, sql, lock, rollback, verify }: CheckRemedyStep): string {
  return [
    sqlComment(`On the ${side}, ${nodes.join(', ')}. Locks: ${lock}`),
    sql,
    sqlComment(`Rollback: ${rollback}`),
    sqlComment(`Verify: ${verify}`),
  ].join('\n');
}

/** Names and messages of a server may bring line breaks. */
function oneLine(text: string): string {
  return text.split(lineBreaks).join(' ');
}
