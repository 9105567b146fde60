/** A row of pg_settings: the value in `unit`, which may be a multiple as `8kB`. */
interface RawSetting {
  vartype: string;
  unit: string | null;
}

const bytes: readonly [unit: string, size: number][] = [
  ['TB', 2 ** 40],
  ['GB', 2 ** 30],
  ['MB', 2 ** 20],
  ['kB', 2 ** 10],
  ['B', 1],
];

/** In microseconds. */
const times: readonly [unit: string, size: number][] = [
  ['d', 86_400e6],
  ['h', 3_600e6],
  ['min', 60e6],
  ['s', 1e6],
  ['ms', 1e3],
  ['us', 1],
];

/**
 * A value of pg_settings (`setting`, `boot_val`, `reset_val`) as SHOW prints it: `16MB`, not 16384. In the largest unit
 * that leaves no fraction; 0 and negative values, which have a meaning of their own, without one (PostgreSQL
 * documentation, "Parameter Names and Values").
 */
export function showSetting(value: string, { vartype, unit }: RawSetting): string {
  const base = /^([0-9]*)([A-Za-z]+)$/.exec(unit ?? '');
  const number = Number(value);
  if (!base || vartype !== 'integer' || !(number > 0)) return value;
  const units = bytes.some(([name]) => name === base[2]) ? bytes : times;
  const size = units.find(([name]) => name === base[2])?.[1];
  if (size === undefined) return value;
  const total = number * Number(base[1] || 1) * size;
  const [name, fits] = units.find(([, candidate]) => total % candidate === 0)!;
  return `${total / fits}${name}`;
}
