/**
 * The main job in a real VS Code against real servers: connect, explain with the cursor, record, and what must hold when
 * things go wrong. One window for all, for a page load takes most of the time; the tests build on one another.
 */
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { rollupStatement } from '../lab/scenarios/rollup';
import type { LabServer } from '../lab/server';
import { packagedExtension } from './driver/packaged-extension';
import { openVscode, type Vscode } from './driver/vscode';
import type { Workbench } from './driver/workbench';
import { cutoverLog, filesHolding, keptResults, workspaceWith } from './files';
import { screenshotIfFailed } from './screenshot-if-failed';
import { type SecuredPair, startSecuredPair } from './secured-pair';

let pair: SecuredPair;
let source: LabServer;
let target: LabServer;
let workspace: string;
let vscode: Vscode;
let workbench: Workbench;

const rollupLine = 5;
const sleepLine = 2;

beforeAll(async () => {
  pair = await startSecuredPair();
  source = pair.source.coordinator;
  target = pair.target.coordinator;
  const sql = `-- two statements\nSELECT pg_sleep(20);\n\n${await rollupStatement()}`;
  workspace = await workspaceWith({ 'nightly.sql': sql });
  vscode = await openVscode({ workspace, extensions: [await packagedExtension()] });
  workbench = vscode.workbench;
});

afterEach(context => screenshotIfFailed(context, workbench));

afterAll(async () => {
  await vscode?.stop();
  await pair?.stop();
  if (workspace) await rm(workspace, { recursive: true, force: true });
});

/** The big figure of a side: its text, and EXPLAIN's own number from the tooltip. */
async function figureOf(side: 'source' | 'target'): Promise<{ name: string; value: number }> {
  const title = await workbench.webview().locator(`section.side.${side} .figure`).getAttribute('title');
  const [name = '', value] = (title ?? '').replace(' ms', '').split(': ');
  return { name, value: Number(value) };
}

async function verdict(): Promise<string> {
  return (await workbench.webview().locator('.verdict h1').textContent())?.trim() ?? '';
}

async function eventually<T>(look: () => Promise<T | undefined | false>, what: string): Promise<T> {
  for (let i = 0; i < 300; i++) {
    const seen = await look();
    if (seen) return seen;
    await sleep(100);
  }
  throw new Error(`It did not happen within 30 seconds: ${what}`);
}

async function sleepers(server: LabServer): Promise<number> {
  const rows = await server.query(
    `SELECT 1 FROM pg_stat_activity WHERE application_name = 'cutover' AND query LIKE '%pg_sleep%' AND state = 'active'`,
  );
  return rows.length;
}

test('a migration is added by URI; the password of one is cut out, that of the other asked for', async () => {
  await workbench.command('Cutover: Add Migration');
  await workbench.answer('nightly', 'Name of the migration');
  await workbench.pick('Connection URI');
  await workbench.answer(pair.secretUriOf(source), 'URI or DSN of the source');
  await workbench.answer('Old cluster', 'What you call the source');
  await workbench.pick('Connection URI');
  await workbench.answer(pair.uriOf(target), 'URI or DSN of the target');
  await workbench.answer('New cluster', 'What you call the target');
  await workbench.pick('Workspace settings');
  await workbench.answer(pair.password, /Log in as app_owner@/);
  await workbench.statusBarItem('nightly: source ✓ target ✓').waitFor();

  const settings = JSON.parse(await readFile(join(workspace, '.vscode', 'settings.json'), 'utf8'));
  expect(settings['cutover.migrations']).toEqual([
    {
      name: 'nightly',
      source: { label: 'Old cluster', host: '127.0.0.1', port: source.port, user: 'app_owner', database: 'app' },
      target: { label: 'New cluster', host: '127.0.0.1', port: target.port, user: 'app_owner', database: 'app' },
    },
  ]);
  await workbench.notifications.filter({ hasText: 'Keep the password' }).getByText('Keep', { exact: true }).click();
  await workbench.treeRow(`127.0.0.1:${source.port}`).waitFor();
  await workbench.treeRow(`127.0.0.1:${target.port}`).waitFor();
});

test('the statement under the cursor is explained on both sides, with the costs EXPLAIN gives', async () => {
  await workbench.openFile('nightly.sql');
  await workbench.setCursor(rollupLine + 4, 10);
  await workbench.page.keyboard.press('Control+K');
  await workbench.page.keyboard.press('Control+E');
  await workbench.webview().locator('section.side.target .figure').waitFor();

  const statement = await rollupStatement();
  for (const [side, server] of [['source', source] as const, ['target', target] as const]) {
    const [row] = await pair.asOwner(server, `EXPLAIN (FORMAT JSON) ${statement}`);
    const [{ Plan: plan }] = row!['QUERY PLAN'] as [{ Plan: Record<string, number> }];
    expect(await figureOf(side)).toEqual({ name: 'Total Cost', value: plan['Total Cost'] });
  }
  const [kept] = await keptResults(vscode.server.folder);
  // The statement alone: neither the comment above it nor its semicolon.
  expect(kept?.view.statement.sql).toBe(
    statement
      .replace(/^--.*\n/, '')
      .trim()
      .replace(/;$/, ''),
  );
  expect(kept?.view.statement.class).toBe('write');
});

