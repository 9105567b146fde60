import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type ExplainFailure,
  type ExplainOutput,
  type ExplainRequest,
  explain,
  parameterTypes,
} from '../../src/cluster/explain';
import { Session } from '../../src/cluster/session';
import { readShards } from '../../src/cluster/shards';
import { readStatementFacts } from '../../src/cluster/statement-facts';
import { readTopology } from '../../src/cluster/topology';
import { readPlan } from '../../src/plan/read';
import { placeTasks, relationsInTasks } from '../../src/plan/shards';
import type { Side } from '../../src/shared/side';
import type { LabCluster } from '../lab/cluster';
import { whyNoCitus } from '../lab/installations';
import { type LabPair, startCitusPair } from '../lab/lab';
import type { LabServer } from '../lab/server';
import { limits, profileOf } from './profile-of';

const missing = await whyNoCitus();
if (missing) console.warn(`SKIPPED: every test on Citus. ${missing}`);

const plain: Omit<ExplainRequest, 'sql'> = {
  values: [],
  parameterCount: 0,
  analyze: false,
  access: 'read only',
  serialize: false,
  allTasks: false,
};

type Outcome = ExplainOutput | ExplainFailure;

function read(outcome: Outcome): string {
  if ('error' in outcome) throw outcome.error;
  JSON.parse(outcome.raw);
  return outcome.raw;
}

function failure(outcome: Outcome) {
  if ('error' in outcome) return outcome.error;
  throw new Error(`It did not fail: ${outcome.raw}`);
}

const count = (text: string, part: string) => text.split(part).length - 1;

let pair: LabPair | undefined;
beforeAll(async () => {
  if (missing) return;
  pair = await startCitusPair();
  // One at a time: Citus refuses functions and roles in a transaction that wrote to shards in parallel.
  const setup = [
    'CREATE TABLE events (app_id bigint, id bigint, amount int)',
    `SELECT create_distributed_table('events', 'app_id')`,
    'INSERT INTO events SELECT i % 20, i, i % 7 FROM generate_series(1, 2000) i',
    `CREATE FUNCTION add_event(app bigint) RETURNS void LANGUAGE plpgsql AS
       $$ BEGIN INSERT INTO events VALUES (app, -1, 0); END $$`,
    `SELECT create_distributed_function('add_event(bigint)', 'app', 'events')`,
    `CREATE FUNCTION slow_row(bigint) RETURNS bool LANGUAGE plpgsql AS
       $$ BEGIN PERFORM pg_sleep(10); RETURN true; END $$`,
    'CREATE TABLE tickets (app_id bigint, id bigserial)',
    `SELECT create_distributed_table('tickets', 'app_id')`,
    'CREATE ROLE reader LOGIN',
    'ANALYZE',
  ];
  for (const { coordinator } of [pair.source, pair.target]) for (const sql of setup) await coordinator.query(sql);
});
afterAll(() => pair?.stop());

