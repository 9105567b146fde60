/** Goes through the tokens of an expectation. */
import { ExpectError, readTokens, type Token } from './tokens';

/** What stands deeper nobody reads, and the call stack has an end. */
const mostDepth = 32;

export class TokenReader {
  readonly #tokens: Token[];
  #at = 0;
  #depth = 0;

  constructor(readonly text: string) {
    this.#tokens = readTokens(text);
  }

  get token(): Token {
    return this.#tokens[this.#at]!;
  }

  /** The token that was read last. */
  get previous(): Token | undefined {
    return this.#tokens[this.#at - 1];
  }

  get isAtEnd(): boolean {
    return this.token.kind === 'end';
  }

  skip(): void {
    this.#at++;
  }

  /** The token, and on to the next, if it is one of these words or symbols. */
  takes(...texts: readonly string[]): Token | undefined {
    const { token } = this;
    if ((token.kind !== 'word' && token.kind !== 'symbol') || !texts.includes(token.text)) return undefined;
    this.#at++;
    return token;
  }

  deeper<T>(read: () => T): T {
    if (++this.#depth > mostDepth) throw this.error(`An expectation nests at most ${mostDepth} deep.`);
    const result = read();
    this.#depth--;
    return result;
  }

  /** The range as it is written. */
  spelled({ start, end }: { start: number; end: number }): string {
    return this.text.slice(start, end);
  }

  /** At the token. */
  error(message: string): ExpectError {
    return new ExpectError(message, this.token.start, this.token.end);
  }
}
