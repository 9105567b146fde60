/** The page of slow statements. CUTOVER_SCREENSHOTS names a folder to look at the results. */
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { PanelServer, StatementsPanel, type StatementsPanelOptions, themes } from './panel';
import { detailsOf, manyRows, statementsReady, storyRows, storySummary } from './statements-views';
import { contrast, screenshot } from './with-panel';

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

const button = (name: string, exact = true) => panel.page.getByRole('button', { name, exact });
const rowOf = (title: string) => panel.page.locator('.grid-body .grid-row', { hasText: title });
const details = () => panel.page.locator('section.details');
const lastOf = (method: string) => panel.requests.findLast(request => request.method === method)?.params;

/** Titles from the top, as far as rows are drawn. */
async function titles(): Promise<string[]> {
  const found = await panel.page
    .locator('.grid-body .grid-row:not(.visually-hidden)')
    .evaluateAll(rows =>
      (rows as unknown as { ariaRowIndex: string; firstElementChild: { textContent: string } }[])
        .map(row => ({ at: Number(row.ariaRowIndex), title: row.firstElementChild.textContent }))
        .sort((a, b) => a.at - b.at),
    );
  return found.map(({ title }) => title);
}

async function cells(column: string): Promise<string[]> {
  return panel.page
    .locator('.grid-body .grid-row:not(.visually-hidden)')
    .evaluateAll(
      (rows, name) =>
        (rows as unknown as { ariaRowIndex: string; querySelector(s: string): { textContent: string } }[])
          .sort((a, b) => Number(a.ariaRowIndex) - Number(b.ariaRowIndex))
          .map(row => row.querySelector(`.cell.${name}`).textContent),
      column,
    );
}

it('shows the pairs in the order of the host', async () => {
  await open();
  await rowOf('create_rollup').waitFor();
  const pairs = storyRows().filter(row => row.source && row.target);
  const shown = await titles();
  expect(shown.length).toBeGreaterThan(5);
  expect(shown.map(title => title.replace(/^\?/, ''))).toEqual(pairs.slice(0, shown.length).map(({ title }) => title));
  await expect
    .poll(() => rowOf('create_rollup').innerText())
    .toMatch(/1,204\s+1,012\s+3,118\s+▲ 3\.1×\s+\+2,535 s\s+0 % → 64 %/);
  await expect.poll(() => panel.page.locator('h1').innerText()).toBe(storySummary().sentence);
});

it('filters by text: at once by title, then by what the host found; the newest text wins', async () => {
  await open({
    handlers: {
      search: async ({ text }) => {
        if (text === 'zeb') {
          await new Promise(resolve => setTimeout(resolve, 600));
          return { ids: ['daily'] };
        }
        return { ids: text === 'zebra' ? ['update_state'] : [] };
      },
    },
  });
  const find = panel.page.locator('#find input');
  await find.fill('insert_ev');
  await panel.page.getByText('No statement matches.').waitFor();
  await find.fill('zeb');
  await expect.poll(() => lastOf('search')).toEqual({ text: 'zeb' });
  await find.fill('zebra');
  await expect.poll(titles).toEqual(['UPDATE rollup_state SET last_event_id = $1 WHERE name = $2']);
  await new Promise(resolve => setTimeout(resolve, 800));
  await expect.poll(() => titles()).toEqual(['UPDATE rollup_state SET last_event_id = $1 WHERE name = $2']);
  await find.press('Escape');
  await rowOf('create_rollup').waitFor();
});

it('narrows to a class, a side, a verdict', async () => {
  await open();
  await button('Writes', false).click();
  await expect.poll(async () => (await titles()).length).toBe(5);
  await button('Writes', false).click();
  await panel.page.getByLabel('verdict', { exact: true }).selectOption({ label: 'regression' });
  await expect.poll(async () => (await titles()).length).toBe(4);
  await button('Only on source', false).click();
  await expect.poll(async () => (await titles())[0]).toBe('SELECT count(*) FROM queue WHERE state IN ($1)');
  expect((await titles()).length).toBe(3);
});

it('sorts by one header, by several with Shift, absent values last', async () => {
  await open();
  await button('calls', false).click();
  await expect.poll(async () => (await titles())[0]).toContain('INSERT INTO events');
  await button('calls', false).click();
  await expect.poll(async () => (await titles())[0]).toContain('DELETE FROM events');
  await button('match', false).click();
  await button('source mean ms', false).click({ modifiers: ['Shift'] });
  await expect.poll(async () => (await titles())[0]).toContain('create_rollup');
  expect((await titles())[1]).toContain('INSERT INTO rollups');
  for (const direction of ['descending', 'ascending']) {
    await button('JIT share', false).click();
    const order = await panel.page.getByRole('columnheader', { name: 'JIT share' }).getAttribute('aria-sort');
    expect(order).toBe(direction);
    await panel.page.locator('.grid').evaluate(grid => {
      (grid as unknown as { scrollTop: number }).scrollTop = 10_000;
    });
    await expect.poll(async () => (await cells('jit')).at(-1)).toBe('');
    await panel.page.locator('.grid').evaluate(grid => {
      (grid as unknown as { scrollTop: number }).scrollTop = 0;
    });
    await expect.poll(async () => (await cells('jit'))[0]).toBe(direction === 'descending' ? '0 % → 70 %' : '0 %');
  }
});

