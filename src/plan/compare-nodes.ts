import { formatCount, formatMs, formatRows } from '../shared/format';
import type { Difference } from '../shared/plan-diff';
import { withoutShard } from './align-keys';
import type { PlanNode } from './model';
import { family, isDistributed, nodeName, operatorName } from './operator';
import { type Properties, type Shape, valueText } from './properties';
import { estimateFactor, factor, isNoise, noiseMs, workFactor, workMinimum, worthMentioningShare } from './thresholds';

/** One thing that differs between two matched nodes. */
export interface Change {
  kind: Difference['kind'];
  /** `index events_pkey → events_created_at_idx`. */
  text: string;
  /** What differs: `index`. */
  what: string;
  source: string;
  target: string;
}

export interface Comparison {
  sourceInTask: boolean;
  targetInTask: boolean;
  /** Tasks on other parts of the data: their rows, estimates and times say nothing about one another. */
  otherShard: boolean;
  /** The longer of both execution times; undefined when not both were executed. */
  executionMs: number | undefined;
}

/** Fields that are compared by name of operator, relation and index, or say only where a node stands. */
const handled = [
  'Node Type',
  'Parent Relationship',
  'Parallel Aware',
  'Async Capable',
  'Schema',
  'Relation Name',
  'Alias',
  'Index Name',
  'CTE Name',
  'Function Name',
  'Subplan Name',
  'Join Type',
  'Strategy',
  'Partial Mode',
  'Operation',
  'Custom Plan Provider',
  'Scan Direction',
  'Command',
];
/** Shown or not depending on VERBOSE and version; or naming a shard, a node or an amount, which differ without meaning. */
const presentation = [
  'Output',
  'Inner Unique',
  'Single Copy',
  'Workers',
  'Query',
  'Node',
  'Subplan',
  'Subplan Duration',
  'Intermediate Data Size',
  'Tuple data received from node',
  'Sort Space Type',
  'I/O Timings',
  'Storage',
  'Maximum Storage',
  'Disabled',
  'Text',
];
const ignored = new Set([...handled, ...presentation]);

/** Numbers that say how the work is done; other numbers are figures. */
const counts = new Set(['Workers Planned', 'Workers Launched', 'Hash Batches', 'HashAgg Batches', 'Subplans Removed']);

/** Said only of a node that ran and whose figures came through. */
const whenRun = new Set([...counts, 'Sort Method']);

const comparable = new WeakMap<Shape, Map<string, number>>();

/** Names of a shape whose values are compared, with their places. */
function comparablePlaces(properties: Properties): Map<string, number> {
  const known = comparable.get(properties.shape);
  if (known) return known;
  const places = new Map<string, number>();
  for (const [i, name] of properties.names.entries()) if (!ignored.has(name) && !places.has(name)) places.set(name, i);
  comparable.set(properties.shape, places);
  return places;
}

const numeric = /^-?[\d.]+(?:e[+-]?\d+)?$/i;

function textAt(properties: Properties, name: string, place: number | undefined, inTask: boolean): string | undefined {
  if (place === undefined) return undefined;
  const value = properties.at(place);
  if (typeof value === 'object' && !Array.isArray(value)) return undefined;
  const text = valueText(value);
  if (numeric.test(text) && !counts.has(name)) return undefined;
  return text === 'false' ? undefined : comparableText(text, inTask);
}

/** Parameters are numbered by version and place; shards carry numbers. Neither is a difference. */
function comparableText(text: string, inTask: boolean): string {
  let plain = text;
  if (plain.includes('$')) plain = plain.replace(/\$\d+/g, '$n');
  if (plain.includes('Plan ')) plain = plain.replace(/\((?:InitPlan|SubPlan) [^()]+\)\.col\d+/g, '$n');
  return inTask ? plain.replace(/(?<=[A-Za-z])_\d{4,}\b/g, '') : plain;
}

/** Short enough for a line of a tree. */
function short(text: string): string {
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}

function change(kind: Change['kind'], what: string, source: string, target: string): Change {
  return { kind, what, source, target, text: `${what} ${short(source)} → ${short(target)}` };
}

/** Everything that differs between two nodes that do the same work, structure first. */
export function compareNodes(source: PlanNode, target: PlanNode, context: Comparison): Change[] {
  const changes: Change[] = [];
  compareStructure(source, target, context, changes);
  if (context.otherShard) return changes;
  if (source.kind === 'operator' && target.kind === 'operator') {
    compareEstimates(source, target, changes);
    compareWork(source, target, changes);
  }
  compareTimes(source, target, context, changes);
  return changes;
}

