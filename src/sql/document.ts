/** Statements in an open document: all of them, and the one a cursor or a selection means. */
import { cutOut, type ExtractedText } from './extracted-text';
import { sqlOfSelection } from './host-string';
import { Lexer } from './lexer';
import { sqlFences } from './markdown';
import type { TextRange } from './offsets';
import type { SqlParser } from './parser';
import { spanByGrammar } from './repair';
import { type StatementSpan, scanStatements } from './split';

export type { TextRange };

export interface LocatedStatement {
  /** Without terminator, and without comments in front and behind; an optimizer hint (`/*+ … *\/`) in front stays. */
  text: string;
  /** UTF-16 offsets into the document. */
  range: TextRange;
  /** Offset in the document of text[index]; of the end for `text.length`. */
  offsetOf(index: number): number;
}

const sqlLanguages: ReadonlySet<string> = new Set('sql pgsql psql plpgsql postgres postgresql'.split(' '));

/** All statements of an SQL file or of a Markdown file's SQL fences; none in other languages. */
export function listStatements(text: string, languageId: string): LocatedStatement[] {
  return sqlRegions(text, languageId).flatMap(({ content }) =>
    Array.from(scanStatements(content.text), span => located(content, span)),
  );
}

/**
 * The statement meant by a selection, else by a cursor. In SQL and Markdown:
 * - a selection is taken as it is, all of it; a single selected word counts as a cursor;
 * - inside a statement or right behind its semicolon: that one;
 * - between two statements: the one that begins on the same line, else the one that ends on it, else the one that
 *   follows without an empty line in between, comments included, else the one that ends on the line above.
 *
 * In other languages only a selection counts; it may be a string literal, with its quotes or inside them.
 *
 * With a parser, text that is no statement by the grammar (a quote or a semicolon is missing nearby) is cut again at
 * lines that begin like a statement.
 */
export function statementAt(
  text: string,
  offset: number,
  languageId: string,
  selection?: TextRange,
  parser?: SqlParser,
): LocatedStatement | undefined {
  const selected = selection && trimSpace(text, selection);
  const isSql = sqlLanguages.has(languageId) || languageId === 'markdown';
  const isWord = selected !== undefined && !/\s/.test(text.slice(selected.start, selected.end));
  if (selected && selected.start < selected.end && !isWord) {
    const statement = selectedStatement(text, selected, languageId);
    if (statement || !isSql) return statement;
  }
  if (!isSql) return undefined;
  const at = isWord ? selected.start : offset;
  const region = sqlRegions(text, languageId).find(({ block }) => block.start <= at && at <= block.end);
  if (!region) return undefined;
  const { content } = region;
  const index = content.indexOf(at);
  const span = spanAt(content.text, index);
  if (!span) return undefined;
  return located(content, parser ? spanByGrammar(parser, content.text, span, index) : span);
}

interface SqlRegion {
  /** Where a cursor means this region. */
  block: TextRange;
  content: ExtractedText;
}

function sqlRegions(text: string, languageId: string): SqlRegion[] {
  if (languageId === 'markdown') return sqlFences(text);
  if (!sqlLanguages.has(languageId)) return [];
  return [{ block: { start: 0, end: text.length }, content: cutOut(text, 0, text.length) }];
}

function located(content: ExtractedText, { start, end }: { start: number; end: number }): LocatedStatement {
  return {
    text: content.text.slice(start, end),
    range: { start: content.offsetOf(start), end: content.offsetOf(end) },
    offsetOf: index => content.offsetOf(start + index),
  };
}

function selectedStatement(text: string, selection: TextRange, languageId: string): LocatedStatement | undefined {
  const fence =
    languageId === 'markdown'
      ? sqlFences(text).find(({ block }) => block.start < selection.end && selection.start < block.end)
      : undefined;
  if (fence) {
    const from = fence.content.indexOf(selection.start);
    return statementsAsOne(fence.content, from, fence.content.indexOf(selection.end));
  }
  if (sqlLanguages.has(languageId)) {
    const content = cutOut(text, selection.start, selection.end);
    return statementsAsOne(content, 0, content.text.length);
  }
  const content = sqlOfSelection(text, selection, languageId);
  const range = withoutTerminator(content.text);
  return range.start < range.end ? located(content, range) : undefined;
}

/** A program's string is no psql script: a backslash is the user's, to be seen in the server's error. */
function withoutTerminator(sql: string): TextRange {
  const lexer = new Lexer(sql);
  let range: TextRange | undefined;
  while (lexer.next()) {
    const isHint = lexer.kind === 'comment' && range === undefined && sql.startsWith('/*+', lexer.start);
    const isTrivia = lexer.kind === 'space' || lexer.kind === 'comment' || lexer.value === ';';
    if (isHint || !isTrivia) range = { start: range?.start ?? lexer.start, end: lexer.end };
  }
  return range ?? { start: 0, end: 0 };
}

/** Everything from the first statement to the last: what to do with several is not this room's decision. */
function statementsAsOne(content: ExtractedText, from: number, to: number): LocatedStatement | undefined {
  const spans = [...scanStatements(content.text.slice(from, to))];
  const [first] = spans;
  const last = spans.at(-1);
  return first && last && located(content, { start: from + first.start, end: from + last.end });
}

function trimSpace(text: string, { start, end }: TextRange): TextRange {
  const selected = text.slice(start, end);
  const trimmed = selected.trimStart();
  return { start: end - trimmed.length, end: end - trimmed.length + trimmed.trimEnd().length };
}

function spanAt(text: string, at: number): StatementSpan | undefined {
  let previous: StatementSpan | undefined;
  for (const span of scanStatements(text)) {
    if (span.terminatorEnd < at) {
      previous = span;
      continue;
    }
    if (span.start <= at) return span;
    const gapStart = previous?.terminatorEnd ?? 0;
    if (isOneLine(text, at, span.start)) return span;
    if (previous && isOneLine(text, gapStart, at)) return previous;
    if (leadsTo(text, gapStart, at, span.start)) return span;
    break;
  }
  return previous && isDirectlyBelow(text, previous.terminatorEnd, at) ? previous : undefined;
}

function isOneLine(text: string, start: number, end: number): boolean {
  const feed = text.indexOf('\n', start);
  return feed < 0 || feed >= end;
}

/** Whether only comments and line breaks, but no empty line, stand between the cursor and the statement below it. */
function leadsTo(text: string, gapStart: number, at: number, statementStart: number): boolean {
  const lexer = new Lexer(text, gapStart);
  while (lexer.next() && lexer.start < statementStart) {
    if (lexer.end <= at && !isOneLine(text, lexer.start, at)) continue;
    if (lexer.kind !== 'space' && lexer.kind !== 'comment') return false;
    if (lexer.kind === 'space' && /\n[ \t\r]*\n/.test(text.slice(Math.max(lexer.start, at), lexer.end))) return false;
  }
  return lexer.start === statementStart;
}

function isDirectlyBelow(text: string, end: number, at: number): boolean {
  return /^[ \t\r]*(?:\n[ \t\r]*)?$/.test(text.slice(end, at));
}
