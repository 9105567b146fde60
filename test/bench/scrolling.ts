/**
 * What the benchmarks of scrolling share: a list scrolled frame by frame, and what this machine can do at all at that
 * moment, which is a page of a few placed lines of plain text, or of none.
 */
import type { Browser, Page } from 'playwright-core';

/** Scrolled distance per frame: ten rows, faster than anybody reads. */
const stepPx = 240;
/** As many as the grid keeps rows in the page. */
export const linesOfText = 30;
const scrolledFrames = 180;

export interface Scrolled {
  cpuMs: number;
  frameMs: number;
  lostPercent: number;
  elements: number;
}

export function medians<Figures extends Scrolled>(measured: Figures[]): Figures {
  const names = Object.keys(measured[0]!) as (keyof Figures)[];
  const middle = (name: keyof Figures) =>
    measured.map(each => each[name] as number).toSorted((a, b) => a - b)[measured.length >> 1]!;
  return Object.fromEntries(names.map(name => [name, middle(name)])) as unknown as Figures;
}

/** Lines of text recycled in turn; without any, a page that only asks for frames. */
export async function measureBare(browser: Browser, options: { lines: number; rows: number }): Promise<Scrolled> {
  const page = await browser.newPage({ viewport: { width: 1400, height: 800 } });
  try {
    await page.setContent(
      `<style>
        #scroller { position: relative; height: 420px; overflow: auto }
        #scroller div { position: absolute; height: 24px; white-space: nowrap }
      </style>
      <div id="scroller"></div>`,
    );
    if (options.lines > 0) await page.evaluate(showLines, options);
    return await scroll(page, '#scroller');
  } finally {
    await page.close();
  }
}

/** Scrolls through and tells the CPU time per frame, the length of frames, and how many were lost. */
export async function scroll(page: Page, selector: string): Promise<Scrolled> {
  const session = await page.context().newCDPSession(page);
  // CPU time of the page's thread: what others on the machine do does not count.
  await session.send('Performance.enable', { timeDomain: 'threadTicks' });
  const cpu = async () => {
    const { metrics } = await session.send('Performance.getMetrics');
    return 1000 * metrics.find(({ name }) => name === 'TaskDuration')!.value;
  };
  const before = await cpu();
  const { frames, elements } = await page.evaluate(scrollThrough, { selector, stepPx, frames: scrolledFrames });
  const cpuMs = ((await cpu()) - before) / frames.length;
  const sorted = frames.toSorted((a, b) => a - b);
  const frameMs = sorted[Math.floor(sorted.length * 0.95)]!;
  // A frame that took n frames' time has cost n − 1 of them.
  const lost = frames.reduce((sum, each) => sum + Math.max(0, Math.round(each / (1000 / 60)) - 1), 0);
  return { cpuMs, frameMs, lostPercent: (100 * lost) / (lost + frames.length), elements };
}

/** What follows runs on the page; the benchmarks are compiled without the browser's types. */
export interface PageGlobals {
  postMessage(message: unknown, origin: string): void;
  requestAnimationFrame(callback: (now: number) => void): void;
  document: {
    querySelector(selector: string): PageElement;
    querySelectorAll(selector: string): { length: number };
    createElement(tag: string): PageElement;
  };
}
interface PageElement {
  scrollTop: number;
  textContent: string;
  style: { transform: string; height: string };
  append(...children: PageElement[]): void;
  addEventListener(type: 'scroll', listener: () => void): void;
}

function showLines({ lines, rows }: { lines: number; rows: number }): void {
  const { document } = globalThis as unknown as PageGlobals;
  const scroller = document.querySelector('#scroller');
  const end = document.createElement('div');
  end.style.height = `${rows * 24}px`;
  const pool = Array.from({ length: lines }, () => ({ element: document.createElement('div'), row: -1 }));
  scroller.append(end, ...pool.map(({ element }) => element));
  const draw = () => {
    const first = Math.floor(scroller.scrollTop / 24);
    for (let row = first; row < first + lines; row++) {
      const line = pool[row % lines]!;
      if (line.row === row) continue;
      line.row = row;
      line.element.style.transform = `translateY(${row * 24}px)`;
      line.element.textContent = `Index Scan on part_${row} 38.4 ${row} → ${row + 1} 12 Index Scan on part_${row} 38.4 ${row} → ${row + 1} 12`;
    }
  };
  scroller.addEventListener('scroll', draw);
  draw();
}

async function scrollThrough(options: { selector: string; stepPx: number; frames: number }) {
  const page = globalThis as unknown as PageGlobals;
  const frame = () => new Promise<number>(resolve => page.requestAnimationFrame(resolve));
  const scroller = page.document.querySelector(options.selector);
  const frames: number[] = [];
  for (let i = 0; i < 10; i++) await frame();
  let before = await frame();
  for (let i = 0; i < options.frames; i++) {
    scroller.scrollTop += options.stepPx;
    const now = await frame();
    frames.push(now - before);
    before = now;
  }
  return { frames, elements: page.document.querySelectorAll('*').length };
}
