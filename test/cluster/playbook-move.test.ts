/** The move that the template describes, made with the commands it shows: from one Citus to another, and back. */
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { whyNoCitus } from '../lab/installations';
import { type LabPair, startCitusPair } from '../lab/lab';
import type { LabServer } from '../lab/server';
import { checkSql, shownSql } from './template-sql';

const missing = await whyNoCitus();
if (missing) console.warn(`SKIPPED: the move on Citus. ${missing}`);

const roles = ['CREATE ROLE app_owner LOGIN', 'GRANT ALL ON SCHEMA public TO app_owner', 'CREATE ROLE app_user LOGIN'];
const schema = [
  'CREATE TABLE events (app_id bigint, id bigserial, v text, PRIMARY KEY (app_id, id))',
  'CREATE TABLE rollups (app_id bigint, day date, n int) PARTITION BY RANGE (day)',
  `CREATE TABLE rollups_1 PARTITION OF rollups FOR VALUES FROM ('2026-01-01') TO ('2026-02-01')`,
  'CREATE TABLE apps (id int PRIMARY KEY, name text)',
  'CREATE TABLE notes (id int PRIMARY KEY, v text)',
  'GRANT ALL ON events, rollups, apps, notes TO app_user',
  'GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO app_user',
];
/** A partition made after the next table has shards of its own, so that numbers do not come in the order of names. */
const laterPartition = `CREATE TABLE rollups_2 PARTITION OF rollups FOR VALUES FROM ('2026-02-01') TO ('2026-03-01')`;
const distributed = [
  `SELECT create_distributed_table('rollups', 'app_id', shard_count => 4, colocate_with => 'none')`,
  'ALTER TABLE rollups REPLICA IDENTITY FULL',
  'ALTER TABLE rollups_1 REPLICA IDENTITY FULL',
  `SELECT create_distributed_table('events', 'app_id', shard_count => 6, colocate_with => 'none')`,
  laterPartition,
  'ALTER TABLE rollups_2 REPLICA IDENTITY FULL',
  `SELECT create_reference_table('apps')`,
];
const rows = [
  `INSERT INTO events (app_id, v) SELECT i % 30, 'first' FROM generate_series(1, 600) i`,
  `INSERT INTO rollups SELECT i % 30, '2026-01-20'::date + i % 20, i FROM generate_series(1, 300) i`,
  `INSERT INTO apps SELECT i, 'a' FROM generate_series(1, 30) i`,
  `INSERT INTO notes VALUES (1, 'kept at the coordinator')`,
];
const contents = ['events', 'rollups', 'apps', 'notes'].map(
  table =>
    `SELECT '${table}' AS "table", count(*)::int AS rows, sum(hashtext(t::text)::bigint)::text AS checksum FROM ${table} AS t`,
);

