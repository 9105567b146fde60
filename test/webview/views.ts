/** Views for the page's tests; each is checked against the schema the host speaks. */
import { type Cell, type PlanDiffView, planDiffViewSchema, type Row } from '../../src/shared/plan-diff';
import type { PlanDiffState } from '../../src/shared/plan-diff-panel';

export const rollupSql = `INSERT INTO analytics.rollups AS r (app_id, kind, bucket, n, users, amount)
SELECT app_id, kind, date_trunc('hour', created_at), count(*), count(DISTINCT user_id), sum(amount)
FROM analytics.events
WHERE id > $1 AND id <= $2
GROUP BY app_id, kind, date_trunc('hour', created_at)
ON CONFLICT (app_id, kind, bucket) DO UPDATE SET n = r.n + excluded.n`;

type Figures = Omit<Partial<Cell>, 'name' | 'category'>;
const cell = (name: string, category: Cell['category'], figures: Figures = {}): Cell => ({
  name,
  category,
  ...figures,
});

const rollupRows: Row[] = [
  {
    depth: 0,
    descendants: 6,
    mark: 'same',
    equal: false,
    changes: [],
    source: cell('Citus Adaptive', 'coordinator', {
      detail: '8 tasks',
      selfMs: 11.2,
      totalMs: 320.6,
      rowsActual: 0,
      node: 0,
    }),
    target: cell('Citus Adaptive', 'coordinator', {
      detail: '8 tasks',
      selfMs: 115.4,
      totalMs: 2799.1,
      rowsActual: 0,
      node: 0,
    }),
  },
  {
    depth: 1,
    descendants: 0,
    mark: 'targetOnly',
    equal: false,
    changes: ['JIT on the target only'],
    target: cell('JIT', 'jit', { detail: '10 functions, inlined, optimized', selfMs: 2161.3 }),
  },
  {
    depth: 1,
    descendants: 4,
    mark: 'same',
    equal: false,
    changes: [],
    source: cell('Insert on rollups', 'write', {
      selfMs: 58,
      rowsEstimated: 0,
      rowsActual: 1152,
      pages: 4810,
      node: 1,
    }),
    target: cell('Insert on rollups', 'write', {
      selfMs: 61,
      rowsEstimated: 0,
      rowsActual: 1152,
      pages: 4812,
      node: 1,
    }),
  },
  {
    depth: 2,
    descendants: 3,
    mark: 'same',
    equal: false,
    changes: [],
    source: cell('GroupAggregate', 'aggregate', { selfMs: 22, rowsEstimated: 9600, rowsActual: 1152, node: 2 }),
    target: cell('GroupAggregate', 'aggregate', { selfMs: 24, rowsEstimated: 9600, rowsActual: 1152, node: 2 }),
  },
  {
    depth: 3,
    descendants: 1,
    mark: 'changed',
    equal: false,
    changes: ['quicksort in memory → external merge on disk', 'temporary pages 0 → 78'],
    source: cell('Sort', 'sort', {
      detail: 'quicksort, 197 kB',
      selfMs: 51.3,
      rowsEstimated: 1905,
      rowsActual: 1905,
      node: 3,
    }),
    target: cell('Sort', 'sort', {
      detail: 'external merge, 312 kB on disk',
      selfMs: 224.1,
      rowsEstimated: 1905,
      rowsActual: 1905,
      pages: 0,
      tempPages: 78,
      node: 3,
    }),
  },
  {
    depth: 4,
    descendants: 0,
    mark: 'same',
    equal: false,
    changes: [],
    source: cell('Seq Scan on events', 'scan', {
      selfMs: 177,
      rowsEstimated: 1880,
      rowsActual: 1905,
      pages: 2114,
      node: 4,
    }),
    target: cell('Seq Scan on events', 'scan', {
      selfMs: 196,
      rowsEstimated: 1880,
      rowsActual: 1905,
      pages: 2114,
      node: 4,
    }),
  },
  {
    depth: 3,
    descendants: 0,
    mark: 'sourceOnly',
    equal: false,
    changes: ['only on the source'],
    source: cell('Index Scan using apps_pkey on apps', 'scan', {
      selfMs: 0,
      rowsEstimated: 1,
      rowsActual: 0,
      neverExecuted: true,
      node: 5,
    }),
  },
];

const tasks = (executionMs: number[], jitMs: number[] = []) => ({
  total: 8,
  nodes: 2,
  shown: 'All',
  list: executionMs.map((each, i) => ({
    node: `10.0.0.${i < 4 ? 11 : 12}:5432`,
    executionMs: each,
    ...(jitMs[i] === undefined ? {} : { jitMs: jitMs[i] }),
  })),
});

