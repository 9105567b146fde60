/** Values and names of a server as one short line of plain text. */
import { visibleText } from '../visible';
import type { Dimension } from './quantities';
import { decimalText, divide, isFiniteNumber, isNotANumber, type Rational, rational } from './rational';

/** Of one value in a line. */
const mostCharacters = 60;

const breaks: Record<string, string> = { '\t': '␉', '\n': '␊', '\r': '␍' };

/** In quotes where the bare text would look like something else: nothing, NULL, or a text without its outer spaces. */
function quoted(text: string): string {
  const visible = visibleText(text.replace(/[\t\n\r]/g, character => breaks[character]!));
  return visible === '' || visible === 'NULL' || /^\s|\s$/.test(visible) ? `'${visible}'` : visible;
}

/** A cell; null is NULL. */
export function shownCell(cell: string | null, most = mostCharacters): string {
  return cell === null ? 'NULL' : cut(quoted(cell.slice(0, most + 1)), most);
}

export function cut(text: string, most: number): string {
  // A surrogate pair is not cut in two.
  return text.length > most ? `${text.slice(0, most - 1).replace(/[\ud800-\udbff]$/, '')}…` : text;
}

/** Two cells that differ, cut where they do. */
export function shownPair(a: string | null, b: string | null): [string, string] {
  const pair: [string, string] = [shownCell(a), shownCell(b)];
  if (pair[0] !== pair[1] || a === null || b === null) return pair;
  let same = 0;
  while (same < a.length && a[same] === b[same]) same++;
  const from = Math.max(0, same - 20);
  return [`…${shownCell(a.slice(from))}`, `…${shownCell(b.slice(from))}`];
}

/** `slot_name a, lag_bytes 12`. */
export function shownRow(names: readonly string[], row: readonly (string | null)[]): string {
  const most = 8;
  const shown = row.slice(0, most).map((cell, i) => `${shownCell(names[i] ?? '')} ${shownCell(cell)}`);
  if (row.length > most) shown.push(`… and ${row.length - most} more`);
  return shown.join(', ');
}

const scales: Partial<Record<Dimension, [name: string, size: number][]>> = {
  time: [
    ['d', 86_400_000],
    ['h', 3_600_000],
    ['min', 60_000],
    ['s', 1000],
    ['ms', 1],
  ],
  bytes: [
    ['TB', 1024 ** 4],
    ['GB', 1024 ** 3],
    ['MB', 1024 ** 2],
    ['kB', 1024],
    ['B', 1],
  ],
};

/** A number that was worked out, to six digits where more would be needed. */
export function shownNumber(value: Rational, dimension: Dimension | undefined): { text: string; exact: boolean } {
  if (!isFiniteNumber(value))
    return { text: isNotANumber(value) ? 'NaN' : value.numerator > 0n ? 'Infinity' : '-Infinity', exact: true };
  if (dimension === 'instant' || dimension === 'local') {
    const date = new Date(Number(value.numerator / value.denominator));
    const text = Number.isNaN(date.getTime()) ? 'a time out of range' : date.toISOString().replace('T', ' ');
    return { text: dimension === 'local' ? text.replace('Z', '') : text, exact: true };
  }
  if (dimension === 'position') {
    const at = value.numerator / value.denominator;
    if (at < 0n) return { text: `${at} B`, exact: true };
    return { text: `${(at >> 32n).toString(16)}/${(at & 0xffffffffn).toString(16)}`.toUpperCase(), exact: true };
  }
  const size = value.numerator < 0n ? -value.numerator : value.numerator;
  const scale = scales[dimension ?? 'position']?.find(([, each], i, all) => {
    return i === all.length - 1 || size >= BigInt(each) * value.denominator;
  });
  const scaled = scale ? divide(value, rational(scale[1])) : value;
  const eight = decimalText(scaled, 8);
  const { text, exact } = eight.exact ? eight : decimalText(scaled, 6);
  return { text: cut(scale ? `${text} ${scale[0]}` : text, mostCharacters), exact };
}
