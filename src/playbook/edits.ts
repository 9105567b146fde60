/** Edits of a playbook: minimal, so that undo, marks in the margin and whoever edits elsewhere are left alone. */
import type { TextRange } from '../sql/offsets';

export interface TextEdit {
  /** UTF-16 offsets into the document before any edit. */
  start: number;
  end: number;
  text: string;
}

export interface Recording {
  /** In ascending order, not overlapping; empty when the document says it all already. */
  edits: TextEdit[];
  /** 1-based line of what was recorded in the document after the edits. */
  line: number;
}

/** Applies edits in ascending order, not overlapping. */
export function applyEdits(document: string, edits: readonly TextEdit[]): string {
  let text = '';
  let at = 0;
  for (const edit of edits) {
    text += document.slice(at, edit.start) + edit.text;
    at = edit.end;
  }
  return text + document.slice(at);
}

/** One edit from the first to the last line that differs, none when all are the same. */
export function changedLines(document: string, region: TextRange, text: string): TextEdit[] {
  const before = document.slice(region.start, region.end).split(/(?<=\n)/);
  const after = text.split(/(?<=\n)/);
  let start = 0;
  while (start < before.length && start < after.length && before[start] === after[start]) start++;
  if (start === before.length && start === after.length) return [];
  let same = 0;
  while (same < Math.min(before.length, after.length) - start && before.at(-1 - same) === after.at(-1 - same)) same++;
  const length = (lines: string[]): number => lines.reduce((sum, line) => sum + line.length, 0);
  return [
    {
      start: region.start + length(before.slice(0, start)),
      end: region.end - length(before.slice(before.length - same)),
      text: after.slice(start, after.length - same).join(''),
    },
  ];
}

/** Offset of the line's end, its ending not counted. */
export function endOfLine(document: string, offset: number): number {
  let at = offset;
  while (at < document.length && document[at] !== '\n' && document[at] !== '\r') at++;
  return at;
}

/** Offset behind the line ending that stands at `end`. */
export function behindLineEnding(document: string, end: number): number {
  return document[end] === '\r' && document[end + 1] === '\n' ? end + 2 : Math.min(document.length, end + 1);
}

export function startOfLine(document: string, offset: number): number {
  let at = offset;
  while (at > 0 && document[at - 1] !== '\n' && document[at - 1] !== '\r') at--;
  return at;
}

/** The ending most lines have. */
export function lineEndingOf(document: string): string {
  const all = document.split('\n').length - 1;
  const carriage = document.split('\r\n').length - 1;
  return carriage > all - carriage ? '\r\n' : '\n';
}

export function withLineEnding(text: string, lineEnding: string): string {
  return lineEnding === '\n' ? text : text.replaceAll('\n', lineEnding);
}
