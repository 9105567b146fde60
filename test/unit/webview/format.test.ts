import { expect, it } from 'vitest';
import { plural, shortRatio, themeColor } from '../../../webview/common/format';
import { estimateAndActual, pages, placeAt } from '../../../webview/plan-diff/format';

it('shortens a ratio that a cost penalty blew up', () => {
  expect(shortRatio(8.73)).toBe('8.7×');
  expect(shortRatio(831_152)).toBe('831K×');
});

it('counts in words', () => {
  expect(plural(1, 'row')).toBe('1 row');
  expect(plural(1152, 'row')).toBe('1,152 rows');
});

it('says estimated and actual rows as far as they are known', () => {
  const cell = { name: 'Sort', category: 'sort' as const };
  expect(estimateAndActual({ ...cell, rowsEstimated: 1880, rowsActual: 1905 }, true)).toBe('1,880 → 1,905');
  expect(estimateAndActual({ ...cell, rowsActual: 0 }, true)).toBe('— → 0');
  expect(estimateAndActual(cell, true)).toBe('');
  expect(estimateAndActual({ ...cell, rowsEstimated: 1880 }, false)).toBe('1,880');
  expect(estimateAndActual(cell, false)).toBe('');
});

it('says pages and temporary pages', () => {
  const cell = { name: 'Sort', category: 'sort' as const };
  expect(pages({ ...cell, pages: 0, tempPages: 78 })).toBe('78 temp');
  expect(pages({ ...cell, pages: 2114, tempPages: 78 })).toBe('2,114 + 78 temp');
  expect(pages({ ...cell, pages: 0 })).toBe('0');
  expect(pages(cell)).toBe('');
});

it('shows a position as psql does', () => {
  expect(placeAt('SELECT 1\nFROM nowhere', 15)).toEqual({ line: 2, text: 'FROM nowhere', column: 5 });
  // PostgreSQL counts characters, not UTF-16 units.
  expect(placeAt("SELECT '😀', x", 13)).toEqual({ line: 1, text: "SELECT '😀', x", column: 12 });
  expect(placeAt('SELECT', 7)).toEqual({ line: 1, text: 'SELECT', column: 6 });
  expect(placeAt('SELECT', 0)).toBeUndefined();
  expect(placeAt('SELECT', 99)).toBeUndefined();
});

it('cuts a long line around the position', () => {
  const sql = `SELECT ${'a, '.repeat(500)}oops ${', b'.repeat(500)}`;
  const place = placeAt(sql, sql.indexOf('oops') + 1)!;
  expect(place.text.length).toBeLessThanOrEqual(102);
  expect([...place.text].slice(place.column, place.column + 4).join('')).toBe('oops');
});

it('takes theme colour ids and nothing else for colours', () => {
  expect(themeColor('charts.blue', 'source')).toBe(
    'rgb(from var(--vscode-charts-blue, var(--default-source)) r g b / 1)',
  );
  expect(themeColor('red;background:url(x)', 'target')).toBe('rgb(from var(--default-target) r g b / 1)');
});
