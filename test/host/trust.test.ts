/** An untrusted workspace: nothing connects, no SQL runs, and the commands say so. Then it is trusted, and they work. */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type LabPair, startPlainPair } from '../lab/lab';
import { packagedExtension } from './driver/packaged-extension';
import { openVscode, type Vscode } from './driver/vscode';
import type { Workbench } from './driver/workbench';
import { workspaceWith } from './files';
import { screenshotIfFailed } from './screenshot-if-failed';

let pair: LabPair;
let workspace: string;
let vscode: Vscode;
let workbench: Workbench;

beforeAll(async () => {
  pair = await startPlainPair();
  for (const { coordinator } of [pair.source, pair.target]) {
    await coordinator.query('ALTER SYSTEM SET log_connections = on');
    await coordinator.query('SELECT pg_reload_conf()');
  }
  const plan = (cost: number) =>
    JSON.stringify([{ Plan: { 'Node Type': 'Seq Scan', 'Relation Name': 't', 'Total Cost': cost, 'Plan Rows': 1 } }]);
  // One as the server sends it, one as psql prints it.
  workspace = await workspaceWith({
    'one.sql': 'SELECT 1;\n',
    'x.playbook.md':
      '---\ncutover: 1\nmigration: planted\n---\n\n# Move\n\n```sql check id=one expect=smae\nSELECT 1\n```\n',
    'before.json': plan(12.5),
    'after.txt': `  QUERY PLAN\n---------------\n Seq Scan on t  (cost=0.00..99.25 rows=1 width=4)\n(1 row)\n`,
  });
  const side = ({ coordinator }: LabPair['source']) => {
    const { host, port, database, user } = coordinator;
    return { host, port, database, user };
  };
  await mkdir(join(workspace, '.vscode'));
  await writeFile(
    join(workspace, '.vscode', 'settings.json'),
    JSON.stringify({
      'cutover.migrations': [{ name: 'planted', source: side(pair.source), target: side(pair.target) }],
    }),
  );
  vscode = await openVscode({ workspace, extensions: [await packagedExtension()], workspaceTrust: true });
  workbench = vscode.workbench;
});

afterEach(context => screenshotIfFailed(context, workbench));

afterAll(async () => {
  await vscode?.stop();
  await pair?.stop();
  if (workspace) await rm(workspace, { recursive: true, force: true });
});

async function connections(): Promise<number> {
  const logs = await Promise.all([pair.source, pair.target].map(({ coordinator }) => coordinator.log()));
  return logs.join('').match(/connection authorized: .*application_name=cutover/g)?.length ?? 0;
}

test('untrusted: the view and the commands say so, and no server sees a connection', async () => {
  await workbench.openViewContainer('Cutover');
  await workbench.page.getByText('In an untrusted workspace nothing connects').waitFor();
  await workbench.openFile('one.sql');
  await workbench.setCursor(1, 3);
  for (const command of [
    'Explain on Both Sides',
    'Test Connections',
    'Add Migration',
    'Compare Clusters',
    'Compare Groups of Checks…',
    'Diagnose Duplicate Key',
  ]) {
    await workbench.command(`Cutover: ${command}`);
    const said = workbench.notifications.filter({ hasText: 'This workspace is not trusted' }).first();
    await said.waitFor();
    await workbench.command('Notifications: Clear All Notifications');
    await said.waitFor({ state: 'hidden' });
  }
  expect(await connections()).toBe(0);
});

test('untrusted: a playbook is checked as it is written, and nothing of it runs', async () => {
  await workbench.openFile('x.playbook.md');
  const lenses = workbench.page.locator('.codelens-decoration');
  await lenses.filter({ hasText: 'never run' }).first().waitFor();
  await workbench.page.locator('.squiggly-error').first().waitFor();
  expect(await lenses.filter({ hasText: /Run / }).count()).toBe(0);
  await workbench.command('Cutover: Run All Checks');
  await workbench.notifications.filter({ hasText: 'This workspace is not trusted' }).first().waitFor();
  await workbench.command('Notifications: Clear All Notifications');
  expect(await connections()).toBe(0);
});

test('untrusted: plans that one has can still be compared', async () => {
  await workbench.openFile('before.json');
  await workbench.openFile('after.txt');
  await workbench.command('Cutover: Compare Two Plans');
  await workbench.quickInputWidget.filter({ hasText: 'source (left, the baseline)' }).waitFor();
  await workbench.pick('before.json');
  await workbench.quickInputWidget.filter({ hasText: 'target (right)' }).waitFor();
  await workbench.pick('after.txt');
  const figure = (side: string) => workbench.webview().locator(`section.side.${side} .figure`);
  await figure('target').waitFor();
  expect(await figure('source').getAttribute('title')).toBe('Total Cost: 12.5');
  expect(await figure('target').getAttribute('title')).toBe('Total Cost: 99.25');
  expect(await workbench.webview().locator('section.side.source').textContent()).toContain('before.json');
});

test('trusted: the view connects', async () => {
  await workbench.command('Workspaces: Manage Workspace Trust');
  await workbench.page.locator('.workspace-trust-editor').getByText('Trust', { exact: true }).first().click();
  await workbench.openViewContainer('Cutover');
  await workbench.statusBarItem('planted: source ✓ target ✓').waitFor();
  expect(await connections()).toBeGreaterThanOrEqual(2);
});
