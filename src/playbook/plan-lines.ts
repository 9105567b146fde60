import { formatCost, formatMs, formatRows } from '../shared/format';
import type { Cell, PlanDiffView, Row } from '../shared/plan-diff';
import { condenseRows } from './condense';
import { visibleLine } from './visible';

/** As many rows as one still reads in a playbook; the whole plan is one click away in the panel. */
const maxRows = 60;

/**
 * The rows of the aligned trees that differ, for a `diff` fence: `-` the source's line, `+` the target's, indented by
 * depth; of the tasks of a large plan the first. Empty when nothing differs.
 */
export function differingPlanLines(view: Pick<PlanDiffView, 'rows'>): string {
  const differs = (row: Row): boolean => row.mark !== 'same';
  const condensed = condenseRows(view.rows);
  const differing = condensed.filter(({ row }) => differs(row));
  const lines = differing.slice(0, maxRows).flatMap(({ row }) => rowLines(row));
  const inTasks = condensed.reduce((count, { hidden }) => count + hidden.filter(differs).length, 0);
  const more = Math.max(0, differing.length - maxRows) + inTasks;
  if (more > 0) lines.push(`  … and ${more} more rows that differ${inTasks > 0 ? ', in further tasks' : ''}`);
  return lines.join('\n');
}

function rowLines(row: Row): string[] {
  // A plan can be 10,000 deep; beyond a point indentation only pushes the text out of sight.
  const indent = '  '.repeat(Math.min(row.depth, 20));
  const lines: string[] = [];
  if (row.source) lines.push(`- ${indent}${cellLine(row.source)}`);
  if (row.target) lines.push(`+ ${indent}${cellLine(row.target)}`);
  return lines;
}

/** `Seq Scan on events (cost 1,234, rows 12 of 10 estimated, self 3.1 ms)`. */
function cellLine(cell: Cell): string {
  const figures: string[] = [];
  if (cell.error !== undefined) figures.push(visibleLine(cell.error));
  if (cell.neverExecuted) figures.push('never executed');
  if (cell.totalCost !== undefined) figures.push(`cost ${formatCost(cell.totalCost)}`);
  if (cell.rowsActual !== undefined && cell.rowsEstimated !== undefined) {
    figures.push(`rows ${formatRows(cell.rowsActual)} of ${formatRows(cell.rowsEstimated)} estimated`);
  } else if (cell.rowsEstimated !== undefined) {
    figures.push(`rows ${formatRows(cell.rowsEstimated)} estimated`);
  } else if (cell.rowsActual !== undefined) {
    figures.push(`rows ${formatRows(cell.rowsActual)}`);
  }
  if (cell.selfMs !== undefined) figures.push(`self ${formatMs(cell.selfMs)}`);
  const name = visibleLine(cell.detail === undefined ? cell.name : `${cell.name}, ${cell.detail}`);
  return figures.length > 0 ? `${name} (${figures.join(', ')})` : name;
}
