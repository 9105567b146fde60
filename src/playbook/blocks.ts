/**
 * The top-level blocks of a Markdown document with their exact places.
 *
 * A CommonMark parser rather than a scan for fences: whether `<!-- … -->` is a comment or the text of a code block is
 * decided by container blocks, indented code, HTML blocks and lazy continuation together, and the preview decides it
 * the same way. Only what stands at the top level counts: a region quoted in `>` or shown in a list is an example.
 */
import type { Nodes } from 'mdast';
import { fromMarkdown } from 'mdast-util-from-markdown';
import { frontmatterFromMarkdown } from 'mdast-util-frontmatter';
import { frontmatter } from 'micromark-extension-frontmatter';

export interface Block {
  type: 'frontMatter' | 'heading' | 'code' | 'html' | 'other';
  /** UTF-16 offsets into the document. */
  start: number;
  end: number;
  /** 1-based. */
  line: number;
  /** Of a heading: 1–6. */
  depth: number;
  /** Of a heading its text without markup, of HTML its source; else empty. */
  text: string;
}

export function readBlocks(document: string): Block[] {
  // The parser swallows a byte order mark and counts offsets without it.
  const shift = document.startsWith('\ufeff') ? 1 : 0;
  const root = fromMarkdown(document.slice(shift), {
    extensions: [frontmatter()],
    mdastExtensions: [frontmatterFromMarkdown()],
  });
  return root.children.map(node => ({
    type: blockType(node),
    start: node.position!.start.offset! + shift,
    end: node.position!.end.offset! + shift,
    line: node.position!.start.line,
    depth: node.type === 'heading' ? node.depth : 0,
    text: node.type === 'heading' || node.type === 'html' ? textOf(node) : '',
  }));
}

function blockType(node: Nodes): Block['type'] {
  if (node.type === 'yaml') return 'frontMatter';
  if (node.type === 'heading' || node.type === 'code' || node.type === 'html') return node.type;
  return 'other';
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
