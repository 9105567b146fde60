import { Client } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Side, sides } from '../../src/shared/side';
import { type LabPair, startPlainPair } from '../lab/lab';
import { rollBack, runCheck, runChecks, runRemedy } from './checks-on';

let pair: LabPair;
const on = (side: Side, sql: string) => pair[side].coordinator.query(sql);
const onBoth = async (sql: string) => {
  for (const side of sides) await on(side, sql);
};
const addressOf = (side: Side) => `${pair[side].coordinator.host}:${pair[side].coordinator.port}`;
const ids = [
  'operations.standbys',
  'operations.archiving',
  'operations.transactions',
  'operations.prepared-transactions',
  'operations.writes',
  'operations.jobs',
  'operations.connections',
  'operations.auto-explain',
];

const clients: Client[] = [];
/** A session that stays open. */
async function sessionOn(side: Side, name: string, options: object = {}): Promise<Client> {
  const { host, port, database, user } = pair[side].coordinator;
  const client = new Client({ host, port, database, user, application_name: name, ...options });
  client.on('error', () => {});
  await client.connect();
  clients.push(client);
  return client;
}

async function passes(...checks: string[]): Promise<void> {
  const results = await runChecks(pair, checks);
  expect(results.map(({ id, verdict, summary }) => [id, verdict, summary])).toEqual(
    checks.map(id => [id, 'pass', expect.any(String)]),
  );
}

let forgetful: Client;

// What must last for some seconds before it is a fault begins here.
beforeAll(async () => {
  pair = await startPlainPair();
  await passes(...ids);
  await onBoth('CREATE TABLE shop (n int)');
  for (const sql of [
    'ALTER SYSTEM SET max_prepared_transactions = 10',
    'ALTER SYSTEM SET max_connections = 30',
    'ALTER SYSTEM SET archive_mode = on',
    `ALTER SYSTEM SET archive_command = 'false'`,
  ])
    await on('target', sql);
  await pair.target.coordinator.stop();
  await pair.target.coordinator.start();
  await on('target', `BEGIN; INSERT INTO shop VALUES (1); PREPARE TRANSACTION 'it''s forgotten'`);
  forgetful = await sessionOn('source', 'forgetful');
  await forgetful.query('BEGIN; LOCK TABLE shop IN EXCLUSIVE MODE');
  const waiter = await sessionOn('source', 'waiter');
  waiter.query('BEGIN; LOCK TABLE shop IN EXCLUSIVE MODE').catch(() => {});
});
afterAll(async () => {
  await Promise.all(clients.map(client => client.end().catch(() => {})));
  await pair?.stop();
});

test('fewer connections than the source has, and nearly none left', async () => {
  const found = await runCheck(pair, 'operations.connections');
  expect(found.differences).toEqual([{ what: 'max_connections', source: '100', target: '30' }]);
  await Promise.all(Array.from({ length: 25 }, () => sessionOn('target', 'crowd')));
  expect((await runCheck(pair, 'operations.connections')).differences[0]).toEqual({
    what: 'connections in use',
    node: addressOf('target'),
    target: expect.stringMatching(/^\d\d %: 2\d \(2\d idle\) of 27$/),
  });
  await Promise.all(clients.splice(2).map(client => client.end()));
});

test('archiving that fails, until its command succeeds', async () => {
  await on('target', 'SELECT pg_switch_wal()');
  await expect
    .poll(async () => (await runCheck(pair, 'operations.archiving')).differences, { timeout: 20_000 })
    .toEqual([
      {
        what: 'archiving',
        node: addressOf('target'),
        target: expect.stringMatching(/^fails: [0-9A-F]{24} \d+ s ago, \d+ failures in all; last success never$/),
      },
    ]);
  await on('target', 'ALTER SYSTEM RESET archive_command');
  await on('target', 'SELECT pg_reload_conf()');
  await expect
    .poll(async () => (await runCheck(pair, 'operations.archiving')).differences)
    .toMatchObject([{ target: 'archive_mode is on, and no archive_command is set: all WAL is kept' }]);
  await on('target', `ALTER SYSTEM SET archive_command = 'true'`);
  await on('target', 'SELECT pg_reload_conf()');
  await on('target', 'SELECT pg_switch_wal()');
  await expect
    .poll(async () => (await runCheck(pair, 'operations.archiving')).verdict, { timeout: 70_000 })
    .toBe('pass');
});

test('archiving on the source only', async () => {
  await pair.source.coordinator.query(`ALTER SYSTEM SET archive_command = 'true'`);
  const swapped = { ...pair, source: pair.target, target: pair.source };
  const found = await runCheck(swapped, 'operations.archiving');
  expect(found.differences).toEqual([
    { what: 'archiving', node: addressOf('source'), source: 'on', target: 'archive_mode = off' },
  ]);
  expect(found.remedy).toContain('ALTER SYSTEM SET archive_mode = on;');
});

