/** An application says "duplicate key": from its error to the cause, the proof, the repair, and the playbook. */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { orderedOtherwise } from '../cluster/duplicate-key-on';
import { type LabPair, startPlainPair } from '../lab/lab';
import type { LabServer } from '../lab/server';
import { packagedExtension } from './driver/packaged-extension';
import { openVscode, type Vscode } from './driver/vscode';
import type { Workbench } from './driver/workbench';
import { workspaceWith } from './files';
import { screenshotIfFailed } from './screenshot-if-failed';

let pair: LabPair;
let target: LabServer;
let workspace: string;
let vscode: Vscode;
let workbench: Workbench;

beforeAll(async () => {
  pair = await startPlainPair();
  target = pair.target.coordinator;
  await target.query('CREATE EXTENSION amcheck');
  await target.query(`CREATE COLLATION natural_order (provider = icu, locale = 'en-u-kn-true')`);
  await target.query('CREATE TABLE codes (code text COLLATE natural_order PRIMARY KEY)');
  await target.query(`INSERT INTO codes SELECT 'a' || i FROM generate_series(1, 500) AS i`);
  await orderedOtherwise(target, 'natural_order');
  await target.query(`INSERT INTO codes SELECT 'a' || i FROM generate_series(1, 500) AS i ON CONFLICT DO NOTHING`);
  await target.query('CREATE TABLE orders (id bigserial PRIMARY KEY); INSERT INTO orders SELECT generate_series(1, 9)');
  workspace = await workspaceWith({ 'app.log': `${await errorOf('INSERT INTO orders DEFAULT VALUES')}\n` });
  await mkdir(join(workspace, '.vscode'));
  const side = ({ coordinator: { host, port, database, user } }: LabPair['source'], label: string) => {
    return { label, host, port, database, user };
  };
  const migrations = [{ name: 'eu', source: side(pair.source, 'Old'), target: side(pair.target, 'New') }];
  await writeFile(join(workspace, '.vscode', 'settings.json'), JSON.stringify({ 'cutover.migrations': migrations }));
  vscode = await openVscode({ workspace, extensions: [await packagedExtension()] });
  workbench = vscode.workbench;
});

afterEach(context => screenshotIfFailed(context, workbench));

afterAll(async () => {
  await vscode?.stop();
  await pair?.stop();
  if (workspace) await rm(workspace, { recursive: true, force: true });
});

/** What psql would print. */
async function errorOf(sql: string): Promise<string> {
  const { message, detail } = await target.query(sql).then(
    () => expect.unreachable(),
    (error: Error & { detail: string }) => error,
  );
  return `ERROR:  ${message}\nDETAIL:  ${detail}`;
}

const lens = (title: string) => workbench.page.locator('.codelens-decoration a', { hasText: title }).first();
/** Without the line breaks of the editor. */
const written = async () => (await workbench.editorText()).replaceAll(/\s+/g, ' ');
const state = () =>
  target.query(
    `SELECT (SELECT count(*)::int FROM codes) AS rows, (SELECT array_agg(relname ORDER BY oid)::text FROM pg_class) AS all,
            (SELECT relfilenode FROM pg_class WHERE relname = 'codes_pkey') AS index`,
  );

async function causes(): Promise<string[]> {
  return (await workbench.editorText()).match(/^- (\*\*)?(Likely|Open|Unlikely).*$/gm) ?? [];
}

test('the index that the error names is made under another order, which is the likeliest cause', async () => {
  await workbench.command('Cutover: Diagnose Duplicate Key');
  await workbench.pick('target');
  await workbench.answer(
    'ERROR: duplicate key value violates unique constraint "codes_pkey" DETAIL: Key (code)=(a12) already exists.',
    'The error as the server wrote it',
  );
  await workbench.tab('Duplicate key - target - codes_pkey.md').waitFor();
  await lens('Prove with amcheck…').waitFor();
  expect(await causes()).toEqual([
    '- **Likely** (observed): An index holds the order of another libc or ICU than the node has now',
    '- **Open**: Rows with the same key are in the table already',
    '- Unlikely (observed): A sequence is behind the column that it fills',
  ]);
  expect(await written()).toContain('The error names `codes_pkey`, key `code = a12`.');
  expect(await written()).toContain('named by the error; not read by amcheck yet');
});

test('no index is read when the user declines', async () => {
  await lens('Prove with amcheck…').click();
  await workbench.dialog.getByText(/amcheck reads 1 index, \d+ kB, and their tables/).waitFor();
  await workbench.dialogButton('Cancel');
  await workbench.dialog.waitFor({ state: 'detached' });
  expect(await written()).toContain('not read by amcheck yet');
});

test('amcheck proves it, and the table is found to hold duplicates; nothing is changed', async () => {
  const before = await state();
  await lens('Prove with amcheck…').click();
  await workbench.dialogButton('Read the Indexes');
  await lens('Prove Again…').waitFor();
  await expect
    .poll(causes)
    .toEqual([
      '- **Likely** (verified): An index holds the order of another libc or ICU than the node has now',
      '- **Likely** (verified): Rows with the same key are in the table already',
      '- Unlikely (observed): A sequence is behind the column that it fills',
    ]);
  expect(await written()).toContain('**corrupt**, says amcheck');
  expect(await state()).toEqual(before);
});

test('the repair opens as SQL, and nothing of it runs', async () => {
  const before = await state();
  await lens('Open Repair Script').click();
  await workbench.tab(/^-- For 127\.0\.0\.1|^Untitled/).waitFor();
  await expect.poll(() => workbench.editorText()).toContain('Cutover runs none of it.');
  await expect.poll(() => workbench.editorText()).toContain('LOCK TABLE "public"."codes"');
  expect(await state()).toEqual(before);
});

test('it is recorded in the playbook with the proof and the repair', async () => {
  await workbench.tab(/^Duplicate key/).click();
  await lens('Record in Playbook').click();
  await workbench.tab('eu.playbook.md').waitFor();
  const file = join(workspace, 'eu.playbook.md');
  await expect
    .poll(() => readFile(file, 'utf8').catch(() => ''), { timeout: 20_000 })
    .toContain('cutover:finding duplicate-key/target-codes-pkey severity=high confidence=verified');
  expect(await readFile(file, 'utf8')).toContain('REINDEX INDEX CONCURRENTLY "public"."codes_pkey";');
});

test('an error that is selected in an editor is taken from there; a sequence behind its column comes with its setval', async () => {
  await workbench.openFile('app.log');
  await workbench.setCursor(1, 1);
  await workbench.page.keyboard.press('Control+A');
  await workbench.command('Cutover: Diagnose Duplicate Key');
  await workbench.pick('target');
  await workbench.tab('Duplicate key - target - orders_pkey.md').waitFor();
  await expect.poll(causes).toContainEqual('- **Likely** (observed): A sequence is behind the column that it fills');
  expect((await causes())[0]).toContain('A sequence is behind');
  expect(await workbench.editorText()).toMatch(/^ {4}SELECT setval\(/m);
  await lens('Record in Playbook').waitFor();
  expect(await workbench.page.locator('.codelens-decoration', { hasText: 'Explain' }).count()).toBe(0);
});

test('a side that cannot be reached is said, with the way on', async () => {
  await target.stop('immediate');
  await workbench.command('Cutover: Diagnose Duplicate Key');
  await workbench.pick('target');
  await workbench.answer('', 'The error as the server wrote it');
  await workbench.notifications.filter({ hasText: 'Nothing listens' }).first().waitFor();
});
