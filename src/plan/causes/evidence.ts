import type { Evidence } from '../../shared/diagnosis';
import type { Side } from '../../shared/side';
import type { Plan, PlanNode } from '../model';
import { enclosingTasks } from '../shards';
import { taskAddress } from '../side-view';
import { factor, isNoise, noiseMs, workFactor, workMinimum, worthMentioningShare } from '../thresholds';
import type { CauseContext } from './rule';
import { rowsShare } from './thresholds';

/** What the rules ask of plans, in one place. */

/** One row of the plan diff, by who is slower instead of by source and target. */
export interface Pair {
  row: number;
  slower: PlanNode | undefined;
  faster: PlanNode | undefined;
}

const pairsOfContext = new WeakMap<CauseContext, Pair[]>();

export function pairs(context: CauseContext): readonly Pair[] {
  let known = pairsOfContext.get(context);
  if (!known) {
    const { plans, rows, slower, faster } = context;
    known = rows.map((row, i) => ({
      row: i,
      slower: plans[slower].nodes[row[slower] ?? -1],
      faster: plans[faster].nodes[row[faster] ?? -1],
    }));
    pairsOfContext.set(context, known);
  }
  return known;
}

const parentsOfContext = new WeakMap<CauseContext, Int32Array>();

/** The row above each row, -1 for a root. */
export function parentRows(context: CauseContext): Int32Array {
  let known = parentsOfContext.get(context);
  if (!known) {
    const { rows } = context;
    known = new Int32Array(rows.length).fill(-1);
    const open: number[] = [];
    for (const [row, { depth }] of rows.entries()) {
      open.length = Math.min(open.length, depth);
      known[row] = open.at(-1) ?? -1;
      open[depth] = row;
    }
    parentsOfContext.set(context, known);
  }
  return known;
}

/** Evidence of both sides from figures of the slower and the faster one. */
export function evidence(
  { slower, faster }: CauseContext,
  what: string,
  ofSlower: string | undefined,
  ofFaster: string | undefined,
  node?: string,
): Evidence {
  const seen: Evidence = { what };
  if (ofSlower !== undefined) seen[slower] = ofSlower;
  if (ofFaster !== undefined) seen[faster] = ofFaster;
  if (node !== undefined) seen.node = node;
  return seen;
}

/** Both sides were executed, so that times of one can be held against the other's. */
export function bothTimed({ executionMs }: CauseContext): boolean {
  return executionMs.source !== undefined && executionMs.target !== undefined;
}

/**
 * How much more the slower side spends; all it spends where the other was not executed; undefined where it was not
 * executed itself.
 */
export function excessMs(
  context: CauseContext,
  ofSlower: number | undefined,
  ofFaster: number | undefined,
): number | undefined {
  if (context.executionMs[context.slower] === undefined || ofSlower === undefined) return undefined;
  return bothTimed(context) ? Math.max(0, ofSlower - (ofFaster ?? 0)) : ofSlower;
}

/** Beyond noise, and enough of the slower side's time to be worth a word. */
export function matters(context: CauseContext, ofSlower: number, ofFaster: number): boolean {
  const whole = (context.executionMs[context.slower] ?? 0) + (context.planningMs[context.slower] ?? 0);
  return (
    ofSlower > ofFaster && !isNoise(ofSlower, ofFaster, noiseMs) && ofSlower - ofFaster >= worthMentioningShare * whole
  );
}

/** Self time of a row's node beyond that of its counterpart. */
export function selfExcessMs(context: CauseContext, row: number): number {
  const { plans, rows, slower, faster } = context;
  const nodes = [plans[slower].nodes[rows[row]?.[slower] ?? -1], plans[faster].nodes[rows[row]?.[faster] ?? -1]];
  return excessMs(context, nodes[0]?.selfMs, nodes[1]?.selfMs) ?? 0;
}

const placesOfPlan = new WeakMap<Plan, Places>();

/** Where the nodes of a plan run, and whether anybody waits for them. */
export interface Places {
  /** The task around each node, -1 at the coordinator. */
  tasks: Int32Array;
  /** 1 for nodes in a task that ran beside a slower one: nobody waits for those. */
  overlapped: Uint8Array;
}

export function places(plan: Plan): Places {
  const known = placesOfPlan.get(plan);
  if (known) return known;
  const overlapped = new Uint8Array(plan.nodes.length);
  for (const { index, parent, overlapped: beside } of plan.nodes) {
    if (beside || (parent >= 0 && overlapped[parent])) overlapped[index] = 1;
  }
  const found = { tasks: enclosingTasks(plan), overlapped };
  placesOfPlan.set(plan, found);
  return found;
}

/** `host:port` of the worker a node ran on; undefined at the coordinator. */
export function workerOf(plan: Plan, node: PlanNode): string | undefined {
  const task = node.kind === 'task' ? node : plan.nodes[places(plan).tasks[node.index]!];
  return task ? taskAddress(task) : undefined;
}

/**
 * False for nodes of tasks that work on different parts of the data, as where only the slowest task is shown: their rows and
 * times say nothing about one another.
 */
export function isSameData(context: CauseContext, { slower, faster }: Pair): boolean {
  if (!slower || !faster) return false;
  return rangeOf(context, context.slower, slower) === rangeOf(context, context.faster, faster);
}

function rangeOf({ plans }: CauseContext, side: Side, { index }: PlanNode): string | undefined {
  const plan = plans[side];
  return plan.nodes[places(plan).tasks[index]!]?.shardRange;
}

/** Rows a node gave in all its loops. */
export function allRows({ actualRows, actualLoops }: PlanNode): number | undefined {
  return actualRows === undefined ? undefined : actualRows * (actualLoops ?? 1);
}

/** Rows a scan looked at, those its filter threw away included. */
export function rowsScanned(node: PlanNode): number | undefined {
  if (node.actualRows === undefined || !node.actualLoops) return undefined;
  const removed = ['Rows Removed by Filter', 'Rows Removed by Index Recheck']
    .map(name => node.properties.number(name) ?? 0)
    .reduce((sum, rows) => sum + rows, 0);
  return (node.actualRows + removed) * node.actualLoops;
}

/** Rows that go into a node and come out of it, those it throws away included. */
export function rowsThrough({ nodes }: Plan, node: PlanNode): number {
  let rows = rowsScanned(node) ?? 0;
  const end = node.index + node.subtreeSize;
  for (let at = node.index + 1; at < end; at += nodes[at]!.subtreeSize) rows += allRows(nodes[at]!) ?? 0;
  return rows;
}

/** The same rows and pages as often through the same kind of node, in memory alike: what differs then is how fast, not how much. */
export function isSameWork({ plans, slower, faster }: CauseContext, a: PlanNode, b: PlanNode): boolean {
  return (
    a.type === b.type &&
    a.actualLoops === b.actualLoops &&
    !differ(a.selfPages ?? 0, b.selfPages ?? 0) &&
    factor(rowsThrough(plans[slower], a), rowsThrough(plans[faster], b)) < 1 + rowsShare &&
    factor(a.selfTempPages ?? 0, b.selfTempPages ?? 0) < workFactor
  );
}

/** Pages or rows, by more than is worth a word (see thresholds.ts). */
function differ(a: number, b: number): boolean {
  return Math.abs(a - b) >= workMinimum && factor(a, b) >= workFactor;
}
