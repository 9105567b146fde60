/**
 * Exact numbers: PostgreSQL's bigint and numeric hold more than a double does, and 0.1 is no double. With NaN and the
 * infinities of float8 and numeric, which compute as IEEE 754 says.
 */
import { Undecided } from './undecided';

/** `numerator / denominator`. A denominator of 0 marks Infinity (1), -Infinity (-1) and NaN (0); else it is above 0. */
export interface Rational {
  readonly numerator: bigint;
  readonly denominator: bigint;
}

/** Of a number that is read; beyond it computing would take noticeably long. */
const mostDigits = 10_000;
const mostBits = 200_000;
const largest = 1n << BigInt(mostBits);

const decimal = /^([+-]?)(?:(\d+)(?:\.(\d*))?|\.(\d+))(?:[eE]([+-]?\d+))?$/;

export const infinity: Rational = { numerator: 1n, denominator: 0n };
export const notANumber: Rational = { numerator: 0n, denominator: 0n };

export function rational(numerator: bigint | number, denominator: bigint | number = 1n): Rational {
  return { numerator: BigInt(numerator), denominator: BigInt(denominator) };
}

/** Digits without zeros at either end, and the power of ten they are times. */
interface Parts {
  negative: boolean;
  digits: string;
  exponent: number;
}

function partsOf(text: string): Parts | undefined {
  const match = decimal.exec(text.trim());
  if (!match) return undefined;
  const fraction = match[3] ?? match[4] ?? '';
  const all = ((match[2] ?? '') + fraction).replace(/^0+/, '');
  const digits = withoutEndingZeros(all);
  const exponent = Number(match[5] ?? 0) - fraction.length + (all.length - digits.length);
  if (digits === '') return { negative: false, digits: '0', exponent: 0 };
  return { negative: match[1] === '-', digits, exponent };
}

function withoutEndingZeros(text: string): string {
  let end = text.length;
  while (end > 0 && text[end - 1] === '0') end--;
  return text.slice(0, end);
}

const specials: Record<string, Rational> = {
  nan: notANumber,
  infinity,
  inf: infinity,
  '-infinity': rational(-1n, 0n),
  '-inf': rational(-1n, 0n),
};

/** As PostgreSQL writes numbers, NaN and Infinity among them. Undefined: that is no number. */
export function readRational(text: string): Rational | undefined {
  const parts = partsOf(text);
  if (!parts) {
    const special = text.trim().toLowerCase();
    return Object.hasOwn(specials, special) ? specials[special] : undefined;
  }
  if (parts.digits.length + Math.abs(parts.exponent) > mostDigits)
    throw new Undecided(
      'error',
      `A number has more than ${mostDigits} digits, which is more than Cutover computes with.`,
    );
  const digits = BigInt(parts.negative ? `-${parts.digits}` : parts.digits);
  return parts.exponent < 0
    ? { numerator: digits, denominator: 10n ** BigInt(-parts.exponent) }
    : { numerator: digits * 10n ** BigInt(parts.exponent), denominator: 1n };
}

/** One spelling for equal numbers, of any length: `1.50`, `15e-1` → `15e-1`. Undefined: that is no number. */
export function numberKey(text: string): string | undefined {
  const parts = partsOf(text);
  if (parts) return `${parts.negative ? '-' : ''}${parts.digits}e${parts.exponent}`;
  const special = readRational(text);
  return special && `${special.numerator}/0`;
}

export function isFiniteNumber({ denominator }: Rational): boolean {
  return denominator !== 0n;
}

export function isNotANumber({ numerator, denominator }: Rational): boolean {
  return denominator === 0n && numerator === 0n;
}

export function isZero({ numerator, denominator }: Rational): boolean {
  return numerator === 0n && denominator !== 0n;
}

export function negate({ numerator, denominator }: Rational): Rational {
  return { numerator: -numerator, denominator };
}

export function add(a: Rational, b: Rational): Rational {
  if (!isFiniteNumber(a) || !isFiniteNumber(b)) {
    if (isFiniteNumber(a)) return b;
    return isFiniteNumber(b) || a.numerator === b.numerator ? a : notANumber;
  }
  if (a.denominator === b.denominator) return limited(a.numerator + b.numerator, a.denominator);
  return limited(a.numerator * b.denominator + b.numerator * a.denominator, a.denominator * b.denominator);
}

export function subtract(a: Rational, b: Rational): Rational {
  return add(a, negate(b));
}

export function multiply(a: Rational, b: Rational): Rational {
  if (isFiniteNumber(a) && isFiniteNumber(b)) return limited(a.numerator * b.numerator, a.denominator * b.denominator);
  return special(signOf(a.numerator) * signOf(b.numerator));
}

/** The divisor is not zero. */
export function divide(a: Rational, b: Rational): Rational {
  if (isFiniteNumber(a) && isFiniteNumber(b)) {
    const sign = b.numerator < 0n ? -1n : 1n;
    return limited(sign * a.numerator * b.denominator, sign * b.numerator * a.denominator);
  }
  if (isFiniteNumber(a)) return isNotANumber(b) ? notANumber : rational(0n);
  return isFiniteNumber(b) ? special(signOf(a.numerator) * signOf(b.numerator)) : notANumber;
}

/** Below, at or above 0 as a is less than, equal to or more than b. NaN equals itself and is above all, as in PostgreSQL. */
export function compare(a: Rational, b: Rational): number {
  if (isFiniteNumber(a) && isFiniteNumber(b)) return signOf(a.numerator * b.denominator - b.numerator * a.denominator);
  return rank(a) - rank(b);
}

/** `text` is exact, or rounded to that many significant digits. Finite numbers only. */
export function decimalText(value: Rational, digits: number): { text: string; exact: boolean } {
  const negative = value.numerator < 0n;
  const numerator = negative ? -value.numerator : value.numerator;
  const { denominator } = value;
  const whole = numerator / denominator;
  const wholeDigits = whole === 0n ? 0 : whole.toString().length;
  // Zeros behind the point are no significant digits; the difference in length tells how many there are, or one less.
  const leadingZeros = whole > 0n ? 0 : Math.max(0, denominator.toString().length - numerator.toString().length - 1);
  const places = numerator === 0n ? 0 : Math.max(0, digits - wholeDigits + leadingZeros);
  const scale = 10n ** BigInt(places);
  const scaled = (2n * numerator * scale + denominator) / (2n * denominator);
  const padded = scaled.toString().padStart(places + 1, '0');
  const fraction = withoutEndingZeros(padded.slice(padded.length - places));
  const text = (places === 0 ? padded : padded.slice(0, -places)) + (fraction && places > 0 ? `.${fraction}` : '');
  return { text: negative && scaled > 0n ? `-${text}` : text, exact: scaled * denominator === numerator * scale };
}

function limited(numerator: bigint, denominator: bigint): Rational {
  if (numerator > largest || numerator < -largest || denominator > largest)
    throw new Undecided('error', 'The numbers grow too long to compute with.');
  return { numerator, denominator };
}

function signOf(value: bigint): number {
  return value < 0n ? -1 : value > 0n ? 1 : 0;
}

function special(sign: number): Rational {
  return sign === 0 ? notANumber : rational(sign, 0n);
}

function rank(value: Rational): number {
  return isFiniteNumber(value) ? 0 : isNotANumber(value) ? 2 : Number(value.numerator);
}
