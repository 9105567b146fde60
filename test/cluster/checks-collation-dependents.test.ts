import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Side, sides } from '../../src/shared/side';
import { whyNoCitus } from '../lab/installations';
import { type LabPair, startCitusPair, startPlainPair } from '../lab/lab';
import type { LabServer } from '../lab/server';
import { runCheck, runRemedy } from './checks-on';
import { orderedOtherwise, runScript } from './duplicate-key-on';

const missing = await whyNoCitus();
if (missing) console.warn(`SKIPPED: what depends on a collation, on Citus. ${missing}`);

let pair: LabPair;
const onBoth = async (...statements: string[]) => {
  for (const side of sides) for (const sql of statements) await pair[side].coordinator.query(sql);
};
const addressOf = ({ host, port }: LabServer) => `${host}:${port}`;
const nameOfDifference = ({ what }: { what: string }) => what;
const changed = 'computed by public.natural_order (recorded 1.1, actual ';

describe('on plain PostgreSQL', () => {
  let target: LabServer;
  const rows = async (sql: string) => (await target.query(sql)).map(row => Object.values(row));
  beforeAll(async () => {
    pair = await startPlainPair();
    target = pair.target.coordinator;
    await onBoth(
      `CREATE COLLATION natural_order (provider = icu, locale = 'en-u-kn-true')`,
      `CREATE TABLE "Co'des" (code text COLLATE natural_order, n int, low boolean GENERATED ALWAYS AS (code < 'a5') STORED,
         CONSTRAINT "ma'x" CHECK (code <= 'a20'), CONSTRAINT pairs CHECK ((code, n) < ('a20', 99)), CONSTRAINT equal CHECK (code <> '' AND n > 0))`,
      `INSERT INTO "Co'des" SELECT 'a' || i, i FROM generate_series(1, 20) AS i`,
      `CREATE INDEX few ON "Co'des" (n) WHERE code < 'a5'`,
      `CREATE INDEX same ON "Co'des" (n) WHERE code = 'a5'`,
      `CREATE MATERIALIZED VIEW last_code AS SELECT max(code) AS code FROM "Co'des"`,
      `CREATE MATERIALIZED VIEW first_codes AS SELECT code FROM "Co'des" ORDER BY code LIMIT 3`,
      `CREATE MATERIALIZED VIEW one AS SELECT n FROM "Co'des" WHERE code = 'a7'`,
      `CREATE TABLE "O'rd" (code text COLLATE natural_order, id int GENERATED ALWAYS AS IDENTITY, n int) PARTITION BY RANGE (code)`,
      `CREATE TABLE low PARTITION OF "O'rd" FOR VALUES FROM ('a') TO ('a5')`,
      `CREATE TABLE high PARTITION OF "O'rd" FOR VALUES FROM ('a5') TO ('b')`,
      `INSERT INTO "O'rd" (code, n) SELECT 'a' || i, i FROM generate_series(1, 20) AS i`,
    );
  });
  afterAll(() => pair?.stop());

  test('nothing depends on a collation whose version is the node’s', async () => {
    expect(await runCheck(pair, 'locale.dependents')).toMatchObject({ verdict: 'pass', details: [] });
  });

  test('what was computed in the old order is listed, found to be wrong, and mended', async () => {
    await orderedOtherwise(target, 'natural_order');
    const found = await runCheck(pair, 'locale.dependents');
    expect(found.differences.map(nameOfDifference)).toEqual([
      "CHECK ma'x of public.Co'des",
      "CHECK pairs of public.Co'des",
      "generated column low of public.Co'des",
      'materialized view public.first_codes',
      'materialized view public.last_code',
      `partition public.high of public."O'rd"`,
      `partition public.low of public."O'rd"`,
      "predicate of index few of public.Co'des",
    ]);
    for (const { node, source, target: value } of found.differences) {
      expect([node, source]).toEqual([addressOf(target), undefined]);
      expect(value).toContain(changed);
    }
    const looks = found.remedies.flatMap(({ sql }) => sql.match(/^SELECT count.*$/gm) ?? []);
    const counts = async () => (await Promise.all(looks.map(rows))).flat(2).map(Number);
    // In the order of digits a3 … a9 come after a20; a10 … a19 come before a5, and lie in the partition above it.
    expect(await counts()).toEqual([7, 7, 11, 0]);
    expect(await rows('SELECT code FROM last_code')).toEqual([['a20']]);
    await target.query(`DELETE FROM "Co'des" WHERE code > 'a20'`);
    await runRemedy(pair, found);
    expect(await counts()).toEqual([0, 0, 0, 0]);
    expect(await rows(`SELECT count(*)::int FROM "Co'des" WHERE low IS DISTINCT FROM (code < 'a5')`)).toEqual([[0]]);
    expect(await rows('SELECT code FROM first_codes')).toEqual([['a1'], ['a10'], ['a11']]);
    expect(await rows('SELECT count(*)::int FROM low')).toEqual([[15]]);
    expect(await rows(`SELECT count(*)::int AS a, count(DISTINCT id)::int AS b, sum(n)::int AS c FROM "O'rd"`)).toEqual(
      [[20, 20, 210]],
    );
    await runRemedy(pair, await runCheck(pair, 'locale.collations'));
    expect(await runCheck(pair, 'locale.dependents')).toMatchObject({ verdict: 'pass' });
  });

  test('exclusion constraints: by their index, and by its predicate', async () => {
    await target.query(`CREATE TABLE rooms (code text COLLATE natural_order, n int,
      CONSTRAINT by_code EXCLUDE USING btree (code WITH =), CONSTRAINT numbers EXCLUDE USING btree (n WITH =) WHERE (code < 'a5'))`);
    await target.query(`UPDATE pg_collation SET collversion = '1.1' WHERE collname = 'natural_order'`);
    const [indexes] = (await runCheck(pair, 'locale.indexes')).remedies;
    expect(indexes!.sql).toContain('REINDEX INDEX "public"."by_code";');
    const dependents = await runCheck(pair, 'locale.dependents');
    expect(dependents.differences.map(nameOfDifference)).toContain('predicate of index numbers of public.rooms');
    // CONCURRENTLY would be refused.
    await runScript(target, indexes!.sql);
    await runRemedy(pair, dependents);
    await target.query('DROP TABLE rooms');
  });

  test('a table that somebody has locked is listed and not waited for', async () => {
    await target.query(`UPDATE pg_collation SET collversion = '1.1' WHERE collname = 'natural_order'`);
    const { Client } = await import('pg');
    const { host, port, user, database } = target;
    const client = new Client({ host, port, user, database });
    await client.connect();
    await client.query(`BEGIN; LOCK TABLE "Co'des"`);
    const found = await runCheck(pair, 'locale.dependents');
    await client.end();
    expect(found.differences).toHaveLength(8);
    expect(found.remedy).not.toContain('refused_now');
    expect(found.remedy).toContain('misplaced');
  });

  test('the database’s own collation: domains, and columns that name none', async () => {
    const icu = `LOCALE_PROVIDER icu ICU_LOCALE 'en' LOCALE 'C'`;
    await onBoth(`CREATE DATABASE icu TEMPLATE template0 ${icu}`);
    const there = (sql: string) => target.query(sql, [], 'icu');
    await there(`CREATE DOMAIN "le'tter" AS text CHECK (lower(VALUE) <= 'm')`);
    await there(
      `CREATE TABLE names (name text CHECK (name ~ '^[a-z]'), initial "le'tter", plain text COLLATE "C" CHECK (plain < 'm'))`,
    );
    const check = () => runCheck(pair, 'locale.dependents', { database: 'icu' });
    expect(await check()).toMatchObject({ verdict: 'pass' });
    await there(`UPDATE pg_database SET datcollversion = '1.0' WHERE datname = 'icu'`);
    const found = await check();
    expect(found.differences.map(nameOfDifference)).toEqual([
      'CHECK names_name_check of public.names',
      "CHECK le'tter_check of domain public.le'tter",
    ]);
    const [, step] = found.remedies;
    expect((await there(step!.sql)).map(row => row.attname)).toEqual(['initial']);
    await there('ALTER DATABASE icu REFRESH COLLATION VERSION');
    expect(await check()).toMatchObject({ verdict: 'pass' });
  });
});

