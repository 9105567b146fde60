/** The table under keyboard, mouse and screen reader, and what stays while readings come and go. */
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { PanelServer, StatementsPanel, type StatementsPanelOptions } from './panel';
import { detailsOf, manyRows, statementsReady, storyRows, storySummary } from './statements-views';
import { screenshot } from './with-panel';

let server: PanelServer;
let panel: StatementsPanel;
beforeAll(async () => {
  server = await PanelServer.start();
});
afterAll(() => server?.stop());

async function open(options: Partial<StatementsPanelOptions> = {}, rows = storyRows()): Promise<StatementsPanel> {
  panel = await StatementsPanel.open(server, {
    state: statementsReady(rows),
    ...options,
    handlers: { details: async ({ id }) => detailsOf(rows.find(row => row.id === id)!), ...options.handlers },
  });
  return panel;
}

afterEach(async () => {
  try {
    expect(await panel.violations()).toEqual([]);
    expect(panel.complaints).toEqual([]);
    expect(panel.unknown).toEqual([]);
  } finally {
    await panel.close();
  }
});

const rowOf = (title: string) => panel.page.locator('.grid-body .grid-row', { hasText: title });
const lastOf = (method: string) => panel.requests.findLast(request => request.method === method)?.params;
const press = async (...keys: string[]) => {
  for (const key of keys) await panel.page.keyboard.press(key);
};
const focused = () =>
  panel.page.evaluate(
    `(() => { const e = document.activeElement; return e.getAttribute('aria-label') ?? e.textContent.trim(); })()`,
  );
const header = (name: string) => panel.page.locator('.grid-head').getByRole('columnheader', { name });

it('is walked with the keyboard alone: headers are one stop, rows another', async () => {
  await open();
  await rowOf('create_rollup').waitFor();
  await press('Control+f');
  await expect.poll(() => focused()).toBe('Filter statements');
  await panel.page.getByRole('button', { name: 'Columns' }).focus();
  await press('Tab');
  await expect.poll(() => focused()).toBe('Statements');
  await press('Tab');
  await expect.poll(() => focused()).toBe('statement');
  await press('ArrowRight', 'Enter');
  await expect.poll(() => header('calls').getAttribute('aria-sort')).toBe('descending');
  await expect.poll(() => rowOf('INSERT INTO events').getAttribute('aria-rowindex')).toBe('2');
  await press('End', 'Shift+Enter');
  await expect.poll(() => focused()).toContain('match');
  // One header says it, the other counts in words.
  await expect.poll(() => header('calls').getAttribute('aria-sort')).toBe('descending');
  await expect.poll(() => header('match').getAttribute('aria-sort')).toBe(null);
  await expect.poll(() => header('match').locator('.visually-hidden').textContent()).toBe(', key 2, ascending');
  await expect.poll(() => header('calls').innerText()).toMatch(/↓1$/);
  await press('ArrowDown');
  await expect.poll(() => focused()).toBe('Statements');
  await press('Home', 'ArrowDown');
  await expect.poll(() => lastOf('details')).toEqual({ id: 'proposed' });
  await press('Enter');
  await panel.page.getByRole('button', { name: 'Details' }).waitFor();
});

it('opens, walks and closes a menu with keys', async () => {
  await open();
  await panel.page.getByRole('button', { name: 'Columns' }).focus();
  await press('Enter');
  const menu = panel.page.getByRole('menu', { name: 'Columns' });
  await menu.waitFor();
  await expect.poll(focused).toBe('class');
  await press('Enter', 'ArrowDown', 'ArrowDown', 'Space');
  await expect.poll(() => header('class').count()).toBe(1);
  await expect.poll(() => header('source mean ms').count()).toBe(0);
  await press('ArrowUp', 'ArrowUp', 'ArrowUp', 'Enter');
  await expect.poll(() => header('class').count()).toBe(0);
  await expect.poll(() => header('source mean ms').count()).toBe(1);
  await press('Escape');
  await menu.waitFor({ state: 'detached' });
  await expect.poll(() => focused()).toBe('Columns');
  await panel.page.getByRole('button', { name: 'Export' }).click();
  await panel.page.getByRole('menu', { name: 'Export' }).waitFor();
  await screenshot(panel, 'statements-menu');
  await panel.page.locator('.banner').click();
  await panel.page.getByRole('menu').waitFor({ state: 'detached' });
});

