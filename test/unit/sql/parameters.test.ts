import { beforeAll, describe, expect, test } from 'vitest';
import { bindParameters, findParameters } from '../../../src/sql/parameters';
import { loadSqlParser, type SqlParser } from '../../../src/sql/parser';
import { corpus } from './corpus';

let parser: SqlParser;
beforeAll(async () => {
  parser = await loadSqlParser();
});

describe('findParameters', () => {
  test.each<[string, string[]]>([
    ['SELECT $1, $2, $1', ['positional $1', 'positional $2']],
    ['SELECT :a, :b_2, :1, :été, :a', ['named :a', 'named :b_2', 'named :1', 'named :été']],
    [`SELECT :'a', :"b", :a`, [`literal :'a'`, `identifier :"b"`, 'named :a']],
    ['SELECT :a::int, x::int, :a ::text, y :: text', ['named :a']],
    ["SELECT ':a $1', E'\\':a', $$ :a $1 $$, $t$:a$t$, U&':a', \":a\"", []],
    ['SELECT 1 -- :a $1\n + 2 /* :a /* $1 */ */', []],
    ['SELECT a$1, b$2c FROM t$3', []],
    ['SELECT a[1:2], a[x:y], a[1:n], (f(x))[b:c], a[$1:n], a["x":y]', ['positional $1']],
    ['SELECT a[:i], a[:i:j], a[1 : :k], ARRAY[:l, :m]', ['named :i', 'named :k', 'named :l', 'named :m']],
    ['SELECT a[f(:x, y :z):n], a[CASE WHEN b THEN :p END:n]', ['named :x', 'named :z', 'named :p']],
    ["SELECT JSON_OBJECT('a':b, 'c': :d, 'e':f(:g)), json_objectagg(k:v)", ['named :d', 'named :g']],
    ["SELECT jsonb_path_query(j, '$.a ? (@.b == $x)', :vars)", ['named :vars']],
    ['DO $$ BEGIN x := :a; END $$', []],
    ['CALL p(a := 1, b => :b)', ['named :b']],
    ['SELECT a FROM :t WHERE b = :t', ['identifier :t']],
    ['SELECT * FROM :schema.events JOIN :other USING (id)', ['identifier :schema', 'identifier :other']],
    ['SELECT e.:column FROM events e', ['identifier :column']],
    ['INSERT INTO :t VALUES (:v)', ['identifier :t', 'named :v']],
    ['UPDATE ONLY :t SET a = :v', ['identifier :t', 'named :v']],
    [
      'SELECT extract(epoch FROM :ts), substring(a FROM :n FOR :m), a IS DISTINCT FROM :b',
      ['named :ts', 'named :n', 'named :m', 'named :b'],
    ],
    ['SELECT extract(epoch FROM (SELECT max(ts) FROM :t))', ['identifier :t']],
    ['SELECT 1\\gset :a\nSELECT :b', ['named :b']],
    ['SELECT a:b', ['named :b']],
    ['SELECT : a, :, :- ::', []],
    ['SELECT 1 WHERE a = :a-- comment :b', ['named :a']],
  ])('%s', (sql, expected) => {
    expect(findParameters(sql).map(({ kind, name }) => `${kind} ${name}`)).toEqual(expected);
  });

  test('every place is told', () => {
    const sql = "SELECT '😀', :a, $2, :'a' /* :a */, :a";
    const places = findParameters(sql).map(({ name, ranges }) => [name, ranges.map(r => sql.slice(r.start, r.end))]);
    expect(places).toEqual([
      [':a', [':a', ':a']],
      ['$2', ['$2']],
      [":'a'", [":'a'"]],
    ]);
  });

  test('5 MB is read once', { timeout: 60_000 }, () => {
    expect(findParameters(`SELECT ${':a,'.repeat(1_600_000)}1`)).toHaveLength(1);
    expect(findParameters(`SELECT ${':'.repeat(5_000_000)}`)).toHaveLength(0);
    expect(findParameters(`SELECT ${'timestamp  '.repeat(450_000)} $1`)).toHaveLength(1);
  });
});

