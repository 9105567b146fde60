/**
 * Tokens of SQL as psql reads a file: PostgreSQL's lexical rules (documentation, "Lexical Structure"; scan.l) and psql's
 * backslash commands. One pass, no backtracking; text that breaks off inside a token never fails, it ends the token.
 * Assumes `standard_conforming_strings = on`, the default since PostgreSQL 9.1.
 */
import type { TextRange } from './offsets';

export type TokenKind =
  | 'space'
  | 'comment'
  /** '…', E'…', U&'…', B'…', X'…', N'…' and $tag$…$tag$. */
  | 'string'
  /** "…" and U&"…". */
  | 'quotedIdentifier'
  /** Keyword or identifier. */
  | 'word'
  | 'number'
  /** $1 */
  | 'positional'
  /** psql's backslash command with its arguments, up to the end of its line or `\\`; also `\;`. */
  | 'metaCommand'
  /** `::`, `:=`, or any other single character. */
  | 'symbol';

/** What opens a token that may hold anything: `'`, `"`, a dollar quote with its tag, or `/*`. */
export type Delimiter = string;

const space = /[ \t\n\r\f\v]+/y;
const word = /[A-Za-z_\u0080-\uffff][A-Za-z0-9_$\u0080-\uffff]*/y;
const number = /[0-9][0-9A-Za-z_.]*/y;
const positional = /\$[0-9]+/y;
const dollarTag = /\$(?:[A-Za-z_\u0080-\uffff][A-Za-z0-9_\u0080-\uffff]*)?\$/y;
const lineComment = /--[^\n\r]*/y;
/** White space with a line break in it, and a quote: SQL's way to continue a string on the next line. */
const continuation = /[ \t\f\v]*[\n\r][ \t\n\r\f\v]*'/y;
/** psql passes the whole line to these, `\\` included (psql documentation, "Meta-Commands"). */
const wholeLineCommand = /\\(?:!|copy|ef|ev|sf|sv|h|help)(?![A-Za-z])/iy;

const byteOrderMark = 0xfeff;
const quote = 0x27;
const backslash = 0x5c;

/** A cursor over the tokens; reused to spare an object per token. */
export class Lexer {
  kind: TokenKind = 'space';
  start: number;
  end: number;
  delimiter: Delimiter | undefined;
  /** The text ended inside the current token. */
  isBroken = false;

  constructor(
    readonly text: string,
    from = 0,
  ) {
    this.start = from;
    this.end = from;
  }

  /** Moves to the next token; false at the end of the text. */
  next(): boolean {
    const { text } = this;
    const at = this.end;
    if (at >= text.length) return false;
    this.start = at;
    this.delimiter = undefined;
    this.isBroken = false;
    const code = text.charCodeAt(at);
    if (isSpace(code) || (code === byteOrderMark && at === 0))
      return this.#take('space', this.#match(space, at) ?? at + 1);
    if (isWordStart(code)) return this.#wordOrPrefixedString(at);
    if (code >= 0x30 && code <= 0x39) return this.#take('number', this.#match(number, at)!);
    switch (code) {
      case quote:
        return this.#plainQuoted('string', at, "'");
      case 0x22:
        return this.#plainQuoted('quotedIdentifier', at, '"');
      case 0x24:
        return this.#dollar(at);
      case 0x2d:
        return text.charCodeAt(at + 1) === 0x2d
          ? this.#take('comment', this.#match(lineComment, at)!)
          : this.#take('symbol', at + 1);
      case 0x2f:
        return text.charCodeAt(at + 1) === 0x2a ? this.#blockComment(at) : this.#take('symbol', at + 1);
      case 0x3a: {
        const second = text.charCodeAt(at + 1);
        return this.#take('symbol', second === 0x3a || second === 0x3d ? at + 2 : at + 1);
      }
      case backslash:
        return this.#metaCommand(at);
      default:
        return this.#take('symbol', at + 1);
    }
  }

  /** Moves to the next token that is neither space nor comment; false at the end of the text. */
  nextSignificant(): boolean {
    while (this.next()) if (this.kind !== 'space' && this.kind !== 'comment') return true;
    return false;
  }

  /** The current token as written. */
  get value(): string {
    return this.text.slice(this.start, this.end);
  }

  /** Goes on at `offset`, which must lie outside any token. */
  jump(offset: number): void {
    this.end = offset;
  }

