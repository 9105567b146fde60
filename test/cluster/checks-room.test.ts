import { Client } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Side, sides } from '../../src/shared/side';
import { type LabPair, startPlainPair } from '../lab/lab';
import { rollBack, runCheck, runRemedy } from './checks-on';

let pair: LabPair;
const on = (side: Side, sql: string) => pair[side].coordinator.query(sql);
const onBoth = async (...statements: string[]) => {
  for (const side of sides) for (const sql of statements) await on(side, sql);
};
const addressOf = (side: Side) => `${pair[side].coordinator.host}:${pair[side].coordinator.port}`;
const clients: Client[] = [];

/** A receiver that says nothing of what it received. */
async function receiverOn(side: Side, name: string, command: string): Promise<Client> {
  const { host, port, database, user } = pair[side].coordinator;
  const options = { host, port, database, user, application_name: name, replication: 'true' };
  const client = new Client(options);
  client.on('error', () => {});
  await client.connect();
  clients.push(client);
  client.query(command).catch(() => {});
  return client;
}

// From 17 on, slots can be kept on standbys.
beforeAll(async () => {
  pair = await startPlainPair({ source: 17, target: 17 });
  for (const side of sides) {
    await on(side, 'ALTER SYSTEM SET wal_level = logical');
    await on(side, `ALTER SYSTEM SET max_wal_size = '32MB'`);
    await pair[side].coordinator.stop();
    await pair[side].coordinator.start();
  }
  await on('target', 'CREATE TABLE filler (note text STORAGE external)');
});
afterAll(async () => {
  for (const client of clients) client.connection.stream.destroy();
  await pair?.stop();
});

/** Of so many megabytes, all of it in WAL. */
const write = (mb: number) =>
  on('target', `INSERT INTO filler SELECT repeat('x', 1048576) FROM generate_series(1, ${mb}) AS g`);

