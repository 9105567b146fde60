import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readSideFacts } from '../../src/cluster/plan-facts';
import { Session } from '../../src/cluster/session';
import type { PlanRelation } from '../../src/plan/relations';
import { findPostgres } from '../lab/installations';
import { type LabPair, startPlainPair } from '../lab/lab';
import type { LabServer } from '../lab/server';
import { limits, profileOf } from './profile-of';

const majors = [...new Set((await findPostgres()).map(({ majorVersion }) => majorVersion))].sort((a, b) => a - b);
const pairs: LabPair[] = [];
const servers = new Map<number, LabServer>();

/** Names that end a literal, an identifier, a dollar quote, an XML element, a format and a JSON string. */
const hostile = `o'"$query$</base64>%1$L\\é`;
const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`;

const setup = `
  CREATE ROLE ${quoted(hostile)} LOGIN;
  ALTER ROLE ${quoted(hostile)} SET enable_nestloop = off;
  ALTER ROLE ${quoted(hostile)} IN DATABASE app SET work_mem = '3MB';
  ALTER ROLE ${quoted(hostile)} SET jit_above_cost = 0;
  ALTER ROLE ${quoted(hostile)} SET application_name = 'not the planner''s';
  ALTER DATABASE app SET random_page_cost = 1.5;
  ALTER ROLE ALL SET seq_page_cost = 1.25;
  CREATE SCHEMA ${quoted(hostile)};
  CREATE TABLE ${quoted(hostile)}.${quoted(hostile)} (id int PRIMARY KEY, n int);
  INSERT INTO ${quoted(hostile)}.${quoted(hostile)} SELECT i, i % 3 FROM generate_series(1, 1000) i;
  CREATE INDEX ${quoted(`${hostile}_n`)} ON ${quoted(hostile)}.${quoted(hostile)} (n);
  CREATE TABLE public.fresh (id int);
  INSERT INTO public.fresh SELECT generate_series(1, 500);
  CREATE TABLE public.events_102009 (id int);
  CREATE TABLE public.guarded (id int);
  ALTER TABLE public.guarded ENABLE ROW LEVEL SECURITY;
  GRANT SELECT ON public.guarded TO PUBLIC;
  CREATE FUNCTION public.careful(int) RETURNS int LANGUAGE sql SET enable_hashjoin = off AS 'SELECT $1';
  CREATE FUNCTION public.careful(text) RETURNS int LANGUAGE sql AS 'SELECT 1';
  VACUUM (ANALYZE) ${quoted(hostile)}.${quoted(hostile)};`;

beforeAll(async () => {
  for (let i = 0; i < majors.length; i += 2) {
    const pair = await startPlainPair({ source: majors[i]!, target: majors[i + 1] ?? majors[i]! });
    pairs.push(pair);
    servers.set(majors[i]!, pair.source.coordinator);
    if (majors[i + 1]) servers.set(majors[i + 1]!, pair.target.coordinator);
  }
  for (const server of servers.values()) for (const sql of setup.split(';\n')) await server.query(sql);
});
afterAll(() => Promise.all(pairs.map(pair => pair.stop())));

const strange: PlanRelation = { schema: hostile, name: hostile };
const publicTable = (name: string): PlanRelation => ({ schema: 'public', name });

describe.each(majors)('on PostgreSQL %i', major => {
  async function facts(relations: PlanRelation[], options: Parameters<typeof readSideFacts>[2] = {}, user = hostile) {
    const session = await Session.open(profileOf(servers.get(major)!, { user }), undefined, limits);
    try {
      return await readSideFacts(session, relations, options);
    } finally {
      await session.close();
    }
  }

  test('reads the settings in force as SHOW prints them, with the place each comes from', async () => {
    const server = servers.get(major)!;
    const { nodes, unread } = await facts([]);
    expect(unread).toEqual([]);
    expect(nodes).toHaveLength(1);
    const [node] = nodes;
    expect(node).toMatchObject({ node: `${server.host}:${server.port}`, role: 'coordinator', groupId: undefined });
    expect(Math.floor(node!.versionNum! / 10_000)).toBe(major);
    const session = await Session.open(profileOf(server, { user: hostile }), undefined, limits);
    const shown = await session.transaction([
      {
        text: 'SELECT name, current_setting(name) FROM unnest($1::text[]) AS name',
        values: [`{${[...node!.settings.keys()]}}`],
      },
    ]);
    await session.close();
    expect([...node!.settings].map(([name, { value }]) => [name, value])).toEqual(shown.results[0]!.rows);
    expect(Object.fromEntries(node!.settings)).toMatchObject({
      enable_nestloop: { value: 'off', source: 'user', builtIn: 'on' },
      work_mem: { value: '3MB', source: 'database user', builtIn: '4MB' },
      random_page_cost: { value: '1.5', source: 'database', builtIn: '4' },
      seq_page_cost: { value: '1.25', source: 'global', builtIn: '1' },
      // Of Cutover's own SET LOCAL, nothing.
      jit: { source: 'default', value: node!.settings.get('jit')!.builtIn },
      enable_hashjoin: { value: 'on', source: 'default' },
      effective_cache_size: { value: '4GB', builtIn: '4GB' },
    });
  });

  test('says who set a setting, with the name as SQL needs it', async () => {
    const { scoped } = await facts([], { functions: [{ name: 'careful' }, { schema: 'pg_catalog', name: 'careful' }] });
    expect(scoped.map(({ scope, owner, name, value }) => [scope, owner, name, value]).sort()).toEqual([
      ['allRoles', 'ALL', 'seq_page_cost', '1.25'],
      ['database', 'app', 'random_page_cost', '1.5'],
      ['function', 'public.careful(integer)', 'enable_hashjoin', 'off'],
      ['role', quoted(hostile), 'enable_nestloop', 'off'],
      ['role', quoted(hostile), 'jit_above_cost', '0'],
      ['roleInDatabase', `${quoted(hostile)} IN DATABASE app`, 'work_mem', '3MB'],
    ]);
  });

  test('reads tables with hostile names, their indexes and statistics', async () => {
    const server = servers.get(major)!;
    const { relations, unread } = await facts([strange, publicTable('fresh'), publicTable('none')], {}, 'postgres');
    expect(unread).toEqual([]);
    const node = `${server.host}:${server.port}`;
    const [known, fresh] = [
      relations.find(({ name }) => name === hostile),
      relations.find(({ name }) => name === 'fresh'),
    ];
    expect(relations).toHaveLength(2);
    expect(known).toMatchObject({ schema: hostile, spread: 'plain', shardCount: undefined, invalidIndexes: [] });
    expect(known!.indexes.map(({ name }) => name).sort()).toEqual([`${hostile}_n`, `${hostile}_pkey`].sort());
    expect(known!.indexes.find(({ name }) => name === `${hostile}_n`)).toMatchObject({ valid: true, unique: false });
    expect(known!.indexes[0]!.sizeBytes).toBeGreaterThan(0);
    expect(known!.statistics).toEqual([
      {
        node,
        shardId: undefined,
        tuples: 1000,
        pages: 5,
        // Not yet, where the commits have not reached the disk.
        allVisiblePages: expect.any(Number),
        hasColumnStatistics: true,
        analyzedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
        vacuumedAt: expect.stringMatching(/Z$/),
        modifiedSinceAnalyze: 0,
        liveTuples: 1000,
        deadTuples: 0,
        sizeBytes: expect.any(Number),
      },
    ]);
    expect(fresh!.statistics).toMatchObject([
      { tuples: -1, hasColumnStatistics: false, analyzedAt: undefined, sizeBytes: expect.any(Number) },
    ]);
  });

  test('names an index that is not valid', async () => {
    const server = servers.get(major)!;
    await server.query(`UPDATE pg_index SET indisvalid = false WHERE indexrelid = $1::regclass`, [
      `${quoted(hostile)}.${quoted(`${hostile}_pkey`)}`,
    ]);
    const { relations } = await facts([strange]);
    await server.query('UPDATE pg_index SET indisvalid = true');
    expect(relations[0]!.invalidIndexes).toEqual([{ node: `${server.host}:${server.port}`, name: `${hostile}_pkey` }]);
    expect(relations[0]!.indexes.filter(({ valid }) => !valid)).toHaveLength(1);
  });

  test('says which grant is missing, and reads the rest', async () => {
    const { relations, unread, connections } = await facts([strange, publicTable('guarded')]);
    const own = quoted(hostile);
    expect(unread).toEqual(
      expect.arrayContaining([
        `Column statistics (pg_stats) of ${own}.${own}: GRANT SELECT ON ${own}.${own} TO ${own}`,
        expect.stringMatching(/public\.guarded: row security/),
      ]),
    );
    expect(relations.map(({ statistics }) => statistics[0]!.hasColumnStatistics)).toEqual([undefined, undefined]);
    expect(relations.find(({ name }) => name === hostile)!.statistics[0]!.tuples).toBe(1000);
    expect(connections[0]!.used).toBeGreaterThanOrEqual(1);
    expect(connections[0]!.limit).toBeLessThan(200);
  });

  test('asks about JIT only where it should have compiled', async () => {
    const server = servers.get(major)!;
    const [{ on }] = (await server.query('SELECT set_config($1, $2, false), pg_jit_available() AS on', [
      'jit',
      'on',
    ])) as [{ on: boolean }];
    expect((await facts([])).nodes[0]!.jitAvailable).toBeUndefined();
    const asked = await facts([], { uncompiledCost: 1e6 });
    expect(asked.nodes[0]!.jitAvailable).toBe(asked.nodes[0]!.settings.get('jit')!.value === 'on' ? on : undefined);
  });

  test('does not wait for a table that is locked', async () => {
    const server = servers.get(major)!;
    const holder = await Session.open(profileOf(server), undefined, limits);
    const locked = holder.transaction([{ text: 'LOCK TABLE public.fresh' }, { text: 'SELECT pg_sleep(1.5)' }], {
      access: 'read write',
    });
    for (;;) {
      const [row] = await server.query(
        `SELECT count(*)::int AS n FROM pg_locks WHERE relation = 'public.fresh'::regclass AND granted AND mode = 'AccessExclusiveLock'`,
      );
      if (row!.n === 1) break;
    }
    const { relations, unread } = await facts([publicTable('fresh')]);
    expect((await locked).failure).toBeUndefined();
    await holder.close();
    expect(unread).toEqual([expect.stringMatching(/GRANT SELECT ON public\.fresh/)]);
    expect(relations[0]!.statistics[0]).toMatchObject({ sizeBytes: undefined, liveTuples: 500 });
  });

  test('stops when it is cancelled', async () => {
    const controller = new AbortController();
    const session = await Session.open(profileOf(servers.get(major)!), undefined, limits);
    const reading = readSideFacts(session, [strange], { signal: controller.signal });
    controller.abort();
    await expect(reading).rejects.toMatchObject({ reason: 'cancelled' });
    expect(session.usable).toBe(false);
    await session.close();
  });
});
