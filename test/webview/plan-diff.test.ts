import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { Panel, type PanelOptions, PanelServer } from './panel';
import { estimatedView, hostile, hostileView, oneSideFailedView, ready, rollupSql, rollupView } from './views';

let server: PanelServer;
let panel: Panel;
beforeAll(async () => {
  server = await PanelServer.start();
});
afterAll(() => server?.stop());

async function open(options: PanelOptions): Promise<Panel> {
  panel = await Panel.open(server, options);
  return panel;
}

afterEach(async () => {
  try {
    // Whatever a test is about: nothing the policy forbids, no error, no message the host did not understand.
    expect(await panel.violations()).toEqual([]);
    expect(panel.complaints).toEqual([]);
    expect(panel.unknown).toEqual([]);
  } finally {
    await panel.close();
  }
});

const text = (selector: string) => panel.page.locator(selector).innerText();

it('shows the verdict and the figures of both sides', async () => {
  await open({ state: ready(rollupView()) });
  await expect
    .poll(() => text('.verdict h1'))
    .toBe('Target is 8.7× slower: 2,799 ms against 321 ms. The same rows, the same pages read.');
  const source = panel.page.getByRole('region', { name: 'source: Citus Cloud on AWS' });
  const target = panel.page.getByRole('region', { name: 'target: Hyperscale (Citus) on Azure' });
  await expect.poll(() => source.innerText()).toContain('Citus Cloud on AWS · PostgreSQL 15.4 · Citus 11.1.7');
  await expect.poll(() => source.locator('.figure').innerText()).toBe('321 ms');
  await expect.poll(() => target.locator('.figure').innerText()).toBe('2,799 ms');
  await expect.poll(() => target.locator('.figure').getAttribute('title')).toBe('Execution Time: 2799.12 ms');
  await expect
    .poll(() => target.locator('.big-about').innerText())
    .toBe('planning 4.0 ms · 8 tasks on 2 nodes, slowest 2,684 ms');
  await expect
    .poll(() => source.locator('.small-figures').innerText())
    .toBe('cost 12,032 · 1,152 rows · 6,924 pages · no JIT');
  await expect
    .poll(() => target.locator('.small-figures').innerText())
    .toContain('78 temp · JIT 2,161 ms (inlined, optimized)');
  await expect.poll(() => panel.page.locator('.between').innerText()).toBe('8.7×');
});

it('draws both compositions and every task to one scale', async () => {
  await open({ state: ready(rollupView()) });
  const width = async (side: string, category: string) =>
    (await panel.page.locator(`.side.${side} .composition .${category}`).boundingBox())!.width;
  expect((await width('target', 'jit')) / (await width('source', 'scan'))).toBeCloseTo(2161.3 / 177, 0);
  await expect.poll(() => width('target', 'scan')).toBeGreaterThan(await width('source', 'scan'));
  const tasks = panel.page.locator('.side.target .task');
  await expect.poll(() => tasks.count()).toBe(8);
  await expect.poll(() => tasks.nth(3).getAttribute('title')).toBe('10.0.0.11:5432: 2,684 ms, of which JIT 2,161 ms');
  const height = async (side: string) => (await panel.page.locator(`.side.${side} .task`).nth(1).boundingBox())!.height;
  expect((await height('target')) / (await height('source'))).toBeCloseTo(2610 / 308, 0);
  await expect
    .poll(() => panel.page.locator('.side.target .composition').getAttribute('aria-label'))
    .toContain('JIT 2,161 ms');
  await expect.poll(() => text('.legend')).toContain('JIT 0 → 2,161');
});

it('lines up both trees and marks what differs', async () => {
  await open({ state: ready(rollupView()) });
  const row = (name: string) => panel.page.locator('.grid-body .grid-row', { hasText: name });
  await row('Seq Scan').waitFor();
  await expect
    .poll(() => row('GroupAggregate').locator('.cell').allInnerTexts())
    .toEqual([...['GroupAggregate', '22', '9,600 → 1,152', '', ''], ...['GroupAggregate', '24', '9,600 → 1,152', '']]);
  const sort = await row('external merge').locator('.cell').allInnerTexts();
  expect(sort.map(cell => cell.trim())).toEqual([
    ...['Sort quicksort, 197 kB', '51', '1,905 → 1,905', '', '≠'],
    ...['Sort external merge, 312 kB on disk', '224', '1,905 → 1,905', '78 temp'],
  ]);
  await expect.poll(() => row('JIT').locator('.cell').first().innerText()).toBe('no JIT');
  await expect.poll(() => row('JIT').getByRole('img').getAttribute('aria-label')).toBe('only on the target');
  await expect.poll(() => row('Index Scan').locator('.source-self').innerText()).toBe('never executed');
  await expect.poll(() => row('Index Scan').getByRole('img').getAttribute('aria-label')).toBe('only on the source');
});

