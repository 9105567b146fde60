import { beforeAll, describe, expect, test } from 'vitest';
import type { StatementClass } from '../../../src/shared/plan-diff';
import { type Classification, classify, type FunctionVolatility, withVolatility } from '../../../src/sql/classify';
import { loadSqlParser, type SqlParser } from '../../../src/sql/parser';
import { corpus } from './corpus';

let parser: SqlParser;
beforeAll(async () => {
  parser = await loadSqlParser();
});

function names(list: Classification['relations']): string[] {
  return list.map(({ schema, name }) => (schema === undefined ? name : `${schema}.${name}`)).sort();
}

describe('by grammar', () => {
  test.each<[string, StatementClass, string, boolean]>([
    ['SELECT 1', 'read', 'SELECT', true],
    ['TABLE t', 'read', 'SELECT', true],
    ['VALUES (1)', 'read', 'VALUES', true],
    ['WITH a AS (SELECT 1) SELECT * FROM a', 'read', 'SELECT', true],
    ['/*+ hint */ SELECT 1;', 'read', 'SELECT', true],
    ['SELECT * FROM t FOR UPDATE', 'write', 'SELECT', true],
    ['SELECT * FROM (SELECT * FROM t FOR SHARE) s', 'write', 'SELECT', true],
    ['SELECT 1 WHERE EXISTS (SELECT 1 FROM t FOR NO KEY UPDATE)', 'write', 'SELECT', true],
    ['(SELECT 1) UNION (SELECT 2 FROM t FOR KEY SHARE)', 'write', 'SELECT', true],
    ['SELECT 1 INTO t', 'write', 'SELECT', true],
    ['WITH d AS (DELETE FROM t RETURNING *) SELECT * FROM d', 'write', 'SELECT', true],
    ['WITH a AS (WITH b AS (UPDATE t SET a = 1 RETURNING *) SELECT * FROM b) SELECT * FROM a', 'write', 'SELECT', true],
    ['WITH m AS (MERGE INTO t USING s ON true WHEN MATCHED THEN DELETE RETURNING *) TABLE m', 'write', 'SELECT', true],
    ['INSERT INTO t VALUES (1)', 'write', 'INSERT', true],
    ['WITH a AS (SELECT 1) INSERT INTO t SELECT * FROM a', 'write', 'INSERT', true],
    ['UPDATE t SET a = 1', 'write', 'UPDATE', true],
    ['DELETE FROM t', 'write', 'DELETE', true],
    ['MERGE INTO t USING s ON true WHEN MATCHED THEN DELETE', 'write', 'MERGE', true],
    ['CALL p(1)', 'write', 'CALL', false],
    ['DO $$ BEGIN END $$', 'write', 'DO', false],
    ['EXECUTE q(1)', 'unknown', 'EXECUTE', true],
    ['PREPARE q AS DELETE FROM t', 'utility', 'PREPARE', false],
    ['DECLARE c CURSOR FOR SELECT 1', 'read', 'DECLARE', true],
    ['DECLARE c CURSOR FOR SELECT 1 FROM t FOR UPDATE', 'write', 'DECLARE', true],
    ['CREATE TABLE x AS SELECT 1', 'write', 'CREATE TABLE AS', true],
    ['CREATE TABLE x AS EXECUTE q(1)', 'write', 'CREATE TABLE AS', true],
    ['CREATE MATERIALIZED VIEW x AS SELECT 1', 'write', 'CREATE MATERIALIZED VIEW', true],
    ['CREATE VIEW x AS SELECT 1', 'utility', 'CREATE', false],
    ['REFRESH MATERIALIZED VIEW x', 'utility', 'REFRESH', false],
    ['COPY t FROM STDIN', 'write', 'COPY', false],
    ['COPY t TO STDOUT', 'read', 'COPY', false],
    ["COPY t TO '/tmp/x'", 'write', 'COPY', false],
    ["COPY t TO PROGRAM 'sh'", 'write', 'COPY', false],
    ["COPY t FROM PROGRAM 'sh'", 'write', 'COPY', false],
    ['COPY (SELECT 1) TO STDOUT', 'read', 'COPY', false],
    ['COPY (DELETE FROM t RETURNING *) TO STDOUT', 'write', 'COPY', false],
    ['COPY (WITH d AS (DELETE FROM t RETURNING *) TABLE d) TO STDOUT', 'write', 'COPY', false],
    ['SHOW jit', 'utility', 'SHOW', false],
    ['SET jit = off', 'utility', 'SET', false],
    ['BEGIN', 'utility', 'BEGIN', false],
    ['VACUUM t', 'utility', 'VACUUM', false],
    ['TRUNCATE t', 'utility', 'TRUNCATE', false],
    ['NOTIFY c', 'utility', 'NOTIFY', false],
    ['LOCK TABLE t', 'utility', 'LOCK', false],
    ['EXPLAIN DELETE FROM t', 'read', 'EXPLAIN', false],
    ['EXPLAIN (ANALYZE false) DELETE FROM t', 'read', 'EXPLAIN', false],
    ['EXPLAIN (ANALYZE, ANALYZE off) DELETE FROM t', 'read', 'EXPLAIN', false],
    ['EXPLAIN (ANALYZE 0) DELETE FROM t', 'read', 'EXPLAIN', false],
    ['EXPLAIN ANALYZE DELETE FROM t', 'write', 'EXPLAIN', false],
    ['EXPLAIN (ANALYZE) SELECT 1', 'read', 'EXPLAIN', false],
    ['EXPLAIN (ANALYZE true) SELECT 1 FROM t FOR UPDATE', 'write', 'EXPLAIN', false],
    ['EXPLAIN (ANALYZE 1, COSTS off) EXECUTE q', 'unknown', 'EXPLAIN', false],
  ])('%s', (sql, expected, command, explainable) => {
    const classification = classify(parser, sql);
    expect(classification).toMatchObject({ class: expected, command, explainable });
    expect(classification).not.toHaveProperty('error');
  });

  test.each<[string, string]>([
    ['SELECT * FROM t FOR NO KEY UPDATE', 'FOR NO KEY UPDATE locks the rows it reads'],
    ['WITH d AS (DELETE FROM t RETURNING *) TABLE d', 'WITH "d" holds a DELETE'],
    ['WITH d AS (INSERT INTO t SELECT 1 RETURNING *) TABLE d', 'WITH "d" holds an INSERT'],
    ['SELECT 1 INTO x', 'SELECT INTO creates the table "x"'],
    ['CALL p()', 'A procedure may write'],
    ["COPY t TO PROGRAM 'sh'", 'COPY … PROGRAM runs a program on the server'],
    ['EXPLAIN ANALYZE CALLX', 'PostgreSQL\'s grammar says: syntax error at or near "CALLX"'],
  ])('%s says why', (sql, reason) => {
    expect(classify(parser, sql).reasons).toEqual([reason]);
  });

  test.each<[string, string, boolean, number, string]>([
    ['SELEKT 1', 'SELEKT', false, 0, 'syntax error at or near "SELEKT"'],
    ['SELECT 1 FRM t', 'SELECT', true, 13, 'syntax error at or near "t"'],
    ['SELECT 1; DROP TABLE t', 'SELECT', false, 10, 'Expected one statement, found 2.'],
    ['-- nothing', '', false, 0, 'There is no statement in this text.'],
    ['', '', false, 0, 'There is no statement in this text.'],
    ['\\d t', '', false, 0, 'syntax error at or near "\\"'],
    [
      'SELECT 1\0; DROP TABLE t',
      'SELECT',
      true,
      8,
      'The text holds a NUL character, which PostgreSQL does not accept.',
    ],
  ])('%j is unknown, with an error', (sql, command, explainable, offset, message) => {
    expect(classify(parser, sql)).toMatchObject({
      class: 'unknown',
      command,
      explainable,
      error: { offset, message },
      functions: [],
      relations: [],
    });
  });

  test('everything of the corpus is one statement with a class and a command', () => {
    for (const sql of corpus) {
      const classification = classify(parser, sql);
      expect(classification.error, sql).toBeUndefined();
      expect(classification.command, sql).toMatch(/^[A-Z ]+$/);
    }
  });

  test('too deep a statement is unknown', async () => {
    const classification = classify(parser, `SELECT ${Array(50_000).fill('a').join('+')}`);
    expect(classification).toMatchObject({ class: 'unknown', explainable: true });
    expect(classification.reasons[0]).toMatch(/nested too deeply/);
    await expect.poll(() => parser.parse('SELECT 1').ok).toBe(true);
  });
});

