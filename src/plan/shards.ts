import type { Plan, PlanNode } from './model';

/** What a cluster's metadata says of one shard. */
export interface Shard {
  /** The distributed table: `events`. */
  table: string;
  /** Its part of the hash range, `-2147483648..-1610612737`; absent for reference tables. */
  range?: string;
}

/** Shards of one cluster by the name of their table on the workers: `events_102009`. */
export type Shards = ReadonlyMap<string, Shard>;

/** For each node the task that runs it, -1 for the coordinator; a task itself is the coordinator's. */
export function enclosingTasks(plan: Plan): Int32Array {
  const tasks = new Int32Array(plan.nodes.length).fill(-1);
  for (const { index, parent } of plan.nodes) {
    if (parent >= 0) tasks[index] = plan.nodes[parent]!.kind === 'task' ? parent : tasks[parent]!;
  }
  return tasks;
}

/** Relations that tasks read or write, each once: what may be the name of a shard. */
export function relationsInTasks(plan: Plan): string[] {
  const tasks = enclosingTasks(plan);
  const names = new Set<string>();
  for (const { index, relation } of plan.nodes) if (relation !== undefined && tasks[index]! >= 0) names.add(relation);
  return [...names];
}

/**
 * Gives the plan what the metadata says of its shards, and each task the part of the hash range it works on, so that two
 * clusters' tasks can be compared shard by shard: shard numbers mean nothing across clusters, tables do, and hash ranges as
 * long as the shard counts agree.
 */
export function placeTasks(plan: Plan, shards: Shards): void {
  plan.shards = shards;
  const tasks = enclosingTasks(plan);
  for (const { index, relation } of plan.nodes) {
    const task = plan.nodes[tasks[index]!];
    if (task && relation !== undefined) task.shardRange ??= shards.get(relation)?.range;
  }
}

/**
 * Whether two tasks, undefined on the coordinator, work on the same part of the data, so that their rows and times compare:
 * by the hash range where it is known, and without metadata when each is the only task of its job.
 */
export function isSameShard(source: Plan, target: Plan, a: PlanNode | undefined, b: PlanNode | undefined): boolean {
  if (!a || !b) return !a && !b;
  if (a.shardRange !== undefined || b.shardRange !== undefined) return a.shardRange === b.shardRange;
  return isOnlyTask(source, a) && isOnlyTask(target, b);
}

function isOnlyTask(plan: Plan, task: PlanNode): boolean {
  return plan.nodes[task.parent]?.job?.taskCount === 1;
}
