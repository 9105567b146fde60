/** Legible in every theme of VS Code, at every width. CUTOVER_SCREENSHOTS names a folder to look at the results. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Panel, type PanelOptions, PanelServer, themes } from './panel';
import { estimatedView, oneSideFailedView, ready, rollupView } from './views';
import { contrast, screenshot, withPanelOf } from './with-panel';

let server: PanelServer;
beforeAll(async () => {
  server = await PanelServer.start();
});
afterAll(() => server?.stop());

const withPanel = (options: PanelOptions, work: (panel: Panel) => Promise<void>) => withPanelOf(server, options, work);

/** Text that carries meaning, and how large it is. WCAG 2.2, 1.4.3: 4.5 : 1, for large text 3 : 1. */
const texts: [selector: string, contrast: number][] = [
  ['.verdict h1', 3],
  ['.verdict h1 b', 3],
  ['.taken', 4.5],
  ['.statement-title', 4.5],
  ['.side.source h2', 4.5],
  ['.side.target h2', 4.5],
  ['.side.source .figure', 3],
  ['.side.target .big-about', 4.5],
  ['.side.target .small-figures', 4.5],
  ['.between', 3],
  ['.legend', 4.5],
  ['.grid-head .cell', 4.5],
  ['.grid-row .name', 4.5],
  ['.grid-row .detail', 4.5],
  ['.grid-row.changed .sign', 3],
  ['.grid-row.targetOnly .dim', 4.5],
  ['.grid-row.sourceOnly .name', 4.5],
  ['.grid-row.sourceOnly .never', 3],
];

describe.each(themes)('in %s', theme => {
  it('keeps every text legible', () =>
    withPanel({ state: ready(rollupView()), theme }, async panel => {
      await screenshot(panel, `rollup-${theme}`);
      const low: string[] = [];
      for (const [selector, wanted] of texts) {
        const found = await panel.page.locator(selector).first().evaluate(contrast);
        if (found < wanted) low.push(`${selector}: ${found.toFixed(2)}, wanted ${wanted}`);
      }
      expect(low).toEqual([]);
    }));

  it('shows where the focus is', () =>
    withPanel({ state: ready(rollupView()), theme }, async panel => {
      const { page } = panel;
      await page.getByRole('button', { name: 'Unfold All' }).focus();
      await page.keyboard.press('Tab');
      const outline = (selector: string) =>
        page.locator(selector).evaluate(element => {
          const style = (
            globalThis as unknown as { getComputedStyle(of: unknown): Record<string, string> }
          ).getComputedStyle(element);
          return `${style.outlineStyle} ${style.outlineWidth}`;
        });
      await expect.poll(() => outline('.grid:focus')).toBe('solid 1px');
      await expect.poll(() => outline('.grid-row.selected')).toBe('solid 1px');
      await page.keyboard.press('ArrowDown');
      await screenshot(panel, `focus-${theme}`);
    }));
});

it.each([600, 820, 1100, 1400])('fits %i px', width =>
  withPanel({ state: ready(rollupView()), width }, async panel => {
    await screenshot(panel, `rollup-${width}`);
    await expect.poll(() => panel.page.evaluate('document.documentElement.scrollWidth')).toBe(width);
    for (const row of await panel.page.locator('.grid-body .source-node .name').all()) {
      expect((await row.boundingBox())!.width).toBeGreaterThan(55);
    }
    const grid = (await panel.page.locator('.plan-grid').boundingBox())!;
    expect(grid.height).toBeGreaterThan(150);
  }),
);

it('tells categories apart without colours', () =>
  withPanel({ state: ready(rollupView()), forcedColors: true }, async panel => {
    await screenshot(panel, 'forced-colors');
    const patterns = await panel.page.locator('.side.target .composition .part').evaluateAll(parts =>
      parts.map(part => {
        const style = (
          globalThis as unknown as { getComputedStyle(of: unknown): Record<string, string> }
        ).getComputedStyle(part);
        return `${style.backgroundColor} ${style.backgroundImage}`;
      }),
    );
    expect(new Set(patterns).size).toBe(6);
  }));

it('can be looked at', async () => {
  await withPanel({ state: ready(estimatedView()) }, panel => screenshot(panel, 'estimated'));
  await withPanel({ state: ready(oneSideFailedView()) }, panel => screenshot(panel, 'one-side-failed'));
});
