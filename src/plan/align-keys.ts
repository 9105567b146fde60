import { cteName } from './init-plan-charges';
import { keyOf, mix, noKey } from './key-table';
import type { LogicalNames } from './logical-names';
import type { Plan, PlanNode } from './model';
import { family } from './operator';
import { enclosingTasks } from './shards';

/** Gives every name a number, the same for both plans. */
export class Names {
  readonly #numbers = new Map<string, number>();

  numberOf(name: string): number {
    let number = this.#numbers.get(name);
    if (number === undefined) {
      number = this.#numbers.size + 1;
      this.#numbers.set(name, number);
    }
    return number;
  }
}

const shardSuffix = /_\d+$/;

/** A shard's name without its number, for catalog rows that come without metadata; nodes are named by logical-names.ts. */
export function withoutShard(name: string, isShard: boolean): string {
  return isShard ? name.replace(shardSuffix, '') : name;
}

/**
 * Nodes that run as one: the main plan, a CTE, an InitPlan, a SubPlan, a subplan or a task of Citus. Nodes are matched within
 * the same scope first, since the same table may be scanned in several.
 */
export interface Scope {
  root: number;
  /** Index of the enclosing scope; -1 for a root. */
  outer: number;
  /** What it is, from strict to loose: scopes of one key are the same scope, several of one key are matched in order. */
  keys: readonly [strict: string, contents: string, kind: string];
  /** The same wherever it stands, as a CTE declared elsewhere; undefined when the place belongs to it. */
  anywhere: string | undefined;
  /** For order among tasks: slowest first, as Citus shows them. */
  slowness: number;
}

/** Sets of relations, as sums of hashes, so that a tree of any depth is summed up in one sweep. */
export interface RelationSets {
  low: Int32Array;
  high: Int32Array;
}

export interface Keys {
  scopes: Scope[];
  /** Index of each node's scope. */
  scopeOf: Int32Array;
  families: string[];
  /** The families as numbers. */
  kinds: Int32Array;
  /** What each node does, whatever place it has in the tree (see key-table.ts). */
  full: Float64Array;
  /** A looser key to try when the full one finds nothing: the relation alone, or the tables below whatever their partitions. */
  loose: Float64Array;
  /** Below an Append: one of several that do the same with other partitions. */
  isMember: Uint8Array;
  /** The tables below each node by alias, where an Append of partitions counts as one table. */
  tables: RelationSets;
}

export function keysOf(logical: LogicalNames, names: Names): Keys {
  const { plan } = logical;
  const { nodes } = plan;
  const count = nodes.length;
  const families: string[] = new Array(count);
  const relations = new Int32Array(count);
  const aliases = new Int32Array(count);
  const kinds = new Int32Array(count);
  const isMember = new Uint8Array(count);
  const scopeRoots = new Uint8Array(count);
  const exact = emptySets(count);
  const tables = emptySets(count);
  for (let at = 0; at < count; at++) {
    const node = nodes[at]!;
    const { parent } = node;
    const kind = family(node);
    families[at] = kind;
    kinds[at] = names.numberOf(kind);
    scopeRoots[at] = startsScope(node) ? 1 : 0;
    if (!scopeRoots[at] && (isMember[parent] || families[parent] === 'append')) isMember[at] = 1;
    if (kind === 'bitmap index' || kind === 'bitmap') relations[at] = relations[parent] ?? 0;
    else relations[at] = names.numberOf(logical.relation(node));
    const alias = logical.alias(node);
    aliases[at] = names.numberOf(alias);
    if (kind !== 'scan') continue;
    add(exact, at, relations[at]!, aliases[at]!);
    add(tables, at, 0, isMember[at] ? names.numberOf(withoutPartition(alias)) : aliases[at]!);
  }
  sumUp(plan, families, scopeRoots, exact, tables);
  const full = new Float64Array(count);
  const loose = new Float64Array(count).fill(noKey);
  for (let at = 0; at < count; at++) {
    const node = nodes[at]!;
    const kind = kinds[at]!;
    const relation = relations[at]!;
    switch (families[at]) {
      case 'scan':
        full[at] = keyOf(kind, relation, aliases[at]!, 0);
        if (logical.relation(node)) loose[at] = keyOf(kind, relation, 0, 0);
        break;
      case 'bitmap index':
        full[at] = keyOf(kind, relation, names.numberOf(logical.index(node)), 0);
        loose[at] = keyOf(kind, relation, 0, 0);
        break;
      case 'modify':
        full[at] = keyOf(kind, relation, names.numberOf(node.operation ?? ''), 0);
        loose[at] = keyOf(kind, 0, 0, 0);
        break;
      case 'subquery':
        full[at] = keyOf(kind, aliases[at]!, exact.low[at]!, exact.high[at]!);
        loose[at] = keyOf(kind, aliases[at]!, 0, 0);
        break;
      default:
        full[at] = keyOf(kind, 0, exact.low[at]!, exact.high[at]!);
        // Members do the same with other partitions each: those one side has alone have no counterpart.
        if (!isMember[at]) loose[at] = keyOf(kind, 1, tables.low[at]!, tables.high[at]!);
    }
  }
  const scopes = scopesOf(plan, scopeRoots, full, contentsOf(plan, families, relations));
  return { families, kinds, full, loose, isMember, tables, ...scopes };
}

function emptySets(count: number): RelationSets {
  return { low: new Int32Array(count), high: new Int32Array(count) };
}

