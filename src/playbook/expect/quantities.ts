/** What a value measures, and how PostgreSQL and people write it. */
import { add, infinity, multiply, negate, type Rational, rational, readRational } from './rational';

/**
 * `time` counts milliseconds, `bytes` bytes. `instant` (timestamptz) and `local` (timestamp, date) count milliseconds from
 * 1970 on, the latter in a time zone that nobody said; `position` (pg_lsn) counts bytes of WAL.
 */
export type Dimension = 'time' | 'bytes' | 'instant' | 'local' | 'position';

export interface Unit {
  dimension?: 'time' | 'bytes';
  factor: Rational;
}

const bytes = (power: number): Unit => ({ dimension: 'bytes', factor: rational(1024n ** BigInt(power)) });
const time = (numerator: number, denominator = 1): Unit => ({
  dimension: 'time',
  factor: rational(numerator, denominator),
});

/** Units of settings (PostgreSQL documentation, "Setting Parameters": 1 kB is 1024 bytes), and per cent. */
export const units: ReadonlyMap<string, Unit> = new Map([
  ['us', time(1, 1000)],
  ['ms', time(1)],
  ['s', time(1000)],
  ['min', time(60_000)],
  ['h', time(3_600_000)],
  ['d', time(86_400_000)],
  ['B', bytes(0)],
  ['kB', bytes(1)],
  ['MB', bytes(2)],
  ['GB', bytes(3)],
  ['TB', bytes(4)],
  ['%', { factor: rational(1, 100) }],
]);

/** The unit that the name of a column of numbers ends with: `mean_ms`, `size_mb`, `lag_bytes`. */
export function unitOfName(name: string): Unit | undefined {
  const ending = /_(us|ms|s|secs?|seconds?|min|minutes?|h|hours?|d|days?|bytes|b|kb|mb|gb|tb)$/i.exec(name)?.[1];
  if (ending === undefined) return undefined;
  const known: Record<string, string> = {
    b: 'B',
    bytes: 'B',
    kb: 'kB',
    mb: 'MB',
    gb: 'GB',
    tb: 'TB',
    us: 'us',
    ms: 'ms',
  };
  const lower = ending.toLowerCase();
  return units.get(known[lower] ?? (lower.startsWith('min') ? 'min' : lower[0]!));
}

/** Of a quantity or an interval: PostgreSQL writes none as long. */
const longestText = 200;

/** A number with a unit in one text, as settings are shown: `4MB`, `200 ms`, `5 %`. */
export function readQuantity(text: string): { value: Rational; dimension?: Dimension } | undefined {
  const match = text.length <= longestText && /^\s*(.*?[\d.])\s*([a-zA-Z]+|%)\s*$/.exec(text);
  const unit = match ? units.get(match[2]!) : undefined;
  const number = match && unit ? readRational(match[1]!) : undefined;
  if (!unit || !number) return undefined;
  const value = multiply(number, unit.factor);
  return unit.dimension ? { value, dimension: unit.dimension } : { value };
}

const microsOf: Record<string, bigint> = {
  microsecond: 1n,
  millisecond: 1000n,
  second: 1_000_000n,
  sec: 1_000_000n,
  minute: 60_000_000n,
  min: 60_000_000n,
  hour: 3_600_000_000n,
  day: 86_400_000_000n,
  week: 604_800_000_000n,
  // A month counts as 30 days and a year as 12 months, as PostgreSQL compares intervals (interval_cmp_value, timestamp.c).
  mon: 2_592_000_000_000n,
  month: 2_592_000_000_000n,
  year: 31_104_000_000_000n,
  decade: 311_040_000_000_000n,
};

const clock = /^([+-]?)(\d+):(\d{1,2})(?::(\d{1,2}(?:\.\d+)?))?$/;
const isoPart = /([+-]?\d+(?:\.\d+)?)([YMWDHS])/g;
const isoUnits: Record<string, string> = { Y: 'year', W: 'week', D: 'day', H: 'hour', S: 'second' };

/**
 * An interval in milliseconds, in any of PostgreSQL's styles but `sql_standard` with years: `1 day -02:03:04.5`,
 * `@ 1 hour ago`, `P1DT2H`. Undefined: that is none.
 */
