import {
  type Buffers,
  type Category,
  categories,
  type JitView,
  type SideView,
  type TaskView,
} from '../shared/plan-diff';
import { type Plan, type PlanNode, type PlanStatement, topStatements } from './model';
import { category, isDistributed } from './operator';

/** Figures of a whole plan, as far as EXPLAIN gave them. */
export type PlanFigures = Pick<
  SideView,
  'planningMs' | 'executionMs' | 'totalCost' | 'rowsEstimated' | 'rowsActual' | 'buffers' | 'jit' | 'settings' | 'tasks'
> & { composition: SideView['composition'] };

/** Leaves out what is undefined, as the view's schema wants it. */
function given<T extends object>(values: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as never;
}

export function planFigures(plan: Plan): PlanFigures {
  const tops = topStatements(plan);
  const roots = tops.flatMap(statement => (statement.root >= 0 ? [plan.nodes[statement.root]!] : []));
  const root = roots[0];
  const isPlaceholder = root !== undefined && isDistributed(root);
  return given({
    planningMs: sum(tops.map(statement => statement.planningMs)),
    executionMs: executionMs(plan),
    totalCost: isPlaceholder ? taskCost(plan) : sum(roots.map(node => node.totalCost)),
    rowsEstimated: isPlaceholder ? undefined : root?.planRows,
    rowsActual: root?.actualRows,
    buffers: totalBuffers(plan, roots),
    jit: jitView(plan),
    settings: settingsOf(tops),
    tasks: tasksView(plan),
    composition: composition(plan),
  }) as PlanFigures;
}

/** The cost of the most expensive task shown: Citus says 0 for the whole. */
export function taskCost(plan: Plan): number | undefined {
  const costs = plan.statements.flatMap(({ container, root }) =>
    container >= 0 ? (plan.nodes[root]?.totalCost ?? []) : [],
  );
  return costs.length === 0 ? undefined : costs.reduce((highest, cost) => Math.max(highest, cost), 0);
}

function sum(values: readonly (number | undefined)[]): number | undefined {
  const given = values.filter(value => value !== undefined);
  return given.length === 0 ? undefined : given.reduce((total, value) => total + value, 0);
}

/** EXPLAIN's `Execution Time`; without SUMMARY, the root's time. */
export function executionMs(plan: Plan): number | undefined {
  const tops = topStatements(plan);
  return (
    sum(tops.map(statement => statement.executionMs)) ??
    (plan.analyzed ? sum(tops.map(({ root }) => plan.nodes[root]?.totalMs)) : undefined)
  );
}

function settingsOf(tops: readonly PlanStatement[]): Record<string, string> | undefined {
  const settings = tops[0]?.settings;
  return settings ? Object.fromEntries(settings) : undefined;
}

/** Statements that the time of the whole includes: not those of tasks that ran beside a slower one. */
function* countedStatements(plan: Plan): Generator<PlanStatement> {
  const skipped = new Uint8Array(plan.nodes.length);
  for (const node of plan.nodes) {
    if (node.overlapped || (node.parent >= 0 && skipped[node.parent])) skipped[node.index] = 1;
  }
  for (const statement of plan.statements) {
    if (statement.container < 0 || !skipped[statement.container]) yield statement;
  }
}

/** JIT of the statement; on Citus of the coordinator and of the slowest task of each job, which is what one waits for. */
function jitView(plan: Plan): JitView | undefined {
  let view: JitView | undefined;
  for (const { jit } of countedStatements(plan)) {
    if (!jit) continue;
    view ??= { totalMs: 0, functions: 0, inlining: false, optimization: false };
    view.totalMs += jit.totalMs ?? 0;
    view.functions += jit.functions;
    view.inlining ||= jit.inlining;
    view.optimization ||= jit.optimization;
  }
  return view;
}

/** Of the roots and, on Citus, of all tasks shown: a Citus node counts the coordinator's pages only. */
export function totalBuffers(plan: Plan, roots: readonly PlanNode[]): Buffers | undefined {
  const remote = plan.statements.flatMap(({ container, root }) =>
    container >= 0 && root >= 0 && plan.nodes[container]!.kind !== 'operator' ? [plan.nodes[root]!] : [],
  );
  const all = [...roots, ...remote].filter(node => node.pages !== undefined || node.tempPages !== undefined);
  if (all.length === 0) return undefined;
  const total = (name: string): number => all.reduce((pages, node) => pages + (node.properties.number(name) ?? 0), 0);
  return {
    sharedHit: total('Shared Hit Blocks'),
    sharedRead: total('Shared Read Blocks'),
    sharedDirtied: total('Shared Dirtied Blocks'),
    sharedWritten: total('Shared Written Blocks'),
    localHit: total('Local Hit Blocks'),
    localRead: total('Local Read Blocks'),
    tempRead: total('Temp Read Blocks'),
    tempWritten: total('Temp Written Blocks'),
  };
}

