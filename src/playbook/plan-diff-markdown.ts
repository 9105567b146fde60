import { formatCost, formatCount, formatMsFigure, formatRows } from '../shared/format';
import type { Cell, PlanDiffView, Row } from '../shared/plan-diff';
import { sides } from '../shared/side';
import { causesMarkdown } from './causes-markdown';
import { escapeMarkdown, fence, markdownTable, type TableColumn } from './escape';
import { figureRows } from './figures';
import { visibleLine } from './visible';

/** Longer trees fold what is equal on both sides, and end here. */
const longestTree = 200;
const widestName = 72;

/** The whole diff for a chat or an issue: verdict, figures, differences, both trees as one, statement. All text of others is escaped. */
export function planDiffMarkdown(view: PlanDiffView): string {
  const columns: TableColumn[] = [
    { title: '', align: 'left' },
    { title: view.source.label, align: 'right' },
    { title: view.target.label, align: 'right' },
  ];
  const parts = [
    `**${escapeMarkdown(view.verdict.sentence)}**`,
    markdownTable(
      [...columns, { title: 'Target / source', align: 'right' }],
      figureRows(view).map(row => [row.title, row.source, row.target, row.ratio]),
    ),
  ];
  for (const side of sides) {
    const { error, label } = view[side];
    if (error) parts.push(`${escapeMarkdown(label)} failed: ${escapeMarkdown(error.message)}`);
  }
  const causes = causesMarkdown(view);
  if (causes) parts.push(causes);
  if (view.differences.length > 0) {
    const rows = view.differences.map(({ title, source, target }) => [title, source, target]);
    parts.push(markdownTable([{ ...columns[0]!, title: 'What differs' }, ...columns.slice(1)], rows));
  }
  if (view.rows.length > 0) parts.push(fence(treeText(view), 'text'));
  parts.push(fence(view.statement.sql, 'sql'));
  if (view.notes.length > 0) parts.push(view.notes.map(note => `- ${escapeMarkdown(note)}`).join('\n'));
  return `${parts.join('\n\n')}\n`;
}

const marks: Record<Row['mark'], string> = { same: ' ', changed: '≠', sourceOnly: '-', targetOnly: '+' };

function treeText(view: PlanDiffView): string {
  const isLong = view.rows.length > longestTree;
  const lines: string[][] = [
    view.analyzed ? ['', '', 'self ms', '', 'rows', '', 'pages', ''] : ['', '', 'cost', '', 'rows', '', '', ''],
    ['', '', 'source', 'target', 'source', 'target', 'source', 'target'],
  ];
  let at = 0;
  while (at < view.rows.length && lines.length < longestTree + 2) {
    const row = view.rows[at]!;
    const folds = isLong && row.equal && row.descendants > 0;
    lines.push([marks[row.mark], rowName(row, folds), ...rowFigures(row, view.analyzed)]);
    at += folds ? row.descendants + 1 : 1;
  }
  const widths = lines[0]!.map((_, column) => Math.max(...lines.map(line => line[column]!.length)));
  const text = lines.map(line =>
    line
      .map((cell, column) => (column < 2 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)))
      .join('  ')
      .trimEnd(),
  );
  if (at < view.rows.length) text.push(`  … and ${formatCount(view.rows.length - at)} more rows`);
  return text.join('\n');
}

function rowName(row: Row, folds: boolean): string {
  const named = (cell: Cell): string => (cell.detail === undefined ? cell.name : `${cell.name}, ${cell.detail}`);
  const names = [row.source, row.target].filter(cell => cell !== undefined).map(named);
  const name = names[0] === names[1] ? names[0]! : names.join(' → ');
  const indented = '  '.repeat(Math.min(row.depth, 16)) + visibleLine(name);
  const short = indented.length > widestName ? `${indented.slice(0, widestName - 1)}…` : indented;
  return folds ? `${short} (+ ${formatCount(row.descendants)} equal)` : short;
}

function rowFigures({ source, target }: Row, analyzed: boolean): string[] {
  const both = (of: (cell: Cell) => number | undefined, format: (value: number) => string): string[] =>
    [source, target].map(cell => {
      const value = cell && of(cell);
      return value === undefined ? '' : format(value);
    });
  if (!analyzed)
    return [...both(cell => cell.totalCost, formatCost), ...both(cell => cell.rowsEstimated, formatRows), '', ''];
  return [
    ...both(cell => cell.selfMs, formatMsFigure),
    ...both(cell => cell.rowsActual, formatRows),
    ...both(cell => cell.pages, formatCount),
  ];
}
