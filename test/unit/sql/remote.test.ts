import { describe, expect, test } from 'vitest';
import { loadSqlParser } from '../../../src/sql/parser';
import { isConsistent, valuesFromRemote } from '../../../src/sql/remote-values';
import { findCalls, isConstantExpression } from '../../../src/sql/routine-calls';
import { foldShards, shardNames } from '../../../src/sql/shard-text';

const parser = await loadSqlParser();
const values = (sql: string, remote: string) => Object.fromEntries(valuesFromRemote(parser, sql, remote));

describe("texts of Citus's tasks", () => {
  const text = `/*{"cId":2,"tId":"5"}*/ INSERT INTO analytics.rollups_102018 AS a (x) SELECT 'events_102009' FROM "Events_102010" e WHERE e.day_2024 > 1`;

  test('name shards as words, not in strings', () => {
    expect(shardNames([text])).toEqual(['rollups_102018', 'Events_102010', 'day_2024']);
  });

  test('are turned back to the tables, and lose the comment with a tenant in it', () => {
    const shards = new Map([
      ['rollups_102018', { table: 'rollups' }],
      ['Events_102010', { table: 'Events' }],
      ['events_102009', { table: 'events' }],
    ]);
    expect(foldShards(text, shards)).toBe(
      `INSERT INTO analytics.rollups AS a (x) SELECT 'events_102009' FROM "Events" e WHERE e.day_2024 > 1`,
    );
  });
});

describe('values that Citus put in place', () => {
  test('are found by column and operator', () => {
    expect(
      values(
        'SELECT * FROM events e WHERE e.created_at >= $1::timestamptz AND e.created_at < $2 AND $3::int = e.tenant_id AND e.note = $4',
        `SELECT * FROM events e WHERE ((e.created_at OPERATOR(pg_catalog.>=) '2024-01-10 00:00:00+00'::timestamp with time zone) AND (e.created_at OPERATOR(pg_catalog.<) '2024-01-17'::timestamptz) AND (e.tenant_id OPERATOR(pg_catalog.=) 5) AND (e.note = 'it''s'))`,
      ),
    ).toEqual({ $1: `'2024-01-10 00:00:00+00'`, $2: `'2024-01-17'`, $3: '5', $4: `'it''s'` });
  });

  test('are found in SET and VALUES', () => {
    expect(
      values('UPDATE t SET a = $1, b = $2 WHERE c = $3', `UPDATE t SET a = 0, b = NULL::text WHERE (c = true)`),
    ).toEqual({
      $1: '0',
      $2: 'NULL',
      $3: 'true',
    });
    expect(values('INSERT INTO t (a, b) VALUES ($1, 2)', 'INSERT INTO t (a, b) VALUES (1.5, 2)')).toEqual({
      $1: '1.5',
    });
  });

  test('are found by their order where the columns are not named', () => {
    expect(values('INSERT INTO t VALUES ($1, 2 + $1, $2)', 'INSERT INTO t (k, a, b) VALUES (1, 3, NULL)')).toEqual({
      $1: '1',
      $2: 'NULL',
    });
  });

  test('belong to a statement whose own constants are there, too', () => {
    const sql = `UPDATE t SET a = 'again', d = '2024-01-01' WHERE k = n`;
    expect(
      isConsistent(parser, sql, `UPDATE t SET a = 'again'::text, d = '2024-01-01 00:00:00+00' WHERE (k = 1)`),
    ).toBe(true);
    expect(isConsistent(parser, sql, `UPDATE t SET a = 'other'::text WHERE (k = 3)`)).toBe(false);
  });

  test('are left out where they are not certain', () => {
    expect(values('SELECT 1 FROM t WHERE a > $1', 'SELECT 1 FROM t WHERE a > 1 OR a > 2')).toEqual({});
    expect(values('SELECT 1 FROM t WHERE a = $1 AND b = $1', 'SELECT 1 FROM t WHERE a = 1 AND b = 2')).toEqual({});
    expect(values('SELECT 1 FROM t WHERE a = $1', 'no SQL')).toEqual({});
  });
});

describe('calls in a statement', () => {
  test('come with their arguments as written', () => {
    expect(findCalls(parser, `CALL s.work('a,b', date '2024-01-01' + 7, f(1, ARRAY[2, 3]))`)).toEqual([
      {
        schema: 's',
        name: 'work',
        arguments: [{ text: `'a,b'` }, { text: `date '2024-01-01' + 7` }, { text: 'f(1, ARRAY[2, 3])' }],
      },
      { name: 'f', arguments: [{ text: '1' }, { text: 'ARRAY[2, 3]' }] },
    ]);
    expect(findCalls(parser, 'SELECT * FROM g("Day" => now(), n := 1), h()')).toEqual([
      {
        name: 'g',
        arguments: [
          { name: 'Day', text: 'now()' },
          { name: 'n', text: '1' },
        ],
      },
      { name: 'now', arguments: [] },
      { name: 'h', arguments: [] },
    ]);
    expect(findCalls(parser, 'broken (')).toEqual([]);
  });

  test('tell constants from what depends on rows', () => {
    const constants = [`date '2024-01-01' + 7`, `now()`, `ARRAY[1, 2]`, 'NULL'];
    const others = ['a + 1', '(SELECT 1)', '$1', 'EXISTS (SELECT 1 FROM t)', 'broken ('];
    expect(constants.filter(text => !isConstantExpression(parser, text))).toEqual([]);
    expect(others.filter(text => isConstantExpression(parser, text))).toEqual([]);
  });
});
