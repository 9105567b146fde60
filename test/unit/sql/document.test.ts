import { beforeAll, describe, expect, test } from 'vitest';
import { type LocatedStatement, listStatements, statementAt } from '../../../src/sql/document';
import { loadSqlParser, type SqlParser } from '../../../src/sql/parser';
import { concatenation } from './corpus';

let parser: SqlParser;
beforeAll(async () => {
  parser = await loadSqlParser();
});

/** `|` marks the cursor, `[` and `]` in «» the selection: «[…]». */
function marked(source: string): { text: string; offset: number; selection?: { start: number; end: number } } {
  const start = source.indexOf('«[');
  if (start >= 0) {
    const text = source.replace('«[', '').replace(']»', '');
    const end = source.indexOf(']»') - 2;
    return { text, offset: end, selection: { start, end } };
  }
  const offset = source.indexOf('|');
  return { text: source.slice(0, offset) + source.slice(offset + 1), offset };
}

function found(source: string, languageId = 'sql', withParser = false): string | undefined {
  const { text, offset, selection } = marked(source);
  const statement = statementAt(text, offset, languageId, selection, withParser ? parser : undefined);
  if (statement) expectMapped(text, statement);
  return statement?.text;
}

/** For text that was not unescaped: every character maps to itself. */
function expectMapped(document: string, statement: LocatedStatement): void {
  const { start, end } = statement.range;
  expect(statement.offsetOf(0)).toBe(start);
  expect(statement.offsetOf(statement.text.length)).toBe(end);
  if (end - start === statement.text.length) expect(document.slice(start, end)).toBe(statement.text);
}

describe('the cursor', () => {
  test.each<[string, string | undefined]>([
    ['|SELECT 1;', 'SELECT 1'],
    ['SEL|ECT 1;', 'SELECT 1'],
    ['SELECT 1|;', 'SELECT 1'],
    ['SELECT 1;|', 'SELECT 1'],
    ['SELECT 1;|SELECT 2;', 'SELECT 1'],
    ['SELECT 1; |SELECT 2;', 'SELECT 2'],
    ['SELECT 1; |  SELECT 2;', 'SELECT 2'],
    ['SELECT 1;  |  \nSELECT 2;', 'SELECT 1'],
    ['SELECT 1; -- not|e\nSELECT 2;', 'SELECT 1'],
    ['SELECT 1; /* note */|\nSELECT 2;', 'SELECT 1'],
    ['SELECT 1;\n|SELECT 2;', 'SELECT 2'],
    ['SELECT 1;\n|\nSELECT 2;', 'SELECT 2'],
    ['SELECT 1;\n\n-- about| two\nSELECT 2;', 'SELECT 2'],
    ['SELECT 1;\n\n|-- about two\n-- more\nSELECT 2;', 'SELECT 2'],
    ['SELECT 1;\n/* long\n\n| comment */\nSELECT 2;', 'SELECT 2'],
    ['SELECT 1;\n\n/* a */ | /* b */ SELECT 2;', 'SELECT 2'],
    ['SELECT 1;\n\n-- about neither|\n\nSELECT 2;', undefined],
    ['SELECT 1;\n|\n\nSELECT 2;', 'SELECT 1'],
    ['SELECT 1;\n\n|\n\nSELECT 2;', undefined],
    ['SELECT 1;\n|', 'SELECT 1'],
    ['SELECT 1\n|', 'SELECT 1'],
    ['SELECT 1;\n\n\n|', undefined],
    ['SELECT 1;\r\n|\r\nSELECT 2;', 'SELECT 2'],
    ['SELECT 1;\r\n\r\n-- neither|\r\n\r\nSELECT 2;', undefined],
    ['\n\n|\nSELECT 1;', 'SELECT 1'],
    ['|\n\nSELECT 1;', undefined],
    ['-- only a comment|', undefined],
    ['|', undefined],
    ['\ufeff|SELECT 1', 'SELECT 1'],
    ['|\ufeffSELECT 1', 'SELECT 1'],
    ['SELECT 1;\n\\tim|ing\nSELECT 2;', undefined],
    ['SELECT 1;\n\\timing\n|\nSELECT 2;', 'SELECT 2'],
    ['SELECT 1 \\gexe|c\nSELECT 2;', 'SELECT 1'],
    ['COPY t FROM stdin;\n1\n|2\n\\.\nSELECT 1;', undefined],
    ["SELECT '😀';|\nSELECT '😀 é';", "SELECT '😀'"],
    ["SELECT '😀';\nSELECT '😀| é';", "SELECT '😀 é'"],
    ['DO $$ BEGIN\n  SELECT 1;|\n  SELECT 2;\nEND $$;', 'DO $$ BEGIN\n  SELECT 1;\n  SELECT 2;\nEND $$'],
    ['/*+ Leading(a b) */| SELECT 1;', '/*+ Leading(a b) */ SELECT 1'],
  ])('%j', (source, expected) => {
    expect(found(source)).toBe(expected);
    expect(found(source, 'sql', true)).toBe(expected);
  });

  test('in every place of random files finds the statement there', () => {
    for (let seed = 1; seed <= 40; seed++) {
      const { sql, ranges } = concatenation(seed, 5);
      for (const { start, end } of ranges) {
        for (const offset of [start + 1, (start + end) >> 1, end]) {
          if (offset > end) continue;
          expect(statementAt(sql, offset, 'sql')?.text, `seed ${seed} at ${offset}`).toBe(sql.slice(start, end));
        }
      }
    }
  });

  test('other SQL language ids are SQL, other languages are not', () => {
    expect(found('SELECT |1', 'pgsql')).toBe('SELECT 1');
    expect(found('SELECT |1', 'postgres')).toBe('SELECT 1');
    expect(found('SELECT |1', 'typescript')).toBeUndefined();
    expect(listStatements('SELECT 1', 'python')).toEqual([]);
  });
});

