import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Side, sides } from '../../src/shared/side';
import { whyNoCitus } from '../lab/installations';
import { type LabPair, startCitusPair } from '../lab/lab';
import type { LabServer } from '../lab/server';
import { rollBack, runCheck, runChecks, runRemedy, wordsOf } from './checks-on';

const missing = await whyNoCitus();
if (missing) console.warn(`SKIPPED: objects and grants on workers. ${missing}`);

const local = 'SET citus.enable_ddl_propagation = off; ';
const addressOf = ({ host, port }: LabServer) => `${host}:${port}`;
const watched = [
  'objects.schemas',
  'objects.types',
  'objects.routines',
  'objects.views',
  'objects.workers',
  'roles.grants',
];

let pair: LabPair;
const coordinatorOf = (side: Side) => pair[side].coordinator;
/** One statement a time, as Citus sends what it can of each. */
const onBoth = async (...statements: string[]) => {
  for (const side of sides) for (const sql of statements) await coordinatorOf(side).query(sql);
};
const onWorkers = async (side: Side, sql: string) => {
  for (const worker of pair[side].workers) await worker.query(local + sql);
};
const verdicts = async () =>
  (await runChecks(pair, watched)).map(({ id, verdict, differences }) => [id, verdict, differences]);
const allPass = watched.map(id => [id, 'pass', []]);