/** `host=10.0.0.5 port=5432 dbname=app` → `10.0.0.5:5432`. */
export function taskAddress(node: PlanNode): string {
  const text = node.properties.text('Node') ?? '';
  const match = /host=(\S+) port=(\S+)/.exec(text);
  return match ? `${match[1]}:${match[2]}` : text || 'unknown node';
}

/** Citus gives `Error` in place of a plan when the worker cannot explain the task. */
export function taskError(node: PlanNode): string | undefined {
  return node.kind === 'task' ? node.properties.text('Error') : undefined;
}

function tasksView(plan: Plan): SideView['tasks'] {
  const jobs = plan.nodes.flatMap(node => (node.job ? [node.job] : []));
  if (jobs.length === 0) return undefined;
  const statements = new Map(plan.statements.map(statement => [statement.container, statement]));
  const list = plan.nodes
    .filter(node => node.kind === 'task')
    .map(node => {
      const statement = statements.get(node.index);
      return given<{ [K in keyof TaskView]: TaskView[K] | undefined }>({
        node: taskAddress(node),
        executionMs: statement?.executionMs,
        jitMs: statement?.jit?.totalMs,
        error: taskError(node),
      }) as TaskView;
    });
  const total = sum(jobs.map(job => job.taskCount)) ?? list.length;
  return {
    total,
    nodes: new Set(list.map(task => task.node)).size,
    shown:
      jobs.length === 1 ? (jobs[0]!.tasksShown ?? 'All') : list.length === total ? 'All' : `${list.length} of ${total}`,
    list,
  };
}

/**
 * Where the execution time went: the nodes' own times by category (of parallel tasks the slowest), JIT, triggers, and the
 * rest, which is the executor's start and end, and on Citus the coordinator's and the network's. AFTER triggers run after the
 * plan (PostgreSQL documentation, "Using EXPLAIN"), so theirs is in no node. Sums to the execution time.
 */
export function composition(plan: Plan): SideView['composition'] {
  const whole = executionMs(plan);
  if (whole === undefined || whole <= 0) return [];
  const parts = new Map<Category, number>();
  const add = (to: Category, ms: number): void => {
    if (ms > 0) parts.set(to, (parts.get(to) ?? 0) + ms);
  };
  const { nodes } = plan;
  const triggers = new Map<number, number>();
  for (const statement of countedStatements(plan)) {
    const ms = sum(statement.triggers.map(trigger => trigger.timeMs)) ?? 0;
    if (ms > 0) triggers.set(statement.container, (triggers.get(statement.container) ?? 0) + ms);
  }
  let counted = 0;
  // A subplan's plan may be of a slower second run (see times.ts): it counts for the subplan's own duration.
  let scaled = { end: 0, by: 1 };
  for (let at = 0; at < nodes.length; at++) {
    const node = nodes[at]!;
    if (node.overlapped) {
      at += node.subtreeSize - 1;
      continue;
    }
    if (at >= scaled.end) scaled = { end: 0, by: 1 };
    if (node.kind === 'subplan') {
      const run = nodes[at + 1]?.totalMs ?? 0;
      const duration = node.totalMs ?? 0;
      scaled = { end: at + node.subtreeSize, by: run > duration ? duration / run : 1 };
    }
    const self = (node.selfMs ?? 0) * scaled.by;
    const inTriggers = Math.min(self, triggers.get(at) ?? 0);
    add('write', inTriggers);
    add(category(node), self - inTriggers);
    counted += self;
  }
  const rest = whole - counted;
  if (rest > 0) {
    const afterwards = Math.min(rest, triggers.get(-1) ?? 0);
    add('write', afterwards);
    add(nodes.some(isDistributed) ? 'coordinator' : 'other', rest - afterwards);
  }
  const all = [...parts.values()].reduce((total, ms) => total + ms, 0);
  // Rounded figures of many loops can add up to more than the whole.
  const scale = all > whole ? whole / all : 1;
  return categories.filter(name => parts.has(name)).map(name => ({ category: name, ms: parts.get(name)! * scale }));
}
