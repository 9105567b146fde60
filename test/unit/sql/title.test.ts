import { expect, test } from 'vitest';
import { statementTitle } from '../../../src/sql/title';

test.each<[string, number, string]>([
  ['SELECT 1', 80, 'SELECT 1'],
  ['  -- comment\nSELECT\n\t a , /* b */\r\n c FROM t ; ', 80, 'SELECT a , c FROM t'],
  ["SELECT 'two  -- spaces;'", 80, "SELECT 'two -- spaces;'"],
  ["SELECT 'line\nbreak\x07\u202e'", 80, "SELECT 'line break '"],
  ['SELECT a/**/b', 80, 'SELECT a b'],
  ['SELECT 1234567890', 10, 'SELECT 12…'],
  ['SELECT    a, b', 9, 'SELECT a…'],
  ["SELECT '😀😀😀😀'", 11, "SELECT '😀😀…"],
  ['SELECT 12', 9, 'SELECT 12'],
  ['', 80, ''],
  ['-- nothing', 80, ''],
])('%j in %i characters', (sql, maxLength, expected) => {
  expect(statementTitle(sql, maxLength)).toBe(expected);
});

test('5 MB is cut early', { timeout: 60_000 }, () => {
  expect(statementTitle(`SELECT ${'a, '.repeat(1_700_000)}`)).toMatch(/^SELECT [a, ]{71,72}…$/);
  expect(statementTitle(`SELECT '${' x'.repeat(2_500_000)}'`)).toMatch(/^SELECT '[ x]{70,71}…$/);
});
