import type { Evidence, Remedy, RemedyStep } from '../../shared/diagnosis';
import type { Plan, PlanNode } from '../model';
import { evidence, pairs, places } from './evidence';
import type { RelationFacts } from './facts';
import { below, quoted, relationFacts, tableOf } from './relations';
import type { CauseContext } from './rule';
import { analyzeStep } from './table-remedies';

/** How tables are spread over the nodes of Citus, and in what the sides differ there. */

export interface LayoutDifference {
  slower: RelationFacts;
  faster: RelationFacts;
}

/** Tables of the statement that the sides spread differently. */
export function layoutDifferences({ facts, slower, faster }: CauseContext): LayoutDifference[] {
  return (facts[slower]?.relations ?? []).flatMap(here => {
    const there = facts[faster]?.relations.find(({ schema, name }) => schema === here.schema && name === here.name);
    if (!there) return [];
    const isSame =
      here.spread === there.spread &&
      here.distributionColumn === there.distributionColumn &&
      here.shardCount === there.shardCount;
    return isSame ? [] : [{ slower: here, faster: there }];
  });
}

export function layoutEvidence(context: CauseContext): Evidence[] {
  return layoutDifferences(context).map(({ slower, faster }) =>
    evidence(context, `${slower.schema}.${slower.name}`, spreadWords(slower), spreadWords(faster)),
  );
}

/** `distributed by tenant_id in 32 shards`. */
export function spreadWords({ spread, distributionColumn, shardCount }: RelationFacts): string {
  if (spread === 'reference') return 'reference table';
  if (spread === 'plain') return 'on one node';
  const by = distributionColumn === undefined ? '' : ` by ${distributionColumn}`;
  const shards = shardCount === undefined ? '' : ` in ${shardCount} ${shardCount === 1 ? 'shard' : 'shards'}`;
  return `distributed${by}${shards}`;
}

/** Largest number of shards of the tables read below a Citus node; undefined when the catalogs were not read. */
export function shardsBelow(context: CauseContext, side: 'slower' | 'faster', node: PlanNode): number | undefined {
  const plan = context.plans[context[side]];
  const counts = below(plan, node).flatMap(scan => {
    const facts = scan.relation === undefined ? undefined : relationFacts(context, context[side], scan);
    return facts?.spread === 'distributed' ? (facts.shardCount ?? []) : [];
  });
  return counts.length === 0 ? undefined : counts.reduce((most, count) => Math.max(most, count), 0);
}

/** The slowest task right below a Citus node. */
export function slowestTaskMs(plan: Plan, node: PlanNode): number {
  let slowest = 0;
  for (const { kind, parent, totalMs = 0 } of below(plan, node)) {
    if (kind === 'task' && parent === node.index) slowest = Math.max(slowest, totalMs);
  }
  return slowest;
}

/** Citus nodes that send tasks, outside of tasks. */
export function citusNodes(plan: Plan): PlanNode[] {
  const { tasks } = places(plan);
  return plan.nodes.filter(({ job, index }) => job !== undefined && tasks[index]! < 0);
}

/** `12 MB`, `1528 bytes` as Citus prints sizes (pg_size_pretty) → bytes. */
export function sizeOf(text: string | undefined): number | undefined {
  const match = /^(\d+(?:\.\d+)?) (bytes|kB|MB|GB|TB)$/.exec(text ?? '');
  return match ? Number(match[1]) * 1024 ** ['bytes', 'kB', 'MB', 'GB', 'TB'].indexOf(match[2]!) : undefined;
}

/** Spreads the tables as the faster side does; undefined where that is no matter, or not known. */
export function layoutRemedy(context: CauseContext): Remedy | undefined {
  // The new shards have no statistics.
  const steps = layoutDifferences(context).flatMap(({ slower, faster }) => {
    const spread = spreadSteps(slower, faster);
    return spread.length > 0 ? [...spread, analyzeStep(slower)] : [];
  });
  if (steps.length === 0) return undefined;
  return {
    summary: `Spread the tables as the ${context.faster} does. Other statements may count on the present way: look at those first, and at tables that are to stay colocated.`,
    side: context.slower,
    steps,
    verify:
      'SELECT * FROM citus_tables shows the new distribution columns, and EXPLAIN the task count of the other side.',
  };
}

const rewriteLock = 'ACCESS EXCLUSIVE on the table while its rows are written again: reads and writes wait.';

function spreadSteps(here: RelationFacts, there: RelationFacts): RemedyStep[] {
  const table = literal(quoted(here.schema, here.name));
  const step = (sql: string, rollback: string): RemedyStep => ({ on: 'coordinator', sql, lock: rewriteLock, rollback });
  const create = ({ spread, distributionColumn }: RelationFacts): string | undefined => {
    if (spread === 'reference') return `SELECT create_reference_table(${table});`;
    if (spread !== 'distributed' || distributionColumn === undefined) return undefined;
    return `SELECT create_distributed_table(${table}, ${literal(distributionColumn)});`;
  };
  const undo = `SELECT undistribute_table(${table});`;
  if (here.spread === 'distributed' && there.spread === 'distributed') {
    const [mine, theirs] = [here.distributionColumn, there.distributionColumn];
    if (mine === undefined || theirs === undefined) return [];
    const alter = (column: string): string =>
      `SELECT alter_distributed_table(${table}, distribution_column := ${literal(column)});`;
    if (mine !== theirs) return [step(alter(theirs), alter(mine))];
    if (here.shardCount === undefined || there.shardCount === undefined) return [];
    const count = (shards: number): string =>
      `SELECT alter_distributed_table(${table}, shard_count := ${shards}, cascade_to_colocated := true);`;
    return [step(count(there.shardCount), count(here.shardCount))];
  }
  const [forward, back] = [create(there), create(here)];
  if (here.spread === 'plain') return forward === undefined ? [] : [step(forward, undo)];
  if (there.spread === 'plain') return back === undefined ? [] : [step(undo, back)];
  return forward === undefined || back === undefined ? [] : [step(`${undo}\n${forward}`, `${undo}\n${back}`)];
}

function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** Rows of nodes that send tasks on both sides. */
export function citusPairs(context: CauseContext): { row: number; slower: PlanNode; faster: PlanNode }[] {
  const tasks = places(context.plans[context.slower]).tasks;
  return pairs(context).flatMap(({ row, slower, faster }) =>
    slower?.job && faster?.job && tasks[slower.index]! < 0 ? [{ row, slower, faster }] : [],
  );
}

/** Tables that the tasks of a Citus node read or write, those of its subplans left out. */
export function tablesOfTasks(plan: Plan, node: PlanNode): Set<string> {
  const { tasks } = places(plan);
  return new Set(
    below(plan, node).flatMap(scan => {
      const task = plan.nodes[tasks[scan.index]!];
      return task?.parent === node.index ? (tableOf(plan, scan) ?? []) : [];
    }),
  );
}
