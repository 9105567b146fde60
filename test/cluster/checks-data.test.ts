import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Side } from '../../src/shared/side';
import { type LabPair, startPlainPair } from '../lab/lab';
import { rollBack, runCheck, runChecks, runRemedy } from './checks-on';

let pair: LabPair;
const on = (side: Side, sql: string) => pair[side].coordinator.query(sql);
const onBoth = async (sql: string) => {
  await on('source', sql);
  await on('target', sql);
};
const addressOf = (side: Side) => `${pair[side].coordinator.host}:${pair[side].coordinator.port}`;
const restart = async (side: Side) => {
  await pair[side].coordinator.stop();
  await pair[side].coordinator.start();
};
const ids = [
  'tables.sizes',
  'tables.dead-rows',
  'tables.compression',
  'tables.partitions',
  'statistics.stale',
  'statistics.visibility',
  'statistics.freeze',
  'statistics.columns',
  'statements.window',
];

// With synchronous_commit = off a page is not all-visible before the commits of its rows are flushed: hence the checkpoints.
beforeAll(async () => {
  pair = await startPlainPair();
  await onBoth(`CREATE TABLE wide (id int PRIMARY KEY, kind int, note text);
    INSERT INTO wide SELECT g, g % 100, repeat('x', 1000) FROM generate_series(1, 20000) AS g;
    CREATE INDEX ON wide (kind)`);
  await onBoth('CHECKPOINT');
  await onBoth('VACUUM (ANALYZE) wide');
});
afterAll(() => pair?.stop());

test('equal servers pass', async () => {
  const results = await runChecks(pair, ids);
  expect(results.map(({ id, verdict, summary }) => [id, verdict, summary])).toEqual(
    ids.map(id => [id, 'pass', expect.any(String)]),
  );
  expect(results[0]!.details).toEqual([
    expect.stringMatching(/^remark: source: \d+ MB in 1 tables$/),
    expect.stringMatching(/^remark: target: \d+ MB in 1 tables$/),
  ]);
});

test('a table updated without a vacuum: larger, full of dead rows, stale, and not all-visible', async () => {
  await on('target', `UPDATE wide SET note = note || 'y'; UPDATE wide SET note = note || 'z'`);
  await expect
    .poll(async () => (await runCheck(pair, 'tables.dead-rows')).differences)
    .toEqual([{ what: 'public.wide', target: '40,000 dead rows, 67 % of all' }]);
  const found = await runChecks(pair, ['tables.sizes', 'statistics.stale', 'tables.dead-rows']);
  expect(found.map(({ differences }) => differences)).toEqual([
    [
      {
        what: expect.stringMatching(/^public\.wide takes [\d.]+× the room$/),
        source: expect.stringMatching(/^\d+ MB \(table \d+ MB, indexes \d+ kB, TOAST 0 bytes; about 20,000 rows\)$/),
        target: expect.stringMatching(/^\d+ MB /),
      },
    ],
    [
      {
        what: 'public.wide: statistics are stale',
        target: '40,000 rows changed since, more than 20 % of it',
      },
    ],
    [{ what: 'public.wide', target: '40,000 dead rows, 67 % of all' }],
  ]);
  await runRemedy(pair, found[2]!);
  expect(await runChecks(pair, ['tables.dead-rows', 'statistics.stale'])).toMatchObject([
    { verdict: 'pass' },
    { verdict: 'pass' },
  ]);
  await on('target', 'UPDATE wide SET kind = kind; UPDATE wide SET kind = kind');
  await runRemedy(pair, found[1]!);
  expect(await runCheck(pair, 'statistics.stale')).toMatchObject({ verdict: 'pass' });
  const seen = await runCheck(pair, 'statistics.visibility');
  expect(seen.differences).toEqual([
    { what: 'public.wide: pages known to be all-visible', source: '100 %', target: expect.stringMatching(/^\d+ %$/) },
  ]);
  await on('target', 'CHECKPOINT');
  await runRemedy(pair, seen);
  expect(await runCheck(pair, 'statistics.visibility')).toMatchObject({ verdict: 'pass' });
  expect(await runCheck(pair, 'tables.sizes')).toMatchObject({ verdict: 'fail' });
  await runRemedy(pair, found[0]!);
  expect(await runCheck(pair, 'tables.sizes')).toMatchObject({ verdict: 'pass' });
});