it('keeps columns, order and filter across a reload', async () => {
  await open();
  await button('Columns').click();
  await panel.page.getByRole('menuitemcheckbox', { name: 'WAL / call' }).click();
  await panel.page.getByRole('menuitemcheckbox', { name: 'match' }).click();
  await panel.page.keyboard.press('Escape');
  await button('calls', false).click();
  await button('Writes', false).click();
  await panel.page.reload();
  await rowOf('INSERT INTO events').waitFor();
  const headers = await panel.page.getByRole('columnheader').allInnerTexts();
  expect(headers.some(header => header.startsWith('WAL / call'))).toBe(true);
  expect(headers.some(header => header.startsWith('match'))).toBe(false);
  expect((await titles())[0]).toContain('INSERT INTO events');
  expect((await titles()).length).toBe(5);
});

it('works by keyboard, and shows both texts, reasons and figures', async () => {
  await open();
  await rowOf('create_rollup').waitFor();
  await button('Close details').click();
  await panel.page.locator('.grid').focus();
  await panel.page.keyboard.press('ArrowDown');
  await panel.page.keyboard.press('Home');
  await panel.page.keyboard.press('Enter');
  await details().getByText('/* on the source */').waitFor();
  expect(lastOf('details')).toEqual({ id: 'create_rollup' });
  const text = (await details().innerText()).replaceAll(/\s+/g, ' ');
  expect(text).toContain('/* on the target */');
  expect(text).toContain('JIT takes 64 % of it.');
  expect(text).toContain('write: It calls a function that writes.');
  expect(text).toMatch(/JIT 0 ms 1,996 ms new/);
  expect(text).toMatch(/rows 9,600 9,600 same/);
  expect(text).not.toContain('temporary pages');
  await button('Show all', false).click();
  await details().getByText('temporary pages').waitFor();
  await panel.page.locator('.grid').focus();
  await panel.page.keyboard.press('ArrowDown');
  await expect.poll(() => lastOf('details')).toEqual({ id: 'insert_rollups' });
});

it('asks the host for what the user wants of a statement', async () => {
  await open();
  await rowOf('create_rollup').click();
  for (const [name, method] of [
    ['Explain', 'explain'],
    ['Prove', 'prove'],
    ['Open in Editor', 'open'],
    ['Split', 'split'],
    ['Copy', 'copy'],
    ['Record in Playbook', 'record'],
  ] as const) {
    await button(name).click();
    await expect.poll(() => panel.requests.at(-1)).toEqual({ method, params: { id: 'create_rollup' } });
  }
  await panel.page.getByText('Recorded in move.playbook.md.').waitFor();
  await rowOf('FROM users').click();
  await button('Confirm Pair').click();
  await expect.poll(() => lastOf('confirm')).toEqual({ id: 'proposed' });
});

it('pins a statement of one side to one of the other', async () => {
  await open();
  await button('Only on target', false).click();
  await rowOf('FROM queue').click();
  await button('Pin with…').click();
  await panel.page.getByText('Which statement of the source is the same').waitFor();
  await rowOf('FROM queue WHERE state IN').click();
  await expect.poll(() => lastOf('pin')).toEqual({ source: 'source_0', target: 'target_1' });
});

it('asks the host for what the user wants of the whole; exports what is shown in its order', async () => {
  await open();
  for (const [name, method] of [
    ['Compare…', 'choose'],
    ['Snapshot', 'snapshot'],
    ['Refresh', 'refresh'],
  ] as const) {
    await button(name).click();
    await expect.poll(() => panel.requests.at(-1)).toEqual({ method, params: {} });
  }
  panel.notify({ ...statementsReady(), refreshing: true } as StatementsPanelOptions['state']);
  await button('Cancel').click();
  await expect.poll(() => panel.requests.at(-1)).toEqual({ method: 'cancel', params: {} });
  await button('Writes', false).click();
  await button('calls', false).click();
  await button('Export').click();
  await panel.page.getByRole('menuitem', { name: 'CSV…' }).click();
  await expect
    .poll(() => lastOf('export'))
    .toEqual({ format: 'csv', ids: ['insert_events', 'create_rollup', 'insert_rollups', 'update_state', 'differs'] });
});

it('selects by a click in the plot', async () => {
  await open();
  const canvas = panel.page.locator('canvas');
  const box = (await canvas.boundingBox())!;
  // The point's place by the plot's own margins: axes from 0.1 to 10,000 ms.
  const left = 46 + ((Math.log10(988.1) + 1) / 5) * (box.width - 58);
  const top = box.height - 34 - ((Math.log10(2870.3) + 1) / 5) * (box.height - 44);
  await canvas.click({ position: { x: left, y: top } });
  await expect.poll(() => lastOf('details')).toEqual({ id: 'insert_rollups' });
  await panel.page.locator('.grid-row.selected', { hasText: 'INSERT INTO rollups' }).waitFor();
});