  #match(pattern: RegExp, at: number): number | undefined {
    pattern.lastIndex = at;
    return pattern.test(this.text) ? pattern.lastIndex : undefined;
  }

  #take(kind: TokenKind, end: number): true {
    this.kind = kind;
    this.end = end;
    return true;
  }

  /** `end` is negative when the closing delimiter is missing. */
  #takeQuoted(kind: TokenKind, delimiter: Delimiter, end: number): true {
    this.delimiter = delimiter;
    this.isBroken = end < 0;
    return this.#take(kind, this.isBroken ? this.text.length : end);
  }

  #wordOrPrefixedString(at: number): true {
    const { text } = this;
    const second = text.charCodeAt(at + 1);
    const letter = text.charCodeAt(at) | 0x20;
    if (second === quote) {
      if (letter === 0x65) return this.#escapeString(at);
      if (letter === 0x62 || letter === 0x78 || letter === 0x6e) return this.#plainQuoted('string', at + 1, "'");
    } else if (letter === 0x75 && second === 0x26) {
      const third = text.charCodeAt(at + 2);
      if (third === quote) return this.#plainQuoted('string', at + 2, "'");
      if (third === 0x22) return this.#plainQuoted('quotedIdentifier', at + 2, '"');
    }
    return this.#take('word', this.#match(word, at)!);
  }

  /** `at` is the opening delimiter; inside, only the doubled delimiter means anything. */
  #plainQuoted(kind: TokenKind, at: number, delimiter: "'" | '"'): true {
    for (
      let close = this.text.indexOf(delimiter, at + 1);
      close >= 0;
      close = this.text.indexOf(delimiter, close + 2)
    ) {
      if (this.text[close + 1] !== delimiter) return this.#takeQuoted(kind, delimiter, close + 1);
    }
    return this.#takeQuoted(kind, delimiter, -1);
  }

  #escapeString(at: number): true {
    const { text } = this;
    let offset = at + 2;
    while (offset < text.length) {
      const code = text.charCodeAt(offset);
      if (code === backslash) offset += 2;
      else if (code !== quote) offset += 1;
      else if (text.charCodeAt(offset + 1) === quote) offset += 2;
      else {
        // The continued part on the next line is an escape string too.
        const continued = this.#match(continuation, offset + 1);
        if (continued === undefined) return this.#takeQuoted('string', "'", offset + 1);
        offset = continued;
      }
    }
    return this.#takeQuoted('string', "'", -1);
  }

  #dollar(at: number): true {
    const number = this.#match(positional, at);
    if (number !== undefined) return this.#take('positional', number);
    const opened = this.#match(dollarTag, at);
    if (opened === undefined) return this.#take('symbol', at + 1);
    const tag = this.text.slice(at, opened);
    const close = this.text.indexOf(tag, opened);
    return this.#takeQuoted('string', tag, close < 0 ? -1 : close + tag.length);
  }

  #blockComment(at: number): true {
    const { text } = this;
    let depth = 1;
    for (let offset = at + 2; offset < text.length; offset++) {
      const code = text.charCodeAt(offset);
      if (code === 0x2a && text.charCodeAt(offset + 1) === 0x2f) {
        offset++;
        if (--depth === 0) return this.#takeQuoted('comment', '/*', offset + 1);
      } else if (code === 0x2f && text.charCodeAt(offset + 1) === 0x2a) {
        offset++;
        depth++;
      }
    }
    return this.#takeQuoted('comment', '/*', -1);
  }

  #metaCommand(at: number): true {
    const { text } = this;
    if (text[at + 1] === ';' || text[at + 1] === '\\') return this.#take('metaCommand', at + 2);
    const wholeLine = this.#match(wholeLineCommand, at) !== undefined;
    let quoted = 0;
    let offset = at + 1;
    for (; offset < text.length; offset++) {
      const code = text.charCodeAt(offset);
      if (code === 0x0a || code === 0x0d) break;
      if (wholeLine) continue;
      if (quoted) {
        if (code === quoted) quoted = 0;
      } else if (code === quote || code === 0x22 || code === 0x60) quoted = code;
      else if (code === backslash && text.charCodeAt(offset + 1) === backslash) {
        offset += 2;
        break;
      }
    }
    return this.#take('metaCommand', offset);
  }
}

function isSpace(code: number): boolean {
  return code === 0x20 || (code >= 0x09 && code <= 0x0d);
}

function isWordStart(code: number): boolean {
  return (code >= 0x61 && code <= 0x7a) || (code >= 0x41 && code <= 0x5a) || code === 0x5f || code >= 0x80;
}

/** `range` without the space and comments at its ends; empty, at its end, when there is nothing else. */
export function trimTrivia(text: string, range: TextRange): TextRange {
  const lexer = new Lexer(text, range.start);
  let start = range.end;
  let end = range.end;
  while (lexer.nextSignificant() && lexer.start < range.end) {
    if (start === range.end) start = lexer.start;
    end = Math.min(lexer.end, range.end);
  }
  return { start, end };
}
