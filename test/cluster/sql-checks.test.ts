import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runSqlChecks, type SqlCheck, type SqlCheckJob } from '../../src/diagnosis/run-sql-checks';
import type { CheckResult, NodeAnswer } from '../../src/shared/check';
import type { Side } from '../../src/shared/side';
import { type LabPair, startPlainPair } from '../lab/lab';
import { limits } from './profile-of';

let pair: LabPair;
beforeAll(async () => {
  pair = await startPlainPair();
  for (const { coordinator } of [pair.source, pair.target])
    for (const sql of [
      `CREATE TYPE mood AS ENUM ('sad')`,
      'CREATE TABLE big AS SELECT i FROM generate_series(1, 5000) i',
    ])
      await coordinator.query(sql);
});
afterAll(() => pair.stop());

function jobOn(changes: Partial<SqlCheckJob> = {}): SqlCheckJob {
  const on = (side: Side) => {
    const { host, port, database, user } = pair[side].coordinator;
    return { side, settings: { host, port, database, user }, label: `The ${side}`, color: '', protected: false };
  };
  return { source: on('source'), target: on('target'), limits, ...changes };
}

interface Given {
  results: Map<string, CheckResult>;
  answers: Map<string, NodeAnswer[]>;
}

async function run(checks: (Partial<SqlCheck> & { sql: string })[], job = jobOn()): Promise<Given> {
  const given: Given = { results: new Map(), answers: new Map() };
  const judge = () => ({ verdict: 'pass' as const, summary: 'judged', details: [] });
  await runSqlChecks(
    job,
    checks.map((check, i) => ({ id: `check ${i}`, on: 'both', judge, ...check })),
    (result, answers) => {
      given.results.set(result.id, result);
      given.answers.set(result.id, answers);
    },
  );
  return given;
}

/** Of the first check on the source. */
async function ask(sql: string, changes: Partial<SqlCheck> = {}): Promise<NodeAnswer> {
  const { answers } = await run([{ sql, on: 'source', ...changes }]);
  return answers.get('check 0')![0]!;
}

describe('An answer', () => {
  test('has the names, the types and the texts of the server', async () => {
    const { columns, rows, problem } = await ask(
      `SELECT 1 AS one, 2.50 AS "Two", NULL AS three, 'sad'::mood AS m, ARRAY[1] AS list, now() - now() AS gap, '{"a": 1}'::jsonb AS j, ARRAY['sad'::mood] AS moods`,
    );
    expect(problem).toBeUndefined();
    expect(columns.map(({ name, type }) => `${name} ${type}`)).toEqual([
      'one integer',
      'Two numeric',
      'three text',
      'm mood',
      'list integer[]',
      'gap interval',
      'j jsonb',
      'moods mood[]',
    ]);
    expect(rows).toEqual([['1', '2.50', null, 'sad', '{1}', '00:00:00', '{"a": 1}', '{sad}']]);
  });

  test.each<[string, string[][]]>([
    ['SHOW standard_conforming_strings', [['on']]],
    [
      "VALUES (1, 'a'), (2, 'b');",
      [
        ['1', 'a'],
        ['2', 'b'],
      ],
    ],
    ['(SELECT 1 UNION SELECT 1) -- and no more', [['1']]],
    ['EXPLAIN (COSTS off) SELECT 1', [['Result']]],
    ['WITH w AS (SELECT 1 AS a) TABLE w', [['1']]],
    ["SELECT 'a\\'", [['a\\']]],
    ["SELECT current_setting('transaction_read_only')", [['on']]],
  ])('%s', async (sql, expected) => {
    expect(await ask(sql)).toMatchObject({ rows: expected, truncated: false });
  });

  test('ends after 1,000 rows, and says whether there are more', async () => {
    const more = await ask('SELECT i FROM big');
    expect([more.rows.length, more.truncated]).toEqual([1_000, true]);
    const exactly = await ask('SELECT i FROM big LIMIT 1000');
    expect([exactly.rows.length, exactly.truncated]).toEqual([1_000, false]);
    const plan = await ask(`EXPLAIN SELECT ${Array(700).fill('(SELECT i FROM big LIMIT 1)').join(', ')}`);
    expect([plan.rows.length, plan.truncated]).toEqual([1_000, true]);
  });

  test('is cut off in the middle of a value, and the next check goes on', async () => {
    const { answers } = await run([
      { sql: `SELECT 'first' UNION ALL SELECT repeat('x', 50000000)`, on: 'source' },
      { sql: 'SELECT 1', on: 'source' },
    ]);
    const [cut] = answers.get('check 0')!;
    expect(cut).toMatchObject({ rows: [['first']], truncated: true });
    expect(cut!.problem).toBeUndefined();
    expect(answers.get('check 1')![0]).toMatchObject({ rows: [['1']], truncated: false });
    await expectNothingRuns();
  });

  test('points at the place of an error in UTF-16', async () => {
    const sql = `SELECT '😀é', nope FROM big`;
    expect((await ask(sql)).problem).toMatchObject({ kind: 'failed', sqlstate: '42703', offset: sql.indexOf('nope') });
    const behind = `/* 😀 */\nSELECT '😀é', nope FROM big`;
    expect((await ask(behind)).problem).toMatchObject({ offset: behind.indexOf('nope') });
  });

  test('of a statement that takes too long says what to do', async () => {
    const { problem } = await ask('SELECT pg_sleep(100)', { timeoutMs: 200 });
    expect(problem).toMatchObject({ kind: 'failed', message: expect.stringContaining('200 ms') });
    const { elapsedMs } = await ask('SELECT pg_sleep(0.3)', { timeoutMs: 600_000 });
    expect(elapsedMs).toBeGreaterThan(299);
  });
});

