/**
 * PostgreSQL's grammar counts UTF-8 bytes, its error positions count characters (code points, from 1), and editors count
 * UTF-16 code units from 0. These turn the first two into the third.
 */

/** A range of UTF-16 offsets: [start, end). */
export interface TextRange {
  start: number;
  end: number;
}

/** UTF-16 offset of each UTF-8 byte offset in `text`; the identity, at no cost, when the text is ASCII. */
export function utf16OffsetsByByte(text: string, byteLength: number): (byteOffset: number) => number {
  if (byteLength === text.length) return byteOffset => byteOffset;
  const offsets = new Uint32Array(byteLength + 1);
  let byte = 0;
  let offset = 0;
  while (offset < text.length) {
    const codePoint = text.codePointAt(offset)!;
    const bytes = codePoint < 0x80 ? 1 : codePoint < 0x800 ? 2 : codePoint < 0x10000 ? 3 : 4;
    offsets.fill(offset, byte, byte + bytes);
    byte += bytes;
    offset += codePoint < 0x10000 ? 1 : 2;
  }
  offsets[byteLength] = text.length;
  return byteOffset => offsets[Math.min(byteOffset, byteLength)]!;
}

/** UTF-16 offset of a position as PostgreSQL reports it: in code points, from 1. Past the end gives the end. */
export function offsetOfPosition(text: string, position: number): number {
  let offset = 0;
  for (let left = position - 1; left > 0 && offset < text.length; left--) {
    offset += text.codePointAt(offset)! < 0x10000 ? 1 : 2;
  }
  return offset;
}

/** Position as PostgreSQL would report it (code points, from 1) of a UTF-16 offset. */
export function positionOfOffset(text: string, offset: number): number {
  let position = 1;
  for (let at = 0; at < offset && at < text.length; position++) {
    at += text.codePointAt(at)! < 0x10000 ? 1 : 2;
  }
  return position;
}
