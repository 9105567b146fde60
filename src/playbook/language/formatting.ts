/** On request only: trailing blanks, runs of blank lines, and list facts, outside of code and of Cutover's own regions. */
import type { TextEdit } from 'vscode-languageserver-types';
import type { TextRange } from '../../sql/offsets';
import type { PlaybookDocument } from './document';

export function format(document: PlaybookDocument): TextEdit[] {
  const { text, playbook } = document;
  const kept: TextRange[] = [
    ...playbook.blocks.filter(({ type }) => type === 'code' || type === 'html' || type === 'frontMatter'),
    ...playbook.regions,
  ];
  const edits: TextEdit[] = [];
  const replace = (start: number, end: number, by: string): void => {
    if (kept.some(part => part.start < end && start < part.end) || text.slice(start, end) === by) return;
    edits.push(document.edit({ start, end, text: by }));
  };
  // Two blanks at the end of a line are a line break in Markdown: they stay.
  for (const match of text.matchAll(/(?<=[^\s]|^)(?:[ \t]{3,}|\t+| )(?=\r?\n|$)/gm))
    replace(match.index, match.index + match[0].length, '');
  for (const match of text.matchAll(/(\r?\n)(?:[ \t]*\r?\n){2,}/g))
    replace(match.index, match.index + match[0].length, match[1]!.repeat(2));
  return edits
    .sort((a, b) => a.range.start.line - b.range.start.line || a.range.start.character - b.range.start.character)
    .filter(apart);
}

/** Edits must not overlap: blanks at the end of a line that goes away are gone with it. */
function apart({ range }: TextEdit, at: number, edits: TextEdit[]): boolean {
  const before = edits[at - 1]?.range.end;
  return (
    !before ||
    before.line < range.start.line ||
    (before.line === range.start.line && before.character <= range.start.character)
  );
}
