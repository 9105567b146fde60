import type { Side } from '../shared/side';
import type { AlignedRow } from './align';
import type { Change } from './change';
import { type Comparison, compareNodes } from './compare-nodes';
import { JoinSets } from './join-order';
import { type LogicalNames, logicalNames } from './logical-names';
import type { Plan, PlanNode } from './model';
import { family, operatorName } from './operator';
import { isSameShard } from './shards';
import { executionMs } from './side-view';

/** A node that only one side has, as it is listed. */
export interface Alone {
  title: string;
  /** Branches of an Append that do the same with other partitions are listed as one. */
  branchOf: string | undefined;
}

/** Compares the matched nodes of two plans, and names the others. */
export class PlanComparison {
  readonly #names: [source: LogicalNames, target: LogicalNames];
  readonly #joins: JoinSets;
  readonly #executionMs: number | undefined;
  /** Source's Citus nodes whose tasks are on other shards than their partners. */
  readonly #otherTasks = new Set<number>();
  /** Partner of each node, -1 for none. */
  readonly #partners: [ofSource: Int32Array, ofTarget: Int32Array];

  constructor(
    private readonly source: Plan,
    private readonly target: Plan,
    rows: readonly AlignedRow[],
  ) {
    this.#names = logicalNames(source, target);
    this.#joins = new JoinSets(...this.#names);
    const times = [executionMs(source), executionMs(target)] as const;
    this.#executionMs = times[0] === undefined || times[1] === undefined ? undefined : Math.max(times[0], times[1]);
    this.#partners = [new Int32Array(source.nodes.length).fill(-1), new Int32Array(target.nodes.length).fill(-1)];
    for (const row of rows) {
      if (row.source !== undefined && row.target !== undefined) {
        this.#partners[0][row.source] = row.target;
        this.#partners[1][row.target] = row.source;
      }
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

  /**
   * How a node without partner is listed; undefined for one that is part of how another works, which is listed as changed: the
   * bitmaps below a Bitmap Heap Scan that is another scan on the other side, the Hash below a Hash Join that is another join.
   */
  alone(node: PlanNode, side: Side): Alone | undefined {
    const [names, partners, others] =
      side === 'source'
        ? [this.#names[0], this.#partners[0], this.target.nodes]
        : [this.#names[1], this.#partners[1], this.source.nodes];
    const { nodes } = names.plan;
    const partnerOf = (of: PlanNode | undefined): PlanNode | undefined => others[of ? partners[of.index]! : -1];
    let above = nodes[node.parent];
    if (node.type.startsWith('Bitmap') && node.type !== 'Bitmap Heap Scan') {
      while (above && above.type !== 'Bitmap Heap Scan') above = nodes[above.parent];
    }
    const partner = partnerOf(above);
    const isPart = (above?.type === 'Bitmap Heap Scan' || node.type === 'Hash') && partner !== undefined;
    if (isPart && partner.type !== above!.type) return undefined;
    const isBranch = above !== undefined && partner !== undefined && family(above) === 'append';
    const branchOf = isBranch ? `${operatorName(node)} below ${operatorName(above!)}` : undefined;
    return { title: names.title(node), branchOf };
  }
}

/** The task that runs a node; of a task itself, that task. */
function taskOf({ plan, tasks }: LogicalNames, node: PlanNode): PlanNode | undefined {
  return node.kind === 'task' ? node : plan.nodes[tasks[node.index]!];
}