it('pins with keys, and lets it be with Escape', async () => {
  await open();
  await panel.page.getByRole('button', { name: 'Only on source' }).click();
  await rowOf('FROM queue').click();
  await panel.page.getByRole('button', { name: 'Pin with…' }).click();
  await expect.poll(focused).toBe('Statements to pin with');
  await expect.poll(() => panel.page.getByRole('grid').getAttribute('aria-rowcount')).toBe('3');
  await screenshot(panel, 'statements-pinning');
  await press('Escape');
  await expect.poll(focused).toBe('Statements');
  await expect.poll(() => panel.page.getByRole('grid').getAttribute('aria-rowcount')).toBe('4');
  expect(lastOf('pin')).toBeUndefined();
  await panel.page.getByRole('button', { name: 'Pin with…' }).click();
  await expect.poll(focused).toBe('Statements to pin with');
  await press('ArrowDown', 'End', 'Enter');
  await expect.poll(() => lastOf('pin')).toEqual({ source: 'source_0', target: 'target_1' });
  await panel.page.getByText('Pinned.').waitFor();
});

it('keeps selection and place when another reading comes', async () => {
  const rows = manyRows(400);
  await open({}, rows);
  await rowOf('table_0 ').waitFor();
  await panel.page.locator('.grid').focus();
  await press('End');
  const grid = panel.page.locator('.grid');
  const top = () => grid.evaluate(element => (element as unknown as { scrollTop: number }).scrollTop);
  await expect.poll(top).toBeGreaterThan(5000);
  await grid.evaluate(element => {
    (element as unknown as { scrollTop: number }).scrollTop = 2400;
  });
  // The selected row moves to the top, but nobody asked to see it.
  panel.notify(statementsReady([rows.at(-1)!, ...rows.slice(0, -1)]));
  await expect.poll(() => panel.requests.filter(({ method }) => method === 'details').length).toBe(3);
  await expect.poll(() => top()).toBe(2400);
  await expect.poll(() => panel.page.locator('[role=row][aria-selected=true]').getAttribute('aria-rowindex')).toBe('2');
  panel.select('many_399');
  await expect.poll(top).toBe(0);
});

it('shows one side with the error of the other beside it', async () => {
  const summary = storySummary();
  const { window: _, ...target } = summary.target;
  summary.target = {
    ...target,
    statements: 0,
    error: { reason: 'unreachable', message: 'connection refused', next: 'Check that the server runs.' },
  };
  const rows = storyRows().filter(row => !row.target);
  await open({ state: statementsReady(rows, summary) }, rows);
  await rowOf('REFRESH MATERIALIZED VIEW').waitFor();
  const alert = panel.page.getByRole('region', { name: 'target: Cosmos' }).getByRole('alert');
  await expect.poll(() => alert.innerText()).toMatch(/^connection refused\s+Check that the server runs\.$/);
  await expect
    .poll(() => panel.page.getByRole('button', { name: 'Only on source' }).getAttribute('aria-pressed'))
    .toBe('true');
  await rowOf('REFRESH').click();
  await panel.page.locator('vscode-button[disabled]', { hasText: 'Pin with…' }).waitFor();
  await screenshot(panel, 'statements-one-side');
});

it('moves nothing when a reading arrives', async () => {
  const { source, target } = storySummary();
  const side = ({ label, color }: typeof source) => ({ label, color, done: false });
  await open({ state: { status: 'running', source: side(source), target: side(target) } });
  await panel.page.getByText('running').first().waitFor();
  await screenshot(panel, 'statements-running');
  const places = async () => {
    const found: Record<string, unknown> = {};
    for (const selector of ['.page-head', '.banner', '.side.source', '.side.target', '.side.source h2', '.toolbar']) {
      const { x, y, height } = (await panel.page.locator(selector).boundingBox())!;
      found[selector] = { x, y, height };
    }
    return found;
  };
  const before = await places();
  panel.notify(statementsReady());
  await rowOf('create_rollup').waitFor();
  await expect.poll(() => places()).toEqual(before);
  panel.notify({ ...statementsReady(), refreshing: true } as StatementsPanelOptions['state']);
  await panel.page.getByRole('progressbar').waitFor();
  await expect.poll(() => places()).toEqual(before);
});

