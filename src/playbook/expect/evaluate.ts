/** Whether a condition holds of one row, one node or all of them, and what can be said of it in a line. */
import type { CheckPlace, CheckVerdict, NodeAnswer } from '../../shared/check';
import { nearSpelling } from '../../shared/near-spelling';
import { answerOf, labelOf, type Outcome, rowCount } from './asked';
import { arithmeticText, literalText } from './explain';
import { rational } from './rational';
import type { SameOutcome } from './same';
import { shownCell, shownNumber, shownRow } from './shown';
import { type Comparison, type Condition, type Operand, opposite, type Tolerance } from './syntax';
import { Undecided } from './undecided';
import { compareValues, compute, readBoolean, readValue, type Value } from './value';

/** What a condition speaks of. */
export interface Scope {
  answers: readonly NodeAnswer[];
  place: CheckPlace;
  /** The node that `rows`, `empty` and columns without a side are of. */
  node?: NodeAnswer;
  /** The row of it; undefined when it has none. */
  row?: readonly (string | null)[];
  same: (tolerance: Tolerance | undefined) => SameOutcome;
}

/** Never throws: what cannot be judged is an outcome, too. */
export function evaluate(condition: Condition, scope: Scope): Outcome {
  try {
    return judged(condition, scope);
  } catch (error) {
    if (!(error instanceof Undecided)) throw error;
    return { verdict: error.verdict, text: error.message, details: [] };
  }
}

function judged(condition: Condition, scope: Scope): Outcome {
  switch (condition.kind) {
    case 'same':
      return scope.same(condition.tolerance);
    case 'empty':
      return judgeEmpty(scope.node!, scope.place);
    case 'only':
      return judgeOnly(scope.node!, scope.place, condition.value);
    case 'null':
      return judgeNull(condition, scope);
    case 'comparison':
      return judgeComparison(condition, scope);
    case 'not': {
      const { verdict, text, details } = evaluate(condition.of, scope);
      return { verdict: negated[verdict], text, details };
    }
    default:
      return judgeJoined(condition, scope);
  }
}

const negated: Record<CheckVerdict, CheckVerdict> = { pass: 'fail', fail: 'pass', unknown: 'unknown', error: 'error' };

/** From left to right, as far as needed: `rows = 0 or total / rows > 5` divides by nothing. */
function judgeJoined({ kind, left, right }: Condition & { kind: 'and' | 'or' }, scope: Scope): Outcome {
  const decisive = kind === 'and' ? 'fail' : 'pass';
  const first = evaluate(left, scope);
  if (first.verdict === decisive || first.verdict === 'error') return first;
  const second = evaluate(right, scope);
  if (second.verdict === decisive || second.verdict === 'error') return second;
  if (first.verdict !== second.verdict) return first.verdict === 'unknown' ? first : second;
  const text = first.text === second.text ? first.text : `${first.text}, ${second.text}`;
  return { verdict: first.verdict, text, details: [...first.details, ...second.details] };
}

function judgeEmpty(node: NodeAnswer, place: CheckPlace): Outcome {
  const isEmpty = node.rows.length === 0 && !node.truncated;
  if (isEmpty) return { verdict: 'pass', text: 'no rows', details: [] };
  const names = node.columns.map(column => column.name);
  const label = labelOf(node, place);
  const details = node.rows.map(row => `${label}: ${shownRow(names, row)}`);
  return { verdict: 'fail', text: rowCount(node), details };
}

function judgeOnly(node: NodeAnswer, place: CheckPlace, expected: boolean): Outcome {
  const { columns } = node;
  const label = labelOf(node, place);
  if (columns.length !== 1)
    throw new Undecided('error', `\`${expected}\` is for one value, and ${label} has ${columns.length} columns.`);
  const value = onlyRow(node, label)[0] ?? null;
  if (value === null) throw new Undecided('unknown', `The value is NULL on ${label}.`);
  const read = readBoolean(value);
  if (read === undefined)
    throw new Undecided('error', `The value on ${label} is ${shownCell(value)}, neither true nor false.`);
  return { verdict: read === expected ? 'pass' : 'fail', text: `${read}`, details: [] };
}

/** Throws {@link Undecided} unless it is one row. */
function onlyRow(answer: NodeAnswer, label: string): readonly (string | null)[] {
  const [row] = answer.rows;
  if (answer.rows.length > 1 || (row && answer.truncated))
    throw new Undecided('error', `One row is needed, and ${label} has ${rowCount(answer)}.`);
  if (!row)
    throw new Undecided(
      'unknown',
      answer.truncated ? `The row on ${label} is too long to read.` : `There is no row on ${label}.`,
    );
  return row;
}

function judgeNull({ of, isNull }: Condition & { kind: 'null' }, scope: Scope): Outcome {
  const { value, text } = read(of, scope);
  const holds = (value.kind === 'null') === isNull;
  return { verdict: holds ? 'pass' : 'fail', text, details: [] };
}

const relations: Record<Comparison, string> = { '=': '=', '<>': '≠', '<': '<', '<=': '≤', '>': '>', '>=': '≥' };

