import { describe, expect, test } from 'vitest';
import { attachCounts, attachRemote } from '../../../src/diagnosis/nested-evidence';
import { matchNested } from '../../../src/diagnosis/nested-match';
import type { FoundStatement } from '../../../src/diagnosis/nested-side';
import { textToExplain } from '../../../src/diagnosis/nested-text';
import { loadSqlParser } from '../../../src/sql/parser';

const parser = await loadSqlParser();

const found = (sql: string, changes: Partial<FoundStatement> = {}): FoundStatement => ({
  sql,
  routine: 'work(integer)',
  line: 1,
  parent: -1,
  timeFrom: 'none',
  ...changes,
});

const sourceOf = (sql: string, filled: string): NonNullable<FoundStatement['source']> => ({
  sql,
  kind: 'sql',
  line: 1,
  routine: 'work(integer)',
  inLoop: false,
  conditional: false,
  parent: -1,
  filled: { sql: filled, parameterCount: 0, unknown: [] },
});

describe('lining up the statements of two sides', () => {
  const lines = (a: FoundStatement[], b: FoundStatement[], keepSecond = true) =>
    matchNested(parser, a, b, keepSecond).map(({ first, second, parent }) => [first?.sql, second?.sql, parent]);

  test('pairs those in the same place, then by what they say', () => {
    expect(
      lines(
        [
          found('SELECT f(1)'),
          found('DELETE FROM t WHERE a = 1', { parent: 0, routine: 'f(integer)' }),
          found('UPDATE t SET a = 1'),
        ],
        [
          found('UPDATE t SET a = 2', { line: 9 }),
          found('SELECT  f(1)', { routine: 's.work(integer)' }),
          found('DELETE FROM t WHERE a = 1', { parent: 1, routine: 's.f(integer)' }),
          found('INSERT INTO u VALUES (1)'),
        ],
      ),
    ).toEqual([
      ['SELECT f(1)', 'SELECT  f(1)', -1],
      ['DELETE FROM t WHERE a = 1', 'DELETE FROM t WHERE a = 1', 0],
      ['UPDATE t SET a = 1', 'UPDATE t SET a = 2', -1],
      [undefined, 'INSERT INTO u VALUES (1)', -1],
    ]);
  });

  test('leaves out what only a side has that did not run', () => {
    expect(lines([found('SELECT 1')], [found('DELETE FROM t'), found('SELECT 1')], false)).toEqual([
      ['SELECT 1', 'SELECT 1', -1],
    ]);
  });

  test('pairs the same statement twice with its like twice', () => {
    const twice = [found('SELECT 1', { line: 1 }), found('SELECT 1', { line: 2 })];
    expect(lines(twice, [...twice].reverse())).toHaveLength(2);
    expect(lines(twice, twice.slice(0, 1))).toEqual([
      ['SELECT 1', 'SELECT 1', -1],
      ['SELECT 1', undefined, -1],
    ]);
  });

  test('pairs an EXECUTE that ran with the one in the source', () => {
    const source = { kind: 'dynamic', routine: 'work(integer)', line: 7 } as FoundStatement['source'];
    expect(
      lines(
        [found('DELETE FROM t', { line: 7, source: source! })],
        [found(`format('DELETE FROM %I', n)`, { line: 7, source: source! })],
      ),
    ).toHaveLength(1);
  });
});

