import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Side, sides } from '../../src/shared/side';
import { whyNoCitus } from '../lab/installations';
import { type LabPair, startCitusPair } from '../lab/lab';
import type { LabServer } from '../lab/server';
import { rollBack, runCheck, runChecks, runRemedy } from './checks-on';

const missing = await whyNoCitus();
if (missing) console.warn(`SKIPPED: checks of the topology of Citus. ${missing}`);

const ids = [
  'topology.nodes',
  'topology.clocks',
  'topology.tables',
  'topology.moves',
  'topology.placements',
  'topology.metadata',
  'topology.jobs',
];

let pair: LabPair;
const on = (side: Side, sql: string) => pair[side].coordinator.query(sql);
const onBoth = async (...statements: string[]) => {
  for (const side of sides) for (const sql of statements) await on(side, sql);
};
const addressOf = ({ host, port }: LabServer) => `${host}:${port}`;

async function passes(...checks: string[]): Promise<void> {
  const results = await runChecks(pair, checks);
  expect(results.map(({ id, verdict, summary }) => [id, verdict, summary])).toEqual(
    checks.map(id => [id, 'pass', expect.any(String)]),
  );
}

beforeAll(async () => {
  if (!missing) pair = await startCitusPair();
});
afterAll(() => pair?.stop());