it('sends what its buttons stand for, and says what came of it', async () => {
  await open({ state: ready(rollupView()) });
  const { page } = panel;
  await page.getByRole('button', { name: 'Copy as Markdown' }).click();
  await page.getByText('Copied as Markdown.').waitFor();
  await page.getByRole('button', { name: 'Run Again' }).click();
  await page.getByRole('button', { name: 'Record in Playbook' }).click();
  await expect.poll(() => panel.requests.map(({ method }) => method)).toContain('record');
  expect(panel.requests).toEqual([
    { method: 'ready', params: {} },
    { method: 'copyMarkdown', params: {} },
    { method: 'rerun', params: { analyze: true } },
    { method: 'record', params: {} },
  ]);
  panel.notify({ status: 'ready', view: rollupView(), recordedIn: 'move.playbook.md' });
  await page.getByText('Recorded in move.playbook.md.').waitFor();
  await page.getByRole('button', { name: 'Update in Playbook' }).waitFor();
});

it('shows why an action failed, and keeps quiet about one the user called off', async () => {
  const refuse = (reason: string, message: string) => () =>
    Promise.reject(Object.assign(new Error(message), { reason }));
  await open({
    state: ready(rollupView()),
    handlers: {
      record: refuse('readOnly', 'move.playbook.md cannot be written: permission denied.'),
      rerun: refuse('cancelled', 'The run was cancelled.'),
    },
  });
  await panel.page.getByRole('button', { name: 'Record in Playbook' }).click();
  const alert = panel.page.getByRole('alert');
  await alert.waitFor();
  await expect.poll(() => alert.innerText()).toBe('move.playbook.md cannot be written: permission denied.');
  await panel.page.getByRole('button', { name: 'Run Again' }).click();
  await alert.waitFor({ state: 'detached' });
});

it('shows an unknown message instead of swallowing it', async () => {
  await open({ state: ready(rollupView()) });
  await panel.page.locator('.verdict').waitFor();
  await panel.post({ type: 'notification', method: 'fireworks', params: {} });
  const alert = panel.page.getByRole('alert');
  await alert.waitFor();
  await expect.poll(() => alert.innerText()).toContain('notification "fireworks"');
});

it('shows details of the selected row, differing properties first', async () => {
  await open({
    state: ready(rollupView()),
    handlers: {
      details: async ({ row }) =>
        row === 4
          ? [
              { name: 'Node Type', source: 'Sort', target: 'Sort', differs: false },
              { name: 'Sort Method', source: 'quicksort', target: 'external merge', differs: true },
            ]
          : [],
    },
  });
  const { page } = panel;
  await page.locator('.grid-row', { hasText: 'external merge' }).dblclick();
  const details = page.getByRole('region', { name: 'Details of the selected row' });
  await details.getByText('Sort Method').waitFor();
  await expect
    .poll(() => details.locator('tbody tr').allInnerTexts())
    .toEqual(['Sort Method\t≠\tquicksort\texternal merge', 'Node Type\t\tSort\tSort']);
  await expect
    .poll(() => details.locator('.details-head').innerText())
    .toContain('quicksort in memory → external merge on disk');
  const splitter = page.getByRole('separator');
  const before = (await details.boundingBox())!.height;
  await splitter.focus();
  await page.keyboard.press('ArrowUp');
  await expect.poll(async () => (await details.boundingBox())!.height).toBe(before + 24);
  await page.getByRole('button', { name: 'Close details' }).click();
  await details.waitFor({ state: 'detached' });
});

it('shows differences and leads to their place in the plan', async () => {
  await open({ state: ready(rollupView()) });
  const { page } = panel;
  await page.getByRole('tab', { name: 'Differences 4' }).click();
  const grid = page.getByRole('grid', { name: 'Differences' });
  await grid.focus();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await page.getByRole('treegrid').waitFor();
  await expect.poll(() => page.locator('.grid-row.selected .target-node').innerText()).toContain('external merge');
});

