/** `same`: whether all nodes answer the same rows, and which rows differ. */
import type { CheckPlace, Judgement, NodeAnswer } from '../../shared/check';
import { alignedTexts } from './aligned-texts';
import { hasProblem, labelOf, type Outcome, rowCount, together, verdictOf, worst } from './asked';
import { alignColumns, type Comparable, compareRows } from './row-differences';
import { shownCell, shownRow } from './shown';
import type { Tolerance } from './syntax';

export type SameOutcome = Outcome & Pick<Judgement, 'expected' | 'actual'>;

export function judgeSame(answers: readonly NodeAnswer[], place: CheckPlace, tolerance?: Tolerance): SameOutcome {
  if (place === 'source' || place === 'target' || answers.length < 2)
    return {
      verdict: 'error',
      text: `\`same\` compares nodes, and only the ${answers[0]?.side ?? place} was asked. Write on=both or on=workers.`,
      details: [],
    };
  const answered = answers.filter(answer => !hasProblem(answer));
  const missing = answers.filter(hasProblem).map(({ problem }) => verdictOf(problem));
  const reference = answered.find(answer => answer.side === 'source') ?? answered[0];
  const others = answered.filter(answer => answer !== reference);
  if (!reference || others.length === 0) return { verdict: worst(['unknown', ...missing]), text: '', details: [] };
  const outcomes = others.map(other => comparePair(reference, other, place, tolerance));
  const verdict = worst([...outcomes.map(each => each.verdict), ...missing]);
  const details = outcomes.flatMap(each => each.details);
  if (details.length > 0 && place === 'workers') details.unshift(`Compared with ${labelOf(reference, place)}:`);
  const decisive = outcomes.find(each => each.verdict !== 'pass');
  if (!decisive) return { verdict, text: agreement(answered, place, tolerance), details, ...textsOf(outcomes[0]!) };
  const differing = outcomes.filter(each => each.verdict === decisive.verdict).length;
  const more = differing > 1 ? ` (and ${differing - 1} more ${differing === 2 ? 'node' : 'nodes'})` : '';
  return { verdict, text: decisive.text + more, details, ...textsOf(decisive) };
}

function textsOf({ expected, actual }: SameOutcome): Pick<Judgement, 'expected' | 'actual'> {
  return { ...(expected === undefined ? {} : { expected }), ...(actual === undefined ? {} : { actual }) };
}

function comparePair(
  reference: NodeAnswer,
  other: NodeAnswer,
  place: CheckPlace,
  tolerance: Tolerance | undefined,
): SameOutcome {
  const labels = [labelOf(reference, place), labelOf(other, place)] as const;
  const prefix = place === 'workers' ? `${labels[1]}: ` : '';
  const cutShort = [reference, other].find(answer => answer.truncated);
  if (cutShort)
    return {
      verdict: 'unknown',
      text: `${labelOf(cutShort, place)} ${rowCount(cutShort)}, of which not all were read`,
      details: [`${prefix}Not all rows were read, so that they cannot be compared. Let the SQL count or sum them up.`],
    };
  const aligned = alignColumns(reference, other, labels);
  if (!aligned.pair) {
    const lines = [
      ...aligned.onlyLeft.map(
        name => `column ${shownCell(name)} only on ${place === 'workers' ? '' : 'the '}${labels[0]}`,
      ),
      ...aligned.onlyRight.map(
        name => `column ${shownCell(name)} only on ${place === 'workers' ? '' : 'the '}${labels[1]}`,
      ),
    ];
    const texts = alignedTexts([reference.columns, reference.rows], [other.columns, other.rows]);
    return { verdict: 'fail', text: lines[0]!, details: lines.map(line => prefix + line), ...texts };
  }
  const { columns, left, right, typeNotes } = aligned.pair;
  const differences = compareRows(columns, left, right, labels, tolerance);
  const details = [...differences.lines, ...typeNotes].map(line => prefix + line);
  const names = columns.map(({ name, type }) => ({ name, type }));
  const texts = alignedTexts(
    [names, left.map(row => row.cells)],
    [names, inOrderOf(left, right, differences.key).map(row => row.cells)],
  );
  if (differences.lines.length === 0) return { verdict: 'pass', text: '', details, ...texts };
  return { verdict: 'fail', text: disagreement(reference, other, labels, differences.lines, place), details, ...texts };
}

/** Rows in the order of those that they are to be compared with, so that a diff shows nothing but differences. */
function inOrderOf(left: readonly Comparable[], right: readonly Comparable[], key: readonly number[]): Comparable[] {
  const free = new Set(left.keys());
  const places = new Map<Comparable, number>();
  // First those that are equal, then those that are at least told apart by the same.
  for (const columns of [undefined, key]) {
    const keyOf = (row: Comparable): string => JSON.stringify(columns ? columns.map(i => row.keys[i]) : row.keys);
    const waiting = new Map<string, number[]>();
    for (const place of [...free].reverse()) {
      const of = keyOf(left[place]!);
      waiting.set(of, waiting.get(of) ?? []);
      waiting.get(of)!.push(place);
    }
    for (const row of right) {
      const place = places.has(row) ? undefined : waiting.get(keyOf(row))?.pop();
      if (place === undefined) continue;
      places.set(row, place);
      free.delete(place);
    }
  }
  const placeOf = (row: Comparable): number => places.get(row) ?? left.length;
  return [...right].sort((a, b) => placeOf(a) - placeOf(b));
}

function disagreement(
  reference: NodeAnswer,
  other: NodeAnswer,
  labels: readonly [string, string],
  lines: readonly string[],
  place: CheckPlace,
): string {
  const pair = [reference, other] as const;
  const isOneValue = pair.every(({ columns, rows }) => columns.length === 1 && rows.length === 1);
  if (isOneValue)
    return together(
      pair.map(({ rows }, i) => ({ label: labels[i]!, text: shownCell(rows[0]![0]!) })),
      place,
    );
  if (reference.rows.length !== other.rows.length)
    return together(
      pair.map((answer, i) => ({ label: labels[i]!, text: rowCount(answer) })),
      place,
    );
  const where = place === 'workers' ? `${labels[1]}: ` : '';
  return lines.length === 1 ? where + lines[0]! : `${where}${lines.length} differences, the first: ${lines[0]}`;
}

function agreement(answered: readonly NodeAnswer[], place: CheckPlace, tolerance: Tolerance | undefined): string {
  const parts = answered.map(answer => {
    const { columns, rows } = answer;
    const [only] = rows;
    const isShort = only && rows.length === 1 && columns.length <= 4;
    const names = columns.map(column => column.name);
    const text = isShort ? (columns.length === 1 ? shownCell(only[0]!) : shownRow(names, only)) : rowCount(answer);
    return { label: labelOf(answer, place), text };
  });
  return together(parts, place) + (tolerance ? `, within ${tolerance.text}` : '');
}
