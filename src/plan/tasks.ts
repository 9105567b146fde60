import type { Plan, PlanNode } from './model';
import { taskAddress } from './side-view';

/** The tasks that ran on one worker. Times are milliseconds. */
export interface WorkerShare {
  /** `host:port`. */
  node: string;
  count: number;
  slowestMs: number | undefined;
  totalMs: number | undefined;
}

/**
 * The tasks of a Citus plan as a whole, since two clusters' tasks cannot be compared one by one where their shard counts
 * differ. Times are the workers' execution times in milliseconds, undefined when none was executed; tasks without a plan (a
 * worker that is down, a repartition join) are counted but have no time.
 */
export interface TaskDistribution {
  /** How many tasks there are, also those that EXPLAIN did not show. */
  count: number;
  /** How many of them EXPLAIN showed with a time; Citus may show the slowest alone. */
  timed: number;
  slowestMs: number | undefined;
  /** The spread is slowest / median; undefined unless all tasks have a time. */
  medianMs: number | undefined;
  /** Of all tasks together: the work done, not the time waited; undefined unless all tasks have a time. */
  totalMs: number | undefined;
  /** Node index of the slowest task. */
  slowestTask: number | undefined;
  /** The worker with most time first. */
  workers: WorkerShare[];
}

/** The tasks of a plan, or of one of its Citus nodes; undefined when it has none. */
export function taskDistribution(plan: Plan, citusNode?: number): TaskDistribution | undefined {
  const jobs = plan.nodes.filter(node => node.job && (citusNode === undefined || node.index === citusNode));
  if (jobs.length === 0) return undefined;
  const senders = new Set(jobs.map(node => node.index));
  const tasks = plan.nodes.filter(node => node.kind === 'task' && senders.has(node.parent));
  const count = jobs.reduce((sum, { index, job }) => sum + (job!.taskCount ?? childTasks(tasks, index)), 0);
  const timed = tasks.filter(task => plan.analyzed && task.totalMs !== undefined);
  const times = timed.map(task => task.totalMs!).sort((a, b) => a - b);
  const isWhole = times.length > 0 && times.length === count;
  return {
    count,
    timed: times.length,
    slowestMs: times.at(-1),
    medianMs: isWhole ? median(times) : undefined,
    totalMs: isWhole ? sum(times) : undefined,
    slowestTask: timed.reduce<PlanNode | undefined>(
      (best, task) => (best && best.totalMs! >= task.totalMs! ? best : task),
      undefined,
    )?.index,
    workers: workersOf(tasks, plan.analyzed),
  };
}

function childTasks(tasks: readonly PlanNode[], parent: number): number {
  return tasks.reduce((count, task) => count + (task.parent === parent ? 1 : 0), 0);
}

function workersOf(tasks: readonly PlanNode[], analyzed: boolean): WorkerShare[] {
  const workers = new Map<string, PlanNode[]>();
  for (const task of tasks) {
    const address = taskAddress(task);
    const own = workers.get(address);
    if (own) own.push(task);
    else workers.set(address, [task]);
  }
  return [...workers]
    .map(([node, own]) => {
      const times = analyzed ? own.flatMap(task => task.totalMs ?? []) : [];
      const slowestMs = times.length === 0 ? undefined : times.reduce((most, ms) => Math.max(most, ms), 0);
      return { node, count: own.length, slowestMs, totalMs: times.length === 0 ? undefined : sum(times) };
    })
    .sort((a, b) => (b.totalMs ?? 0) - (a.totalMs ?? 0) || b.count - a.count || (a.node < b.node ? -1 : 1));
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function median(sorted: readonly number[]): number {
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