test('statistics that the target has not, a target for one column, another order on disk', async () => {
  await on('source', 'ALTER TABLE wide ALTER COLUMN kind SET STATISTICS 1000');
  await on('target', `DELETE FROM pg_statistic WHERE starelid = 'wide'::regclass`);
  const found = await runCheck(pair, 'statistics.columns');
  expect(found.differences).toEqual([
    { what: 'public.wide.id: statistics', source: 'there', target: 'none' },
    { what: 'public.wide.kind: statistics target', source: '1000', target: 'the default' },
    { what: 'public.wide.kind: statistics', source: 'there', target: 'none' },
  ]);
  await runRemedy(pair, found);
  expect(await runCheck(pair, 'statistics.columns')).toMatchObject({ verdict: 'pass' });
  await rollBack(pair, found);
  expect((await runCheck(pair, 'statistics.columns')).differences).toMatchObject([
    { what: 'public.wide.kind: statistics target' },
  ]);
  await runRemedy(pair, found);
  await on('target', 'CREATE INDEX wide_order ON wide (md5(id::text))');
  await on('target', 'CLUSTER wide USING wide_order');
  await on('target', 'ANALYZE wide');
  const order = await runCheck(pair, 'statistics.columns');
  expect(order.differences).toEqual([
    {
      what: 'public.wide.id: order on disk',
      source: 'correlation 1',
      target: expect.stringMatching(/^correlation -?0/),
    },
  ]);
  await on('target', 'CLUSTER wide USING wide_pkey');
  await on('target', 'ANALYZE wide');
  expect(await runCheck(pair, 'statistics.columns')).toMatchObject({ verdict: 'pass' });
});

test('a partition that is missing, and none for today', async () => {
  await onBoth(`CREATE TABLE log (at timestamptz, n int) PARTITION BY RANGE (at);
    CREATE TABLE "log O'ld" PARTITION OF log FOR VALUES FROM ('2020-01-01') TO ('2021-01-01')`);
  await on('source', `CREATE TABLE log_new PARTITION OF log FOR VALUES FROM ('2021-01-01') TO ('2999-01-01')`);
  await on('target', `ALTER ROLE postgres SET timezone = 'Asia/Tokyo'`);
  await on('target', `ALTER ROLE postgres SET datestyle = 'German'`);
  const found = await runCheck(pair, 'tables.partitions');
  expect(found.differences).toEqual([
    { what: 'partitions of public.log', source: '2, among them public.log_new', target: '1, without these' },
    {
      what: 'public.log has no partition for rows of today',
      target: 'the last one ends 2021-01-01 00:00:00+00',
    },
  ]);
  await runRemedy(pair, found);
  expect(await runCheck(pair, 'tables.partitions')).toMatchObject({ verdict: 'pass', details: [] });
  await rollBack(pair, found);
  expect((await runCheck(pair, 'tables.partitions')).summary).toBe(found.summary);
  await onBoth('DROP TABLE log');
  await on('target', 'ALTER ROLE postgres RESET ALL');
});

test('a source set up for a copy-on-write file system, and a target not', async () => {
  await on('source', 'ALTER SYSTEM SET wal_recycle = off');
  await on('source', 'SELECT pg_reload_conf()');
  await expect
    .poll(async () => (await runCheck(pair, 'tables.compression')).differences)
    .toEqual([
      {
        what: 'a file system that may compress (suspected, as wal_recycle = off)',
        node: addressOf('source'),
        source: expect.stringMatching(/^\d+ MB of tables and indexes, [\d.]+ MB to [\d.]+ MB on disk if it is ZFS/),
        target: expect.stringMatching(/^no sign of it: \d+ MB on disk$/),
      },
    ]);
  await on('source', 'ALTER SYSTEM RESET wal_recycle');
  await on('source', 'SELECT pg_reload_conf()');
  await expect.poll(async () => (await runCheck(pair, 'tables.compression')).verdict).toBe('pass');
});

test('transaction ids that grow old, and statements that were thrown away', async () => {
  await on('target', 'ALTER SYSTEM SET autovacuum_freeze_max_age = 100000');
  await on('target', `ALTER SYSTEM SET autovacuum_naptime = '1h'`);
  await on('target', 'ALTER SYSTEM SET pg_stat_statements.max = 100');
  await restart('target');
  await on('target', 'CREATE TABLE burnt (n int)');
  await on(
    'target',
    `DO $$ BEGIN
       FOR i IN 1 .. 210000 LOOP
         BEGIN INSERT INTO burnt VALUES (i); EXCEPTION WHEN division_by_zero THEN NULL; END;
       END LOOP;
     END $$`,
  );
  // As the same expression in another number of columns is another statement.
  await on(
    'target',
    `SET pg_stat_statements.track = 'all';
     DO $$ BEGIN FOR i IN 1 .. 400 LOOP EXECUTE 'SELECT 1' || repeat(', 1', i); END LOOP; END $$`,
  );
  const [freeze, window] = await runChecks(pair, ['statistics.freeze', 'statements.window']);
  expect(freeze!.differences.map(({ what }) => what)).toContain('age of database app');
  await runRemedy(pair, freeze!);
  expect((await runCheck(pair, 'statistics.freeze')).differences.map(({ what }) => what)).not.toContain(
    'age of database app',
  );
  expect(window!.differences).toEqual([
    {
      what: 'statements were thrown away',
      node: addressOf('target'),
      target: expect.stringMatching(/^\d+ times since the last reset, as more than 100 ran$/),
    },
  ]);
  await runRemedy(pair, window!);
  await restart('target');
  await on('target', 'SELECT pg_stat_statements_reset()');
  expect(await runCheck(pair, 'statements.window')).toMatchObject({ verdict: 'pass' });
});
