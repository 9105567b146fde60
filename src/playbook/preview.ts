/**
 * Marks of Cutover's regions in VS Code's Markdown preview: a class on what stands between two markers, for
 * `media/playbook-preview.css` to draw. The preview shows the file; nothing here runs in it.
 */

/** As much of a token of markdown-it as is used. */
interface Token {
  type: string;
  content: string;
  nesting: number;
  attrJoin(name: string, value: string): void;
}

interface MarkdownIt {
  core: { ruler: { push(name: string, rule: (state: { tokens: Token[] }) => void): void } };
}

const opening = /^\s*<!--\s*cutover:(finding|result)\s+(\S+)([^>]*)-->\s*$/;
const closing = /^\s*<!--\s*\/cutover:(?:finding|result)\s*-->\s*$/;

export function extendMarkdownIt<T extends MarkdownIt>(markdown: T): T {
  markdown.core.ruler.push('cutover-regions', ({ tokens }) => {
    let classes: string | undefined;
    let depth = 0;
    for (const token of tokens) {
      if (depth === 0 && token.type === 'html_block') {
        const match = opening.exec(token.content);
        if (match) classes = classesOf(match[1]!, match[3]!);
        else if (closing.test(token.content)) classes = undefined;
      } else if (depth === 0 && classes && token.nesting >= 0) token.attrJoin('class', classes);
      depth += token.nesting;
    }
  });
  return markdown;
}

/** Words of the marker that are among these; whatever else stands there is no class. */
const words = new Set(['pass', 'fail', 'unknown', 'error', 'high', 'medium', 'low', 'info']);

function classesOf(kind: string, attributes: string): string {
  const word = attributes
    .split(/\s+/)
    .map(each => each.replace(/^severity=/, ''))
    .find(each => words.has(each));
  return `cutover-${kind}${word ? ` cutover-${word}` : ''}`;
}
