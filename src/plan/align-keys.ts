import { cteName } from './init-plan-charges';
import { keyOf, mix, noKey } from './key-table';
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
  /** The families as numbers. */
  kinds: Int32Array;
  /** What each node does, whatever place it has in the tree (see key-table.ts). */
  full: Float64Array;
  /** A looser key to try when the full one finds nothing: the relation alone. */
  loose: Float64Array;
}

const shardSuffix = /_\d+$/;

/** A shard's name without its number: `events_102009` → `events`. Only inside Citus tasks. */
export function withoutShard(name: string, inTask: boolean): string {
  return inTask ? name.replace(shardSuffix, '') : name;
}

export function keysOf(plan: Plan, names: Names): Keys {
  const { nodes } = plan;
  const count = nodes.length;
  const tasks = enclosingTasks(plan);
  const families: string[] = new Array(count);
  const relations = new Int32Array(count);
  const aliases = new Int32Array(count);
  const kinds = new Int32Array(count);
  // The relations below a node as a sum of hashes, so that a tree of any depth is summed up in one sweep.
  const setLow = new Int32Array(count);
  const setHigh = new Int32Array(count);
  for (let at = 0; at < count; at++) {
    const node = nodes[at]!;
    const inTask = tasks[at]! >= 0;
    const kind = family(node);
    families[at] = kind;
    kinds[at] = names.numberOf(kind);
    if (kind === 'bitmap index' || kind === 'bitmap') relations[at] = relations[node.parent] ?? 0;
    else relations[at] = names.numberOf(withoutShard(readName(node), inTask));
    aliases[at] = names.numberOf(withoutShard(node.alias ?? '', inTask));
    if (kind === 'scan') {
      setLow[at] = mix(mix(relations[at]!) ^ aliases[at]!);
      setHigh[at] = mix(setLow[at]! ^ (relations[at]! + Math.imul(aliases[at]!, 31)));
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
  const full = new Float64Array(count);
  const loose = new Float64Array(count).fill(noKey);
  for (let at = 0; at < count; at++) {
    const node = nodes[at]!;
    const kind = kinds[at]!;
    const relation = relations[at]!;
    switch (families[at]) {
      case 'scan':
        full[at] = keyOf(kind, relation, aliases[at]!, 0);
        loose[at] = keyOf(kind, relation, 0, 0);
        break;
      case 'bitmap index':
        full[at] = keyOf(kind, relation, names.numberOf(withoutShard(node.indexName ?? '', tasks[at]! >= 0)), 0);
        loose[at] = keyOf(kind, relation, 0, 0);
        break;
      case 'modify':
        full[at] = keyOf(kind, relation, names.numberOf(node.operation ?? ''), 0);
        loose[at] = keyOf(kind, 0, 0, 0);
        break;
      case 'subquery':
        full[at] = keyOf(kind, aliases[at]!, setLow[at]!, setHigh[at]!);
        loose[at] = keyOf(kind, aliases[at]!, 0, 0);
        break;
      default:
        full[at] = keyOf(kind, 0, setLow[at]!, setHigh[at]!);
    }
  }
  return { families, kinds, full, loose, ...scopesOf(plan, scopeRoots, full) };
}

function readName(node: PlanNode): string {
  return node.relation ?? node.cteName ?? node.functionName ?? node.alias ?? '';
}

function startsScope(node: PlanNode): boolean {
  if (node.parent < 0 || node.relationship === 'InitPlan' || node.relationship === 'SubPlan') return true;
  return node.kind === 'task' || node.kind === 'subplan' || node.kind === 'mapMergeJob';
}

function scopesOf(plan: Plan, roots: Uint8Array, full: Float64Array): Pick<Keys, 'scopes' | 'scopeOf'> {
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

function scopeKey(node: PlanNode, key: number, ordinal: number): string {
  if (node.parent < 0) return 'statement';
  if (node.kind !== 'operator') return `${node.kind} ${ordinal} ${node.shardRange ?? ''}`;
  const cte = cteName(node);
  if (cte !== undefined) return `CTE ${cte}`;
  return `${node.relationship} ${key}`;
}
