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
  return [...text.matchAll(untidy)].flatMap(({ 0: found, 1: lineEnding, index: start }) => {
    const end = start + found.length;
    if (kept.some(part => part.start < end && start < part.end)) return [];
    const by = lineEnding?.repeat(2) ?? '';
    return by === found ? [] : [document.edit({ start, end, text: by })];
  });
}

/** More than one blank line, or blanks at a line's end: two of those are a line break in Markdown and stay. */
const untidy = /(\r?\n)(?:[ \t]*\r?\n){2,}|(?<=[^\s]|^)(?:[ \t]{3,}|\t+| )(?=\r?\n|$)/gm;
