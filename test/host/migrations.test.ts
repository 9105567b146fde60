/** Migrations described in other ways, passwords that are wrong, parameters, and settings that are: in one window. */
import { chmod, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { LabServer } from '../lab/server';
import { packagedExtension } from './driver/packaged-extension';
import { openVscode, type Vscode } from './driver/vscode';
import type { Workbench } from './driver/workbench';
import { filesHolding, keptResults, workspaceWith } from './files';
import { screenshotIfFailed } from './screenshot-if-failed';
import { type SecuredPair, startSecuredPair } from './secured-pair';

let pair: SecuredPair;
let source: LabServer;
let target: LabServer;
let workspace: string;
let vscode: Vscode;
let workbench: Workbench;

beforeAll(async () => {
  pair = await startSecuredPair();
  source = pair.source.coordinator;
  target = pair.target.coordinator;
  workspace = await workspaceWith({
    'tenant.sql': 'SELECT app_id, count(*) FROM analytics.events WHERE tenant_id = :tenant GROUP BY app_id;\n',
    'pg_service.conf': `[old]\nhost=127.0.0.1\nport=${source.port}\ndbname=app\nuser=app_owner\n`,
  });
  // The user's own password file, outside of what is opened.
  const passwordFile = `${workspace}.pgpass`;
  await writeFile(passwordFile, `127.0.0.1:${source.port}:app:app_owner:${pair.password}\n`);
  await chmod(passwordFile, 0o600);
  vscode = await openVscode({
    workspace,
    extensions: [await packagedExtension()],
    env: { PGSERVICEFILE: join(workspace, 'pg_service.conf'), PGPASSFILE: passwordFile },
  });
  workbench = vscode.workbench;
});

afterEach(context => screenshotIfFailed(context, workbench));

afterAll(async () => {
  await vscode?.stop();
  await pair?.stop();
  if (workspace) await rm(workspace, { recursive: true, force: true });
  if (workspace) await rm(`${workspace}.pgpass`, { force: true });
});

async function settings(): Promise<Record<string, unknown>> {
  return JSON.parse(await readFile(join(workspace, '.vscode', 'settings.json'), 'utf8'));
}

test('by service entry with .pgpass, and by fields; a wrong password is said and not kept', async () => {
  await workbench.command('Cutover: Add Migration');
  await workbench.answer('mixed', 'Name of the migration');
  await workbench.pick('Entry of pg_service.conf');
  await workbench.pick('old');
  await workbench.answer('Old', 'What you call the source');
  await workbench.pick('Fields');
  await workbench.answer('127.0.0.1', 'Host name');
  await workbench.answer('no number', 'Port');
  await workbench.quickInputWidget.getByText('A port is a number from 1 to 65535.').waitFor();
  await workbench.answer(String(target.port), 'Port');
  await workbench.answer('app_owner', 'Role to log in as');
  await workbench.answer('app', 'Database');
  await workbench.pick('prefer');
  await workbench.answer('New', 'What you call the target');
  await workbench.pick('Workspace settings');
  await workbench.answer('wrong', /Log in as app_owner@/);
  const failure = workbench.notifications.filter({ hasText: 'password authentication failed' });
  await failure.waitFor();
  await workbench.statusBarItem('mixed: source ✓ target ✗').waitFor();
  expect((await settings())['cutover.migrations']).toEqual([
    {
      name: 'mixed',
      source: { label: 'Old', service: 'old' },
      target: {
        label: 'New',
        host: '127.0.0.1',
        port: target.port,
        user: 'app_owner',
        database: 'app',
        sslmode: 'prefer',
      },
    },
  ]);

  await failure.getByText('Set Password…', { exact: true }).click();
  await workbench.pick('target (New)');
  await workbench.answer(pair.password, /Log in as app_owner@/);
  await workbench.statusBarItem('mixed: source ✓ target ✓').waitFor();
});

test('a parameter is asked for with its type, and remembered', async () => {
  await workbench.openFile('tenant.sql');
  await workbench.setCursor(1, 10);
  await workbench.command('Cutover: Explain on Both Sides');
  await workbench.answer('7', ':tenant integer');
  await workbench.webview().locator('section.side.target .figure').waitFor();
  const [first] = await keptResults(vscode.server.folder);
  expect(first?.view.statement.parameters).toEqual([{ name: ':tenant', value: '7' }]);
  expect(first?.raw.source).toMatch(/tenant_id = '?7\D/);

  await workbench.openFile('tenant.sql');
  await workbench.command('Cutover: Explain Analyze on Both Sides');
  await workbench.dialogButton('Execute and Measure');
  await workbench.pick('7');
  await workbench.webview().locator('section.side.target .figure[title^="Execution Time"]').waitFor();
  const [second] = await keptResults(vscode.server.folder);
  expect(second?.view.analyzed).toBe(true);
  expect(second?.view.statement.parameters).toEqual([{ name: ':tenant', value: '7' }]);
});

test('the consent to analyze reads holds for the session', async () => {
  await workbench.webview().getByText('Run Again', { exact: true }).click();
  const [before] = await keptResults(vscode.server.folder);
  await expect.poll(async () => (await keptResults(vscode.server.folder))[0]?.view.id).not.toBe(before?.view.id);
  expect(await workbench.dialog.count()).toBe(0);
});

test('a mistake in the settings is named, with a way to them', async () => {
  const { 'cutover.migrations': migrations } = (await settings()) as { 'cutover.migrations': object[] };
  const wrong = { name: 'wrong', source: { password: 'x' }, target: {} };
  await vscode.changeSettings({ 'cutover.migrations': [...migrations, wrong] });
  const warning = workbench.notifications.filter({ hasText: 'source.password is unknown' });
  await warning.waitFor();
  await warning.getByText('Open Settings', { exact: true }).click();
  // There the manifest's schema marks it, too.
  await workbench.page.locator('.monaco-editor .squiggly-warning').first().waitFor();
  await workbench.page.keyboard.press('Escape');
  await vscode.changeSettings({ 'cutover.migrations': migrations });
});

test('a removed migration takes its passwords along', async () => {
  await workbench.command('Cutover: Remove Migration');
  await workbench.pick('mixed');
  await workbench.dialogButton('Remove');
  await expect.poll(async () => (await settings())['cutover.migrations']).toBeUndefined();
  // The passwords go just after the setting does.
  const nothingKept = workbench.notifications.filter({ hasText: 'No password is kept.' });
  const stillKept = workbench.quickInputWidget.getByPlaceholder('Which passwords to forget');
  await expect
    .poll(
      async () => {
        await workbench.command('Cutover: Forget Passwords');
        await nothingKept.or(stillKept).first().waitFor();
        if (await nothingKept.isVisible()) return true;
        await workbench.page.keyboard.press('Escape');
        return false;
      },
      { timeout: 60_000, interval: 500 },
    )
    .toBe(true);
  expect(await filesHolding(vscode.server.folder, pair.password)).toEqual([]);
});