it('shows the row the host asks for, whatever is filtered', async () => {
  await open();
  await button('Writes', false).click();
  await expect.poll(async () => (await titles()).length).toBe(5);
  panel.select('source_2');
  await panel.page.locator('.grid-row.selected', { hasText: 'SELECT 1' }).waitFor();
  await expect.poll(() => lastOf('details')).toEqual({ id: 'source_2' });
});

it('shows hostile text as text', async () => {
  const rows = storyRows();
  rows[0]!.title = '<img src=x onerror=alert(1)> \u202e SELECT 1';
  rows[0]!.user = '<b>root</b>';
  await open({}, rows);
  await rowOf('<img src=x onerror=alert(1)>').click();
  await details().getByText('/* on the source */').waitFor();
  await expect.poll(() => panel.page.locator('img').count()).toBe(0);
  await expect.poll(() => panel.page.locator('body').innerText()).not.toContain('\u202e');
  await expect.poll(() => details().innerText()).toContain('<b>root</b> on analytics');
});

it('says that it reads, what failed, and that there is nothing', async () => {
  const { source, target } = storySummary();
  const side = ({ label, color }: typeof source, done: boolean) => ({ label, color, done });
  await open({ state: { status: 'running', source: side(source, true), target: side(target, false) } });
  await panel.page.getByText('Reading pg_stat_statements on both sides…').waitFor();
  await expect.poll(() => panel.page.locator('.side.source').innerText()).toContain('done');
  await expect.poll(() => panel.page.locator('.side.target').innerText()).toContain('running');
  await button('Cancel').click();
  await expect.poll(() => lastOf('cancel')).toEqual({});
  panel.notify({ status: 'failed', error: { reason: 'missing', message: 'no extension', hint: 'create it' } });
  await panel.page.getByText('Hint: create it').waitFor();
  await button('Try Again').click();
  await expect.poll(() => lastOf('refresh')).toEqual({});
  panel.notify(statementsReady([]));
  await panel.page.getByText('There is no statement on either side.').waitFor();
  await panel.page.getByText("ALTER SYSTEM SET pg_stat_statements.track = 'all'").waitFor();
  panel.notify({ ...statementsReady(), rows: '[{"id":1}]' } as StatementsPanelOptions['state']);
  await panel.page.getByText('rows this panel does not understand').waitFor();
});

it('draws only what is in view of 10,000 rows', async () => {
  await open({}, manyRows(10_000));
  await rowOf('table_0 ').waitFor();
  await expect.poll(() => panel.page.locator('.grid-body .grid-row').count()).toBeLessThan(60);
  await panel.page.locator('.grid').focus();
  await panel.page.keyboard.press('End');
  await rowOf('table_9999').waitFor();
});

const texts: [selector: string, contrast: number][] = [
  ['.verdict h1', 3],
  ['.taken', 4.5],
  ['.notes summary', 4.5],
  ['.totals .regressions', 4.5],
  ['.totals .dim', 4.5],
  ['.side.source h2', 4.5],
  ['.side.target h2', 4.5],
  ['.side-window', 4.5],
  ['.chip small', 4.5],
  ['.chip[aria-pressed="true"]', 4.5],
  ['.grid-head .sorter', 4.5],
  ['.grid-row .cell.statement', 4.5],
  ['.grid-row .heat-4', 4.5],
  ['.grid-row .heat.quicker', 4.5],
  ['.details-verdict .pill', 4.5],
  ['.figures .worse', 4.5],
  ['.figures th.source', 4.5],
  ['.figures th.target', 4.5],
  ['.figures tbody th', 4.5],
  ['.details-texts dt', 4.5],
  ['.statement-text > .side-word', 4.5],
];

it.each(themes)('is legible in %s', async theme => {
  await open({ theme });
  await rowOf('create_rollup').click();
  await details().getByText('/* on the source */').waitFor();
  await panel.page.locator('.grid').focus();
  await screenshot(panel, `statements-${theme}`);
  const low: string[] = [];
  for (const [selector, wanted] of texts) {
    const found = await panel.page.locator(selector).first().evaluate(contrast);
    if (found < wanted) low.push(`${selector}: ${found.toFixed(2)}, wanted ${wanted}`);
  }
  expect(low).toEqual([]);
});

it.each([480, 600, 1400])('fits %i px', async width => {
  await open({ width });
  await rowOf('create_rollup').click();
  await details().getByText('/* on the source */').waitFor();
  await screenshot(panel, `statements-${width}`);
  await expect.poll(() => panel.page.evaluate('document.documentElement.scrollWidth')).toBe(width);
  for (const selector of ['.page-head', '.toolbar', '.banner', '.bottom']) {
    const over = await panel.page.locator(selector).evaluate(element => {
      const { scrollWidth, clientWidth } = element as unknown as { scrollWidth: number; clientWidth: number };
      return scrollWidth - clientWidth;
    });
    expect(over, selector).toBeLessThanOrEqual(0);
  }
  expect((await panel.page.locator('.statements-grid').boundingBox())!.height).toBeGreaterThan(100);
});
