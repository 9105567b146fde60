/** Figures as text. One locale for everybody: what stands in the panel is what stands in the playbook. */

import { visibleText } from '../../src/playbook/visible';
import type { Cell, Mark } from '../../src/shared/plan-diff';
import type { Side } from '../../src/shared/side';

const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });
const one = new Intl.NumberFormat('en-US', { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const two = new Intl.NumberFormat('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const three = new Intl.NumberFormat('en-US', { maximumFractionDigits: 3 });
const compact = new Intl.NumberFormat('en-US', { notation: 'compact', maximumSignificantDigits: 3 });
const upToTwo = new Intl.NumberFormat('en-US', { maximumFractionDigits: 2 });

/** Three digits that matter: `2,799`, `321`, `58.4`, `2.10`, `0.004`. The unit stands elsewhere. */
export function ms(value: number): string {
  if (value >= 99.95) return whole.format(value);
  if (value >= 9.995) return one.format(value);
  if (value >= 0.0995) return two.format(value);
  return three.format(value);
}

/** Rows, pages, loops: whole numbers, but averages over loops keep their fraction. */
export function count(value: number): string {
  return value >= 100 ? whole.format(value) : upToTwo.format(value);
}

/** Planner costs reach 1e10 and more when a plan node is disabled. */
export function cost(value: number): string {
  return value >= 1e9
    ? value.toExponential(2).replace('e+', 'e')
    : value >= 100
      ? whole.format(value)
      : two.format(value);
}

export function ratio(value: number): string {
  if (value >= 10_000) return `${compact.format(value)}×`;
  return `${value >= 10 ? whole.format(value) : value >= 0.1 ? one.format(value) : two.format(value)}×`;
}

export function plural(value: number, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? '' : 's'}`;
}

/** `1,880 → 1,905`; a dash where EXPLAIN said nothing. */
export function estimateAndActual(cell: Cell, analyzed: boolean): string {
  if (!analyzed) return cell.rowsEstimated === undefined ? '' : count(cell.rowsEstimated);
  const estimated = cell.rowsEstimated === undefined ? '—' : count(cell.rowsEstimated);
  if (cell.rowsActual === undefined) return cell.rowsEstimated === undefined ? '' : `${estimated} → —`;
  return `${estimated} → ${count(cell.rowsActual)}`;
}

export function pages(cell: Cell): string {
  const parts: string[] = [];
  if (cell.pages !== undefined && (cell.pages > 0 || !cell.tempPages)) parts.push(count(cell.pages));
  if (cell.tempPages) parts.push(`${count(cell.tempPages)} temp`);
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
