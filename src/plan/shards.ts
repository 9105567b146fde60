import type { Plan } from './model';

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
 * Notes on each task which part of the hash range it works on, so that two clusters' tasks can be compared shard by
 * shard: shard numbers mean nothing across clusters, hash ranges do as long as the shard counts agree.
 */
export function placeTasks(plan: Plan, shards: Shards): void {
  const tasks = enclosingTasks(plan);
  for (const { index, relation } of plan.nodes) {
    const task = plan.nodes[tasks[index]!];
    if (task && relation !== undefined) task.shardRange ??= shards.get(relation)?.range;
  }
}
