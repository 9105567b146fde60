import type { Side } from '../../shared/side';
import { withoutShard } from '../align-keys';
import { LogicalNames } from '../logical-names';
import type { Plan, PlanNode } from '../model';
import { family } from '../operator';
import { pairs, places } from './evidence';
import type { IndexFacts, RelationFacts, SideFacts, StatisticsFacts } from './facts';
import type { CauseContext } from './rule';

/** Tables and indexes as the user knows them, whatever their shards are called. */

function inTask(plan: Plan, node: PlanNode): boolean {
  return places(plan).tasks[node.index]! >= 0;
}

const namesOfPlans = new WeakMap<Plan, LogicalNames>();

/** Names by the metadata; undefined where a plan came without, whose shards are then told by their numbers. */
function namesOf(plan: Plan): LogicalNames | undefined {
  if (!plan.shards) return undefined;
  let names = namesOfPlans.get(plan);
  if (!names) {
    names = new LogicalNames(plan, false);
    namesOfPlans.set(plan, names);
  }
  return names;
}

/** `events` of a scan of `events_102009`; undefined for a node that reads no table. */
export function tableOf(plan: Plan, node: PlanNode): string | undefined {
  if (node.relation === undefined) return undefined;
  return namesOf(plan)?.relation(node) ?? withoutShard(node.relation, inTask(plan, node));
}

/** The alias of a scan, its table's name where it has none. */
export function aliasOf(plan: Plan, node: PlanNode): string {
  return namesOf(plan)?.alias(node) ?? withoutShard(node.alias ?? node.relation ?? '', inTask(plan, node));
}

/** The index that a node names, without a shard's number; empty for a node that names none. */
export function indexOf(plan: Plan, node: PlanNode): string {
  const { indexName = '' } = node;
  return namesOf(plan)?.text(indexName, node) ?? withoutShard(indexName, inTask(plan, node));
}

const tablesOfFacts = new WeakMap<SideFacts, Map<string, RelationFacts[]>>();

function tablesNamed(facts: SideFacts, name: string): RelationFacts[] {
  let tables = tablesOfFacts.get(facts);
  if (!tables) {
    tables = new Map();
    for (const table of facts.relations) {
      const same = tables.get(table.name);
      if (same) same.push(table);
      else tables.set(table.name, [table]);
    }
    tablesOfFacts.set(facts, tables);
  }
  return tables.get(name) ?? [];
}

/** What the catalogs say of the table a node reads; undefined when nobody asked, or two tables go by that name. */
export function relationFacts({ plans, facts }: CauseContext, side: Side, node: PlanNode): RelationFacts | undefined {
  const table = tableOf(plans[side], node);
  const ofSide = facts[side];
  const named = table === undefined || !ofSide ? [] : tablesNamed(ofSide, table);
  const found = node.schema === undefined ? named : named.filter(({ schema }) => schema === node.schema);
  return found.length === 1 ? found[0] : undefined;
}

export interface ScanPair {
  row: number;
  slower: PlanNode;
  faster: PlanNode;
}

const known = new WeakMap<CauseContext, ScanPair[]>();

/** Rows that scan a table on both sides. */
export function scanPairs(context: CauseContext): readonly ScanPair[] {
  let scans = known.get(context);
  if (!scans) {
    scans = pairs(context).flatMap(({ row, slower, faster }) =>
      isTableScan(slower) && isTableScan(faster) ? [{ row, slower, faster }] : [],
    );
    known.set(context, scans);
  }
  return scans;
}

function isTableScan(node: PlanNode | undefined): node is PlanNode {
  return node !== undefined && node.relation !== undefined && family(node) === 'scan';
}

/** Indexes that a scan uses, shard numbers left out: its own, or those of its bitmap. */
export function indexesUsed(plan: Plan, scan: PlanNode): string[] {
  const used = new Set<string>();
  for (const node of below(plan, scan)) {
    if (node.indexName !== undefined && (node === scan || node.type === 'Bitmap Index Scan')) {
      used.add(indexOf(plan, node));
    }
  }
  return [...used];
}

/** The node and all below it. */
export function below(plan: Plan, node: PlanNode): PlanNode[] {
  return plan.nodes.slice(node.index, node.index + node.subtreeSize);
}

/** Wall-clock time of a scan with its bitmap, JIT left out; 0 where nobody waited for it. */
export function scanMs(plan: Plan, scan: PlanNode): number {
  if (places(plan).overlapped[scan.index]) return 0;
  return below(plan, scan).reduce(
    (total, node) => total + (node.relationship === 'SubPlan' ? 0 : (node.selfMs ?? 0)),
    0,
  );
}

/**
 * What an index is, its name left out, from `pg_get_indexdef`: indexes of one kind stand in for one another. Both sides say it in
 * the same words, apart from the schema.
 */
export function indexKind({ definition }: IndexFacts): string {
  const unique = /^CREATE UNIQUE /i.test(definition) ? 'unique ' : '';
  return unique + definition.slice(Math.max(0, definition.search(/ USING /i)));
}

/** `"analytics"."events"`. */
export function quoted(...names: string[]): string {
  return names.map(name => `"${name.replaceAll('"', '""')}"`).join('.');
}

/** On a shard `10.0.0.5:5432, shard 102009`. */
export function placeWords({ node, shardId }: StatisticsFacts): string {
  return shardId === undefined ? node : `${node}, shard ${shardId}`;
}