/** The story: JIT fires in every task on the target. */
export function rollupView(): PlanDiffView {
  return checked({
    version: 1,
    id: 'rollup-1',
    at: '2026-11-22T18:00:04.000Z',
    migration: 'eu-analytics',
    analyzed: true,
    statement: {
      sql: rollupSql,
      title: rollupSql.replaceAll('\n', ' '),
      class: 'write',
      parameters: [
        { name: '$1', value: '1000' },
        { name: '$2', value: null },
      ],
    },
    verdict: {
      sentence: 'Target is 8.7× slower: 2,799 ms against 321 ms. The same rows, the same pages read.',
      ratio: 8.73,
      basis: 'executionMs',
      tone: 'slower',
    },
    source: {
      side: 'source',
      label: 'Citus Cloud on AWS',
      color: 'cutover.source',
      address: 'c.aws.example:5432/analytics',
      postgresVersion: '15.4',
      citusVersion: '11.1.7',
      status: 'ok',
      planningMs: 2.114,
      executionMs: 320.633,
      totalCost: 12031.5,
      rowsActual: 1152,
      buffers: buffers(6924),
      settings: { work_mem: '64MB', random_page_cost: '1.1' },
      tasks: tasks([301, 308, 290, 304, 292, 306, 295, 300]),
      composition: [
        { category: 'scan', ms: 177 },
        { category: 'sort', ms: 51.3 },
        { category: 'aggregate', ms: 22 },
        { category: 'write', ms: 58 },
        { category: 'coordinator', ms: 12.3 },
      ],
      sent: ['BEGIN', `EXPLAIN (ANALYZE, FORMAT JSON) ${rollupSql}`, 'ROLLBACK'],
      notices: [],
    },
    target: {
      side: 'target',
      label: 'Hyperscale (Citus) on Azure',
      color: 'cutover.target',
      address: 'c.azure.example:5432/analytics',
      postgresVersion: '15.4',
      citusVersion: '13.2.2',
      status: 'ok',
      planningMs: 4.02,
      executionMs: 2799.12,
      totalCost: 10000012031.5,
      rowsActual: 1152,
      buffers: { ...buffers(7004), tempRead: 78, tempWritten: 78 },
      jit: { totalMs: 2161.3, functions: 10, inlining: true, optimization: true },
      settings: { enable_nestloop: 'off', work_mem: '4MB', random_page_cost: '1.1' },
      tasks: tasks([2500, 2610, 2410, 2684, 2450, 2633, 2420, 2555], [2000, 2061, 1920, 2161, 1950, 2090, 1930, 2011]),
      composition: [
        { category: 'jit', ms: 2161.3 },
        { category: 'scan', ms: 196 },
        { category: 'sort', ms: 224.1 },
        { category: 'aggregate', ms: 24 },
        { category: 'write', ms: 61 },
        { category: 'coordinator', ms: 132.7 },
      ],
      sent: ['BEGIN', `EXPLAIN (ANALYZE, FORMAT JSON) ${rollupSql}`, 'ROLLBACK'],
      notices: ['NOTICE: a notice of the target'],
    },
    rows: rollupRows,
    differences: [
      { kind: 'structure', row: 1, title: 'JIT', source: 'none', target: '10 functions, inlined, optimized' },
      {
        kind: 'structure',
        row: 4,
        title: 'Sort method',
        source: 'quicksort, 197 kB',
        target: 'external merge, 312 kB',
      },
      { kind: 'setting', title: 'enable_nestloop', source: 'on', target: 'off' },
      { kind: 'work', row: 4, title: 'Temporary pages of Sort', source: '0', target: '78' },
    ],
    notes: ['Settings are the coordinator’s; EXPLAIN does not show those of the workers.'],
  });
}

function buffers(sharedHit: number) {
  return {
    sharedHit,
    sharedRead: 0,
    sharedDirtied: 0,
    sharedWritten: 0,
    localHit: 0,
    localRead: 0,
    tempRead: 0,
    tempWritten: 0,
  };
}

/** The same, planned but not executed. */
export function estimatedView(): PlanDiffView {
  const view = rollupView();
  const estimate = (of: Cell, cost: number): Cell => {
    const { selfMs, totalMs, rowsActual, pages, tempPages, neverExecuted, ...rest } = of;
    return { ...rest, totalCost: cost };
  };
  const costs = [
    [12031.5, 10000012031.5],
    [0, 0],
    [11900, 10000011900],
    [11200, 11200.4],
    [9800.12, 9800.12],
    [4300.55, 4300.55],
    [0.29, 0.29],
  ];
  view.analyzed = false;
  view.verdict = {
    sentence: 'The target’s plan is estimated at 831,152× the cost: 1.00e10 against 12,032.',
    ratio: 831152.56,
    basis: 'totalCost',
    tone: 'slower',
  };
  for (const side of [view.source, view.target]) {
    for (const gone of ['planningMs', 'executionMs', 'rowsActual', 'buffers', 'tasks'] as const) delete side[gone];
    side.composition = [];
    side.rowsEstimated = 9600;
  }
  view.target.jit = { totalMs: 0, functions: 10, inlining: true, optimization: true };
  view.rows = view.rows.map((row, i) => ({
    ...row,
    ...(row.source && { source: estimate(row.source, costs[i]![0]!) }),
    ...(row.target && { target: estimate(row.target, costs[i]![1]!) }),
  }));
  return checked(view);
}

