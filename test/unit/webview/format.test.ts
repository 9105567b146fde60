import { expect, it } from 'vitest';
import {
  cost,
  count,
  estimateAndActual,
  ms,
  pages,
  placeAt,
  ratio,
  themeColor,
} from '../../../webview/plan-diff/format';

it.each([
  [0, '0'],
  [0.0042, '0.004'],
  [0.0999, '0.10'],
  [2.114, '2.11'],
  [9.996, '10.0'],
  [58.04, '58.0'],
  [99.96, '100'],
  [320.633, '321'],
  [2799.12, '2,799'],
])('%f ms reads %s', (value, text) => expect(ms(value)).toBe(text));

it.each([
  [0.833, '0.8×'],
  [0.05, '0.05×'],
  [8.73, '8.7×'],
  [43.2, '43×'],
  [831_152, '831K×'],
])('a ratio of %f reads %s', (value, text) => expect(ratio(value)).toBe(text));

it.each([
  [0.29, '0.29'],
  [12031.5, '12,032'],
  [10_000_012_031, '1.00e10'],
])('a cost of %f reads %s', (value, text) => expect(cost(value)).toBe(text));

it('keeps the fraction of averages over loops', () => {
  expect(count(1.33)).toBe('1.33');
  expect(count(1905)).toBe('1,905');
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
