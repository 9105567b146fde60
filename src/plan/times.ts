import { chargeInitPlans } from './init-plan-charges';
import { takeJitOff } from './jit-time';
import type { Plan, PlanNode } from './model';

/**
 * Self and total times from EXPLAIN's per-loop averages. Figures are wall-clock milliseconds; NaN stands for "not known"
 * inside this room and becomes undefined in the nodes.
 */
export interface Times {
  /** In the node and below. */
  total: Float64Array;
  /** In the node alone. */
  self: Float64Array;
  /** Up to the first row. */
  startup: Float64Array;
  /** Processes that shared the work: 1 outside a Gather. */
  processes: Float64Array;
}

/** Half of EXPLAIN's last decimal: what rounding may hide in one loop. */
const roundingMs = 0.0005;

export function computeTimes(plan: Plan): void {
  if (!plan.analyzed) return;
  const times = inclusiveTimes(plan);
  includeTasks(plan, times);
  const { nodes } = plan;
  times.self.set(exclusive(nodes, times.total));
  chargeInitPlans(plan, times.self, times.total);
  takeJitOff(plan, times);
  const pages = pagesOf(plan, node => node.pages);
  const tempPages = pagesOf(plan, node => node.tempPages);
  for (const node of nodes) {
    const at = node.index;
    if (times.self[at]! < 0) {
      node.inconsistent = node.kind !== 'subplan' && times.self[at]! < -tolerance(plan, node, times);
      times.self[at] = 0;
    }
    node.totalMs = known(times.total[at]!);
    node.selfMs = known(times.self[at]!);
    node.selfPages = known(pages[at]!);
    node.selfTempPages = known(tempPages[at]!);
  }
}

function known(value: number): number | undefined {
  return Number.isNaN(value) ? undefined : value;
}

/**
 * EXPLAIN prints averages per loop (PostgreSQL documentation, "Using EXPLAIN": multiply by loops). Below a Gather the
 * loops of all processes are counted together, so time × loops is processor time; divided by the processes that took part
 * it is wall-clock time. How many took part is loops of the Gather's child / loops of the Gather, which is right also when
 * the leader does not help (parallel_leader_participation = off) or fewer workers came than planned. A bitmap is built by
 * one process while the others wait (executor/nodeBitmapHeapscan.c), so its time counts in full.
 */
function inclusiveTimes(plan: Plan): Times {
  const { nodes } = plan;
  const count = nodes.length;
  const total = new Float64Array(count).fill(Number.NaN);
  const startup = new Float64Array(count).fill(Number.NaN);
  const processes = new Float64Array(count).fill(1);
  const gatherLoops = new Float64Array(count).fill(1);
  for (let at = 0; at < count; at++) {
    const node = nodes[at]!;
    const parent = node.parent < 0 ? undefined : nodes[node.parent]!;
    const loops = node.actualLoops ?? 1;
    if (parent && parent.statement === node.statement && node.kind === 'operator') {
      if (isGather(parent) && node.relationship !== 'InitPlan') {
        const outer = parent.actualLoops || 1;
        processes[at] = loops > 0 ? Math.max(1, (loops / outer) * processes[parent.index]!) : 1;
        gatherLoops[at] = outer;
      } else {
        processes[at] = processes[parent.index]!;
        gatherLoops[at] = gatherLoops[parent.index]!;
      }
    }
    if (node.actualTotalMs === undefined) {
      if (node.actualLoops === 0) total[at] = startup[at] = 0;
      continue;
    }
    const shared = runsInOneProcess(node, parent)
      ? Math.min(processes[at]!, Math.max(1, loops / gatherLoops[at]!))
      : processes[at]!;
    total[at] = (node.actualTotalMs * loops) / shared;
    startup[at] = ((node.actualStartupMs ?? 0) * loops) / shared;
  }
  return { total, startup, processes, self: new Float64Array(count).fill(Number.NaN) };
}

function isGather(node: PlanNode): boolean {
  return node.type === 'Gather' || node.type === 'Gather Merge';
}

function runsInOneProcess(node: PlanNode, parent: PlanNode | undefined): boolean {
  const buildsBitmap = node.type === 'Bitmap Index Scan' || node.type === 'BitmapAnd' || node.type === 'BitmapOr';
  return buildsBitmap || (node.relationship === 'InitPlan' && parent !== undefined);
}

