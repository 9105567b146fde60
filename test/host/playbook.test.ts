/** A playbook in a real VS Code: it is checked while it is written, its checks run, and their results stand in it. */
import { execFile } from 'node:child_process';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type LabPair, startPlainPair } from '../lab/lab';
import { appOwner, rollupStatement } from '../lab/scenarios/rollup';
import { packagedExtension } from './driver/packaged-extension';
import { openVscode, type Vscode } from './driver/vscode';
import type { Workbench } from './driver/workbench';
import { workspaceWith } from './files';
import { screenshotIfFailed } from './screenshot-if-failed';

let pair: LabPair;
let workspace: string;
let vscode: Vscode;
let workbench: Workbench;
const file = 'eu.playbook.md';
const patience = { timeout: 60_000 };

beforeAll(async () => {
  pair = await startPlainPair({ scenario: 'rollup' });
  workspace = await workspaceWith({ 'rollup.sql': await rollupStatement() });
  const side = ({ coordinator }: LabPair['source'], label: string) => {
    const { host, port, database } = coordinator;
    return { label, host, port, database, user: appOwner };
  };
  await mkdir(join(workspace, '.vscode'));
  const migrations = [{ name: 'eu', source: side(pair.source, 'Old'), target: side(pair.target, 'New') }];
  const settings = {
    'cutover.migrations': migrations,
    'editor.minimap.enabled': false,
    // Typed as it is given.
    'editor.autoClosingBrackets': 'never',
    'editor.autoClosingQuotes': 'never',
    '[markdown]': { 'editor.wordWrap': 'off', 'editor.quickSuggestions': { other: 'off' } },
  };
  await writeFile(join(workspace, '.vscode', 'settings.json'), JSON.stringify(settings));
  vscode = await openVscode({ workspace, extensions: [await packagedExtension()] });
  workbench = vscode.workbench;
});

afterEach(context => screenshotIfFailed(context, workbench));

afterAll(async () => {
  await vscode?.stop();
  await pair?.stop();
  if (workspace) await rm(workspace, { recursive: true, force: true });
});

const text = () => readFile(join(workspace, file), 'utf8');

async function lineOf(what: string): Promise<number> {
  const lines = (await text()).split('\n');
  const at = lines.findIndex(line => line.includes(what));
  expect(at, what).toBeGreaterThanOrEqual(0);
  return at + 1;
}

/** Replaces a line of the playbook from the column on, as somebody would who types. */
async function retype(line: number, column: number, by: string): Promise<void> {
  await workbench.setCursor(line, column);
  await workbench.page.keyboard.press('Shift+End');
  await workbench.page.keyboard.press('Delete');
  await workbench.page.keyboard.insertText(by);
}

async function save(): Promise<void> {
  await workbench.save();
  await workbench.page.locator('.tabs-container .tab.dirty').waitFor({ state: 'detached' });
  // The extension hears of it a moment later, on a busy machine.
  await workbench.page.waitForTimeout(1000);
}

const lens = (title: string | RegExp) => workbench.page.locator('.codelens-decoration', { hasText: title }).first();

test('New Playbook writes the template, and its language server says what it lacks', async () => {
  await workbench.command('Cutover: New Playbook');
  await workbench.tab(file).waitFor();
  await lens(/steps done · 0 of \d+ checks passing · 0 findings open/).waitFor();
  expect(await text()).toContain('migration: eu\n');
  await workbench.statusBarItem(/\d+/).waitFor();
  await workbench.openViewContainer('Cutover');
  await workbench.treeRow('Comparison analysis').waitFor();
});

test('what is wrong is marked while it is typed', async () => {
  const line = await lineOf('```sql check id=');
  const original = (await text()).split('\n')[line - 1]!;
  await retype(line, 4, 'sql check id=mine on=everywhere expect=smae');
  await workbench.page.locator('.squiggly-error').first().waitFor();
  await workbench.command('Problems: Focus on Problems View');
  await workbench.page.getByText('on= is both, source, target or workers, not “everywhere”.').first().waitFor();
  await retype(line, 4, original.slice(3));
  await workbench.page.getByText('on= is both, source, target or workers').first().waitFor({ state: 'detached' });
  await save();
});

test('a check that fails says so in the file; mended, it passes', async () => {
  await workbench.openFile(file);
  const line = await lineOf('id: settings.roles');
  await workbench.setCursor(line, 1);
  await workbench.command('Cutover: Run Check');
  await workbench.notifications.filter({ hasText: 'settings.roles: fail' }).waitFor();
  await expect.poll(text, patience).toContain('<!-- cutover:result settings.roles fail');
  expect(await text()).toContain('enable');
  for (const server of [pair.source.coordinator, pair.target.coordinator])
    for (const setting of ['jit', 'enable_nestloop']) await server.query(`ALTER ROLE ${appOwner} RESET ${setting}`);
  await workbench.setCursor(line, 1);
  await workbench.command('Cutover: Run Check');
  await expect.poll(text, patience).toContain('<!-- cutover:result settings.roles pass');
  await lens(/last: pass, \d+ s ago/).waitFor();
});

test('a click on a lens runs a check in SQL on both sides', async () => {
  const before = await text();
  const id = /sql check id=(\S+) on=both expect=same/.exec(before)?.[1];
  expect(id).toBeDefined();
  await workbench.setCursor(await lineOf(`sql check id=${id} `), 1);
  await workbench.command('Cutover: Run Check');
  await expect
    .poll(text, patience)
    .toMatch(new RegExp(`<!-- cutover:result ${id!.replaceAll('.', '\\.')} (pass|fail)`));
});

