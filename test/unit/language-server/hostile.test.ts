/** Whatever is written, pasted or opened: the server answers, in bounded time, and what it says is what the text says. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { TextDocument } from 'vscode-languageserver-textdocument';
import type { Diagnostic } from 'vscode-languageserver-types';
import { goodPlaybook } from '../playbook/a-playbook';
import { type BundledServer, bundleLanguageServer, ServerProcess, uri } from './server-process';

let bundled: BundledServer;
let server: ServerProcess;
beforeAll(async () => {
  bundled = await bundleLanguageServer();
  server = await ServerProcess.start(bundled.module);
}, 60_000);
afterAll(async () => {
  await server?.stop();
  await bundled?.remove();
});

/** Ages grow while a test runs. */
const ageless = (diagnostics: Diagnostic[]) =>
  diagnostics.map(each => ({ ...each, message: String(each.message).replace(/is \d.* old/, 'is old') }));

const fragments = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.constantFrom('\ud83d', '\udca5', '\ud83d\ude00', '\0', '\r', '\n', '\r\n', '\ufeff', '\u2028', '💥'),
  fc.constantFrom('```', '~~~\n', '---\n', '# ', '## Go live\n', '### ', '- [x] ', '> ', '    ', '<!--', '-->', '\n\n'),
  fc.constantFrom('```sql check id=', '```cutover check\nid: ', ' expect=', "'", '$$', 'check:versions', 'finding:'),
  fc.constantFrom(
    '<!-- cutover:finding a -->\n',
    '<!-- /cutover:finding -->\n',
    '<!-- cutover:result versions pass 1 -->',
  ),
  fc.nat(goodPlaybook.length).map(at => goodPlaybook.slice(at, at + 400)),
  fc.constantFrom('x', '# h\n').map(text => text.repeat(2000)),
);
const edits = fc.array(
  fc.record({
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    removed: fc.oneof(fc.nat(3), fc.nat(2000)),
    text: fragments,
  }),
  { minLength: 1, maxLength: 15 },
);

test('edits in small steps end in the diagnostics of the whole text', async () => {
  await fc.assert(
    fc.asyncProperty(edits, async steps => {
      const mirror = TextDocument.create(uri, 'markdown', 0, goodPlaybook);
      await server.open(goodPlaybook);
      for (const { at, removed, text } of steps) {
        const start = Math.floor(at * mirror.getText().length);
        const range = { start: mirror.positionAt(start), end: mirror.positionAt(start + removed) };
        TextDocument.update(mirror, [{ range, text }], mirror.version + 1);
        await server.change({ range, text });
        await server.diagnostics();
      }
      const typed = ageless(await server.diagnostics());
      await server.open(mirror.getText());
      expect(typed).toEqual(ageless(await server.diagnostics()));
    }),
    { numRuns: 60 },
  );
}, 120_000);

test('a playbook typed letter by letter ends in the diagnostics of the whole text', async () => {
  await server.open('');
  const mirror = TextDocument.create(uri, 'markdown', 0, '');
  const text = goodPlaybook.replace('SELECT', 'SELEC💥T').replaceAll('\n', '\r\n');
  for (const letter of text) {
    const end = mirror.positionAt(mirror.getText().length);
    TextDocument.update(mirror, [{ range: { start: end, end }, text: letter }], mirror.version + 1);
    await server.change({ range: { start: end, end }, text: letter });
    await server.diagnostics();
  }
  const typed = ageless(await server.diagnostics());
  await server.open(text);
  expect(typed).toEqual(ageless(await server.diagnostics()));
  expect(typed.map(({ code }) => code)).toContain('checkSyntax');
}, 60_000);

const top = '---\ncutover: 1\nmigration: eu\n---\n\n';
const check = (head: string, body: string) => `${top}\`\`\`${head}\n${body}\n\`\`\`\n`;
/** Nine aliases of the level below on each of ten levels: 3 × 10⁹ values. */
const bomb = [
  'a: &a [x, x, x, x, x, x, x, x, x]',
  ...[...'bcdefghij'].map((letter, i) => `${letter}: &${letter} [${Array(9).fill(`*${'abcdefghi'[i]}`).join(', ')}]`),
].join('\n');

