import type { AlignedRow } from './align';
import type { Change } from './change';
import { type Comparison, compareNodes } from './compare-nodes';
import { JoinSets } from './join-order';
import { type LogicalNames, logicalNames } from './logical-names';
import type { Plan, PlanNode } from './model';
import { isSameShard } from './shards';
import { executionMs } from './side-view';

/** Compares the matched nodes of two plans. */
export class PlanComparison {
  readonly #names: [source: LogicalNames, target: LogicalNames];
  readonly #joins: JoinSets;
  readonly #executionMs: number | undefined;
  /** Source's Citus nodes whose tasks are on other shards than their partners. */
  readonly #otherTasks = new Set<number>();

  constructor(
    private readonly source: Plan,
    private readonly target: Plan,
    rows: readonly AlignedRow[],
  ) {
    this.#names = logicalNames(source, target);
    this.#joins = new JoinSets(...this.#names);
    const times = [executionMs(source), executionMs(target)] as const;
    this.#executionMs = times[0] === undefined || times[1] === undefined ? undefined : Math.max(times[0], times[1]);
    for (const row of rows) {
      const task = source.nodes[row.source ?? -1];
      const partner = target.nodes[row.target ?? -1];
      if (task?.kind === 'task' && !(partner && isSameShard(source, target, task, partner)))
        this.#otherTasks.add(task.parent);
    }
  }

  /** Whether a node of the source runs on a worker. */
  isInTask(node: PlanNode): boolean {
    return this.#names[0].isInTask(node);
  }

  changes(source: PlanNode, target: PlanNode): Change[] {
    const [a, b] = this.#names;
    const context: Comparison = {
      source: a,
      target: b,
      joins: this.#joins,
      otherShard: !isSameShard(this.source, this.target, taskOf(a, source), taskOf(b, target)),
      otherTasks: this.#otherTasks.has(source.index),
      executionMs: this.#executionMs,
    };
    return compareNodes(source, target, context);
  }

  /** How a node of the source is called in a list of differences, apart from its place and shard. */
  title(node: PlanNode): string {
    return this.#names[0].title(node);
  }
}

/** The task that runs a node; of a task itself, that task. */
function taskOf({ plan, tasks }: LogicalNames, node: PlanNode): PlanNode | undefined {
  return node.kind === 'task' ? node : plan.nodes[tasks[node.index]!];
}