describe('what statistics and Citus say', () => {
  test('is told of the statement with that text, and of workers by command and tables', () => {
    const statements = attachCounts(
      parser,
      [found('INSERT INTO r SELECT a FROM e WHERE d >= from_day'), found('UPDATE e SET a = 1')],
      [
        { sql: 'INSERT INTO r SELECT a FROM e WHERE d >= from_day', calls: 2, totalMs: 30, jitMs: 4 },
        { sql: 'DELETE FROM x', calls: 1, totalMs: 1 },
        { sql: 'SELECT a FROM e', node: 'w1:1', calls: 4, totalMs: 8, jitMs: 2 },
        { sql: 'INSERT INTO r SELECT a FROM e WHERE d >= $1', node: 'w2:1', calls: 4, totalMs: 9, jitMs: 3 },
        { sql: 'INSERT INTO r SELECT a FROM e WHERE d >= $1', node: 'w2:1', calls: 1, totalMs: 1, jitMs: 1 },
        { sql: 'SELECT 1 FROM elsewhere', node: 'w2:1', calls: 1, totalMs: 1 },
      ],
    );
    expect(statements.map(({ sql, calls, totalMs, timeFrom }) => [sql, calls, totalMs, timeFrom])).toEqual([
      ['INSERT INTO r SELECT a FROM e WHERE d >= from_day', 2, 30, 'statistics'],
      ['UPDATE e SET a = 1', undefined, undefined, 'none'],
      ['DELETE FROM x', 1, 1, 'statistics'],
    ]);
    // A SELECT on a worker is part of the INSERT … SELECT, never of the UPDATE.
    expect(statements[0]!.nodes).toEqual([
      { node: 'w2:1', calls: 5, totalMs: 10, jitMs: 4 },
      { node: 'w1:1', calls: 4, totalMs: 8, jitMs: 2 },
    ]);
    expect(statements[1]!.nodes).toBeUndefined();
  });

  test('is told of a statement whose text the statistics have from another routine', () => {
    const dynamic = { kind: 'dynamic', sql: `format('UPDATE %I SET b = 1', n)` } as FoundStatement['source'];
    const statements = attachCounts(
      parser,
      [
        found(`format('UPDATE %I SET b = 1', n)`, { source: dynamic! }),
        found('UPDATE t SET a = 1'),
        found('UPDATE t SET a = 1 WHERE k = n', {
          source: sourceOf('UPDATE t SET a = 1 WHERE k = n', 'UPDATE t SET a = 1 WHERE k = 5'),
        }),
      ],
      [
        { sql: 'UPDATE t SET a = $1 WHERE k = other', calls: 3, totalMs: 3 },
        { sql: 'UPDATE u SET b = $1', calls: 4, totalMs: 1 },
      ],
    );
    expect(statements.map(({ sql, calls }) => [sql, calls])).toEqual([
      ['UPDATE u SET b = $1', 4],
      ['UPDATE t SET a = 1', undefined],
      ['UPDATE t SET a = 1 WHERE k = n', 3],
    ]);
  });

  test('tells two statements on the same table apart by their columns', () => {
    const [first, second] = attachCounts(
      parser,
      [found('UPDATE t SET a = 1 WHERE k = v'), found('UPDATE t SET b = 1 WHERE k = v')],
      [{ sql: 'UPDATE t x SET b = $1 WHERE (k = $2)', node: 'w:1', calls: 1, totalMs: 2 }],
    );
    expect(first!.nodes).toBeUndefined();
    expect(second!.nodes).toEqual([{ node: 'w:1', calls: 1, totalMs: 2 }]);
  });

  test('gives values to a statement that has none', () => {
    const filled = { sql: 'UPDATE t SET a = 1 WHERE k = $1::int', parameterCount: 1, unknown: [{ name: 'v' }] };
    const source = { filled, kind: 'sql' } as FoundStatement['source'];
    const statements = [found('UPDATE t SET a = 1 WHERE k = v', { source: source! })];
    expect(textToExplain(parser, statements[0], undefined)).toEqual({
      text: filled,
      unresolved: ['Explained without the values of v: the generic plan.'],
    });
    attachRemote(parser, statements, ['UPDATE t SET a = 1 WHERE (k OPERATOR(pg_catalog.=) 7)']);
    expect(textToExplain(parser, statements[0], undefined)).toMatchObject({
      text: { sql: 'UPDATE t SET a = 1 WHERE k = 7::int', parameterCount: 0 },
      unresolved: [],
    });
    attachRemote(parser, statements, ['UPDATE t SET a = 2 WHERE k = 8', 'UPDATE t SET a = 1 WHERE k = 9']);
    expect(textToExplain(parser, statements[0], undefined).unresolved).toEqual([
      'Explained with the first of 2 values of v that Citus sent.',
    ]);
    // The other side ran the same call.
    expect(
      textToExplain(parser, found('UPDATE t SET a = 1 WHERE k = v', { source: source! }), statements[0]),
    ).toMatchObject({
      text: { parameterCount: 0 },
    });
  });
});
