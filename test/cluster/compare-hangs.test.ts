import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { checksToCompare } from '../../src/checks/catalogue';
import { Session } from '../../src/cluster/session';
import { type Side, sides } from '../../src/shared/side';
import { whyNoCitus } from '../lab/installations';
import { type LabPair, startCitusPair } from '../lab/lab';
import { putProxiesBefore } from '../lab/scenarios/faults/slow-network';
import type { LabServer } from '../lab/server';
import { startProxy, type TcpProxy } from '../lab/tcp-proxy';
import { runChecks } from './checks-on';

const missing = await whyNoCitus();
if (missing) console.warn(`SKIPPED: comparisons where something hangs. ${missing}`);

const ids = checksToCompare().map(({ id }) => id);
/** A side may take 30 s, and a connection 10 s; the rest is this machine's. */
const endsWithinMs = 45_000;

let pair: LabPair;
const undo: (() => Promise<unknown>)[] = [];
beforeAll(async () => {
  if (missing) return;
  pair = await startCitusPair();
  for (const side of sides)
    for (const sql of [
      'CREATE TABLE kept (id int PRIMARY KEY)',
      'CREATE TABLE held (id bigserial PRIMARY KEY, note text)',
      `SELECT create_distributed_table('held', 'id')`,
      `INSERT INTO held (note) SELECT 'x' FROM generate_series(1, 2000)`,
      'ANALYZE kept, held',
    ])
      await pair[side].coordinator.query(sql);
});
afterEach(async () => {
  vi.restoreAllMocks();
  for (const step of undo.splice(0).reverse()) await step();
});
afterAll(() => pair?.stop());

/** Compares, and says how long it took and which node every check that is open misses. */
async function compare(
  clusters = pair,
): Promise<{ elapsedMs: number; open: Map<string, (string | undefined)[]>; judged: string[] }> {
  const began = performance.now();
  const results = await runChecks(clusters, ids);
  const open = new Map(
    results.filter(({ unknown }) => unknown.length > 0).map(({ id, unknown }) => [id, unknown.map(({ node }) => node)]),
  );
  expect(results.map(({ id }) => id)).toEqual(ids);
  const judged = results.filter(({ unknown }) => unknown.length === 0).map(({ id }) => id);
  return { elapsedMs: performance.now() - began, open, judged };
}

/** Every check that asks workers misses that one node, and no other does; those that ask coordinators alone are judged. */
function expectOnlyMissing(node: string, { open, judged }: Awaited<ReturnType<typeof compare>>): void {
  expect(open.size).toBeGreaterThan(20);
  // What cannot be told of a whole table has no node beside it.
  for (const nodes of open.values()) expect(new Set(nodes.filter(Boolean))).toEqual(new Set([node]));
  expect(judged.length).toBeGreaterThan(10);
}

async function throughProxies(side: Side): Promise<[TcpProxy, TcpProxy]> {
  const { proxies, undo: removed } = await putProxiesBefore(pair[side]);
  undo.push(removed);
  return proxies as [TcpProxy, TcpProxy];
}

const addressOf = ({ host, port }: Pick<LabServer, 'host' | 'port'>) => `${host}:${port}`;

/** Calls back once, when that coordinator has answered its own queries and not yet asked its workers. */
function whenCoordinatorAnswered(side: Side, then: () => void): void {
  const { transaction } = Session.prototype;
  let done = false;
  vi.spyOn(Session.prototype, 'transaction').mockImplementation(async function (this: Session, ...given) {
    const outcome = await transaction.apply(this, given);
    if (!done && this.profile.port === pair[side].coordinator.port && given[0].length > 20) {
      done = true;
      then();
    }
    return outcome;
  });
}

/** Calls back when a session to that port is about to send its queries. */
function whenManyAreSent(port: number, then: () => void): void {
  const { transaction } = Session.prototype;
  vi.spyOn(Session.prototype, 'transaction').mockImplementation(function (this: Session, ...given) {
    if (this.profile.port === port && given[0].length > 20) then();
    return transaction.apply(this, given);
  });
}

