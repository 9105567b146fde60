/**
 * JSON with comments and trailing commas, as VS Code's settings files are written. Anything else that JSON has not is an
 * error with its place: a setting that was meant otherwise must not be guessed.
 */
import { TextDocument } from 'vscode-languageserver-textdocument';

/** Line and column from 1. */
export type JsoncResult = { ok: true; value: unknown } | { ok: false; message: string; line: number; column: number };

/** Deeper than any settings file goes. */
const maxDepth = 100;

export function readJsonc(text: string): JsoncResult {
  try {
    return { ok: true, value: new Reader(text).read() };
  } catch (error) {
    if (!(error instanceof Misfit)) throw error;
    const { line, character } = TextDocument.create('', 'jsonc', 0, text).positionAt(error.offset);
    return { ok: false, message: error.message, line: line + 1, column: character + 1 };
  }
}

class Misfit extends Error {
  constructor(
    message: string,
    readonly offset: number,
  ) {
    super(message);
  }
}

const blank = /[ \t\r\n]*(?:\/\/[^\r\n]*)?/y;
const word = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.])|(?:true|false|null)(?!\w)/y;
// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON has none in strings
const stringEnd = /["\\\u0000-\u001f]/g;

class Reader {
  #at: number;

  constructor(private readonly text: string) {
    this.#at = text.startsWith('\ufeff') ? 1 : 0;
  }

  read(): unknown {
    const value = this.#value(0);
    if (this.#next() !== undefined) this.#fail('nothing may follow the value');
    return value;
  }

  #value(depth: number): unknown {
    const next = this.#next();
    if (depth > maxDepth) this.#fail('it is nested too deep');
    if (next === '{') return this.#object(depth);
    if (next === '[') return this.#list(depth);
    if (next === '"') return this.#string();
    const found = this.#match(word);
    return found === '' ? this.#fail('a value is missing') : JSON.parse(found);
  }

  #object(depth: number): unknown {
    const entries: [string, unknown][] = [];
    this.#members('}', () => {
      if (this.#next() !== '"') this.#fail('a key in double quotes is missing');
      const key = this.#string();
      if (this.#next() !== ':') this.#fail('a colon is missing');
      this.#at++;
      entries.push([key, this.#value(depth + 1)]);
    });
    // Own keys, also that of a prototype.
    return Object.fromEntries(entries);
  }

  #list(depth: number): unknown[] {
    const items: unknown[] = [];
    this.#members(']', () => items.push(this.#value(depth + 1)));
    return items;
  }

  /** Separated by commas, one of which may stand before the end. */
  #members(end: '}' | ']', member: () => void): void {
    const start = this.#at++;
    while (this.#next() !== end) {
      if (this.#next() === undefined) this.#fail(`the ${this.text[start]} is never closed`, start);
      member();
      if (this.#next() === ',') this.#at++;
      else if (this.#next() !== undefined && this.#next() !== end) this.#fail(`a comma or ${end} is missing`);
    }
    this.#at++;
  }

  #string(): string {
    const start = this.#at;
    stringEnd.lastIndex = start + 1;
    for (;;) {
      const found = stringEnd.exec(this.text);
      if (!found || found[0] < ' ') this.#fail('the string is not closed on its line', start);
      this.#at = found!.index + 1;
      if (found![0] === '"') break;
      stringEnd.lastIndex = this.#at + 1;
    }
    try {
      return JSON.parse(this.text.slice(start, this.#at));
    } catch {
      return this.#fail('the string holds an escape that JSON has not', start);
    }
  }

  /** The next character that says something. */
  #next(): string | undefined {
    for (;;) {
      if (this.#match(blank) !== '') continue;
      if (!this.text.startsWith('/*', this.#at)) return this.text[this.#at];
      const end = this.text.indexOf('*/', this.#at + 2);
      if (end < 0) this.#fail('the comment is never closed');
      this.#at = end + 2;
    }
  }

  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.text)?.[0] ?? '';
    this.#at += found.length;
    return found;
  }

  #fail(message: string, offset = this.#at): never {
    throw new Misfit(message, offset);
  }
}
