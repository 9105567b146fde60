/** What stands on either side of a comparison, and how two of them are compared and computed with. */
import { type Dimension, readInterval, readLsn, readQuantity, readTimestamp, unitOfName } from './quantities';
import type { Rational } from './rational';
import * as exact from './rational';
import { shownCell } from './shown';
import type { ArithmeticOperator, Comparison } from './syntax';
import { Undecided } from './undecided';

interface NumberValue {
  kind: 'number';
  value: Rational;
  dimension?: Dimension;
  /** The column it is of, whose name may say the unit; undefined of what was computed from several. */
  column?: string;
  /** `atLeast`: it may be more, as not all rows were read. `unclear`: it was computed from such a number. */
  bound?: 'atLeast' | 'unclear';
  origin: string;
}

/** `origin` says where it comes from, for an error. */
export type Value =
  | NumberValue
  | { kind: 'text'; text: string; origin: string }
  | { kind: 'boolean'; value: boolean; origin: string }
  | { kind: 'null'; origin: string };

/** What of a type's values can be compared otherwise than as text. Types are named as in pg_type or as format_type() does. */
export type Family = 'number' | 'boolean' | 'interval' | 'timestamptz' | 'timestamp' | 'pg_lsn' | 'text';

const families: Record<Exclude<Family, 'text'>, string[]> = {
  number: [
    ...['int2', 'int4', 'int8', 'smallint', 'integer', 'bigint', 'numeric', 'decimal'],
    ...['float4', 'float8', 'real', 'double precision', 'oid', 'xid', 'xid8', 'cid'],
  ],
  boolean: ['bool', 'boolean'],
  interval: ['interval'],
  timestamptz: ['timestamptz', 'timestamp with time zone'],
  timestamp: ['timestamp', 'timestamp without time zone', 'date'],
  pg_lsn: ['pg_lsn'],
};
const familyOfType = new Map(Object.entries(families).flatMap(([family, types]) => types.map(type => [type, family])));

export function familyOf(type: string): Family {
  // `numeric(10,2)`, `timestamp(3) with time zone`
  return (familyOfType.get(type.replace(/\([\d,\s]*\)/, '').trim()) ?? 'text') as Family;
}

/** A cell that does not read as its type says stays text. */
export function readValue(cell: string | null, column: { name: string; type: string }, origin: string): Value {
  if (cell === null) return { kind: 'null', origin };
  const family = familyOf(column.type);
  const boolean = family === 'boolean' ? readBoolean(cell) : undefined;
  if (boolean !== undefined) return { kind: 'boolean', value: boolean, origin };
  const number = measureOf(cell, family);
  if (!number) return { kind: 'text', text: cell, origin };
  return { kind: 'number', ...number, ...(number.dimension ? {} : { column: column.name }), origin };
}

/** A cell as a number; undefined of families that are none, and of a text that does not read as one. */
export function measureOf(cell: string, family: Family): { value: Rational; dimension?: Dimension } | undefined {
  if (family === 'number') return measure(exact.readRational(cell));
  if (family === 'interval') return measure(readInterval(cell), 'time');
  if (family === 'timestamptz') return measure(readTimestamp(cell)?.value, 'instant');
  if (family === 'timestamp') return measure(readTimestamp(cell)?.value, 'local');
  return family === 'pg_lsn' ? measure(readLsn(cell), 'position') : undefined;
}

function measure(value: Rational | undefined, dimension?: Dimension) {
  return value && (dimension ? { value, dimension } : { value });
}

/** As PostgreSQL writes booleans, and settings that are one. */
export function readBoolean(text: string): boolean | undefined {
  const word = text.trim().toLowerCase();
  if (['t', 'true', 'on', 'yes'].includes(word)) return true;
  return ['f', 'false', 'off', 'no'].includes(word) ? false : undefined;
}

