import { expect, test } from 'vitest';
import { stripExplain } from '../../../src/sql/explain-prefix';

test.each<[string, string]>([
  ['EXPLAIN SELECT 1', 'SELECT 1'],
  ['explain analyze select 1', 'select 1'],
  ['EXPLAIN ANALYSE VERBOSE DELETE FROM t', 'DELETE FROM t'],
  ['EXPLAIN VERBOSE SELECT 1', 'SELECT 1'],
  ["EXPLAIN (ANALYZE, FORMAT json, SETTINGS (on), X ')') SELECT 1", 'SELECT 1'],
  ['EXPLAIN (COSTS OFF) (SELECT 1) UNION (SELECT 2)', '(SELECT 1) UNION (SELECT 2)'],
  ['EXPLAIN (SELECT 1)', '(SELECT 1)'],
  ['EXPLAIN ((WITH a AS (SELECT 1) TABLE a))', '((WITH a AS (SELECT 1) TABLE a))'],
  ['/* a */ EXPLAIN /* b */ (ANALYZE) -- c\n SELECT :x', 'SELECT :x'],
  ['EXPLAIN EXECUTE q(1)', 'EXECUTE q(1)'],
  ['SELECT 1', 'SELECT 1'],
  ['SELECT explain FROM t', 'SELECT explain FROM t'],
  ['EXPLAIN', 'EXPLAIN'],
  ['EXPLAIN ANALYZE', 'EXPLAIN ANALYZE'],
  ['EXPLAIN (ANALYZE', 'EXPLAIN (ANALYZE'],
  ['EXPLAIN (ANALYZE)', 'EXPLAIN (ANALYZE)'],
  ['', ''],
])('%j', (sql, expected) => {
  const { text, offset } = stripExplain(sql);
  expect(text).toBe(expected);
  expect(sql.slice(offset)).toBe(expected);
});