it('shows settings, the statement and the raw plans', async () => {
  await open({
    state: ready(rollupView()),
    handlers: { raw: async ({ side }) => ({ text: `[{"Plan": "${side}"}]` }) },
  });
  const { page } = panel;
  await page.getByRole('tab', { name: 'Settings 2' }).click();
  await expect
    .poll(() => page.locator('tbody tr').allInnerTexts())
    .toEqual(['enable_nestloop\t≠\tdefault\toff', 'work_mem\t≠\t64MB\t4MB', 'random_page_cost\t\t1.1\t1.1']);
  await page.getByRole('tab', { name: 'Statement' }).click();
  await expect.poll(() => page.getByRole('region', { name: 'Statement', exact: true }).innerText()).toBe(rollupSql);
  await expect
    .poll(() => page.getByRole('region', { name: 'Sent to the target' }).innerText())
    .toContain('a notice of the target');
  await page.getByRole('tab', { name: 'Raw' }).click();
  const raw = page.locator('.raw > section.target');
  await raw.getByText('[{"Plan": "target"}]').waitFor();
  await expect.poll(() => page.locator('.raw > section.source pre').innerText()).toBe('[{"Plan": "source"}]');
  await raw.getByRole('button', { name: 'Open in Editor' }).click();
  await expect.poll(() => panel.requests.at(-1)).toEqual({ method: 'openRaw', params: { side: 'target' } });
});

it('keeps the tabs to the keyboard', async () => {
  await open({ state: ready(rollupView()) });
  const { page } = panel;
  await page.getByRole('tab', { name: 'Plan' }).focus();
  await page.keyboard.press('ArrowRight');
  await page.getByRole('grid', { name: 'Differences' }).waitFor();
  await expect.poll(() => page.getByRole('tab', { name: 'Differences 4' }).getAttribute('aria-selected')).toBe('true');
});

it('shows costs when nothing was executed, and offers to analyze', async () => {
  await open({ state: ready(estimatedView()) });
  const { page } = panel;
  await expect.poll(() => page.locator('.side.target .figure').innerText()).toBe('cost 1.00e10');
  await expect
    .poll(() => page.locator('.grid-head .cell').allInnerTexts())
    .toEqual([...['source: node', 'cost', 'rows est', 'mark'], ...['target: node', 'cost', 'rows est']]);
  await page.getByRole('button', { name: 'Analyze to measure' }).first().click();
  await expect.poll(() => panel.requests.at(-1)).toEqual({ method: 'rerun', params: { analyze: true } });
});

it('shows the error of one side and the plan of the other alone', async () => {
  await open({ state: ready(oneSideFailedView()) });
  const { page } = panel;
  const error = page.locator('.side.target [role=alert]');
  const said = await error.innerText();
  expect(said).toContain('relation "analytics.events" does not exist');
  expect(said).toContain('SQLSTATE 42P01');
  expect(said).toContain('Hint: Perhaps you meant');
  expect(said).toContain('Check that the table was copied');
  const [line, caret] = (await error.locator('pre').innerText()).split('\n');
  expect(line).toBe('LINE 3: FROM analytics.events');
  expect(caret!.indexOf('^')).toBe(line!.indexOf('analytics.events'));
  await page.getByRole('treegrid', { name: 'Plan of the source' }).waitFor();
  await expect
    .poll(() => page.locator('.grid-head .cell').allInnerTexts())
    .toEqual([...['source: node', 'self ms', 'rows est → actual', 'pages']]);
  await expect.poll(() => page.locator('.sign').count()).toBe(0);
});

it('keeps hostile texts text', async () => {
  await open({ state: ready(hostileView()) });
  const { page } = panel;
  await page.getByText('8.7× slower').waitFor();
  for (const tab of ['Differences 4', 'Settings 3', 'Statement', 'Raw', 'Plan']) {
    await page.getByRole('tab', { name: tab }).click();
    await page.locator('.tabs > :not([hidden])').last().waitFor();
    await expect.poll(() => page.locator('#root img, #root script').count()).toBe(0);
  }
  await expect.poll(() => page.evaluate('globalThis.pwned')).toBeUndefined();
  await expect.poll(() => page.locator('.source-node', { hasText: hostile.html }).count()).toBe(1);
  // A right-to-left override is shown by its code and turns nothing around it.
  await expect
    .poll(() => page.locator('.side.target .side-about').innerText())
    .toContain('\\u202eevil\\u202c مرحبا · PostgreSQL 15.4');
  const long = page.locator('.grid-row .node', { hasText: 'a_very_long_name' }).first();
  expect((await long.boundingBox())!.width).toBeLessThan(600);
  await expect.poll(() => long.getAttribute('title')).toBe(hostile.long);
  await expect.poll(() => page.evaluate('document.documentElement.scrollWidth')).toBe(1400);
});
