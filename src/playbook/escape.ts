/**
 * Puts text that somebody else wrote (SQL, plan lines, labels, catalog names, error messages) into Markdown so that it
 * stays text: it cannot close a fence, open a comment, forge one of Cutover's regions, or become a link, an image, a
 * heading, a list, or a table cell of its own (safety.md §11). Rules: CommonMark 0.31 §2.4, §4.5, §6.1 and GFM §4.10.
 */
import { visibleLine, visibleText } from './visible';

/** Text for a paragraph, a heading, a list item or a table cell. One line, whatever the text holds. */
export function escapeMarkdown(text: string): string {
  return (
    visibleLine(text)
      .replace(/[\\`*[\]<#~$&]/g, '\\$&')
      // An underscore between letters or digits is no emphasis; escaping it would spoil every identifier.
      .replace(/(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])/g, '\\_')
      // In a table a pipe ends the cell even behind two backslashes; its character reference is text everywhere.
      .replaceAll('|', '&#124;')
      // Bare addresses become links in GFM and in the editor's preview ("linkify") unless their punctuation is escaped.
      .replace(/:(?=\/\/)|(?<=\w)\.(?=\p{Letter})|@/gu, '\\$&')
      // What would start a list, a quote, a thematic break or an underlined heading at the start of a line.
      .replace(/^[-+=>]/, '\\$&')
      .replace(/^(\d+)([.)])(?=\s|$)/, '$1\\$2')
  );
}

/** Text in a code span. Safe in a table cell too. An empty text gives an empty string: there is no empty code span. */
export function codeSpan(text: string): string {
  const line = visibleLine(text);
  if (line === '') return '';
  // A table splits cells before it looks for code spans, and inside one nothing can be escaped.
  if (line.includes('|')) return `<code>${escapeMarkdown(line)}</code>`;
  const ticks = '`'.repeat(longestRun(line, '`') + 1);
  const padding = line.startsWith('`') || line.endsWith('`') ? ' ' : '';
  return `${ticks}${padding}${line}${padding}${ticks}`;
}

/** Text in a fenced code block longer than any run of backticks in it. Lines end with LF; no line feed at the end. */
export function fence(text: string, language = ''): string {
  const body = visibleText(text).replace(/\n$/, '');
  const ticks = '`'.repeat(Math.max(3, longestRun(body, '`') + 1));
  return `${ticks}${language.replace(/[^\w+-]/g, '')}\n${body}\n${ticks}`;
}

export interface TableColumn {
  title: string;
  align: 'left' | 'right';
}

/** A table of plain text: titles and cells are escaped here. */
export function markdownTable(columns: readonly TableColumn[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(escapeMarkdown).join(' | ')} |`;
  return [
    line(columns.map(column => column.title)),
    `| ${columns.map(column => (column.align === 'right' ? '---:' : '---')).join(' | ')} |`,
    ...rows.map(line),
  ].join('\n');
}

function longestRun(text: string, character: string): number {
  let longest = 0;
  let run = 0;
  for (const each of text) {
    run = each === character ? run + 1 : 0;
    if (run > longest) longest = run;
  }
  return longest;
}
