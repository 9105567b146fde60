/** Whatever stands in a file: it is read, judged and completed; nothing throws, and every place lies within the text. */
import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { TextDocument } from 'vscode-languageserver-textdocument';
import type { CodeAction, DocumentSymbol, Position, Range, TextEdit } from 'vscode-languageserver-types';
import { catalogue, findCheck, suggestCheck } from '../../../src/checks/catalogue';
import { codeActions } from '../../../src/playbook/language/code-actions';
import { completion } from '../../../src/playbook/language/completion';
import { PlaybookDocument } from '../../../src/playbook/language/document';
import { format } from '../../../src/playbook/language/formatting';
import { hover } from '../../../src/playbook/language/hover';
import { inlayHints } from '../../../src/playbook/language/inlay-hints';
import { codeLenses } from '../../../src/playbook/language/lenses';
import { definition, documentLinks, prepareRename, referencesTo, rename } from '../../../src/playbook/language/links';
import { documentSymbols, foldingRanges } from '../../../src/playbook/language/symbols';
import { lint } from '../../../src/playbook/lint/lint';
import { SqlJudge } from '../../../src/sql/sql-judge';
import { goodPlaybook, now } from './a-playbook';

let judge: SqlJudge;
beforeAll(async () => {
  judge = await SqlJudge.load();
});

const pieces = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc.array(fc.nat(0xffff), { maxLength: 10 }).map(codes => String.fromCharCode(...codes)),
  fc.tuple(fc.nat(goodPlaybook.length), fc.nat(500)).map(([at, length]) => goodPlaybook.slice(at, at + length)),
  fc.constantFrom(
    ...['\n', '\r\n', '\r', '\n\n', '\u2028', '\ufeff', '\ud83d', '💥', '\0', '\t', '   \n', ' \n', '> ', '- ', '1. '],
    ...[
      '# ',
      '## ',
      '### ',
      '## Go live\n',
      '## Findings\n',
      '- [ ] done\n',
      '- [x]\n',
      '- owner: ',
      '- reviewer: A, B and\n',
    ],
    ...[
      '```sql check id=a on=both expect=same every=1m\n',
      '```sql check ',
      '   ```sql check id=b\n   ',
      '```cutover check\nid: ',
      '```\n',
    ],
    ...['<!-- cutover:finding a/b-1 severity=high -->\n', '<!-- /cutover:finding -->\n', '<!-- /cutover:result -->\n'],
    ...[
      '<!-- cutover:result a pass 2026-11-29T08:58:00Z -->\n',
      '> ✓ **pass** · x\n',
      'check:a',
      'finding:a/b-1.',
      '---\n',
    ],
    ...[
      "SELECT 'a' FROM b.",
      'SELECT e."',
      '$x$',
      '/* ',
      '-- ',
      'expect=',
      'every=',
      'id=',
      '- started: 2026-11-29\n',
      'SELECT a b c\n```\n',
    ],
  ),
);
const texts = fc
  .tuple(fc.constantFrom('', '---\ncutover: 1\nmigration: eu\n---\n', '---\n'), fc.array(pieces, { maxLength: 30 }))
  .map(([top, written]) => top + written.join(''));
const names = { schemas: ['s'], tables: [{ schema: 's', name: 'b', columns: ['c'] }] };

test('any text, at any place', () => {
  fc.assert(
    fc.property(texts, fc.double({ min: 0, max: 1, noNaN: true }), (text, where) => {
      const document = PlaybookDocument.of(text);
      const file = document.document;
      const position = file.positionAt(Math.floor(where * (text.length + 1)));
      const isWithin = (range: Range): void => {
        const [start, end] = [range.start, range.end].map(at => file.offsetAt(at));
        expect(file.positionAt(start!)).toEqual(range.start);
        expect(file.positionAt(end!)).toEqual(range.end);
        expect(start).toBeLessThanOrEqual(end!);
      };
      for (const { start, end, related, message } of lint(document.playbook, lintContext)) {
        expect(0 <= start && start <= end && end <= text.length, message).toBe(true);
        if (related) expect(0 <= related.start && related.end <= text.length, message).toBe(true);
      }
      readingsAt(document, position).forEach(isWithin);
      for (const { range } of codeLenses(document, { now, canRun: true, running: new Set(['a']) })) isWithin(range);
      for (const { range } of documentLinks(document)) isWithin(range);
      for (const symbol of documentSymbols(document)) isOutlined(symbol, file, isWithin);
      for (const { startLine, endLine } of foldingRanges(document))
        expect(startLine < endLine && endLine < file.lineCount).toBe(true);
      inlayHints(document, file.lineCount > 2 ? { start: position, end: position } : whole, now);
      for (const edits of editsAt(document, position)) TextDocument.applyEdits(file, edits);
    }),
    { numRuns: 1500 },
  );
}, 120_000);

test('formatting is done once, and changes no check and no result', () => {
  fc.assert(
    fc.property(texts, text => {
      const before = PlaybookDocument.of(text);
      const after = PlaybookDocument.of(TextDocument.applyEdits(before.document, format(before)));
      expect(format(after)).toEqual([]);
      const kept = ({ playbook }: PlaybookDocument) =>
        playbook.checks.map(({ definition: of, result }) => [of, result]);
      expect(kept(after)).toEqual(kept(before));
    }),
    { numRuns: 1000 },
  );
}, 120_000);

const lintContext = {
  now,
  migrations: ['eu'],
  catalogue: { has: (id: string) => findCheck(id) !== undefined, nearest: suggestCheck },
  judgeSql: (sql: string) => judge.problemOf(sql),
  classOf: (sql: string) => judge.classOf(sql),
  heavy: [{ title: 'SELECT x', share: 0.4 }],
};
const whole = { start: { line: 0, character: 0 }, end: { line: 1e6, character: 0 } };

/** Every range that is said of a place. */
function readingsAt(document: PlaybookDocument, position: Position): Range[] {
  const ranges = [
    hover(document, position, { now, describe: findCheck })?.range,
    definition(document, position),
    prepareRename(document, position)?.range,
    ...referencesTo(document, position),
    ...itemsAt(document, position).map(({ range }) => range),
  ];
  return ranges.filter(range => range !== undefined);
}

function itemsAt(document: PlaybookDocument, position: Position): TextEdit[] {
  const items = completion(document, position, { migrations: ['eu'], catalogue, names });
  return items.map(({ textEdit }) => textEdit as TextEdit);
}

/** Each of what the editor could apply. */
function editsAt(document: PlaybookDocument, position: Position): TextEdit[][] {
  const context = { now, canRun: true, nearest: suggestCheck };
  const actions: CodeAction[] = codeActions(document, { start: position, end: position }, [], context);
  const renamed = rename(document, position, 'fresh');
  return [
    format(document),
    ...itemsAt(document, position).map(edit => [edit]),
    ...actions.flatMap(({ edit }) => (edit ? [edit.changes![document.uri]!] : [])),
    ...(Array.isArray(renamed) ? [renamed] : []),
  ];
}

/** An editor refuses a whole outline in which a name does not lie within what it names. */
function isOutlined(symbol: DocumentSymbol, file: TextDocument, isWithin: (range: Range) => void): void {
  const { range, selectionRange, children = [], name } = symbol;
  isWithin(range);
  isWithin(selectionRange);
  expect(name).not.toBe('');
  expect(file.offsetAt(range.start)).toBeLessThanOrEqual(file.offsetAt(selectionRange.start));
  expect(file.offsetAt(selectionRange.end)).toBeLessThanOrEqual(file.offsetAt(range.end));
  for (const child of children) isOutlined(child, file, isWithin);
}
