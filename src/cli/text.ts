/**
 * The result for a terminal: verdict, figures, both plans aligned in one tree, what differs. Every text of a server goes
 * through {@link visibleLine}: no name or message can drive the terminal.
 */
import { type CondensedRow, condenseDifferences, condenseRows } from '../playbook/condense';
import { figureRows } from '../playbook/figures';
import { visibleLine, visibleText } from '../playbook/visible';
import { formatCost, formatMsFigure, formatRows } from '../shared/format';
import type { CallView } from '../shared/nested';
import type { Cell, Mark, PlanDiffView, Row, SideView, ViewError } from '../shared/plan-diff';
import { sides } from '../shared/side';
import { callText, causesText, experimentsText } from './causes-text';
import { cut, displayWidth, type Paint, padEnd, padStart, paint, type Style, truncate, wrap } from './terminal';

export function formatText(view: PlanDiffView, style: Style, call?: CallView): string {
  const sections = [
    header(view, style),
    figures(view, style),
    ...sides.map(side => failure(view, view[side], style)),
    causesText(view, style),
    experimentsText(view, style),
    call ? callText(call, style) : plans(view, style),
    differences(view, style),
    notes(view, style),
  ];
  return `${sections
    .filter(lines => lines.length > 0)
    .map(lines => lines.join('\n'))
    .join('\n\n')}\n`;
}

const toneColors: Record<PlanDiffView['verdict']['tone'], Paint | undefined> = {
  slower: 'red',
  faster: 'green',
  equal: undefined,
  unknown: 'yellow',
};

function header(view: PlanDiffView, style: Style): string[] {
  const how = view.analyzed ? 'EXPLAIN ANALYZE' : 'EXPLAIN, not executed';
  const verdict = wrap(view.verdict.sentence, style.width);
  return [
    ...verdict.map(line => paint(paint(line, toneColors[view.verdict.tone], style), 'bold', style)),
    truncate(view.statement.title, style.width),
    paint(truncate(`${view.migration} · ${how} · ${view.at}`, style.width), 'dim', style),
  ];
}

function figures(view: PlanDiffView, style: Style): string[] {
  const rows = figureRows(view);
  if (rows.length === 0) return [];
  const labels = { title: '', source: view.source.label, target: view.target.label, ratio: 'target/source' };
  const titleWidth = Math.max(...rows.map(row => displayWidth(row.title)));
  const ratioWidth = displayWidth(labels.ratio);
  const room = Math.floor((style.width - titleWidth - ratioWidth - 6) / 2);
  const column = (side: 'source' | 'target'): number =>
    Math.max(8, Math.min(room, Math.max(...[labels, ...rows].map(row => displayWidth(visibleLine(row[side]))))));
  const widths = { source: column('source'), target: column('target') };
  const line = (row: typeof labels): string =>
    [
      padEnd(row.title, titleWidth),
      padStart(truncate(row.source, widths.source), widths.source),
      padStart(truncate(row.target, widths.target), widths.target),
      padStart(row.ratio, ratioWidth),
    ].join('  ');
  return [paint(line(labels), 'bold', style), ...rows.map(row => line(row).trimEnd())];
}

function failure(view: PlanDiffView, side: SideView, style: Style): string[] {
  const { error } = side;
  if (!error) return [];
  const facts = error.sqlstate === undefined ? '' : ` (SQLSTATE ${error.sqlstate})`;
  const lines = wrap(`${side.label} failed: ${error.message}${facts}`, style.width).map(line =>
    paint(line, 'red', style),
  );
  return [...lines, ...errorDetails(error, view.statement.sql, style.width)];
}

/** The place in the statement, DETAIL, HINT, and what to do next, indented. */
export function errorDetails(
  error: Pick<ViewError, 'detail' | 'hint' | 'next' | 'position'>,
  sql: string | undefined,
  width: number,
): string[] {
  const lines = error.position === undefined || sql === undefined ? [] : placeInStatement(sql, error.position, width);
  if (error.detail) lines.push(...wrap(`Detail: ${error.detail}`, width, '  '));
  if (error.hint) lines.push(...wrap(`Hint: ${error.hint}`, width, '  '));
  if (error.next) lines.push(...wrap(error.next, width, '  '));
  return lines;
}

/** As psql does: the line of the statement, and a caret below the character (1-based, in code points). */
function placeInStatement(sql: string, position: number, width: number): string[] {
  const before = [...sql].slice(0, position - 1).join('');
  const number = before.split('\n').length;
  const label = `  LINE ${number}: `;
  const line = sql.split('\n')[number - 1] ?? '';
  const left = before.slice(before.lastIndexOf('\n') + 1);
  // A long line is cut so that the place stays in sight.
  const skip = Math.max(0, left.length - Math.floor(width / 2));
  const show = (text: string): string => visibleText(text.slice(skip)).replaceAll('\t', ' ');
  const caret = label.length + displayWidth(show(left));
  return [label + cut(show(line), width - label.length), `${' '.repeat(caret)}^`];
}

