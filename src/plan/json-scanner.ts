const backslash = 92;
const quote = 34;
const minus = 45;
const dot = 46;
const zero = 48;
const nine = 57;
const comma = 44;
const closeBracket = 93;
const closeBrace = 125;
const openBracket = 91;

const powersOfTen = Array.from({ length: 16 }, (_, exponent) => 10 ** exponent);
const scalarPattern = /(?:-?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|true|false|null)(?=[\s,\]}]|$)/y;

/** Reads the tokens of JSON off a text, leniently: what is no token is left for the caller to keep as text. */
export class JsonScanner {
  pos = 0;
  /** Value of the number read last by {@link scalar}; NaN for true, false, null. */
  number = Number.NaN;

  constructor(readonly text: string) {}

  /** Skips white space and returns the character code there; NaN at the end. */
  skipSpace(): number {
    const { text } = this;
    let pos = this.pos;
    let code = text.charCodeAt(pos);
    while (code <= 32) code = text.charCodeAt(++pos);
    this.pos = pos;
    return code;
  }

  /** Goes past the string whose opening quote is under the cursor; one that never ends takes the rest of the text. */
  skipString(): void {
    const { text } = this;
    const start = this.pos + 1;
    let end = text.indexOf('"', start);
    while (end > start && text.charCodeAt(end - 1) === backslash) {
      let slashes = 1;
      while (end - slashes > start && text.charCodeAt(end - slashes - 1) === backslash) slashes++;
      if (slashes % 2 === 0) break;
      end = text.indexOf('"', end + 1);
    }
    this.pos = end < 0 ? text.length + 1 : end + 1;
  }

  /** The string whose opening quote is under the cursor. */
  string(): string {
    const start = this.pos + 1;
    this.skipString();
    const raw = this.text.slice(start, this.pos - 1);
    return raw.includes('\\') ? withoutEscapes(raw) : raw;
  }

  /** Goes past a number (into {@link number}), true, false or null; false when something else is there. */
  scalar(): boolean {
    const { text } = this;
    let pos = this.pos;
    let code = text.charCodeAt(pos);
    const negative = code === minus;
    if (negative) code = text.charCodeAt(++pos);
    const first = pos;
    let mantissa = 0;
    while (code >= zero && code <= nine) {
      mantissa = mantissa * 10 + (code - zero);
      code = text.charCodeAt(++pos);
    }
    let digits = pos - first;
    let decimals = 0;
    if (code === dot && digits > 0) {
      const point = pos;
      code = text.charCodeAt(++pos);
      while (code >= zero && code <= nine) {
        mantissa = mantissa * 10 + (code - zero);
        code = text.charCodeAt(++pos);
      }
      decimals = pos - point - 1;
      digits += decimals;
    }
    const ends = code <= 32 || code === comma || code === closeBrace || code === closeBracket || Number.isNaN(code);
    // Up to 15 digits mantissa and power of ten are exact, so their quotient is the number JSON.parse would give.
    if (digits === 0 || digits > 15 || !ends) return this.#otherScalar();
    const size = decimals === 0 ? mantissa : mantissa / powersOfTen[decimals]!;
    this.number = negative ? -size : size;
    this.pos = pos;
    return true;
  }

  #otherScalar(): boolean {
    scalarPattern.lastIndex = this.pos;
    const match = scalarPattern.exec(this.text);
    if (!match) return false;
    this.pos += match[0].length;
    this.number = Number(match[0]);
    return true;
  }

  /** Goes past a list of strings; false, and the cursor where it was, when the list holds anything else. */
  skipStrings(): boolean {
    const start = this.pos;
    this.pos++;
    let code = this.skipSpace();
    while (code === quote) {
      this.skipString();
      code = this.skipSpace();
      if (code === comma) {
        this.pos++;
        code = this.skipSpace();
      } else break;
    }
    if (code === closeBracket) {
      this.pos++;
      return true;
    }
    this.pos = start;
    return false;
  }

  /** The text up to the line's end or the next comma or closing bracket, at least one character, trimmed. */
  untilDelimiter(): string {
    const { text } = this;
    let end = this.pos + 1;
    while (end < text.length && !'\n,]}'.includes(text[end]!)) end++;
    const found = text.slice(this.pos, end).trim();
    this.pos = end;
    return found;
  }

  /** Number of the line under the cursor, from 1. */
  line(): number {
    let line = 1;
    for (let at = this.text.indexOf('\n'); at >= 0 && at < this.pos; at = this.text.indexOf('\n', at + 1)) line++;
    return line;
  }
}

const escapes: Record<string, string> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' };

function withoutEscapes(raw: string): string {
  return raw.replace(/\\(?:u([0-9a-fA-F]{4})|([\s\S]))/g, (_, hex: string | undefined, character: string) =>
    hex ? String.fromCharCode(Number.parseInt(hex, 16)) : (escapes[character] ?? character),
  );
}

/** The scalar or list of strings that begins at `offset`. */
export function decodeValue(source: string, offset: number): string | string[] {
  const scanner = new JsonScanner(source);
  scanner.pos = offset;
  const code = source.charCodeAt(offset);
  if (code === quote) return scanner.string();
  if (code !== openBracket) {
    scanner.scalar();
    return source.slice(offset, scanner.pos);
  }
  const items: string[] = [];
  scanner.pos++;
  while (scanner.skipSpace() === quote) {
    items.push(scanner.string());
    if (scanner.skipSpace() === comma) scanner.pos++;
  }
  return items;
}
