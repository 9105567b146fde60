import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readJsonc } from '../../../src/cli/jsonc';

const read = (text: string) => {
  const result = readJsonc(text);
  if (!result.ok) throw new Error(result.message);
  return result.value;
};

describe('readJsonc', () => {
  it('reads a settings file with comments and trailing commas', () => {
    const text = `\ufeff// the pair\r\n{
      /* one
         of two */ "cutover.migrations": [
        { "name": "eu // no comment", "port": 5432, }, // "old": 1
      ],
      "a": /**/ -1.5e3, "b": [true, false, null, "\\u00e9\\n/*\\"*/",],
    }\n// end`;
    expect(read(text)).toEqual({
      'cutover.migrations': [{ name: 'eu // no comment', port: 5432 }],
      a: -1500,
      b: [true, false, null, 'é\n/*"*/'],
    });
  });

  it('reads all JSON as JSON.parse does', () => {
    fc.assert(
      fc.property(fc.json(), text => {
        expect(read(text)).toEqual(JSON.parse(text));
      }),
    );
  });

  it('reads or refuses any text, with a place in it', () => {
    const piece = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"a"',
      '"',
      '\\',
      '//',
      '/*',
      '*/',
      '\n',
      '1',
      '-',
      'null',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary-ascii' }),
          fc.array(piece).map(all => all.join('')),
        ),
        text => {
          const read = readJsonc(text);
          const lines = text.split(/\r\n|\n|\r/);
          if (read.ok) return;
          expect(read.line).toBeLessThanOrEqual(lines.length);
          expect(read.column).toBeLessThanOrEqual(lines[read.line - 1]!.length + 1);
        },
      ),
    );
  });

  it.each([
    ['', 'a value is missing', 1, 1],
    ['{\n  "a": 1\n  "b": 2\n}', 'a comma or } is missing', 3, 3],
    ['{"a": [1, 2', 'the [ is never closed', 1, 7],
    ["{'a': 1}", 'a key in double quotes is missing', 1, 2],
    ['{"a" 1}', 'a colon is missing', 1, 6],
    ['{"a": }', 'a value is missing', 1, 7],
    ['[,]', 'a value is missing', 1, 2],
    ['[1,,2]', 'a value is missing', 1, 4],
    ['[01]', 'a value is missing', 1, 2],
    ['[nul]', 'a value is missing', 1, 2],
    ['{"a": "b\n"}', 'the string is not closed on its line', 1, 7],
    ['["\\x"]', 'the string holds an escape that JSON has not', 1, 2],
    ['{} /* open', 'the comment is never closed', 1, 4],
    ['{} {}', 'nothing may follow the value', 1, 4],
  ])('%j is refused with its place', (text, message, line, column) => {
    expect(readJsonc(text)).toEqual({ ok: false, message, line, column });
  });

  it('is not overturned by depth or length', () => {
    expect(readJsonc('['.repeat(100_000))).toMatchObject({ ok: false, message: 'it is nested too deep', column: 102 });
    expect(read(`/*${'*'.repeat(1_000_000)}*/"${'a'.repeat(1_000_000)}" //${' '.repeat(1_000_000)}`)).toHaveLength(
      1_000_000,
    );
  });

  it('gives no object another prototype', () => {
    const value = read('{"__proto__": {"polluted": true}}') as Record<string, unknown>;
    expect(Object.keys(value)).toEqual(['__proto__']);
    expect(value.polluted).toBeUndefined();
  });
});
