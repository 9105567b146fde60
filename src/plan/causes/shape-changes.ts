import type { Plan, PlanNode } from '../model';
import { family, nodeName } from '../operator';
import { estimateFactor, factor } from '../thresholds';
import { bothTimed, matters, type Pair, pairs, parentRows, places } from './evidence';
import { aliasOf, indexOf } from './relations';
import type { CauseContext } from './rule';

/** How the two plans go about the work differently: what a planner setting or a statistic can bring about. */
export interface ShapeChange {
  /**
   * `added`, `removed`: as seen from the faster side, the slower one has a node more or less. `forbidden`: one side uses a
   * node that a setting forbids.
   */
  kind: 'access' | 'join' | 'order' | 'strategy' | 'forbidden' | 'estimate' | 'added' | 'removed';
  /** The row that shows it. */
  row: number;
  slower: PlanNode | undefined;
  faster: PlanNode | undefined;
}

const known = new WeakMap<CauseContext, ShapeChange[]>();

/** Every change of shape in what somebody waited for but the order of joins, in the order of the rows. */
export function shapeChanges(context: CauseContext): ShapeChange[] {
  let changes = known.get(context);
  if (!changes) {
    changes = pairs(context).flatMap(pair => changesOf(context, pair));
    known.set(context, changes);
  }
  return changes;
}

function changesOf(context: CauseContext, { row, slower, faster }: Pair): ShapeChange[] {
  const change = (kind: ShapeChange['kind']): ShapeChange => ({ kind, row, slower, faster });
  const isSkipped = (node: PlanNode | undefined, plan: Plan): boolean =>
    node !== undefined && (node.kind !== 'operator' || places(plan).overlapped[node.index] === 1);
  if (isSkipped(slower, context.plans[context.slower]) || isSkipped(faster, context.plans[context.faster])) return [];
  if (!slower) return [change('removed')];
  if (!faster) return [change('added')];
  const changes: ShapeChange[] = [];
  const kind = family(slower);
  if (slower.type !== faster.type || slower.strategy !== faster.strategy) {
    changes.push(change(kind === 'scan' ? 'access' : kind === 'join' ? 'join' : 'strategy'));
  } else if (indexOf(context.plans[context.slower], slower) !== indexOf(context.plans[context.faster], faster)) {
    changes.push(change('access'));
  }
  if ((slower.disabled ?? false) !== (faster.disabled ?? false)) changes.push(change('forbidden'));
  if (factor(slower.planRows ?? 0, faster.planRows ?? 0) >= estimateFactor) changes.push(change('estimate'));
  return changes;
}

/**
 * Dear, so asked for apart. The relations are joined in another order when the sets that some joins bring together exist on one
 * side only.
 */
export function joinOrderChange(context: CauseContext): ShapeChange | undefined {
  const { plans, slower, faster } = context;
  const sets = [joinSets(plans[slower]), joinSets(plans[faster])] as const;
  const differs = (own: Map<string, number>, other: Map<string, number>): boolean =>
    [...own.keys()].some(set => !other.has(set));
  if (!differs(sets[0], sets[1]) || !differs(sets[1], sets[0])) return undefined;
  const nodes = new Set([...sets[0].values()]);
  const shown = pairs(context).find(pair => pair.slower && nodes.has(pair.slower.index));
  return shown && { kind: 'order', row: shown.row, slower: shown.slower, faster: shown.faster };
}

/** Relations brought together by each join, with its node. Plans wider than this are joins of partitions, not of choice. */
const mostRelations = 40;

function joinSets(plan: Plan): Map<string, number> {
  const sets = new Map<string, number>();
  const below: (Set<string> | undefined)[] = new Array(plan.nodes.length);
  for (let at = plan.nodes.length - 1; at >= 0; at--) {
    const node = plan.nodes[at]!;
    const own = below[at] ?? new Set<string>();
    if (node.relation !== undefined && family(node) === 'scan') {
      own.add(aliasOf(plan, node));
    }
    if (family(node) === 'join' && own.size <= mostRelations) {
      const set = [...own].sort().join(' ');
      if (!sets.has(set)) sets.set(set, at);
    }
    if (node.parent < 0 || own.size === 0) continue;
    const above = below[node.parent];
    if (!above) below[node.parent] = own;
    else if (above.size <= mostRelations) for (const name of own) above.add(name);
    below[at] = undefined;
  }
  return sets;
}

/** Where a changed plan costs time: the row whose whole subtree counts. */
export interface Place {
  row: number;
  ms: number | undefined;
}

/**
 * The row itself, or where only one side has it, the nearest above that both have, else the first below; undefined when it
 * costs the slower side nothing.
 */
export function placeOf(context: CauseContext, row: number): Place | undefined {
  const all = pairs(context);
  const parents = parentRows(context);
  let at = row;
  while (at >= 0 && !isShared(all[at]!)) at = parents[at]!;
  if (at < 0) {
    const end = row + context.rows[row]!.descendants;
    at = row;
    while (at <= end && !isShared(all[at]!)) at++;
    if (at > end) return undefined;
  }
  return costOf(context, at);
}

const costs = new WeakMap<CauseContext, Map<number, Place | undefined>>();

function costOf(context: CauseContext, row: number): Place | undefined {
  const known = costs.get(context) ?? new Map<number, Place | undefined>();
  costs.set(context, known);
  if (!known.has(row)) known.set(row, compareBelow(context, row));
  return known.get(row);
}

function compareBelow(context: CauseContext, row: number): Place | undefined {
  const { slower, faster } = pairs(context)[row]!;
  if (places(context.plans[context.slower]).overlapped[slower!.index]) return undefined;
  // What the other side would have taken is not known, so nothing can be said of the difference.
  if (!bothTimed(context)) return { row, ms: undefined };
  const ofSlower = withoutJit(context.plans[context.slower], slower!);
  const ofFaster = withoutJit(context.plans[context.faster], faster!);
  return matters(context, ofSlower, ofFaster) ? { row, ms: ofSlower - ofFaster } : undefined;
}

function isShared({ slower, faster }: Pair): boolean {
  return slower !== undefined && faster !== undefined;
}

/** A root's time holds the compilation that jit-time.ts took off the other nodes; it has causes of its own. */
function withoutJit({ nodes, statements }: Plan, { index, statement, totalMs = 0 }: PlanNode): number {
  if (statements[statement]!.root !== index) return totalMs;
  let at = index + 1;
  while (nodes[at]?.parent === index && nodes[at]!.kind !== 'jit') at += nodes[at]!.subtreeSize;
  const line = nodes[at]?.kind === 'jit' && nodes[at]!.parent === index ? nodes[at] : undefined;
  return Math.max(0, totalMs - (line?.totalMs ?? 0));
}

/** `Seq Scan on events`, `none`. */
export function nodeWords(node: PlanNode | undefined): string {
  return node ? nodeName(node) : 'none';
}
