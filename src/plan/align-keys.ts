import { cteName } from './init-plan-charges';
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

/**
 * Nodes that run as one: the main plan, a CTE, an InitPlan, a SubPlan, a subplan or a task of Citus. Nodes are matched within
 * the same scope first, since the same table may be scanned in several.
 */
export interface Scope {
  root: number;
  /** Index of the enclosing scope; -1 for a root. */
  outer: number;
  /** Scopes of one key are the same scope; several of one key are matched in order. */
  key: string;
  /** For order among tasks: slowest first, as Citus shows them. */
  slowness: number;
}

export interface Keys {
  scopes: Scope[];
  /** Index of each node's scope. */
  scopeOf: Int32Array;
  families: string[];
  /** What each node does, whatever place it has in the tree. */
  full: string[];
  /** A looser key to try when the full one finds nothing: the relation alone. Empty for none. */
  loose: string[];
}

const shardSuffix = /_\d+$/;

/** A shard's name without its number: `events_102009` → `events`. Only inside Citus tasks. */
export function withoutShard(name: string, inTask: boolean): string {
  return inTask ? name.replace(shardSuffix, '') : name;
}

/** Spreads a small number over 32 bits (the finalizer of MurmurHash3). */
function mix(number: number): number {
  let mixed = Math.imul(number ^ (number >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}

export function keysOf(plan: Plan, names: Names): Keys {
  const { nodes } = plan;
  const count = nodes.length;
  const tasks = enclosingTasks(plan);
  const families: string[] = new Array(count);
  const relations: string[] = new Array(count);
  // The relations below a node as a sum of hashes, so that a tree of any depth is summed up in one sweep.
  const setLow = new Int32Array(count);
  const setHigh = new Int32Array(count);
  for (let at = 0; at < count; at++) {
    const node = nodes[at]!;
    families[at] = family(node);
    relations[at] = relationOf(node, families[at]!, tasks[at]! >= 0, relations);
    if (families[at] === 'scan') {
      const number = names.numberOf(`${relations[at]}\n${aliasOf(node, tasks[at]! >= 0)}`);
      setLow[at] = mix(number);
      setHigh[at] = mix(number ^ 0x5bd1e995);
    }
  }
  const scopeRoots = new Uint8Array(count);
  for (let at = count - 1; at >= 0; at--) {
    const node = nodes[at]!;
    scopeRoots[at] = startsScope(node) ? 1 : 0;
    if (scopeRoots[at] || node.parent < 0) continue;
    setLow[node.parent]! += setLow[at]!;
    setHigh[node.parent]! += setHigh[at]!;
  }
  const full: string[] = new Array(count);
  const loose: string[] = new Array(count);
  for (let at = 0; at < count; at++) {
    const node = nodes[at]!;
    const below = `${setLow[at]} ${setHigh[at]}`;
    fillKeys(node, families[at]!, relations[at]!, below, tasks[at]! >= 0, at, full, loose);
  }
  return { families, full, loose, ...scopesOf(plan, scopeRoots, full) };
}

function relationOf(node: PlanNode, kind: string, inTask: boolean, relations: readonly string[]): string {
  if (kind === 'bitmap index' || kind === 'bitmap') return relations[node.parent] ?? '';
  const name = node.relation ?? node.cteName ?? node.functionName ?? node.alias ?? '';
  return withoutShard(name, inTask);
}

function aliasOf(node: PlanNode, inTask: boolean): string {
  return withoutShard(node.alias ?? '', inTask);
}

function fillKeys(
  node: PlanNode,
  kind: string,
  relation: string,
  below: string,
  inTask: boolean,
  at: number,
  full: string[],
  loose: string[],
): void {
  loose[at] = '';
  if (kind === 'scan') {
    full[at] = `scan ${relation} ${aliasOf(node, inTask)}`;
    loose[at] = `scan ${relation}`;
  } else if (kind === 'bitmap index') {
    full[at] = `bitmap index ${relation} ${withoutShard(node.indexName ?? '', inTask)}`;
    loose[at] = `bitmap index ${relation}`;
  } else if (kind === 'modify') {
    full[at] = `modify ${node.operation ?? ''} ${relation}`;
    loose[at] = 'modify';
  } else if (kind === 'subquery') {
    full[at] = `subquery ${node.alias ?? ''} ${below}`;
    loose[at] = `subquery ${node.alias ?? ''}`;
  } else full[at] = `${kind} ${below}`;
}

function startsScope(node: PlanNode): boolean {
  if (node.parent < 0 || node.relationship === 'InitPlan' || node.relationship === 'SubPlan') return true;
  return node.kind === 'task' || node.kind === 'subplan' || node.kind === 'mapMergeJob';
}

function scopesOf(plan: Plan, roots: Uint8Array, full: readonly string[]): Pick<Keys, 'scopes' | 'scopeOf'> {
  const scopes: Scope[] = [];
  const scopeOf = new Int32Array(plan.nodes.length);
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
    scopes.push({
      root: node.index,
      outer,
      key: scopeKey(node, full[node.index]!, ordinals.get(node.parent) ?? 0),
      slowness: node.kind === 'task' ? (node.totalMs ?? 0) : 0,
    });
  }
  return { scopes, scopeOf };
}

function scopeKey(node: PlanNode, key: string, ordinal: number): string {
  if (node.parent < 0) return 'statement';
  if (node.kind !== 'operator') return `${node.kind} ${ordinal} ${node.shardRange ?? ''}`;
  const cte = cteName(node);
  if (cte !== undefined) return `CTE ${cte}`;
  return `${node.relationship} ${key}`;
}