describe('what it names', () => {
  test.each<[string, string[]]>([
    ['SELECT f(g(1)), h(*) FROM k(2), LATERAL l(3) AS x, ROWS FROM (m(4), n(5))', ['f', 'g', 'h', 'k', 'l', 'm', 'n']],
    ['SELECT a.f(1), "A"."F"(2), c.a.f(3), f(4), f(5)', ['A.F', 'a.f', 'f']],
    ['SELECT 1 WHERE x IN (SELECT f(1)) AND EXISTS (SELECT g() ORDER BY h())', ['f', 'g', 'h']],
    [
      'SELECT sum(a) FILTER (WHERE f(a)) OVER w FROM t WINDOW w AS (PARTITION BY g(a) ORDER BY h(a))',
      ['f', 'g', 'h', 'sum'],
    ],
    [
      'INSERT INTO t VALUES (f(1)) ON CONFLICT (g(a)) DO UPDATE SET a = h(1) WHERE i() RETURNING j()',
      ['f', 'g', 'h', 'i', 'j'],
    ],
    [
      'MERGE INTO t USING f() ON g() WHEN MATCHED AND h() THEN UPDATE SET a = i() WHEN NOT MATCHED THEN INSERT VALUES (j())',
      ['f', 'g', 'h', 'i', 'j'],
    ],
    ['CALL s.p(f(1))', ['f', 's.p']],
    [
      "SELECT extract(epoch FROM now()), a AT TIME ZONE 'x', substring(a FROM 1)",
      ['now', 'pg_catalog.extract', 'pg_catalog.substring', 'pg_catalog.timezone'],
    ],
    [
      "SELECT coalesce(f(), g()), JSON_OBJECT('a': h()), xmlelement(name a, i()), ARRAY[j()], (k()).x, l()::text",
      ['f', 'g', 'h', 'i', 'j', 'k', 'l'],
    ],
    ['SELECT current_user, greatest(1, 2), nullif(a, b), CAST(a AS int)', []],
    ['COPY (SELECT f()) TO STDOUT', ['f']],
    ['EXPLAIN ANALYZE SELECT f()', ['f']],
    ['EXPLAIN SELECT f()', []],
    ['DECLARE c CURSOR FOR SELECT f()', ['f']],
    ['EXECUTE q(f())', ['f']],
    ['SELECT * FROM t LIMIT f() OFFSET g()', ['f', 'g']],
  ])('functions of %s', (sql, expected) => {
    expect(names(classify(parser, sql).functions)).toEqual(expected);
  });

  test.each<[string, string[]]>([
    ['SELECT * FROM a, s.b JOIN c ON true WHERE EXISTS (TABLE d)', ['a', 'c', 'd', 's.b']],
    ['WITH a AS (SELECT * FROM b) SELECT * FROM a, s.a', ['b', 's.a']],
    ['WITH a AS (SELECT * FROM a) SELECT * FROM a', ['a']],
    ['WITH RECURSIVE a AS (SELECT 1 UNION SELECT * FROM a) SELECT * FROM a', []],
    ['WITH a AS (TABLE t), b AS (TABLE a), c AS (TABLE d) , d AS (SELECT 1) SELECT * FROM b, c, d', ['d', 't']],
    ['WITH a AS (SELECT 1) INSERT INTO a SELECT * FROM a', ['a']],
    ['SELECT * FROM (WITH a AS (SELECT 1) TABLE a) x, a', ['a']],
    ['UPDATE t SET a = 1 FROM s WHERE EXISTS (SELECT 1 FROM u)', ['s', 't', 'u']],
    ['DELETE FROM t USING s', ['s', 't']],
    ['SELECT * FROM t AS u FOR UPDATE OF u', ['t']],
    ['SELECT * FROM t TABLESAMPLE system (1)', ['t']],
    ['SELECT 1 INTO x FROM t', ['t', 'x']],
    ['SELECT * FROM f(1) AS g', []],
  ])('relations of %s', (sql, expected) => {
    expect(names(classify(parser, sql).relations)).toEqual(expected);
  });
});

