import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { DuplicateKeyDiagnosis } from '../../src/shared/duplicate-key';
import { sides } from '../../src/shared/side';
import { type LabPair, startPlainPair } from '../lab/lab';
import type { LabServer } from '../lab/server';
import { runCheck } from './checks-on';
import { diagnose, orderedOtherwise, runScript, standingsOf } from './duplicate-key-on';

let pair: LabPair;
let target: LabServer;
beforeAll(async () => {
  pair = await startPlainPair();
  target = pair.target.coordinator;
  await target.query('CREATE EXTENSION amcheck');
  await target.query(`CREATE COLLATION natural_order (provider = icu, locale = 'en-u-kn-true')`);
  await target.query('CREATE TABLE codes (code text COLLATE natural_order PRIMARY KEY, n int UNIQUE)');
  await target.query(`INSERT INTO codes SELECT 'a' || i, i FROM generate_series(1, 500) AS i`);
});
afterAll(() => pair?.stop());

const errorText = `ERROR:  duplicate key value violates unique constraint "codes_pkey"
DETAIL:  Key (code)=(a12) already exists.`;

const byIndex = ({ indexes }: DuplicateKeyDiagnosis) => indexes.map(({ index, why, state }) => [index, why, state]);

test('a sound index: amcheck and a scan of its table say so, and there is nothing to repair', async () => {
  const found = await diagnose(pair, { side: 'target', errorText, amcheck: true });
  expect(byIndex(found)).toEqual([['codes_pkey', 'named', 'sound']]);
  expect(found.indexes[0]!.duplicates).toEqual({ keys: [], more: false });
  expect(standingsOf(found)).toEqual([
    'order unlikely verified',
    'duplicates unlikely verified',
    'sequence unlikely observed',
  ]);
  expect(found).toMatchObject({ scripts: [], unknown: [] });
});

test('a collation version that was altered in the catalog is observed, without proof', async () => {
  await target.query(`UPDATE pg_collation SET collversion = '1.1' WHERE collname = 'natural_order'`);
  const found = await diagnose(pair, { side: 'target' });
  expect(standingsOf(found)[0]).toBe('order likely observed');
  expect(byIndex(found)).toEqual([['codes_pkey', 'stale', 'unchecked']]);
  expect(found.hypotheses[0]!.evidence[0]).toMatch(/public\.natural_order \(recorded 1\.1, actual [\d.]+\)/);
  // Named by an error or not: its version is not recorded before it is rebuilt.
  const named = await diagnose(pair, { side: 'target', errorText });
  expect(byIndex(named)).toEqual([['codes_pkey', 'named', 'unchecked']]);
  expect(named.scripts[0]!.sql).toMatch(/REINDEX INDEX CONCURRENTLY "public"."codes_pkey";(?:.|\n)*REFRESH VERSION/);
  const proved = await diagnose(pair, { side: 'target', amcheck: true });
  expect(byIndex(proved)).toEqual([['codes_pkey', 'stale', 'sound']]);
  // Nothing needs to be rebuilt: recording the version is enough.
  expect(proved.scripts[0]!.sql).not.toContain('REINDEX');
  await runScript(target, proved.scripts[0]!.sql);
  expect(standingsOf(await diagnose(pair, { side: 'target' }))).toContain('order unlikely derived');
});

