/** The first chapter of a migration: both clusters compared; a finding is read, its fix opened, recorded, and ignored. */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type LabPair, startPlainPair } from '../lab/lab';
import { appOwner } from '../lab/scenarios/rollup';
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
  pair = await startPlainPair({ scenario: 'rollup' });
  workspace = await workspaceWith({});
  const side = ({ coordinator }: LabPair['source'], label: string) => {
    const { host, port, database } = coordinator;
    return { label, host, port, database, user: appOwner };
  };
  await mkdir(join(workspace, '.vscode'));
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

const pane = () => workbench.page.locator('.part.sidebar .pane', { hasText: 'Comparison' });
const row = (text: string | RegExp) => pane().locator('.monaco-list-row', { hasText: text }).first();
const finding = () => workbench.webview().locator('article[data-check="settings.roles"]');
const roleSettings = async () => {
  const sql = 'SELECT coalesce(array_agg(setconfig::text), ARRAY[]::text[])::text AS set FROM pg_db_role_setting';
  return Promise.all([pair.source, pair.target].map(({ coordinator }) => coordinator.query<{ set: string }>(sql)));
};

test('comparing names the role settings that the new cluster did not get, first', async () => {
  await workbench.openViewContainer('Cutover');
  await workbench.command('Cutover: Compare Clusters');
  const page = workbench.webview();
  await finding().waitFor();
  await page.getByRole('button', { name: 'Compare Again' }).waitFor();
  const order = await page
    .locator('article.finding')
    .evaluateAll(found => (found as unknown as { dataset: { check: string } }[]).map(({ dataset }) => dataset.check));
  // What a session plans with differs by it, and is as bad.
  expect(order.slice(0, 2).sort()).toEqual(['settings.planner', 'settings.roles']);
  expect(await page.locator('h1').innerText()).toMatch(/^\d+ differences? that bites?: /);
  await row('Settings of roles and databases').waitFor();
  expect(await pane().innerText()).toMatch(/differences? that bites?: /);
});

test('a click in the view opens the evidence of both sides', async () => {
  await finding().locator('.disclosure').click();
  await row('Settings of roles and databases').click();
  await finding().locator('.evidence').waitFor();
  const evidence = await finding().locator('.evidence tbody').innerText();
  expect(evidence).toContain('enable_nestloop');
  expect(evidence).toMatch(/not set/);
});

test('the fix opens as SQL, and nothing of it runs', async () => {
  const before = await roleSettings();
  await finding().getByRole('button', { name: 'Open Fix as SQL' }).click();
  await workbench.tab(/^-- Fix of settings\.roles|^Untitled/).waitFor();
  await expect.poll(() => workbench.editorText()).toContain('Fix of settings.roles. Cutover runs none of it.');
  expect(await workbench.editorText()).toMatch(/==== TARGET \(New\), coordinator ====/);
  expect(await workbench.editorText()).toContain('ALTER ROLE');
  expect(await roleSettings()).toEqual(before);
});

test('it is recorded in the playbook with the evidence and the fix', async () => {
  await workbench.tab(/^Comparison/).click();
  await finding().getByRole('button', { name: 'Record in Playbook' }).click();
  const file = join(workspace, 'eu.playbook.md');
  await workbench.tab('eu.playbook.md').waitFor();
  await expect
    .poll(() => readFile(file, 'utf8').catch(() => ''), { timeout: 20_000 })
    .toContain('cutover:finding check/settings.roles');
  const text = await readFile(file, 'utf8');
  expect(text).toContain('ALTER ROLE');
  expect(text).toContain('enable_nestloop');
});

test('what is ignored with a reason leaves the list, is shown as ignored, and stays so after a reload', async () => {
  await workbench.command('Cutover: Ignore Finding…');
  await workbench.pick('Settings of roles and databases');
  await workbench.answer('', /Why this difference/);
  await workbench.quickInputWidget.filter({ hasText: 'Say why' }).waitFor();
  await workbench.answer('The new role is not the old one', 'Say why');
  await row('Settings of roles and databases').waitFor({ state: 'detached' });
  await vscode.reload();
  // Icons that arrive one after another move the one that is clicked.
  await expect
    .poll(() => workbench.openViewContainer('Cutover').then(() => pane().isVisible()), {
      timeout: 60_000,
      interval: 2000,
    })
    .toBe(true);
  await pane().getByText('1 ignored').waitFor();
  await expect.poll(() => row('Settings of roles and databases').count()).toBe(0);
  await workbench.command('Cutover: Show All Checks');
  await row(/Settings of roles and databases.*ignored: The new role is not the old one/).waitFor();
});

test('a second comparison says what was mended since the first', async () => {
  await workbench.command('Cutover: Stop Ignoring Finding');
  await workbench.pick('Settings of roles and databases');
  for (const { coordinator } of [pair.source, pair.target]) {
    const roles = await coordinator.query<{ name: string }>(
      'SELECT rolname AS name FROM pg_db_role_setting s JOIN pg_roles r ON r.oid = s.setrole',
    );
    for (const { name } of roles) await coordinator.query(`ALTER ROLE "${name}" RESET ALL`);
  }
  await workbench.command('Cutover: Compare Clusters');
  const page = workbench.webview();
  await finding().waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'Compare Again' }).waitFor();
  await workbench.command('Cutover: Compare with an Earlier Comparison…');
  await workbench.quickInputWidget.locator('.monaco-list-row').first().click();
  await page.locator('.changes').getByText('settings.roles').first().waitFor();
  expect(await page.locator('.changes').innerText()).toMatch(/settings\.roles went away \(high\)/);
});

test('a side that is gone is said to be so, and what could not be judged of it is listed', async () => {
  await pair.target.coordinator.stop('immediate');
  await workbench.webview().getByRole('button', { name: 'Compare Again' }).click();
  const page = workbench.webview();
  await page.locator('.side.target [role="alert"]').waitFor();
  await page.getByRole('button', { name: 'Compare Again' }).waitFor();
  expect(await page.locator('h1').innerText()).toMatch(/\d+ checks could not be judged$/);
  await expect.poll(() => page.locator('.rest.unknown').innerText()).toContain('Settings of roles and databases');
  await row(/^New: /).waitFor();
});