describe('answers in bounded time', () => {
  const texts: [string, () => string][] = [
    ['a YAML bomb in the front matter', () => `---\n${bomb}\ncutover: 1\nmigration: *j\n---\n`],
    ['a YAML bomb in a check', () => check('cutover check', `${bomb}\nid: *j`)],
    [
      '20,000 keys in the front matter',
      () => `---\n${Array.from({ length: 20_000 }, (_, i) => `k${i}: 1`).join('\n')}\n---\n`,
    ],
    ['100,000 brackets in the front matter', () => `---\ncutover: ${'['.repeat(100_000)}\n---\n`],
    ['a line of 5 MB', () => `${top}${'a b '.repeat(1_250_000)}\n`],
    ['a heading of 1 MB', () => `${top}## ${'*a '.repeat(333_000)}\n`],
    ['100,000 headings', () => `${top}## Go live\n${'### a\n'.repeat(100_000)}`],
    ['20,000 headings, no two the same', () => top + Array.from({ length: 20_000 }, (_, i) => `## ${i}\n`).join('')],
    ['100,000 headings in an open fence', () => `${top}\`\`\`\n${'## a\n'.repeat(100_000)}`],
    ['100,000 quotes in quotes', () => `${top}${'>'.repeat(100_000)} a\n`],
    ['100,000 lists in lists', () => `${top}${'1. '.repeat(100_000)}a\n`],
    ['lists and quotes in turn', () => `${top}${'> - '.repeat(50_000)}\`\`\`sql check\n`],
    ['lists indented 300 deep', () => top + Array.from({ length: 300 }, (_, i) => `${'  '.repeat(i)}- a\n`).join('')],
    ['100,000 brackets', () => `${top}${'['.repeat(100_000)}\n`],
    ['100,000 links that are none', () => `${top}${'[a]('.repeat(100_000)}\n`],
    ['100,000 comments that begin', () => `${top}${'a <!-- '.repeat(100_000)}\n`],
    ['100,000 emphases', () => `${top}${'**a'.repeat(100_000)}\n`],
    ['NULs', () => `${top}${'\0'.repeat(100_000)}\n${'\0\n'.repeat(10_000)}`],
    ['1,000,000 blanks', () => `${top}- a\n${' '.repeat(1_000_000)}\n${' \n'.repeat(30_000)}`],
    ['100,000 attributes', () => check(`sql check ${'id= '.repeat(100_000)}`, 'SELECT 1')],
    ['200,000 blanks in a head', () => check(`sql check id=${' '.repeat(200_000)}a`, 'SELECT 1')],
    ['an expectation 50,000 deep', () => check(`sql check id=a expect=${'('.repeat(50_000)}`, 'SELECT 1')],
    [
      'an expectation of 100,000 digits',
      () => check(`sql check id=a expect=rows > ${'9'.repeat(100_000)}`, 'SELECT 1'),
    ],
    ['SQL 50,000 deep', () => check('sql check id=a expect=same', `SELECT ${'('.repeat(50_000)}`)],
    ['SQL of 1 MB', () => check('sql check id=a expect=same', `SELECT ${'1+'.repeat(500_000)}1`)],
    ['50,000 statements', () => check('sql check id=a expect=same', 'SELECT 1;'.repeat(50_000))],
    ['a marker with 50,000 attributes', () => `${top}<!-- cutover:finding a${' a=b'.repeat(50_000)} x\n`],
    ['100,000 references', () => `${top}${'check:a finding:b '.repeat(50_000)}`],
    [
      '2,000 findings of one id',
      () => `${top}## Findings\n${'<!-- cutover:finding a -->\nx\n\n<!-- /cutover:finding -->\n\n'.repeat(2000)}`,
    ],
  ];
  test.each(texts)(
    '%s',
    async (_, write) => {
      const text = write();
      const document = TextDocument.create(uri, 'markdown', 0, text);
      await server.open(text);
      const diagnostics = await server.diagnostics();
      for (const { range } of diagnostics) expect(document.offsetAt(range.end)).toBeLessThanOrEqual(text.length);
      const end = document.positionAt(text.length);
      const range = { start: end, end };
      await server.at('completion', end);
      await server.at('hover', end);
      await server.at('prepareRename', end);
      for (const method of ['codeLens', 'documentSymbol', 'foldingRange', 'documentLink']) await server.request(method);
      await server.request('codeAction', { range, context: { diagnostics: [] } });
      await server.request('formatting', { options: {} });
      // Somebody goes on writing.
      await server.change({ range, text: '\nx' });
      await server.diagnostics();
      await server.open(goodPlaybook);
      expect((await server.diagnostics()).map(({ code }) => code)).toContain('checkNeverRan');
    },
    60_000,
  );
});