describe.skipIf(missing)('on Citus 11.1 and 13.2', () => {
  beforeAll(async () => {
    pair = await startCitusPair();
    await onBoth(
      `CREATE COLLATION natural_order (provider = icu, locale = 'en-u-kn-true')`,
      `CREATE TABLE codes (tenant int, code text COLLATE natural_order, low boolean GENERATED ALWAYS AS (code < 'a5') STORED,
         CONSTRAINT most CHECK (code <= 'a20')) PARTITION BY RANGE (code)`,
      `CREATE TABLE codes_low PARTITION OF codes FOR VALUES FROM ('a') TO ('a5')`,
      `CREATE TABLE codes_high PARTITION OF codes FOR VALUES FROM ('a5') TO ('b')`,
      `SELECT create_distributed_table('codes', 'tenant')`,
      `INSERT INTO codes SELECT i, 'a' || i FROM generate_series(1, 20) AS i`,
    );
  });
  afterAll(() => pair?.stop());

  test.each(sides)('one worker sorts otherwise: its shards are named by their table: %s', async (side: Side) => {
    expect(await runCheck(pair, 'locale.dependents')).toMatchObject({ verdict: 'pass' });
    const { coordinator, workers } = pair[side];
    const [first] = workers;
    await orderedOtherwise(first!, 'natural_order');
    const found = await runCheck(pair, 'locale.dependents');
    expect(found.differences.map(({ what, node }) => [what, node])).toEqual(
      [
        'CHECK most of public.codes',
        'generated column low of public.codes',
        'partition public.codes_high of public.codes',
        'partition public.codes_low of public.codes',
      ].map(what => [what, addressOf(first!)]),
    );
    expect(found.remedies.map(({ nodes }) => nodes)).toEqual(Array.from({ length: 3 }, () => [addressOf(coordinator)]));
    await runRemedy(pair, found);
    expect(found.remedy).toContain('copy them to a table of their own');
    const [record] = (await runCheck(pair, 'locale.collations')).remedies;
    expect(record!.nodes).toEqual([addressOf(first!)]);
    await runScript(first!, record!.sql);
    expect(await runCheck(pair, 'locale.dependents')).toMatchObject({ verdict: 'pass' });
  });
});