it('says under the pointer which statement a point is, and draws in the colours of another theme', async () => {
  await open();
  await rowOf('create_rollup').waitFor();
  const canvas = panel.page.locator('canvas');
  const { x, y, width, height } = (await canvas.boundingBox())!;
  // By the plot's own margins: axes from 0.1 to 10,000 ms.
  const left = 46 + ((Math.log10(84.2) + 1) / 5) * (width - 58);
  const top = height - 34 - ((Math.log10(151.6) + 1) / 5) * (height - 44);
  await panel.page.mouse.move(x + left, y + top);
  const tooltip = panel.page.locator('.plot-tooltip');
  await expect
    .poll(() => tooltip.innerText())
    .toMatch(/SELECT app_id, sum\(n\).*\s84 ms → 152 ms 1\.8×\s+regression, 322 calls/);
  await expect.poll(() => canvas.getAttribute('aria-label')).toContain('4 regressions above the diagonal as triangles');
  const color = () =>
    canvas.evaluate(
      (element, at) => {
        const ratio = (globalThis as unknown as { devicePixelRatio: number }).devicePixelRatio;
        // Of a copy: reading from the page's own canvas would change how the browser draws it.
        const { document } = globalThis as unknown as { document: { createElement(tag: string): Canvas } };
        const context = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
        Object.assign(context.canvas, { width: 1000, height: 1000 });
        context.drawImage(element, 0, 0);
        return [...context.getImageData(at.left * ratio, at.top * ratio, 1, 1).data].join();
      },
      { left, top },
    );
  const before = await color();
  expect(before.endsWith('255')).toBe(true);
  await panel.page.evaluate(`document.documentElement.style.setProperty('--vscode-errorForeground', '#00ff00')`);
  await expect.poll(color).toBe('0,255,0,255');
  await panel.page.getByRole('button', { name: 'Only on source' }).click();
  await panel.page.getByText('No pair is shown.').waitFor();
  await expect.poll(color).toBe('0,0,0,0');
});

interface Canvas {
  getContext(kind: '2d', options: object): CanvasContext;
}
interface CanvasContext {
  canvas: object;
  drawImage(image: unknown, x: number, y: number): void;
  getImageData(x: number, y: number, width: number, height: number): { data: Uint8ClampedArray };
}

it('shows one text where both sides have the same, and what went wrong with the details', async () => {
  await open({
    handlers: {
      details: async ({ id }) => {
        if (id === 'daily') throw Object.assign(new Error('The reading is gone.'), { reason: 'gone' });
        const details = detailsOf(storyRows().find(row => row.id === id)!);
        details.target!.sql = details.source!.sql = 'SELECT 1 -- \u202e';
        return details;
      },
    },
  });
  await rowOf('create_rollup').click();
  const texts = panel.page.locator('.statement-text');
  await texts.waitFor();
  await expect.poll(() => texts.locator('pre').innerText()).toBe('SELECT 1 -- \\u202e');
  await rowOf('app_id, sum(n)').click();
  await panel.page.getByRole('alert').getByText('The reading is gone.').waitFor();
});

it('scrolls sideways with its first column in place when columns need more room', async () => {
  await open({ width: 700 });
  await rowOf('create_rollup').waitFor();
  await panel.page.locator('.grid').evaluate(element => {
    (element as unknown as { scrollLeft: number }).scrollLeft = 10_000;
  });
  const box = async (locator: ReturnType<typeof rowOf>) => (await locator.boundingBox())!;
  await expect.poll(async () => (await box(header('match'))).x).toBeLessThan(600);
  const match = await box(header('match'));
  const cell = await box(rowOf('create_rollup').locator('.match'));
  expect(cell.x).toBe(match.x);
  expect(match.x + match.width).toBeLessThanOrEqual(700);
  const statement = await box(rowOf('create_rollup').locator('.statement'));
  expect(statement.x).toBe(0);
  expect(statement.width).toBeGreaterThanOrEqual(220);
  await screenshot(panel, 'statements-sideways');
});
