import { describe, expect, it } from 'vitest';
import { readFrontMatter } from '../../../src/playbook/front-matter';

describe('readFrontMatter', () => {
  it('reads the migration and the names of the sides', () => {
    expect(
      readFrontMatter(
        '---\ncutover: 1 # version\nmigration: eu-analytics\nsource: "A: b"\ntarget: B\nteam: x\n---\n# T\n',
      ),
    ).toMatchObject({
      frontMatter: { version: 1, migration: 'eu-analytics', source: 'A: b', target: 'B' },
      problems: [],
    });
  });
  it('reads CRLF and a byte order mark', () => {
    expect(readFrontMatter('\ufeff---\r\ncutover: 1\r\nmigration: eu\r\n---\r\n').frontMatter).toEqual({
      version: 1,
      migration: 'eu',
    });
  });
  it('takes a number or a boolean for the text it was written as', () => {
    expect(readFrontMatter('---\ncutover: 1\nmigration: 2026\nsource: true\n---').frontMatter).toEqual({
      version: 1,
      migration: '2026',
      source: 'true',
    });
  });
  it('finds none where there is none', () => {
    for (const document of ['', '# T\n---\na: 1\n---\n', 'text', '---\nnever closed\n', '----\na: 1\n----\n']) {
      expect(readFrontMatter(document)).toEqual({ problems: [], places: new Map() });
    }
  });
  it('says what is wrong and where', () => {
    const problems = (yaml: string) => readFrontMatter(`---\n${yaml}\n---\n`).problems;
    expect(problems('cutover: 1\nmigration: a\nmigration: b')).toMatchObject([
      { message: expect.stringContaining('unique'), line: 4 },
    ]);
    expect(problems('cutover: 1\nmigration: [a')[0]!.line).toBeGreaterThan(2);
    expect(problems('- a')).toMatchObject([{ message: expect.stringContaining('key: value'), line: 2 }]);
    expect(problems('migration: a\ncutover: one')).toMatchObject([
      { message: expect.stringContaining('version'), line: 3 },
    ]);
    expect(problems('cutover: 1\nsource: {a: 1}')).toMatchObject([{ message: '`source` must be text.', line: 3 }]);
  });
  it('knows where keys and values stand', () => {
    const document = '\ufeff---\r\ncutover: 1\r\nmigration: "eu"\r\n---\r\n';
    const { key, value } = readFrontMatter(document).places.get('migration')!;
    expect(document.slice(key.start, key.end)).toBe('migration');
    expect(document.slice(value.start, value.end)).toBe('"eu"');
  });
  it('refuses aliases instead of expanding them', () => {
    const bomb = Array.from({ length: 30 }, (_, i) => `k${i}: &k${i} [${`*k${i - 1},`.repeat(i > 0 ? 9 : 0)} x]`);
    expect(readFrontMatter(`---\n${bomb.join('\n')}\n---\n`).problems).toMatchObject([
      { message: expect.stringContaining('aliases'), line: 2 },
    ]);
  });
  it('stays quick on a long document that opens front matter many times', () => {
    expect(readFrontMatter(`---\n${'--- x\n'.repeat(200_000)}`).problems).toEqual([]);
  });
});

it('longer than anybody writes it, it is not read, and that is said', () => {
  const document = `---\ncutover: 1\n${'a: 1\n'.repeat(3000)}---\n`;
  const { problems, places } = readFrontMatter(document);
  expect(problems).toMatchObject([{ start: 0, end: 4, line: 1 }]);
  expect(problems[0]!.message).toContain('longer than 10000 characters');
  expect(places.size).toBe(0);
});
