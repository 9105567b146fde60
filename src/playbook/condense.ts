import type { Difference, PlanDiffView, Row } from '../shared/plan-diff';

/** Aligned trees of more rows than this are condensed for text. */
export const condenseAbove = 40;

export interface CondensedRow {
  row: Row;
  /** Rows below it that are left out, and why. */
  hidden: readonly Row[];
  because: 'equal' | 'task';
}

/**
 * The rows worth reading where nothing can be unfolded: in a large plan a subtree without a difference is one row, and
 * of the tasks of one job (Citus gives the slowest first) only the first is shown in full, as all do the same work on
 * other shards.
 */
export function condenseRows(rows: readonly Row[]): CondensedRow[] {
  const condensed: CondensedRow[] = [];
  /** By depth: a task was met there since its parent. */
  const metTask: boolean[] = [];
  for (let at = 0; at < rows.length; at++) {
    const row = rows[at]!;
    metTask.length = Math.min(metTask.length, row.depth + 1);
    const isTask = (row.source ?? row.target)?.name === 'Task';
    const isFurther = isTask && metTask[row.depth] === true;
    if (isTask) metTask[row.depth] = true;
    const hides = rows.length > condenseAbove && (row.equal || isFurther);
    const hidden = hides ? rows.slice(at + 1, at + 1 + row.descendants) : [];
    condensed.push({ row, hidden, because: row.equal ? 'equal' : 'task' });
    at += hidden.length;
  }
  return condensed;
}

/** As many differences as one still reads; the rest is in the panel and in the JSON. */
const mostDifferences = 24;

/** Settings first: they are few, and often the cause of the rest. */
export function condenseDifferences(view: Pick<PlanDiffView, 'differences'>): { shown: Difference[]; more: number } {
  const isSetting = ({ kind }: Difference): boolean => kind === 'setting';
  const sorted = [...view.differences.filter(isSetting), ...view.differences.filter(each => !isSetting(each))];
  return { shown: sorted.slice(0, mostDifferences), more: Math.max(0, sorted.length - mostDifferences) };
}
