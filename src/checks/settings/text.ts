/** Values of settings as they were written in ALTER … SET. */

import { quoted } from '../../plan/causes/relations';
import { literal } from '../literal';

const yes = /^(?:on|true|yes|1|t|y|tr|tru|ye)$/i;
const no = /^(?:off|of|false|no|0|f|n|fa|fal|fals)$/i;
const units: Record<string, number> = {
  B: 1,
  kB: 2 ** 10,
  MB: 2 ** 20,
  GB: 2 ** 30,
  TB: 2 ** 40,
  us: 1,
  ms: 1e3,
  s: 1e6,
  min: 60e6,
  h: 3_600e6,
  d: 86_400e6,
};

/** PostgreSQL documentation, "Parameter Names and Values": `off` and `false`, `1GB` and `1024MB` are one value. */
export function sameSetting(a: string, b: string): boolean {
  if (a === b || (yes.test(a) && yes.test(b)) || (no.test(a) && no.test(b))) return true;
  const [one, other] = [sized(a), sized(b)];
  return one !== undefined && one === other;
}

/** A number with its unit's kind, as bytes are never milliseconds. */
function sized(value: string): string | undefined {
  const size = sizeOfSetting(value);
  const unit = unitOf(value);
  if (size === undefined || unit === '') return size === undefined ? undefined : String(size);
  return `${size} ${unit.endsWith('B') ? 'bytes' : 'us'}`;
}

const sizedValue = /^\s*([+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?)\s*([A-Za-z]*)\s*$/;

function unitOf(value: string): string {
  return sizedValue.exec(value)?.[2] ?? '';
}

/** In bytes or in microseconds, or as the bare number it is; undefined: no number, or in no known unit. */
export function sizeOfSetting(value: string): number | undefined {
  const match = sizedValue.exec(value);
  if (!match) return undefined;
  const unit = match[2] === '' ? 1 : units[match[2]!];
  return unit === undefined ? undefined : Number(match[1]) * unit;
}

/** Lists of names, which are stored as one text with their quotes (PostgreSQL's variable_is_guc_list_quote). */
const lists = new Set([
  'local_preload_libraries',
  'search_path',
  'session_preload_libraries',
  'shared_preload_libraries',
  'temp_tablespaces',
  'unix_socket_directories',
]);

/** `SET work_mem = '64MB'`, of a list each name by itself. */
export function assignSetting(name: string, value: string): string {
  const items = lists.has(name.toLowerCase()) ? splitList(value) : [value];
  return `SET ${settingName(name)} = ${items.map(literal).join(', ') || "''"}`;
}

/** Quoted where it must be. */
export function settingName(name: string): string {
  return name
    .split('.')
    .map(part => (/^[a-z_][a-z0-9_]*$/.test(part) ? part : quoted(part)))
    .join('.');
}

export function splitList(value: string): string[] {
  const items: string[] = [];
  for (const match of value.matchAll(/\s*(?:"((?:[^"]|"")*)"|([^,]*?))\s*(?:,|$)/g)) {
    if (match[0] === '') continue;
    items.push(match[1]?.replaceAll('""', '"') ?? match[2]!);
  }
  return items;
}