export function readInterval(text: string): Rational | undefined {
  if (text.length > longestText) return undefined;
  const words = text.trim();
  if (/^-?infinity$/i.test(words)) return words.startsWith('-') ? negate(infinity) : infinity;
  if (/^P/.test(words)) return readIsoInterval(words);
  const ago = /\sago$/i.test(words);
  const parts = words.replace(/^@\s*/, '').replace(/\s*ago$/i, '');
  const pattern = /\s*(?:([+-]?\d+:\d{1,2}(?::\d{1,2}(?:\.\d+)?)?)|([+-]?\d+(?:\.\d+)?)\s*([a-zA-Z]+))(?=\s|$)/y;
  let micros = rational(0);
  let at = 0;
  while (at < parts.length) {
    pattern.lastIndex = at;
    const match = pattern.exec(parts);
    if (!match) return undefined;
    at = pattern.lastIndex;
    const part = match[1] !== undefined ? readClock(match[1]) : times(match[2]!, match[3]!.toLowerCase());
    if (!part) return undefined;
    micros = add(micros, part);
  }
  if (parts === '') return undefined;
  return multiply(ago ? negate(micros) : micros, rational(1, 1000));
}

function readIsoInterval(text: string): Rational | undefined {
  if (!/^P(?=.*\d)(?:[+-]?\d+(?:\.\d+)?[YMWD])*(?:T(?:[+-]?\d+(?:\.\d+)?[HMS])*)?$/.test(text)) return undefined;
  const [date = '', clockPart = ''] = text.slice(1).split('T');
  const parts = [...date.matchAll(isoPart)].map(match => times(match[1]!, isoUnits[match[2]!] ?? 'month'));
  parts.push(...[...clockPart.matchAll(isoPart)].map(match => times(match[1]!, isoUnits[match[2]!] ?? 'minute')));
  const micros = parts.reduce<Rational>((sum, part) => add(sum, part!), rational(0));
  return multiply(micros, rational(1, 1000));
}

function times(number: string, word: string): Rational | undefined {
  const name = Object.hasOwn(microsOf, word) ? word : word.replace(/s$/, '');
  const count = readRational(number);
  return count && Object.hasOwn(microsOf, name) ? multiply(count, rational(microsOf[name]!)) : undefined;
}

/** Microseconds. */
function readClock(text: string): Rational | undefined {
  const match = clock.exec(text);
  const seconds = match && readRational(match[4] ?? '0');
  if (!seconds) return undefined;
  const whole = rational((BigInt(match[2]!) * 60n + BigInt(match[3]!)) * 60_000_000n);
  const micros = add(whole, multiply(seconds, rational(1_000_000)));
  return match[1] === '-' ? negate(micros) : micros;
}

const timestamp =
  /^(\d{4,6})-(\d\d)-(\d\d)(?:[ T](\d\d:\d\d(?::\d\d(?:\.\d+)?)?)(?:([+-]\d\d(?::?\d\d){0,2})|(Z))?)?( BC)?$/;

/** A timestamp or date in ISO style. `zoned`: it says its offset from UTC, as timestamptz does. */
export function readTimestamp(text: string): { value: Rational; zoned: boolean } | undefined {
  const words = text.trim();
  if (/^-?infinity$/i.test(words)) return { value: words.startsWith('-') ? negate(infinity) : infinity, zoned: true };
  const match = timestamp.exec(words);
  if (!match) return undefined;
  const day = new Date(0);
  // setUTCFullYear, as Date.UTC takes the years up to 99 for those of the 20th century.
  day.setUTCFullYear(match[7] ? 1 - Number(match[1]) : Number(match[1]), Number(match[2]) - 1, Number(match[3]));
  // A day that there is not, as 30 February, has become another.
  if (day.getUTCMonth() + 1 !== Number(match[2]) || day.getUTCDate() !== Number(match[3])) return undefined;
  const micros = add(rational(BigInt(day.getTime()) * 1000n), readClock(match[4] ?? '00:00')!);
  const zone = match[5]?.replace(/^([+-]\d\d):?(\d\d)?:?(\d\d)?$/, (_, h, m, s) => `${h}:${m ?? '00'}:${s ?? '00'}`);
  const value = multiply(zone ? add(micros, negate(readClock(zone)!)) : micros, rational(1, 1000));
  return { value, zoned: match[5] !== undefined || match[6] !== undefined };
}

/** A WAL position, `16/B374D848`, as its byte. */
export function readLsn(text: string): Rational | undefined {
  const match = /^([0-9A-F]{1,8})\/([0-9A-F]{1,8})$/i.exec(text.trim());
  return match ? rational((BigInt(`0x${match[1]}`) << 32n) + BigInt(`0x${match[2]}`)) : undefined;
}