/** The target refused the statement; the source's plan stands alone. */
export function oneSideFailedView(): PlanDiffView {
  const view = rollupView();
  view.verdict = { sentence: 'The target could not explain the statement.', basis: 'none', tone: 'unknown' };
  const {
    executionMs,
    planningMs,
    totalCost,
    rowsActual,
    buffers: pages,
    jit,
    settings,
    tasks: list,
    ...rest
  } = view.target;
  view.target = {
    ...rest,
    status: 'error',
    composition: [],
    error: {
      reason: 'server',
      message: 'relation "analytics.events" does not exist',
      sqlstate: '42P01',
      position: rollupSql.indexOf('analytics.events') + 1,
      detail: 'The schema analytics has no such table.',
      hint: 'Perhaps you meant to reference the table "analytics.event".',
      next: 'Check that the table was copied to the target, then run again.',
    },
  };
  view.rows = view.rows.flatMap(row => {
    if (!row.source) return [];
    const { target, ...withoutTarget } = row;
    return [{ ...withoutTarget, mark: 'sourceOnly' as const }];
  });
  view.rows[0]!.descendants = 5;
  view.differences = [];
  view.notes = [];
  return checked(view);
}

/** Names that try to be more than text. */
export const hostile = {
  html: '<img src=x onerror="globalThis.pwned = true"><script>globalThis.pwned = true</script>',
  rightToLeft: '\u202Eevil\u202C مرحبا',
  long: `a_very_long_name_${'x'.repeat(4000)}`,
};

export function hostileView(): PlanDiffView {
  const view = rollupView();
  view.statement.title = `${hostile.html} ${hostile.rightToLeft}`;
  view.statement.sql = `SELECT '${hostile.html}' -- ${hostile.rightToLeft}\n${hostile.long}`;
  view.verdict.sentence = `Target is 8.7× slower ${hostile.html}`;
  view.notes = [hostile.html];
  view.source.label = hostile.html;
  view.source.color = 'red;background:url(https://example.com/x)';
  view.target.label = hostile.rightToLeft;
  view.target.color = '"><b>';
  view.target.settings = { [hostile.html]: hostile.long };
  view.source.sent = [hostile.html];
  view.source.notices = [hostile.html];
  view.rows[2]!.source!.name = `Insert on ${hostile.html}`;
  view.rows[2]!.target!.detail = hostile.rightToLeft;
  view.rows[3]!.source!.name = hostile.long;
  view.rows[3]!.target!.error = hostile.html;
  view.differences[0]!.title = hostile.html;
  return checked(view);
}

export interface LargeOptions {
  /** Rows, and so nodes per side. */
  rows: number;
  /** Every so many rows one differs; 0 for none. */
  differsEvery?: number;
  /** A chain instead of a tree: each row below the one before. */
  deep?: boolean;
}

/** A plan of many partitions: an Append of small joins, each of five rows. */
export function largeView({ rows: total, differsEvery = 500, deep = false }: LargeOptions): PlanDiffView {
  const view = rollupView();
  const rows: Row[] = [];
  for (let i = 0; i < total; i++) {
    const group = Math.floor((i - 1) / 5);
    const place = (i - 1) % 5;
    const depth = deep ? i : i === 0 ? 0 : place === 0 ? 1 : place === 1 || place === 3 ? 2 : 3;
    const descendants = deep ? total - 1 - i : i === 0 ? total - 1 : Math.min(total - 1 - i, [4, 1, 0, 1, 0][place]!);
    const name = i === 0 ? 'Append' : (['Hash Join', 'Seq Scan', 'Filter', 'Hash', 'Index Scan'][place] ?? '');
    const on = i === 0 ? '' : ` on part_${group}`;
    const differs = differsEvery > 0 && i % differsEvery === differsEvery - 1;
    const self = ((i * 7919) % 1000) / 100;
    const figures = { selfMs: self, rowsEstimated: i, rowsActual: i + 1, pages: i % 90, node: i };
    rows.push({
      depth,
      descendants,
      mark: differs ? 'changed' : 'same',
      equal: false,
      changes: differs ? ['index part_pkey → part_created_at_idx'] : [],
      source: cell(name + on, place === 0 ? 'join' : 'scan', figures),
      target: cell(name + on, place === 0 ? 'join' : 'scan', { ...figures, selfMs: differs ? self * 3 : self }),
    });
  }
  markEqual(rows);
  return checked({ ...view, id: `large-${total}`, rows, differences: [] });
}

function markEqual(rows: Row[]): void {
  for (let i = rows.length - 1; i >= 0; i--) {
    const row = rows[i]!;
    let equal = row.mark === 'same';
    for (let below = i + 1; equal && below <= i + row.descendants; below += 1 + rows[below]!.descendants) {
      equal = rows[below]!.equal;
    }
    row.equal = equal;
  }
}

export function ready(view: PlanDiffView): PlanDiffState {
  return { status: 'ready', view };
}

function checked(view: PlanDiffView): PlanDiffView {
  return planDiffViewSchema.parse(view);
}
