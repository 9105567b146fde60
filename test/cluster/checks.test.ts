import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checksToCompare } from '../../src/checks/catalogue';
import type { Side } from '../../src/shared/side';
import { findPostgres } from '../lab/installations';
import { type LabPair, startPlainPair } from '../lab/lab';
import { rollBack, runCheck, runChecks, runRemedy, unjudgedHere, wordsOf } from './checks-on';

const ids = checksToCompare().map(({ id }) => id);
const majors = [...new Set((await findPostgres()).map(({ majorVersion }) => majorVersion))].sort();

let pair: LabPair;
const on = (side: Side, sql: string) => pair[side].coordinator.query(sql);
const onBoth = async (sql: string) => {
  await on('source', sql);
  await on('target', sql);
};
const addressOf = (side: Side) => `${pair[side].coordinator.host}:${pair[side].coordinator.port}`;

describe.each(majors)('two fresh servers of PostgreSQL %i', major => {
  beforeAll(async () => {
    pair = await startPlainPair({ source: major, target: major });
  });
  afterAll(() => pair?.stop());

  test('pass every check', async () => {
    const results = await runChecks(pair, ids);
    expect(results.map(({ id, verdict, summary }) => [id, verdict, summary])).toEqual(
      ids.map(id => [id, unjudgedHere.includes(id) ? 'unknown' : 'pass', expect.any(String)]),
    );
    expect(results[0]).toMatchObject({ source: `${addressOf('source')}/app`, target: `${addressOf('target')}/app` });
  });

  test('tell a role without privileges which grants it lacks, and it passes with them', async () => {
    await onBoth('CREATE ROLE nobody LOGIN');
    await onBoth('CREATE TABLE hidden (id serial PRIMARY KEY, note text)');
    await onBoth(`INSERT INTO hidden (note) SELECT 'x' FROM generate_series(1, 100); ANALYZE hidden`);
    const unjudged = async () =>
      (await runChecks(pair, ids, { user: 'nobody' })).filter(({ verdict }) => verdict !== 'pass');
    const seen = new Map<string, (string | undefined)[]>();
    // What one grant lets the role see may lack another.
    for (let round = 0; round < 3; round++) {
      for (const { id, verdict, unknown } of await unjudged()) {
        expect([id, verdict]).toEqual([id, 'unknown']);
        const grants = unknown.map(({ grant }) => grant);
        seen.set(id, [...(seen.get(id) ?? []), ...grants]);
        for (const grant of new Set(grants)) if (grant !== undefined) await onBoth(grant);
      }
    }
    expect(new Set(seen.get('sequences.behind'))).toEqual(
      new Set([
        'GRANT SELECT ON SEQUENCE "public"."hidden_id_seq" TO "nobody"',
        'GRANT SELECT ON "public"."hidden" TO "nobody"',
      ]),
    );
    expect(new Set(seen.get('statements.ready'))).toEqual(new Set(['GRANT pg_read_all_stats TO "nobody"']));
    // What superusers alone may see no grant shows, or none that Cutover names.
    const ungrantable = [...seen].filter(([, grants]) => grants.includes(undefined)).map(([id]) => id);
    expect(ungrantable).toEqual(['roles.passwords', 'operations.machine']);
    expect((await unjudged()).map(({ id }) => id)).toEqual(ungrantable);
  });
});

