/** Readings for the statements page's tests; each is checked against the schema the host speaks. */
import * as z from 'zod/mini';
import type { StatementClass } from '../../src/shared/plan-diff';
import {
  type RowFigures,
  type StatementDetails,
  type StatementRow,
  type StatementsSummary,
  statementDetailsSchema,
  statementRowSchema,
  statementsSummarySchema,
} from '../../src/shared/statements';
import type { StatementsState } from '../../src/shared/statements-panel';

type Figures = Partial<Omit<RowFigures, 'calls' | 'meanMs' | 'totalMs'>>;
const figures = (calls: number, meanMs: number, rest: Figures = {}): RowFigures => ({
  calls,
  meanMs,
  totalMs: calls * meanMs,
  ...rest,
});

type About = Partial<Omit<StatementRow, 'id' | 'title' | 'source' | 'target'>>;

function pair(
  id: string,
  title: string,
  source: RowFigures,
  target: RowFigures,
  { class: statementClass = 'read', ...about }: About = {},
): StatementRow {
  return {
    ...row(id, title, statementClass),
    match: 'exact',
    verdict: 'same',
    ratio: target.meanMs / source.meanMs,
    impactMs: target.calls * (target.meanMs - source.meanMs),
    source,
    target,
    ...about,
  };
}

function row(id: string, title: string, statementClass: StatementClass): Omit<StatementRow, 'verdict'> {
  return {
    id,
    title,
    class: statementClass,
    scope: 'client',
    user: 'app',
    database: 'analytics',
    nodes: ['pg-aws.example:5432', 'pg-azure.example:5432'],
  };
}

/** Where the story is told: rollups that JIT makes three times as slow, among much that did not change. */
export function storyRows(): StatementRow[] {
  const write = { class: 'write' } as const;
  const jit = (jitShare: number) => ({ jitShare, pagesHit: 37_600, pagesRead: 400, walBytes: 1_992_294, rows: 9600 });
  const rows = [
    pair(
      'create_rollup',
      'SELECT create_rollup($1, $2)',
      figures(1204, 1012.4, jit(0)),
      figures(1204, 3118, jit(0.64)),
      {
        ...write,
        verdict: 'regression',
      },
    ),
    pair(
      'insert_rollups',
      'INSERT INTO rollups AS r (app_id, kind, bucket, n) SELECT app_id, kind, date_trunc($3, created_at), count(*) FROM events WHERE id > $1 AND id <= $2 GROUP BY 1, 2, 3 ON CONFLICT DO UPDATE SET n = r.n + excluded.n',
      figures(1204, 988.1, jit(0)),
      figures(1204, 2870.3, jit(0.7)),
      { ...write, verdict: 'regression', scope: 'nested' },
    ),
    pair(
      'update_state',
      'UPDATE rollup_state SET last_event_id = $1 WHERE name = $2',
      figures(1204, 0.4, { jitShare: 0, pagesHit: 3, pagesRead: 0 }),
      figures(1204, 0.7, { jitShare: 0, pagesHit: 3, pagesRead: 0 }),
      { ...write, verdict: 'regression' },
    ),
    pair(
      'daily',
      'SELECT app_id, sum(n) FROM rollups WHERE bucket >= $1 GROUP BY app_id ORDER BY 2 DESC LIMIT $4',
      figures(310, 84.2, { jitShare: 0, pagesHit: 5200, pagesRead: 12 }),
      figures(322, 151.6, { jitShare: 0.41, pagesHit: 5210, pagesRead: 30 }),
      { verdict: 'regression', user: 'report' },
    ),
    pair('proposed', 'SELECT * FROM users WHERE email = $1 OR phone = $2', figures(9000, 0.31), figures(9100, 0.52), {
      match: 'fingerprint',
      verdict: 'unconfirmed',
    }),
    pair(
      'differs',
      'DELETE FROM events WHERE created_at < $1',
      figures(24, 812, { rows: 4000 }),
      figures(4, 90, { rows: 310 }),
      {
        ...write,
        verdict: 'differentData',
      },
    ),
    pair(
      'insert_events',
      'INSERT INTO events VALUES ($1, $2, $3, $4)',
      figures(91_020, 0.9, { jitShare: 0, pagesHit: 6, pagesRead: 0, walBytes: 410 }),
      figures(88_310, 0.8, { jitShare: 0, pagesHit: 6, pagesRead: 0, walBytes: 410 }),
      { ...write, verdict: 'improvement' },
    ),
  ];
  for (let i = 0; i < 26; i++) {
    const meanMs = 0.2 * 1.5 ** (i / 2);
    rows.push(
      pair(
        `lookup_${i}`,
        `SELECT id, name, settings FROM app_table_${i} WHERE id = $1 AND tenant_id = $2`,
        figures(1200 + 97 * i, meanMs, { pagesHit: 3 + i, pagesRead: 0 }),
        figures(1180 + 101 * i, meanMs * (0.97 + (i % 7) / 100), { pagesHit: 3 + i, pagesRead: 0, jitShare: 0 }),
        { match: i % 5 === 0 ? 'tree' : 'exact', verdict: i % 3 === 0 ? 'noise' : 'same' },
      ),
    );
  }
  const target = ['VACUUM ANALYZE rollups', 'SELECT count(*) FROM queue WHERE state = $1'];
  const source = ['SELECT count(*) FROM queue WHERE state IN ($1)', 'REFRESH MATERIALIZED VIEW totals', 'SELECT 1'];
  for (const [i, title] of target.entries()) {
    const statementClass = title.startsWith('SELECT') ? 'read' : 'utility';
    rows.push({ ...row(`target_${i}`, title, statementClass), verdict: 'onlyTarget', target: figures(12 + i, 30) });
  }
  for (const [i, title] of source.entries()) {
    const statementClass = title.startsWith('SELECT') ? 'read' : 'utility';
    rows.push({ ...row(`source_${i}`, title, statementClass), verdict: 'onlySource', source: figures(700 - i, 12) });
  }
  return rows;
}