describe.skipIf(missing)('Citus', () => {
  describe.each(['source', 'target'] as const)('on the %s', (side: Side) => {
    let cluster: LabCluster;
    let session: Session;
    beforeAll(async () => {
      cluster = pair![side];
      session = await Session.open(profileOf(cluster.coordinator), undefined, limits);
    });
    afterAll(() => session?.close());

    const run = (sql: string, changes: Partial<ExplainRequest> = {}) => explain(session, { ...plain, sql, ...changes });
    const total = async () =>
      (await cluster.coordinator.query('SELECT count(*)::int AS n FROM events'))[0]!.n as number;

    test('shows its nodes with versions, to any role', async () => {
      const reader = await Session.open(profileOf(cluster.coordinator, { user: 'reader' }), undefined, limits);
      const topology = await readTopology(reader);
      await reader.close();
      expect(topology).toMatchObject({ citus: true, connectedAs: 'coordinator', notes: [] });
      expect(topology.nodes.map(({ role, host, port }) => `${role} ${host}:${port}`)).toEqual([
        `coordinator ${cluster.coordinator.host}:${cluster.coordinator.port}`,
        ...cluster.workers.map(worker => `worker ${worker.host}:${worker.port}`),
      ]);
      for (const node of topology.nodes)
        expect(node).toMatchObject({
          reachable: true,
          isActive: true,
          postgresVersion: topology.postgresVersion,
          citusVersion: topology.citusVersion,
        });
      expect(topology.citusVersion).toBe(cluster.citusVersion);
    });

    test('says so when asked through a worker', async () => {
      const worker = await Session.open(profileOf(cluster.workers[0]!), undefined, limits);
      const topology = await readTopology(worker);
      await worker.close();
      expect(topology.connectedAs).toBe('worker');
      expect(topology.nodes).toHaveLength(3);
      expect(topology.notes.join()).toContain(`${cluster.coordinator.host}:${cluster.coordinator.port}`);
    });

    test('shows all tasks of a query that ran, and one where it was only planned', async () => {
      const sql = 'SELECT app_id, count(*) FROM events GROUP BY app_id';
      const all = read(await run(sql, { analyze: true, allTasks: true }));
      expect(all).toContain('"Tasks Shown": "All"');
      expect(count(all, '"Remote Plan"')).toBe(8);
      expect(read(await run(sql))).toContain('"Tasks Shown": "One of 8"');
      expect(read(await run(sql, { analyze: true }))).toContain('"Tasks Shown": "One of 8"');
    });

    test('knows which part of the hash range each task worked on', async () => {
      const sql = 'SELECT count(*) FROM events';
      const { plan } = readPlan(read(await run(sql, { analyze: true, allTasks: true })));
      const names = relationsInTasks(plan);
      expect(names.length).toBeGreaterThan(1);
      const indexes = names.map(name => name.replace(/_(\d+)$/, '_pkey_$1'));
      const others = ['log_2024', 'log_99999999999999999999', "o'clock_1", ...indexes];
      const shards = await readShards(session, [...names, ...others]);
      expect([...shards.keys()].sort()).toEqual([...names].sort());
      placeTasks(plan, shards);
      const bounds = plan.nodes
        .filter(node => node.kind === 'task')
        .map(node => node.shardRange!.split('..').map(Number))
        .sort((a, b) => a[0]! - b[0]!);
      expect([bounds[0]![0], bounds.at(-1)![1]]).toEqual([-(2 ** 31), 2 ** 31 - 1]);
      for (const [i, [min]] of bounds.entries()) if (i > 0) expect(min).toBe(bounds[i - 1]![1]! + 1);
    });

    test('takes values for parameters', async () => {
      const raw = read(
        await run('SELECT * FROM events WHERE app_id = $1', { values: ['3'], parameterCount: 1, analyze: true }),
      );
      expect(raw).toContain('"Task Count": 1');
      expect(await parameterTypes(session, 'SELECT * FROM events WHERE app_id = $1 AND amount > $2')).toEqual([
        'bigint',
        'integer',
      ]);
    });

    test('shows the generic plan of a router query, in JSON that is JSON, also as the first of a session', async () => {
      const fresh = await Session.open(profileOf(cluster.coordinator), undefined, limits);
      const request = { ...plain, sql: 'SELECT * FROM events WHERE app_id = $1', values: undefined, parameterCount: 1 };
      const raw = read(await explain(fresh, request));
      await fresh.close();
      expect(raw).toContain('Citus Adaptive');
    });

    test('cannot show the generic plan over several shards, and says what to do', async () => {
      const outcome = await run('SELECT count(*) FROM events WHERE amount > $1', {
        values: undefined,
        parameterCount: 1,
      });
      expect(failure(outcome)).toMatchObject({
        reason: 'parameters',
        sqlstate: '0A000',
        next: expect.stringContaining('values'),
      });
      expect((await session.query('SELECT name FROM pg_prepared_statements')).rows).toEqual([]);
    });

    test('executes a write over all shards and rolls it back', async () => {
      const before = await total();
      const raw = read(
        await run('UPDATE events SET amount = amount + 1', { analyze: true, access: 'read write', allTasks: true }),
      );
      expect(count(raw, '"Remote Plan"')).toBe(8);
      expect(failure(await run('UPDATE events SET amount = 0', { analyze: true })).reason).toBe('readOnly');
      read(await run('DELETE FROM events', { analyze: true, access: 'read write' }));
      expect(await total()).toBe(before);
      for (const node of [cluster.coordinator, ...cluster.workers])
        expect(await node.query('SELECT gid FROM pg_prepared_xacts')).toEqual([]);
    });

    test('cannot analyze INSERT … SELECT by repartitioning, and says so', async () => {
      const sql = 'INSERT INTO events SELECT id, app_id, amount FROM events';
      expect(read(await run(sql))).toContain('repartition');
      expect(failure(await run(sql, { analyze: true, access: 'read write' }))).toMatchObject({
        reason: 'unsupported',
        sqlstate: 'XX000',
      });
    });

    test('does not use up a sequence by planning, and says how to plan without it', async () => {
      const outcome = await run('INSERT INTO tickets (app_id) VALUES (1)');
      expect(failure(outcome)).toMatchObject({ reason: 'readOnly', next: expect.stringContaining('nextval') });
      read(await run('INSERT INTO tickets (app_id, id) VALUES (1, 2)'));
      expect(await cluster.coordinator.query('SELECT is_called FROM tickets_id_seq')).toEqual([{ is_called: false }]);
    });

    test('does not let a delegated function write', async () => {
      const before = await total();
      const facts = await readStatementFacts(session, [{ name: 'add_event' }]);
      expect(facts).toMatchObject({ delegated: ['public.add_event'], maxShardCount: 8 });
      expect(failure(await run('SELECT add_event(3)', { analyze: true })).reason).toBe('readOnly');
      read(await run('SELECT add_event(3)', { analyze: true, access: 'read write' }));
      read(await run('SELECT add_event(3)'));
      expect(await total()).toBe(before);
    });

    test('is free of a cancelled statement on every node', async () => {
      const own = await Session.open(profileOf(cluster.coordinator), undefined, limits);
      const controller = new AbortController();
      const running = explain(own, {
        ...plain,
        sql: 'SELECT * FROM events WHERE slow_row(id)',
        analyze: true,
        signal: controller.signal,
      });
      const active = async (node: LabServer) =>
        (
          await node.query(
            `SELECT query FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%slow_row%' AND pid <> pg_backend_pid()`,
          )
        ).length;
      for (let i = 0; (await active(cluster.workers[0]!)) === 0 || (await active(cluster.workers[1]!)) === 0; i++) {
        if (i === 100) throw new Error('The statement did not reach both workers.');
        await sleep(50);
      }
      controller.abort();
      expect(failure(await running)).toMatchObject({ reason: 'cancelled', detail: undefined });
      for (const node of [cluster.coordinator, ...cluster.workers]) expect(await active(node)).toBe(0);
      await own.close();
    });

    test('keeps no connections to its workers from one statement to the next', async () => {
      read(await run('SELECT count(*) FROM events', { analyze: true }));
      const pid = (await session.query('SELECT citus_backend_gpid()::text')).rows[0]![0];
      const left = await cluster.workers[0]!.query(
        `SELECT application_name FROM pg_stat_activity WHERE application_name LIKE '%gpid=' || $1`,
        [pid],
      );
      expect(left).toEqual([]);
    });

    test('shows a node that is down, and why; what it has is missed, the rest is shown', async () => {
      const worker = cluster.workers[1]!;
      await worker.stop();
      try {
        const topology = await readTopology(session);
        const states = topology.nodes.map(({ port, reachable }) => [port, reachable]);
        expect(states).toEqual([
          [cluster.coordinator.port, true],
          [cluster.workers[0]!.port, true],
          [worker.port, false],
        ]);
        expect(topology.nodes[2]!.reason).toContain(String(worker.port));
        read(await run('SELECT count(*) FROM events'));
        expect(failure(await run('SELECT count(*) FROM events', { analyze: true }))).toMatchObject({
          reason: 'unreachable',
        });
      } finally {
        await worker.start();
      }
      expect((await readTopology(session)).nodes.every(({ reachable }) => reachable)).toBe(true);
      read(await run('SELECT count(*) FROM events', { analyze: true }));
    });

    test('does not wait long for a node that is silent', async () => {
      const worker = cluster.workers[0]!;
      const pid = worker.pid!;
      process.kill(pid, 'SIGSTOP');
      try {
        const started = performance.now();
        const topology = await readTopology(session);
        expect(topology.nodes.map(({ reachable }) => reachable)).toEqual([true, false, true]);
        expect(performance.now() - started).toBeLessThan(10_000);
      } finally {
        process.kill(pid, 'SIGCONT');
      }
    });
  });
});
