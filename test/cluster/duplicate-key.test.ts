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

test('an index that takes too long is unknown, not sound; without amcheck the extension is asked for', async () => {
  const late = await diagnose(pair, { side: 'target', amcheck: true, budgetMs: 0 });
  expect(late.indexes[0]).toMatchObject({ state: 'unknown', detail: expect.stringContaining('not looked at within') });
  await target.query('DROP EXTENSION amcheck');
  const missing = await diagnose(pair, { side: 'target', amcheck: true });
  expect(missing.unknown).toEqual([expect.objectContaining({ grant: 'CREATE EXTENSION amcheck' })]);
  expect(standingsOf(missing)[0]).not.toContain('verified');
});
