import { expect, it } from 'vitest';
import {
  contentHeightPx,
  maxHeightPx,
  mostRows,
  scrollToRow,
  type Viewport,
  windowAt,
} from '../../../webview/common/viewport';

const rowHeightPx = 24;
const small: Viewport = { rowHeightPx, rowCount: 100, heightPx: 240 };
const huge: Viewport = { rowHeightPx, rowCount: 1_000_000, heightPx: 240 };

it('draws the rows in view and some beside them', () => {
  expect(windowAt(small, 0, 2)).toEqual({ first: 0, end: 15, topPx: 0 });
  expect(windowAt(small, 480, 2)).toEqual({ first: 18, end: 33, topPx: 432 });
  expect(windowAt(small, 2160, 2)).toEqual({ first: 88, end: 100, topPx: 2112 });
});

it('draws nothing of nothing', () => {
  expect(windowAt({ ...small, rowCount: 0 }, 0, 2)).toEqual({ first: 0, end: 0, topPx: 0 });
  expect(scrollToRow({ ...small, rowCount: 0 }, 0, 0)).toBe(0);
});

it('never draws more rows than it says', () => {
  for (let scrollTop = 0; scrollTop < 2160; scrollTop += 7) {
    const { first, end } = windowAt(small, scrollTop, 3);
    expect(end - first).toBeLessThanOrEqual(mostRows(small, 3));
    expect(first * rowHeightPx).toBeLessThanOrEqual(Math.max(0, scrollTop - 2 * rowHeightPx));
    expect(end * rowHeightPx).toBeGreaterThanOrEqual(Math.min(2400, scrollTop + small.heightPx));
  }
});

it('scrolls as little as shows a row', () => {
  expect(scrollToRow(small, 480, 25)).toBe(480);
  expect(scrollToRow(small, 480, 19)).toBe(456);
  expect(scrollToRow(small, 480, 30)).toBe(504);
  expect(scrollToRow(small, 0, 99)).toBe(2160);
  expect(scrollToRow(small, 2160, 0)).toBe(0);
});

it('puts a row from far away into the middle', () => {
  expect(scrollToRow(small, 0, 60)).toBe(60 * rowHeightPx - 120);
});

it('reaches every row of a list taller than a browser can lay out', () => {
  expect(contentHeightPx(huge)).toBe(maxHeightPx);
  for (const row of [0, 1, 2, 400_000, 777_777, 999_998, 999_999]) {
    for (const from of [0, maxHeightPx / 2, maxHeightPx - huge.heightPx]) {
      const scrollTop = scrollToRow(huge, from, row);
      expect(scrollTop).toBeGreaterThanOrEqual(0);
      expect(scrollTop).toBeLessThanOrEqual(maxHeightPx - huge.heightPx);
      const { first, end, topPx } = windowAt(huge, scrollTop, 2);
      expect(row).toBeGreaterThanOrEqual(first);
      expect(row).toBeLessThan(end);
      const top = topPx + (row - first) * rowHeightPx;
      expect(top).toBeGreaterThanOrEqual(scrollTop - 0.01);
      expect(top + rowHeightPx).toBeLessThanOrEqual(scrollTop + huge.heightPx + 0.01);
    }
  }
});
