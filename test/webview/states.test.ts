import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { PlanDiffState } from '../../src/shared/plan-diff-panel';
import { Panel, type PanelOptions, PanelServer } from './panel';
import { estimatedView, ready, rollupView } from './views';

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
    expect(await panel.violations()).toEqual([]);
    expect(panel.complaints).toEqual([]);
  } finally {
    await panel.close();
  }
});

function running(done: { source: boolean; target: boolean }, elapsedMs = 0): PlanDiffState {
  const { statement, source, target } = rollupView();
  return {
    status: 'running',
    title: statement.title,
    analyzed: true,
    elapsedMs,
    source: { label: source.label, color: source.color, done: done.source },
    target: { label: target.label, color: target.color, done: done.target },
  };
}

it('says which side is still running, for how long, and cancels', async () => {
  await open({ state: running({ source: false, target: false }, 61_000) });
  const { page } = panel;
  const side = (name: string) => page.locator(`.side.${name}`);
  await expect.poll(() => side('source').innerText()).toMatch(/SOURCE\s+Citus Cloud on AWS\s+running\s+61\.\d s/);
  panel.notify(running({ source: true, target: false }));
  await expect.poll(() => side('source').innerText()).toContain('done');
  const stopped = await side('source').innerText();
  await expect.poll(() => side('target').innerText()).toMatch(/running\s+6[2-9]\.\d s/);
  await expect.poll(() => side('source').innerText()).toBe(stopped);
  await page.getByRole('button', { name: 'Cancel' }).click();
  await expect.poll(() => panel.requests.at(-1)).toEqual({ method: 'cancel', params: {} });
});

it.each([1400, 1000])('moves nothing when the result arrives, %i px wide', async width => {
  await open({ state: running({ source: true, target: false }), width });
  const { page } = panel;
  const places = async () => {
    const found: Record<string, unknown> = {};
    for (const selector of [
      '.statement-title',
      '.verdict',
      '.side.source',
      '.side.target',
      '.side.target .composition',
    ]) {
      const { x, y, height } = (await page.locator(selector).boundingBox())!;
      found[selector] = { x, y, height };
    }
    return found;
  };
  await page.getByText('running').waitFor();
  const before = await places();
  panel.notify(ready(rollupView()));
  await page.getByText('8.7× slower').waitFor();
  await expect.poll(() => places()).toEqual(before);
  panel.notify(ready(estimatedView()));
  await page.getByText('831,152× the cost').waitFor();
  await expect.poll(() => places()).toEqual(before);
});

it('says what went wrong and what to do, and runs again', async () => {
  await open({
    state: {
      status: 'failed',
      title: 'SELECT 1',
      analyzed: true,
      error: { reason: 'unreachable', message: 'Neither side answers.', next: 'Check that the servers run.' },
    },
  });
  const alert = panel.page.getByRole('alert');
  await alert.waitFor();
  await expect.poll(() => alert.innerText()).toContain('Neither side answers.');
  await expect.poll(() => alert.innerText()).toContain('Check that the servers run.');
  await panel.page.getByRole('button', { name: 'Try Again' }).click();
  await expect.poll(() => panel.requests.at(-1)).toEqual({ method: 'rerun', params: { analyze: true } });
});

it('offers nothing to try again when the host has nothing to run', async () => {
  const error = { reason: 'refused', message: 'The source is protected.' };
  await open({ state: { status: 'failed', title: 'SELECT 1', error } });
  await panel.page.getByRole('alert').waitFor();
  await expect.poll(() => panel.page.getByRole('button').count()).toBe(0);
});

it('asks again when the host did not answer the first time', async () => {
  let answers = 0;
  await open({
    state: ready(rollupView()),
    handlers: {
      ready: async () => {
        answers += 1;
        if (answers === 1) throw Object.assign(new Error('The result is gone.'), { reason: 'gone' });
        return panel.state;
      },
    },
  });
  await panel.page.getByText('The result is gone.').waitFor();
  await panel.page.getByRole('button', { name: 'Try Again' }).click();
  await panel.page.getByText('8.7× slower').waitFor();
});

it('has something to say when neither side has a plan', async () => {
  const view = rollupView();
  const error = { reason: 'unreachable', message: 'connection refused' };
  for (const side of [view.source, view.target]) Object.assign(side, { status: 'error', error, composition: [] });
  view.rows = [];
  view.differences = [];
  view.verdict = { sentence: 'Neither side could explain the statement.', basis: 'none', tone: 'unknown' };
  await open({ state: ready(view) });
  await panel.page.getByText('There is no plan on either side').waitFor();
  await panel.page.getByRole('tab', { name: 'Differences 0' }).click();
  await panel.page.getByText('There are no two plans to compare.').waitFor();
  await panel.page.getByRole('tab', { name: 'Raw' }).click();
  await expect.poll(() => panel.page.getByText('There is no plan on this side.').count()).toBe(2);
  expect(panel.requests.map(({ method }) => method)).toEqual(['ready']);
});
