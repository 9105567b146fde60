import type { Properties } from './properties';
import type { Shards } from './shards';

/**
 * `operator`: a plan node of PostgreSQL. The others are the levels Citus puts between them, and JIT, which belongs to a
 * statement and gets a line of its own; FORMAT TEXT draws them as lines of the same tree.
 */
export type NodeKind = 'operator' | 'subplan' | 'task' | 'mapMergeJob' | 'jit' | 'utility';

/** What a Citus node says of the job it runs on the workers. */
export interface DistributedJob {
  taskCount: number | undefined;
  /** `All`, `One of 8`, `None, not supported for re-partition queries`. */
  tasksShown: string | undefined;
  properties: Properties;
}

/** One line of the tree. Costs are planner units; `…Ms` milliseconds as EXPLAIN prints them, per loop. */
export interface PlanNode {
  readonly index: number;
  /** Index of the parent, -1 for a root. */
  readonly parent: number;
  readonly depth: number;
  /** This node and all below it: the subtree is nodes[index] … nodes[index + subtreeSize - 1]. */
  subtreeSize: number;
  /** Index into {@link Plan.statements} of the statement whose plan this node is part of; for a task or a subplan, the statement it sits in. */
  readonly statement: number;
  kind: NodeKind;
  /** `Seq Scan`, `Aggregate`, … as in FORMAT JSON; for other kinds `Task`, `Distributed Subplan`, `MapMergeJob`, `JIT`. */
  type: string;
  /** `Outer`, `Inner`, `Subquery`, `Member`, `InitPlan`, `SubPlan`; undefined at a root. */
  relationship: string | undefined;
  parallelAware: boolean;
  schema: string | undefined;
  relation: string | undefined;
  alias: string | undefined;
  indexName: string | undefined;
  cteName: string | undefined;
  functionName: string | undefined;
  /** `InitPlan 1 (returns $0)`, `SubPlan 2`, `CTE recent`. */
  subplanName: string | undefined;
  joinType: string | undefined;
  strategy: string | undefined;
  partialMode: string | undefined;
  operation: string | undefined;
  /** Custom Scan provider: `Citus Adaptive`, `ColumnarScan`, … */
  provider: string | undefined;
  startupCost: number | undefined;
  totalCost: number | undefined;
  planRows: number | undefined;
  planWidth: number | undefined;
  actualStartupMs: number | undefined;
  actualTotalMs: number | undefined;
  /** Average per loop. */
  actualRows: number | undefined;
  /** 0: never executed. */
  actualLoops: number | undefined;
  /** Pages (8 kB) of shared and local buffers asked for by the node and those below, in memory or not. */
  pages: number | undefined;
  /** Pages of temporary files read and written. */
  tempPages: number | undefined;
  /** On the nodes of Citus that send tasks. */
  job: DistributedJob | undefined;
  /** On a task: the hash range of the shards it works on, once the metadata was asked (shards.ts). */
  shardRange: string | undefined;
  /** Everything the node said, the figures above included, in order. */
  properties: Properties;

  // What times.ts makes of it.
  /** Wall-clock time in this node and below, over all loops. */
  totalMs: number | undefined;
  /** Wall-clock time in this node alone. */
  selfMs: number | undefined;
  /** Pages (8 kB) that this node alone touched: shared and local, hit and read. */
  selfPages: number | undefined;
  selfTempPages: number | undefined;
  /** A setting such as enable_nestloop = off forbids it (see disabled.ts); undefined when that cannot be told. */
  disabled: boolean | undefined;
  /** EXPLAIN's figures contradict one another by more than rounding: `selfMs` was set to 0 instead of a negative. */
  inconsistent: boolean;
  /** Ran at the same time as a slower task: its time is no part of its parent's. */
  overlapped: boolean;
}

export interface Jit {
  functions: number;
  inlining: boolean;
  optimization: boolean;
  expressions: boolean;
  deforming: boolean;
  /** Times are absent when the statement was not executed. With parallel workers they are sums over the processes. */
  generationMs: number | undefined;
  inliningMs: number | undefined;
  optimizationMs: number | undefined;
  emissionMs: number | undefined;
  totalMs: number | undefined;
}

export interface Trigger {
  name: string;
  /** Set for constraint triggers, as foreign keys. */
  constraint: string | undefined;
  relation: string | undefined;
  timeMs: number | undefined;
  calls: number | undefined;
}

/** What EXPLAIN says of a whole statement: the one asked for, a task's remote one, a subplan's or a SELECT under an INSERT. */
export interface PlanStatement {
  readonly index: number;
  /** What Citus calls it below a node: `Remote Plan`, `PlannedStmt`, `Select Query`, `Source Query`. */
  readonly label: string | undefined;
  /** Index of the root node of its plan; -1 when it has none. */
  root: number;
  /** Index of the node it hangs below (task, subplan, or Citus node); -1 for the statement asked for. */
  readonly container: number;
  planningMs: number | undefined;
  executionMs: number | undefined;
  jit: Jit | undefined;
  triggers: Trigger[];
  /** Name and value; on Citus the coordinator's only. */
  settings: [name: string, value: string][] | undefined;
  /** A signed 64-bit integer, as text. */
  queryIdentifier: string | undefined;
  /** Everything said beside the plan, in order: planning buffers and memory, serialization, query text, … */
  properties: Properties;
}

/** EXPLAIN's output. A statement rewritten by rules has several top-level statements. */
export interface Plan {
  format: 'json' | 'text';
  /** In preorder. */
  nodes: PlanNode[];
  statements: PlanStatement[];
  /** EXPLAIN ANALYZE: actual figures are there. */
  analyzed: boolean;
  /** What the cluster's metadata says of the shards its tasks read (shards.ts); undefined when nobody could ask, as for a pasted plan. */
  shards: Shards | undefined;
}

/** Indexes of the statements asked for (one, unless rules rewrote it). */
export function topStatements(plan: Plan): PlanStatement[] {
  return plan.statements.filter(statement => statement.container < 0);
}

/** Why a text is no plan. `line` is 1-based. */
export class PlanError extends Error {
  constructor(
    readonly reason: 'empty' | 'format' | 'noPlan',
    message: string,
    readonly line?: number,
  ) {
    super(message);
    this.name = 'PlanError';
  }
}
