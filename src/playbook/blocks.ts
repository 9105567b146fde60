/**
 * The top-level blocks of a Markdown document with their exact places.
 *
 * A CommonMark parser rather than a scan for fences: whether `<!-- … -->` is a comment or the text of a code block is
 * decided by container blocks, indented code, HTML blocks and lazy continuation together, and the preview decides it
 * the same way. Only what stands at the top level counts: a region quoted in `>` or shown in a list is an example.
 *
 * The parser takes some 0.1 ms a line, and more than twice the time for twice the lines. So a document is parsed section by section, from one heading to the next, and what a
 * {@link SectionMemory} holds is not parsed again: while somebody types, one section is.
 */
import type { Nodes } from 'mdast';
import { fromMarkdown, type Options } from 'mdast-util-from-markdown';
import type { KnownChecks } from './check-block';
import { frontMatterEnd } from './front-matter';

export interface Place {
  /** UTF-16 offsets into the document. */
  start: number;
  end: number;
  /** 1-based. */
  line: number;
}

export interface Block extends Place {
  type: 'frontMatter' | 'heading' | 'code' | 'html' | 'list' | 'other';
  /** Of a heading: 1–6. */
  depth: number;
  /** Of a heading its text without markup, of HTML its source; else empty. */
  text: string;
  /** Of a list. */
  items: readonly Place[];
}

/** What was read of a document before, by its text. One for each document that is read again and again. */
export class SectionMemory {
  sections: Sections = new Map();
  checks: KnownChecks = new Map();
}

interface Section {
  /** Relative to the section. */
  blocks: readonly Block[];
  lines: number;
  /** The blocks where the section last stood: above the line that is written, they stay. */
  placed?: { start: number; line: number; blocks: readonly Block[] };
}

/** By text; undefined: a heading behind that text would not stand at the top level. */
type Sections = Map<string, Section | undefined>;

export function readBlocks(document: string, memory = new SectionMemory()): Block[] {
  const sections: Sections = new Map();
  const blocks: Block[] = [];
  // The parser swallows a byte order mark and counts offsets without it.
  let start = frontMatterEnd(document) ?? (document.startsWith('\ufeff') ? 1 : 0);
  if (start > 1) blocks.push(frontMatterBlock(document, start));
  let line = 1 + countLines(document, 0, start);
  while (start < document.length) {
    const { end, section } = readSection(document, start, memory.sections, sections);
    if (section.placed?.start !== start || section.placed.line !== line)
      section.placed = { start, line, blocks: section.blocks.map(block => moved(block, start, line - 1)) };
    for (const block of section.placed.blocks) blocks.push(block);
    line += section.lines;
    start = end;
  }
  memory.sections = sections;
  return blocks;
}

