/** The page on what two real Citus clusters (11.1 and 13.2) sent, through the real reader, alignment and details. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Plan } from '../../src/plan/model';
import { readPlan } from '../../src/plan/read';
import { planDiffView, rowDetails } from '../../src/plan/view';
import type { PlanDiffView } from '../../src/shared/plan-diff';
import type { BySide } from '../../src/shared/side';
import { citusPlans, plan } from '../unit/plan/fixtures';
import { Panel, PanelServer } from './panel';
import { ready } from './views';

let server: PanelServer;
beforeAll(async () => {
  server = await PanelServer.start();
});
afterAll(() => server?.stop());

interface Recorded {
  view: PlanDiffView;
  plans: BySide<Plan>;
  texts: BySide<string>;
}

/** One statement as it was recorded on both sides. */
function recorded(name: string): Recorded {
  const texts = { source: plan(citusPlans, `source/${name}`), target: plan(citusPlans, `target/${name}`) };
  const plans = { source: readPlan(texts.source).plan, target: readPlan(texts.target).plan };
  const side = { sent: [], notices: [], postgresVersion: '15.13' };
  const view = planDiffView({
    id: name,
    at: '2026-11-22T18:00:00.000Z',
    migration: 'recorded',
    analyzed: name.includes('analyze'),
    statement: { sql: 'SELECT 1', title: name, class: 'unknown', parameters: [] },
    source: { ...side, side: 'source', label: 'Citus 11.1', color: 'cutover.source', plan: plans.source },
    target: { ...side, side: 'target', label: 'Citus 13.2', color: 'cutover.target', plan: plans.target },
  });
  return { view, plans, texts };
}

/** What EXPLAIN itself said, found without any of our code but JSON. */
function executionTime(text: string): number {
  return JSON.parse(text)[0]['Execution Time'];
}

it("shows EXPLAIN's own figures and every node's own properties", async () => {
  const { view, plans, texts } = recorded('insert_select_pushdown_upsert.analyze-alltasks.json');
  const panel = await Panel.open(server, {
    state: ready(view),
    handlers: { details: async ({ row }) => rowDetails(view, row, plans.source, plans.target) },
  });
  try {
    const { page } = panel;
    for (const side of ['source', 'target'] as const) {
      const title = await page.locator(`.side.${side} .figure`).getAttribute('title');
      expect(title).toBe(`Execution Time: ${executionTime(texts[side])} ms`);
    }
    await page.getByRole('button', { name: 'Unfold All' }).click();
    const grid = page.getByRole('treegrid');
    await expect.poll(() => grid.getAttribute('aria-rowcount')).toBe(String(view.rows.length + 1));
    const scan = page.locator('.grid-row', { hasText: /Scan/ }).first();
    const name = (await scan.locator('.source-node .name').innerText()).trim();
    await scan.dblclick();
    const details = page.getByRole('region', { name: 'Details of the selected row' });
    await details.getByRole('cell', { name: /Scan/ }).first().waitFor();
    expect(name).toContain(await details.locator('tr', { hasText: 'Node Type' }).locator('td').nth(1).innerText());
  } finally {
    await panel.close();
  }
});

it('draws every recorded pair of plans', async () => {
  const names = Object.keys(citusPlans)
    .filter(name => name.startsWith('source/') && name.endsWith('.json') && !name.includes('verbose'))
    .map(name => name.slice('source/'.length))
    .filter(
      name => `target/${name}` in citusPlans && isPlan(citusPlans[`source/${name}`]!, citusPlans[`target/${name}`]!),
    );
  expect(names.length).toBeGreaterThan(150);
  const first = recorded(names[0]!).view;
  const panel = await Panel.open(server, { state: ready(first) });
  try {
    const { page } = panel;
    await page.getByRole('button', { name: 'Unfold All' }).click();
    for (const name of names) {
      const { view } = recorded(name);
      panel.notify(ready(view));
      await page.locator('.statement-title', { hasText: new RegExp(`^${name.replaceAll('.', '\\.')}$`) }).waitFor();
      await expect
        .poll(async () => page.locator('.verdict h1').innerText(), { message: name })
        .toBe(view.verdict.sentence);
      const drawn = await page.locator('.grid-body .grid-row').allInnerTexts();
      expect(drawn.length, name).toBeGreaterThanOrEqual(Math.min(view.rows.length, 10));
      expect(drawn.join(' '), name).not.toMatch(/undefined|NaN|\[object/);
    }
    expect(panel.complaints).toEqual([]);
    expect(await panel.violations()).toEqual([]);
  } finally {
    await panel.close();
  }
});

/** Some recordings are the server's refusal. */
function isPlan(...texts: string[]): boolean {
  try {
    return texts.every(text => readPlan(text).plan.nodes.length > 0);
  } catch {
    return false;
  }
}
