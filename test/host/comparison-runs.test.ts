/** Comparing step by step: one group after a login with passwords, one check again, all of it cancelled, and exported. */
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { comparisonReportSchema } from '../../src/shared/comparison-report';
import { appOwner } from '../lab/scenarios/rollup';
import type { LabServer } from '../lab/server';
import { packagedExtension } from './driver/packaged-extension';
import { openVscode, type Vscode } from './driver/vscode';
import type { Workbench } from './driver/workbench';
import { filesHolding, workspaceWith } from './files';
import { screenshotIfFailed } from './screenshot-if-failed';
import { type SecuredPair, startSecuredPair } from './secured-pair';

let pair: SecuredPair;
let target: LabServer;
let workspace: string;
let vscode: Vscode;
let workbench: Workbench;

beforeAll(async () => {
  pair = await startSecuredPair();
  target = pair.target.coordinator;
  workspace = await workspaceWith({});
  vscode = await openVscode({ workspace, extensions: [await packagedExtension()] });
  workbench = vscode.workbench;
  const side = ({ coordinator: { host, port, database } }: SecuredPair['source'], label: string) => {
    return { label, host, port, database, user: appOwner };
  };
  await vscode.changeSettings({
    'cutover.migrations': [{ name: 'eu', source: side(pair.source, 'Old'), target: side(pair.target, 'New') }],
    'cutover.lockTimeoutMs': 60_000,
  });
});

afterEach(context => screenshotIfFailed(context, workbench));

afterAll(async () => {
  await vscode?.stop();
  await pair?.stop();
  if (workspace) await rm(workspace, { recursive: true, force: true });
});

const page = () => workbench.webview();
const finding = (id: string) => page().locator(`article[data-check="${id}"]`);
const idle = () => page().getByRole('button', { name: 'Compare Again' }).waitFor();
const groups = () => page().locator('.groups .link').allInnerTexts();
/** When it was compared, and how long that took. */
const taken = async () => {
  const place = page().locator('.taken');
  return `${await place.getAttribute('title')} ${await place.innerText()}`;
};
const verdict = () => page().locator('h1').innerText();

/** Queries of Cutover that wait for a lock. */
async function waiting(): Promise<number> {
  const rows = await target.query(
    `SELECT 1 FROM pg_stat_activity WHERE application_name = 'cutover' AND wait_event_type = 'Lock'`,
  );
  return rows.length;
}

test('one group is compared, once each side got its password', async () => {
  await workbench.command('Cutover: Compare Groups of Checks…');
  await workbench.pick('Settings');
  await workbench.page.keyboard.press('Enter');
  await workbench.answer(pair.password, /Password for the source \(Old\)/);
  await workbench.answer(pair.password, /Password for the target \(New\)/);
  await finding('settings.roles').waitFor();
  await idle();
  expect(await groups()).toEqual(['Settings']);
  expect(await verdict()).toMatch(/^\d+ differences? that bites?: .*high/);
  const before = await taken();
  await page().getByRole('button', { name: 'Compare Again' }).click();
  await expect.poll(taken).not.toBe(before);
  await idle();
  expect(await groups()).toEqual(['Settings']);
});

test('a check that was mended is run again, and only that one', async () => {
  const before = await taken();
  for (const { coordinator } of [pair.source, pair.target]) {
    await coordinator.query(`ALTER ROLE ${appOwner} RESET ALL`);
  }
  await finding('settings.roles').getByRole('button', { name: 'Run Again' }).click();
  await finding('settings.roles').waitFor({ state: 'detached' });
  await idle();
  // Mended as well, but nobody has looked.
  await finding('settings.planner').waitFor();
  expect(await taken()).toBe(before);
});

test('a comparison that is cancelled is gone from the server, and what was shown before stands again', async () => {
  const before = { groups: await groups(), verdict: await verdict() };
  const { host, port, database, user } = target;
  const blocker = new Client({ host, port, database, user });
  await blocker.connect();
  try {
    await blocker.query('BEGIN; LOCK TABLE pg_event_trigger IN ACCESS EXCLUSIVE MODE');
    await workbench.command('Cutover: Compare Clusters');
    await expect.poll(waiting, { timeout: 60_000 }).toBe(1);
    await page().getByRole('button', { name: 'Cancel' }).click();
    await expect.poll(waiting, { timeout: 20_000 }).toBe(0);
    await idle();
    expect({ groups: await groups(), verdict: await verdict() }).toEqual(before);
    // The progress goes with its button; an error would stay.
    await expect.poll(() => workbench.notifications.filter({ hasText: /cancel/i }).count()).toBe(0);
  } finally {
    await blocker.end();
  }
});

test('all of it is compared, and exported as Markdown and as JSON', async () => {
  await workbench.command('Cutover: Compare Clusters');
  await finding('settings.planner').waitFor({ state: 'detached' });
  await idle();
  const files = { Markdown: join(workspace, 'comparison.md'), JSON: join(workspace, 'comparison.json') };
  for (const [format, file] of Object.entries(files)) {
    await workbench.command('Cutover: Export Comparison…');
    await workbench.pick(format);
    await workbench.quickInputWidget.filter({ hasText: 'Export Comparison' }).waitFor();
    // The dialog looks at the folder before it proposes the file.
    await expect.poll(() => workbench.quickInput.inputValue(), { timeout: 20_000 }).toBe(file);
    await workbench.page.keyboard.press('Enter');
    await expect.poll(() => readFile(file, 'utf8').catch(() => ''), { timeout: 20_000 }).not.toBe('');
  }
  const report = comparisonReportSchema.parse(JSON.parse(await readFile(files.JSON, 'utf8')));
  expect(report.groups.length).toBeGreaterThan(5);
  expect(report.passed.map(({ id }) => id)).toContain('settings.roles');
  const markdown = await readFile(files.Markdown, 'utf8');
  for (const { title } of report.findings) expect(markdown).toContain(title);
});

test('no password is in what was stored, exported or logged', async () => {
  // The search does find what is there.
  expect(await filesHolding(workspace, 'settings.roles')).not.toEqual([]);
  expect(await filesHolding(vscode.server.folder, pair.password)).toEqual([]);
  expect(await filesHolding(workspace, pair.password)).toEqual([]);
});