test('analyzing a write asks, runs on the target alone, and leaves nothing behind', async () => {
  const checksum = `SELECT md5(string_agg(r::text, ',' ORDER BY r::text)) AS sum FROM analytics.rollups r`;
  const before = await target.query(checksum);
  await workbench.command('Cutover: Explain Analyze on Both Sides');
  const dialog = workbench.dialog;
  await dialog.getByText('target (New cluster)').first().waitFor();
  const question = await dialog.textContent();
  expect(question).toContain('The source (Old cluster) is protected');
  expect(question).toContain('nextval');
  await workbench.dialogButton('Execute on the Target, Roll Back');
  await workbench.webview().locator('section.side.target .figure[title^="Execution Time"]').waitFor();

  const [kept] = await keptResults(vscode.server.folder);
  const [raw] = JSON.parse(kept!.raw.target!) as [{ 'Execution Time': number }];
  expect(await figureOf('target')).toEqual({ name: 'Execution Time', value: raw['Execution Time'] });
  expect((await figureOf('source')).name).toBe('Total Cost');
  expect(await target.query(checksum)).toEqual(before);
});

test('the raw plan opens as a document that names its side', async () => {
  await workbench.webview().getByText('Raw', { exact: true }).click();
  const raw = workbench.webview().getByLabel('Raw plan of the target');
  await raw.getByText('Open in Editor').click();
  const tab = workbench.tab(/^target - New cluster - INSERT INTO analytics\.rollups/);
  await tab.waitFor();
  await workbench.page.locator('.editor-group-container.active .monaco-editor .view-lines').first().waitFor();
  expect(await workbench.editorText()).toContain('"Node Type": "ModifyTable"');
  await workbench.command('View: Close Editor');
  await tab.waitFor({ state: 'hidden' });
});

test('the finding is recorded in a new playbook, and undo takes it away again', async () => {
  await workbench.command('Cutover: Record in Playbook');
  await workbench.tab('nightly.playbook.md').waitFor();
  await workbench.webview().getByText('Recorded in nightly.playbook.md').waitFor();
  const file = join(workspace, 'nightly.playbook.md');
  const text = await readFile(file, 'utf8');
  const [kept] = await keptResults(vscode.server.folder);
  expect(text).toContain('migration: nightly');
  expect(text).toMatch(/<!-- cutover:finding \S+/);
  expect(text).toContain(kept!.view.verdict.sentence);
  expect(text).toContain('New cluster');

  await workbench.page.locator('.editor-group-container.active .monaco-editor').first().waitFor();
  await workbench.page.keyboard.press('Control+Z');
  await workbench.save();
  await eventually(async () => {
    const undone = await readFile(file, 'utf8');
    return undone.includes('migration: nightly') && !undone.includes('cutover:finding');
  }, 'the finding is gone from the file, the playbook is not');
});

test('a reload of the window shows the same result again', async () => {
  const before = { verdict: await verdict(), target: await figureOf('target') };
  await vscode.reload();
  await workbench.webview().locator('section.side.target .figure').waitFor();
  expect({ verdict: await verdict(), target: await figureOf('target') }).toEqual(before);
});

test('a cancelled statement is gone from both servers', async () => {
  await workbench.openFile('nightly.sql');
  await workbench.setCursor(sleepLine, 10);
  await workbench.command('Cutover: Explain Analyze on Both Sides');
  await workbench.dialogButton('Execute');
  for (const server of [source, target]) {
    await eventually(async () => (await sleepers(server)) === 1, `pg_sleep runs on port ${server.port}`);
  }
  await workbench.webview().getByText('Cancel', { exact: true }).click();
  for (const server of [source, target]) {
    await eventually(async () => (await sleepers(server)) === 0, `pg_sleep is gone from port ${server.port}`);
  }
  await workbench
    .webview()
    .getByText(/cancelled/)
    .first()
    .waitFor();
});

test('a server that dies under a statement is named, and the next command reconnects', async () => {
  await workbench.command('Cutover: Explain Analyze on Both Sides');
  await eventually(async () => (await sleepers(target)) === 1, 'pg_sleep runs on the target');
  await target.stop('immediate');
  await source.query(
    `SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(20)%' AND pid <> pg_backend_pid()`,
  );
  const card = workbench.webview().locator('section.side.target .side-error');
  await card.waitFor();
  expect(await card.textContent()).toMatch(/was lost|terminat/);
  expect(await card.textContent()).toContain('Run the command again');
  await workbench.statusBarItem('target ✗').waitFor();

  await target.start();
  await workbench.openFile('nightly.sql');
  await workbench.setCursor(rollupLine + 4, 10);
  await workbench.command('Cutover: Explain on Both Sides');
  await workbench.webview().locator('section.side.target .figure').waitFor();
  await workbench.statusBarItem('nightly: source ✓ target ✓').waitFor();
});

test('the password is nowhere on disk, and no statement is in the log', async () => {
  // The search does find what is there.
  expect(await filesHolding(vscode.server.folder, 'analytics.rollups')).not.toEqual([]);
  expect(await filesHolding(workspace, 'app_owner')).not.toEqual([]);
  expect(await filesHolding(vscode.server.folder, pair.password)).toEqual([]);
  expect(await filesHolding(workspace, pair.password)).toEqual([]);
  const log = await cutoverLog(vscode.server.folder);
  expect(log).toContain('nightly: explain analyze');
  expect(log).not.toMatch(/INSERT INTO|pg_sleep/);
});