function compareStructure(source: PlanNode, target: PlanNode, context: Comparison, changes: Change[]): void {
  const names = [operatorName(source), operatorName(target)] as const;
  if (names[0] !== names[1]) changes.push(change('structure', family(source), ...names));
  const indexes = [
    withoutShard(source.indexName ?? '', context.sourceInTask),
    withoutShard(target.indexName ?? '', context.targetInTask),
  ] as const;
  if (indexes[0] !== indexes[1]) changes.push(change('structure', 'index', indexes[0] || 'none', indexes[1] || 'none'));
  if (source.kind === 'jit') {
    compareJit(source, target, changes);
    return;
  }
  compareProperties(source.properties, target.properties, context, changes);
  if (source.job && target.job) compareProperties(source.job.properties, target.job.properties, context, changes);
  if (source.disabled !== undefined && target.disabled !== undefined && source.disabled !== target.disabled) {
    changes.push(change('structure', 'disabled by a setting', word(source.disabled), word(target.disabled)));
  }
  const never = [source.actualLoops === 0, target.actualLoops === 0] as const;
  const bothRan = source.actualLoops !== undefined && target.actualLoops !== undefined;
  // Citus 13.2 says "never executed" of nodes inside subplans that were; their time is taken from the tasks.
  if (bothRan && never[0] !== never[1] && !isDistributed(source)) {
    changes.push(change('structure', 'executed', never[0] ? 'never' : 'yes', never[1] ? 'never' : 'yes'));
  }
}

function word(yes: boolean): string {
  return yes ? 'yes' : 'no';
}

function compareProperties(source: Properties, target: Properties, context: Comparison, changes: Change[]): void {
  const left = comparablePlaces(source);
  const right = comparablePlaces(target);
  const compare = (name: string): void => {
    if (name === 'Tasks Shown' || name === 'Tuple data received from nodes') return;
    const a = textAt(source, name, left.get(name), context.sourceInTask);
    const b = textAt(target, name, right.get(name), context.targetInTask);
    if (a === b || (whenRun.has(name) && (a === undefined || b === undefined))) return;
    changes.push(change('structure', name, a ?? 'none', b ?? 'none'));
  };
  for (const name of left.keys()) compare(name);
  for (const name of right.keys()) if (!left.has(name)) compare(name);
  const tasks = [source.text('Task Count'), target.text('Task Count')] as const;
  if (tasks[0] !== undefined && tasks[1] !== undefined && tasks[0] !== tasks[1]) {
    changes.push(change('structure', 'tasks', tasks[0], tasks[1]));
  }
}

function compareJit(source: PlanNode, target: PlanNode, changes: Change[]): void {
  const words = [jitWords(source.properties), jitWords(target.properties)] as const;
  if (words[0] !== words[1]) changes.push(change('structure', 'JIT', ...words));
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

function compareEstimates(source: PlanNode, target: PlanNode, changes: Change[]): void {
  // Citus estimates 100,000 rows for any multi-shard query and none for a router query.
  if (isDistributed(source) || isDistributed(target)) return;
  const [a, b] = [source.planRows, target.planRows];
  if (a !== undefined && b !== undefined && factor(a, b) >= estimateFactor) {
    changes.push(change('estimate', 'estimated rows', formatRows(a), formatRows(b)));
  }
  const off = [misestimate(source), misestimate(target)] as const;
  if (off[0] >= estimateFactor !== off[1] >= estimateFactor && factor(...off) >= 2) {
    changes.push(change('estimate', 'rows estimated and found', estimated(source), estimated(target)));
  }
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

function compareWork(source: PlanNode, target: PlanNode, changes: Change[]): void {
  const compare = (what: string, a: number | undefined, b: number | undefined): void => {
    if (a === undefined || b === undefined || Math.abs(a - b) < workMinimum || factor(a, b) < workFactor) return;
    changes.push(change('work', what, formatCount(a), formatCount(b)));
  };
  compare('rows', allRows(source), allRows(target));
  compare('loops', source.actualLoops, target.actualLoops);
  compare('pages', source.selfPages, target.selfPages);
  const temp = [source.selfTempPages ?? 0, target.selfTempPages ?? 0] as const;
  if (temp[0] > 0 !== temp[1] > 0 || factor(...temp) >= workFactor) {
    changes.push(change('work', 'temporary pages', formatCount(temp[0]), formatCount(temp[1])));
  }
}

function compareTimes(source: PlanNode, target: PlanNode, context: Comparison, changes: Change[]): void {
  const [a, b] = [source.selfMs, target.selfMs];
  if (a === undefined || b === undefined || context.executionMs === undefined || isNoise(a, b, noiseMs)) return;
  if (Math.abs(a - b) < worthMentioningShare * context.executionMs) return;
  changes.push(change('time', 'time', formatMs(a), formatMs(b)));
}

/** How a node is called in a list of differences, apart from its place in the tree. */
export function titleName(node: PlanNode, inTask: boolean): string {
  return inTask && node.relation !== undefined
    ? nodeName(node).replace(node.relation, withoutShard(node.relation, true))
    : nodeName(node);
}
