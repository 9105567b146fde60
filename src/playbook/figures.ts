import { disableCost } from '../plan/thresholds';
import { formatCost, formatCount, formatMs, formatRatio, formatRows } from '../shared/format';
import type { PlanDiffView, SideView } from '../shared/plan-diff';

/** One line of the table that compares the sides. */
export interface FigureRow {
  title: string;
  source: string;
  target: string;
  /** Target / source, where it can be had. */
  ratio: string;
}

/** Versions, times, cost, rows, buffers, JIT and tasks of both sides: a row for everything at least one side has. */
export function figureRows(view: Pick<PlanDiffView, 'source' | 'target'>): FigureRow[] {
  const rows: FigureRow[] = [];
  const addText = (title: string, of: (side: SideView) => string | undefined, ratio = ''): void => {
    const [source, target] = [of(view.source), of(view.target)];
    if (source !== undefined || target !== undefined)
      rows.push({ title, source: source ?? '–', target: target ?? '–', ratio });
  };
  const add = (
    title: string,
    of: (side: SideView) => number | undefined,
    format: (value: number) => string,
    isComparable: (value: number) => boolean = () => true,
  ): void => {
    const [source, target] = [of(view.source), of(view.target)];
    const hasRatio = source !== undefined && target !== undefined && source > 0 && [source, target].every(isComparable);
    const ratio = hasRatio ? formatRatio(target / source) : '';
    const text = (value: number | undefined): string | undefined => (value === undefined ? undefined : format(value));
    addText(title, side => text(of(side)), ratio);
  };
  /** Nothing on both sides is nothing to read. */
  const addUnlessZero = (
    title: string,
    of: (side: SideView) => number | undefined,
    format: (value: number) => string,
    isComparable?: (value: number) => boolean,
  ): void => {
    if (of(view.source) || of(view.target)) add(title, of, format, isComparable);
  };
  addText('Server', side => side.address);
  addText('PostgreSQL', side => side.postgresVersion);
  addText('Citus', side => side.citusVersion);
  add('Planning', side => side.planningMs, formatMs);
  add('Execution', side => side.executionMs, formatMs);
  // Citus estimates no cost of its own nodes and says 0.
  addUnlessZero('Total cost', side => side.totalCost, formatCost, isWithoutPenalty);
  add('Rows estimated', side => side.rowsEstimated, formatRows);
  add('Rows', side => side.rowsActual, formatRows);
  addUnlessZero('Shared pages hit', side => side.buffers?.sharedHit, formatCount);
  addUnlessZero('Shared pages read', side => side.buffers?.sharedRead, formatCount);
  addUnlessZero('Temporary pages written', side => side.buffers?.tempWritten, formatCount);
  if (view.source.jit || view.target.jit) addText('JIT', jitText);
  addText('Tasks', tasksText);
  return rows;
}

/** A ratio to the penalty of a node that a setting forbids says nothing of the work. */
function isWithoutPenalty(cost: number): boolean {
  return cost < disableCost;
}

function jitText({ status, jit }: SideView): string | undefined {
  if (status === 'error') return undefined;
  if (!jit) return 'none';
  const steps = [jit.inlining ? 'inlining' : '', jit.optimization ? 'optimization' : ''].filter(Boolean);
  const what = [`${formatCount(jit.functions)} functions`, ...steps].join(', ');
  // Plain EXPLAIN says what would be compiled, but not how long it takes.
  return jit.totalMs > 0 ? `${formatMs(jit.totalMs)} (${what})` : what;
}

function tasksText({ tasks }: SideView): string | undefined {
  if (!tasks) return undefined;
  const failed = tasks.list.filter(task => task.error !== undefined).length;
  const where =
    tasks.list.length === tasks.total
      ? `on ${tasks.nodes} ${tasks.nodes === 1 ? 'node' : 'nodes'}`
      : `shown: ${tasks.shown}`;
  return `${formatCount(tasks.total)}, ${where}${failed > 0 ? `, ${failed} without a plan` : ''}`;
}
