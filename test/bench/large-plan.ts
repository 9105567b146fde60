/** A plan as a partitioned schema gives it: an Append of joins over partitions, as EXPLAIN (ANALYZE, BUFFERS, VERBOSE) prints it. */
import { seededRandom } from '../unit/plan/generated-plans';

type Node = Record<string, unknown>;

/** FORMAT JSON of `nodes` nodes (a few more or less), indented as the server does. */
export function largePlan(nodes: number, seed: number): string {
  const random = seededRandom(seed);
  const money = (to: number) => Math.round(random() * to * 100) / 100;
  const ms = (to: number) => Math.round(random() * to * 1000) / 1000;
  const figures = (): Node => ({
    'Startup Cost': money(100),
    'Total Cost': money(10_000),
    'Plan Rows': Math.floor(random() * 10_000),
    'Plan Width': 16,
    'Actual Startup Time': ms(1),
    'Actual Total Time': ms(20),
    'Actual Rows': Math.floor(random() * 10_000),
    'Actual Loops': 1,
  });
  const buffers = (): Node => ({
    'Shared Hit Blocks': Math.floor(random() * 1000),
    'Shared Read Blocks': Math.floor(random() * 10),
    'Shared Dirtied Blocks': 0,
    'Shared Written Blocks': 0,
    'Local Hit Blocks': 0,
    'Local Read Blocks': 0,
    'Local Dirtied Blocks': 0,
    'Local Written Blocks': 0,
    'Temp Read Blocks': 0,
    'Temp Written Blocks': 0,
  });
  const node = (type: string, relationship: string, said: Node, children: Node[] = []): Node => ({
    'Node Type': type,
    'Parent Relationship': relationship,
    'Parallel Aware': false,
    'Async Capable': false,
    ...said,
    ...figures(),
    Output: ['e.tenant_id', 'e.kind', 'e.created_at'],
    ...buffers(),
    ...(children.length > 0 ? { Plans: children } : {}),
  });
  const partition = (i: number): Node => {
    const scan = { 'Relation Name': `events_p${i}`, Schema: 'analytics', Alias: `e_${i}` };
    const outer =
      random() < 0.7
        ? node('Seq Scan', 'Outer', {
            ...scan,
            Filter: `(e_${i}.created_at >= '2024-01-01 00:00:00+00'::timestamp with time zone)`,
            'Rows Removed by Filter': Math.floor(random() * 1e6),
          })
        : node('Index Scan', 'Outer', {
            'Scan Direction': 'Forward',
            'Index Name': `events_p${i}_created_at_idx`,
            ...scan,
            'Index Cond': `(e_${i}.created_at >= '2024-01-01 00:00:00+00'::timestamp with time zone)`,
          });
    const inner = node('Index Only Scan', 'Outer', {
      'Scan Direction': 'Forward',
      'Index Name': `tenants_p${i}_pkey`,
      'Relation Name': `tenants_p${i}`,
      Schema: 'analytics',
      Alias: `t_${i}`,
      'Heap Fetches': 0,
    });
    const condition = `(e_${i}.tenant_id = t_${i}.id)`;
    return random() < 0.8
      ? node('Hash Join', 'Member', { 'Join Type': 'Inner', 'Inner Unique': true, 'Hash Cond': condition }, [
          outer,
          node(
            'Hash',
            'Inner',
            {
              'Hash Buckets': 1024,
              'Original Hash Buckets': 1024,
              'Hash Batches': 1,
              'Original Hash Batches': 1,
              'Peak Memory Usage': 9,
            },
            [inner],
          ),
        ])
      : node('Merge Join', 'Member', { 'Join Type': 'Inner', 'Inner Unique': false, 'Merge Cond': condition }, [
          node(
            'Sort',
            'Outer',
            {
              'Sort Key': [`e_${i}.tenant_id`],
              'Sort Method': 'quicksort',
              'Sort Space Used': 25,
              'Sort Space Type': 'Memory',
            },
            [outer],
          ),
          inner,
        ]);
  };
  const append = node(
    'Append',
    'Outer',
    { 'Subplans Removed': 0 },
    Array.from({ length: Math.round(nodes / 4) }, (_, i) => partition(i)),
  );
  const root = node(
    'Sort',
    'Outer',
    { 'Sort Key': ['e.kind'], 'Sort Method': 'quicksort', 'Sort Space Used': 25, 'Sort Space Type': 'Memory' },
    [node('Aggregate', 'Outer', { Strategy: 'Hashed', 'Partial Mode': 'Simple', 'Group Key': ['e.kind'] }, [append])],
  );
  const whole = [
    {
      Plan: root,
      'Query Identifier': 0,
      Planning: buffers(),
      'Planning Time': 12.5,
      Triggers: [],
      'Execution Time': 20 * nodes,
    },
  ];
  return JSON.stringify(whole, null, 2).replace('"Query Identifier": 0', '"Query Identifier": -4469422116478940924');
}