test('a standby that only the source has, and one that commits wait for in vain', async () => {
  const standby = await sessionOn('source', 'standby1', { replication: 'true' });
  const { rows } = await standby.query<{ xlogpos: string }>('IDENTIFY_SYSTEM');
  standby.query(`START_REPLICATION PHYSICAL ${rows[0]!.xlogpos}`).catch(() => {});
  await expect
    .poll(async () => (await runCheck(pair, 'operations.standbys')).differences)
    .toEqual([{ what: 'standbys', node: addressOf('target'), source: '1', target: '0' }]);
  expect((await runCheck(pair, 'operations.standbys')).details).toContain(
    `remark: source: standby1 of ${addressOf('source')}: streaming, async`,
  );
  standby.connection.stream.destroy();
  await on('target', 'ALTER SYSTEM SET synchronous_commit = on');
  await on('target', `ALTER SYSTEM SET synchronous_standby_names = 'it''s gone'`).catch(() => {});
  await on('target', `ALTER SYSTEM SET synchronous_standby_names = 'gone'`);
  await on('target', 'SELECT pg_reload_conf()');
  await expect
    .poll(async () => (await runCheck(pair, 'operations.standbys')).differences)
    .toEqual([
      {
        what: 'commits wait for a standby that is not there',
        node: addressOf('target'),
        target: 'synchronous_standby_names = gone, and none of them replicates',
      },
    ]);
  const found = await runCheck(pair, 'operations.standbys');
  await runRemedy(pair, found);
  await expect.poll(async () => (await runCheck(pair, 'operations.standbys')).verdict).toBe('pass');
});

test('clients that write to both sides, until the source refuses', async () => {
  const [source, target] = [await sessionOn('source', 'app server'), await sessionOn('target', 'app server')];
  const insert = '/* checkout */ INSERT INTO sold VALUES (1)';
  await onBoth('CREATE TABLE sold (n int)');
  await source.query(insert);
  expect(await runCheck(pair, 'operations.writes')).toMatchObject({
    verdict: 'pass',
    summary: 'clients write to the source only',
  });
  await target.query(insert);
  const found = await runCheck(pair, 'operations.writes');
  expect(found.differences).toEqual([
    {
      what: 'both sides are written to',
      source: `1 sessions of postgres (app server) on ${addressOf('source')}`,
      target: `1 sessions of postgres (app server) on ${addressOf('target')}`,
    },
  ]);
  await runRemedy(pair, found);
  await expect(on('source', insert)).rejects.toMatchObject({ code: '25006' });
  expect((await runCheck(pair, 'operations.writes')).verdict).toBe('fail');
  await source.end();
  expect(await runCheck(pair, 'operations.writes')).toMatchObject({
    verdict: 'pass',
    summary: 'clients write to the target only',
  });
  const owner = await sessionOn('source', 'owner');
  for (const sql of found.remedies[0]!.rollback.split('; ')) await owner.query(sql);
  await on('source', insert);
});

test('a job of pg_cron that is active on both sides', async () => {
  // pg_cron is not among what the lab can install: its table stands in for it.
  await onBoth(`CREATE SCHEMA cron; CREATE TABLE cron.job (jobid bigint, schedule text, command text, database text, active boolean);
    INSERT INTO cron.job VALUES (1, '5 * * * *', 'CALL roll_up()', 'app', true), (2, '* * * * *', 'SELECT 1', 'app', false)`);
  const found = await runCheck(pair, 'operations.jobs');
  expect(found.differences).toEqual([
    { what: 'active on both sides: CALL roll_up()', source: 'job 1, 5 * * * *', target: 'job 1, 5 * * * *' },
  ]);
  await runRemedy(pair, found);
  await passes('operations.jobs');
  await rollBack(pair, found);
  expect((await runCheck(pair, 'operations.jobs')).verdict).toBe('fail');
  await on('source', 'CREATE ROLE watcher LOGIN');
  await on('target', 'CREATE ROLE watcher LOGIN');
  const hidden = await runCheck(pair, 'operations.jobs', { user: 'watcher' });
  expect(hidden).toMatchObject({ verdict: 'unknown', differences: [] });
  for (const grant of hidden.unknown[0]!.grant!.split('; ')) await onBoth(grant);
  expect((await runCheck(pair, 'operations.jobs', { user: 'watcher' })).differences).toEqual(found.differences);
});

test('a role that sees only its own sessions is told so', async () => {
  const results = await runChecks(pair, ['operations.transactions', 'operations.writes'], { user: 'watcher' });
  for (const { verdict, unknown } of results) {
    expect(verdict).toBe('unknown');
    expect(new Set(unknown.map(({ grant }) => grant))).toEqual(new Set(['GRANT pg_read_all_stats TO "watcher"']));
  }
});

test('a transaction that was prepared and forgotten', async () => {
  await expect
    .poll(async () => (await runCheck(pair, 'operations.prepared-transactions')).differences, { timeout: 20_000 })
    .toEqual([
      {
        what: `prepared transaction it's forgotten`,
        node: addressOf('target'),
        target: expect.stringMatching(/^of postgres in database app, for \d+ s$/),
      },
    ]);
  await runRemedy(pair, await runCheck(pair, 'operations.prepared-transactions'));
  await passes('operations.prepared-transactions');
});

test('a session that is idle in its transaction, and one that waits for it', async () => {
  const blocker = (await on('source', `SELECT pid FROM pg_stat_activity WHERE application_name = 'forgetful'`))[0]!.pid;
  await expect
    .poll(async () => (await runCheck(pair, 'operations.transactions')).differences, { timeout: 30_000 })
    .toEqual([
      {
        what: expect.stringMatching(/^session \d+ of postgres \(forgetful\)$/),
        node: addressOf('source'),
        source: expect.stringMatching(/^idle in transaction, for \d+ s; its transaction is open for \d+ s$/),
      },
      {
        what: expect.stringMatching(/^session \d+ of postgres \(waiter\)$/),
        node: addressOf('source'),
        source: expect.stringContaining(`waits for a lock that session ${blocker} holds, for `),
      },
    ]);
  const found = await runCheck(pair, 'operations.transactions');
  expect(found.remedies.map(({ sql }) => sql)).toEqual([`SELECT pg_terminate_backend(${blocker});`]);
  await runRemedy(pair, found);
  await expect.poll(async () => (await runCheck(pair, 'operations.transactions')).verdict).toBe('pass');
});
