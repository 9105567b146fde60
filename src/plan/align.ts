import { type Keys, keysOf, Names, type Scope } from './align-keys';
import { KeyTable, keyOf, keyWithin, noKey } from './key-table';
import { logicalNames } from './logical-names';
import { mergeRows } from './merge-rows';
import type { Plan } from './model';

/** One line of the two trees side by side: a pair of nodes that do the same work, or a node that has no counterpart. */
export interface AlignedRow {
  source?: number;
  target?: number;
  depth: number;
  /** How many of the following rows lie below this one. */
  descendants: number;
}

/** Partner of each node on the other side; -1 for none. */
export interface Matches {
  ofSource: Int32Array;
  ofTarget: Int32Array;
}

/**
 * Lines up two plans by the work their nodes do, not by their place, so that an added Sort or Gather does not unmatch
 * everything below it. In turn: scopes (see {@link Keys}); within a scope equal keys in plan order (scans by relation and
 * alias, joins by the set of relations below, others by family and relations below); scans of the same relation under
 * another alias, and others by the tables below, whatever their partitions; equal keys in a scope without counterpart (a CTE
 * inlined on one side); what is left by family under the same matched ancestor.
 * Every node is in exactly one row; time grows linearly with the number of nodes.
 */
export function alignPlans(source: Plan | undefined, target: Plan | undefined): AlignedRow[] {
  return mergeRows(source?.nodes ?? [], target?.nodes ?? [], matchPlans(source, target));
}

export function matchPlans(source: Plan | undefined, target: Plan | undefined): Matches {
  const matches: Matches = {
    ofSource: new Int32Array(source?.nodes.length ?? 0).fill(-1),
    ofTarget: new Int32Array(target?.nodes.length ?? 0).fill(-1),
  };
  if (!source || !target) return matches;
  const names = new Names();
  const [sourceNames, targetNames] = logicalNames(source, target);
  const sides: [Keys, Keys] = [keysOf(sourceNames, names), keysOf(targetNames, names)];
  const partners = matchScopes(...sides, matches);
  const inScope = (keys: Float64Array, scopeOf: Int32Array, mapped?: Int32Array) => (at: number) => {
    const scope = mapped ? mapped[scopeOf[at]!]! : scopeOf[at]!;
    return scope >= 0 ? keyWithin(scope, keys[at]!) : noKey;
  };
  const [left, right] = sides;
  pair(matches, inScope(left.full, left.scopeOf, partners), inScope(right.full, right.scopeOf));
  pair(matches, inScope(left.loose, left.scopeOf, partners), inScope(right.loose, right.scopeOf));
  pairAcrossScopes(left, right, partners, matches);
  pairByPlace(source, target, sides, matches);
  return matches;
}

/**
 * Equal keys in other scopes, when one of the scopes has no counterpart: a CTE that was inlined, a SubPlan that became a
 * join. What runs in a task is compared within that task only.
 */
function pairAcrossScopes(source: Keys, target: Keys, partners: Int32Array, matches: Matches): void {
  const partnerOfTarget = new Int32Array(target.scopes.length).fill(-1);
  for (const [scope, partner] of partners.entries()) if (partner >= 0) partnerOfTarget[partner] = scope;
  if (!partners.includes(-1) && !partnerOfTarget.includes(-1)) return;
  const tasksOf = (keys: Keys): Int32Array => {
    const tasks = new Int32Array(keys.scopes.length).fill(-1);
    for (const [i, { root, outer }] of keys.scopes.entries()) {
      tasks[i] = keys.families[root] === 'task' ? i : outer < 0 ? -1 : tasks[outer]!;
    }
    return tasks;
  };
  const sourceTasks = tasksOf(source);
  const targetTasks = tasksOf(target);
  const acrossScopes = (keys: Keys, tasks: Int32Array, own: Int32Array, mapped: Int32Array | undefined) => {
    return (alone: boolean) =>
      (at: number): number => {
        const scope = keys.scopeOf[at]!;
        if (isLevel(keys.families[at]!) || (alone && own[scope]! >= 0)) return noKey;
        const task = tasks[scope]!;
        const place = task < 0 || !mapped ? task : mapped[task]!;
        return task >= 0 && place < 0 ? noKey : keyWithin(place, keys.full[at]!);
      };
  };
  const keyOfSource = acrossScopes(source, sourceTasks, partners, partners);
  const keyOfTarget = acrossScopes(target, targetTasks, partnerOfTarget, undefined);
  // Both alone first: what is left of a key is then alone on one side at most, so that the order of the rest is no matter.
  pair(matches, keyOfSource(true), keyOfTarget(true));
  pair(matches, keyOfSource(true), keyOfTarget(false));
  pair(matches, keyOfSource(false), keyOfTarget(true));
}

/** Levels of Citus and JIT lines are matched with their scope only. */
function isLevel(kind: string): boolean {
  return kind === 'task' || kind === 'subplan' || kind === 'mapMergeJob' || kind === 'jit';
}

function join({ ofSource, ofTarget }: Matches, source: number, target: number): void {
  ofSource[source] = target;
  ofTarget[target] = source;
}

