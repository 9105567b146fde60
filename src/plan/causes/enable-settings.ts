import type { PlanNode } from '../model';

/** The setting that allows a kind of node (PostgreSQL documentation, "Query Planning: Planner Method Configuration"). */
const settings: Record<string, string> = {
  'Nested Loop': 'enable_nestloop',
  'Hash Join': 'enable_hashjoin',
  'Merge Join': 'enable_mergejoin',
  'Seq Scan': 'enable_seqscan',
  'Index Scan': 'enable_indexscan',
  'Index Only Scan': 'enable_indexonlyscan',
  'Bitmap Heap Scan': 'enable_bitmapscan',
  'Tid Scan': 'enable_tidscan',
  Sort: 'enable_sort',
  'Incremental Sort': 'enable_incremental_sort',
  Materialize: 'enable_material',
  Memoize: 'enable_memoize',
  'Gather Merge': 'enable_gathermerge',
};

export function enableSetting({ type, strategy }: PlanNode): string | undefined {
  if (type === 'Aggregate' && strategy === 'Hashed') return 'enable_hashagg';
  return settings[type];
}
