import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Session } from '../../src/cluster/session';
import { readStatementFacts } from '../../src/cluster/statement-facts';
import { classify, withVolatility } from '../../src/sql/classify';
import { loadSqlParser, type SqlParser } from '../../src/sql/parser';
import { findPostgres, whyNoCitus } from '../lab/installations';
import { type LabPair, startCitusPair, startPlainPair } from '../lab/lab';
import type { LabServer } from '../lab/server';
import { limits, profileOf } from './profile-of';
import { checkSql, type TemplateSql, templateSql } from './template-sql';

const missing = await whyNoCitus();
if (missing) console.warn(`SKIPPED: every test on Citus. ${missing}`);

const majors = [...new Set((await findPostgres()).map(({ majorVersion }) => majorVersion))].sort((a, b) => a - b);
/** Every major version of this machine, two at a time. */
const pairs = majors.flatMap((major, i) => (i % 2 === 0 ? [[major, majors[i + 1] ?? major] as const] : []));

/** Needs Citus, whose functions and tables the grammar of a plain server does not find. */
const citusOnly = /pg_dist_|citus_tables|run_command_on/;
/** What a step shows that writes; the rehearsal of the move runs it (playbook-move.test.ts). */
const isRead = ({ sql }: TemplateSql) => /^(SELECT|WITH)\b/.test(sql) && !/citus_set_coordinator_host/.test(sql);
const reads = templateSql.filter(isRead);
const checks = templateSql.filter(({ id }) => id !== undefined);

const tables = [
  `CREATE TABLE events (app_id bigint, id bigserial, created_at timestamptz DEFAULT '2025-06-01', v text, PRIMARY KEY (app_id, id))`,
  `INSERT INTO events (app_id, v) SELECT i % 20, 'x' FROM generate_series(1, 400) i`,
  'CREATE TABLE apps (id int PRIMARY KEY, CONSTRAINT positive CHECK (id > 0))',
];

