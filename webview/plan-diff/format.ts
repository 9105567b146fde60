/** What the page says with figures, marks, colours and places. Figures themselves are written by src/shared/format.ts. */
import { visibleText } from '../../src/playbook/visible';
import { formatCount, formatRatio, formatRows } from '../../src/shared/format';
import type { Cell, Mark } from '../../src/shared/plan-diff';
import type { Side } from '../../src/shared/side';

const compact = new Intl.NumberFormat('en-US', { notation: 'compact', maximumSignificantDigits: 3 });

/** A ratio with little room: `8.7×`, and `831K×` where costs carry a penalty. */
export function shortRatio(ratio: number): string {
  return ratio >= 10_000 ? `${compact.format(ratio)}×` : formatRatio(ratio);
}

export function plural(count: number, noun: string): string {
  return `${formatRows(count)} ${noun}${count === 1 ? '' : 's'}`;
}

/** `1,880 → 1,905`; a dash where EXPLAIN said nothing. */
export function estimateAndActual(cell: Cell, analyzed: boolean): string {
  if (!analyzed) return cell.rowsEstimated === undefined ? '' : formatRows(cell.rowsEstimated);
  const estimated = cell.rowsEstimated === undefined ? '—' : formatRows(cell.rowsEstimated);
  if (cell.rowsActual === undefined) return cell.rowsEstimated === undefined ? '' : `${estimated} → —`;
  return `${estimated} → ${formatRows(cell.rowsActual)}`;
}

export function pages(cell: Cell): string {
  const parts: string[] = [];
  if (cell.pages !== undefined && (cell.pages > 0 || !cell.tempPages)) parts.push(formatCount(cell.pages));
  if (cell.tempPages) parts.push(`${formatCount(cell.tempPages)} temp`);
  return parts.join(' + ');
}

export const markSigns: Record<Mark, string> = { same: '', changed: '≠', sourceOnly: '−', targetOnly: '+' };
export const markWords: Record<Mark, string> = {
  same: 'the same on both sides',
  changed: 'changed',
  sourceOnly: 'only on the source',
  targetOnly: 'only on the target',
};

/**
 * The CSS value of a theme colour id such as `charts.blue`, opaque: some theme colours are not, and text is drawn in it.
 * An id that is none, or that the theme leaves out, falls back to the side's own colour.
 */
export function themeColor(id: string, side: Side): string {
  const fallback = `var(--default-${side})`;
  const color = /^[A-Za-z][\w.-]*$/.test(id) ? `var(--vscode-${id.replaceAll('.', '-')}, ${fallback})` : fallback;
  return `rgb(from ${color} r g b / 1)`;
}

export interface Place {
  /** 1-based. */
  line: number;
  /** The line, cut around the place when it is long. */
  text: string;
  /** Characters of `text` before the place. */
  column: number;
}

const placeWidth = 100;

/** Where a 1-based character position of PostgreSQL lies in the statement, as psql shows it. */
export function placeAt(sql: string, position: number): Place | undefined {
  const characters = [...sql];
  if (position < 1 || position > characters.length + 1) return undefined;
  const at = position - 1;
  const start = characters.lastIndexOf('\n', at - 1) + 1;
  const newline = characters.indexOf('\n', at);
  const end = newline < 0 ? characters.length : newline;
  const from = Math.max(start, Math.min(at - placeWidth / 2, end - placeWidth));
  const to = Math.min(end, from + placeWidth);
  const shown = (first: number, end: number) =>
    visibleText(characters.slice(first, end).join('')).replaceAll('\t', ' ');
  const before = (from > start ? '…' : '') + shown(from, at);
  return {
    line: characters.slice(0, start).filter(character => character === '\n').length + 1,
    text: before + shown(at, to) + (to < end ? '…' : ''),
    column: [...before].length,
  };
}
