import { beforeAll, describe, expect, test } from 'vitest';
import { loadSqlParser, type ParsedStatement, type SqlParser } from '../../../src/sql/parser';

let parser: SqlParser;
beforeAll(async () => {
  parser = await loadSqlParser();
});

function statements(sql: string): ParsedStatement[] {
  const outcome = parser.parse(sql);
  if (!outcome.ok) throw new Error(`${outcome.error.message} at ${outcome.error.offset}`);
  return outcome.statements;
}

function errorOf(sql: string): { message: string; offset: number } {
  const outcome = parser.parse(sql);
  if (outcome.ok) throw new Error('parsed');
  return outcome.error;
}

/** Every number stored under a key that ends in `location`. */
function locations(node: unknown): number[] {
  if (typeof node !== 'object' || node === null) return [];
  return Object.entries(node).flatMap(([key, value]) =>
    key.endsWith('location') ? [value as number] : locations(value),
  );
}

describe('parse', () => {
  test('is loaded once for callers that ask at the same time', async () => {
    const [first, second] = await Promise.all([loadSqlParser(), loadSqlParser()]);
    expect(first).toBe(second);
    expect(first).toBe(parser);
  });

  test.each([
    ['SELECT 1', 'SelectStmt'],
    ['VALUES (1)', 'SelectStmt'],
    ['INSERT INTO t DEFAULT VALUES', 'InsertStmt'],
    ['MERGE INTO t USING s ON t.a = s.a WHEN MATCHED THEN DELETE', 'MergeStmt'],
    ['CALL create_rollup(1)', 'CallStmt'],
    ['DO $$ BEGIN NULL; END $$', 'DoStmt'],
    ['SHOW jit', 'VariableShowStmt'],
    ['EXPLAIN SELECT 1', 'ExplainStmt'],
    [
      'CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT CASE WHEN true THEN 2 END; END',
      'CreateFunctionStmt',
    ],
  ])('%s is one %s', (sql, kind) => {
    expect(statements(sql)).toMatchObject([{ kind, start: 0, end: sql.length }]);
  });

  test('gives ranges without semicolons, comments and space', () => {
    const sql = '  -- first\r\nSELECT 1 /* one */ ; /* second */\n\tSELECT 2 -- two\n;;';
    expect(statements(sql).map(s => sql.slice(s.start, s.end))).toEqual(['SELECT 1', 'SELECT 2']);
  });

  test('counts in UTF-16, though the grammar counts bytes', () => {
    const sql = `SELECT 'é€😀' AS "ключ"; SELECT été, '😀' FROM naïve WHERE été = 1`;
    const [first, second] = statements(sql);
    expect(sql.slice(first!.start, first!.end)).toBe(`SELECT 'é€😀' AS "ключ"`);
    expect(sql.slice(second!.start, second!.end)).toBe(`SELECT été, '😀' FROM naïve WHERE été = 1`);
    const words = locations(second!.node).map(at => /^[^\s,]+/u.exec(sql.slice(at))?.[0]);
    expect(words.sort()).toEqual(["'😀'", "'😀'", '1', '=', 'naïve', 'été', 'été', 'été']);
  });

  test('has no statement in comments, semicolons or nothing', () => {
    for (const sql of ['', ' ', ';', '-- nothing', '/* nothing */;;']) expect(statements(sql)).toEqual([]);
  });

  test.each([
    ["SELECT 'é😀', , 1", 14, 'syntax error at or near ","'],
    ['SELECT 1; SELEKT 2', 10, 'syntax error at or near "SELEKT"'],
    ["SELECT 'abc", 7, `unterminated quoted string at or near "'abc"`],
    ['SELECT 1 /* open', 9, 'unterminated /* comment at or near "/* open"'],
    ['SELECT $tag$ open', 7, 'unterminated dollar-quoted string at or near "$tag$ open"'],
    ['INSERT INTO', 11, 'syntax error at end of input'],
    ['\\d orders', 0, 'syntax error at or near "\\"'],
  ])('%s fails at offset %i', (sql, offset, message) => {
    expect(errorOf(sql)).toEqual({ message, offset });
  });

  test('NUL is an error where it stands, since PostgreSQL would not see what follows', () => {
    expect(errorOf('SELECT 1\0; DROP TABLE t')).toMatchObject({ offset: 8, message: expect.stringContaining('NUL') });
    expect(parser.fingerprint('SELECT 1\0; DROP TABLE t')).toBeUndefined();
  });

  test('half a surrogate pair eats nothing of what follows', () => {
    expect(statements("SELECT '\ud83d'; DROP TABLE t").map(s => [s.kind, s.start])).toEqual([
      ['SelectStmt', 0],
      ['DropStmt', 12],
    ]);
  });

  test('control characters in a string do no harm', () => {
    expect(statements("SELECT '\x01\b\v\f\x1f'")).toHaveLength(1);
  });
});

describe('nesting', { timeout: 120_000 }, () => {
  const operators = `SELECT ${Array(50_000).fill('a').join('+')}`;
  const unions = Array(50_000).fill('SELECT 1').join(' UNION ');

  test('1,000 operators, 5,000 ORs and 20,000 list items parse', () => {
    statements(`SELECT ${Array(1000).fill('a').join('+')}`);
    statements(`SELECT * FROM t WHERE ${Array(5000).fill('a = 1').join(' OR ')}`);
    statements(`SELECT * FROM t WHERE a IN (${Array(20_000).fill('1').join(',')})`);
  });

  // One module alone answers wrongly after some 45 of these.
  test('too deep a statement is an error that says so, and what comes after it parses', async () => {
    expect(errorOf(unions).message).toMatch(/nested too deeply/);
    for (let i = 0; i < 50; i++) {
      await expect.poll(() => parser.parse('SELECT 1').ok).toBe(true);
      expect(errorOf(operators).message).toMatch(/nested too deeply/);
      await expect.poll(() => parser.parse('SELECT 1').ok).toBe(true);
      expect(statements('WITH x AS (SELECT 1 FROM t WHERE a = $1) INSERT INTO y SELECT * FROM x')).toHaveLength(1);
      expect(parser.fingerprint('SELECT 1')).toBe('50fde20626009aba');
    }
  });

  test('many too deep statements at once lead to errors, never to a wrong answer', async () => {
    for (let i = 0; i < 5; i++) expect(parser.parse(operators).ok).toBe(false);
    const outcome = parser.parse('SELECT 1');
    if (!outcome.ok) expect(outcome.error.message).toMatch(/starting again/);
    await expect.poll(() => parser.parse('SELECT 1').ok).toBe(true);
  });
});

describe('fingerprint', () => {
  test.each([
    ['SELECT * FROM t WHERE a = 1', 'select * from t where a=$1 -- x'],
    ['SELECT * FROM t WHERE a IN (1, 2, 3)', 'SELECT * FROM t WHERE a IN (1)'],
  ])('%s equals %s', (left, right) => {
    expect(parser.fingerprint(left)).toMatch(/^[0-9a-f]{16}$/);
    expect(parser.fingerprint(left)).toBe(parser.fingerprint(right));
  });

  test.each(["SELECT 'abc", 'SELECT /* open', 'SELECT $$ open', 'SELEKT 1', '', ';', '-- nothing'])(
    'there is none for %j',
    sql => {
      expect(parser.fingerprint(sql)).toBeUndefined();
    },
  );
});
