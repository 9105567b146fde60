import type { Category } from '../shared/plan-diff';
import type { PlanNode } from './model';

/** Words for operators, the same for both formats: FORMAT TEXT's names (PostgreSQL's explain.c, ExplainNode). */

const aggregateNames: Record<string, string> = {
  Plain: 'Aggregate',
  Sorted: 'GroupAggregate',
  Hashed: 'HashAggregate',
  Mixed: 'MixedAggregate',
};

/** `Parallel Seq Scan`, `Hash Left Join`, `Partial HashAggregate`, `Insert`, `Citus Adaptive`. */
export function operatorName(node: PlanNode): string {
  const name = plainName(node);
  return node.parallelAware ? `Parallel ${name}` : name;
}

function plainName(node: PlanNode): string {
  const { type, joinType, strategy } = node;
  switch (type) {
    case 'Aggregate': {
      const name = aggregateNames[strategy ?? ''] ?? type;
      return node.partialMode && node.partialMode !== 'Simple' ? `${node.partialMode} ${name}` : name;
    }
    case 'Nested Loop':
      return joinType && joinType !== 'Inner' ? `Nested Loop ${joinType} Join` : type;
    case 'Hash Join':
    case 'Merge Join':
      return joinType && joinType !== 'Inner' ? type.replace(' ', ` ${joinType} `) : type;
    case 'ModifyTable':
      return node.operation ?? type;
    case 'Foreign Scan':
      return node.operation && node.operation !== 'Select' ? `Foreign ${node.operation}` : type;
    case 'SetOp': {
      const command = node.properties.text('Command');
      return `${strategy === 'Hashed' ? 'HashSetOp' : 'SetOp'}${command ? ` ${command}` : ''}`;
    }
    case 'Custom Scan':
      return node.provider ?? type;
    case 'Index Scan':
    case 'Index Only Scan':
      return node.properties.text('Scan Direction') === 'Backward' ? `${type} Backward` : type;
    default:
      return type || 'Unknown';
  }
}

/** `Seq Scan on events e`; the schema is left to the details. */
export function nodeName(node: PlanNode): string {
  const name = operatorName(node);
  if (node.type === 'Bitmap Index Scan') return `${name} on ${node.indexName ?? ''}`;
  const target = node.relation ?? node.cteName ?? node.functionName;
  if (target === undefined) return node.alias === undefined ? name : `${name} on ${node.alias}`;
  return `${name} on ${target}${node.alias !== undefined && node.alias !== target ? ` ${node.alias}` : ''}`;
}

/** Whether Citus runs the node on the workers. */
export function isDistributed(node: PlanNode): boolean {
  return node.provider?.startsWith('Citus ') === true;
}

const scans = /Scan$/;

/**
 * Nodes of one family do the same work in different ways, so one can stand in for the other: all scans of a relation, all
 * joins, all ways to sort or to aggregate.
 */
export function family(node: PlanNode): string {
  if (node.kind !== 'operator') return node.kind;
  const { type } = node;
  if (isDistributed(node)) return 'distributed';
  switch (type) {
    case 'Nested Loop':
    case 'Hash Join':
    case 'Merge Join':
      return 'join';
    case 'Sort':
    case 'Incremental Sort':
      return 'sort';
    case 'Aggregate':
    case 'Group':
    case 'Unique':
      return 'aggregate';
    case 'Gather':
    case 'Gather Merge':
      return 'gather';
    case 'Append':
    case 'Merge Append':
      return 'append';
    case 'Materialize':
    case 'Memoize':
      return 'cache';
    case 'Bitmap Index Scan':
      return 'bitmap index';
    case 'BitmapAnd':
    case 'BitmapOr':
      return 'bitmap';
    case 'ModifyTable':
      return 'modify';
    case 'Subquery Scan':
      return 'subquery';
    default:
      if (type === 'Foreign Scan' && node.operation && node.operation !== 'Select') return 'modify';
      return scans.test(type) && (node.relation ?? node.cteName ?? node.functionName ?? node.alias) !== undefined
        ? 'scan'
        : type;
  }
}

const categoryOfFamily: Record<string, Category> = {
  jit: 'jit',
  scan: 'scan',
  'bitmap index': 'scan',
  bitmap: 'scan',
  join: 'join',
  Hash: 'join',
  sort: 'sort',
  aggregate: 'aggregate',
  WindowAgg: 'aggregate',
  SetOp: 'aggregate',
  modify: 'write',
  LockRows: 'write',
  distributed: 'coordinator',
  task: 'coordinator',
  subplan: 'coordinator',
  mapMergeJob: 'coordinator',
};

/** Colour and legend. */
export function category(node: PlanNode): Category {
  return categoryOfFamily[family(node)] ?? (scans.test(node.type) ? 'scan' : 'other');
}
