import fc from 'fast-check';
import type { Nodes } from 'mdast';
import { fromMarkdown } from 'mdast-util-from-markdown';
import { gfmTableFromMarkdown } from 'mdast-util-gfm-table';
import { gfmTable } from 'micromark-extension-gfm-table';
import { describe, expect, it, vi } from 'vitest';
import { codeSpan, escapeMarkdown, fence, markdownTable } from '../../../src/playbook/escape';
import { visibleLine, visibleText } from '../../../src/playbook/visible';

// Properties try hundreds of documents, and the machine may be busy.
vi.setConfig({ testTimeout: 120_000 });

function nodesOf(markdown: string): Nodes[] {
  const root = fromMarkdown(markdown, { extensions: [gfmTable()], mdastExtensions: [gfmTableFromMarkdown()] });
  const nodes: Nodes[] = [];
  const queue: Nodes[] = [root];
  for (let node = queue.pop(); node; node = queue.pop()) {
    nodes.push(node);
    if ('children' in node) queue.push(...[...node.children].reverse());
  }
  return nodes;
}

const typesOf = (markdown: string): string[] => nodesOf(markdown).map(node => node.type);
const textOf = (markdown: string): string =>
  nodesOf(markdown)
    .flatMap(node => (node.type === 'text' || node.type === 'inlineCode' ? [node.value] : []))
    .join('');

/** Text made of what Markdown, HTML and Cutover's regions are made of, and of anything else. */
const hostile = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        ...['`', '```', '~~~', '<!--', '-->', '<!-- cutover:finding x -->', '<!-- /cutover:finding -->', '\n', '\r\n'],
        ...['\r', '\n\n', '    ', '\t', '#', '### ', '- [ ] ', '1. ', '> ', '[a](b)', '![a](b)', '[a]: b', '|', '\\'],
        ...['\\|', '| --- |', '---', '===', '<b>', '</code>', '&lt;', '&#60;', '*', '**', '_', '__', '$$', '~~', ' '],
        ...[
          'http://a.example',
          'www.a.example',
          'a@b.example',
          '<http://a>',
          '\u001b[31m',
          '\u202e',
          '\u0000',
          '\ud800',
        ],
      ),
      fc.string({ unit: 'binary', maxLength: 4 }),
      fc.string({ maxLength: 6 }),
    ),
    { maxLength: 14 },
  )
  .map(parts => parts.join(''));

const runs = { numRuns: 200 };

describe('visibleText', () => {
  it('shows what a terminal would obey', () => {
    expect(visibleText('\u001b[31mred\u0007\u007f\u009b\u202etxt\ud800')).toBe('␛[31mred␇␡\\u009b\\u202etxt\ufffd');
  });
  it('keeps line feeds and tabs, emoji and every script', () => {
    expect(visibleText('a\r\nb\tc 👩‍👩‍👧 لو 漢')).toBe('a\nb\tc 👩‍👩‍👧 لو 漢');
  });
  it('is idempotent', () => {
    fc.assert(
      fc.property(hostile, text => visibleText(visibleText(text)) === visibleText(text)),
      runs,
    );
  });
});

describe('escapeMarkdown', () => {
  it('leaves identifiers, versions and figures readable', () => {
    expect(escapeMarkdown('Seq Scan on events_2024 (15.4, 1.5 ms > 1 ms) - 2x')).toBe(
      'Seq Scan on events_2024 (15.4, 1.5 ms > 1 ms) - 2x',
    );
  });
  it('breaks what GFM and the preview would link by themselves', () => {
    expect(escapeMarkdown('see https://evil.com, www.evil.com, root@evil.com')).toBe(
      'see https\\://evil\\.com, www\\.evil\\.com, root\\@evil\\.com',
    );
  });
  it('is text and nothing else, wherever one line of text may stand', () => {
    fc.assert(
      fc.property(hostile, text => {
        const escaped = escapeMarkdown(text);
        expect(escaped).not.toMatch(/[\r\n]/);
        expect(textOf(escaped)).toBe(visibleLine(text));
        expect(typesOf(escaped)).toEqual(visibleLine(text) === '' ? ['root'] : ['root', 'paragraph', 'text']);
        expect(textOf(`### ${escaped}`)).toBe(visibleLine(text));
        expect(new Set(typesOf(`### ${escaped}`))).toEqual(
          new Set(visibleLine(text) === '' ? ['root', 'heading'] : ['root', 'heading', 'text']),
        );
        expect(new Set(typesOf(`before\n${escaped}\nafter`))).toEqual(new Set(['root', 'paragraph', 'text']));
      }),
      runs,
    );
  });
});

describe('codeSpan', () => {
  it('is the plain span where it can be', () => {
    expect(codeSpan('enable_nestloop = off')).toBe('`enable_nestloop = off`');
    expect(codeSpan('a`b')).toBe('``a`b``');
    expect(codeSpan('`a`')).toBe('`` `a` ``');
    expect(codeSpan('')).toBe('');
  });
  it('holds the text and nothing else, in a paragraph and in a table', () => {
    fc.assert(
      fc.property(hostile, text => {
        const span = codeSpan(text);
        expect(textOf(span)).toBe(visibleLine(text));
        const html = nodesOf(span).flatMap(node => (node.type === 'html' ? [node.value] : []));
        expect([[], ['<code>', '</code>']]).toContainEqual(html);
        const table = nodesOf(`| a | b |\n| --- | --- |\n| ${span} | end |`);
        expect(table.filter(node => node.type === 'tableCell')).toHaveLength(4);
        expect(textOf(`| a | b |\n| --- | --- |\n| ${span} | end |`)).toBe(`ab${visibleLine(text)}end`);
      }),
      runs,
    );
  });
});

describe('fence', () => {
  it('is one code block with the text in it', () => {
    fc.assert(
      fc.property(hostile, fc.constantFrom('', 'sql', 'te`xt\n'), (text, language) => {
        const block = `before\n\n${fence(text, language)}\n\nafter`;
        const nodes = nodesOf(block);
        expect(nodes.map(node => node.type)).toEqual(['root', 'paragraph', 'text', 'code', 'paragraph', 'text']);
        const code = nodes[3]!;
        expect(code.type === 'code' && code.value).toBe(visibleText(text).replace(/\n$/, ''));
      }),
      runs,
    );
  });
});

describe('markdownTable', () => {
  it('keeps every cell in its place', () => {
    fc.assert(
      fc.property(hostile, hostile, hostile, (a, b, title) => {
        const columns = [
          { title, align: 'left' as const },
          { title: 'second', align: 'right' as const },
        ];
        const nodes = nodesOf(markdownTable(columns, [[a, b]]));
        const cells = nodes.filter(node => node.type === 'tableCell');
        expect(cells).toHaveLength(4);
        expect(
          cells.map(cell =>
            'children' in cell ? cell.children.map(each => ('value' in each ? each.value : '?')) : [],
          ),
        ).toEqual([title, 'second', a, b].map(text => (visibleLine(text) === '' ? [] : [visibleLine(text)])));
      }),
      runs,
    );
  });
});
