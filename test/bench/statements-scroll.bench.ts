/**
 * The table of slow statements at 10,000 rows: time to the first rows, of which reading and checking the message, one
 * sort and one filter; and frames lost while scrolling, beside what this machine can do at all at that moment.
 */
import { PanelServer, StatementsPanel } from '../webview/panel';
import { manyRows, statementsReady, storyRows } from '../webview/statements-views';
import { figure } from './measure';
import { linesOfText, measureBare, medians, type PageGlobals, type Scrolled, scroll } from './scrolling';

const rows = 10_000;
const rounds = 3;

interface Measured extends Scrolled {
  firstMs: number;
  sortMs: number;
  filterMs: number;
}

const server = await PanelServer.start();
try {
  figure('script of the page', server.scriptBytes.statements / 1024, 'kB');
  const grids: Measured[] = [];
  const lists: Scrolled[] = [];
  const empties: Scrolled[] = [];
  for (let i = 0; i < rounds; i++) {
    empties.push(await measureBare(server.browser, { lines: 0, rows }));
    lists.push(await measureBare(server.browser, { lines: linesOfText, rows }));
    grids.push(await measureTable());
  }
  const grid = medians(grids);
  const list = medians(lists);
  const empty = medians(empties);
  const of = `${rows.toLocaleString('en')} statements`;
  figure(`${of}: from the message to the first rows`, grid.firstMs, 'ms', { atMost: 500 });
  figure(`${of}: sorted by another column and drawn`, grid.sortMs, 'ms', { atMost: 100 });
  figure(`${of}: filtered by text and drawn`, grid.filterMs, 'ms', { atMost: 100 });
  figure(`${of}: page's own CPU per frame scrolled`, grid.cpuMs, 'ms', { atMost: 16 });
  figure(`${of}: page's own CPU per frame scrolled, lines of text`, list.cpuMs, 'ms');
  figure(`${of}: 95th percentile of a frame while scrolling`, grid.frameMs, 'ms');
  figure(`${of}: frames lost while scrolling`, grid.lostPercent, '%', { atMost: 5 });
  figure(`${of}: frames lost while scrolling, lines of text`, list.lostPercent, '%');
  figure(`${of}: frames lost on an empty page`, empty.lostPercent, '%');
  figure(`${of}: elements in the page`, grid.elements, '');
} finally {
  await server.stop();
}

async function measureTable(): Promise<Measured> {
  const panel = await StatementsPanel.open(server, { state: statementsReady(storyRows()) });
  try {
    const { page } = panel;
    await page.locator('.grid-body .grid-row').first().waitFor();
    const message = { type: 'notification', method: 'state', params: statementsReady(manyRows(rows)) };
    const firstMs = await page.evaluate(showReading, JSON.stringify(message));
    const sortMs = await page.evaluate(timeToDraw, { click: '.calls .sorter', shows: `table_${rows - 1} ` });
    const filterMs = await page.evaluate(timeToDraw, { type: 'table_77', shows: 'table_7799 ' });
    await page.evaluate(timeToDraw, { type: '', shows: `table_${rows - 1} ` });
    return { firstMs, sortMs, filterMs, ...(await scroll(page, '.grid')) };
  } finally {
    await panel.close();
  }
}

/** What follows runs on the page. */
async function showReading(json: string): Promise<number> {
  const page = globalThis as unknown as PageGlobals;
  const frame = () => new Promise(resolve => page.requestAnimationFrame(resolve));
  const message = JSON.parse(json);
  const startedAt = performance.now();
  page.postMessage(message, '*');
  while (!page.document.querySelector('.grid-body')?.textContent.includes('FROM table_1 ')) await frame();
  await frame();
  return performance.now() - startedAt;
}

async function timeToDraw({ click, type, shows }: { click?: string; type?: string; shows: string }): Promise<number> {
  const page = globalThis as unknown as PageGlobals & { Event: new (type: string, options: object) => unknown };
  const frame = () => new Promise(resolve => page.requestAnimationFrame(resolve));
  const element = page.document.querySelector(click ?? '#find') as unknown as {
    click(): void;
    value: string;
    dispatchEvent(event: unknown): void;
  };
  const startedAt = performance.now();
  if (type === undefined) element.click();
  else {
    element.value = type;
    element.dispatchEvent(new page.Event('input', { bubbles: true }));
  }
  while (!page.document.querySelector('.grid-body').textContent.includes(shows)) await frame();
  return performance.now() - startedAt;
}