describe('with the grammar', () => {
  test.each<[string, string]>([
    // Two open quotes: the statements between them are read inside out.
    ["SELECT 'open;\nSELECT |1;\nSELECT 'open too;\nSELECT 2;", 'SELECT 1'],
    ["SELECT 'open;\nSELECT 1;\nSELECT 'open too;\nSELECT |2;", 'SELECT 2'],
    // A semicolon is missing.
    ['SELECT |1\n\nSELECT 2;', 'SELECT 1'],
    ['SELECT 1\n\nSELECT |2;', 'SELECT 2'],
    ['SELECT 1\n\nSELECT 2\n\nINSERT INTO t\nSELECT |3;\nSELECT 4', 'INSERT INTO t\nSELECT 3'],
    ["SELECT :a\n\nSELECT :'b'| FROM :t;", "SELECT :'b' FROM :t"],
    // Broken themselves: as the scanner found them, so that the error can be shown.
    ['SELEKT |1;\nSELECT 2;', 'SELEKT 1'],
    ['CREAT TABLE x AS\nSELECT |1;', 'CREAT TABLE x AS\nSELECT 1'],
    ['WITH a AS (\n\nSELECT 1\n)\nSELEC| * FROM a;', 'WITH a AS (\n\nSELECT 1\n)\nSELEC * FROM a'],
  ])('%j', (source, expected) => {
    expect(found(source, 'sql', true)).toBe(expected);
  });
});

describe('the selection', () => {
  test.each<[string, string | undefined]>([
    ['«[SELECT 1]»;', 'SELECT 1'],
    ['«[ -- c\n SELECT 1 ; ]» SELECT 2;', 'SELECT 1'],
    ['SELECT * FROM («[SELECT 1 AS a]») s;', 'SELECT 1 AS a'],
    ['«[SELECT 1; SELECT 2;]»', 'SELECT 1; SELECT 2'],
    ['SELECT «[orders]» FROM t;', 'SELECT orders FROM t'],
    ['SELECT 1;\n«[SELECT 2]»;', 'SELECT 2'],
    ['SELECT 1; «[ ]»\nSELECT 2;', 'SELECT 1'],
    ['SELECT 1; «[-- only a comment]»\nSELECT 2;', 'SELECT 1'],
  ])('%j', (source, expected) => {
    expect(found(source)).toBe(expected);
  });
});

