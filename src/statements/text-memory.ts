/** What is worked out of a text once, for all readings that hold it: most statements of a reading were in the one before. */
import { type CanonicalText, canonicalText } from '../sql/canonical';
import { textHash } from '../sql/text-hash';
import { statementTitle } from '../sql/title';
import type { KeyedNames } from './names';

const titleLength = 200;

/** More texts than any two servers keep by default, twenty workers' shards apart. */
const remembered = 200_000;

export class TextMemory {
  /** By what names mean, then by text. */
  readonly #canonical = new Map<string, Map<string, CanonicalText>>();
  readonly #titles = new Map<string, string>();
  readonly #hashes = new Map<string, string>();
  #size = 0;

  canonical(sql: string, names: KeyedNames): CanonicalText {
    let known = this.#canonical.get(names.key);
    if (!known) {
      known = new Map();
      this.#canonical.set(names.key, known);
    }
    return this.#once(known, sql, () => canonicalText(sql, names));
  }

  title(sql: string): string {
    return this.#once(this.#titles, sql, () => statementTitle(sql, titleLength));
  }

  hash(text: string): string {
    return this.#once(this.#hashes, text, () => textHash(text));
  }

  #once<T>(known: Map<string, T>, key: string, make: () => T): T {
    let value = known.get(key);
    if (value === undefined) {
      if (this.#size++ > remembered) this.#forget();
      value = make();
      known.set(key, value);
    }
    return value;
  }

  #forget(): void {
    for (const each of this.#canonical.values()) each.clear();
    this.#titles.clear();
    this.#hashes.clear();
    this.#size = 0;
  }
}
