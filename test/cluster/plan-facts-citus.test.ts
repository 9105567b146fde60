import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ExplainRequest, explain } from '../../src/cluster/explain';
import { readSideFacts } from '../../src/cluster/plan-facts';
import { Session } from '../../src/cluster/session';
import type { SideFacts } from '../../src/plan/causes/facts';
import { readPlan } from '../../src/plan/read';
import { type PlanRelation, planRelations } from '../../src/plan/relations';
import type { Side } from '../../src/shared/side';
import type { LabCluster } from '../lab/cluster';
import { whyNoCitus } from '../lab/installations';
import { type LabPair, startCitusPair } from '../lab/lab';
import type { LabServer } from '../lab/server';
import { limits, profileOf } from './profile-of';

const missing = await whyNoCitus();
if (missing) console.warn(`SKIPPED: every test on Citus. ${missing}`);

/** Names that end a literal, an identifier, a dollar quote, an XML element and a format. */
const hostile = `o'"$command$</base64>%1$L\\é`;
/** With a shard's number it is longer than a name may be. */
const long = 'a'.repeat(60);
const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`;
const own = (name: string) => `${quoted(hostile)}.${quoted(name)}`;

let pair: LabPair | undefined;
beforeAll(async () => {
  if (missing) return;
  pair = await startCitusPair();
  const setup = [
    `CREATE ROLE ${quoted(hostile)} LOGIN`,
    `GRANT pg_read_all_settings TO ${quoted(hostile)}`,
    'CREATE ROLE poor LOGIN',
    `CREATE SCHEMA ${quoted(hostile)} AUTHORIZATION ${quoted(hostile)}`,
    ...[hostile, long].flatMap(name => [
      `CREATE TABLE ${own(name)} (app_id int, id int, PRIMARY KEY (app_id, id))`,
      `ALTER TABLE ${own(name)} OWNER TO ${quoted(hostile)}`,
    ]),
    `SELECT create_distributed_table('${own(hostile).replaceAll("'", "''")}', 'app_id')`,
    `SELECT create_distributed_table('${own(long).replaceAll("'", "''")}', 'app_id', shard_count => 4, colocate_with => 'none')`,
    'CREATE TABLE apps (id int PRIMARY KEY)',
    `SELECT create_reference_table('apps')`,
    'CREATE TABLE notes (id int)',
    'GRANT SELECT ON apps, notes TO PUBLIC',
    `INSERT INTO ${own(hostile)} SELECT i % 50, i FROM generate_series(1, 4000) i`,
    `ANALYZE ${own(hostile)}`,
    `ALTER ROLE ${quoted(hostile)} SET enable_nestloop = off`,
    'ALTER DATABASE app SET random_page_cost = 1.5',
  ];
  for (const { coordinator, workers } of [pair.source, pair.target]) {
    for (const sql of setup) await coordinator.query(sql);
    await workers[1]!.query(
      `SET citus.enable_ddl_propagation = off; ALTER ROLE ${quoted(hostile)} SET work_mem = '1MB'`,
    );
  }
});
afterAll(() => pair?.stop());