export function manyRows(count: number): StatementRow[] {
  return Array.from({ length: count }, (_, i) =>
    pair(
      `many_${i}`,
      `SELECT a, b, c FROM table_${i} WHERE a = $1 AND b = ANY ($2)`,
      figures(1000 + i, 1 + (i % 97), { jitShare: 0, pagesHit: i % 400, pagesRead: i % 7 }),
      figures(1000 + i, 1 + (i % 89), { jitShare: (i % 10) / 20, pagesHit: i % 400, pagesRead: i % 11 }),
      { class: i % 3 === 0 ? 'write' : 'read', verdict: i % 50 === 0 ? 'regression' : 'same' },
    ),
  );
}

export function storySummary(): StatementsSummary {
  const window = { origin: 'live', at: '2026-11-22T18:00:04Z' };
  return statementsSummarySchema.parse({
    migration: 'AWS to Azure',
    at: '2026-11-22T18:00:04Z',
    source: {
      label: 'Citus Cloud on AWS',
      color: 'charts.blue',
      address: 'pg-aws.example:5432',
      postgresVersion: '15.4',
      citusVersion: '11.1.7',
      window: { ...window, since: '2026-11-16T16:00:00Z', seconds: 525_600, words: '6 d 2 h since reset' },
      statements: 362,
    },
    target: {
      label: 'Cosmos DB for PostgreSQL on Azure',
      color: 'charts.orange',
      address: 'pg-azure.example:5432',
      postgresVersion: '15.4',
      citusVersion: '13.2.2',
      window: { ...window, since: '2026-11-22T16:48:00Z', seconds: 4320, words: '1 h 12 min since reset' },
      statements: 357,
    },
    sentence: "Writes carry 71 % of the target's extra time. Who looks at reads alone misses it.",
    writes: { pairs: 41, regressions: 3, targetMs: 7_290_000, sourceMs: 2_490_000, extraMs: 4_800_000 },
    reads: { pairs: 312, regressions: 1, targetMs: 90_000, sourceMs: 68_300, extraMs: 21_700 },
    perHour: 0.83,
    notes: [
      { tone: 'info', text: 'Each side is compared per call: the windows have different lengths.' },
      {
        tone: 'warning',
        side: 'target',
        text: 'track is top: statements inside functions are not counted.',
        remedy: "ALTER SYSTEM SET pg_stat_statements.track = 'all'",
      },
    ],
  });
}

let revision = 0;

/** Rows go as text, as the host sends them. */
export function statementsReady(rows = storyRows(), summary = storySummary()): StatementsState {
  return {
    status: 'ready',
    revision: ++revision,
    summary,
    rows: JSON.stringify(z.array(statementRowSchema).parse(rows)),
  };
}

export function detailsOf(row: StatementRow): StatementDetails {
  const side = (sql: string, queryId: string) => ({
    sql,
    truncated: false,
    texts: 1,
    queryIds: [queryId],
    user: row.user,
    database: row.database,
  });
  return statementDetailsSchema.parse({
    row,
    ...(row.source && { source: side(`${row.title} /* on the source */`, '-4711') }),
    ...(row.target && { target: side(`${row.title} /* on the target */`, '815') }),
    classReasons: ['It calls a function that writes.'],
    reasons: ['The mean on the target is 3.1 times that on the source.', 'JIT takes 64 % of it.'],
    figures: [
      { title: 'mean', unit: 'ms', perCall: { source: 1012.4, target: 3118 } },
      { title: 'spread', unit: 'ms', perCall: { source: 88, target: 240 } },
      { title: 'JIT', unit: 'ms', perCall: { source: 0, target: 1996 }, total: { source: 0, target: 2_403_184 } },
      { title: 'rows', unit: 'rows', perCall: { source: 9600, target: 9600 } },
      { title: 'WAL', unit: 'bytes', perCall: { source: 1_992_294, target: 1_992_294 } },
      { title: 'temporary pages', unit: 'pages', perCall: { source: 0, target: 0 }, total: { source: 0, target: 0 } },
    ],
    nodes: (['source', 'target'] as const).flatMap(name => {
      const at = row[name];
      const node = row.nodes[name === 'source' ? 0 : 1];
      if (!at || !node) return [];
      const { calls, totalMs, meanMs } = at;
      return [{ side: name, node, role: 'coordinator', as: 'statement', rows: 1, calls, totalMs, meanMs }];
    }),
  });
}
