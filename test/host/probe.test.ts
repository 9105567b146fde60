/** What loads the nodes is measured when it was chosen and agreed to, not else. */
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
  workspace = await workspaceWith({});
  const side = ({ coordinator }: LabPair['source'], label: string) => {
    const { host, port, database, user } = coordinator;
    return { label, host, port, database, user };
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

const page = () => workbench.webview();
const dialog = () => workbench.dialog;

async function chooseProbe(): Promise<void> {
  await workbench.command('Cutover: Compare Groups of Checks…');
  await workbench.quickRow('Versions').waitFor();
  await workbench.page.keyboard.type('probe');
  await workbench.page.getByText('only when chosen: loads every node for a moment').first().waitFor();
  await workbench.pick('Probe');
  await workbench.page.keyboard.press('Enter');
  await dialog().waitFor();
}

/** Temporary files are what only the probes write here. */
async function measurements(): Promise<number> {
  const counted = await Promise.all(
    [pair.source, pair.target].map(({ coordinator }) =>
      coordinator.query<{ files: number }>(
        'SELECT temp_files::int AS files FROM pg_stat_database WHERE datname = current_database()',
      ),
    ),
  );
  return counted.flat().reduce((sum, { files }) => sum + files, 0);
}

test('the question names both sides and what is done to them; declined, nothing is measured', async () => {
  await chooseProbe();
  const question = await dialog().textContent();
  expect(question).toContain('loads every node of the source (Old) and of the target (New) for a moment');
  expect(question).toContain('sorts 32 MB through a temporary file, three times at most');
  await workbench.dialogButton('Cancel');
  await dialog().waitFor({ state: 'detached' });
  expect(await measurements()).toBe(0);
});

test('agreed to, each probe says what it measured; a comparison of all groups leaves them out', async () => {
  await chooseProbe();
  await workbench.dialogButton('Measure');
  await page().getByRole('button', { name: 'Compare Again' }).waitFor();
  await page().getByText('no core of the target is much slower', { exact: false }).first().waitFor();
  expect(await page().locator('.groups .link').allInnerTexts()).toEqual(['Probe']);
  await expect.poll(measurements).toBeGreaterThan(0);
  const measured = await measurements();
  await workbench.command('Cutover: Compare Clusters');
  await expect.poll(() => page().locator('.groups .link').allInnerTexts(), { timeout: 60_000 }).toContain('Settings');
  await page().getByRole('button', { name: 'Compare Again' }).waitFor();
  expect(await page().locator('.groups .link').allInnerTexts()).not.toContain('Probe');
  expect(await dialog().count()).toBe(0);
  expect(await measurements()).toBe(measured);
});
