/** Names texts; guards nothing. */

/** 106 bits of the text as 22 base-36 digits (two runs of cyrb53, Bryc 2018, public domain): no two texts of a cluster share it. */
export function textHash(text: string): string {
  return digits(cyrb53(text, 0)) + digits(cyrb53(text, 0x9e3779b9));
}

function digits(value: number): string {
  return value.toString(36).padStart(11, '0');
}

function cyrb53(text: string, seed: number): number {
  let h1 = 0xdeadbeef ^ seed;
  let h2 = 0x41c6ce57 ^ seed;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    h1 = Math.imul(h1 ^ code, 2654435761);
    h2 = Math.imul(h2 ^ code, 1597334677);
  }
  h1 = Math.imul(h1 ^ (h1 >>> 16), 2246822507) ^ Math.imul(h2 ^ (h2 >>> 13), 3266489909);
  h2 = Math.imul(h2 ^ (h2 >>> 16), 2246822507) ^ Math.imul(h1 ^ (h1 >>> 13), 3266489909);
  return 4294967296 * (2097151 & h2) + (h1 >>> 0);
}
