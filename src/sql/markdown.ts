/**
 * SQL in Markdown: fenced code blocks whose info string begins with an SQL language (CommonMark 0.31, "Fenced code
 * blocks"). Fences may stand in lists and block quotes; unlike CommonMark, any indentation will do.
 */
import { cutOut, type ExtractedText, TextExtractor } from './extracted-text';
import type { TextRange } from './offsets';

export interface SqlFence {
  /** The whole block, with both fence lines. */
  block: TextRange;
  content: ExtractedText;
}

const sqlInfo = /^(?:sql|pgsql|psql|plpgsql|postgres|postgresql)(?![A-Za-z0-9+#-])/i;
/** Block quote markers, list markers and indentation before a line's own text. */
const linePrefix = /(?:[ \t]|>|(?:[-*+]|\d{1,9}[.)])(?=[ \t]))*/y;
const openingFence = /(`{3,})([^`\r\n]*)|(~{3,})([^\r\n]*)/y;

export function sqlFences(document: string): SqlFence[] {
  const fences: SqlFence[] = [];
  for (let line = firstLine(document); line !== undefined; line = nextLine(document, line)) {
    const opening = matchAt(openingFence, document, matchAt(linePrefix, document, line.start)!.end);
    if (!opening) continue;
    const prefix = document.slice(line.start, opening.start);
    const [, ticks, tickInfo, tildes, tildeInfo] = opening.groups;
    const { last, content } = readFence(document, line, (ticks ?? tildes)!, prefix);
    if (sqlInfo.test((tickInfo ?? tildeInfo)!.trim()))
      fences.push({ block: { start: line.start, end: last.end }, content });
    line = last;
  }
  return fences;
}

interface Line {
  start: number;
  /** Behind the text, before the line break. */
  end: number;
  /** Start of the next line; the document's length when this is the last one. */
  next: number;
}

/**
 * The lines up to the closing fence, the end of the block quote, or the end of the document. Block quote markers and as
 * much indentation as stands before the opening fence are no part of them.
 */
function readFence(
  document: string,
  opening: Line,
  fence: string,
  prefix: string,
): { last: Line; content: ExtractedText } {
  const quotes = prefix.replace(/[^>]/g, '').length;
  const indentation = prefix.slice(prefix.lastIndexOf('>') + 1).length - (quotes > 0 ? 1 : 0);
  const content = new TextExtractor();
  let last = opening;
  let end = opening.next;
  for (let line = nextLine(document, opening); line !== undefined; line = nextLine(document, line)) {
    const text = afterPrefix(document, line, quotes, indentation);
    if (text === undefined) break;
    last = line;
    if (closes(document.slice(text, line.end).trim(), fence)) break;
    if (prefix !== '') content.append(document.slice(text, line.next), text);
    end = line.next;
  }
  return { last, content: prefix === '' ? cutOut(document, opening.next, end) : content.finish(end) };
}

function closes(line: string, fence: string): boolean {
  return line.length >= fence.length && line === fence[0]!.repeat(line.length);
}

/** Offset behind `quotes` block quote markers and the indentation; undefined when the line has fewer markers. */
function afterPrefix(document: string, line: Line, quotes: number, indentation: number): number | undefined {
  let at = line.start;
  for (let left = quotes; left > 0; left--) {
    while (at < line.end && isBlank(document[at])) at++;
    if (document[at] !== '>') return undefined;
    at++;
  }
  for (let left = indentation + (quotes > 0 ? 1 : 0); left > 0 && isBlank(document[at]); left--) at++;
  return at;
}

function isBlank(character: string | undefined): boolean {
  return character === ' ' || character === '\t';
}

function firstLine(document: string): Line | undefined {
  return document === '' ? undefined : lineAt(document, 0);
}

function nextLine(document: string, line: Line): Line | undefined {
  return line.next < document.length ? lineAt(document, line.next) : undefined;
}

function lineAt(document: string, start: number): Line {
  const feed = document.indexOf('\n', start);
  if (feed < 0) return { start, end: document.length, next: document.length };
  return { start, end: document[feed - 1] === '\r' && feed > start ? feed - 1 : feed, next: feed + 1 };
}

function matchAt(
  pattern: RegExp,
  text: string,
  at: number,
): { start: number; end: number; groups: (string | undefined)[] } | undefined {
  pattern.lastIndex = at;
  const match = pattern.exec(text);
  return match ? { start: at, end: at + match[0].length, groups: [...match] } : undefined;
}
