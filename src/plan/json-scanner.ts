const backslash = 92;

/** Characters of numbers and of true, false, null: one table look-up per character. */
const scalarCharacters = (() => {
  const table = new Uint8Array(128);
  for (const character of '+-.0123456789Eeaflnrstu') table[character.charCodeAt(0)] = 1;
  return table;
})();

const scalarPattern = /^(?:-?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|true|false|null)$/;

/** Reads the tokens of JSON off a text, leniently: what is no token is left for the caller to keep as text. */
export class JsonScanner {
  pos = 0;

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

  /** The string that begins at the quote under the cursor; one that never ends takes the rest of the text. */
  string(): string {
    const { text } = this;
    const start = this.pos + 1;
    let end = text.indexOf('"', start);
    let escapes = false;
    while (end >= 0 && text.charCodeAt(end - 1) === backslash) {
      let slashes = 1;
      while (end - slashes > start && text.charCodeAt(end - slashes - 1) === backslash) slashes++;
      escapes = true;
      if (slashes % 2 === 0) break;
      end = text.indexOf('"', end + 1);
    }
    if (end < 0) end = text.length;
    this.pos = end + 1;
    const raw = text.slice(start, end);
    return escapes || raw.includes('\\') ? unescape(raw) : raw;
  }

  /** A number, true, false or null under the cursor as its text, or undefined when something else is there. */
  scalar(): string | undefined {
    const { text } = this;
    const start = this.pos;
    let end = start;
    let code = text.charCodeAt(end);
    while (code < 128 && scalarCharacters[code] === 1) code = text.charCodeAt(++end);
    // A word such as "Seq Scan" may start with characters of ours and go on with others.
    if (end === start || (code > 32 && code !== 44 && code !== 125 && code !== 93)) return undefined;
    const token = text.slice(start, end);
    const first = token.charCodeAt(0);
    if (first > 57 || first < 48 ? !scalarPattern.test(token) : Number.isNaN(Number(token))) return undefined;
    this.pos = end;
    return token;
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

function unescape(raw: string): string {
  return raw.replace(/\\(?:u([0-9a-fA-F]{4})|([\s\S]))/g, (_, hex: string | undefined, character: string) =>
    hex ? String.fromCharCode(Number.parseInt(hex, 16)) : (escapes[character] ?? character),
  );
}
