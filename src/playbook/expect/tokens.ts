/** Words of an expectation. */
import type { TextRange } from '../../sql/offsets';

export type TokenKind = 'word' | 'column' | 'string' | 'number' | 'symbol' | 'end';

export interface Token extends TextRange {
  kind: TokenKind;
  /** Of a word in lower case; of a quoted column or string what is in the quotes; of a symbol the plain spelling. */
  text: string;
}

/** What is wrong and where: UTF-16 offsets into the text. */
export class ExpectError extends Error {
  override readonly name = 'ExpectError';

  constructor(
    message: string,
    readonly start: number,
    readonly end: number,
  ) {
    super(message);
  }
}

const patterns: [TokenKind, RegExp][] = [
  ['number', /(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+)?/y],
  ['word', /[\p{L}_][\p{L}\p{M}\p{N}_$]*/uy],
  ['string', /'(?:[^']|'')*'(?!')/y],
  ['column', /"(?:[^"]|"")*"(?!")/y],
  ['symbol', /<=|>=|<>|!=|[=<>+\-*/%().]/y],
];

/** Signs that Cutover itself writes in a result. */
const signs: Record<string, string> = { '≤': '<=', '≥': '>=', '≠': '<>', '×': '*', '!=': '<>' };
const sign = /[≤≥≠×]/y;

/** The last token is the end, an empty range behind the last word. */
export function readTokens(text: string): Token[] {
  const tokens: Token[] = [];
  const space = /\s*/y;
  let at = 0;
  for (;;) {
    space.lastIndex = at;
    at += space.exec(text)![0].length;
    if (at >= text.length) break;
    const token = readToken(text, at);
    tokens.push(token);
    at = token.end;
  }
  const end = tokens.at(-1)?.end ?? 0;
  tokens.push({ kind: 'end', text: '', start: end, end });
  return tokens;
}

function readToken(text: string, start: number): Token {
  sign.lastIndex = start;
  if (sign.test(text)) return { kind: 'symbol', text: signs[text[start]!]!, start, end: start + 1 };
  for (const [kind, pattern] of patterns) {
    pattern.lastIndex = start;
    const found = pattern.exec(text)?.[0];
    if (found === undefined) continue;
    const end = start + found.length;
    if (kind === 'column' && end - start === 2)
      throw new ExpectError('A column has a name: write it between the quotes.', start, end);
    return { kind, text: plain(kind, found), start, end };
  }
  throw unexpected(text, start);
}

function plain(kind: TokenKind, found: string): string {
  // PostgreSQL folds unquoted names, and leaves letters beyond ASCII alone in most encodings.
  if (kind === 'word') return found.replace(/[A-Z]/g, letter => letter.toLowerCase());
  if (kind === 'string') return found.slice(1, -1).replaceAll("''", "'");
  if (kind === 'column') return found.slice(1, -1).replaceAll('""', '"');
  return signs[found] ?? found;
}

const instead: [sign: string, words: string][] = [
  ['&&', 'write `and`'],
  ['||', 'write `or`'],
  ['&', 'write `and`'],
  ['|', 'write `or`'],
  ['!', 'write `not`'],
  [',', 'write numbers without separators, conditions with `and`'],
  [';', 'an expectation is one condition'],
  ['$', 'there are no parameters'],
  ['`', 'write a name in double quotes'],
  ['“', 'write a name in plain double quotes'],
  ['”', 'write a name in plain double quotes'],
  ['‘', "write a text in plain single quotes, as 'on'"],
  ['’', "write a text in plain single quotes, as 'on'"],
];

function unexpected(text: string, start: number): ExpectError {
  const opener = text[start]!;
  if (opener === "'") return new ExpectError("The text has no closing quote `'`.", start, text.length);
  if (opener === '"') return new ExpectError('The name has no closing quote `"`.', start, text.length);
  const found = instead.find(([each]) => text.startsWith(each, start));
  const end = start + (found?.[0].length ?? String.fromCodePoint(text.codePointAt(start)!).length);
  const what = `\`${text.slice(start, end)}\` is no part of an expectation`;
  return new ExpectError(found ? `${what}: ${found[1]}.` : `${what}.`, start, end);
}
