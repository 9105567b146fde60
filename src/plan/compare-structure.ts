import type { Change } from './change';
import { change } from './change';
import type { Comparison } from './compare-nodes';
import { joinOrder } from './join-order';
import type { LogicalNames } from './logical-names';
import type { PlanNode } from './model';
import { family, isDistributed, operatorName } from './operator';
import { type Properties, type Shape, valueText } from './properties';
import { isOnDisk } from './spills';

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
  'Hash Batches',
  'HashAgg Batches',
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
  'Task Count',
  'Tasks Shown',
  'Tuple data received from nodes',
];
const ignored = new Set([...handled, ...presentation]);

/** Numbers that say how the work is done; other numbers are figures. */
const counts = new Set(['Workers Planned', 'Workers Launched', 'Subplans Removed']);

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

function textAt({ properties, node, names }: Said, name: string, place: number | undefined): string | undefined {
  if (place === undefined) return undefined;
  const value = properties.at(place);
  if (typeof value === 'object' && !Array.isArray(value)) return undefined;
  const text = valueText(value);
  if (numeric.test(text) && !counts.has(name)) return undefined;
  return text === 'false' ? undefined : comparableText(text, node, names);
}

/** Parameters are numbered by version and place, intermediate results by session; shards carry numbers. None is a difference. */
function comparableText(text: string, node: PlanNode, names: LogicalNames): string {
  let plain = text;
  if (plain.includes('$')) plain = plain.replace(/\$\d+/g, '$n');
  if (plain.includes('Plan ')) plain = plain.replace(/\((?:InitPlan|SubPlan) [^()]+\)\.col\d+/g, '$n');
  if (plain.startsWith('read_intermediate_result')) plain = plain.replace(/'\d+_(?=\d+')/g, "'");
  return names.text(plain, node);
}

/** What a node or its job said, and how to call what it names. */
interface Said {
  properties: Properties;
  node: PlanNode;
  names: LogicalNames;
}

/** How the work is done: operator, access path, join order, and everything said that is no figure. */
export function compareStructure(source: PlanNode, target: PlanNode, context: Comparison): Change[] {
  const changes: Change[] = [];
  const operators = [operatorName(source), operatorName(target)] as const;
  if (operators[0] !== operators[1]) changes.push(change('structure', family(source), ...operators));
  // The index of a bitmap stands in the nodes below it, which are compared when both have them.
  if (source.type !== target.type || source.type !== 'Bitmap Heap Scan') {
    const indexes = [context.source.index(source), context.target.index(target)] as const;
    if (indexes[0] !== indexes[1])
      changes.push(change('structure', 'index', indexes[0] || 'none', indexes[1] || 'none'));
  }
  changes.push(...joinOrder(source, target, context));
  const { source: sourceNames, target: targetNames } = context;
  changes.push(
    ...compareProperties(
      { properties: source.properties, node: source, names: sourceNames },
      { properties: target.properties, node: target, names: targetNames },
    ),
  );
  if (source.job && target.job) {
    changes.push(
      ...compareProperties(
        { properties: source.job.properties, node: source, names: sourceNames },
        { properties: target.job.properties, node: target, names: targetNames },
      ),
    );
    const tasks = [source.job.taskCount, target.job.taskCount] as const;
    if (tasks[0] !== undefined && tasks[1] !== undefined && tasks[0] !== tasks[1])
      changes.push(change('structure', 'tasks', String(tasks[0]), String(tasks[1])));
  }
  if (family(source) === 'append' && family(target) === 'append') {
    const parts = [branches(sourceNames, source), branches(targetNames, target)] as const;
    if (parts[0] !== parts[1]) changes.push(change('structure', 'branches', String(parts[0]), String(parts[1])));
  }
  if (source.disabled !== undefined && target.disabled !== undefined && source.disabled !== target.disabled) {
    changes.push(change('structure', 'disabled by a setting', word(source.disabled), word(target.disabled)));
  }
  const never = [source.actualLoops === 0, target.actualLoops === 0] as const;
  const bothRan = source.actualLoops !== undefined && target.actualLoops !== undefined;
  // Citus 13.2 says "never executed" of nodes inside subplans that were; their time is taken from the tasks.
  if (bothRan && never[0] !== never[1] && !isDistributed(source)) {
    changes.push(change('structure', 'executed', never[0] ? 'never' : 'yes', never[1] ? 'never' : 'yes'));
  }
  return changes;
}

function word(yes: boolean): string {
  return yes ? 'yes' : 'no';
}

/** Partitions, or branches of a UNION ALL, that an Append runs through. */
function branches({ plan }: LogicalNames, append: PlanNode): number {
  let count = 0;
  const end = append.index + append.subtreeSize;
  for (let at = append.index + 1; at < end; at += plan.nodes[at]!.subtreeSize) {
    if (plan.nodes[at]!.relationship !== 'InitPlan' && plan.nodes[at]!.kind === 'operator') count++;
  }
  return count;
}

function compareProperties(source: Said, target: Said): Change[] {
  const left = comparablePlaces(source.properties);
  const right = comparablePlaces(target.properties);
  const changes: Change[] = [];
  const compare = (name: string): void => {
    const a = textAt(source, name, left.get(name));
    const b = textAt(target, name, right.get(name));
    if (a === b || (whenRun.has(name) && (a === undefined || b === undefined))) return;
    // Said as a spill.
    if (name === 'Sort Method' && (isOnDisk(a) || isOnDisk(b))) return;
    changes.push(change('structure', name, a ?? 'none', b ?? 'none'));
  };
  for (const name of left.keys()) compare(name);
  for (const name of right.keys()) if (!left.has(name)) compare(name);
  return changes;
}