describe.skipIf(missing).each(['source', 'target'] as const)('on the Citus %s', (side: Side) => {
  let cluster: LabCluster;
  let nodes: LabServer[];
  beforeAll(() => {
    cluster = pair![side];
    nodes = [cluster.coordinator, ...cluster.workers];
  });

  const addressOf = ({ host, port }: LabServer) => `${host}:${port}`;

  async function as<T>(user: string, work: (session: Session) => Promise<T>): Promise<T> {
    const session = await Session.open(profileOf(cluster.coordinator, { user }), undefined, limits);
    try {
      return await work(session);
    } finally {
      await session.close();
    }
  }

  const facts = (relations: PlanRelation[], user = hostile, options: Parameters<typeof readSideFacts>[2] = {}) =>
    as(user, session => readSideFacts(session, relations, options));

  const setting = ({ nodes: told }: SideFacts, at: number, name: string) => told[at]!.settings.get(name);

  test('reads the settings of every node as the role has them there', async () => {
    const found = await facts([]);
    expect(found.unread).toEqual([]);
    expect(found.nodes.map(({ node, role, groupId, error }) => [node, role, groupId, error])).toEqual(
      nodes.map((node, i) => [addressOf(node), i === 0 ? 'coordinator' : 'worker', i, undefined]),
    );
    for (const at of [0, 1, 2])
      expect(setting(found, at, 'enable_nestloop')).toEqual({ value: 'off', source: 'user', builtIn: 'on' });
    expect([0, 1, 2].map(at => setting(found, at, 'work_mem')!.value)).toEqual(['16MB', '16MB', '1MB']);
    expect(setting(found, 2, 'work_mem')!.source).toBe('user');
    expect(setting(found, 1, 'jit')).toEqual({ value: 'on', source: 'default', builtIn: 'on' });
    expect(setting(found, 0, 'citus.enable_repartition_joins')!.value).toBe('off');
    expect(setting(found, 0, 'citus.enable_fast_path_router_planner')).toMatchObject({
      value: 'on',
      source: 'unknown',
    });
    expect(found.scoped.filter(({ name }) => name === 'work_mem')).toEqual([
      { node: addressOf(nodes[2]!), scope: 'role', owner: quoted(hostile), name: 'work_mem', value: '1MB' },
    ]);
    expect(found.connections.map(({ node, limit }) => [node, limit])).toEqual(
      nodes.map(node => [addressOf(node), 197]),
    );
  });

  test('shows that a setting of the database stays on the coordinator up to Citus 11.1', async () => {
    const found = await facts([]);
    const reaches = !cluster.citusVersion!.startsWith('11.1');
    expect([0, 1, 2].map(at => setting(found, at, 'random_page_cost')!.value)).toEqual(
      reaches ? ['1.5', '1.5', '1.5'] : ['1.5', '4', '4'],
    );
    expect(found.scoped.filter(({ scope }) => scope === 'database')).toHaveLength(reaches ? 3 : 1);
  });

  test('reads tables through the names of their shards, and statistics of each shard', async () => {
    const sql = `SELECT * FROM ${own(hostile)} JOIN apps a ON a.id = app_id`;
    const relations = await as('postgres', async session => {
      const request: ExplainRequest = {
        sql,
        values: [],
        parameterCount: 0,
        analyze: false,
        access: 'read only',
        serialize: false,
        allTasks: false,
      };
      const output = await explain(session, request);
      if ('error' in output) throw output.error;
      return planRelations(readPlan(output.raw).plan);
    });
    expect(relations.every(({ name }) => /_\d+$/.test(name))).toBe(true);
    const found = await facts(relations);
    expect(found.unread).toEqual([]);
    const [apps, table] = ['apps', hostile].map(name => found.relations.find(relation => relation.name === name)!);
    expect(found.relations).toHaveLength(2);
    expect(apps).toMatchObject({ spread: 'reference', shardCount: 1, distributionColumn: undefined });
    expect(apps!.statistics.map(({ node }) => node)).toEqual(nodes.map(addressOf));
    expect(table).toMatchObject({
      spread: 'distributed',
      schema: hostile,
      shardCount: 8,
      distributionColumn: 'app_id',
    });
    expect(table!.indexes).toMatchObject([
      { name: `${hostile}_pkey`, valid: true, unique: true, sizeBytes: undefined },
    ]);
    expect(table!.statistics).toHaveLength(8);
    expect(new Set(table!.statistics.map(({ shardId }) => shardId)).size).toBe(8);
    expect(table!.statistics.reduce((sum, { tuples }) => sum + tuples, 0)).toBe(4000);
    expect(table!.statistics.every(({ hasColumnStatistics, analyzedAt }) => hasColumnStatistics && analyzedAt)).toBe(
      true,
    );
    expect(new Set(table!.statistics.map(({ node }) => node))).toEqual(new Set(cluster.workers.map(addressOf)));
  });

  test('knows a shard whose name was cut, and a local table', async () => {
    const found = await facts([
      { schema: hostile, name: long },
      { schema: 'public', name: 'notes' },
    ]);
    const [table, notes] = [long, 'notes'].map(name => found.relations.find(relation => relation.name === name)!);
    expect(table!.statistics).toHaveLength(4);
    expect(table!.statistics[0]).toMatchObject({ tuples: -1, analyzedAt: undefined, hasColumnStatistics: false });
    expect(notes).toMatchObject({ spread: 'plain', shardCount: undefined });
    expect(notes!.statistics).toMatchObject([{ node: addressOf(nodes[0]!), shardId: undefined }]);
  });

  test('asks each worker once, whatever the number of shards', async () => {
    const calls = async (node: LabServer) =>
      (
        await node.query(
          `SELECT coalesce(sum(calls), 0)::int AS n FROM pg_stat_statements s JOIN pg_roles r ON r.oid = s.userid
            WHERE r.rolname = $1 AND query NOT LIKE 'SET %'`,
          [hostile],
        )
      )[0]!.n as number;
    const before = await Promise.all(cluster.workers.map(calls));
    await facts([
      { schema: hostile, name: hostile },
      { schema: hostile, name: long },
    ]);
    const after = await Promise.all(cluster.workers.map(calls));
    expect(after.map((n, i) => n - before[i]!)).toEqual([1, 1]);
  });

  test('is not slowed by JIT, nor by what the role forbids', async () => {
    await cluster.coordinator.query(`ALTER ROLE ${quoted(hostile)} SET jit_above_cost = 500`);
    await facts([{ schema: hostile, name: hostile }]);
    const jitted = await Promise.all(
      nodes.map(node =>
        node.query(
          `SELECT query FROM pg_stat_statements s JOIN pg_roles r ON r.oid = s.userid
                     WHERE r.rolname = $1 AND jit_functions > 0`,
          [hostile],
        ),
      ),
    );
    await cluster.coordinator.query(`ALTER ROLE ${quoted(hostile)} RESET jit_above_cost`);
    expect(jitted).toEqual([[], [], []]);
  });

  test('says which grants are missing, and reads the rest', async () => {
    const { unread, relations } = await facts([{ schema: hostile, name: hostile }], 'poor');
    expect(unread).toEqual([
      `Column statistics (pg_stats) of ${own(hostile)}: GRANT SELECT ON ${own(hostile)} TO poor`,
      'citus.max_shared_pool_size: GRANT pg_read_all_settings TO poor',
    ]);
    expect(relations[0]!.statistics).toHaveLength(8);
    expect(relations[0]!.statistics.every(({ hasColumnStatistics }) => hasColumnStatistics === undefined)).toBe(true);
  });

  test('names an invalid index of one shard with its node', async () => {
    const worker = cluster.workers[0]!;
    // One connection: shards are hidden from a new one.
    await worker.query(
      `SET citus.override_table_visibility = off;
       UPDATE pg_index SET indisvalid = false WHERE indexrelid = (
         SELECT min(oid) FROM pg_class WHERE relkind = 'i' AND relname ~ '^o.*_pkey_[0-9]+$')`,
    );
    const found = await facts([{ schema: hostile, name: hostile }]);
    await worker.query('UPDATE pg_index SET indisvalid = true');
    expect(found.relations[0]!.invalidIndexes).toEqual([
      { node: addressOf(worker), name: expect.stringMatching(/_pkey_\d+$/) },
    ]);
    expect(found.relations[0]!.indexes.every(({ valid }) => valid)).toBe(true);
  });

  test('reads the rest when a worker is down, and says why it is not in it', async () => {
    const worker = cluster.workers[1]!;
    await worker.stop();
    try {
      const found = await facts([{ schema: hostile, name: hostile }]);
      expect(found.nodes.map(({ error }) => error === undefined)).toEqual([true, true, false]);
      expect(found.nodes[2]!.error).toContain(String(worker.port));
      expect(found.nodes[2]).toMatchObject({ node: addressOf(worker), role: 'worker', groupId: 2 });
      expect(found.relations[0]!.statistics).toHaveLength(4);
    } finally {
      await worker.start();
    }
  });

  test('stops when it is cancelled', async () => {
    await as(hostile, async session => {
      const controller = new AbortController();
      const reading = readSideFacts(session, [], { signal: controller.signal });
      setTimeout(() => controller.abort(), 20);
      await expect(reading).rejects.toMatchObject({ reason: 'cancelled' });
    });
  });
});