test('the Testing view runs phases as suites, and shows what came of each check', async () => {
  await workbench.command('Testing: Focus on Test Explorer View');
  await workbench.treeRow(/Move/).waitFor();
  await workbench.command('Test: Run All Tests');
  await expect
    .poll(async () => (await text()).match(/<!-- cutover:result /g)?.length, { timeout: 120_000 })
    .toBeGreaterThan(12);
  await workbench.treeRow(/Move/).click();
  await workbench.page.keyboard.press('ArrowRight');
  await workbench.treeRow('Comparison analysis').waitFor();
  await workbench.page
    .locator('.test-output-peek-tree, .test-output-call-stack, .part.panel')
    .getByText('settings.planner')
    .first()
    .waitFor();
});

test('a finding that is recorded from a plan can be hovered over, and links lead to it', async () => {
  await workbench.openFile('rollup.sql');
  await workbench.setCursor(4, 3);
  await workbench.command('Cutover: Explain on Both Sides');
  await workbench.webview().getByRole('button', { name: 'Record in Playbook' }).click();
  await workbench.webview().getByText(`Recorded in ${file}`).waitFor();
  const id = /<!-- cutover:finding (\S+)/.exec(await text())![1]!;
  await workbench.command('View: Close All Editors');
  await workbench.openFile(file);
  const verify = await lineOf('- verify:');
  await retype(verify, 1, `- verify: finding:${id}`);
  await workbench.setCursor(verify, 20);
  await workbench.command('Show or Focus Hover');
  await workbench.page.locator('.monaco-hover', { hasText: 'severity' }).first().waitFor();
  await workbench.page.keyboard.press('Escape');
  await workbench.setCursor(verify, 20);
  await workbench.command('Go to Definition');
  await workbench.statusBarItem(new RegExp(`^Ln ${await lineOf('### Plans of')},`)).waitFor();
  await save();
});

test('the go-live log writes itself', async () => {
  await workbench.setCursor(await lineOf('- planned:'), 1);
  await workbench.command('Cutover: Start Step');
  await expect.poll(text, patience).toMatch(/- started: 20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ/);
  await workbench.command('Cutover: Finish Step');
  await expect.poll(text, patience).toMatch(/- finished: 20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ/);
});

const other = (name: string) => readFile(join(workspace, name), 'utf8');

/** A playbook of one check, which both sides answer alike. */
const small = `---
cutover: 1
migration: eu
---

# Small

\`\`\`sql check id=one on=both expect=same
SELECT 1 AS one, pg_sleep(4)
\`\`\`

The end.
`;

test('what is typed while a check runs stays, and the result waits with it to be saved', async () => {
  await writeFile(join(workspace, 'typing.playbook.md'), small);
  await workbench.openFile('typing.playbook.md');
  await workbench.setCursor(8, 1);
  await workbench.command('Cutover: Run Check');
  await lens('running').waitFor();
  await workbench.setCursor(6, 8);
  await workbench.page.keyboard.type(' thing, typed meanwhile', { delay: 20 });
  await lens(/last: pass/).waitFor();
  expect(await other('typing.playbook.md')).toBe(small);
  await save();
  await expect.poll(() => other('typing.playbook.md'), patience).toContain('<!-- cutover:result one pass');
  const after = await other('typing.playbook.md');
  expect(after).toContain('# Small thing, typed meanwhile\n');
  expect(
    after.replace(/<!-- cutover:result[\s\S]*\/cutover:result -->\n/, '').replace(' thing, typed meanwhile', ''),
  ).toBe(small);
  await workbench.page.keyboard.press('Control+Z');
});

test('a read-only playbook is not written to, and that is said', async () => {
  await writeFile(join(workspace, 'fixed.playbook.md'), small);
  await workbench.openFile('fixed.playbook.md');
  await workbench.command('File: Set Active Editor Read-only in Session');
  await workbench.setCursor(8, 1);
  await workbench.command('Cutover: Run Check');
  await workbench.notifications.filter({ hasText: 'The result of one (pass) could not be written' }).waitFor();
  expect(await other('fixed.playbook.md')).toBe(small);
  await workbench.command('Notifications: Clear All Notifications');
});

test('a playbook that changed on disk is read as it is there', async () => {
  await writeFile(join(workspace, 'disk.playbook.md'), small);
  await workbench.openFile('disk.playbook.md');
  await lens('never run').waitFor();
  await writeFile(join(workspace, 'disk.playbook.md'), small.replace('The end.', 'Another end.'));
  await workbench.page.locator('.view-line', { hasText: 'Another' }).waitFor();
  await workbench.setCursor(8, 1);
  await workbench.command('Cutover: Run Check');
  await expect.poll(() => other('disk.playbook.md'), patience).toContain('<!-- cutover:result one pass');
  expect(await other('disk.playbook.md')).toContain('Another end.');
});

test('the language server is started again when it ends, and that is said once', async () => {
  await workbench.openFile('disk.playbook.md');
  await promisify(execFile)('pkill', ['-KILL', '-f', `${vscode.server.folder}.*dist/language-server.js`]);
  await workbench.notifications.filter({ hasText: 'ended and was started again' }).waitFor();
  await retype(8, 4, 'sql check id=one on=nowhere expect=same');
  await workbench.page.locator('.squiggly-error').first().waitFor();
});
