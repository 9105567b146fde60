const backslash = 92;
const quote = 34;
const minus = 45;
const dot = 46;
const zero = 48;
const nine = 57;
const comma = 44;
const closeBracket = 93;
const closeBrace = 125;

const powersOfTen = Array.from({ length: 16 }, (_, exponent) => 10 ** exponent);
const falseToken = new TextEncoder().encode('false');
const scalarPattern = /(?:-?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|true|false|null)(?=[\s,\]}]|$)/y;

/** Characters as an array of numbers: reading one costs a fraction of what `charCodeAt` does. */
function codesOf(text: string): Uint8Array | Uint16Array {
  const bytes = new TextEncoder().encode(text);
  // ASCII: bytes are characters. Otherwise offsets would differ.
  if (bytes.length === text.length) return bytes;
  const codes = new Uint16Array(text.length);
  for (let at = 0; at < text.length; at++) codes[at] = text.charCodeAt(at);
  return codes;
}

/** Reads the tokens of JSON off a text, leniently: what is no token is left for the caller to keep as text. */
export class JsonScanner {
  pos = 0;
  /** Value of the number read last by {@link scalar}; NaN for true, false, null. */
  number = Number.NaN;
  readonly length: number;
  /** Of the string gone past last. */
  #hasEscapes = false;
  readonly #codes: Uint8Array | Uint16Array;

  constructor(readonly text: string) {
    this.#codes = codesOf(text);
    this.length = text.length;
  }

  /** Skips white space and returns the character code there; -1 at the end. */
  skipSpace(): number {
    const codes = this.#codes;
    const { length } = this;
    let pos = this.pos;
    while (pos < length && codes[pos]! <= 32) pos++;
    this.pos = pos;
    return pos < length ? codes[pos]! : -1;
  }

  /** Goes past `token` if it stands under the cursor. */
  skipToken(token: Uint8Array): boolean {
    const codes = this.#codes;
    const start = this.pos;
    const { length } = token;
    for (let i = 0; i < length; i++) if (codes[start + i] !== token[i]) return false;
    this.pos = start + length;
    return true;
  }

  /** Goes past the string whose opening quote is under the cursor; one that never ends takes the rest of the text. */
  skipString(): void {
    const codes = this.#codes;
    const { length } = this;
    let pos = this.pos + 1;
    this.#hasEscapes = false;
    while (pos < length) {
      const code = codes[pos]!;
      if (code === quote) break;
      pos++;
      if (code !== backslash) continue;
      this.#hasEscapes = true;
      pos++;
    }
    this.pos = pos + 1;
  }

  /** The string whose opening quote is under the cursor. */
  string(): string {
    const start = this.pos + 1;
    this.skipString();
    const raw = this.text.slice(start, this.pos - 1);
    return this.#hasEscapes ? withoutEscapes(raw) : raw;
  }

  /** Goes past a number (into {@link number}), true, false or null; false when something else is there. */
  scalar(): boolean {
    const codes = this.#codes;
    const start = this.pos;
    const negative = codes[start] === minus;
    let pos = negative ? start + 1 : start;
    const first = pos;
    let mantissa = 0;
    let code = codes[pos]!;
    while (code >= zero && code <= nine) {
      mantissa = mantissa * 10 + (code - zero);
      code = codes[++pos]!;
    }
    let digits = pos - first;
    let decimals = 0;
    if (code === dot && digits > 0) {
      const point = pos;
      code = codes[++pos]!;
      while (code >= zero && code <= nine) {
        mantissa = mantissa * 10 + (code - zero);
        code = codes[++pos]!;
      }
      decimals = pos - point - 1;
      digits += decimals;
    }
    const ends = code === comma || code <= 32 || code === closeBrace || code === closeBracket || pos >= this.length;
    // Up to 15 digits mantissa and power of ten are exact, so their quotient is the number JSON.parse would give.
    if (digits === 0 || digits > 15 || !ends) return this.#otherScalar();
    const size = decimals === 0 ? mantissa : mantissa / powersOfTen[decimals]!;
    this.number = negative ? -size : size;
    this.pos = pos;
    return true;
  }

  #otherScalar(): boolean {
    // The word that stands twice in every node.
    if (this.skipToken(falseToken)) {
      this.number = Number.NaN;
      return true;
    }
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
      if (code !== comma) break;
      this.pos++;
      code = this.skipSpace();
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
  if (!raw.includes('\\')) return raw;
  return raw.replace(/\\(?:u([0-9a-fA-F]{4})|([\s\S]))/g, (_, hex: string | undefined, character: string) =>
    hex ? String.fromCharCode(Number.parseInt(hex, 16)) : (escapes[character] ?? character),
  );
}

const stringToken = /"((?:[^"\\]|\\[\s\S])*)(?:"|\\?$)/y;
const scalarToken = /[^\s,\]}]+/y;

/** The scalar or list of strings that begins at `offset`, as its scanner went past it. */
export function decodeValue(source: string, offset: number): string | string[] {
  const first = source[offset];
  if (first === '"') return decodeString(source, offset);
  if (first !== '[') {
    scalarToken.lastIndex = offset;
    return scalarToken.exec(source)![0];
  }
  const items: string[] = [];
  for (let at = offset + 1; source[at] !== ']' && at < source.length; at++) {
    if (source[at] !== '"') continue;
    items.push(decodeString(source, at));
    at = stringToken.lastIndex - 1;
  }
  return items;
}

function decodeString(source: string, offset: number): string {
  stringToken.lastIndex = offset;
  return withoutEscapes(stringToken.exec(source)![1]!);
}