describe('Markdown', () => {
  const playbook = [
    '# SELECT 0;',
    '```sql check id=versions on=both expect=same',
    'SELECT 1;',
    '-- next',
    "SELECT '```', 2;",
    '```',
    '<!-- SELECT 3; -->',
    '~~~ SQL',
    'SELECT 4;',
    '```',
    'SELECT 5;',
    '~~~~',
    '````markdown',
    '```sql',
    'SELECT 6;',
    '```',
    '````',
    '- item',
    '  ```PostgreSQL {.numbered}',
    '  SELECT 7,',
    '    8;',
    '  ```',
    '1. > ```sql',
    '   > SELECT 9,',
    '   >',
    '   >   10;',
    '   SELECT 11;',
    '```sqlite',
    'SELECT 12;',
    '```',
    '```js',
    'SELECT 13;',
    '```',
    '`` SELECT 14; ``',
    '```sql',
    'SELECT 15',
  ];

  test('fences hold statements, the text around them does not', () => {
    for (const feed of ['\n', '\r\n']) {
      const document = playbook.join(feed);
      const statements = listStatements(document, 'markdown');
      expect(statements.map(({ text }) => text.replaceAll('\r', ''))).toEqual([
        'SELECT 1',
        "SELECT '```', 2",
        'SELECT 4',
        '```\nSELECT 5',
        'SELECT 7,\n  8',
        'SELECT 9,\n\n  10',
        'SELECT 15',
      ]);
      for (const statement of statements) expectMapped(document, statement);
    }
  });

  test('offsets lead through quote markers and indentation', () => {
    const document = playbook.join('\n');
    const quoted = listStatements(document, 'markdown').find(({ text }) => text.startsWith('SELECT 9'))!;
    expect(document.slice(quoted.range.start, quoted.range.end)).toBe('SELECT 9,\n   >\n   >   10');
    expect(document.slice(quoted.offsetOf(quoted.text.indexOf('10')))).toMatch(/^10;/);
    const cursor = document.indexOf('10;') + 1;
    expect(statementAt(document, cursor, 'markdown')?.text).toBe('SELECT 9,\n\n  10');
  });

  test.each<[string, string | undefined]>([
    ['text |\n```sql\nSELECT 1;\n```', undefined],
    ['```sql |check\nSELECT 1;\n```', 'SELECT 1'],
    ['```sql\n|SELECT 1;\n```', 'SELECT 1'],
    ['```sql\nSELECT 1;\n|```', 'SELECT 1'],
    ['```sql\nSELECT 1;\n```\n|text', undefined],
    ['```sql\nSELECT 1;\n```\n\n```sql\nSELECT |2;\n```', 'SELECT 2'],
    ['```sql\n«[SELECT 1;]»\nSELECT 2;\n```', 'SELECT 1'],
    ['«[```sql\nSELECT 1;\n```\ntext]»', 'SELECT 1'],
    ['run `«[SELECT a FROM t]»` now', 'SELECT a FROM t'],
    ['run «[`SELECT a FROM t`]» now', 'SELECT a FROM t'],
    ['> ```sql\n> «[SELECT 1,\n>   2]»;\n> ```', 'SELECT 1,\n  2'],
  ])('%j', (source, expected) => {
    expect(found(source, 'markdown')).toBe(expected);
  });
});

