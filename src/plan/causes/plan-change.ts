import type { PlanNode } from '../model';
import { family, isDistributed, operatorName } from '../operator';
import { estimateFactor, factor, workFactor } from '../thresholds';
import { type Pair, pairs, places } from './evidence';
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
  const all = pairs(context);
  const statements = statementsOf(context, all, scans);
  // Many tables of one statement, as partitions are, have part in the same change.
  const key = [...statements.slower].join();
  let changes = known.get(context);
  if (!changes) {
    changes = new Map();
    known.set(context, changes);
  }
  if (!changes.has(key)) changes.set(key, findChange(context, all, statements));
  return changes.get(key);
}

const known = new WeakMap<CauseContext, Map<string, PlanChange | undefined>>();

/** Statements by their index, on either side. */
interface Statements {
  slower: Set<number>;
  faster: Set<number>;
}

function findChange(context: CauseContext, all: readonly Pair[], statements: Statements): PlanChange | undefined {
  const { plans, slower, faster, executionMs } = context;
  const sums = { slower: 0, faster: 0 };
  const rows: number[] = [];
  const consequences: number[] = [];
  let heaviest = { row: -1, ms: -1 };
  const add = (row: number): void => {
    const { slower: here, faster: there } = all[row]!;
    const waited =
      here !== undefined && statements.slower.has(here.statement) && !places(plans[slower]).overlapped[here.index];
    const ms = waited ? (here.selfMs ?? 0) : -0.5;
    if (waited) sums.slower += ms;
    if (there && statements.faster.has(there.statement) && !places(plans[faster]).overlapped[there.index]) {
      sums.faster += there.selfMs ?? 0;
    }
    rows.push(row);
    if (ms > heaviest.ms) heaviest = { row, ms };
  };
  for (const { row, slower: here, faster: there } of all) {
    const isHere = here !== undefined && statements.slower.has(here.statement) && isOwnWork(here);
    const isThere = there !== undefined && statements.faster.has(there.statement) && isOwnWork(there);
    if (!isHere && !isThere) continue;
    if (!isHere || !isThere || !isAlike(here, there)) add(row);
    else if (factor(here.actualLoops ?? 1, there.actualLoops ?? 1) >= workFactor) consequences.push(row);
  }
  if (rows.length === 0) return undefined;
  // Run once for each row of a nested loop that took a hash join's place, a scan is part of the change.
  for (const row of consequences) add(row);
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

/** Statements that hold the rows, where both sides have them: a task's with that of the task it is held against. */
function statementsOf(
  { plans, slower, faster, matches }: CauseContext,
  all: readonly Pair[],
  rows: readonly number[],
): Statements {
  const found: Statements = { slower: new Set<number>(), faster: new Set<number>() };
  const partners = slower === 'source' ? matches.ofSource : matches.ofTarget;
  for (const row of rows) {
    const { slower: here, faster: there } = all[row]!;
    if (!here || !there) continue;
    const outer = [
      plans[slower].statements[here.statement]!.container,
      plans[faster].statements[there.statement]!.container,
    ] as const;
    if (outer[0] < 0 ? outer[1] >= 0 : partners[outer[0]] !== outer[1]) continue;
    found.slower.add(here.statement);
    found.faster.add(there.statement);
  }
  return found;
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