/** Throws {@link Undecided} when the two cannot be compared, or it is open how they compare. */
export function compareValues(operator: Comparison, left: Value, right: Value): boolean {
  for (const value of [left, right])
    if (value.kind === 'null') throw new Undecided('unknown', `${value.origin} is NULL.`);
  const isEquality = operator === '=' || operator === '<>';
  if (left.kind === 'boolean' || right.kind === 'boolean') {
    if (!isEquality) throw new Undecided('error', 'true and false have no order. Compare them with = or <>.');
    return (booleanOf(left) === booleanOf(right)) === (operator === '=');
  }
  if (left.kind === 'text' && right.kind === 'text' && isEquality)
    return (left.text === right.text) === (operator === '=');
  const [a, b] = numbersOf(left, right, true);
  if (!isEquality && (exact.isNotANumber(a.value) || exact.isNotANumber(b.value)))
    throw new Undecided('unknown', `${exact.isNotANumber(a.value) ? a.origin : b.origin} is NaN.`);
  const order = exact.compare(a.value, b.value);
  if (a.bound || b.bound) return compareBound(operator, order, a, b);
  return holds(operator, order);
}

function holds(operator: Comparison, order: number): boolean {
  if (operator === '=') return order === 0;
  if (operator === '<>') return order !== 0;
  if (operator === '<') return order < 0;
  if (operator === '<=') return order <= 0;
  return operator === '>' ? order > 0 : order >= 0;
}

/** A number known to be at least so much may be any above: it holds, or not, only if it does for all of them. */
function compareBound(operator: Comparison, order: number, a: NumberValue, b: NumberValue): boolean {
  const isOneSided = (a.bound ?? b.bound) === 'atLeast' && !(a.bound && b.bound);
  const towards = a.bound ? 1 : -1;
  const isBeyond = isOneSided && Math.sign(order) === towards;
  const possible = isBeyond ? [towards] : isOneSided && order === 0 ? [0, towards] : [-1, 0, 1];
  const results = new Set(possible.map(each => holds(operator, each)));
  if (results.size === 1) return results.has(true);
  throw new Undecided('unknown', `${(a.bound ? a : b).origin} is not known: not all rows were read.`);
}

/** Throws {@link Undecided} when it cannot be computed. */
export function compute(operator: ArithmeticOperator, left: Value, right: Value): Value {
  if (left.kind === 'null' || right.kind === 'null') return left.kind === 'null' ? left : right;
  const isSum = operator === '+' || operator === '-';
  const [a, b] = isSum ? numbersOf(left, right, false) : [numberOf(left), numberOf(right)];
  const dimension = dimensionOf(operator, a, b);
  if (operator === '/' && exact.isZero(b.value)) throw new Undecided('error', `Division by zero: ${b.origin} is 0.`);
  const by = { '+': exact.add, '-': exact.subtract, '*': exact.multiply, '/': exact.divide }[operator];
  const column = columnOf(operator, a, b);
  return {
    kind: 'number',
    value: by(a.value, b.value),
    ...(dimension ? { dimension } : {}),
    ...(column === undefined ? {} : { column }),
    ...(a.bound || b.bound ? { bound: 'unclear' as const } : {}),
    origin: `${a.origin} ${operator} ${b.origin}`,
  };
}

/** The column whose unit the result has, if its name says one. */
function columnOf(operator: ArithmeticOperator, a: NumberValue, b: NumberValue): string | undefined {
  if (a.column !== undefined && b.column !== undefined)
    return a.column === b.column && operator !== '*' && operator !== '/' ? a.column : undefined;
  return a.column ?? (operator === '/' ? undefined : b.column);
}

const isPoint = (dimension: Dimension | undefined): boolean =>
  dimension === 'instant' || dimension === 'local' || dimension === 'position';

function dimensionOf(operator: ArithmeticOperator, a: NumberValue, b: NumberValue): Dimension | undefined {
  const [left, right] = [a.dimension, b.dimension];
  if (operator === '-' && isPoint(left)) return left === right ? (left === 'position' ? 'bytes' : 'time') : left;
  if (operator === '+' && !(isPoint(left) && isPoint(right))) return isPoint(right) ? right : left;
  if (operator === '-' && !isPoint(right)) return left;
  if (operator === '*' && !(left && right) && !isPoint(left ?? right)) return left ?? right;
  if (operator === '/' && !isPoint(left) && (left === right || !right)) return right ? undefined : left;
  throw new Undecided(
    'error',
    `${a.origin} ${operator} ${b.origin} makes no sense: ${nameOf(left)} and ${nameOf(right)}.`,
  );
}