const marks: Record<Mark, string> = { same: ' ', changed: '≠', sourceOnly: '-', targetOnly: '+' };
const markColors: Record<Mark, Paint | undefined> = {
  same: 'dim',
  changed: 'yellow',
  sourceOnly: 'blue',
  targetOnly: 'magenta',
};

interface Column {
  title: string;
  of(cell: Cell): string;
}

function columnsOf(view: PlanDiffView): Column[] {
  const figure = (value: number | undefined, format: (value: number) => string): string =>
    value === undefined ? '' : format(value);
  if (!view.analyzed) {
    return [
      { title: 'cost', of: cell => figure(cell.totalCost, formatCost) },
      { title: 'rows est.', of: cell => figure(cell.rowsEstimated, formatRows) },
    ];
  }
  return [
    { title: 'self ms', of: cell => (cell.neverExecuted ? 'never' : figure(cell.selfMs, formatMsFigure)) },
    { title: 'rows', of: cell => (cell.neverExecuted ? '' : figure(cell.rowsActual, formatRows)) },
  ];
}

function plans(view: PlanDiffView, style: Style): string[] {
  if (view.rows.length === 0) return [];
  const rows = condenseRows(view.rows);
  const columns = columnsOf(view).flatMap(column =>
    sides.map(side => {
      const texts = rows.map(({ row }) => (row[side] ? column.of(row[side]) || '·' : ''));
      const title = `${side === 'source' ? 'src' : 'tgt'} ${column.title}`;
      return { texts, title, width: Math.max(displayWidth(title), ...texts.map(displayWidth)) };
    }),
  );
  // Where the terminal is too narrow for a readable tree, the last columns go.
  while (columns.length > 2 && treeWidth(columns, style) < 30) columns.splice(-2);
  const tree = Math.max(16, treeWidth(columns, style));
  const title = `  ${padEnd('Plan', tree)}${columns.map(each => `  ${padStart(each.title, each.width)}`).join('')}`;
  const lines = [paint(title, 'bold', style)];
  for (const [index, condensed] of rows.entries()) {
    const { row } = condensed;
    const cells = columns.map(each => `  ${padStart(each.texts[index]!, each.width)}`).join('');
    const line = `${marks[row.mark]} ${padEnd(treeText(condensed, tree), tree)}${cells}`.trimEnd();
    lines.push(paint(line, markColors[row.mark], style));
  }
  const { source, target } = view;
  lines.push(
    paint(truncate(`≠ changed  - only ${source.label} (src)  + only ${target.label} (tgt)`, style.width), 'dim', style),
  );
  return lines;
}

function treeWidth(columns: readonly { width: number }[], style: Style): number {
  return style.width - 2 - columns.reduce((sum, column) => sum + column.width + 2, 0);
}

/** Deep plans keep at least half the column for the name. */
function indentOf(row: Row, width: number): number {
  return Math.min(row.depth * 2, Math.floor(width / 2));
}

function treeText({ row, hidden, because }: CondensedRow, width: number): string {
  const indent = indentOf(row, width);
  const name = (cell: Cell): string => {
    const text = cell.detail === undefined ? cell.name : `${cell.name}, ${cell.detail}`;
    return cell.error === undefined ? text : `${text}: ${cell.error}`;
  };
  const [source, target] = [row.source && name(row.source), row.target && name(row.target)];
  const text =
    source !== undefined && target !== undefined && source !== target
      ? `${source} → ${target}`
      : (source ?? target ?? '');
  const below = hidden.length > 0 ? ` (+${hidden.length}${because === 'equal' ? ' equal' : ''})` : '';
  return ' '.repeat(indent) + truncate(text, width - indent - below.length) + below;
}

function differences(view: PlanDiffView, style: Style): string[] {
  if (view.differences.length === 0) return [];
  const { shown, more } = condenseDifferences(view);
  const lines = shown.flatMap(({ title, source, target }) =>
    wrap(`${title}: ${source} → ${target}`, style.width, '  '),
  );
  if (more > 0) lines.push(`  … and ${more} more, see --format json`);
  return [paint('What differs (source → target)', 'bold', style), ...lines];
}

function notes(view: PlanDiffView, style: Style): string[] {
  const notices = sides.flatMap(side => view[side].notices.map(notice => `${view[side].label}: ${notice}`));
  const all = [...view.notes, ...(view.diagnosis?.notes ?? []), ...notices];
  if (all.length === 0) return [];
  return [paint('Notes', 'bold', style), ...all.flatMap(note => wrap(note, style.width, '  '))];
}