describe('a string in another language', () => {
  test.each<[string, string, string | undefined]>([
    ['typescript', 'q(«["SELECT \\"Id\\" FROM t"]»);', 'SELECT "Id" FROM t'],
    ['typescript', 'q("«[SELECT \\"Id\\" FROM t]»");', 'SELECT "Id" FROM t'],
    ['typescript', "const q = «['SELECT \\'a\\'\\n  FROM t';]»", "SELECT 'a'\n  FROM t"],
    ['typescript', "«[`SELECT \\`a\\`,\n  '\\\\d' FROM t`]»", "SELECT `a`,\n  '\\d' FROM t"],
    ['javascript', "«['SELECT \\u00e9, \\x41, \\u{1F600} FROM t']»", 'SELECT é, A, 😀 FROM t'],
    ['javascript', '«["SELECT 1 \\\n  + 2"]»', 'SELECT 1   + 2'],
    ['python', 'x = «["""SELECT "a"\n  FROM t"""]»', 'SELECT "a"\n  FROM t'],
    ['python', "x = f'''«[SELECT 'a' FROM t]»'''", "SELECT 'a' FROM t"],
    ['python', 'x = «[r\'SELECT E"\\d" FROM t\']»', 'SELECT E"\\d" FROM t'],
    ['python', "«['SELECT \\d FROM t']»", 'SELECT \\d FROM t'],
    ['go', "q(«[`SELECT '\\n' FROM t`]»)", "SELECT '\\n' FROM t"],
    ['csharp', '«[@"SELECT ""Id"", \'\\n\' FROM t"]»', 'SELECT "Id", \'\\n\' FROM t'],
    ['csharp', 'q(@"«[SELECT ""Id"" FROM t]»")', 'SELECT "Id" FROM t'],
    ['kotlin', '«["""SELECT \'\\n\' FROM t"""]»', "SELECT '\\n' FROM t"],
    ['yaml', "sql: «['SELECT ''a'' FROM t']»", "SELECT 'a' FROM t"],
    ['java', '«["SELECT a " + "FROM t"]»', '"SELECT a " + "FROM t"'],
    ['ruby', 'sql = <<~SQL\n  «[SELECT a\n  FROM t;]»\nSQL', 'SELECT a\n  FROM t'],
    ['php', '«["SELECT \\$1, \\"a\\";"]»', 'SELECT $1, "a"'],
    ['typescript', '«["SELECT 1; -- done"]»', 'SELECT 1'],
    ['typescript', '«["/*+ SeqScan(t) */ SELECT 1;;"]»', '/*+ SeqScan(t) */ SELECT 1'],
    ['typescript', '«[orders]»', undefined],
    ['typescript', '«["  "]»', undefined],
    ['typescript', '«[" "]» + 1', undefined],
  ])('%s: %s', (languageId, source, expected) => {
    expect(found(source, languageId)).toBe(expected);
  });

  test('every character leads back to where it stands', () => {
    const { text, offset, selection } = marked('run(«["SELECT \\"Id\\",\\n\\t\\u{1F600} FROM \\"t\\""]»)');
    const statement = statementAt(text, offset, 'typescript', selection)!;
    expect(statement.text).toBe('SELECT "Id",\n\t😀 FROM "t"');
    expect(text.slice(statement.range.start, statement.range.end)).toBe(
      'SELECT \\"Id\\",\\n\\t\\u{1F600} FROM \\"t\\"',
    );
    const at = (needle: string) => text.slice(statement.offsetOf(statement.text.indexOf(needle)));
    expect(at('"Id"')).toMatch(/^\\"Id/);
    expect(at('Id')).toMatch(/^Id/);
    expect(at('\t')).toMatch(/^\\t/);
    expect(at('😀')).toMatch(/^\\u\{1F600\}/);
    expect(at('FROM')).toMatch(/^FROM/);
    expect(at('t"')).toMatch(/^t\\"/);
  });
});

describe('size', { timeout: 60_000 }, () => {
  test('a cursor at the end of 5 MB', () => {
    const text = `${"INSERT INTO t VALUES (1, 'it''s');\n".repeat(140_000)}SELECT 'last'`;
    expect(statementAt(text, text.length, 'sql', undefined, parser)?.text).toBe("SELECT 'last'");
  });

  test('a cursor behind a quote that opened 5 MB before', () => {
    const text = `SELECT 'open;\n${'SELECT 1;\n'.repeat(500_000)}SELECT 2`;
    expect(statementAt(text, text.length, 'sql', undefined, parser)?.text).toBe('SELECT 2');
  });

  test('5 MB of Markdown', () => {
    const text = '> ```sql\n> SELECT 1;\n> ```\n- text\n'.repeat(150_000);
    expect(listStatements(text, 'markdown')).toHaveLength(150_000);
  });
});