describe('faults on a server', () => {
  beforeAll(async () => {
    pair = await startPlainPair();
  });
  afterAll(() => pair?.stop());

  /** The fault is found, its remedy mends it, its rollback brings it back, and it is mended again. */
  async function mends(id: string, database?: string): Promise<void> {
    const as = database === undefined ? {} : { database };
    const found = await runCheck(pair, id, as);
    expect(found).toMatchObject({ verdict: 'fail' });
    await runRemedy(pair, found);
    await expect.poll(async () => (await runCheck(pair, id, as)).verdict).toBe('pass');
    await rollBack(pair, found);
    await expect.poll(async () => (await runCheck(pair, id, as)).summary).toBe(found.summary);
    await runRemedy(pair, found);
    await expect.poll(async () => (await runCheck(pair, id, as)).verdict).toBe('pass');
  }

  test('versions.extensions: one is not created on the target', async () => {
    await on('source', 'CREATE EXTENSION hstore');
    expect(await runCheck(pair, 'versions.extensions')).toMatchObject({
      verdict: 'fail',
      summary: expect.stringMatching(/^extension hstore: source [\d.]+, target not created$/),
    });
    await mends('versions.extensions');
  });

  test('versions.extensions: an update is pending', async () => {
    await on('target', `DROP EXTENSION pg_stat_statements; CREATE EXTENSION pg_stat_statements VERSION '1.8'`);
    const found = await runCheck(pair, 'versions.extensions');
    expect(wordsOf(found)).toContain(`update of pg_stat_statements pending on ${addressOf('target')}: target 1.8`);
    await runRemedy(pair, found);
    expect(await runCheck(pair, 'versions.extensions')).toMatchObject({ verdict: 'pass' });
  });

  test('settings.planner: a cost differs; memory of the machine, and more work_mem, do not bite', async () => {
    for (const [name, value] of [
      ['random_page_cost', '1.1'],
      ['effective_cache_size', '9GB'],
      ['work_mem', '32MB'],
    ])
      await on('target', `ALTER SYSTEM SET ${name} = '${value}'`);
    await on('target', 'SELECT pg_reload_conf()');
    await expect.poll(async () => (await runCheck(pair, 'settings.planner')).verdict).toBe('fail');
    const found = await runCheck(pair, 'settings.planner');
    expect(found.differences).toEqual([
      { what: 'random_page_cost', source: '4 (built-in)', target: '1.1 (configuration file)' },
    ]);
    expect(wordsOf(found)).toContain('remark: effective_cache_size: source 4GB (built-in), target 9GB');
    expect(wordsOf(found)).toContain('remark: work_mem: source 16MB (configuration file), target 32MB');
    expect(found).toMatchObject({
      expected: 'random_page_cost: 4 (built-in)',
      actual: 'random_page_cost: 1.1 (configuration file)',
    });
    await mends('settings.planner');
  });

  test('settings.roles: role, database and role in database, by name, in any spelling', async () => {
    await onBoth('CREATE ROLE "odd ""role"" \\1" LOGIN');
    await on('source', `ALTER ROLE "odd ""role"" \\1" SET search_path = "$user", 'public', "two words"`);
    await on(
      'source',
      `ALTER ROLE "odd ""role"" \\1" SET work_mem = '1GB'; ALTER ROLE "odd ""role"" \\1" SET jit = 'no'`,
    );
    await on(
      'target',
      `ALTER ROLE "odd ""role"" \\1" SET work_mem = '1024MB'; ALTER ROLE "odd ""role"" \\1" SET jit = off`,
    );
    await on('source', `ALTER DATABASE app SET "my.setting" = 'it''s \\ here'`);
    await on('target', 'ALTER ROLE postgres IN DATABASE app SET enable_nestloop = off');
    await on('target', `ALTER ROLE postgres SET log_statement = 'ddl'`);
    const { differences, details } = await runCheck(pair, 'settings.roles');
    expect(differences).toEqual([
      { what: 'enable_nestloop of role postgres in the database', source: 'not set', target: 'off' },
      { what: 'search_path of role odd "role" \\1', source: `"$user", public, "two words"`, target: 'not set' },
      { what: 'my.setting of the database', source: "it's \\ here", target: 'not set' },
    ]);
    expect(details).toContain('remark: log_statement of role postgres: source not set, target ddl');
    await mends('settings.roles');
    const texts = async (side: Side) => {
      const stored = await pair[side].coordinator.query<{ entry: string }>(
        `SELECT unnest(setconfig) AS entry FROM pg_db_role_setting LEFT JOIN pg_roles r ON r.oid = setrole
          WHERE r.rolname LIKE 'odd%' OR setrole = 0`,
      );
      return stored
        .map(({ entry }) => entry)
        .filter(entry => /^(?:search_path|my\.)/.test(entry))
        .sort();
    };
    expect(await texts('source')).toHaveLength(2);
    expect(await texts('target')).toEqual(await texts('source'));
  });

  test('locale.collations: a named collation and the database are of other versions than the node', async () => {
    const icu = `LOCALE_PROVIDER icu ICU_LOCALE 'en' LOCALE 'C'`;
    for (const side of ['source', 'target'] as const) await on(side, `CREATE DATABASE icu TEMPLATE template0 ${icu}`);
    const there = (sql: string) => pair.target.coordinator.query(sql, [], 'icu');
    await there(`CREATE COLLATION german (provider = icu, locale = 'de')`);
    await there('CREATE TABLE names (name text COLLATE german PRIMARY KEY)');
    expect(await runCheck(pair, 'locale.collations', { database: 'icu' })).toMatchObject({ verdict: 'pass' });
    await there(`UPDATE pg_collation SET collversion = '1.0' WHERE collname = 'german'`);
    await there(`UPDATE pg_database SET datcollversion = '1.0' WHERE datname = 'icu'`);
    const found = await runCheck(pair, 'locale.collations', { database: 'icu' });
    expect(found.differences).toEqual([
      {
        what: "database of another collation version than the node's",
        node: addressOf('target'),
        target: expect.stringMatching(/^recorded 1\.0, actual \d/),
      },
      {
        what: "collation public.german of another version than the node's",
        node: addressOf('target'),
        target: expect.stringMatching(/^recorded 1\.0, actual \d/),
      },
    ]);
    for (const sql of found.remedies[0]!.sql.replaceAll(/^--.*$/gm, '')
      .split(';')
      .map(text => text.trim()))
      if (sql !== '') await there(sql);
    expect(await runCheck(pair, 'locale.collations', { database: 'icu' })).toMatchObject({ verdict: 'pass' });
  });

  test('locale.collations: another provider or encoding fails', async () => {
    await on('source', `CREATE DATABASE other TEMPLATE template0 LOCALE 'C' ENCODING 'LATIN1'`);
    await on('target', `CREATE DATABASE other TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'en' LOCALE 'C'`);
    const found = await runCheck(pair, 'locale.collations', { database: 'other' });
    expect(found.differences.map(({ what, source, target }) => [what, source, target])).toEqual([
      ['encoding', 'LATIN1', 'UTF8'],
      ['provider', 'libc', 'ICU'],
      ['collation', 'C', expect.stringMatching(/^en/)],
      ['character classes', 'C', expect.stringMatching(/^en/)],
    ]);
  });

  test('sequences.behind: serial, identity and descending; without an index it is not told', async () => {
    await on('target', `CREATE SCHEMA "s'p ace"`);
    await on(
      'target',
      `CREATE TABLE "s'p ace"."t %s" (id bigserial PRIMARY KEY, n int GENERATED BY DEFAULT AS IDENTITY UNIQUE)`,
    );
    await on('target', `INSERT INTO "s'p ace"."t %s" (id, n) SELECT g, g FROM generate_series(1, 500) g`);
    await on(
      'target',
      "CREATE SEQUENCE down INCREMENT -1; CREATE TABLE falling (id int PRIMARY KEY DEFAULT nextval('down'))",
    );
    await on('target', 'INSERT INTO falling VALUES (-7)');
    await on(
      'target',
      'CREATE TABLE fresh (id serial PRIMARY KEY); CREATE TABLE even (id serial PRIMARY KEY); INSERT INTO even DEFAULT VALUES',
    );
    await on(
      'target',
      `CREATE TABLE restarted (id serial PRIMARY KEY); INSERT INTO restarted VALUES (41); SELECT setval('restarted_id_seq', 42, false)`,
    );
    const found = await runCheck(pair, 'sequences.behind');
    expect(found.differences.map(({ what, target }) => `${what}: ${target}`)).toEqual([
      'public.down behind public.falling.id: sequence at 0, column at -7',
      "s'p ace.t %s_id_seq behind s'p ace.t %s.id: sequence at 0, column at 500",
      "s'p ace.t %s_n_seq behind s'p ace.t %s.n: sequence at 0, column at 500",
    ]);
    await runRemedy(pair, found);
    expect(await runCheck(pair, 'sequences.behind')).toMatchObject({ verdict: 'pass' });
    // The proof: the insert that would have failed.
    await on('target', `INSERT INTO "s'p ace"."t %s" DEFAULT VALUES; INSERT INTO falling DEFAULT VALUES`);
    await on('target', 'CREATE TABLE unindexed (id serial); INSERT INTO unindexed VALUES (9)');
    const gap = await runCheck(pair, 'sequences.behind');
    expect(gap).toMatchObject({
      verdict: 'unknown',
      unknown: [{ what: expect.stringContaining('no index begins with') }],
    });
    await on('target', 'DROP TABLE unindexed');
  });

  test('sequences.behind: a locked table is not waited for', async () => {
    const { Client } = await import('pg');
    const client = new Client({ connectionString: pair.target.coordinator.uri });
    await client.connect();
    await client.query('BEGIN; LOCK TABLE even IN ACCESS EXCLUSIVE MODE');
    const began = performance.now();
    const result = await runCheck(pair, 'sequences.behind');
    expect(performance.now() - began).toBeLessThan(1_500);
    expect(result).toMatchObject({
      verdict: 'unknown',
      unknown: [{ what: expect.stringContaining('locked it or public.even') }],
    });
    await client.end();
  });

  test('replication.identity: with the index that could serve, else FULL', async () => {
    await on('source', 'CREATE TABLE no_key (a int, b text)');
    await on(
      'source',
      'CREATE TABLE with_index (a int NOT NULL, b text); CREATE UNIQUE INDEX with_index_a ON with_index (a)',
    );
    await on('source', 'CREATE TABLE "nothing" (a int PRIMARY KEY); ALTER TABLE "nothing" REPLICA IDENTITY NOTHING');
    await on('source', 'CREATE UNLOGGED TABLE unlogged (a int)');
    const found = await runCheck(pair, 'replication.identity');
    expect(found.differences.map(({ what, source }) => [what, source])).toEqual([
      ['public.no_key without replica identity', 'no primary key, no row changed since the statistics were reset'],
      [
        'public.nothing without replica identity',
        'REPLICA IDENTITY NOTHING, no row changed since the statistics were reset',
      ],
      ['public.with_index without replica identity', 'no primary key, no row changed since the statistics were reset'],
    ]);
    expect(found.remedy).toContain('REPLICA IDENTITY USING INDEX "with_index_a"');
    await mends('replication.identity');
    expect(wordsOf(await runCheck(pair, 'replication.identity'))).toContain('REPLICA IDENTITY FULL');
  });

  test('statistics.never-analyzed: a table with rows', async () => {
    await on('target', 'ANALYZE');
    await on('target', 'CREATE TABLE copied (a int); CREATE TABLE empty (a int)');
    await on('target', 'INSERT INTO copied SELECT generate_series(1, 1000)');
    const found = await runCheck(pair, 'statistics.never-analyzed');
    expect(found.differences).toEqual([{ what: 'public.copied never analysed', target: 'never analysed' }]);
    await runRemedy(pair, found);
    expect(await runCheck(pair, 'statistics.never-analyzed')).toMatchObject({ verdict: 'pass' });
    // A VACUUM counts rows and makes no column statistics.
    await on('target', 'CREATE TABLE vacuumed (a int); INSERT INTO vacuumed SELECT generate_series(1, 1000)');
    await on('target', 'VACUUM vacuumed');
    expect(await runCheck(pair, 'statistics.never-analyzed')).toMatchObject({ verdict: 'fail' });
    await on('target', 'DROP TABLE vacuumed');
    // Statistics that outlive a reset of the cumulative ones.
    await on('target', 'SELECT pg_stat_reset()');
    expect(await runCheck(pair, 'statistics.never-analyzed')).toMatchObject({ verdict: 'pass' });
  });

  test('statements.ready: not created, not tracking, not loaded', async () => {
    await on('target', 'DROP EXTENSION pg_stat_statements');
    expect(wordsOf(await runCheck(pair, 'statements.ready'))).toContain('target not created in this database');
    await mends('statements.ready');
    await on('target', `ALTER SYSTEM SET pg_stat_statements.track = 'none'`);
    await on('target', 'SELECT pg_reload_conf()');
    await expect.poll(async () => wordsOf(await runCheck(pair, 'statements.ready'))).toContain('track = none');
    await mends('statements.ready');
    await on('target', `ALTER SYSTEM RESET shared_preload_libraries`);
    const restart = async () => {
      await pair.target.coordinator.stop();
      await pair.target.coordinator.start();
    };
    await restart();
    const found = await runCheck(pair, 'statements.ready');
    expect(found).toMatchObject({
      verdict: 'fail',
      differences: [{ target: 'not loaded', node: addressOf('target') }],
    });
    await runRemedy(pair, found);
    await restart();
    expect(await runCheck(pair, 'statements.ready')).toMatchObject({ verdict: 'pass' });
  });

  test('replication.lag: a slot that nobody uses', async () => {
    await on('source', `SELECT pg_create_physical_replication_slot('forgotten', true)`);
    await on('source', 'CREATE TABLE wal AS SELECT generate_series(1, 1000) AS a');
    const found = await runCheck(pair, 'replication.lag');
    expect(found.summary).toMatch(/^slot forgotten on \S+: source inactive: it keeps WAL, [\d.]+ [kM]B behind$/);
    await runRemedy(pair, found);
    expect(await runCheck(pair, 'replication.lag')).toMatchObject({ verdict: 'pass' });
  });

  test('replication.lag: a disabled subscription', async () => {
    await on(
      'target',
      `CREATE SUBSCRIPTION idle CONNECTION 'host=127.0.0.1' PUBLICATION none WITH (connect = false, slot_name = NONE)`,
    );
    expect((await runCheck(pair, 'replication.lag')).differences).toEqual([
      { what: 'subscription idle', node: addressOf('target'), target: 'disabled' },
    ]);
    await on('target', 'DROP SUBSCRIPTION idle');
  });

  test('tables.row-counts: fewer rows, a missing table, no estimate', async () => {
    await onBoth('DROP SCHEMA public CASCADE; CREATE SCHEMA public');
    await on('target', `DROP SCHEMA "s'p ace" CASCADE`);
    await onBoth('CREATE TABLE counted (a int); CREATE TABLE close (a int)');
    await on(
      'source',
      'INSERT INTO counted SELECT generate_series(1, 1000); INSERT INTO close SELECT generate_series(1, 1000)',
    );
    await on(
      'target',
      'INSERT INTO counted SELECT generate_series(1, 900); INSERT INTO close SELECT generate_series(1, 960)',
    );
    await on('source', 'CREATE TABLE left_out (a int); INSERT INTO left_out SELECT 1');
    await onBoth('ANALYZE');
    const found = await runCheck(pair, 'tables.row-counts');
    expect(found.differences).toEqual([
      { what: 'public.counted', source: 'about 1,000 rows', target: 'about 900 rows, 10 % fewer' },
      { what: 'public.left_out', source: 'about 1 rows', target: 'no such table' },
    ]);
    await on('target', 'INSERT INTO counted SELECT generate_series(901, 1000)');
    await on('target', 'CREATE TABLE left_out (a int); INSERT INTO left_out SELECT 1');
    await on('target', 'ANALYZE');
    expect(await runCheck(pair, 'tables.row-counts')).toMatchObject({ verdict: 'pass' });
    await onBoth('CREATE TABLE late (a int); INSERT INTO late SELECT 1');
    await on('target', 'SELECT pg_stat_reset()');
    expect(await runCheck(pair, 'tables.row-counts')).toMatchObject({
      verdict: 'unknown',
      unknown: [{ what: expect.stringContaining('public.late: no estimate on the target') }],
    });
  });

  test('an id that is none, and a side that is down, leave the others', async () => {
    await pair.target.coordinator.stop();
    const results = await runChecks(pair, ['replication.identity', 'settings.roles', 'setings.planer']);
    await pair.target.coordinator.start();
    expect(results.map(({ verdict }) => verdict)).toEqual(['fail', 'unknown', 'error']);
    expect(results[1]!.unknown[0]).toMatchObject({
      node: 'The target',
      what: expect.stringContaining('Nothing listens at'),
    });
    expect(results[2]!.summary).toContain('Did you mean settings.planner?');
  });
});

describe.skipIf(majors.length < 2)('two versions of PostgreSQL', () => {
  const [older, newer] = [majors.at(-2)!, majors.at(-1)!];
  test('an older target fails; a newer one is a remark, its other defaults too', async () => {
    pair = await startPlainPair({ source: newer, target: older });
    try {
      expect(await runCheck(pair, 'versions.postgresql')).toMatchObject({
        verdict: 'fail',
        summary: expect.stringMatching(/^older on the target: source \d+\.\d+, target \d+\.\d+$/),
      });
    } finally {
      await pair.stop();
    }
    pair = await startPlainPair({ source: older, target: newer });
    try {
      const [versions, settings] = await runChecks(pair, ['versions.postgresql', 'settings.planner']);
      expect(versions).toMatchObject({ verdict: 'pass', details: [expect.stringContaining('a major upgrade, too')] });
      expect(settings).toMatchObject({ verdict: 'pass' });
      if (newer === 18)
        expect(wordsOf(settings!)).toContain('another default of another version: effective_io_concurrency');
    } finally {
      await pair.stop();
    }
  });
});
