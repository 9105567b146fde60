/** The story from the statistics on: the side bar names the statement, the table shows it, it is explained, proven, recorded. */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type LabPair, startPlainPair } from '../lab/lab';
import { appOwner } from '../lab/scenarios/rollup';
import { packagedExtension } from './driver/packaged-extension';
import { openVscode, type Vscode } from './driver/vscode';
import type { Workbench } from './driver/workbench';
import { keptResults, workspaceWith } from './files';
import { screenshotIfFailed } from './screenshot-if-failed';

let pair: LabPair;
let workspace: string;
let vscode: Vscode;
let workbench: Workbench;

beforeAll(async () => {
  pair = await startPlainPair({ scenario: 'rollup' });
  workspace = await workspaceWith({});
  const side = ({ coordinator }: LabPair['source'], label: string) => {
    const { host, port, database } = coordinator;
    return { label, host, port, database, user: appOwner };
  };
  await mkdir(join(workspace, '.vscode'));
  const source = { ...side(pair.source, 'Old'), protected: false };
  const migrations = [{ name: 'eu', source, target: side(pair.target, 'New') }];
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

/** Texts of the rows of the view, from top to bottom. */
async function rowsOfView(): Promise<string[]> {
  const rows = workbench.page
    .locator('.part.sidebar .pane', { hasText: 'Slow Statements' })
    .locator('.monaco-list-row');
  const placed = await rows.evaluateAll(elements =>
    (elements as unknown as { dataset: { index?: string }; textContent: string | null }[]).map(element => ({
      index: Number(element.dataset.index),
      text: element.textContent ?? '',
    })),
  );
  return placed.sort((a, b) => a.index - b.index).map(({ text }) => text);
}

test('the side bar reads both sides when it is looked at, and names the slower procedure first among the writes', async () => {
  await workbench.openViewContainer('Cutover');
  await workbench.treeRow(/^Regressions/).waitFor();
  await workbench.treeRow(/^Writes/).click();
  await expect
    .poll(async () => {
      const rows = await rowsOfView();
      const writes = rows.findIndex(text => text.startsWith('Writes'));
      return rows[writes + 1];
    })
    .toMatch(/CALL analytics\.create_rollup/);
  if (pair.jit) expect((await rowsOfView())[1]).toMatch(/CALL analytics\.create_rollup.*×/);
});

test('a click shows it in the table, with the figures of both sides as the servers count them', async () => {
  await workbench.treeRow(/CALL analytics\.create_rollup/).click();
  const page = workbench.webview();
  await page.getByRole('grid').waitFor();
  const selected = page.locator('.grid-row.selected').first();
  await expect.poll(() => selected.textContent()).toContain('create_rollup');
  const [counted] = await pair.target.coordinator.query<{ calls: string }>(
    `SELECT sum(calls)::text AS calls FROM pg_stat_statements WHERE query LIKE 'CALL analytics.create_rollup%'`,
  );
  expect(await selected.textContent()).toContain(counted!.calls);
});

test('it is explained and proven from there, through the statement inside the call', async () => {
  await workbench.command('Cutover: Prove Slow Statement');
  await workbench.pick('CALL analytics.create_rollup');
  await workbench.dialogButton('Execute on Both Sides, Roll Back');
  if (!pair.jit) return;
  await workbench.dialogButton('Experiment, Roll Back Each Run');
  const proving = workbench.newestWebview().locator('.proving');
  await proving.waitFor();
  await proving.waitFor({ state: 'detached', timeout: 240_000 });
  // Kept a moment after it is shown.
  const proven = async () => {
    const results = await keptResults(vscode.server.folder);
    return results.find(({ view }) => (view.diagnosis?.experiments.length ?? 0) > 0)?.view.diagnosis?.causes[0]?.id;
  };
  await expect.poll(proven).toBe('jit.forced');
}, 360_000);

test('the statement is recorded in the playbook with both sides’ figures', async () => {
  await workbench.command('Cutover: Record Slow Statement in Playbook');
  await workbench.pick('CALL analytics.create_rollup');
  await workbench.tab('eu.playbook.md').waitFor();
  const file = join(workspace, 'eu.playbook.md');
  await expect
    .poll(() => readFile(file, 'utf8').catch(() => ''))
    .toContain('cutover:finding statements/call-analytics');
  const text = await readFile(file, 'utf8');
  expect(text).toMatch(/\| calls +\| +6 \| +6 \|/);
  expect(text).toContain('CALL analytics.create_rollup');
});

test('a snapshot is taken, and compared with what comes after it', async () => {
  await workbench.command('Cutover: Take a Snapshot…');
  await workbench.answer('before', /How to call it/);
  await workbench.notifications.filter({ hasText: '“before” was taken of both sides' }).waitFor();
  for (const cluster of [pair.source, pair.target])
    for (let i = 0; i < 4; i++)
      await cluster.coordinator.query('SELECT count(*) FROM analytics.events WHERE bytes > $1', [i]);
  await workbench.command('Cutover: Compare Snapshots…');
  await workbench.pick('Both sides between “before” and now');
  await workbench.treeRow(/^Reads/).click();
  await expect.poll(async () => (await rowsOfView()).join('\n')).toContain('SELECT count(*) FROM analytics.events');
  expect((await rowsOfView()).join('\n')).not.toContain('create_rollup');
});

test('what a log says a statement was run with is proposed when it is explained', async () => {
  const log = join(workspace, 'postgresql.log');
  await writeFile(
    log,
    "2026-11-29 05:00:00 UTC [1] LOG:  statement: UPDATE analytics.tenants SET name = 'from the log' WHERE tenant_id = 42\n",
  );
  await workbench.command('Cutover: Compare Snapshots…');
  await workbench.pick('Both sides now');
  await workbench.treeRow(/CALL analytics\.create_rollup/).waitFor();
  await workbench.command('Cutover: Take Sample Values from a Log…');
  await workbench.pick('postgresql.log');
  await workbench.notifications.filter({ hasText: /Values for 1 of \d+ statements/ }).waitFor();
  await workbench.command('Cutover: Explain Slow Statement');
  await workbench.pick('UPDATE analytics.tenants');
  await workbench.quickInputWidget.filter({ hasText: 'from the log' }).waitFor();
  await workbench.page.keyboard.press('Escape');
});