describe('One check never holds up the rest', () => {
  test('when it fails, is refused, or its judge does', async () => {
    const { results, answers } = await run([
      { sql: 'SELECT 1/0' },
      { sql: 'DROP TABLE big' },
      {
        sql: 'SELECT 1',
        judge: () => {
          throw new Error('no judgement today');
        },
      },
      { sql: 'SELECT 2', on: 'target' },
    ]);
    const kinds = [...answers].map(
      ([id, found]) => `${id} ${found.map(({ side, problem }) => `${side} ${problem?.kind}`).join(', ')}`,
    );
    expect(kinds.sort()).toEqual([
      'check 0 source failed, target failed',
      'check 1 source refused, target refused',
      'check 2 source undefined, target undefined',
      'check 3 target undefined',
    ]);
    expect(results.get('check 2')).toMatchObject({
      verdict: 'error',
      summary: expect.stringContaining('no judgement'),
    });
    expect(results.get('check 3')).toMatchObject({ verdict: 'pass', summary: 'judged' });
    expect(results.get('check 3')!.target).toMatch(/^127\.0\.0\.1:\d+\/app$/);
    expect(results.get('check 3')!.source).toBeUndefined();
  });

  test('when a side cannot be reached', async () => {
    const job = jobOn();
    job.source.settings.port = 1;
    const { answers } = await run([{ sql: 'SELECT 1' }, { sql: 'SELECT 2' }], job);
    for (const [source, target] of answers.values()) {
      expect(source!.problem?.kind).toBe('unreachable');
      expect(target!.rows).toHaveLength(1);
    }
  });

  test('when the session is lost', async () => {
    const running = run([
      { sql: 'SELECT pg_sleep(5)', on: 'source' },
      { sql: 'SELECT 1', on: 'source' },
    ]);
    const { coordinator } = pair.source;
    await expect
      .poll(() =>
        coordinator.query(
          `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(5)%' AND pid <> pg_backend_pid()`,
        ),
      )
      .toHaveLength(1);
    const { answers } = await running;
    expect(answers.get('check 0')![0]!.problem?.kind).toBe('unreachable');
    expect(answers.get('check 1')![0]!.rows).toEqual([['1']]);
  });
});

test('A cancellation ends what runs on the server, and answers what is left', async () => {
  const controller = new AbortController();
  const running = run(
    [{ sql: 'SELECT pg_sleep(50)' }, { sql: 'SELECT 1', on: 'target' }],
    jobOn({ signal: controller.signal }),
  );
  await expect
    .poll(() =>
      pair.source.coordinator.query(
        `SELECT 1 FROM pg_stat_activity WHERE query LIKE '%pg_sleep(50)%' AND pid <> pg_backend_pid()`,
      ),
    )
    .toHaveLength(1);
  controller.abort();
  const { answers } = await running;
  expect([...answers.values()].flat().map(({ problem }) => problem?.kind)).toEqual(Array(3).fill('cancelled'));
  await expectNothingRuns();
});

/** What people ask of a server; refusing it would make checks useless. */
test.each([
  'SELECT count(*) FROM pg_stat_activity JOIN pg_locks USING (pid)',
  'SELECT * FROM pg_stat_replication, pg_replication_slots, pg_publication_tables, pg_stat_subscription',
  'SELECT * FROM pg_replication_origin_status',
  'SELECT query, calls FROM pg_stat_statements ORDER BY mean_exec_time DESC LIMIT 5',
  'SELECT * FROM pg_stat_statements_info, pg_prepared_xacts, pg_available_extensions, pg_file_settings',
  'SELECT * FROM pg_settings, pg_database, pg_roles, pg_stat_user_tables, pg_stat_user_indexes, pg_stats LIMIT 1',
  'SELECT * FROM information_schema.columns LIMIT 1',
  'SELECT *, pg_size_pretty(pg_total_relation_size(oid)) FROM pg_class LIMIT 5',
  'SELECT schemaname, sequencename, last_value FROM pg_sequences',
  'SELECT collname, collversion, pg_collation_actual_version(oid) FROM pg_collection_is_no_table',
  'SELECT collname, pg_collation_actual_version(oid) FROM pg_collation',
  'SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn) FROM pg_replication_slots',
  'SELECT pg_get_viewdef(oid), pg_get_indexdef(oid) FROM pg_class LIMIT 1',
  'SELECT random() < 2, clock_timestamp() - now() < interval $$1 day$$, gen_random_uuid() IS NOT NULL',
  'SELECT md5(string_agg(b::text, $$,$$ ORDER BY b.i)), count(*) FILTER (WHERE i > 2) FROM big b',
  'SELECT row_number() OVER (ORDER BY i), i BETWEEN 1 AND 2, i IN (1, 2), i::text LIKE $$1%$$ FROM big',
  'SELECT version(), current_database(), now(), inet_server_port(), pg_is_in_recovery(), txid_current_if_assigned()',
])('passes: %s', async sql => {
  const { problem } = await ask(sql);
  if (sql.includes('no_table')) expect(problem?.sqlstate).toBe('42P01');
  else expect(problem).toBeUndefined();
});

async function expectNothingRuns(): Promise<void> {
  for (const { coordinator } of [pair.source, pair.target])
    expect(
      await coordinator.query(
        `SELECT query FROM pg_stat_activity WHERE application_name = 'cutover' AND state = 'active'`,
      ),
    ).toEqual([]);
}
