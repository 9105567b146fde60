/** What the page says with figures, marks and places. Figures themselves are written by src/shared/format.ts. */
import { visibleText } from '../../src/playbook/visible';
import { formatCount, formatRows } from '../../src/shared/format';
import type { Cell, Mark } from '../../src/shared/plan-diff';
import type { Place } from '../common/format';

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
