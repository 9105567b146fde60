/** How near two cells are, for `same within …`. */
import { type Dimension, unitOfName } from './quantities';
import { compare, isFiniteNumber, multiply, negate, type Rational, subtract } from './rational';
import type { Tolerance } from './syntax';
import { Undecided } from './undecided';
import { type Family, measureOf } from './value';

/** Whether two cells of a column are near enough, the first being the baseline; undefined of columns that must be equal. */
export function nearness(
  { name, family }: { name: string; family: Family },
  { amount, percent, dimension }: Tolerance,
): ((a: string | null, b: string | null) => boolean) | undefined {
  const ofFamily: Partial<Record<Family, Dimension>> = {
    interval: 'time',
    timestamptz: 'time',
    timestamp: 'time',
    pg_lsn: 'bytes',
  };
  const own = family === 'number' ? dimension && unitOfName(name)?.dimension : ofFamily[family];
  const isSize = family === 'number' && dimension === 'bytes' && unitOfName(name) === undefined;
  // Of a point in time or in WAL a per cent means nothing.
  const counts = percent
    ? family === 'number' || family === 'interval'
    : (own ?? (isSize ? 'bytes' : undefined)) === dimension;
  if (!counts || family === 'text' || family === 'boolean') return undefined;
  const factor = family === 'number' && dimension ? unitOfName(name)?.factor : undefined;
  return (a, b) => {
    const [x, y] = [a, b].map(cell => numberIn(cell, family));
    if (!x || !y || !isFiniteNumber(x) || !isFiniteNumber(y)) return false;
    const apart = absolute(subtract(y, x));
    return compare(factor ? multiply(apart, factor) : apart, percent ? multiply(absolute(x), amount) : amount) <= 0;
  };
}

/** Undefined also of a number that is too long to compute with: it must be equal, then. */
export function numberIn(cell: string | null, family: Family): Rational | undefined {
  try {
    return cell === null ? undefined : measureOf(cell, family)?.value;
  } catch (error) {
    if (error instanceof Undecided) return undefined;
    throw error;
  }
}

function absolute(value: Rational): Rational {
  return value.numerator < 0n ? negate(value) : value;
}