test('an index that kept the size it had before its table shrank, until it is built anew', async () => {
  await onBoth(
    `CREATE TABLE orders (id int PRIMARY KEY, "Co'de" text, n int)`,
    `CREATE INDEX "o'dd" ON orders ("Co'de")`,
    `INSERT INTO orders SELECT g, md5(g::text), g FROM generate_series(1, 300000) AS g`,
    'DELETE FROM orders WHERE id % 10 <> 0',
    'VACUUM (ANALYZE) orders',
  );
  expect(await runCheck(pair, 'tables.index-sizes')).toMatchObject({
    verdict: 'pass',
    summary: expect.stringMatching(/^1 indexes of 8 MB or more take/),
  });
  await on('source', 'REINDEX TABLE orders');
  const found = await runCheck(pair, 'tables.index-sizes');
  expect(found.differences).toContainEqual({
    what: expect.stringMatching(/^index o'dd of public\.orders takes \d+(\.\d)?× the room for each row$/),
    source: expect.stringMatching(/^[\d.]+ MB, \d\d bytes for each of about 30,000 rows$/),
    target: expect.stringMatching(/^[\d.]+ MB, \d{3} bytes for each of about 30,000 rows$/),
  });
  await runRemedy(pair, found);
  expect(await runCheck(pair, 'tables.index-sizes')).toMatchObject({ verdict: 'pass', details: [] });
  // The other way round nothing bites.
  const swapped: LabPair = { ...pair, source: pair.target, target: pair.source };
  await on('target', 'INSERT INTO orders SELECT g, md5(g::text), g FROM generate_series(300001, 600000) AS g');
  await on('target', 'DELETE FROM orders WHERE id > 300000');
  await on('target', 'VACUUM (ANALYZE) orders');
  expect(await runCheck(swapped, 'tables.index-sizes')).toMatchObject({
    verdict: 'pass',
    details: [expect.stringMatching(/^remark: the copy left \d+ MB of bloat of indexes behind$/)],
  });
  await on('target', 'DROP TABLE orders');
});

test('WAL that a slot keeps piles up, until the slot is gone', async () => {
  expect(await runCheck(pair, 'operations.disk')).toMatchObject({ verdict: 'pass' });
  await on('target', `SELECT pg_create_physical_replication_slot('it_is_gone', true)`);
  await write(180);
  await on('target', 'CHECKPOINT');
  const found = await runCheck(pair, 'operations.disk');
  expect(found.differences).toEqual([
    {
      what: 'WAL piles up',
      node: addressOf('target'),
      target: expect.stringMatching(/^\d{3} MB, while max_wal_size = 32 MB$/),
    },
  ]);
  const slots = await runCheck(pair, 'replication.lag');
  expect(slots.differences).toEqual([
    {
      what: 'slot it_is_gone',
      node: addressOf('target'),
      target: expect.stringMatching(/^inactive: it keeps WAL, \d{3} MB behind$/),
    },
  ]);
  await runRemedy(pair, slots);
  await runRemedy(pair, found);
  await expect.poll(async () => (await runCheck(pair, 'operations.disk')).verdict).toBe('pass');
  expect(await runCheck(pair, 'replication.lag')).toMatchObject({ verdict: 'pass' });
});

test('a slot in use that is about to lose its WAL, and one that lost it', async () => {
  await on('target', `ALTER SYSTEM SET max_slot_wal_keep_size = '64MB'`);
  await on('target', 'SELECT pg_reload_conf()');
  // Segments are kept whole: five of them, from the one in which the slot begins.
  await on('target', 'SELECT pg_switch_wal()');
  await on('target', `SELECT pg_create_physical_replication_slot('slow', true)`);
  const [{ lsn } = { lsn: '' }] = (await on('target', 'SELECT pg_current_wal_lsn() AS lsn')) as { lsn: string }[];
  const reader = await receiverOn('target', 'slow', `START_REPLICATION SLOT slow PHYSICAL ${lsn}`);
  await expect.poll(async () => on('target', 'SELECT active FROM pg_replication_slots')).toEqual([{ active: true }]);
  expect(await runCheck(pair, 'replication.lag')).toMatchObject({ verdict: 'pass' });
  await write(68);
  const found = await runCheck(pair, 'replication.lag');
  expect(found.differences).toEqual([
    {
      what: 'slot slow',
      node: addressOf('target'),
      target: expect.stringMatching(/^nearly lost, [\d.]+ (MB|kB) before its WAL is removed, \d+ MB behind$/),
    },
  ]);
  await runRemedy(pair, found);
  await expect.poll(async () => (await runCheck(pair, 'replication.lag')).verdict).toBe('pass');
  await rollBack(pair, found);
  reader.connection.stream.destroy();
  await expect.poll(async () => on('target', 'SELECT active FROM pg_replication_slots')).toEqual([{ active: false }]);
  await write(120);
  await on('target', 'CHECKPOINT');
  const lost = await runCheck(pair, 'replication.lag');
  expect(lost.differences).toEqual([
    { what: 'slot slow', node: addressOf('target'), target: expect.stringMatching(/^lost: wal_removed/) },
  ]);
  await runRemedy(pair, lost);
  expect(await runCheck(pair, 'replication.lag')).toMatchObject({ verdict: 'pass' });
  await on('target', 'ALTER SYSTEM RESET max_slot_wal_keep_size');
  await on('target', 'SELECT pg_reload_conf()');
});

test('slots that a failover would lose are named where there is a standby', async () => {
  const make = (name: string, failover: boolean) =>
    on('source', `SELECT pg_create_logical_replication_slot('${name}', 'pgoutput', false, false, ${failover})`);
  await make('kept', true);
  await make('forgotten', false);
  const remarks = async () =>
    (await runCheck(pair, 'replication.lag')).details.filter(line => line.includes('a failover of'));
  expect(await remarks()).toEqual([]);
  const [{ lsn } = { lsn: '' }] = (await on('source', 'SELECT pg_current_wal_lsn() AS lsn')) as { lsn: string }[];
  await receiverOn('source', 'standby1', `START_REPLICATION PHYSICAL ${lsn}`);
  await expect
    .poll(remarks)
    .toEqual([expect.stringMatching(/^remark: a failover of [\d.:]+ loses the slots forgotten: /)]);
});
