/** The pictures of the README, from a real VS Code on real clusters: Citus where it is found, else plain PostgreSQL. */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type LabPair, startCitusPair, startPlainPair } from '../lab/lab';
import { LabUnavailable } from '../lab/lab-unavailable';
import { appOwner, rollupStatement } from '../lab/scenarios/rollup';
import { packagedExtension } from './driver/packaged-extension';
import { openVscode, type Vscode } from './driver/vscode';
import { workspaceWith } from './files';

/** Writes them into the folder. */
export async function takeScreenshots(folder: string, say: (line: string) => void): Promise<void> {
  const pair = await startCitusPair({ scenario: 'rollup' }).catch((error: unknown) => {
    if (!(error instanceof LabUnavailable)) throw error;
    say(`${error.message} The pictures show plain PostgreSQL.`);
    return startPlainPair({ scenario: 'rollup' });
  });
  const workspace = await workspaceWith({ 'rollup.sql': await rollupStatement() });
  let vscode: Vscode | undefined;
  try {
    await writeSettings(workspace, pair);
    vscode = await openVscode({
      workspace,
      extensions: [await packagedExtension()],
      viewport: { width: 1440, height: 900 },
    });
    await mkdir(folder, { recursive: true });
    await takeAll(vscode, async name => {
      await vscode!.workbench.page.mouse.move(0, 0);
      await vscode!.workbench.page.waitForTimeout(1000);
      await vscode!.workbench.screenshot(join(folder, `${name}.png`));
      say(`${name}.png`);
    });
  } finally {
    await vscode?.stop();
    await pair.stop();
    await rm(workspace, { recursive: true, force: true });
  }
}

async function writeSettings(workspace: string, pair: LabPair): Promise<void> {
  const side = ({ coordinator }: LabPair['source'], label: string) => {
    const { host, port, database } = coordinator;
    return { label, host, port, database, user: appOwner };
  };
  const [source, target] =
    pair.kind === 'citus' ? ['Citus Cloud on AWS', 'Hyperscale on Azure'] : ['Old cluster', 'New cluster'];
  const migration = {
    name: 'eu-analytics',
    source: { ...side(pair.source, source), protected: false },
    target: side(pair.target, target),
  };
  await mkdir(join(workspace, '.vscode'));
  const settings = { 'cutover.migrations': [migration], 'cutover.statementTimeoutMs': 120_000 };
  await writeFile(join(workspace, '.vscode', 'settings.json'), JSON.stringify(settings));
}

async function takeAll({ workbench, setTheme }: Vscode, take: (name: string) => Promise<void>): Promise<void> {
  const page = workbench.webview();
  await workbench.openViewContainer('Cutover');
  await workbench.statusBarItem('eu-analytics: source ✓ target ✓').waitFor();
  await workbench.treeRow(/CALL analytics\.create_rollup/).click();
  await page.locator('.grid-row.selected').first().waitFor();
  await take('statements-dark');
  await workbench.command('View: Close All Editors');

  await workbench.command('Cutover: Compare Clusters');
  await page.locator('article[data-check="settings.roles"]').waitFor();
  await page.getByRole('button', { name: 'Compare Again' }).waitFor();
  await workbench.treeRow('Settings of roles and databases').click();
  await take('comparison-dark');
  await workbench.command('View: Close All Editors');

  await workbench.command('Cutover: New Playbook');
  await workbench.tab(/playbook\.md/).waitFor();
  await workbench.command('Cutover: Run All Checks');
  await workbench.notifications.filter({ hasText: 'First:' }).first().waitFor();
  await workbench.setCursor(60, 1);
  await workbench.page.locator('.codelens-decoration', { hasText: 'last: pass' }).first().waitFor();
  await take('playbook-dark');
  await workbench.command('View: Close All Editors');

  await setTheme('light');
  await workbench.openFile('rollup.sql');
  await workbench.setCursor(4, 3);
  await workbench.command('Cutover: Explain Analyze on Both Sides');
  await workbench.dialogButton('Execute on Both Sides, Roll Back');
  await page.locator('.causes').waitFor();
  await take('workbench-light');

  await setTheme('dark');
  await workbench.command('View: Close Primary Side Bar');
  await workbench.tab(/^Plans/).click();
  await workbench.command('View: Toggle Maximize Editor Group');
  await page.getByRole('button', { name: 'Prove' }).click();
  await workbench.dialogButton('Experiment, Roll Back Each Run');
  await page.locator('.proving').waitFor();
  await page.locator('.proving').waitFor({ state: 'detached', timeout: 600_000 });
  await take('plan-diff-dark');
  await setTheme('highContrast');
  await page.locator('.causes li button').first().click();
  await page.locator('article.cause').first().waitFor();
  await take('causes-high-contrast');
}