const names: Record<Dimension, string> = {
  time: 'a time',
  bytes: 'bytes',
  instant: 'a timestamp with time zone',
  local: 'a timestamp without time zone',
  position: 'a WAL position',
};
const nameOf = (dimension: Dimension | undefined): string => (dimension ? names[dimension] : 'a number without a unit');

/** Both as numbers in one unit; for a sum, a point and a distance from it count as one. */
function numbersOf(left: Value, right: Value, isComparison: boolean): [NumberValue, NumberValue] {
  if (isComparison && left.kind === 'text' && right.kind === 'text') {
    const isWhole = /^\s*-?\d+\s*$/;
    if (
      !(isWhole.test(left.text) && isWhole.test(right.text)) &&
      !(readQuantity(left.text) && readQuantity(right.text))
    )
      throw new Undecided(
        'error',
        `${left.origin} and ${right.origin} are texts, which have no order here. Cast them to a number in the SQL.`,
      );
  }
  const a = numberOf(left, right);
  const b = numberOf(right, a);
  const [x, y] = [a.dimension, b.dimension];
  if (x === y) return [a, b];
  if (!x && !isPoint(y)) return [withUnit(a, b), b];
  if (!y && !isPoint(x)) return [a, withUnit(b, a)];
  const distance: Partial<Record<Dimension, Dimension>> = { instant: 'time', local: 'time', position: 'bytes' };
  if (!isComparison && x && distance[x] && (distance[x] === y || !y))
    return [a, y ? b : withUnit(b, { ...a, dimension: distance[x] })];
  if (!isComparison && y && distance[y] === x) return [a, b];
  throw new Undecided('error', `${a.origin} is ${nameOf(x)}, ${b.origin} ${nameOf(y)}. They cannot be compared.`);
}

/** A number without a unit beside one with a unit: 0 has any, a column says it in its name, sizes are in bytes. */
function withUnit(value: NumberValue, other: NumberValue): NumberValue {
  const dimension = other.dimension!;
  const unit = value.column === undefined ? undefined : unitOfName(value.column);
  if (unit?.dimension === dimension) return { ...value, value: exact.multiply(value.value, unit.factor), dimension };
  if (exact.isZero(value.value) || (dimension === 'bytes' && value.column !== undefined && !unit))
    return { ...value, dimension };
  const next =
    value.column === undefined
      ? `Write it with a unit, as ${dimension === 'bytes' ? '10 MB' : '10 s'}.`
      : dimension === 'bytes'
        ? 'Compare it with a number without a unit.'
        : 'Let the name of the column end with its unit, as in AS lag_ms or AS lag_s, or compare with a number.';
  throw new Undecided(
    'error',
    `${value.origin} is a number without a unit, ${other.origin} is ${nameOf(dimension)}. ${next}`,
  );
}

/** `beside`: what it will be compared with, which decides how a text is read. */
function numberOf(value: Value, beside?: Value): NumberValue {
  if (value.kind === 'number') return value;
  if (value.kind !== 'text') throw new Undecided('error', `${value.origin} is no number, but true or false.`);
  const dimension = beside?.kind === 'number' ? beside.dimension : undefined;
  const read = readAs(value.text, dimension);
  if (read) return { kind: 'number', ...read, origin: value.origin };
  const wanted = dimension ? names[dimension] : 'a number';
  throw new Undecided('error', `${value.origin} is ${shownCell(value.text)}, which does not read as ${wanted}.`);
}

function readAs(
  text: string,
  dimension: Dimension | undefined,
): { value: Rational; dimension?: Dimension } | undefined {
  if (dimension === 'instant' || dimension === 'local')
    return measureOf(text, dimension === 'instant' ? 'timestamptz' : 'timestamp');
  if (dimension === 'position') return measureOf(text, 'pg_lsn');
  return (
    readQuantity(text) ?? measureOf(text, 'number') ?? (dimension === 'time' ? measureOf(text, 'interval') : undefined)
  );
}

function booleanOf(value: Value): boolean {
  if (value.kind === 'boolean') return value.value;
  const read = value.kind === 'text' ? readBoolean(value.text) : undefined;
  if (read === undefined) throw new Undecided('error', `${value.origin} is neither true nor false.`);
  return read;
}