/**
 * Citus. Tasks run at the same time on the workers, so a node that sends them takes about as long as the slowest, not as
 * long as all together (measured: 511 ms with a sum of 3,054 and a maximum of 426): only the slowest task is part of its
 * time, the others are `overlapped`. A subplan runs before the statement's own plan and is in no node's time; its
 * `Subplan Duration` is. Up to 13.1 the plan below it is of a second run, so its times may exceed that duration. Citus 13.2
 * loses the actual times inside subplans (0.000, or never executed): there a node takes as long as its tasks say.
 */
function includeTasks(plan: Plan, { total, startup }: Times): void {
  const { nodes, statements } = plan;
  for (const statement of statements) {
    if (statement.container < 0) continue;
    const node = nodes[statement.container]!;
    if (node.kind === 'task') total[node.index] = statement.executionMs ?? total[statement.root] ?? Number.NaN;
    if (node.kind === 'subplan') {
      total[node.index] =
        node.properties.number('Subplan Duration') ?? durationText(node) ?? statement.executionMs ?? Number.NaN;
    }
  }
  const slowest = new Int32Array(nodes.length).fill(-1);
  for (const node of nodes) {
    if (node.kind !== 'task') continue;
    const before = slowest[node.parent]!;
    if (before < 0 || total[node.index]! > total[before]!) slowest[node.parent] = node.index;
  }
  const lost = new Uint8Array(nodes.length);
  for (let at = nodes.length - 1; at >= 0; at--) {
    const node = nodes[at]!;
    if (node.kind === 'task') node.overlapped = slowest[node.parent] !== at;
    const task = slowest[at]!;
    if (node.job && total[at] === 0 && task >= 0 && total[task]! > 0) {
      lost[at] = 1;
      total[at] = startup[at] = total[task]!;
    }
    const above = node.parent;
    if (lost[at] && above >= 0 && nodes[above]!.statement === node.statement && nodes[above]!.kind === 'operator') {
      lost[above] = 1;
      if (!(total[above]! >= total[at]!)) total[above] = startup[above] = total[at]!;
    }
  }
}

/** FORMAT TEXT says `1034.51 ms`. */
function durationText(node: PlanNode): number | undefined {
  const text = /^([\d.]+) ms$/.exec(node.properties.text('Subplan Duration') ?? '');
  return text ? Number(text[1]) : undefined;
}

/** True when the child's figure is contained in its parent's. */
function isWithinParent(node: PlanNode): boolean {
  return node.kind !== 'subplan' && node.kind !== 'jit' && !node.overlapped && node.relationship !== 'InitPlan';
}

/** A figure without its children's. A SubPlan's is within the node that evaluates it; an InitPlan's is elsewhere. */
function exclusive(nodes: readonly PlanNode[], inclusive: Float64Array): Float64Array {
  const own = Float64Array.from(inclusive);
  for (const node of nodes) {
    if (node.parent < 0 || Number.isNaN(inclusive[node.index]!) || !isWithinParent(node)) continue;
    own[node.parent]! -= inclusive[node.index]!;
  }
  return own;
}

/** Pages are counted over all processes, so nothing is divided; a task's are not in the coordinator's. */
function pagesOf(plan: Plan, of: (node: PlanNode) => number | undefined): Float64Array {
  const inclusive = new Float64Array(plan.nodes.length);
  for (const node of plan.nodes) inclusive[node.index] = of(node) ?? Number.NaN;
  const own = exclusive(plan.nodes, inclusive);
  chargeInitPlans(plan, own, inclusive);
  for (let at = 0; at < own.length; at++) if (own[at]! < 0) own[at] = 0;
  return own;
}

/** What rounding can account for: every printed figure is off by up to half a digit, times its loops. */
function tolerance(plan: Plan, node: PlanNode, times: Times): number {
  let loops = node.actualLoops ?? 1;
  const end = node.index + node.subtreeSize;
  for (let at = node.index + 1; at < end; at += plan.nodes[at]!.subtreeSize) loops += plan.nodes[at]!.actualLoops ?? 1;
  const share = times.processes[node.index]! > 1 || isGather(node) ? 0.05 : 0.01;
  return loops * roundingMs + share * times.total[node.index]!;
}