describe.skipIf(missing)('on Citus 11.1 and 13.2', () => {
  test.each(sides)('a worker that is given no shards, an inactive one, one that is not in step: %s', async side => {
    await passes(...ids);
    const [first, second] = pair[side].workers;
    await on(side, `SELECT citus_set_node_property('${first!.host}', ${first!.port}, 'shouldhaveshards', false)`);
    const idle = await runCheck(pair, 'topology.nodes');
    expect(idle.differences).toEqual([
      {
        what: 'a worker without shards that is given none',
        node: addressOf(first!),
        [side]: 'shouldhaveshards = false',
      },
    ]);
    await runRemedy(pair, idle);
    await on(side, `UPDATE pg_dist_node SET metadatasynced = false WHERE nodeport = ${first!.port}`);
    await on(side, `UPDATE pg_dist_node SET isactive = false WHERE nodeport = ${second!.port}`);
    const found = await runCheck(pair, 'topology.nodes');
    expect(found.differences).toEqual([
      { what: 'metadata is not in step', node: addressOf(first!), [side]: 'metadatasynced = false' },
      { what: 'inactive', node: addressOf(second!), [side]: 'isactive = false, 0 placements' },
    ]);
    await runRemedy(pair, found);
    await passes('topology.nodes', 'topology.metadata');
  });

  test('tables that are distributed in another way', async () => {
    await onBoth(
      'CREATE TABLE events (tenant int, "Id" bigint, note text, PRIMARY KEY (tenant, "Id"))',
      `CREATE TABLE orders (tenant int PRIMARY KEY, "o'dd" int)`,
      'CREATE TABLE clicks (tenant int PRIMARY KEY, n int)',
      'CREATE TABLE apps (id int PRIMARY KEY)',
      'CREATE TABLE plain (id int)',
    );
    await on('source', `SELECT create_distributed_table('events', 'tenant')`);
    await on('source', `SELECT create_distributed_table('orders', 'tenant', colocate_with := 'events')`);
    await on(
      'source',
      `SELECT create_distributed_table('clicks', 'tenant', colocate_with := 'none', shard_count := 6)`,
    );
    await on('source', `SELECT create_reference_table('apps')`);
    await on('target', `SELECT create_distributed_table('events', 'Id')`);
    await on(
      'target',
      `SELECT create_distributed_table('orders', 'tenant', colocate_with := 'none', shard_count := 4)`,
    );
    const found = await runCheck(pair, 'topology.tables');
    expect(found.differences).toEqual([
      { what: 'public.apps: kind', source: 'reference', target: 'a local table' },
      { what: 'public.clicks: kind', source: 'distributed by tenant in 6 shards', target: 'a local table' },
      { what: 'public.events: distribution column', source: 'tenant', target: 'Id' },
      { what: 'public.events: type of the distribution column', source: 'integer', target: 'bigint' },
      { what: 'public.orders: shards', source: '8', target: '4' },
      { what: 'public.orders: colocation', source: 'with public.events', target: 'not with public.events' },
    ]);
    await runRemedy(pair, found);
    await passes('topology.tables', 'topology.metadata', 'topology.placements');
    await rollBack(pair, { ...found, remedies: found.remedies.slice(0, 2) });
    expect((await runCheck(pair, 'topology.tables')).differences.map(({ what }) => what)).toEqual([
      'public.apps: kind',
      'public.clicks: kind',
    ]);
    await runRemedy(pair, { ...found, remedies: found.remedies.slice(0, 2) });
  });

  test('shards that could not be moved while they are written to', async () => {
    const [first] = pair.target.workers;
    await onBoth('CREATE TABLE bare (tenant int, note text)');
    await onBoth(`SELECT create_distributed_table('bare', 'tenant', colocate_with := 'events')`);
    await first!.query('ALTER SYSTEM SET wal_level = replica');
    await first!.stop();
    await first!.start();
    const found = await runCheck(pair, 'topology.moves');
    // Newer minor versions refuse the output plugin of splits, too: see the test of big tenants.
    expect(found.differences.filter(({ what }) => !what.startsWith('output plugin'))).toEqual([
      {
        what: 'public.bare without replica identity',
        target: 'with it all 3 tables of its group stay where they are',
      },
      { what: 'wal_level', node: addressOf(first!), target: 'replica' },
    ]);
    await runRemedy(pair, found);
    await first!.stop();
    await first!.start();
    await passes('topology.moves');
  });

  test.each(sides)('a shard without its table, and a table that is no shard: %s', async side => {
    const [first] = pair[side].workers;
    const [shard] = (await on(
      side,
      `SELECT shardid AS id FROM pg_dist_shard JOIN pg_dist_placement USING (shardid) JOIN pg_dist_node USING (groupid)
        WHERE logicalrelid = 'orders'::regclass AND nodeport = ${first!.port} LIMIT 1`,
    )) as [{ id: string }];
    await first!.query(`ALTER TABLE orders_${shard.id} RENAME TO gone`);
    await first!.query('CREATE TABLE events_999999 (a int)');
    const found = await runCheck(pair, 'topology.placements');
    expect(found.differences).toEqual([
      { what: 'shards without their tables', node: addressOf(first!), [side]: `orders_${shard.id}` },
      {
        what: 'tables of shards that the metadata does not have there',
        node: addressOf(first!),
        [side]: 'public.events_999999 (0 bytes)',
      },
    ]);
    await first!.query(`ALTER TABLE gone RENAME TO orders_${shard.id}`);
    await runRemedy(pair, found);
    await passes('topology.placements');
  });

  test('a node that holds more than its share, until it is rebalanced', async () => {
    await onBoth('CREATE TABLE heavy (id int PRIMARY KEY, note text)');
    await onBoth('ALTER TABLE heavy ALTER note SET STORAGE external');
    await onBoth(`SELECT create_distributed_table('heavy', 'id', colocate_with := 'none', shard_count := 2)`);
    await onBoth(`INSERT INTO heavy SELECT g, repeat('x', 16000) FROM generate_series(1, 2500) AS g`);
    await passes('topology.placements');
    const [first, second] = pair.target.workers;
    const move = ({ host, port }: LabServer, to: LabServer) =>
      on(
        'target',
        `SELECT citus_move_shard_placement(shardid, '${host}', ${port}, '${to.host}', ${to.port}, 'block_writes')
           FROM pg_dist_shard JOIN pg_dist_placement USING (shardid) JOIN pg_dist_node USING (groupid)
          WHERE logicalrelid = 'heavy'::regclass AND nodeport = ${port}`,
      );
    await move(second!, first!);
    await on('target', 'CALL citus_cleanup_orphaned_resources()');
    const found = await runCheck(pair, 'topology.placements');
    expect(found.differences).toEqual([
      {
        what: 'holds more than its share of the shards',
        node: addressOf(first!),
        target: expect.stringMatching(/^4\d MB, [12]\.\d× the mean of 2\d MB$/),
      },
    ]);
    await runRemedy(pair, found);
    await on('target', 'SELECT citus_rebalance_wait()');
    await passes('topology.placements', 'topology.jobs');
  });

  test.each(sides)('a worker whose metadata lacks a shard and an object: %s', async side => {
    const [first] = pair[side].workers;
    await onBoth('CREATE SCHEMA IF NOT EXISTS app');
    await passes('topology.metadata');
    await first!.query(
      `DELETE FROM pg_dist_placement WHERE shardid = (SELECT min(shardid) FROM pg_dist_shard WHERE logicalrelid = 'orders'::regclass)`,
    );
    await first!.query(
      `DELETE FROM pg_dist_object WHERE classid = 'pg_namespace'::regclass AND objid = 'app'::regnamespace`,
    );
    const found = await runCheck(pair, 'topology.metadata');
    expect(found.differences).toEqual([
      {
        what: 'placements other than on the coordinator',
        node: addressOf(first!),
        [side]: expect.stringMatching(/^\d+, the coordinator has \d+$/),
      },
      {
        what: 'objects other than on the coordinator',
        node: addressOf(first!),
        [side]: expect.stringMatching(/^\d+, the coordinator has \d+; without schema app$/),
      },
    ]);
    await runRemedy(pair, found);
    await passes('topology.metadata');
  });

  test.each(sides)('a background job that failed: %s', async side => {
    await on(
      side,
      `WITH job AS (INSERT INTO pg_dist_background_job (state, job_type, description, finished_at)
         VALUES ('failed', 'rebalance', 'Rebalance all', now()) RETURNING job_id)
       INSERT INTO pg_dist_background_task (job_id, owner, status, command, message)
       SELECT job_id, 'postgres'::regrole, 'error', 'SELECT 1/0', 'ERROR: division by zero' FROM job`,
    );
    const found = await runCheck(pair, 'topology.jobs');
    expect(found.differences).toEqual([
      {
        what: expect.stringMatching(/^job \d+ \(rebalance, Rebalance all\)$/),
        node: addressOf(pair[side].coordinator),
        [side]: 'failed: ERROR: division by zero',
      },
    ]);
    expect(found.remedy).toContain('citus_rebalance_start();');
    await on(side, `UPDATE pg_dist_background_job SET finished_at = now() - interval '8 days' WHERE state = 'failed'`);
    await passes('topology.jobs');
  });

  test('a pool larger than a worker takes, and auto_explain at a coordinator', async () => {
    const [first] = pair.target.workers;
    await passes('operations.connections', 'operations.auto-explain', 'operations.prepared-transactions');
    await first!.query('ALTER SYSTEM SET max_connections = 150');
    await first!.stop();
    await first!.start();
    await on('target', `ALTER SYSTEM SET session_preload_libraries = 'auto_explain'`);
    await on('target', 'SELECT pg_reload_conf()');
    await expect
      .poll(async () => (await runCheck(pair, 'operations.connections')).differences)
      .toEqual([
        {
          what: `room for the connections of ${addressOf(pair.target.coordinator)}`,
          node: addressOf(first!),
          target: 'max_connections = 150, while citus.max_shared_pool_size allows 200',
        },
      ]);
    await runRemedy(pair, await runCheck(pair, 'operations.connections'));
    await expect.poll(async () => (await runCheck(pair, 'operations.connections')).verdict).toBe('pass');
    await on('target', `ALTER SYSTEM SET auto_explain.log_min_duration = '1s'`);
    await on('target', 'SELECT pg_reload_conf()');
    await expect
      .poll(async () => (await runCheck(pair, 'operations.auto-explain')).differences)
      .toEqual([
        {
          what: 'auto_explain at a coordinator of Citus',
          node: addressOf(pair.target.coordinator),
          target: 'auto_explain.log_min_duration = 1000',
        },
      ]);
    await runRemedy(pair, await runCheck(pair, 'operations.auto-explain'));
    await expect.poll(async () => (await runCheck(pair, 'operations.auto-explain')).verdict).toBe('pass');
    await on('source', `ALTER ROLE postgres IN DATABASE app SET auto_explain.log_min_duration = '5s'`);
    expect((await runCheck(pair, 'operations.auto-explain')).differences).toMatchObject([
      {
        what: 'auto_explain for role postgres in database app',
        source: 'auto_explain.log_min_duration=5s',
      },
    ]);
  });

  test('statistics of shards: stale ones, and a target for one column', async () => {
    await onBoth('INSERT INTO orders SELECT g, g % 10 FROM generate_series(1, 20000) AS g');
    await onBoth(`CREATE INDEX odd ON orders ("o'dd")`);
    await onBoth('ANALYZE orders');
    await passes('statistics.stale', 'statistics.columns', 'tables.sizes', 'tables.dead-rows');
    await on(
      'source',
      `SELECT run_command_on_shards('orders', 'ALTER TABLE %s ALTER COLUMN "o''dd" SET STATISTICS 500')`,
    );
    await on('target', 'UPDATE orders SET "o\'dd" = "o\'dd" + 1');
    await expect
      .poll(async () => (await runCheck(pair, 'statistics.stale')).differences)
      .toEqual([
        {
          what: 'public.orders: statistics are stale',
          target: '20,000 rows changed since, more than 20 % of each of 8 of 8 shards',
        },
      ]);
    await runRemedy(pair, await runCheck(pair, 'statistics.stale'));
    await passes('statistics.stale');
    const found = await runCheck(pair, 'statistics.columns');
    expect(found.differences).toEqual([
      { what: `public.orders.o'dd: statistics target`, source: '500', target: 'the default' },
    ]);
    await runRemedy(pair, found);
    await passes('statistics.columns');
  });
});