function judgeComparison({ operator, left, right }: Condition & { kind: 'comparison' }, scope: Scope): Outcome {
  const [a, b] = [read(left, scope), read(right, scope)];
  const holds = compareValues(operator, a.value, b.value);
  const relation = holds ? operator : opposite[operator];
  const verdict = holds ? 'pass' : 'fail';
  // A count of rows, or a value that is just the expected one, says all.
  const isPlain = isLiteral(right) && (left.kind === 'rows' || relation === '=');
  return { verdict, text: isPlain ? a.text : `${a.text} ${relations[relation]} ${b.text}`, details: [] };
}

function isLiteral(of: Operand): boolean {
  return of.kind === 'negative'
    ? isLiteral(of.of)
    : of.kind === 'number' || of.kind === 'string' || of.kind === 'boolean';
}

/** A value and what to say of it: `source 10.9 × 1.2 = 13.08`. Throws {@link Undecided}. */
function read(of: Operand, scope: Scope): { value: Value; text: string } {
  const value = operandValue(of, scope);
  const text = operandText(of, scope);
  if (of.kind !== 'arithmetic' || value.kind !== 'number') return { value, text };
  const result = shownNumber(value.value, value.dimension);
  return { value, text: `${text} ${result.exact ? '=' : '≈'} ${result.text}` };
}

function operandValue(of: Operand, scope: Scope): Value {
  switch (of.kind) {
    case 'number': {
      const { value, dimension } = of;
      return { kind: 'number', value, ...(dimension ? { dimension } : {}), origin: of.text };
    }
    case 'string':
      return { kind: 'text', text: of.text, origin: literalText(of) };
    case 'boolean':
      return { kind: 'boolean', value: of.value, origin: literalText(of) };
    case 'rows': {
      const answer = of.side ? answerOf(of.side, scope.answers) : scope.node!;
      // More text than is read is at least one row.
      const count = answer.truncated ? Math.max(1, answer.rows.length) : answer.rows.length;
      const origin = `The number of rows of ${labelOf(answer, scope.place)}`;
      return {
        kind: 'number',
        value: rational(count),
        ...(answer.truncated ? { bound: 'atLeast' as const } : {}),
        origin,
      };
    }
    case 'column':
    case 'value': {
      const { cell, column, label } = cellOf(of, scope);
      return readValue(cell, column, `${shownCell(column.name)} of ${label}`);
    }
    case 'negative':
      return compute('-', { kind: 'number', value: rational(0), origin: '0' }, operandValue(of.of, scope));
    case 'arithmetic':
      return compute(of.operator, operandValue(of.left, scope), operandValue(of.right, scope));
  }
}

function cellOf(of: Operand & { kind: 'column' | 'value' }, scope: Scope) {
  const answer = of.side ? answerOf(of.side, scope.answers) : scope.node!;
  const label = labelOf(answer, scope.place);
  const at = of.kind === 'column' ? placeOfColumn(of.name, answer, label) : 0;
  if (of.kind === 'value' && answer.columns.length !== 1)
    throw new Undecided(
      'error',
      `\`${of.side}\` is for one value, and ${label} has ${answer.columns.length} columns. Name one, as ` +
        `\`${of.side}.${shownCell(answer.columns[0]?.name ?? 'total')}\`.`,
    );
  const row = of.side ? onlyRow(answer, label) : scope.row;
  if (!row)
    throw new Undecided('unknown', `There is no row on ${label} to judge. Write \`empty or …\` if there need be none.`);
  return { cell: row[at] ?? null, column: answer.columns[at]!, label };
}

function placeOfColumn(name: string, { columns }: NodeAnswer, label: string): number {
  const at = columns.findIndex(column => column.name === name);
  if (at < 0) {
    const names = columns.map(column => column.name);
    const near = nearSpelling(name, [...names, 'rows', 'empty', 'same', 'true']);
    const meant =
      near === undefined
        ? `It has ${
            names
              .slice(0, 10)
              .map(each => shownCell(each))
              .join(', ') || 'none'
          }.`
        : `Did you mean ${shownCell(near)}?`;
    throw new Undecided('error', `There is no column ${shownCell(name)} on ${label}. ${meant}`);
  }
  if (columns.some((column, i) => column.name === name && i !== at))
    throw new Undecided('error', `More than one column on ${label} is named ${shownCell(name)}. Rename one with AS.`);
  return at;
}

function operandText(of: Operand, scope: Scope): string {
  switch (of.kind) {
    case 'number':
    case 'string':
    case 'boolean':
      return literalText(of);
    case 'rows': {
      const answer = of.side ? answerOf(of.side, scope.answers) : scope.node!;
      return of.side ? `${labelOf(answer, scope.place)} ${rowCount(answer)}` : rowCount(answer);
    }
    case 'column':
    case 'value': {
      const { cell, column, label } = cellOf(of, scope);
      const name = of.kind === 'column' ? [shownCell(column.name)] : [];
      return [...(of.side ? [label] : []), ...name, shownCell(cell)].join(' ');
    }
    default:
      return arithmeticText(of, part => operandText(part, scope));
  }
}