describe('with the catalog', () => {
  const volatile = (name: string, schema = 'pg_catalog'): FunctionVolatility => ({
    schema,
    name,
    volatility: 'volatile',
  });
  const stable = (name: string, schema = 'pg_catalog'): FunctionVolatility => ({ schema, name, volatility: 'stable' });

  test.each<[string, FunctionVolatility[], StatementClass, RegExp | undefined]>([
    ['SELECT 1', [], 'read', undefined],
    ['SELECT lower(a) FROM t', [stable('lower')], 'read', undefined],
    ['SELECT lower(a) FROM t', [], 'unknown', /lower is not in the catalog/],
    [
      'SELECT random(), clock_timestamp(), pg_sleep(1)',
      ['random', 'clock_timestamp', 'pg_sleep'].map(n => volatile(n)),
      'read',
      undefined,
    ],
    [
      'SELECT random()',
      [volatile('random'), volatile('random', 'public')],
      'unknown',
      /random is volatile and may write/,
    ],
    [
      'SELECT public.random()',
      [volatile('random'), volatile('random', 'public')],
      'unknown',
      /public\.random is volatile/,
    ],
    ['SELECT pg_catalog.random()', [volatile('random'), volatile('random', 'public')], 'read', undefined],
    ['SELECT app.f(1)', [stable('f', 'app')], 'read', undefined],
    ['SELECT app.f(1)', [stable('f', 'other')], 'unknown', /not in the catalog/],
    ['SELECT f(1)', [stable('f', 'app'), volatile('f', 'app')], 'unknown', /may write/],
    ["SELECT nextval('s')", [volatile('nextval')], 'write', /sequence, which a rollback does not undo/],
    ["SELECT set_config('a', 'b', false)", [volatile('set_config')], 'write', /changes a setting/],
    ["SELECT * FROM dblink('x', 'y') AS t(a int)", [volatile('dblink', 'public')], 'write', /another server/],
    ['SELECT master_run_on_worker(a, b, c, true)', [stable('master_run_on_worker')], 'write', /other nodes/],
    ['SELECT app.master_run_on_worker()', [stable('master_run_on_worker', 'app')], 'read', undefined],
    ["SELECT run_command_on_workers('x')", [volatile('run_command_on_workers')], 'write', /other nodes/],
    ['SELECT pg_terminate_backend(1)', [volatile('pg_terminate_backend')], 'write', /ends somebody's work/],
    [
      'SELECT lo_unlink(1), pg_advisory_lock(1)',
      [volatile('lo_unlink'), volatile('pg_advisory_lock')],
      'write',
      /large objects/,
    ],
    [
      "SELECT master_get_active_worker_nodes(), citus_add_node('a', 1)",
      [volatile('master_get_active_worker_nodes'), volatile('citus_add_node')],
      'write',
      /administers Citus/,
    ],
    ["SELECT citus_table_size('t')", [volatile('citus_table_size')], 'read', undefined],
    ['SELECT f(1), nextval($1)', [volatile('f', 'app'), volatile('nextval')], 'write', /f is volatile and may write/],
    ['INSERT INTO t SELECT lower(a)', [], 'write', /not in the catalog/],
    ['EXECUTE q(lower(a))', [stable('lower')], 'unknown', /cannot be seen/],
    ["EXECUTE q(nextval('s'))", [volatile('nextval')], 'write', /moves a sequence/],
    ['SHOW jit', [], 'utility', undefined],
  ])('%s', (sql, catalog, expected, reason) => {
    const before = classify(parser, sql);
    const snapshot = structuredClone(before);
    const after = withVolatility(before, catalog);
    expect(after.class).toBe(expected);
    if (reason) expect(after.reasons.join('; ')).toMatch(reason);
    else expect(after.reasons).toEqual(before.reasons);
    expect(before).toEqual(snapshot);
  });
});