describe('bindParameters', () => {
  test.each<[string, string, string[]]>([
    ['SELECT $1, $2', 'SELECT $1, $2', ['$1', '$2']],
    ['SELECT $2, :a', 'SELECT $2, $3', ['$1', '$2', ':a']],
    ['SELECT :a, :b, :a', 'SELECT $1, $2, $1', [':a', ':b']],
    ["SELECT :a, :'a'", 'SELECT $1, $2', [':a', ":'a'"]],
    ['SELECT :a::int', 'SELECT $1::int', [':a']],
    ['SELECT :"b" FROM :t', 'SELECT "b" FROM "t"', []],
    ["SELECT now() - interval :'step'", 'SELECT now() - $1::interval', [":'step'"]],
    ['SELECT now() - INTERVAL $1', 'SELECT now() - $1::INTERVAL', ['$1']],
    ['SELECT interval :a day, date :b + 1', 'SELECT $1::interval day, $2::date + 1', [':a', ':b']],
    [
      "SELECT timestamp with time zone :'t', timestamp(3) without time zone $1, time :x",
      'SELECT $2::timestamp with time zone, $1::timestamp(3) without time zone, $3::time',
      ['$1', ":'t'", ':x'],
    ],
    ['SELECT x AT TIME ZONE :zone', 'SELECT x AT TIME ZONE $1', [':zone']],
    ['SELECT s.date, my_date /* date */ + :a', 'SELECT s.date, my_date /* date */ + $1', [':a']],
    ['SELECT 1 -- the date\n :a', 'SELECT 1 -- the date\n $1', [':a']],
    ['SELECT 1', 'SELECT 1', []],
  ])('%s', (sql, text, order) => {
    const bound = bindParameters(sql);
    expect(bound.text).toBe(text);
    expect(bound.order).toEqual(order);
  });

  test.each<[string, Record<string, string | null>, string]>([
    ['SELECT * FROM :t', { ':t': 'analytics.events' }, 'SELECT * FROM analytics.events'],
    ['SELECT * FROM :t', { ':t': 'a; DROP TABLE b' }, 'SELECT * FROM "a; DROP TABLE b"'],
    ['SELECT * FROM :t', { ':t': '"My ""Table".x' }, 'SELECT * FROM "My ""Table".x'],
    ['SELECT * FROM :t', { ':t': 'a"b' }, 'SELECT * FROM "a""b"'],
    ['SELECT * FROM :t', { ':t': '' }, 'SELECT * FROM ""'],
    ['SELECT * FROM :t', { ':t': null }, 'SELECT * FROM "t"'],
    ['SELECT * FROM :"t"', { ':"t"': 'a.b' }, 'SELECT * FROM "a.b"'],
    ['SELECT :a FROM :a', { ':a': 'x' }, 'SELECT $1 FROM x'],
  ])('%s with %j', (sql, values, text) => {
    expect(bindParameters(sql, values).text).toBe(text);
  });

  test('positions lead back, counted as PostgreSQL counts', () => {
    const sql = `SELECT '😀', :first, interval :'step', "é" FROM :table WHERE nope = :first`;
    const bound = bindParameters(sql, { ':table': 'a_much_longer.name' });
    expect(bound.text).toBe(`SELECT '😀', $1, $2::interval, "é" FROM a_much_longer.name WHERE nope = $1`);
    const position = (text: string, needle: string) => [...text.slice(0, text.indexOf(needle))].length + 1;
    const original = (needle: string) => bound.positionInOriginal(position(bound.text, needle));
    for (const needle of ['SELECT', "'😀'", '"é"', 'WHERE', 'nope'])
      expect(original(needle)).toBe(position(sql, needle));
    expect(original('$1')).toBe(position(sql, ':first'));
    expect(original('$2')).toBe(position(sql, 'interval'));
    expect(original('::interval')).toBe(position(sql, 'interval'));
    expect(original('longer.name')).toBe(position(sql, ':table'));
    expect(bound.positionInOriginal(10_000)).toBe([...sql].length + 1);
    expect(bound.positionInOriginal(1)).toBe(1);
  });

  test('without parameters nothing changes, and the text stays what the grammar takes', () => {
    for (const sql of corpus) {
      expect(bindParameters(sql).text).toBe(sql);
      expect(parser.parse(bindParameters(sql).text).ok).toBe(true);
    }
  });

  test('what psql would run parses after binding', () => {
    const sql = `SELECT :'a', :b, c[:i], d[1:n], JSON_OBJECT('k':v), interval :'s' FROM :schema.t
      WHERE ts >= timestamptz :'from' AND x = ANY (:ids::int[]) AND :"col" > $1 LIMIT :n`;
    expect(parser.parse(sql).ok).toBe(false);
    expect(parser.parse(bindParameters(sql).text)).toMatchObject({ ok: true, statements: [{ kind: 'SelectStmt' }] });
  });

  test('absurd numbers do not hang', () => {
    expect(bindParameters('SELECT $99999999999999999999, :a').order.at(-1)).toBe(':a');
  });
});