/** Where a heading may stand that ends a section, if nothing above it reaches that far. */
const nextHeading = /(?:\r\n|\n|\r)(?=#{1,3}[ \t])/g;

/**
 * The section that begins at `start`, which is the beginning of the document or a heading at the top level, and its blocks
 * relative to it. A heading ends it only if what stands above does not swallow it, as an open code fence would.
 */
function readSection(
  document: string,
  start: number,
  known: Sections,
  sections: Sections,
): { end: number; section: Section } {
  nextHeading.lastIndex = start;
  // What reaches over one heading may reach over many: looking at twice as many each time keeps the cost linear.
  for (let skip = 0; ; skip = skip * 2 + 1) {
    let end = document.length;
    for (let passed = 0; passed <= skip; passed++) {
      const match = nextHeading.exec(document);
      end = match ? match.index + match[0].length : document.length;
      if (!match) break;
    }
    const text = document.slice(start, end);
    const isLast = end === document.length;
    // Nothing must follow the last one, so that it may be open: elsewhere the same text is another section.
    const key = isLast ? `${text}\0` : text;
    if (!sections.has(key))
      sections.set(key, known.has(key) ? known.get(key) : isLast ? sectionOf(text, parse(text)) : parseClosed(text));
    const section = sections.get(key);
    if (section) return { end, section };
  }
}

/** Undefined when a heading behind the text would not stand at the top level. */
function parseClosed(text: string): Section | undefined {
  const blocks = parse(`${text}# end`);
  const last = blocks.pop();
  return last?.type === 'heading' && last.start === text.length ? sectionOf(text, blocks) : undefined;
}

function sectionOf(text: string, blocks: readonly Block[]): Section {
  return { blocks, lines: countLines(text, 0, text.length) };
}

/** Inline constructs: what they find moves no block, and some take quadratic time. */
const blocksOnly: Options = {
  extensions: [
    {
      disable: {
        null: [
          ...['attention', 'autolink', 'characterEscape', 'characterReference', 'codeText', 'hardBreakEscape'],
          ...['htmlText', 'labelEnd', 'labelStartImage', 'labelStartLink'],
        ],
      },
    },
  ],
};

function parse(text: string): Block[] {
  // In the middle of a document it is no byte order mark, which the parser would swallow.
  const shift = text.startsWith('\ufeff') ? 1 : 0;
  return fromMarkdown(withoutDepth(shift ? `\n${text}` : text), blocksOnly).children.map(node => {
    const place = placeOf(node, shift);
    return {
      ...place,
      type: blockType(node),
      depth: node.type === 'heading' ? node.depth : 0,
      text: node.type === 'heading' ? headingText(text.slice(place.start, place.end), node) : htmlText(node),
      items: node.type === 'list' ? node.children.map(item => placeOf(item, shift)) : [],
    };
  });
}

/** The parser takes quadratic time for the depth of a line; the preview looks no deeper than a hundred levels either. */
const deepest = 100;
const deepPrefix = new RegExp(`^(?:[ \\t]|>|(?:[-+*]|\\d{1,9}[.)])(?=[ \\t])){${deepest},}`, 'gm');

/** Markers of lists and quotes beyond what anybody nests are blanks; all else keeps its place. */
function withoutDepth(text: string): string {
  return text.replace(deepPrefix, prefix => prefix.slice(0, deepest) + prefix.slice(deepest).replace(/[^\t]/g, ' '));
}

function placeOf({ position }: Nodes, shift: number): Place {
  const { start, end } = position!;
  return { start: start.offset! - shift, end: end.offset! - shift, line: start.line - shift };
}

/** Of every block at each keystroke: written out, it takes a third of the time of spreading. */
function moved({ start, end, line, type, depth, text, items }: Block, by: number, lines: number): Block {
  const there = items.length === 0 ? items : items.map(item => movedPlace(item, by, lines));
  return { start: start + by, end: end + by, line: line + lines, type, depth, text, items: there };
}

function movedPlace({ start, end, line }: Place, by: number, lines: number): Place {
  return { start: start + by, end: end + by, line: line + lines };
}

function frontMatterBlock(document: string, behind: number): Block {
  const start = document.startsWith('\ufeff') ? 1 : 0;
  const end = start + document.slice(start, behind).replace(/(?:\r\n|\n|\r)$/, '').length;
  return { type: 'frontMatter', start, end, line: 1, depth: 0, text: '', items: [] };
}

function countLines(document: string, start: number, end: number): number {
  let lines = 0;
  for (let at = start; at < end; at++) {
    const code = document.charCodeAt(at);
    if (code === 10 || (code === 13 && document.charCodeAt(at + 1) !== 10)) lines++;
  }
  return lines;
}

function blockType(node: Nodes): Block['type'] {
  if (node.type === 'heading' || node.type === 'code' || node.type === 'html' || node.type === 'list') return node.type;
  return 'other';
}

function htmlText(node: Nodes): string {
  return node.type === 'html' ? node.value : '';
}

/** Longer than any title; beyond it markup is shown as it is written. */
const longestTitle = 1000;

/** Text without markup: what stands in a heading alone is read inline, too. */
function headingText(source: string, plain: Nodes): string {
  const hasMarkup = /[\\`*_[\]<>&!]/.test(source) && source.length <= longestTitle;
  return textOf(hasMarkup ? fromMarkdown(source) : plain);
}

function textOf(node: Nodes): string {
  let text = '';
  const queue: Nodes[] = [node];
  for (let each = queue.pop(); each; each = queue.pop()) {
    if ('value' in each) text += each.value;
    else if ('children' in each) queue.push(...[...each.children].reverse());
  }
  return text;
}
