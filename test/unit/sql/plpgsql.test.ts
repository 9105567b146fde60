import { describe, expect, test } from 'vitest';
import { loadSqlParser } from '../../../src/sql/parser';
import { type PlpgsqlRoutine, readPlpgsql } from '../../../src/sql/plpgsql';
import { constant, fillValues, type KnownVariable, valueOfType } from '../../../src/sql/plpgsql-values';

const parser = await loadSqlParser();

function routine(body: string, head = 'PROCEDURE p(from_day date, n int)'): PlpgsqlRoutine {
  const read = readPlpgsql(parser, `CREATE ${head} LANGUAGE plpgsql AS $x$${body}$x$`);
  if ('message' in read) throw new Error(read.message);
  return read;
}

const sqlOf = (read: PlpgsqlRoutine) => read.statements.map(({ kind, sql, line }) => `${line} ${kind}: ${sql}`);

describe('reading a routine', () => {
  test('finds its statements in the order they stand, with their lines', () => {
    const read = routine(`
DECLARE r record; total int;
BEGIN
  INSERT INTO t SELECT from_day;
  FOR r IN SELECT * FROM u WHERE day >= from_day LOOP
    UPDATE t SET a = r.a WHERE b = n;
    IF EXISTS (SELECT 1 FROM t WHERE a = n) THEN PERFORM inner_fn(r.a); ELSE CALL other(n); END IF;
  END LOOP;
  SELECT count(*) INTO total FROM t;
  BEGIN
    DELETE FROM t;
  EXCEPTION WHEN others THEN
    INSERT INTO failures VALUES (1);
  END;
END`);
    expect(sqlOf(read)).toEqual([
      '4 sql: INSERT INTO t SELECT from_day',
      '5 sql: SELECT * FROM u WHERE day >= from_day',
      '6 sql: UPDATE t SET a = r.a WHERE b = n',
      '7 expression: SELECT EXISTS (SELECT 1 FROM t WHERE a = n)',
      '7 sql: SELECT inner_fn(r.a)',
      '7 sql: CALL other(n)',
      '9 sql: SELECT count(*)            FROM t',
      '11 sql: DELETE FROM t',
      '13 sql: INSERT INTO failures VALUES (1)',
    ]);
    expect(read.statements.map(({ inLoop }) => inLoop)).toEqual([
      false,
      false,
      true,
      true,
      true,
      true,
      false,
      false,
      false,
    ]);
    expect(read.endsTransaction).toBe(false);
  });

  test('reads EXECUTE of a constant text, and says that others are known only when they run', () => {
    const read = routine(`BEGIN
      EXECUTE 'DELETE FROM t WHERE a = $1 AND b = ''x''' USING n + 1;
      EXECUTE format('DELETE FROM %I', n);
      COMMIT;
    END`);
    expect(sqlOf(read)).toEqual([
      "2 sql: DELETE FROM t WHERE a = $1 AND b = 'x'",
      "3 dynamic: format('DELETE FROM %I', n)",
    ]);
    expect(read.statements[0]!.using).toEqual(['n + 1']);
    expect(read.endsTransaction).toBe(true);
  });

  test('finds the query of a cursor, of RETURN QUERY and of an assignment', () => {
    const read = routine(
      `DECLARE c CURSOR FOR SELECT a FROM t; v int;
      BEGIN
        OPEN c; FETCH c INTO v; CLOSE c;
        v := (SELECT max(a) FROM t);
        RETURN QUERY SELECT a FROM u;
      END`,
      'FUNCTION f() RETURNS SETOF int',
    );
    expect(sqlOf(read)).toEqual([
      '3 sql: SELECT a FROM t',
      '4 expression: SELECT (SELECT max(a) FROM t)',
      '5 sql: SELECT a FROM u',
    ]);
  });

  test('knows a value that is given once, and no other', () => {
    const { variables } = routine(`DECLARE
      fixed date := from_day + 7; once text; twice int; looped int; set_by_default int := 3; r record; k t.a%TYPE;
    BEGIN
      once := 'a';
      twice := 1; twice := 2;
      FOR i IN 1..3 LOOP looped := i; END LOOP;
      SELECT 1 INTO k;
      set_by_default := 4;
    END`);
    expect([...variables.values()].filter(({ value }) => value !== undefined)).toEqual([
      { name: 'fixed', type: 'date', value: 'from_day + 7', isAssigned: false },
      { name: 'once', type: 'text', value: "'a'", isAssigned: true },
    ]);
    expect(variables.get('k')).toMatchObject({ type: 't.a%TYPE', isAssigned: true });
    expect(variables.get('from_day')).toMatchObject({ type: 'date', isAssigned: false });
    expect(variables.get('i')).toMatchObject({ isAssigned: true });
  });

  test('gives the complaint of the grammar', () => {
    expect(
      readPlpgsql(parser, 'CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN IF; END $$'),
    ).toHaveProperty('message');
    expect(readPlpgsql(parser, 'SELECT 1')).toHaveProperty('message');
  });

  test('reads DO, functions with OUT parameters and trigger functions', () => {
    const block = readPlpgsql(parser, 'DO $$ BEGIN DELETE FROM t; END $$') as PlpgsqlRoutine;
    expect(sqlOf(block)).toEqual(['1 sql: DELETE FROM t']);
    const trigger = routine('BEGIN INSERT INTO log VALUES (NEW.id); RETURN NEW; END', 'FUNCTION f() RETURNS trigger');
    expect(sqlOf(trigger)[0]).toBe('1 sql: INSERT INTO log VALUES (NEW.id)');
    const out = routine('BEGIN x := a; INSERT INTO t VALUES (a); END', 'FUNCTION f(a int, OUT x int)');
    expect(sqlOf(out).at(-1)).toBe('1 sql: INSERT INTO t VALUES (a)');
  });
});