test('a truly corrupt index, and duplicates that it let in, are found; the script mends both and is what it says', async () => {
  await orderedOtherwise(target, 'natural_order');
  await target.query('ALTER TABLE codes DROP CONSTRAINT codes_n_key');
  await target.query(
    `INSERT INTO codes SELECT 'a' || i, 1000 + i FROM generate_series(1, 500) AS i ON CONFLICT DO NOTHING`,
  );
  const [{ rows } = { rows: 0 }] = await target.query<{ rows: number }>('SELECT count(*)::int AS rows FROM codes');
  expect(rows).toBeGreaterThan(500);

  const found = await diagnose(pair, { side: 'target', errorText, amcheck: true });
  expect(standingsOf(found)).toEqual([
    'order likely verified',
    'duplicates likely verified',
    'sequence unlikely observed',
  ]);
  const [index] = found.indexes;
  expect(index).toMatchObject({
    index: 'codes_pkey',
    state: 'corrupt',
    detail: expect.stringContaining('"codes_pkey"'),
  });
  expect(index!.duplicates).toMatchObject({ more: true });
  expect(index!.duplicates!.keys[0]).toMatchObject({ copies: 2 });
  await expect(target.query('REINDEX INDEX codes_pkey')).rejects.toThrow('could not create unique index');
  expect(await runCheck(pair, 'locale.collations')).toMatchObject({ verdict: 'fail' });

  await runScript(target, found.scripts[0]!.sql);
  const again = await diagnose(pair, { side: 'target', errorText, amcheck: true });
  expect(standingsOf(again)[0]).toBe('order unlikely verified');
  expect(again.indexes[0]).toMatchObject({ state: 'sound', duplicates: { keys: [] } });
  expect(again.scripts).toEqual([]);
  const [kept] = await target.query('SELECT count(*)::int AS kept, max(n) AS newest FROM codes');
  expect(kept).toEqual({ kept: 500, newest: 500 });
  const [moved] = await target.query('SELECT count(*)::int AS moved FROM codes_pkey_removed');
  expect(moved).toEqual({ moved: rows - 500 });
});

test('nothing is written, and no server setting outlives the diagnosis', async () => {
  const state = () =>
    target.query('SELECT pg_current_wal_insert_lsn() AS lsn, (SELECT count(*)::int FROM pg_class) AS classes');
  await diagnose(pair, { side: 'target', errorText, amcheck: true });
  const before = await state();
  await diagnose(pair, { side: 'target', errorText, amcheck: true });
  expect(await state()).toEqual(before);
});

test('a sequence behind its column is the likeliest when the named index sorts by numbers', async () => {
  await target.query('CREATE TABLE orders (id bigserial PRIMARY KEY); INSERT INTO orders SELECT generate_series(1, 9)');
  const found = await diagnose(pair, { side: 'target', errorText: errorText.replace('codes_pkey', 'orders_pkey') });
  expect(standingsOf(found)).toEqual([
    'sequence likely observed',
    'duplicates unknown unknown',
    'order unlikely observed',
  ]);
  expect(found.hypotheses[0]!.next).toContain('setval(');
  // It fills another table than the one whose index is named.
  const other = await diagnose(pair, { side: 'target', errorText });
  expect(standingsOf(other)).toContain('sequence unlikely observed');
  expect(other.scripts.map(({ sql }) => sql).join()).not.toContain('setval(');
  await runScript(target, found.scripts[0]!.sql);
  const again = await diagnose(pair, { side: 'target', errorText: errorText.replace('codes_pkey', 'orders_pkey') });
  expect(standingsOf(again)).toContain('sequence unlikely observed');
  expect(await target.query('INSERT INTO orders DEFAULT VALUES RETURNING id')).toEqual([{ id: '10' }]);
  await target.query('DROP TABLE orders');
});

test('a role without privileges learns the grant, and with it amcheck runs', async () => {
  for (const side of sides) await pair[side].coordinator.query('CREATE ROLE watcher LOGIN');
  const found = await diagnose(pair, { side: 'target', errorText, amcheck: true }, { user: 'watcher' });
  expect(found.indexes[0]).toMatchObject({ state: 'unknown', detail: expect.stringContaining('may not run') });
  const grants = found.unknown.flatMap(({ grant }) => grant ?? []);
  expect(grants[0]).toMatch(/^GRANT EXECUTE ON FUNCTION public\.bt_index_check\(.*\) TO "watcher"$/);
  for (const grant of [...grants, 'GRANT SELECT ON codes TO watcher']) await target.query(grant);
  const again = await diagnose(pair, { side: 'target', errorText, amcheck: true }, { user: 'watcher' });
  expect(again).toMatchObject({ unknown: [], indexes: [{ state: 'sound', duplicates: { keys: [] } }] });
});