describe.skipIf(missing)('on Citus 11.1 and 13.2', () => {
  beforeAll(async () => {
    pair = await startCitusPair();
    await onBoth(
      'CREATE ROLE readers',
      'CREATE SCHEMA app',
      'CREATE SCHEMA "Odd ""schema"""',
      `CREATE TYPE app.state AS ENUM ('new', 'done')`,
      'CREATE TYPE "Odd ""schema"""."pa ir" AS (a int, b text)',
      `CREATE COLLATION app.numbers (provider = icu, locale = 'en-u-kn-true')`,
      'CREATE TABLE app.events (tenant int, id bigserial, note text)',
      'CREATE TABLE app.alone (a int)',
      `SELECT create_distributed_table('app.events', 'tenant')`,
      'CREATE VIEW app.noted AS SELECT * FROM app.events WHERE note IS NOT NULL',
      'CREATE FUNCTION app.twice(n int) RETURNS int LANGUAGE sql IMMUTABLE AS $$SELECT 2 * n$$',
      `CREATE PROCEDURE app.work() LANGUAGE plpgsql AS 'BEGIN END'`,
      `CREATE AGGREGATE app.total(int) (SFUNC = int4pl, STYPE = int, INITCOND = '0')`,
      // Citus keeps to the coordinator what depends on a local table.
      'CREATE FUNCTION app.local_only() RETURNS SETOF app.alone LANGUAGE sql AS $$SELECT * FROM app.alone$$',
      'GRANT USAGE ON SCHEMA app TO readers',
      'GRANT EXECUTE ON FUNCTION app.twice TO readers',
      'REVOKE EXECUTE ON PROCEDURE app.work FROM PUBLIC',
      'GRANT SELECT ON app.events, app.alone TO readers',
      'GRANT USAGE ON SEQUENCE app.events_id_seq TO readers',
      'GRANT USAGE ON TYPE app.state TO readers',
      'GRANT EXECUTE ON FUNCTION app.local_only TO readers',
      'REVOKE TEMPORARY ON DATABASE app FROM PUBLIC',
      'ALTER DEFAULT PRIVILEGES IN SCHEMA app GRANT EXECUTE ON FUNCTIONS TO readers',
      'CREATE FUNCTION app.later() RETURNS int LANGUAGE sql AS $$SELECT 1$$',
    );
  });
  afterAll(() => pair?.stop());

  test('what Citus sends is on all nodes, what it does not send is no fault', async () => {
    expect(await verdicts()).toEqual(allPass);
    const found = await runCheck(pair, 'objects.workers');
    expect(found.summary).toBe('4 workers have what Citus keeps on every node');
    expect(found.details).toEqual(
      sides.map(side => `remark: ${side}: on the coordinator alone: function app.local_only()`),
    );
  });

  /** Objects that Citus keeps everywhere, gone or changed on one worker: the finding, the remedy, and it is gone. */
  test.each<[fault: string, name: string, words: string]>([
    ['DROP FUNCTION app.twice', 'function app.twice(n integer)', 'missing, Citus keeps it on every node'],
    ['DROP AGGREGATE app.total(int)', 'aggregate app.total(integer)', 'missing, Citus keeps it on every node'],
    ['DROP TYPE "Odd ""schema"""."pa ir"', 'type Odd "schema".pa ir', 'missing, Citus keeps it on every node'],
    ['DROP COLLATION app.numbers', 'collation app.numbers', 'missing, Citus keeps it on every node'],
    ['DROP VIEW app.noted', 'view app.noted', 'missing, Citus keeps it on every node'],
    [
      `CREATE OR REPLACE PROCEDURE app.work() LANGUAGE plpgsql AS 'BEGIN NULL; END'`,
      'procedure app.work()',
      'other than on the coordinator',
    ],
    [`ALTER TYPE app.state RENAME VALUE 'done' TO 'over'`, 'type app.state', 'other than on the coordinator'],
  ])('objects.workers: %s', async (fault, name, words) => {
    for (const side of sides) {
      const [worker] = pair[side].workers;
      await worker!.query(local + fault);
      const found = await runCheck(pair, 'objects.workers');
      expect(found.differences).toEqual([{ what: name, node: addressOf(worker!), [side]: words }]);
      expect(found.remedies.map(({ side, nodes }) => [side, nodes])).toEqual([
        [side, [addressOf(coordinatorOf(side))]],
      ]);
      await runRemedy(pair, found);
      expect(await runCheck(pair, 'objects.workers')).toMatchObject({ verdict: 'pass' });
      // What the remedy does not bring along is found by the check that it names.
      const grants = await runCheck(pair, 'roles.grants');
      expect(grants.differences.map(({ node }) => node)).toEqual(grants.differences.map(() => addressOf(worker!)));
      await runRemedy(pair, grants);
      expect(await verdicts()).toEqual(allPass);
    }
  });

  test('objects.workers: a whole schema that a worker lacks', async () => {
    const worker = pair.target.workers[1]!;
    await worker.query(`${local}DROP SCHEMA "Odd ""schema""" CASCADE`);
    const found = await runCheck(pair, 'objects.workers');
    expect(found.differences.map(({ what }) => what)).toEqual(['schema Odd "schema"', 'type Odd "schema".pa ir']);
    await runRemedy(pair, found);
    expect(await verdicts()).toEqual(allPass);
  });

  test('objects.workers: what people made on the workers of the source, and not on those of the target', async () => {
    // As was done before Citus sent any of it.
    for (const sql of [
      'CREATE SCHEMA tools',
      `CREATE TYPE tools.size AS ENUM ('s', 'it''s')`,
      `CREATE COLLATION tools."de" (provider = icu, locale = 'de', deterministic = false)`,
      'CREATE FUNCTION tools.half(n int) RETURNS int LANGUAGE sql AS $$SELECT n / 2$$',
    ]) {
      for (const side of sides) await coordinatorOf(side).query(local + sql);
      await onWorkers('source', sql);
    }
    const found = await runCheck(pair, 'objects.workers');
    expect(found.differences).toEqual(
      pair.target.workers.flatMap(worker =>
        ['schema tools', 'collation tools.de', 'type tools.size', 'function tools.half(n integer)'].map(what => ({
          what,
          node: addressOf(worker),
          target: 'missing, every worker of the source has it',
        })),
      ),
    );
    expect(found.remedies.map(({ sql, nodes }) => [sql, nodes])).toEqual([
      [expect.stringMatching(/off;\nCREATE SCHEMA tools;$/), pair.target.workers.map(addressOf)],
      [
        expect.stringMatching(
          /off;\nCREATE COLLATION tools.de \(provider = icu, locale = 'de', deterministic = false\);$/,
        ),
        pair.target.workers.map(addressOf),
      ],
      [
        expect.stringMatching(/off;\nCREATE TYPE tools.size AS ENUM \('s', 'it''s'\);$/),
        pair.target.workers.map(addressOf),
      ],
      [`SELECT create_distributed_function('tools.half(integer)');`, [addressOf(coordinatorOf('target'))]],
    ]);
    const others = found.remedies.slice(0, -1);
    await runRemedy(pair, { ...found, remedies: others });
    expect((await runCheck(pair, 'objects.workers')).differences.map(({ what }) => what)).toEqual(
      pair.target.workers.map(() => 'function tools.half(n integer)'),
    );
    await rollBack(pair, { ...found, remedies: others.toReversed() });
    await runRemedy(pair, found);
    expect(await runCheck(pair, 'objects.workers')).toMatchObject({ verdict: 'pass' });
    const [row] = await pair.target.workers[0]!.query<{ half: number }>('SELECT tools.half(8)');
    expect(row!.half).toBe(4);
  });

  test('versions.extensions: one that a worker lacks, and one that the target lacks', async () => {
    const id = 'versions.extensions';
    await onBoth('CREATE EXTENSION hstore SCHEMA app');
    expect(await runCheck(pair, id)).toMatchObject({ verdict: 'pass' });
    const worker = pair.target.workers[1]!;
    await worker.query(`${local}DROP EXTENSION hstore`);
    const found = await runCheck(pair, id);
    expect(found.differences).toEqual([
      {
        what: expect.stringMatching(/^extension hstore other than the coordinator's 1\.8/),
        node: addressOf(worker),
        target: 'not created',
      },
    ]);
    await runRemedy(pair, found);
    expect(await runCheck(pair, id)).toMatchObject({ verdict: 'pass' });
    await coordinatorOf('target').query('DROP EXTENSION hstore');
    const lost = await runCheck(pair, id);
    expect(lost.differences).toEqual([{ what: 'extension hstore', source: '1.8', target: 'not created' }]);
    expect(lost.remedies[0]!.sql).toMatch(/CREATE EXTENSION IF NOT EXISTS "hstore" SCHEMA "app" VERSION '1\.8';$/);
    await runRemedy(pair, lost);
    expect(await runCheck(pair, id)).toMatchObject({ verdict: 'pass' });
    await rollBack(pair, lost);
    expect((await runCheck(pair, id)).differences).toEqual(lost.differences);
    await coordinatorOf('source').query('DROP EXTENSION hstore');
  });

  test('objects.workers: what only the target has on its coordinator, or a worker besides, is remarked on', async () => {
    await coordinatorOf('target').query(`${local}CREATE FUNCTION app.here() RETURNS int LANGUAGE sql AS 'SELECT 1'`);
    await pair.target.workers[0]!.query(`${local}CREATE TYPE app.stray AS (a int)`);
    const found = await runCheck(pair, 'objects.workers');
    expect(found.verdict).toBe('pass');
    expect(wordsOf(found)).toContain(
      'target: on the coordinator alone: function app.here(), function app.local_only()',
    );
    // What the repair of the type above has left is among them.
    expect(wordsOf(found)).toMatch(/target: on workers alone: .*type app\.stray/);
    await coordinatorOf('target').query(`${local}DROP FUNCTION app.here`);
    await pair.target.workers[0]!.query(`${local}DROP TYPE app.stray`);
  });

  test('a function that is made through Citus on the target reaches its workers', async () => {
    await coordinatorOf('source').query(
      `CREATE FUNCTION app.added(n int) RETURNS int LANGUAGE plpgsql AS $$BEGIN RETURN n + 1; END$$`,
    );
    const found = await runCheck(pair, 'objects.routines');
    expect(found.differences).toEqual([{ what: 'function app.added(n integer)', source: 'there', target: 'missing' }]);
    await runRemedy(pair, found);
    expect(await verdicts()).toEqual(allPass);
    const [row] = await pair.target.workers[0]!.query<{ n: number }>('SELECT app.added(1) AS n');
    expect(row!.n).toBe(2);
    await rollBack(pair, found);
    expect((await runCheck(pair, 'objects.routines')).differences).toEqual(found.differences);
    await runRemedy(pair, found);
  });

  /** A grant that one worker lacks or has besides. */
  test.each<[fault: string, what: string, now: string]>([
    [
      'REVOKE USAGE ON SCHEMA app FROM readers',
      'to readers on schema app other than on the coordinator (USAGE)',
      'not granted, or no such object',
    ],
    [
      'REVOKE EXECUTE ON FUNCTION app.twice FROM readers; REVOKE EXECUTE ON FUNCTION app.twice FROM PUBLIC',
      'to readers on routine app.twice(n integer) other than on the coordinator (EXECUTE)',
      'not granted, or no such object',
    ],
    [
      'GRANT EXECUTE ON PROCEDURE app.work TO PUBLIC',
      'to PUBLIC on routine app.work() other than on the coordinator (nothing)',
      'EXECUTE (default)',
    ],
    [
      'REVOKE SELECT ON app.events FROM readers',
      'to readers on table app.events other than on the coordinator (SELECT)',
      'not granted, or no such object',
    ],
    [
      'GRANT SELECT, INSERT ON app.events TO readers',
      'to readers on table app.events other than on the coordinator (SELECT)',
      'INSERT, SELECT',
    ],
    [
      'GRANT CREATE ON SCHEMA app TO PUBLIC',
      'to PUBLIC on schema app other than on the coordinator (not granted, or no such object)',
      'CREATE',
    ],
  ])('roles.grants: %s', async (fault, what, now) => {
    for (const side of sides) {
      const worker = pair[side].workers[1]!;
      await worker.query(local + fault);
      const found = await runCheck(pair, 'roles.grants');
      expect(found.differences).toContainEqual({ what, node: addressOf(worker), [side]: now });
      expect(found.differences.map(({ node }) => node)).toEqual(found.differences.map(() => addressOf(worker)));
      await runRemedy(pair, found);
      expect(await runCheck(pair, 'roles.grants')).toMatchObject({ verdict: 'pass' });
      await rollBack(pair, found);
      expect((await runCheck(pair, 'roles.grants')).differences).toEqual(found.differences);
      await runRemedy(pair, found);
    }
  });

  test('roles.grants: what Citus does not send counts where the workers of the source have it', async () => {
    for (const grant of ['GRANT CREATE ON DATABASE app TO readers', 'GRANT USAGE ON TYPE app.state TO readers']) {
      await onBoth(grant);
      await onWorkers('source', grant);
      await onWorkers('target', grant.replace('GRANT', 'REVOKE').replace(' TO ', ' FROM '));
    }
    const found = await runCheck(pair, 'roles.grants');
    // PUBLIC has the type by default.
    expect(found.differences).toEqual(
      pair.target.workers.map(worker => ({
        what: 'to readers on the database other than on the coordinator (CREATE)',
        node: addressOf(worker),
        target: 'not granted, or no such object',
      })),
    );
    await runRemedy(pair, found);
    expect(await verdicts()).toEqual(allPass);
  });

  test('roles.grants: what the coordinator of the target lacks reaches its workers', async () => {
    await coordinatorOf('source').query('GRANT INSERT ON app.events TO readers');
    const found = await runCheck(pair, 'roles.grants');
    expect(found.differences).toHaveLength(1);
    expect(found.remedies.map(({ nodes }) => nodes)).toEqual([[addressOf(coordinatorOf('target'))]]);
    await runRemedy(pair, found);
    expect(await verdicts()).toEqual(allPass);
  });

  test('a role that may read nothing sees the same', async () => {
    await onBoth('CREATE ROLE nobody LOGIN');
    const results = await runChecks(pair, watched, { user: 'nobody' });
    expect(results.map(({ id, verdict, differences }) => [id, verdict, differences])).toEqual(allPass);
  });

  test('a worker that is down is unknown, and holds up no other', async () => {
    const [down, up] = pair.target.workers;
    await up!.query(`${local}DROP AGGREGATE app.total(int)`);
    await down!.stop();
    const [objects, grants] = await runChecks(pair, ['objects.workers', 'roles.grants']);
    expect(objects!.differences.map(({ node }) => node)).toEqual([addressOf(up!)]);
    expect(objects!.unknown.map(({ node }) => node)).toEqual([addressOf(down!)]);
    expect(grants).toMatchObject({ verdict: 'unknown', differences: [] });
  });
});
