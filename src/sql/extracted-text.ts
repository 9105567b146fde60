/** Text taken out of a document, perhaps with characters left out or unescaped, and the way back to it. */
export interface ExtractedText {
  readonly text: string;
  /** Offset in the document of the character at `index`; of the end for `text.length`. */
  offsetOf(index: number): number;
  /** Index of the last character at or before `offset`, kept within the text. */
  indexOf(offset: number): number;
}

/** A piece of a document as it stands. */
export function cutOut(document: string, start: number, end: number): ExtractedText {
  return {
    text: document.slice(start, end),
    offsetOf: index => start + index,
    indexOf: offset => Math.min(Math.max(offset, start), end) - start,
  };
}

/** Collects pieces; inside a piece, text and document advance in step. */
export class TextExtractor {
  #text = '';
  readonly #indexes: number[] = [];
  readonly #offsets: number[] = [];

  /** Appends text that comes from `offset` of the document on. */
  append(text: string, offset: number): void {
    if (text === '') return;
    this.#indexes.push(this.#text.length);
    this.#offsets.push(offset);
    this.#text += text;
  }

  /** `end` is the document's offset behind the last piece. */
  finish(end: number): ExtractedText {
    const text = this.#text;
    const indexes = [...this.#indexes, text.length];
    const offsets = [...this.#offsets, end];
    return {
      text,
      offsetOf: index => {
        const piece = lastAtOrBefore(indexes, index);
        return piece < 0 ? end : offsets[piece]! + index - indexes[piece]!;
      },
      indexOf: offset => {
        const piece = lastAtOrBefore(offsets, offset);
        if (piece < 0) return 0;
        return Math.min(indexes[piece]! + offset - offsets[piece]!, indexes[piece + 1] ?? text.length);
      },
    };
  }
}

/** Index of the last element of ascending `numbers` that is at most `value`; -1 when there is none. */
function lastAtOrBefore(numbers: readonly number[], value: number): number {
  let low = 0;
  let high = numbers.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (numbers[middle]! <= value) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
