import type { Plan } from '../model';
import { taskError } from '../side-view';

/**
 * Two plans of one statement on one cluster have the same shape when they do the same work the same way and compile the
 * same: costs and estimates may differ. Undefined when a part of the plan could not be had (a task without a plan, a
 * repartitioning job), as then nothing can be said.
 */
export function planShape(plan: Plan): string | undefined {
  const lines: string[] = [];
  for (const node of plan.nodes) {
    if (taskError(node) !== undefined || node.kind === 'mapMergeJob') return undefined;
    lines.push(
      [
        node.depth,
        node.kind,
        node.type,
        node.relationship,
        node.schema,
        node.relation,
        node.alias,
        node.indexName,
        node.joinType,
        node.strategy,
        node.partialMode,
        node.parallelAware,
        ...shaping.map(name => node.properties.text(name)),
      ].join('\u0001'),
    );
  }
  for (const { index, jit } of plan.statements)
    if (jit) lines.push([index, jit.inlining, jit.optimization, jit.expressions, jit.deforming].join('\u0001'));
  return lines.join('\n');
}

/** What a node may do differently and still be the same node. */
const shaping = [
  'Workers Planned',
  'Scan Direction',
  'Sort Key',
  'Presorted Key',
  'Group Key',
  'Index Cond',
  'Hash Cond',
];
