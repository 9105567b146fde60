/** The aligned trees under keyboard, screen reader, search, and at the size that breaks other grids. */
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { Panel, type PanelOptions, PanelServer } from './panel';
import { largeView, ready, rollupView } from './views';

let server: PanelServer;
let panel: Panel;
beforeAll(async () => {
  server = await PanelServer.start();
});
afterAll(() => server?.stop());

async function open(options: PanelOptions): Promise<Panel> {
  panel = await Panel.open(server, options);
  await panel.page.getByRole('treegrid').waitFor();
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

const press = async (...keys: string[]) => {
  for (const key of keys) await panel.page.keyboard.press(key);
};

/** Name on the source of the row that assistive technology takes for the active one, and whether it is in view. */
async function active(): Promise<{ name: string; inView: boolean }> {
  const grid = panel.page.getByRole('treegrid');
  const id = await grid.getAttribute('aria-activedescendant');
  const row = panel.page.locator(`[id="${id}"]`);
  const [frame, box] = [await grid.boundingBox(), await row.boundingBox()];
  const inView = box !== null && box.y >= frame!.y + 24 - 1 && box.y + box.height <= frame!.y + frame!.height + 1;
  return { name: (await row.locator('.source-node .name').innerText()).trim(), inView };
}

const rowCount = async () => Number(await panel.page.getByRole('treegrid').getAttribute('aria-rowcount')) - 1;

it('is walked with the keys of a tree grid', async () => {
  await open({ state: ready(rollupView()) });
  await panel.page.getByRole('treegrid').focus();
  await press('Home');
  expect((await active()).name).toBe('Citus Adaptive 8 tasks');
  await press('ArrowDown', 'ArrowDown');
  expect((await active()).name).toBe('Insert on rollups');
  await press('ArrowRight');
  expect((await active()).name).toBe('GroupAggregate');
  await press('ArrowLeft');
  await expect.poll(() => rowCount()).toBe(4);
  expect((await active()).name).toBe('GroupAggregate');
  await press('ArrowLeft');
  expect((await active()).name).toBe('Insert on rollups');
  await press('End');
  expect((await active()).name).toBe('GroupAggregate');
  await press('ArrowRight', 'End');
  expect((await active()).name).toBe('Index Scan using apps_pkey on apps');
  await press('Home', 's', 'e');
  expect((await active()).name).toBe('Seq Scan on events');
  await press('Enter');
  await panel.page.getByRole('region', { name: 'Details of the selected row' }).waitFor();
});

it('unfolds all siblings with an asterisk', async () => {
  await open({ state: ready(largeView({ rows: 1001, differsEvery: 0 })) });
  const { page } = panel;
  await page.getByRole('button', { name: 'Fold All', exact: true }).click();
  await expect.poll(() => rowCount()).toBe(201);
  await page.getByRole('treegrid').focus();
  await press('Home', 'ArrowDown', '*');
  await expect.poll(() => rowCount()).toBe(601);
});

it('tells a screen reader what it is', async () => {
  await open({ state: ready(rollupView()) });
  const session = await panel.page.context().newCDPSession(panel.page);
  const { nodes } = (await session.send('Accessibility.getFullAXTree')) as unknown as { nodes: AxNode[] };
  const role = (name: string) => nodes.filter(node => !node.ignored && node.role?.value === name);
  const property = (node: AxNode, name: string) => node.properties?.find(each => each.name === name)?.value.value;
  expect(role('treegrid').map(node => node.name?.value)).toEqual(['Plans side by side']);
  expect(role('columnheader').map(node => node.name?.value)).toEqual([
    ...['source: node', 'self ms', 'rows est → actual', 'pages', 'mark'],
    ...['target: node', 'self ms', 'rows est → actual', 'pages'],
  ]);
  const rows = role('row').slice(1);
  expect(rows).toHaveLength(7);
  expect(rows.map(row => property(row, 'level'))).toEqual([1, 2, 2, 3, 4, 5, 4]);
  expect(rows.map(row => property(row, 'expanded'))).toEqual([true, undefined, true, true, true, undefined, undefined]);
  expect(rows[4]!.name!.value).toBe(
    'changed. source: Sort, quicksort, 197 kB, self 51 ms, 1,905 rows. ' +
      'target: Sort, external merge, 312 kB on disk, self 224 ms, 1,905 rows. ' +
      'quicksort in memory → external merge on disk temporary pages 0 → 78',
  );
  expect(rows[1]!.name!.value).toContain('only on the target. source: nothing. target: JIT');
  expect(role('gridcell').length).toBe(63);
  // Nothing that can be pressed is without a name.
  for (const button of [...role('button'), ...role('checkbox'), ...role('textbox'), ...role('tab')]) {
    expect(button.name?.value, JSON.stringify(button)).not.toBe('');
  }
});

interface AxNode {
  ignored: boolean;
  role?: { value: string };
  name?: { value: string };
  properties?: { name: string; value: { value: unknown } }[];
}

it('is one stop of the tab key, with its active row named', async () => {
  await open({ state: ready(rollupView()) });
  const { page } = panel;
  await page.getByRole('button', { name: 'Unfold All' }).focus();
  await press('Tab');
  const grid = page.getByRole('treegrid');
  await expect.poll(() => grid.evaluate(element => element === element.ownerDocument.activeElement)).toBe(true);
  expect((await active()).name).toBe('Citus Adaptive 8 tasks');
  await press('Tab');
  const focused = page.locator('vscode-button:focus');
  await expect.poll(() => focused.innerText()).toBe('Details');
});

it('reaches any of 10,000 rows with few of them in the page', async () => {
  await open({ state: ready(largeView({ rows: 10_000, differsEvery: 500 })) });
  const { page } = panel;
  await page.getByRole('button', { name: 'Unfold All' }).click();
  await expect.poll(() => rowCount()).toBe(10_000);
  const grid = page.getByRole('treegrid');
  for (const row of [9_999, 5_000, 1, 7_345, 42]) {
    await grid.evaluate(
      (element, top) => {
        element.scrollTop = top;
      },
      (row - 3) * 24,
    );
    await page.locator(`[aria-rowindex="${row + 2}"]`).waitFor();
    await expect.poll(() => page.locator('.grid-body .grid-row').count()).toBeLessThan(60);
  }
  await grid.focus();
  await press('End');
  await expect.poll(active, { timeout: 3000 }).toEqual({ name: 'Hash on part_1999', inView: true });
  await press('Home', 'PageDown', 'PageDown');
  await expect.poll(async () => (await active()).inView, { timeout: 3000 }).toBe(true);
  await expect.poll(() => page.evaluate('document.querySelectorAll("*").length')).toBeLessThan(1500);
});

it('moves no row while scrolling, and has them in order and titled when that pauses', async () => {
  await open({ state: ready(largeView({ rows: 10_000, differsEvery: 500 })) });
  const { page } = panel;
  await page.getByRole('button', { name: 'Unfold All' }).click();
  const moved = await page.locator('.grid').evaluate(async element => {
    const { MutationObserver, requestAnimationFrame } = globalThis as unknown as {
      MutationObserver: new (
        listener: (records: unknown[]) => void,
      ) => { observe(node: unknown, options: object): void };
      requestAnimationFrame(callback: () => void): void;
    };
    const grid = element as unknown as { scrollTop: number; querySelector(selector: string): unknown };
    let changes = 0;
    new MutationObserver(records => {
      changes += records.length;
    }).observe(grid.querySelector('.grid-body'), { childList: true });
    for (let i = 0; i < 2; i++) {
      grid.scrollTop += 240;
      await new Promise<void>(resolve => requestAnimationFrame(resolve));
    }
    return changes;
  });
  expect(moved).toBe(0);
  const drawn = page.locator('.grid-body .grid-row');
  const indexes = () => drawn.evaluateAll(rows => rows.map(row => Number(row.getAttribute('aria-rowindex'))));
  await expect
    .poll(async () => {
      const found = await indexes();
      return found[0]! > 2 && found.every((index, i) => index === found[0]! + i);
    })
    .toBe(true);
  const titles = await drawn
    .locator('.source-node')
    .evaluateAll(cells => cells.map(cell => cell.getAttribute('title')));
  expect(titles).not.toContain(null);
});

it('shows a plan 10,000 deep', async () => {
  await open({ state: ready(largeView({ rows: 10_000, deep: true, differsEvery: 9_999 })) });
  await expect.poll(() => rowCount()).toBe(10_000);
  await panel.page.getByRole('treegrid').focus();
  await press('End');
  await expect.poll(async () => (await active()).inView, { timeout: 3000 }).toBe(true);
  const box = await panel.page.locator('.grid-row.selected .source-node .name').boundingBox();
  expect(box!.width).toBeGreaterThan(100);
});

it('folds what is equal and long, and shows only what differs on demand', async () => {
  await open({ state: ready(largeView({ rows: 2001, differsEvery: 500 })) });
  const { page } = panel;
  // 400 subtrees of five, all but the four with a difference folded.
  await expect.poll(() => rowCount()).toBe(1 + 400 + 4 * 4 - (await foldedInside()));
  const first = page.locator('.grid-row', { hasText: 'part_0' }).first();
  await expect.poll(() => first.locator('.source-node').innerText()).toContain('4 more');
  await expect.poll(() => first.locator('.source-self').innerText()).toBe('Σ 38');
  await page.getByRole('checkbox', { name: 'Only differences' }).click();
  await expect.poll(rowCount).toBe(1 + 4 + 4 + (await pathsInside()));
  await expect.poll(() => page.locator('.grid-row .sign').count()).toBe(4);
});

/** Within a subtree that differs, its equal children are folded too: how many rows those hide. */
async function foldedInside(): Promise<number> {
  const view = largeView({ rows: 2001, differsEvery: 500 });
  let hidden = 0;
  for (const row of view.rows) if (row.depth === 2 && row.equal && row.descendants > 0) hidden += parentDiffers(row);
  return hidden;

  function parentDiffers(row: (typeof view.rows)[number]): number {
    const at = view.rows.indexOf(row);
    const parent = view.rows.findLast((each, i) => i < at && each.depth === 1)!;
    return parent.equal ? 0 : row.descendants;
  }
}

/** Rows between a difference and the top of its subtree. */
async function pathsInside(): Promise<number> {
  return largeView({ rows: 2001, differsEvery: 500 }).rows.filter(
    row => row.depth === 2 && !row.equal && row.mark === 'same',
  ).length;
}

it('finds text in folded rows and steps through what it found', async () => {
  await open({ state: ready(largeView({ rows: 2001, differsEvery: 0 })) });
  const { page } = panel;
  await page.getByRole('button', { name: 'Fold All', exact: true }).click();
  await page.getByRole('tab', { name: 'Statement' }).click();
  await press('Control+f');
  await page.locator('vscode-text-field:focus').waitFor();
  await page.keyboard.type('INDEX scan on part_39');
  await page.getByText('11 found').waitFor();
  await press('Enter');
  await page.getByText('1 of 11').waitFor();
  await expect.poll(active, { timeout: 3000 }).toEqual({ name: 'Index Scan on part_39', inView: true });
  await expect.poll(() => page.locator('.grid-row.selected mark').first().innerText()).toBe('Index Scan on part_39');
  await press('Enter');
  await page.getByText('2 of 11').waitFor();
  await expect.poll(active, { timeout: 3000 }).toEqual({ name: 'Index Scan on part_390', inView: true });
  await press('Shift+Enter', 'Shift+Enter');
  await page.getByText('11 of 11').waitFor();
  expect((await active()).name).toBe('Index Scan on part_399');
  await page.keyboard.type('xyz');
  await page.getByText('No results').waitFor();
  await press('Escape', 'Escape');
  await expect
    .poll(() => page.getByRole('treegrid').evaluate(element => element === element.ownerDocument.activeElement))
    .toBe(true);
});

it('keeps what the user arranged across a reload, and across another run of the same statement', async () => {
  const state = ready(largeView({ rows: 2001, differsEvery: 0 }));
  await open({ state });
  const { page } = panel;
  await page.getByRole('treegrid').focus();
  await press('Home', 'ArrowDown', 'ArrowLeft');
  await page.getByRole('treegrid').evaluate(element => {
    element.scrollTop = 4800;
  });
  await page.locator('.grid-row', { hasText: 'Hash Join on part_41' }).first().dblclick();
  await page.getByRole('separator').focus();
  await press('ArrowUp');
  await expect.poll(async () => (await panel.storedLayout()).detailsHeightPx).toBe(214);
  await expect
    .poll(() => panel.storedLayout())
    .toMatchObject({ version: 1, id: 'large-2001', tab: 'plan', detailsOpen: true });
  const scrolled = await page.getByRole('treegrid').evaluate(element => element.scrollTop);

  panel.requests.length = 0;
  await page.reload();
  const selected = page.locator('.grid-row.selected');
  await selected.waitFor();
  expect(panel.requests[0]).toEqual({ method: 'ready', params: { id: 'large-2001' } });
  await expect.poll(() => rowCount()).toBe(1997);
  await expect.poll(() => selected.innerText()).toContain('Hash Join on part_41');
  await expect.poll(() => page.getByRole('treegrid').evaluate(element => element.scrollTop)).toBe(scrolled);
  expect((await page.getByRole('region', { name: 'Details' }).boundingBox())!.height).toBe(214);

  const view = largeView({ rows: 2001, differsEvery: 0 });
  panel.notify(ready({ ...view, id: 'again' }));
  await expect.poll(async () => (await panel.storedLayout()).id).toBe('again');
  await expect.poll(() => rowCount()).toBe(1997);
  await expect.poll(() => page.getByRole('treegrid').evaluate(element => element.scrollTop)).toBe(scrolled);
  await expect.poll(() => selected.innerText()).toContain('Hash Join on part_41');

  panel.notify(ready(rollupView()));
  await expect.poll(rowCount).toBe(7);
  await expect.poll(() => panel.storedLayout()).toMatchObject({ id: 'rollup-1', scrollTop: 0 });
});

it('starts afresh from a layout it cannot read', async () => {
  await open({ state: ready(rollupView()) });
  await panel.page.evaluate(`sessionStorage.setItem('state', JSON.stringify({ version: 99, tab: 'nowhere' }))`);
  // The page writes its own layout when it goes; this one has nothing to write.
  await panel.page.evaluate(
    `window.addEventListener('pagehide', () => sessionStorage.setItem('state', '{"version":99}'))`,
  );
  await panel.page.reload();
  await panel.page.getByRole('treegrid').waitFor();
  await expect.poll(() => rowCount()).toBe(7);
});