async function readOnly(server: LabServer, sql: string): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString: server.uri });
  await client.connect();
  try {
    await client.query('BEGIN READ ONLY');
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

let parser: SqlParser;
beforeAll(async () => {
  parser = await loadSqlParser();
});

async function expectHarmless(server: LabServer, sql: string): Promise<void> {
  const classification = classify(parser, sql);
  expect(classification.error).toBeUndefined();
  const session = await Session.open(profileOf(server), undefined, limits);
  try {
    const { volatility } = await readStatementFacts(session, classification.functions);
    const { class: judged, reasons } = withVolatility(classification, volatility);
    expect({ judged, reasons }).toEqual({ judged: 'read', reasons: [] });
  } finally {
    await session.close();
  }
}

describe.each(pairs)('the SQL of the template on PostgreSQL %i and %i', (source, target) => {
  let pair: LabPair;
  beforeAll(async () => {
    pair = await startPlainPair({ source, target });
    for (const { coordinator } of [pair.source, pair.target]) {
      await coordinator.query('CREATE EXTENSION IF NOT EXISTS pg_stat_statements');
      for (const sql of tables) await coordinator.query(sql);
    }
  });
  afterAll(() => pair?.stop());

  test.each(reads.filter(({ sql }) => !citusOnly.test(sql)))('$step: $id runs', async ({ sql }) => {
    for (const { coordinator } of [pair.source, pair.target]) await readOnly(coordinator, sql);
  });
  test.each(checks.filter(({ sql }) => !citusOnly.test(sql)))('$id asks without effect', async ({ sql }) => {
    for (const { coordinator } of [pair.source, pair.target]) await expectHarmless(coordinator, sql);
  });
  test.each(checks.filter(({ expect: form, sql }) => /^(same|empty)$/.test(form!) && !citusOnly.test(sql)))(
    '$id is content with two servers that are alike',
    async ({ expect: form, sql }) => {
      const [ofSource, ofTarget] = await Promise.all([
        readOnly(pair.source.coordinator, sql),
        readOnly(pair.target.coordinator, sql),
      ]);
      if (form === 'same') expect(sorted(ofTarget)).toEqual(sorted(ofSource));
      else expect([...ofSource, ...ofTarget]).toEqual([]);
    },
  );
});

const sorted = (rows: object[]) => rows.map(row => JSON.stringify(row)).sort();

describe('a fault is seen by the template’s check', () => {
  let pair: LabPair;
  let server: LabServer;
  beforeAll(async () => {
    pair = await startPlainPair();
    server = pair.source.coordinator;
    for (const sql of tables) await server.query(sql);
  });
  afterAll(() => pair?.stop());

  const ask = (id: string) => readOnly(server, checkSql(id));

  test.each([
    ['columns', 'ALTER TABLE events ADD COLUMN more int'],
    ['index-definitions', 'CREATE INDEX ON events (v)'],
    ['unvalidated-constraints', 'ALTER TABLE events ADD CONSTRAINT later CHECK (app_id >= 0) NOT VALID'],
    ['size', 'CREATE TABLE big AS SELECT i FROM generate_series(1, 1000) i'],
  ])('%s', async (id, fault) => {
    const before = sorted(await ask(id));
    await server.query(fault);
    expect(sorted(await ask(id))).not.toEqual(before);
  });
  test('invalid-indexes', async () => {
    await server.query('CREATE TABLE twice AS SELECT 1 AS v FROM generate_series(1, 2)');
    await expect(server.query('CREATE UNIQUE INDEX CONCURRENTLY twice_v ON twice (v)')).rejects.toThrow('unique');
    expect(await ask('invalid-indexes')).toEqual([{ table: 'twice', index: 'twice_v' }]);
  });
  test('writers, long-transactions and clients-left', async () => {
    await server.query('CREATE ROLE app_user LOGIN');
    await server.query('GRANT ALL ON apps TO app_user');
    const client = new Client({ connectionString: server.uri.replace('//postgres@', '//app_user@') });
    await client.connect();
    try {
      await client.query('BEGIN');
      await client.query('INSERT INTO apps VALUES (1)');
      expect(await ask('writers')).toMatchObject([{ usename: 'app_user' }]);
      expect(await ask('clients-left')).toMatchObject([{ usename: 'app_user' }]);
      const open = (await ask('long-transactions')).find(({ usename }) => usename === 'app_user');
      expect(open!.open_for).toBeTruthy();
    } finally {
      await client.end();
    }
  });
  test('archiving, connections and logical-decoding tell what is', async () => {
    expect(await ask('archiving')).toEqual([{ archived: false }]);
    expect(await ask('connections')).toMatchObject([{ allowed: 97 }]);
    expect(await ask('logical-decoding')).toEqual([{ ready: false }]);
  });
  test('long-transactions does not pass for a role that may not see the time', async () => {
    await server.query('CREATE ROLE poor LOGIN');
    const busy = new Client({ connectionString: server.uri });
    await busy.connect();
    try {
      await busy.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
      await busy.query('SELECT 1');
      const client = new Client({ connectionString: server.uri.replace('//postgres@', '//poor@') });
      await client.connect();
      const { rows } = await client.query(checkSql('long-transactions'));
      await client.end();
      expect(rows.find(({ usename }) => usename === 'postgres')).toMatchObject({ open_for: null });
    } finally {
      await busy.end();
    }
  });
});

describe.skipIf(missing)('the SQL of the template on Citus', () => {
  let pair: LabPair;
  beforeAll(async () => {
    if (missing) return;
    pair = await startCitusPair();
    for (const { coordinator } of [pair.source, pair.target]) {
      for (const sql of tables) await coordinator.query(sql);
      await coordinator.query(`SELECT create_distributed_table('events', 'app_id')`);
      await coordinator.query(`SELECT create_reference_table('apps')`);
      await coordinator.query('CREATE EXTENSION amcheck');
    }
  });
  afterAll(() => pair?.stop());

  test.each(reads)('$step: $id runs', async ({ sql }) => {
    for (const { coordinator } of [pair.source, pair.target]) {
      for (const { success, result } of await readOnly(coordinator, sql)) {
        if (success !== undefined) expect({ success, result }).toMatchObject({ success: true });
      }
    }
  });
  test.each(checks)('$id asks without effect', async ({ sql }) => {
    for (const { coordinator } of [pair.source, pair.target]) await expectHarmless(coordinator, sql);
  });
  test.each(checks.filter(({ on }) => on === 'workers'))('$id runs on the workers', async ({ sql }) => {
    for (const worker of [...pair.source.workers, ...pair.target.workers]) await readOnly(worker, sql);
  });
  test('invalid-indexes sees the index of a shard', async () => {
    const [worker] = pair.target.workers;
    const sql = checkSql('invalid-indexes');
    expect(await readOnly(worker!, sql)).toEqual([]);
    const [shard] = await worker!.query<{ name: string }>(
      `SELECT shard_name(logicalrelid, shardid) AS name FROM pg_dist_placement JOIN pg_dist_shard USING (shardid)
        WHERE groupid = (SELECT groupid FROM pg_dist_local_group) AND logicalrelid = 'events'::regclass LIMIT 1`,
    );
    await worker!.query(
      `UPDATE pg_index SET indisvalid = false WHERE indrelid = '${shard!.name}'::regclass AND indisprimary`,
    );
    expect(await readOnly(worker!, sql)).toMatchObject([{ table: shard!.name }]);
  });
});
