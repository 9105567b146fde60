import fc from 'fast-check';
import { fromMarkdown } from 'mdast-util-from-markdown';
import { frontmatterFromMarkdown } from 'mdast-util-frontmatter';
import { frontmatter } from 'micromark-extension-frontmatter';
import { expect, test } from 'vitest';
import { readBlocks, SectionMemory } from '../../../src/playbook/blocks';
import { frontMatterEnd } from '../../../src/playbook/front-matter';
import { readPlaybook } from '../../../src/playbook/playbook';
import { playbookTemplate } from '../../../src/playbook/template';

const template = playbookTemplate({ migration: 'eu', sourceLabel: 'Old', targetLabel: 'New' });

/** The document parsed as one piece. */
function whole(document: string) {
  const shift = document.startsWith('\ufeff') ? 1 : 0;
  const hasFrontMatter = frontMatterEnd(document) !== undefined;
  const { children } = fromMarkdown(document.slice(shift), {
    extensions: hasFrontMatter ? [frontmatter()] : [],
    mdastExtensions: [frontmatterFromMarkdown()],
  });
  return children.map(({ type, position }) => {
    const known = { yaml: 'frontMatter', heading: type, code: type, html: type, list: type }[type as 'code'] ?? 'other';
    return [known, position!.start.offset! + shift, position!.end.offset! + shift, position!.start.line];
  });
}

function bySection(document: string, memory?: SectionMemory) {
  return readBlocks(document, memory).map(({ type, start, end, line }) => [type, start, end, line]);
}

const pieces = fc.constantFrom(
  ...[
    '# A',
    '## B',
    '### C',
    '#### d',
    '#x',
    '```',
    '```sql check id=a',
    '~~~',
    '- x',
    '  - y',
    '1. z',
    '> q',
    '    code',
  ],
  ...['<!-- c', '-->', '<div>', '</div>', '<script>', '<?php', '?>', '---', '***', '===', '[a]: /u', '| a | b |', '\t'],
  ...[
    'text',
    '<!-- cutover:finding a -->',
    '<!-- /cutover:finding -->',
    '\u2028',
    '\0',
    'é💥',
    ' ',
    '\n',
    '\r\n',
    '\r',
  ],
);
const ending = fc.constantFrom('\n', '\n', '\n\n', '\r\n', '\r', '');
const documents = fc.tuple(
  fc.constantFrom('', '---\ncutover: 1\n---\n', '---\r\n# a: b\r\n--- \r\n', '---\nopen\n', '\ufeff'),
  fc.array(
    fc.tuple(pieces, ending).map(([piece, end]) => piece + end),
    { maxLength: 40 },
  ),
);

test('section by section is the same as in one piece, whatever a memory holds', () => {
  const memory = new SectionMemory();
  fc.assert(
    fc.property(documents, ([top, lines]) => {
      const document = top + lines.join('');
      expect(bySection(document)).toEqual(whole(document));
      expect(bySection(document, memory)).toEqual(whole(document));
    }),
    { numRuns: 1000 },
  );
}, 60_000);

test('the words of a heading are those that a reader sees', () => {
  const heading = (text: string) => readBlocks(text)[0]!.text;
  expect(heading('## **Go** `live` &amp; [watch](/x) \\* ##\n')).toBe('Go live & watch *');
  expect(heading('*Go*\nlive\n---\n')).toBe('Go\nlive');
});

test('markers of lists and quotes count as far as anybody nests', () => {
  for (const marker of ['> ', '1. ', '+ ', '- * ']) {
    const document = `${marker.repeat(5000)}a\n\n# End\n`;
    expect(readBlocks(document).map(({ type }) => type)).toEqual([marker === '> ' ? 'other' : 'list', 'heading']);
  }
  const comment = `<!--\n${'> '.repeat(200)}-->\n\n# End\n`;
  expect(readBlocks(comment).map(({ type, end }) => [type, end])).toEqual([
    ['html', comment.indexOf('\n\n')],
    ['heading', comment.length - 1],
  ]);
});

test('a byte order mark within the text is a character', () => {
  expect(readBlocks('---\na: 1\n---\n\ufeff# no heading\n')[1]).toMatchObject({ type: 'other', start: 13 });
});

test('while one section is edited the others are not parsed again', () => {
  const memory = new SectionMemory();
  readBlocks(template, memory);
  const before = memory.sections;
  readBlocks(template.replace('- owner:', '- owner: Antoine'), memory);
  const kept = [...memory.sections].filter(([text, blocks]) => before.get(text) === blocks);
  expect(kept.length).toBe(memory.sections.size - 1);
});

test('a playbook read again while it is written is the same as one read afresh', () => {
  const lines = template.split('\n');
  const memory = new SectionMemory();
  let text = template;
  const edits = fc.array(
    fc.record({ at: fc.nat(), length: fc.nat(60), line: fc.nat(lines.length - 1), count: fc.nat(12) }),
    { minLength: 1, maxLength: 8 },
  );
  fc.assert(
    fc.property(edits, steps => {
      for (const { at, length, line, count } of steps) {
        const start = at % (text.length + 1);
        text = text.slice(0, start) + lines.slice(line, line + count).join('\n') + text.slice(start + length);
        expect(comparable(readPlaybook(text, memory))).toEqual(comparable(readPlaybook(text)));
      }
    }),
    { numRuns: 20 },
  );
}, 60_000);

/** With the places of each check's text rather than the functions that give them. */
function comparable({ checks, phases, findings, blocks, regions }: ReturnType<typeof readPlaybook>) {
  const places = checks.map(({ content: { text, offsetOf, indexOf }, step, phase, ...check }) => {
    const offsets = [0, text.length >> 1, text.length].map(index => [offsetOf(index), indexOf(offsetOf(index))]);
    return { ...check, text, offsets, step: step?.title, phase: phase?.title };
  });
  return { places, titles: phases.map(({ title, steps }) => [title, steps.length]), findings, blocks, regions };
}

test('what is open stands at the end, though the same text was no section before', () => {
  const memory = new SectionMemory();
  expect(bySection('```\n# x\n', memory)).toEqual([['code', 0, 8, 1]]);
  expect(bySection('```\n', memory)).toEqual([['code', 0, 4, 1]]);
});
