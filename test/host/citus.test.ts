/** On Citus: the view names every node, and the panel's figures are those of the distributed plan. */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { whyNoCitus } from '../lab/installations';
import { type LabPair, startCitusPair } from '../lab/lab';
import { appOwner } from '../lab/scenarios/rollup';
import { packagedExtension } from './driver/packaged-extension';
import { openVscode, type Vscode } from './driver/vscode';
import type { Workbench } from './driver/workbench';
import { keptResults, workspaceWith } from './files';
import { screenshotIfFailed } from './screenshot-if-failed';

const missing = await whyNoCitus();

describe.skipIf(missing)(missing ?? 'a Citus pair in a real VS Code', () => {
  let pair: LabPair;
  let workspace: string;
  let vscode: Vscode;
  let workbench: Workbench;

  beforeAll(async () => {
    pair = await startCitusPair({ scenario: 'rollup' });
    workspace = await workspaceWith({
      'tenants.sql': 'SELECT tenant_id, count(*) FROM analytics.events GROUP BY tenant_id ORDER BY 2 DESC LIMIT 10;\n',
    });
    const side = ({ coordinator }: LabPair['source'], label: string) => {
      const { host, port, database } = coordinator;
      return { label, host, port, database, user: appOwner };
    };
    await mkdir(join(workspace, '.vscode'));
    await writeFile(
      join(workspace, '.vscode', 'settings.json'),
      JSON.stringify({
        'cutover.migrations': [{ name: 'eu', source: side(pair.source, 'Old'), target: side(pair.target, 'New') }],
      }),
    );
    // Room for every node: rows out of sight are not in the page.
    const viewport = { width: 1400, height: 1400 };
    vscode = await openVscode({ workspace, extensions: [await packagedExtension()], viewport });
    workbench = vscode.workbench;
  });

  afterEach(context => screenshotIfFailed(context, workbench));

  afterAll(async () => {
    await vscode?.stop();
    await pair?.stop();
    if (workspace) await rm(workspace, { recursive: true, force: true });
  });

  test('the view shows coordinator and workers with their versions', async () => {
    await workbench.openViewContainer('Cutover');
    await workbench.statusBarItem('eu: source ✓ target ✓').waitFor();
    for (const cluster of [pair.source, pair.target]) {
      const rows = [cluster.coordinator, ...cluster.workers].map(async node => {
        const row = workbench.treeRow(`${node.host}:${node.port}`);
        await row.waitFor();
        return row.getAttribute('aria-label');
      });
      const [coordinator, ...workers] = await Promise.all(rows);
      expect(coordinator).toContain('coordinator');
      expect(coordinator).toContain(`Citus ${cluster.citusVersion}`);
      expect(workers).toHaveLength(2);
      for (const worker of workers) expect(worker).toContain('worker');
    }
  });

  test('analyzing a read measures both sides, tasks included', async () => {
    await workbench.openFile('tenants.sql');
    await workbench.setCursor(1, 3);
    await workbench.command('Cutover: Explain Analyze on Both Sides');
    await workbench.dialogButton('Execute and Measure');
    await workbench.webview().locator('section.side.target .figure[title^="Execution Time"]').waitFor();
    const [kept] = await keptResults(vscode.server.folder);
    for (const side of ['source', 'target'] as const) {
      const [raw] = JSON.parse(kept!.raw[side]!) as [{ 'Execution Time': number }];
      const card = workbench.webview().locator(`section.side.${side}`);
      expect(await card.locator('.figure').getAttribute('title')).toBe(`Execution Time: ${raw['Execution Time']} ms`);
      expect(await card.textContent()).toContain('8 tasks on 2 nodes');
    }
  });
});