/** Matches unmatched nodes of equal key, the first with the first. */
function pair(matches: Matches, keyOfSource: (at: number) => number, keyOfTarget: (at: number) => number): void {
  const { ofSource, ofTarget } = matches;
  const waiting = new KeyTable(ofTarget.length);
  let any = false;
  for (let at = ofTarget.length - 1; at >= 0; at--) {
    if (ofTarget[at]! >= 0) continue;
    const key = keyOfTarget(at);
    if (key === noKey) continue;
    waiting.addFirst(key, at);
    any = true;
  }
  if (!any) return;
  for (let at = 0; at < ofSource.length; at++) {
    if (ofSource[at]! >= 0) continue;
    const key = keyOfSource(at);
    const partner = key === noKey ? -1 : waiting.take(key);
    if (partner >= 0) join(matches, at, partner);
  }
}

/**
 * Matches scopes from the outermost in, tasks by the hash range of their shards where it is known, else slowest with
 * slowest; returns the partner of each source scope.
 */
function matchScopes(source: Keys, target: Keys, matches: Matches): Int32Array {
  const partners = new Int32Array(source.scopes.length).fill(-1);
  const taken = new Uint8Array(target.scopes.length);
  const rounds: ((outer: number, scope: Scope) => string | undefined)[] = [
    (outer, { keys }) => `${outer} ${keys[0]}`,
    // The same shard in another place of the scope.
    (outer, { keys }) => `${outer} ${keys[1]}`,
    // InitPlans and SubPlans whose contents changed, tasks on other shards.
    (outer, { keys }) => `${outer} ${keys[2]}`,
    (_, { anywhere }) => anywhere,
  ];
  const order = (keys: Keys): number[] =>
    keys.scopes.map((_, i) => i).sort((a, b) => keys.scopes[b]!.slowness - keys.scopes[a]!.slowness || a - b);
  const sourceByDepth = byDepth(source, order(source));
  const targetByDepth = byDepth(target, order(target));
  for (const [round, keyOf] of rounds.entries()) {
    const isGlobal = round === rounds.length - 1;
    const levels = isGlobal ? 1 : Math.max(sourceByDepth.length, targetByDepth.length);
    for (let level = 0; level < levels; level++) {
      const waiting = new Map<string, number[]>();
      for (const scope of isGlobal ? targetByDepth.flat() : (targetByDepth[level] ?? [])) {
        if (taken[scope]) continue;
        const full = keyOf(target.scopes[scope]!.outer, target.scopes[scope]!);
        if (full === undefined) continue;
        const list = waiting.get(full);
        if (list) list.push(scope);
        else waiting.set(full, [scope]);
      }
      for (const list of waiting.values()) list.reverse();
      for (const scope of isGlobal ? sourceByDepth.flat() : (sourceByDepth[level] ?? [])) {
        if (partners[scope]! >= 0) continue;
        const { outer } = source.scopes[scope]!;
        const mapped = outer < 0 ? -1 : partners[outer]!;
        if (outer >= 0 && mapped < 0 && !isGlobal) continue;
        const full = keyOf(mapped, source.scopes[scope]!);
        const partner = full === undefined ? undefined : waiting.get(full)?.pop();
        if (partner === undefined) continue;
        partners[scope] = partner;
        taken[partner] = 1;
        const roots = [source.scopes[scope]!.root, target.scopes[partner]!.root] as const;
        if (isLevel(source.families[roots[0]]!)) join(matches, ...roots);
      }
    }
  }
  return partners;
}

/** Scopes by how many scopes enclose them; each level in the order given. */
function byDepth({ scopes }: Keys, order: readonly number[]): number[][] {
  const depths = new Int32Array(scopes.length);
  for (const [i, scope] of scopes.entries()) depths[i] = scope.outer < 0 ? 0 : depths[scope.outer]! + 1;
  const levels: number[][] = [];
  for (const scope of order) {
    const depth = depths[scope]!;
    while (levels.length <= depth) levels.push([]);
    levels[depth]!.push(scope);
  }
  return levels;
}

/**
 * What is left is matched by family below the same matched ancestor; never scans, which read something else, nor the
 * branches of an Append, which work on other partitions.
 */
function pairByPlace(source: Plan, target: Plan, [left, right]: [Keys, Keys], matches: Matches): void {
  const nearest = (plan: Plan, own: Int32Array): Int32Array => {
    const above = new Int32Array(plan.nodes.length).fill(-1);
    for (const { index, parent } of plan.nodes) {
      if (parent >= 0) above[index] = own[parent]! >= 0 ? parent : above[parent]!;
    }
    return above;
  };
  const aboveSource = nearest(source, matches.ofSource);
  const aboveTarget = nearest(target, matches.ofTarget);
  const key = (keys: Keys, at: number, own: number, above: number): number => {
    const kind = keys.families[at]!;
    const isBranch = keys.isMember[at]! > 0 && !keys.isMember[own];
    return kind === 'scan' || isLevel(kind) || isBranch ? noKey : keyOf(above, keys.kinds[at]!, 0, 2);
  };
  const original = Int32Array.from(matches.ofSource);
  pair(
    matches,
    at => key(left, at, aboveSource[at]!, aboveSource[at]! < 0 ? -1 : original[aboveSource[at]!]!),
    at => key(right, at, aboveTarget[at]!, aboveTarget[at]!),
  );
}
