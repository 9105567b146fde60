import { formatCount, formatMs, formatRows } from '../shared/format';
import { withoutShard } from './align-keys';
import { type Change, change } from './change';
import { compareStructure } from './compare-structure';
import type { JoinSets } from './join-order';
import { joinsOthers } from './join-order';
import type { LogicalNames } from './logical-names';
import type { PlanNode } from './model';
import { family, isDistributed, nodeName } from './operator';
import type { Properties } from './properties';
import { compareSpills } from './spills';
import { taskDistribution } from './tasks';
import { estimateFactor, factor, isNoise, noiseMs, workFactor, workMinimum, worthMentioningShare } from './thresholds';

/** What two nodes are compared in. */
export interface Comparison {
  source: LogicalNames;
  target: LogicalNames;
  joins: JoinSets;
  /** Tasks on other parts of the data: their rows, estimates and times say nothing about one another. */
  otherShard: boolean;
  /** A Citus node whose tasks are not compared one by one, since they work on other parts of the data. */
  otherTasks: boolean;
  /** The longer of both execution times; undefined when not both were executed. */
  executionMs: number | undefined;
}

/**
 * Everything that differs between two matched nodes: structure first, then spills, estimates, work, and time last, so that a
 * warm cache does not pass for progress. Costs are never compared: 18 counts disabled nodes beside them, and a setting that
 * differs changes their unit.
 */
export function compareNodes(source: PlanNode, target: PlanNode, context: Comparison): Change[] {
  if (source.kind === 'jit') return compareJit(source, target, context);
  const changes = compareStructure(source, target, context);
  if (context.otherShard) return changes;
  if (source.kind === 'operator' && target.kind === 'operator' && !joinsOthers(source, target, context.joins)) {
    changes.push(...compareSpills(source, target));
    changes.push(...compareEstimates(source, target));
    changes.push(...compareWork(source, target, context));
  }
  if (context.otherTasks) changes.push(...compareSlowest(source, target, context));
  changes.push(...compareTimes('time', source.selfMs, target.selfMs, context));
  return changes;
}

function compareJit(source: PlanNode, target: PlanNode, context: Comparison): Change[] {
  const words = [jitWords(source.properties), jitWords(target.properties)] as const;
  const changes = words[0] === words[1] ? [] : [change('structure', 'JIT', ...words)];
  return context.otherShard ? changes : [...changes, ...compareTimes('time', source.selfMs, target.selfMs, context)];
}

/** `10 functions, inlined, optimized`. */
export function jitWords(jit: Properties): string {
  const functions = jit.text('Functions') ?? '0';
  const options = jit.get('Options');
  const has = (name: string): boolean =>
    typeof options === 'object' && !Array.isArray(options) && options.text(name) === 'true';
  return [
    `${functions} ${functions === '1' ? 'function' : 'functions'}`,
    ...(has('Inlining') ? ['inlined'] : []),
    ...(has('Optimization') ? ['optimized'] : []),
  ].join(', ');
}

function compareEstimates(source: PlanNode, target: PlanNode): Change[] {
  // Citus estimates 100,000 rows for any multi-shard query and none for a router query.
  if (isDistributed(source) || isDistributed(target)) return [];
  const changes: Change[] = [];
  const [a, b] = [source.planRows, target.planRows];
  if (a !== undefined && b !== undefined && factor(a, b) >= estimateFactor) {
    changes.push(change('estimate', 'estimated rows', formatRows(a), formatRows(b)));
  }
  const off = [misestimate(source), misestimate(target)] as const;
  if (off[0] >= estimateFactor !== off[1] >= estimateFactor && factor(...off) >= 2) {
    changes.push(change('estimate', 'rows estimated and found', estimated(source), estimated(target)));
  }
  return changes;
}

/** How many times off the estimate was, both at least one row. A node that never ran, or was perhaps stopped early, says nothing. */
function misestimate(node: PlanNode): number {
  if (node.planRows === undefined || node.actualRows === undefined || !node.actualLoops) return 1;
  return factor(node.planRows, node.actualRows);
}

function estimated(node: PlanNode): string {
  if (!node.actualLoops) return 'never executed';
  return `${formatRows(node.planRows ?? 0)} and ${formatRows(node.actualRows ?? 0)}`;
}

function allRows(node: PlanNode): number | undefined {
  return node.actualRows === undefined ? undefined : node.actualRows * (node.actualLoops ?? 1);
}

function compareWork(source: PlanNode, target: PlanNode, context: Comparison): Change[] {
  const changes: Change[] = [];
  const compare = (what: string, a: number | undefined, b: number | undefined): void => {
    if (a === undefined || b === undefined || Math.abs(a - b) < workMinimum || factor(a, b) < workFactor) return;
    changes.push(change('work', what, formatCount(a), formatCount(b)));
  };
  compare('rows', allRows(source), allRows(target));
  compare('loops', source.actualLoops, target.actualLoops);
  compare('pages', source.selfPages, target.selfPages);
  if (Math.max(source.selfPages ?? 0, target.selfPages ?? 0) >= workMinimum) {
    compare('pages not in memory', ownRead(context.source, source), ownRead(context.target, target));
  }
  if (family(source) === 'modify') {
    // Not the bytes: a page changed first after a checkpoint is written whole, whoever changes it.
    compare('WAL records', source.properties.number('WAL Records'), target.properties.number('WAL Records'));
    compare('WAL full page images', source.properties.number('WAL FPI'), target.properties.number('WAL FPI'));
  }
  return changes;
}

/** Pages that the node alone did not find in shared or local buffers; undefined without BUFFERS. */
function ownRead({ plan }: LogicalNames, node: PlanNode): number | undefined {
  const read = ({ properties }: PlanNode): number =>
    (properties.number('Shared Read Blocks') ?? 0) + (properties.number('Local Read Blocks') ?? 0);
  if (node.pages === undefined) return undefined;
  let own = read(node);
  const end = node.index + node.subtreeSize;
  for (let at = node.index + 1; at < end && own > 0; at += plan.nodes[at]!.subtreeSize) {
    const child = plan.nodes[at]!;
    if (child.statement === node.statement && child.kind === 'operator') own -= read(child);
  }
  return Math.max(0, own);
}

function compareTimes(what: string, a: number | undefined, b: number | undefined, context: Comparison): Change[] {
  if (a === undefined || b === undefined || context.executionMs === undefined || isNoise(a, b, noiseMs)) return [];
  if (Math.abs(a - b) < worthMentioningShare * context.executionMs) return [];
  return [change('time', what, formatMs(a), formatMs(b))];
}

/** Tasks as a whole, where they cannot be compared shard by shard. */
function compareSlowest(source: PlanNode, target: PlanNode, context: Comparison): Change[] {
  const a = taskDistribution(context.source.plan, source.index);
  const b = taskDistribution(context.target.plan, target.index);
  return [
    ...compareTimes('slowest task', a?.slowestMs, b?.slowestMs, context),
    ...compareTimes('all tasks together', a?.totalMs, b?.totalMs, context),
  ];
}

/** How a node is called in a list of differences, apart from its place in the tree. */
export function titleName(node: PlanNode, inTask: boolean): string {
  return inTask && node.relation !== undefined
    ? nodeName(node).replace(node.relation, withoutShard(node.relation, true))
    : nodeName(node);
}