function add({ low, high }: RelationSets, at: number, relation: number, alias: number): void {
  low[at] = mix(mix(relation) ^ alias);
  high[at] = mix(low[at]! ^ (relation + Math.imul(alias, 31)));
}

/** PostgreSQL tells the partitions of one table apart by a number after its alias: `e_1`, `e_2` (ruleutils.c, set_rtable_names). */
export function withoutPartition(alias: string): string {
  return alias.replace(/_\d+$/, '');
}

/** Adds up the sets from the leaves; the branches of an Append that read the same tables count once. */
function sumUp(
  { nodes }: Plan,
  families: readonly string[],
  scopeRoots: Uint8Array,
  exact: RelationSets,
  tables: RelationSets,
): void {
  const branch = emptySets(nodes.length);
  for (let at = nodes.length - 1; at >= 0; at--) {
    const { parent } = nodes[at]!;
    if (scopeRoots[at] || parent < 0) continue;
    exact.low[parent]! += exact.low[at]!;
    exact.high[parent]! += exact.high[at]!;
    if (families[parent] === 'append') {
      if (branch.low[parent] === tables.low[at] && branch.high[parent] === tables.high[at]) continue;
      branch.low[parent] = tables.low[at]!;
      branch.high[parent] = tables.high[at]!;
    }
    tables.low[parent]! += tables.low[at]!;
    tables.high[parent]! += tables.high[at]!;
  }
}

/** For each subplan of Citus the relations read in it, also by its tasks, however many. */
function contentsOf({ nodes }: Plan, families: readonly string[], relations: Int32Array): Map<number, string> {
  const read = new Map<number, Set<number>>();
  const enclosing = new Int32Array(nodes.length).fill(-1);
  for (const { index, parent, kind } of nodes) {
    if (kind === 'subplan') {
      enclosing[index] = index;
      read.set(index, new Set());
    } else if (parent >= 0) enclosing[index] = enclosing[parent]!;
    if (families[index] === 'scan' && enclosing[index]! >= 0) read.get(enclosing[index]!)!.add(relations[index]!);
  }
  return new Map([...read].map(([at, set]) => [at, [...set].sort((a, b) => a - b).join(',')]));
}

function startsScope(node: PlanNode): boolean {
  if (node.parent < 0 || node.relationship === 'InitPlan' || node.relationship === 'SubPlan') return true;
  return node.kind === 'task' || node.kind === 'subplan' || node.kind === 'mapMergeJob';
}

function scopesOf(
  plan: Plan,
  roots: Uint8Array,
  full: Float64Array,
  contents: Map<number, string>,
): Pick<Keys, 'scopes' | 'scopeOf'> {
  const scopes: Scope[] = [];
  const scopeOf = new Int32Array(plan.nodes.length);
  const tables = plan.nodes.some(node => node.shardRange !== undefined)
    ? tablesOfTasks(plan)
    : new Map<number, string>();
  // Tasks of the first Citus node of a scope are not those of the second.
  const citusNodes = new Map<number, number>();
  const ordinals = new Map<number, number>();
  for (const node of plan.nodes) {
    const outer = node.parent < 0 ? -1 : scopeOf[node.parent]!;
    if (!roots[node.index]) {
      scopeOf[node.index] = outer;
      if (node.job) {
        const ordinal = citusNodes.get(outer) ?? 0;
        citusNodes.set(outer, ordinal + 1);
        ordinals.set(node.index, ordinal);
      }
      continue;
    }
    if (node.job) ordinals.set(node.index, 0);
    scopeOf[node.index] = scopes.length;
    if (node.job) citusNodes.set(scopes.length, 1);
    const ordinal = ordinals.get(node.parent) ?? 0;
    scopes.push({
      root: node.index,
      outer,
      ...scopeKeys(node, full[node.index]!, ordinal, tables.get(node.index) ?? contents.get(node.index) ?? ''),
      slowness: node.kind === 'task' ? (node.totalMs ?? 0) : 0,
    });
  }
  return { scopes, scopeOf };
}

/** For each task the first table of its shards, of those that have a range: colocated tables have the same ranges. */
function tablesOfTasks(plan: Plan): Map<number, string> {
  const tables = new Map<number, string>();
  const tasks = enclosingTasks(plan);
  for (const { index, relation } of plan.nodes) {
    const task = tasks[index]!;
    const shard = task < 0 || tables.has(task) || relation === undefined ? undefined : plan.shards?.get(relation);
    if (shard?.range !== undefined) tables.set(task, shard.table);
  }
  return tables;
}

function scopeKeys(node: PlanNode, key: number, ordinal: number, contents: string): Pick<Scope, 'keys' | 'anywhere'> {
  const { kind, shardRange } = node;
  if (node.parent < 0) return { keys: ['statement', 'statement', 'statement'], anywhere: undefined };
  if (kind === 'task' && shardRange !== undefined) {
    const shard = `task ${contents} ${shardRange}`;
    return { keys: [`${shard} ${ordinal}`, shard, `task ${ordinal}`], anywhere: shard };
  }
  if (kind !== 'operator') {
    const place = `${kind} ${ordinal}`;
    return { keys: [`${place} ${contents}`, place, place], anywhere: undefined };
  }
  const cte = cteName(node);
  if (cte !== undefined) return { keys: [`CTE ${cte}`, `CTE ${cte}`, 'CTE'], anywhere: `CTE ${cte}` };
  const relationship = node.relationship!;
  return { keys: [`${relationship} ${key}`, relationship, relationship], anywhere: undefined };
}
