import { describe, expect, it } from 'vitest';
import { explainableText } from '../../../src/sql/normalised-text';
import { loadSqlParser } from '../../../src/sql/parser';

describe('a normalised text as a server takes it', () => {
  it.each([
    ['SELECT now() - interval $1', 'SELECT now() - $1::interval'],
    ['SELECT DATE $1 + $2', 'SELECT $1::DATE + $2'],
    ['SELECT extract($1 FROM created_at) FROM t', 'SELECT date_part($1 , created_at) FROM t'],
    ['SELECT * FROM t WHERE a IN ($1 /*, ... */)', 'SELECT * FROM t WHERE a IN ($1 )'],
    ['SELECT $1::interval', 'SELECT $1::interval'],
    ['SELECT \'interval $1\', "date" FROM t LIMIT $2', 'SELECT \'interval $1\', "date" FROM t LIMIT $2'],
    ['SELECT a -- interval $1\nFROM t', 'SELECT a -- interval $1\nFROM t'],
  ])('%s', async (written, wanted) => {
    const text = explainableText(written);
    expect(text.replace(/ +/g, ' ')).toBe(wanted);
    expect((await loadSqlParser()).parse(text).ok).toBe(true);
  });
});
