/** Causes, their fixes and experiments on the page. CUTOVER_SCREENSHOTS names a folder to look at the results. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { PlanDiffView } from '../../src/shared/plan-diff';
import { diagnosedView, provenView, rollupCall } from './diagnosed-views';
import { type Panel, type PanelOptions, PanelServer, themes } from './panel';
import { ready, rollupView } from './views';
import { screenshot, withPanelOf } from './with-panel';

let server: PanelServer;
beforeAll(async () => {
  server = await PanelServer.start();
});
afterAll(() => server?.stop());

const withPanel = (options: PanelOptions, work: (panel: Panel) => Promise<void>) => withPanelOf(server, options, work);

const provable = (view: PlanDiffView) => ({ ...ready(view), provable: true }) as PanelOptions['state'];
const tab = (panel: Panel, name: RegExp) => panel.page.getByRole('tab', { name });

it('names the causes right under the verdict, each with its share and how sure it is, and what is left', () =>
  withPanel({ state: ready(diagnosedView()) }, async panel => {
    const causes = panel.page.locator('.causes');
    await expect
      .poll(() => causes.locator('.cause-title').allTextContents())
      .toEqual(diagnosedView().diagnosis!.causes.map(({ title }) => title));
    await expect.poll(() => causes.locator('.pill').allTextContents()).toEqual(['observed · 87 %', 'derived · 7 %']);
    await expect.poll(() => causes.locator('.causes-rest').textContent()).toBe('Unexplained6 %');
  }));

it('opens a cause in full: evidence of both sides, the fix with its lock and rollback, and its place in the plan', () =>
  withPanel({ state: ready(diagnosedView()) }, async panel => {
    await panel.page.locator('.causes li button').first().click();
    const cause = panel.page.locator('article.cause').first();
    await cause.waitFor();
    await expect
      .poll(() => cause.locator('tbody tr').nth(1).allInnerTexts())
      .toEqual(['enable_nestloop\t10.0.2.10:5432\ton\toff (role app_owner)']);
    await expect
      .poll(() => cause.locator('.remedy pre').first().textContent())
      .toBe('ALTER ROLE "app_owner" SET jit = off;');
    await expect.poll(() => cause.locator('.remedy dd').nth(1).textContent()).toBe('ALTER ROLE "app_owner" RESET jit;');
    await cause.getByText('Open as SQL').click();
    expect(panel.requests.at(-1)).toEqual({ method: 'openRemedy', params: { cause: 0 } });
    await cause.getByText('Show in Plan').click();
    await panel.page.locator('.plans .grid-row[aria-selected="true"]').waitFor();
    await expect
      .poll(() => panel.page.locator('.plans .grid-row[aria-selected="true"]').textContent())
      .toContain('JIT');
  }));

it('asks the host to prove, says what is being tried, and can be cancelled', () =>
  withPanel({ state: provable(diagnosedView()) }, async panel => {
    await panel.page.getByRole('button', { name: 'Prove' }).click();
    expect(panel.requests.at(-1)).toEqual({ method: 'prove', params: {} });
    panel.proving({ changing: 'jit = off', experiment: 1, experiments: 3, run: 2, runs: 5 });
    const line = panel.page.locator('.proving');
    await line.waitFor();
    await expect.poll(() => line.textContent()).toContain('Experiment 1 of 3: jit = off, run 2 of 5');
    await line.getByText('Cancel').click();
    expect(panel.requests.at(-1)).toEqual({ method: 'cancel', params: {} });
    panel.proving(null);
    await line.waitFor({ state: 'detached' });
  }));

it('shows the plans while the causes are still being looked for', () =>
  withPanel({ state: { ...ready(rollupView()), diagnosing: true } as PanelOptions['state'] }, async panel => {
    await expect.poll(() => panel.page.locator('.proving').textContent()).toBe('Looking for causes…');
    await expect.poll(() => panel.page.getByRole('button', { name: 'Record in Playbook' }).isDisabled()).toBe(true);
    panel.notify(ready({ ...diagnosedView(), id: rollupView().id }));
    await panel.page.locator('.causes').waitFor();
    await expect.poll(() => panel.page.locator('.proving').count()).toBe(0);
    await expect.poll(() => panel.page.getByRole('button', { name: 'Record in Playbook' }).isDisabled()).toBe(false);
  }));

it('offers no experiment where nothing can be run', () =>
  withPanel({ state: ready(diagnosedView()) }, async panel => {
    await expect.poll(() => panel.page.getByRole('button', { name: 'Prove' }).count()).toBe(0);
  }));

it('shows experiments as a table and every run as a dot', () =>
  withPanel({ state: ready(provenView()) }, async panel => {
    await expect.poll(() => panel.page.locator('.causes .pill').first().textContent()).toBe('verified · 87 %');
    await tab(panel, /^Experiments 2$/).click();
    const rows = panel.page.locator('.experiments tbody tr');
    await expect
      .poll(() => rows.first().locator('td').allTextContents())
      .toEqual(['explains it', '2,803 2,765–2,912', '395 377–410', '0.14× 0.13×–0.15×', '97 %', 'another', 'heard it']);
    await expect.poll(() => rows.nth(1).textContent()).toContain('The plan stays the same: nothing to time.');
    await expect.poll(() => panel.page.locator('.dot-row').count()).toBe(1);
    await expect.poll(() => panel.page.locator('.dots.changed .dot').count()).toBe(5);
  }));

it('shows the statements inside a call with their share of its time, and opens their plans', () =>
  withPanel({ state: { ...ready(diagnosedView()), call: rollupCall() } as PanelOptions['state'] }, async panel => {
    await tab(panel, /^Inside the Call 2$/).click();
    const rows = panel.page.locator('.calls tbody tr');
    await rows.first().waitFor();
    await expect
      .poll(() => rows.first().locator('td').allInnerTexts())
      .toEqual(['321', '2,799\n99 % · JIT 2,161 ms', '8.7×', 'Plans']);
    await expect.poll(() => rows.nth(1).textContent()).toContain('The value of $1 is not known.');
    await expect.poll(() => rows.nth(1).locator('td').first().textContent()).toBe('—');
    await screenshot(panel, 'call');
    await rows.first().getByText('Plans').click();
    expect(panel.requests.at(-1)).toEqual({ method: 'openNested', params: { id: '1' } });
  }));

it('has no such tab for a statement that calls nothing', () =>
  withPanel({ state: ready(diagnosedView()) }, async panel => {
    await expect.poll(() => tab(panel, /^Inside/).count()).toBe(0);
  }));

it.each(themes)('looks right in %s', theme =>
  withPanel({ state: provable(provenView()), theme, height: 900 }, async panel => {
    await screenshot(panel, `causes-${theme}`);
    await panel.page.locator('.causes li button').first().click();
    await panel.page.locator('article.cause').first().waitFor();
    await screenshot(panel, `causes-tab-${theme}`);
    await tab(panel, /^Experiments/).click();
    await panel.page.locator('.dot-plot').waitFor();
    await screenshot(panel, `experiments-${theme}`);
    await expect.poll(() => panel.page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
  }),
);

it('stays readable in a narrow panel', () =>
  withPanel({ state: provable(provenView()), width: 560, height: 900 }, async panel => {
    await screenshot(panel, 'causes-narrow');
    const title = await panel.page.locator('.cause-title').first().boundingBox();
    expect(title!.width).toBeGreaterThan(400);
    // However many tabs there are, what they hold is as wide as the page.
    const toolbar = await panel.page.locator('.toolbar').boundingBox();
    expect(toolbar!.x + toolbar!.width).toBeLessThanOrEqual(560);
  }));