test("a database's own collation version, altered in the catalog; none at all is what musl leaves", async () => {
  if (target.majorVersion < 15) return;
  const database = 'by_icu';
  await target.query(`CREATE DATABASE ${database} LOCALE_PROVIDER icu ICU_LOCALE 'en' LOCALE 'C' TEMPLATE template0`);
  await target.query('CREATE EXTENSION amcheck; CREATE TABLE names (name text, data jsonb)', [], database);
  await target.query('CREATE UNIQUE INDEX names_lower ON names (lower(name)) WHERE name IS NOT NULL', [], database);
  await target.query(
    'CREATE INDEX names_data ON names (data); CREATE INDEX names_bytes ON names (name COLLATE "C")',
    [],
    database,
  );
  const record = (version: string | null) =>
    target.query('UPDATE pg_database SET datcollversion = $1 WHERE datname = $2', [version, database]);
  await record('1.1');
  const found = await diagnose(pair, { side: 'target', amcheck: true }, { database });
  expect(standingsOf(found)).toContain('order unlikely verified');
  expect(byIndex(found)).toEqual([
    ['names_lower', 'stale', 'sound'],
    ['names_data', 'stale', 'sound'],
  ]);
  const unproved = await diagnose(pair, { side: 'target' }, { database });
  expect(standingsOf(unproved)[0]).toBe('order likely observed');
  expect(unproved.scripts[0]!.sql).toContain('PARTITION BY lower(name) ORDER BY ctid');
  await runScript(target, unproved.scripts[0]!.sql, database);
  expect(standingsOf(await diagnose(pair, { side: 'target' }, { database }))).toContain('order unlikely derived');
  await target.query('DROP TABLE names_lower_removed', [], database);
  await record(null);
  const unversioned = await diagnose(pair, { side: 'target' }, { database });
  expect(standingsOf(unversioned)[0]).toBe('order likely suspected');
  await runScript(target, unversioned.scripts[0]!.sql, database);
  expect(standingsOf(await diagnose(pair, { side: 'target' }, { database }))).toContain('order unlikely derived');
});

test('a page that was damaged on disk, while the server was stopped', async () => {
  await target.query('CREATE TABLE parts (part text COLLATE natural_order PRIMARY KEY)');
  await target.query(`INSERT INTO parts SELECT 'p' || i FROM generate_series(1, 2000) AS i`);
  const [{ path } = { path: '' }] = await target.query<{ path: string }>(
    `SELECT pg_relation_filepath('parts_pkey') AS path`,
  );
  await target.stop();
  const file = await open(join(target.dataDir, path), 'r+');
  // The first page after the meta page: its header goes, its size stays.
  await file.write(Buffer.alloc(64, 0xff), 0, 64, 8192);
  await file.close();
  await target.start();
  const found = await diagnose(pair, { side: 'target', amcheck: true });
  expect(found.indexes.map(({ index, state }) => [index, state])).toContainEqual(['parts_pkey', 'corrupt']);
  expect(found.indexes.find(({ index }) => index === 'parts_pkey')).toMatchObject({
    detail: expect.stringContaining('invalid page in block 1'),
    duplicates: { keys: [], more: false },
  });
  await runScript(target, found.scripts[0]!.sql);
  expect((await diagnose(pair, { side: 'target', amcheck: true })).indexes.map(({ state }) => state)).toEqual([
    'sound',
    'sound',
  ]);
  await target.query('DROP TABLE parts, parts_pkey_removed');
});

test('an index that takes too long is unknown, not sound; without amcheck the extension is asked for', async () => {
  const late = await diagnose(pair, { side: 'target', amcheck: true, budgetMs: 0 });
  expect(late.indexes[0]).toMatchObject({ state: 'unknown', detail: expect.stringContaining('not looked at within') });
  await target.query('DROP EXTENSION amcheck');
  const missing = await diagnose(pair, { side: 'target', amcheck: true });
  expect(missing.unknown).toEqual([expect.objectContaining({ grant: 'CREATE EXTENSION amcheck' })]);
  expect(standingsOf(missing)[0]).not.toContain('verified');
});

test('the other side need not answer: what it would tell is unknown, the rest is judged', async () => {
  await pair.source.coordinator.stop();
  const found = await diagnose(pair, { side: 'target', errorText: 'no name in it' });
  expect(found.unknown.map(({ what }) => what)).toEqual([
    'The text of the error names no index between quotation marks.',
    expect.stringMatching(/^Whether the other side is a copy of the same files: /),
  ]);
  expect(found.hypotheses).toHaveLength(3);
});
