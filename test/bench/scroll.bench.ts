/**
 * The aligned trees at 10,000 and 50,000 rows: time to the first rows, and frames lost while scrolling. Beside them a plain
 * table of all rows, and what this machine can do at all at that moment: a page that only asks for frames, and as many
 * placed lines of plain text as the grid has rows in the page, the same ten of them rewritten per frame.
 */
import { Panel, PanelServer } from '../webview/panel';
import { largeView, ready, rollupView } from '../webview/views';
import { figure } from './measure';
import { linesOfText, measureBare, medians, type PageGlobals, type Scrolled, scroll } from './scrolling';

/** Grid and limits take turns, so that what else runs on the machine slows them alike; medians are printed. */
const rounds = 3;

const server = await PanelServer.start();
try {
  figure('script of the page', server.scriptBytes['plan-diff'] / 1024, 'kB');
  for (const rows of [10_000, 50_000]) {
    const view = largeView({ rows, differsEvery: 500 });
    const table = await measureTable(view);
    const grids: Measured[] = [];
    const lists: Scrolled[] = [];
    const empties: Scrolled[] = [];
    for (let i = 0; i < rounds; i++) {
      empties.push(await measureBare(server.browser, { lines: 0, rows }));
      lists.push(await measureBare(server.browser, { lines: linesOfText, rows }));
      grids.push(await measureGrid(view));
    }
    const grid = medians(grids);
    const list = medians(lists);
    const empty = medians(empties);
    const of = `${rows.toLocaleString('en')} rows`;
    figure(`${of}: first rows, grid`, grid.firstMs, 'ms');
    figure(`${of}: first rows, plain table`, table.firstMs, 'ms');
    figure(`${of}: first rows, table / grid`, table.firstMs / grid.firstMs, '×', { atLeast: 5 });
    figure(`${of}: page's own CPU per frame scrolled, grid`, grid.cpuMs, 'ms', { atMost: 16 });
    figure(`${of}: page's own CPU per frame scrolled, lines of text`, list.cpuMs, 'ms');
    figure(`${of}: page's own CPU per frame scrolled, plain table`, table.cpuMs, 'ms');
    figure(`${of}: 95th percentile of a frame while scrolling, grid`, grid.frameMs, 'ms');
    figure(`${of}: 95th percentile of a frame while scrolling, plain table`, table.frameMs, 'ms');
    figure(`${of}: frames lost while scrolling, grid`, grid.lostPercent, '%', { atMost: 5 });
    figure(`${of}: frames lost on an empty page`, empty.lostPercent, '%');
    figure(`${of}: frames lost while scrolling, lines of text`, list.lostPercent, '%');
    figure(`${of}: frames lost while scrolling, plain table`, table.lostPercent, '%');
    figure(`${of}: elements in the page, grid`, grid.elements, '');
    figure(`${of}: elements in the page, plain table`, table.elements, '');
  }
} finally {
  await server.stop();
}

interface Measured extends Scrolled {
  firstMs: number;
}

/** From the message with the result, through its check, to the frame that shows rows. */
async function measureGrid(view: ReturnType<typeof largeView>): Promise<Measured> {
  const panel = await Panel.open(server, { state: ready(rollupView()) });
  try {
    await panel.page.locator('.grid-row').first().waitFor();
    const message = { type: 'notification', method: 'state', params: ready(view) };
    const firstMs = await panel.page.evaluate(showResult, JSON.stringify(message));
    await panel.page.getByRole('button', { name: 'Unfold All' }).click();
    return { firstMs, ...(await scroll(panel.page, '.grid')) };
  } finally {
    await panel.close();
  }
}

/** The same cells of all rows in a table, made the fastest way there is. */
async function measureTable(view: ReturnType<typeof largeView>): Promise<Measured> {
  const page = await server.browser.newPage({ viewport: { width: 1400, height: 800 } });
  try {
    await page.setContent('<style>#scroller{height:500px;overflow:auto}</style><div id="scroller"></div>');
    page.setDefaultTimeout(0);
    const firstMs = await page.evaluate(showTable, JSON.stringify(view.rows));
    return { firstMs, ...(await scroll(page, '#scroller')) };
  } finally {
    await page.close();
  }
}

async function showResult(json: string): Promise<number> {
  const page = globalThis as unknown as PageGlobals;
  const frame = () => new Promise(resolve => page.requestAnimationFrame(resolve));
  const message = JSON.parse(json);
  const startedAt = performance.now();
  page.postMessage(message, '*');
  while (!page.document.querySelector('.grid-body')?.textContent.includes('part_1')) await frame();
  await frame();
  return performance.now() - startedAt;
}

async function showTable(json: string): Promise<number> {
  const page = globalThis as unknown as PageGlobals;
  const rows = JSON.parse(json) as ReturnType<typeof largeView>['rows'];
  const startedAt = performance.now();
  const table = page.document.createElement('table');
  for (const row of rows) {
    const tr = page.document.createElement('tr');
    for (const cell of [row.source!, row.target!]) {
      const texts = [cell.name, cell.selfMs, `${cell.rowsEstimated} → ${cell.rowsActual}`, cell.pages, row.mark];
      for (const text of texts) {
        const td = page.document.createElement('td');
        td.textContent = String(text);
        tr.append(td);
      }
    }
    table.append(tr);
  }
  page.document.querySelector('#scroller').append(table);
  for (let i = 0; i < 2; i++) await new Promise(resolve => page.requestAnimationFrame(resolve));
  return performance.now() - startedAt;
}