describe('putting values in place', () => {
  const scope = (known: Record<string, KnownVariable>) => ({ routine: 'p', variables: new Map(Object.entries(known)) });
  const fill = (sql: string, known: Record<string, KnownVariable>) => fillValues(parser, sql, scope(known));

  test('replaces variables and leaves columns alone', () => {
    const filled = fill(
      'INSERT INTO t (day) SELECT e.day FROM e WHERE e.day >= day AND é = p.day ON CONFLICT (day) DO UPDATE SET day = excluded.day',
      { day: { sql: "'2024-01-01'::date" } },
    );
    expect(filled).toEqual({
      sql: "INSERT INTO t (day) SELECT e.day FROM e WHERE e.day >= '2024-01-01'::date AND é = '2024-01-01'::date ON CONFLICT (day) DO UPDATE SET day = excluded.day",
      parameterCount: 0,
      unknown: [],
    });
  });

  test('puts parameters where a value is not known, one for each variable', () => {
    expect(
      fill('SELECT * FROM t WHERE a = n AND b > n AND c = r.id AND d = "Odd"', {
        n: { type: 'int', why: 'it is set in a loop' },
        r: { why: 'it is a row of a query' },
        Odd: { type: 't.a%TYPE' },
      }),
    ).toEqual({
      sql: 'SELECT * FROM t WHERE a = $1::int AND b > $1::int AND c = $2 AND d = $3',
      parameterCount: 3,
      unknown: [
        { name: 'n', why: 'it is set in a loop' },
        { name: 'r.id', why: 'it is a row of a query' },
        { name: 'Odd', why: undefined },
      ],
    });
  });

  test('takes a name for a relation where the statement has one of that name', () => {
    expect(fill('SELECT r.id FROM rows r WHERE r.a = x', { r: {}, x: { sql: '1' } })?.sql).toBe(
      'SELECT r.id FROM rows r WHERE r.a = 1',
    );
  });

  test('keeps an element of an array one', () => {
    expect(fill('SELECT a[1]', { a: { sql: "'{1}'::int[]" } })?.sql).toBe("SELECT ('{1}'::int[])[1]");
  });

  test('writes values so that they may stand anywhere', () => {
    expect(valueOfType("'2024-01-01'", 'date')).toBe("'2024-01-01'::date");
    expect(valueOfType("date '2024-01-01' + 7", 'date')).toBe("CAST(date '2024-01-01' + 7 AS date)");
    expect(valueOfType('-1', undefined)).toBe('(-1)');
    expect(valueOfType('1', 't.a%TYPE')).toBe('1');
    expect(constant("it's \\ x")).toBe("E'it''s \\\\ x'");
    expect(constant(null)).toBe('NULL');
  });
});
