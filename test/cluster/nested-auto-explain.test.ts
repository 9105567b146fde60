import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readAutoExplainAccess, runWithAutoExplain } from '../../src/cluster/nested-auto-explain';
import { Session } from '../../src/cluster/session';
import { readPlan } from '../../src/plan/read';
import type { Side } from '../../src/shared/side';
import { findPostgres } from '../lab/installations';
import { type LabPair, startPlainPair } from '../lab/lab';
import { limits, profileOf } from './profile-of';

const majors = (await findPostgres()).map(({ majorVersion }) => majorVersion).sort((a, b) => a - b);
/** Oldest and newest of what this machine has. */
const tested: Side[] = majors[0] === majors.at(-1) ? ['source'] : ['source', 'target'];

let pair: LabPair;
beforeAll(async () => {
  pair = await startPlainPair({ source: majors[0]!, target: majors.at(-1)! });
});
afterAll(() => pair?.stop());

describe.each(tested)('auto_explain on plain PostgreSQL, %s', side => {
  let session: Session;
  const server = () => pair[side].coordinator;

  beforeAll(async () => {
    await server().query(`
    CREATE ROLE clerk LOGIN;
    CREATE TABLE parents (id int PRIMARY KEY);
    CREATE TABLE t (id int PRIMARY KEY, v int REFERENCES parents);
    CREATE TABLE log (id int);
    INSERT INTO parents SELECT generate_series(1, 100);
    CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN INSERT INTO log VALUES (NEW.id); RETURN NULL; END $$;
    CREATE TRIGGER note AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION note();
    CREATE FUNCTION fill(first int, last int) RETURNS bigint LANGUAGE plpgsql AS $$
    BEGIN
      INSERT INTO t SELECT i, i FROM generate_series(first, last) i
        ON CONFLICT DO NOTHING;
      RETURN (SELECT count(*) FROM t);
    END $$;
    CREATE FUNCTION sql_sum(n int) RETURNS bigint LANGUAGE sql VOLATILE AS 'SELECT sum(v) FROM t WHERE id > n';
    CREATE PROCEDURE work(n int) LANGUAGE plpgsql AS $$
    DECLARE r record;
    BEGIN
      PERFORM fill(1, n);
      CALL tidy(n);
      FOR i IN 1..n LOOP
        UPDATE t SET v = v WHERE id = i;
      END LOOP;
      FOR r IN SELECT id FROM t ORDER BY id LIMIT 3 LOOP
        EXECUTE format('UPDATE %I SET v = v WHERE id = $1', 't') USING r.id;
      END LOOP;
      BEGIN
        INSERT INTO t VALUES (1, 1);
      EXCEPTION WHEN unique_violation THEN
        DELETE FROM log WHERE id = 1;
      END;
      RAISE NOTICE 'seen: %', sql_sum(2);
    END $$;
    CREATE PROCEDURE tidy(n int) LANGUAGE plpgsql AS $$ BEGIN DELETE FROM t WHERE id > n; END $$;
    CREATE PROCEDURE commits() LANGUAGE plpgsql AS $$ BEGIN DELETE FROM log; COMMIT; END $$`);
    session = await Session.open(profileOf(server()), undefined, limits);
  });
  afterAll(() => session?.close());

  const counts = async () =>
    (await server().query('SELECT (SELECT count(*) FROM t) AS t, (SELECT count(*) FROM log) AS log'))[0];

  test('gives the statements of a call as a tree, with their plans, and leaves nothing behind', async () => {
    const before = await counts();
    const run = await runWithAutoExplain(session, 'load', {
      sql: 'CALL work($1)',
      values: ['20'],
      access: 'read write',
    });
    if ('error' in run) throw run.error;
    const lines = run.statements.map(({ sql, frames, measured, parent }) => {
      const { routine = '-', line = '-' } = frames.at(-1) ?? {};
      return `${parent} ${routine}:${line} ${measured?.calls ?? '-'}x ${sql.replace(/\s+/g, ' ')}`;
    });
    const foreignKey =
      'SELECT 1 FROM ONLY "public"."parents" x WHERE "id" OPERATOR(pg_catalog.=) $1 FOR KEY SHARE OF x';
    expect(lines).toEqual([
      '-1 work(integer):4 1x SELECT fill(1, n)',
      '0 fill(integer,integer):3 1x INSERT INTO t SELECT i, i FROM generate_series(first, last) i ON CONFLICT DO NOTHING',
      `1 -:- 20x ${foreignKey}`,
      '1 note():1 20x INSERT INTO log VALUES (NEW.id)',
      expect.stringMatching(/^0 fill\(integer,integer\):5 1x (?:SELECT )?\(SELECT count\(\*\) FROM t\)$/),
      '-1 work(integer):5 -x CALL tidy(n)',
      '5 tidy(integer):1 1x DELETE FROM t WHERE id > n',
      '-1 work(integer):7 20x UPDATE t SET v = v WHERE id = i',
      `7 -:- 20x ${foreignKey}`,
      '-1 work(integer):10 3x UPDATE t SET v = v WHERE id = $1',
      `9 -:- 3x ${foreignKey}`,
      '-1 work(integer):9 1x SELECT id FROM t ORDER BY id LIMIT 3',
      '-1 work(integer):15 1x DELETE FROM log WHERE id = 1',
      '-1 work(integer):17 -x ',
      '13 sql_sum:1 1x SELECT sum(v) FROM t WHERE id > n',
    ]);
    for (const { measured } of run.statements) {
      if (!measured) continue;
      const { plan, problems } = readPlan(measured.plan);
      expect(problems).toEqual([]);
      expect(plan.analyzed).toBe(true);
      expect(plan.statements[0]!.executionMs).toBe(measured.slowestMs);
      expect(measured.totalMs).toBeGreaterThanOrEqual(measured.slowestMs);
    }
    expect(run.notices).toEqual([expect.stringContaining('seen: ')]);
    expect(await counts()).toEqual(before);
    const settings = await session.query(
      `SELECT name, setting FROM pg_settings WHERE name IN ('auto_explain.log_min_duration', 'client_min_messages')`,
    );
    expect(settings.rows).toContainEqual(['auto_explain.log_min_duration', '-1']);
  });

  test('says which grant is missing, and works with it', async () => {
    const clerk = () => Session.open(profileOf(server(), { user: 'clerk' }), undefined, limits);
    const without = await clerk();
    const access = await readAutoExplainAccess(without);
    expect(access).toEqual({ missing: expect.stringContaining('session_preload_libraries') });
    await expect(
      runWithAutoExplain(without, 'load', { sql: 'CALL work(1)', values: [], access: 'read write' }),
    ).resolves.toMatchObject({
      error: { message: expect.stringContaining('access to library "auto_explain" is not allowed') },
    });
    await without.close();
    if (session.server.num < 150_000 || !('missing' in access)) return;
    // What it says to run is what helps.
    const [, steps] = access.missing.split('let a superuser run ');
    for (const step of steps!.replace(/\.$/, '').split('; ')) await server().query(step);
    await server().query('GRANT ALL ON ALL TABLES IN SCHEMA public TO clerk');
    const granted = await clerk();
    try {
      expect(await readAutoExplainAccess(granted)).toEqual({ way: 'loaded' });
      const run = await runWithAutoExplain(granted, 'loaded', {
        sql: 'SELECT fill(1, 3)',
        values: [],
        access: 'read write',
      });
      if ('error' in run) throw run.error;
      expect(run.statements.map(({ frames }) => frames.length)).toEqual([1, 2, 2, 1, 0]);
    } finally {
      await granted.close();
    }
  });

  test('keeps a long loop small', async () => {
    const run = await runWithAutoExplain(session, 'loaded', {
      sql: 'CALL work($1)',
      values: ['2000'],
      access: 'read write',
    });
    if (!('error' in run)) throw new Error('the foreign key has 100 rows only');
    await server().query('INSERT INTO parents SELECT generate_series(101, 2000)');
    const long = await runWithAutoExplain(session, 'loaded', {
      sql: 'CALL work($1)',
      values: ['2000'],
      access: 'read write',
    });
    if ('error' in long) throw long.error;
    expect(long.statements).toHaveLength(15);
    expect(long.statements[7]!.measured!.calls).toBe(2000);
  });

  test('runs nowhere near Citus, even where the session does not know of it', async () => {
    // What a database with Citus in it always has, and nothing else does.
    await server().query('CREATE SCHEMA pretend; CREATE TABLE pretend.pg_dist_node ()');
    try {
      const before = await counts();
      const fresh = await Session.open(profileOf(server()), undefined, limits);
      await expect(
        runWithAutoExplain(fresh, 'load', { sql: 'CALL work(5)', values: [], access: 'read write' }),
      ).rejects.toMatchObject({ reason: 'refused' });
      const { rows } = await fresh.query(`SELECT count(*) FROM pg_settings WHERE name LIKE 'auto_explain.%'`);
      expect(rows).toEqual([['0']]);
      expect(await counts()).toEqual(before);
      await fresh.close();
    } finally {
      await server().query('DROP SCHEMA pretend CASCADE');
    }
  });
});
