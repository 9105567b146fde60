/** A number with its unit, as it stands in an expectation. */
import { nearSpelling } from '../../shared/near-spelling';
import { reserved } from './parse-messages';
import { type Dimension, type Unit, units } from './quantities';
import { multiply, type Rational, readRational } from './rational';
import type { TokenReader } from './token-reader';
import { ExpectError } from './tokens';
import { Undecided } from './undecided';

export interface ReadNumber {
  /** In the base unit of its dimension; of a per cent the fraction. */
  value: Rational;
  dimension?: Dimension;
  isPercent: boolean;
  /** As written, with its unit. */
  text: string;
}

/** The reader stands at the number. */
export function readNumber(reader: TokenReader): ReadNumber {
  const { start, end } = reader.token;
  const number = rationalAt(reader.text, start, end);
  reader.skip();
  const unit = readUnit(reader);
  return {
    value: unit ? multiply(number, unit.factor) : number,
    ...(unit?.dimension && { dimension: unit.dimension }),
    isPercent: unit !== undefined && !unit.dimension,
    text: reader.text.slice(start, reader.previous!.end),
  };
}

function rationalAt(text: string, start: number, end: number): Rational {
  try {
    return readRational(text.slice(start, end))!;
  } catch (error) {
    if (!(error instanceof Undecided)) throw error;
    throw new ExpectError(error.message, start, end);
  }
}

function readUnit(reader: TokenReader): Unit | undefined {
  const { token } = reader;
  if (reader.takes('%')) return units.get('%');
  if (token.kind !== 'word' || reserved.includes(token.text)) return undefined;
  // As PostgreSQL spells them: the letters' case counts.
  const spelled = reader.spelled(token);
  const unit = units.get(spelled);
  if (!unit) {
    const meant = synonyms.get(token.text) ?? nearSpelling(spelled, [...units.keys(), 'and', 'or', 'is']);
    const message = `\`${spelled}\` is no unit: there are ${[...units.keys()].join(', ')}.`;
    throw reader.error(meant === undefined ? message : `${message} Did you mean \`${meant}\`?`);
  }
  reader.skip();
  return unit;
}

const synonyms = new Map([
  ...['sec', 'secs', 'second', 'seconds'].map(word => [word, 's'] as const),
  ...['m', 'mins', 'minute', 'minutes'].map(word => [word, 'min'] as const),
  ...['hour', 'hours'].map(word => [word, 'h'] as const),
  ...['day', 'days'].map(word => [word, 'd'] as const),
  ...['byte', 'bytes'].map(word => [word, 'B'] as const),
  ...['k', 'kib'].map(word => [word, 'kB'] as const),
  ...['mib', 'g', 'gib', 't', 'tib'].map(word => [word, `${word[0]!.toUpperCase()}B`] as const),
  ['percent', '%'] as const,
]);
