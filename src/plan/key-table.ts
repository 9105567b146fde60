/** Keys are whole numbers of 53 bits made by hashing; 0 is none. Two different keys coincide once in some 10^15 pairs. */
export const noKey = 0;

/** Spreads a number over 32 bits (the finalizer of MurmurHash3). */
export function mix(number: number): number {
  let mixed = Math.imul(number ^ (number >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}

export function keyOf(a: number, b: number, c: number, d: number): number {
  const low = mix(mix(mix(mix(a) ^ b) + c) ^ d);
  const high = mix(low ^ (Math.imul(a, 31) + Math.imul(b, 17) + Math.imul(c, 7) + d));
  return (low >>> 0) * 0x200000 + (high >>> 11) + 1;
}

/** The key of something within something else, as a node in a scope. */
export function keyWithin(place: number, key: number): number {
  return key === noKey ? noKey : keyOf(place, key | 0, (key / 0x100000000) | 0, 1);
}

/** Queues of indexes by key: first in, first out. An open-addressing hash table in flat arrays, for tens of thousands of nodes. */
export class KeyTable {
  readonly #mask: number;
  readonly #keys: Float64Array;
  readonly #heads: Int32Array;
  readonly #next: Int32Array;

  /** `count`: indexes are below it. They are to be added from the last to the first. */
  constructor(count: number) {
    let size = 16;
    while (size < count * 2) size *= 2;
    this.#mask = size - 1;
    this.#keys = new Float64Array(size);
    this.#heads = new Int32Array(size).fill(-1);
    this.#next = new Int32Array(count);
  }

  #slot(key: number): number {
    const keys = this.#keys;
    let slot = (key / 0x200000) & this.#mask;
    while (keys[slot] !== noKey && keys[slot] !== key) slot = (slot + 1) & this.#mask;
    return slot;
  }

  addFirst(key: number, index: number): void {
    const slot = this.#slot(key);
    this.#keys[slot] = key;
    this.#next[index] = this.#heads[slot]!;
    this.#heads[slot] = index;
  }

  /** The next index of that key, or -1. */
  take(key: number): number {
    const slot = this.#slot(key);
    const index = this.#heads[slot]!;
    if (index >= 0) this.#heads[slot] = this.#next[index]!;
    return index;
  }
}
