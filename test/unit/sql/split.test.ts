import { beforeAll, describe, expect, test } from 'vitest';
import { loadSqlParser, type SqlParser } from '../../../src/sql/parser';
import { scanStatements } from '../../../src/sql/split';
import { concatenation, corpus, random } from './corpus';

let parser: SqlParser;
beforeAll(async () => {
  parser = await loadSqlParser();
});

function pieces(sql: string): string[] {
  return Array.from(scanStatements(sql), ({ start, end }) => sql.slice(start, end));
}

/** Ranges by the grammar. */
function parsedRanges(sql: string): { start: number; end: number }[] {
  const outcome = parser.parse(sql);
  if (!outcome.ok) throw new Error(`${outcome.error.message} at ${outcome.error.offset}: ${sql}`);
  return outcome.statements.map(({ start, end }) => ({ start, end }));
}

function scannedRanges(sql: string): { start: number; end: number }[] {
  return Array.from(scanStatements(sql), ({ start, end }) => ({ start, end }));
}

describe('agreement with the grammar', () => {
  test.each(corpus)('%s', sql => {
    expect(parsedRanges(sql)).toHaveLength(1);
    expect(scannedRanges(sql)).toEqual(parsedRanges(sql));
    expect(scannedRanges(`${sql}\n;SELECT 2`)).toEqual(parsedRanges(`${sql}\n;SELECT 2`));
  });

  test('random files are cut where the grammar cuts them, each piece as it was put in', () => {
    for (let seed = 1; seed <= 400; seed++) {
      const { sql, ranges } = concatenation(seed, 1 + (seed % 12));
      expect(scannedRanges(sql), `seed ${seed}`).toEqual(ranges);
      // The grammar knows no byte order mark.
      expect(parsedRanges(sql.replace('\ufeff', ' ')), `seed ${seed}`).toEqual(ranges);
    }
  });

  test('CRLF changes nothing', () => {
    for (let seed = 1; seed <= 50; seed++) {
      const sql = concatenation(seed, 6).sql.replace('\ufeff', '').replace(/\r?\n/g, '\r\n');
      expect(scannedRanges(sql), `seed ${seed}`).toEqual(parsedRanges(sql));
    }
  });
});

describe('a broken statement leaves the others alone', () => {
  const broken: readonly string[] = [
    'SELEKT 1 FORM t',
    'SELECT ((1',
    'SELECT 1))) FROM',
    'SELECT [1',
    'INSERT INTO',
    'END CASE BEGIN ATOMIC',
    "SELECT 'open",
    'SELECT "open',
    'SELECT $$ open',
    'SELECT $tag$ open $$ $other$',
    'SELECT 1 /* open',
    'SELECT /* open /* closed */',
    "SELECT E'open \\'",
    'CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1',
    'CREATE RULE r AS ON INSERT TO t DO ALSO (SELECT 1',
  ];

  const plain = [
    'SELECT 1',
    'SELECT \'a\', "b", $$ c $$ /* d */, 1',
    'INSERT INTO t VALUES (1)',
    "UPDATE t SET a = 'x'",
    'SELECT 2',
  ];

  test.each(broken)('%s', bad => {
    for (let at = 0; at <= plain.length; at++) {
      const statements = [...plain.slice(0, at), bad, ...plain.slice(at)];
      expect(pieces(`${statements.join(';\n')};\n`)).toEqual(statements);
      expect(pieces(`${statements.join(';\r\n\r\n')};`)).toEqual(statements);
    }
  });

  test('random ones among random others of the corpus, with only lexical errors of one kind', () => {
    const lexicallySound = broken.slice(0, 6);
    for (let seed = 1; seed <= 200; seed++) {
      const below = random(seed);
      const bad = lexicallySound[below(lexicallySound.length)]!;
      const before = concatenation(seed, 3);
      const after = concatenation(seed + 1000, 3).sql.replace('\ufeff', '');
      const head = `${before.sql}\n;\n`;
      const sql = `${head}${bad};\n${after}`;
      const expected = [...scannedRanges(head).map(r => head.slice(r.start, r.end)), bad, ...pieces(after)];
      expect(pieces(sql), `seed ${seed}`).toEqual(expected);
    }
  });

  test('open quotes of several kinds', () => {
    const statements = ["SELECT 'open", 'SELECT 1', 'SELECT "also open', 'SELECT 2', 'SELECT $$ open too', 'SELECT 3'];
    expect(pieces(`${statements.join(';\n')};\n`)).toEqual(statements);
  });

  test('a quote that is open at the very end is the last statement', () => {
    expect(pieces("SELECT 1; SELECT 'open; SELECT 2")).toEqual(['SELECT 1', "SELECT 'open; SELECT 2"]);
    expect(pieces('SELECT 1; $$')).toEqual(['SELECT 1', '$$']);
    expect(pieces('SELECT 1; /* open')).toEqual(['SELECT 1']);
  });

  test('a body in quotes that is closed is not taken for a broken one', () => {
    const body = "CREATE FUNCTION f() RETURNS int AS '\nBEGIN\nSELECT 1;\nSELECT 2;\nEND;\n' LANGUAGE plpgsql";
    expect(pieces(`${body};\nSELECT 3;`)).toEqual([body, 'SELECT 3']);
  });
});

