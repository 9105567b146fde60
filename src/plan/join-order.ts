import { keysOf, Names, type RelationSets, withoutPartition } from './align-keys';
import { type Change, change } from './change';
import type { Comparison } from './compare-nodes';
import type { LogicalNames } from './logical-names';
import type { PlanNode } from './model';
import { family } from './operator';

/** As many relations as a line holds. */
const mostNamed = 6;
/** Nodes looked at for their names: below a chain of thousands of nodes nobody reads them. */
const mostVisited = 500;

/** The tables below each node of both plans, worked out when the first joins are compared. */
export class JoinSets {
  #sets: [RelationSets, RelationSets] | undefined;

  constructor(
    private readonly source: LogicalNames,
    private readonly target: LogicalNames,
  ) {}

  /** Whether the same tables lie below both nodes. */
  same(source: number, target: number): boolean {
    if (!this.#sets) {
      const names = new Names();
      this.#sets = [keysOf(this.source, names).tables, keysOf(this.target, names).tables];
    }
    const [a, b] = this.#sets;
    return a.low[source] === b.low[target] && a.high[source] === b.high[target];
  }
}

function isJoin(node: PlanNode): boolean {
  return family(node) === 'join';
}

/** Joins that were matched by their place alone: what they do to how many rows is not the same work. */
export function joinsOthers(source: PlanNode, target: PlanNode, sets: JoinSets): boolean {
  return isJoin(source) && isJoin(target) && !sets.same(source.index, target.index);
}

/** The order in which two joins bring their relations together: `a, b; then c`. */
export function joinOrder(source: PlanNode, target: PlanNode, { source: a, target: b, joins }: Comparison): Change[] {
  if (!isJoin(source) || !isJoin(target)) return [];
  const [outerA, innerA] = inputs(a, source);
  const [outerB, innerB] = inputs(b, target);
  if (!outerA || !innerA || !outerB || !innerB) return [];
  const same = (one: PlanNode, other: PlanNode): boolean => joins.same(one.index, other.index);
  if (same(outerA, outerB) && same(innerA, innerB)) return [];
  const isSwapped = same(outerA, innerB) && same(innerA, outerB);
  const what = isSwapped ? 'join sides' : joinsOthers(source, target, joins) ? 'joined relations' : 'join order';
  const text = (names: LogicalNames, outer: PlanNode, inner: PlanNode): string =>
    `${namesBelow(names, outer)} with ${namesBelow(names, inner)}`;
  return [change('structure', what, text(a, outerA, innerA), text(b, outerB, innerB))];
}

function inputs({ plan }: LogicalNames, join: PlanNode): [outer: PlanNode | undefined, inner: PlanNode | undefined] {
  let outer: PlanNode | undefined;
  let inner: PlanNode | undefined;
  const end = join.index + join.subtreeSize;
  for (let at = join.index + 1; at < end; at += plan.nodes[at]!.subtreeSize) {
    const child = plan.nodes[at]!;
    if (child.relationship === 'Outer') outer = child;
    else if (child.relationship === 'Inner') inner = child;
  }
  return [outer, inner];
}

/** `(e, t)`: aliases of the scans below, in order, partitions as one. */
function namesBelow(names: LogicalNames, top: PlanNode): string {
  const { nodes } = names.plan;
  const found: string[] = [];
  const end = Math.min(top.index + top.subtreeSize, top.index + mostVisited);
  let isMember = false;
  for (let at = top.index; at < end && found.length <= mostNamed; at++) {
    const node = nodes[at]!;
    if (at > top.index && (node.relationship === 'InitPlan' || node.relationship === 'SubPlan')) {
      at += node.subtreeSize - 1;
      continue;
    }
    const kind = family(node);
    isMember ||= kind === 'append';
    if (kind !== 'scan') continue;
    const name = names.alias(node) || names.relation(node);
    const shown = isMember ? withoutPartition(name) : name;
    if (found.at(-1) !== shown && !(isMember && found.includes(shown))) found.push(shown);
  }
  if (found.length > mostNamed) found.splice(mostNamed, 1, '…');
  return found.length === 1 ? found[0]! : `(${found.join(', ')})`;
}
