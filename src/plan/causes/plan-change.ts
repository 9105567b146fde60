import type { PlanNode } from '../model';
import { family, isDistributed, operatorName } from '../operator';
import { estimateFactor, factor } from '../thresholds';
import { pairs, places } from './evidence';
import type { CauseContext } from './rule';

/** What the sides do in different ways, within the statements that read a table: where wrong estimates show their effect. */
export interface PlanChange {
  rows: number[];
  /** Has most of the slower side's time. */
  heaviest: number;
  /** Undefined where that side was not executed. */
  slowerMs: number | undefined;
  fasterMs: number | undefined;
  /** `Nested Loop`, as the heaviest row's node is called on each side. */
  slowerWay: string;
  fasterWay: string;
}

/**
 * Nodes that only one side has, other operators for the same work, joins with their sides swapped, and work that
 * overflowed to disk on the slower side alone; nodes that nobody waited for do not count. Undefined when nothing of the kind differs.
 */
export function planChange(context: CauseContext, scans: readonly number[]): PlanChange | undefined {
  const { plans, slower, faster, executionMs } = context;
  const all = pairs(context);
  const statements = { slower: new Set<number>(), faster: new Set<number>() };
  for (const row of scans) {
    const { slower: here, faster: there } = all[row]!;
    if (here) statements.slower.add(here.statement);
    if (there) statements.faster.add(there.statement);
  }
  const sums = { slower: 0, faster: 0 };
  const rows: number[] = [];
  let heaviest = { row: -1, ms: -1 };
  for (const { row, slower: here, faster: there } of all) {
    const isHere = here !== undefined && statements.slower.has(here.statement) && isOwnWork(here);
    const isThere = there !== undefined && statements.faster.has(there.statement) && isOwnWork(there);
    if ((!isHere && !isThere) || (isHere && isThere && isAlike(here, there))) continue;
    const waited = isHere && !places(plans[slower]).overlapped[here.index];
    if (waited) sums.slower += here.selfMs ?? 0;
    if (isThere && !places(plans[faster]).overlapped[there.index]) sums.faster += there.selfMs ?? 0;
    rows.push(row);
    const ms = waited ? (here.selfMs ?? 0) : -0.5;
    if (ms > heaviest.ms) heaviest = { row, ms };
  }
  if (rows.length === 0) return undefined;
  const { slower: here, faster: there } = all[heaviest.row]!;
  return {
    rows,
    heaviest: heaviest.row,
    slowerMs: executionMs[slower] === undefined ? undefined : sums.slower,
    fasterMs: executionMs[faster] === undefined ? undefined : sums.faster,
    slowerWay: here ? operatorName(here) : 'none',
    fasterWay: there ? operatorName(there) : 'none',
  };
}

/** Citus's own levels and JIT have rules of their own. */
function isOwnWork(node: PlanNode): boolean {
  return node.kind === 'operator' && !isDistributed(node);
}

function isAlike(slower: PlanNode, faster: PlanNode): boolean {
  const isSwapped =
    (slower.relationship === 'Outer' && faster.relationship === 'Inner') ||
    (slower.relationship === 'Inner' && faster.relationship === 'Outer');
  const overflowed = (slower.selfTempPages ?? 0) > 0 && !faster.selfTempPages;
  return operatorName(slower) === operatorName(faster) && !isSwapped && !overflowed;
}

/** How many times off the estimate of a node was, both at least one row; 1 for a node that says nothing about it. */
export function misestimate(node: PlanNode): number {
  if (node.planRows === undefined || node.actualRows === undefined || !node.actualLoops) return 1;
  // Of a bitmap index scan and the like "rows" are something else (PostgreSQL documentation, "EXPLAIN ANALYZE", caveats).
  if (family(node) === 'bitmap' || node.type === 'ModifyTable') return 1;
  return factor(node.planRows, node.actualRows);
}

/** The slower side's estimate is far off where the faster side's is not. */
export function isWorseEstimate(slower: PlanNode, faster: PlanNode): boolean {
  const [off, reference] = [misestimate(slower), misestimate(faster)];
  if (off < estimateFactor) return false;
  // Where the faster side was not executed, only its estimate is there to be held against.
  if (faster.actualLoops === undefined) return factor(slower.planRows ?? 1, faster.planRows ?? 1) >= estimateFactor;
  return reference < estimateFactor && off >= 2 * reference;
}