describe('psql', () => {
  test.each<[string, string[]]>([
    ['\\d orders\nSELECT 1;', ['SELECT 1']],
    ["\\set x 'a;b'\n\\echo it's; here\nSELECT :x;\n\\q", ['SELECT :x']],
    ['SELECT 1 \\g\nSELECT 2 \\gx\nSELECT 3 \\gset pre_\nSELECT 4', ['SELECT 1', 'SELECT 2', 'SELECT 3', 'SELECT 4']],
    ["SELECT 'DROP ' || x FROM t \\gexec\nSELECT 2;", ["SELECT 'DROP ' || x FROM t", 'SELECT 2']],
    ["SELECT $1 \\bind 'a;b' \\g\nSELECT 2;", ['SELECT $1', 'SELECT 2']],
    ['SELECT 1\\; SELECT 2;', ['SELECT 1', 'SELECT 2']],
    ['\\x \\\\ SELECT 1;\n\\timing on \\\\ SELECT 2;', ['SELECT 1', 'SELECT 2']],
    ["\\echo 'a \\\\ b;' \\\\ SELECT 1;", ['SELECT 1']],
    ['\\! echo a; echo \\\\ b\nSELECT 1;', ['SELECT 1']],
    ['\\if :ready\nSELECT 1;\n\\else\nSELECT 2;\n\\endif', ['SELECT 1', 'SELECT 2']],
    ['SELECT 1\n\\d t\nSELECT 2;', ['SELECT 1', 'SELECT 2']],
    ['SELECT \'\\d\', "\\d", $$\\d$$ -- \\d\n, 2;', ['SELECT \'\\d\', "\\d", $$\\d$$ -- \\d\n, 2']],
    ['COPY t FROM stdin;\n1\tit\'s;\n2\t"$$\n\\.\nSELECT 1;', ['COPY t FROM stdin', 'SELECT 1']],
    ["COPY t FROM stdin;\r\n1\tit's\r\n\\.\r\nSELECT 1;", ['COPY t FROM stdin', 'SELECT 1']],
    ['COPY t FROM stdin;\n\\.\n\nSELECT 1;', ['COPY t FROM stdin', 'SELECT 1']],
    [
      'copy t (a) from STDIN with (format csv);\n\\.x\n\\N\n\\.\nSELECT 1;',
      ['copy t (a) from STDIN with (format csv)', 'SELECT 1'],
    ],
    ["\\copy t from stdin\nit's data;\n\\.\nSELECT 1;", ['SELECT 1']],
    ["\\copy (select ';') to 'x;y'\nSELECT 1;", ['SELECT 1']],
    ['COPY t FROM stdin;\nSELECT 1;', ['COPY t FROM stdin', 'SELECT 1']],
    ["COPY t FROM 'stdin';\nSELECT 1;\n\\.\n", ["COPY t FROM 'stdin'", 'SELECT 1']],
    ['COPY t TO stdout;\nSELECT 1;\n\\.', ['COPY t TO stdout', 'SELECT 1']],
    ['\\', []],
    ['SELECT 1 \\', ['SELECT 1']],
  ])('%j', (sql, expected) => {
    expect(pieces(sql)).toEqual(expected);
  });

  test('an optimizer hint belongs to the statement behind it, other comments do not', () => {
    expect(pieces('/*+ SeqScan(t) */ SELECT 1; /* c */ SELECT 2; /*+ x */ /* c */ SELECT 3')).toEqual([
      '/*+ SeqScan(t) */ SELECT 1',
      'SELECT 2',
      'SELECT 3',
    ]);
  });

  test('the terminator is told apart from the statement', () => {
    expect([...scanStatements('SELECT 1 ; SELECT 2 \\gx\nSELECT 3')]).toEqual([
      { start: 0, end: 8, terminatorEnd: 10 },
      { start: 11, end: 19, terminatorEnd: 23 },
      { start: 24, end: 32, terminatorEnd: 32 },
    ]);
  });
});

// No time is measured; a scan that is not linear does not come back within the generous limit.
describe('size', { timeout: 60_000 }, () => {
  const megabytes = 5_000_000;
  test.each<[string, string, number]>([
    ['many statements', "INSERT INTO t VALUES (1, 'it''s');\n", Math.ceil(megabytes / 35)],
    ['many dollar quotes', 'SELECT $a$ ; $a$;\n', Math.ceil(megabytes / 18)],
    ['many COPYs without data', 'COPY t FROM stdin;\n', Math.ceil(megabytes / 19)],
  ])('5 MB of %s', (_, statement, count) => {
    let found = 0;
    for (const _span of scanStatements(statement.repeat(count))) found++;
    expect(found).toBe(count);
  });

  test.each<[string, string]>([
    ['one string', `SELECT '${'a;'.repeat(megabytes / 2)}'`],
    ['one open string', `SELECT '${'a;\n'.repeat(megabytes / 3)}`],
    ['open dollar quotes, all different', Array.from({ length: 400_000 }, (_, i) => `$t${i}$;\n`).join('')],
    ['slashes and stars', `SELECT ${'/*'.repeat(megabytes / 2)}`],
    ['dashes', `SELECT ${'-'.repeat(megabytes)}`],
    ['semicolons and comments on one line', ';--'.repeat(megabytes / 3)],
    ['dollars', `SELECT ${'$a'.repeat(megabytes / 2)}`],
    ['blank lines', `SELECT '${' \n'.repeat(megabytes / 2)}`],
    ['parentheses', `SELECT ${'('.repeat(megabytes)}`],
    ['backslashes', '\\'.repeat(megabytes)],
    ['strings to be continued', `SELECT ${"E'a'\n--\n".repeat(megabytes / 8)}`],
    ['open bodies', 'CREATE FUNCTION f() BEGIN ATOMIC SELECT 1;\n'.repeat(megabytes / 43)],
  ])('5 MB of %s is read to the end', (_, sql) => {
    let end = 0;
    let overlapping = 0;
    for (const span of scanStatements(sql)) {
      if (span.start < end || span.end < span.start || span.terminatorEnd < span.end) overlapping += 1;
      end = span.terminatorEnd;
    }
    expect(overlapping).toBe(0);
    expect(end).toBeLessThanOrEqual(sql.length);
  });
});