async function lock(server: LabServer, table: string): Promise<void> {
  const { host, port, database, user } = server;
  const holder = new Client({ host, port, database, user });
  holder.on('error', () => {});
  await holder.connect();
  undo.push(() => holder.end());
  // Citus minds its shards.
  await holder.query('SET citus.enable_manual_changes_to_shards = on');
  await holder.query(`BEGIN; LOCK TABLE ${table} IN ACCESS EXCLUSIVE MODE`);
}

describe.skipIf(missing)('on Citus 11.1 and 13.2', { timeout: 120_000 }, () => {
  test.each(sides)('a worker of the %s that accepts connections and never answers', async side => {
    const [dead] = await throughProxies(side);
    dead.fallSilent();
    const found = await compare();
    expectOnlyMissing(addressOf(dead), found);
    expect(found.elapsedMs).toBeLessThan(endsWithinMs);
  });

  test.each(sides)('a worker of the %s that is stopped by a signal', async side => {
    const [first] = pair[side].workers;
    process.kill(first!.pid!, 'SIGSTOP');
    undo.push(async () => process.kill(first!.pid!, 'SIGCONT'));
    const found = await compare();
    expectOnlyMissing(addressOf(first!), found);
    expect(found.elapsedMs).toBeLessThan(endsWithinMs);
  });

  test.each(sides)('a worker of the %s that falls silent once it said what it is', async side => {
    const [dead] = await throughProxies(side);
    whenCoordinatorAnswered(side, dead.fallSilent);
    const found = await compare();
    expectOnlyMissing(addressOf(dead), found);
    expect(found.elapsedMs).toBeLessThan(endsWithinMs);
  });

  test.each(sides)('a worker of the %s that falls silent while it answers', async side => {
    const [dead] = await throughProxies(side);
    const [first] = pair[side].workers;
    // Who holds pg_dist_placement holds up the command to that worker, which then has an open connection.
    await lock(first!, 'pg_catalog.pg_dist_placement');
    const comparing = compare();
    const waiting = () =>
      first!
        .query(`SELECT FROM pg_locks WHERE relation = 'pg_dist_placement'::regclass AND NOT granted`)
        .then(rows => rows.length);
    await expect.poll(waiting, { timeout: 20_000, interval: 20 }).toBeGreaterThan(0);
    dead.fallSilent();
    const found = await comparing;
    expectOnlyMissing(addressOf(dead), found);
    expect(found.elapsedMs).toBeLessThan(endsWithinMs);
  });

  test.each(sides)('a coordinator, the %s, that falls silent leaves the other side its answers', async side => {
    const { coordinator } = pair[side];
    const proxy = await startProxy(coordinator);
    undo.push(async () => proxy.stop());
    whenManyAreSent(proxy.port, proxy.fallSilent);
    const { database, user } = coordinator;
    const behind = {
      ...pair[side],
      coordinator: { ...coordinator, host: proxy.host, port: proxy.port, database, user },
    };
    const found = await compare({ ...pair, [side]: behind });
    for (const nodes of found.open.values()) expect(new Set(nodes)).toEqual(new Set([`The ${side}`]));
    expect(found.elapsedMs).toBeLessThan(endsWithinMs);
  });

  test.each(sides)('a worker of the %s that hangs as soon as it plans anything', async side => {
    const [first] = pair[side].workers;
    await lock(first!, 'pg_catalog.pg_statistic');
    const found = await compare();
    expectOnlyMissing(addressOf(first!), found);
    expect(found.elapsedMs).toBeLessThan(endsWithinMs);
  });

  test.each(sides)('a locked table and a locked shard of the %s hold up no check', async side => {
    const { coordinator, workers } = pair[side];
    const [shard] = await workers[0]!.query<{ name: string }>(
      `SELECT concat(logicalrelid, '_', shardid) AS name FROM pg_dist_shard JOIN pg_dist_placement USING (shardid)
        WHERE groupid = (SELECT groupid FROM pg_dist_local_group) AND logicalrelid = 'held'::regclass LIMIT 1`,
    );
    await lock(coordinator, 'kept');
    await lock(workers[0]!, shard!.name);
    const found = await compare();
    // Sizes, and the row counts beside them, are not to be had of what is locked; nor is the end of a sequence's column.
    expect([...found.open.keys()].filter(id => id !== 'sequences.behind')).toEqual([
      'tables.row-counts',
      'tables.sizes',
    ]);
    expect(found.elapsedMs).toBeLessThan(10_000);
  });
});