describe.skipIf(missing)('the move of the template, from Citus to Citus and back', () => {
  let pair: LabPair;
  let source: LabServer[];
  let target: LabServer[];
  beforeAll(async () => {
    if (missing) return;
    pair = await startCitusPair();
    [source, target] = await Promise.all([inOrderOfNames(pair.source), inOrderOfNames(pair.target)]);
    for (const { coordinator } of [pair.source, pair.target]) {
      await run(coordinator, roles);
      await run(coordinator, ['SET ROLE app_owner', ...schema]);
    }
    await run(source[0]!, ['SET ROLE app_owner', ...distributed, ...rows]);
    await run(target[0]!, ['SET ROLE app_owner', laterPartition]);
    await run(target[0]!, [
      'ALTER TABLE rollups_1 REPLICA IDENTITY FULL',
      'ALTER TABLE rollups_2 REPLICA IDENTITY FULL',
    ]);
  });
  afterAll(() => pair?.stop());

  const addressedTo = (sql: string, { host, port }: LabServer) =>
    sql.replace(/host=\S+ port=5432/, `host=${host} port=${port}`);
  const read = async (server: LabServer) => (await Promise.all(contents.map(sql => server.query(sql)))).flat();
  const becomes = (seen: () => Promise<unknown>, wanted: unknown) =>
    vi.waitFor(async () => expect(await seen()).toEqual(wanted), { timeout: 40_000, interval: 300 });
  const onEvery = async (servers: LabServer[], sql: string) =>
    (await Promise.all(servers.map(server => server.query(sql)))).flat();
  const drained = () =>
    vi.waitFor(
      async () => {
        const slots = await onEvery([...source, ...target], checkSql('drained'));
        expect(slots).toHaveLength(source.length);
        for (const { lag_bytes } of slots) expect(lag_bytes).toBe('0');
      },
      { timeout: 40_000, interval: 300 },
    );
  /** Runs what the SQL prints, as psql's \gexec does, in the same session. */
  const publish = async (servers: LabServer[], sql: string) => {
    for (const server of servers) {
      const [printed] = await server.query<{ '?column?': string }>(sql);
      await run(server, ['SET citus.enable_ddl_propagation = off', printed!['?column?']]);
    }
  };

  test('the target gets the shards of the source under their own numbers', async () => {
    const [, layout] = shownSql('Nodes and shards');
    const commands = await source[0]!.query<{ command: string }>(layout!);
    await run(
      target[0]!,
      commands.map(({ command }) => command),
    );
    const ofSource = await source[0]!.query(checkSql('shard-layout'));
    expect(ofSource).toHaveLength(5);
    await becomes(async () => sorted(await target[0]!.query(checkSql('shard-layout'))), sorted(ofSource));
  });
  test('every node follows its counterpart', async () => {
    const [replicator, publication] = shownSql('Replica identities and publications');
    for (const side of [source, target]) await run(side[0]!, split(replicator!));
    await publish(source, publication!);
    await source[0]!.query('ALTER PUBLICATION cutover ADD TABLE notes');
    const [subscription] = shownSql('Data');
    for (const [i, node] of target.entries()) await node.query(addressedTo(subscription!, source[i]!));
    await becomes(() => onEvery(target, checkSql('initial-copy')), []);
    expect(await onEvery(target, checkSql('subscriptions-running'))).toEqual([]);
    await run(source[0]!, [
      `UPDATE events SET v = 'changed' WHERE app_id = 3`,
      'DELETE FROM events WHERE app_id = 4',
      'UPDATE rollups SET n = n + 1 WHERE app_id = 5',
      `UPDATE apps SET name = 'b' WHERE id = 1`,
      `INSERT INTO notes VALUES (2, 'late')`,
    ]);
    await drained();
    expect(await read(target[0]!)).toEqual(await read(source[0]!));
    expect((await read(source[0]!))[0]).toMatchObject({ rows: 580 });
  });
  test('the source is fenced, and the target has its sequences', async () => {
    const asUser = (cluster: LabServer) => cluster.uri.replace('//postgres@', '//app_user@');
    const [login, fence] = shownSql('Fence the source');
    const user = new Client({ connectionString: asUser(source[0]!) });
    user.on('error', () => {});
    await user.connect();
    await user.query(`INSERT INTO events (app_id, v) VALUES (1, 'before the fence')`);
    await source[0]!.query(login!);
    for (const node of source) await run(node, split(fence!));
    await expect(user.query('SELECT 1')).rejects.toThrow();
    for (const node of source) {
      await expect(new Client({ connectionString: asUser(node) }).connect()).rejects.toThrow('not permitted to log in');
      await expect(node.query('CREATE TABLE refused (a int)')).rejects.toThrow('read-only transaction');
      expect(await node.query(checkSql('clients-left'))).toEqual([]);
    }
    await expect(source[0]!.query(`INSERT INTO events (app_id, v) VALUES (1, 'x')`)).rejects.toThrow('read-only');
    await drained();
    expect(await read(target[0]!)).toEqual(await read(source[0]!));
    const [sequences] = shownSql('Sequences');
    const commands = await source[0]!.query<{ command: string }>(sequences!);
    await run(
      target[0]!,
      commands.map(({ command }) => command),
    );
    expect(await target[0]!.query(`SELECT nextval('events_id_seq')::int > 100600 AS ahead`)).toEqual([{ ahead: true }]);
  });
  test('the fenced source follows the target', async () => {
    const [drop, publication, subscription, listed] = shownSql('Turn the replication round');
    for (const node of target) await node.query(drop!);
    await publish(target, publication!);
    await target[0]!.query('ALTER PUBLICATION cutover_back ADD TABLE notes');
    for (const [i, node] of source.entries()) await run(node, split(addressedTo(subscription!, target[i]!)));
    for (const { tables } of await onEvery(source, listed!)) expect(Number(tables)).toBeGreaterThan(1);
    await run({ ...target[0]!, uri: target[0]!.uri.replace('//postgres@', '//app_user@') }, [
      `INSERT INTO events (app_id, v) SELECT i % 30, 'on the target' FROM generate_series(1, 90) i`,
      'UPDATE rollups SET n = n + 1 WHERE app_id = 6',
      'DELETE FROM apps WHERE id = 30',
      `INSERT INTO notes VALUES (3, 'on the target')`,
    ]);
    await becomes(() => read(source[0]!), await read(target[0]!));
    await expect(source[0]!.query('DELETE FROM apps')).rejects.toThrow('read-only');
  });
  test('the way back leaves a source that is written again', async () => {
    const [, , lift] = shownSql('Fence the source');
    const commands = split(lift!);
    for (const node of source) {
      await run(node, ['SET default_transaction_read_only = off', 'DROP SUBSCRIPTION cutover_back']);
      await run(node, commands.slice(0, 3));
    }
    await source[0]!.query(commands[3]!);
    await run({ ...source[0]!, uri: source[0]!.uri.replace('//postgres@', '//app_user@') }, [
      `INSERT INTO apps VALUES (99, 'on the source again')`,
    ]);
    expect(await onEvery([...source, ...target], checkSql('inactive-slots'))).toEqual([]);
  });
});

const sorted = (found: object[]) => found.map(row => JSON.stringify(row)).sort();
const split = (sql: string) => sql.split(/;\s*(?:\n|$)/).filter(command => command !== '');

/** As the template’s files of nodes: the coordinator, then the workers in the order in which Citus deals out shards. */
async function inOrderOfNames({ coordinator, workers }: LabPair['source']): Promise<LabServer[]> {
  const nodes = await coordinator.query<{ nodeport: number }>(
    `SELECT nodeport FROM pg_dist_node ORDER BY groupid <> 0, nodename COLLATE "C", nodeport`,
  );
  return nodes.map(({ nodeport }) => [coordinator, ...workers].find(({ port }) => port === nodeport)!);
}

/** One after the other in one session, each a transaction of its own. */
async function run({ uri }: Pick<LabServer, 'uri'>, commands: string[]): Promise<void> {
  const client = new Client({ connectionString: uri });
  await client.connect();
  try {
    for (const command of commands) await client.query(command);
  } finally {
    await client.end();
  }
}
