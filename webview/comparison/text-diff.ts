/** Which words of two long values differ: a setting's list, a function's body, a constraint. */
export interface Piece {
  text: string;
  /** The other side does not have it here. */
  differs: boolean;
}

/** Beyond this the table of the longest common subsequence costs more than it tells: only the ends are compared. */
const mostCells = 1_000_000;

/** The texts put together again from the pieces are the texts. */
export function diffWords(source: string, target: string): { source: Piece[]; target: Piece[] } {
  const a = wordsOf(source);
  const b = wordsOf(target);
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start++;
  let end = 0;
  while (end < a.length - start && end < b.length - start && a.at(-1 - end) === b.at(-1 - end)) end++;
  const common = commonWords(a.slice(start, a.length - end), b.slice(start, b.length - end));
  const isCommon = (words: readonly string[], inner: ReadonlySet<number>) => (_: string, i: number) =>
    i < start || i >= words.length - end || inner.has(i - start);
  return {
    source: piecesOf(a, a.map(isCommon(a, common.a))),
    target: piecesOf(b, b.map(isCommon(b, common.b))),
  };
}

function wordsOf(text: string): string[] {
  return text.match(/[\p{L}\p{N}_.]+|\s+|./gsu) ?? [];
}

/** Places of the words of a longest common subsequence. */
function commonWords(a: readonly string[], b: readonly string[]): { a: Set<number>; b: Set<number> } {
  const found = { a: new Set<number>(), b: new Set<number>() };
  const width = b.length + 1;
  if ((a.length + 1) * width > mostCells) return found;
  const longest = new Uint32Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      longest[i * width + j] =
        a[i] === b[j]
          ? longest[(i + 1) * width + j + 1]! + 1
          : Math.max(longest[(i + 1) * width + j]!, longest[i * width + j + 1]!);
    }
  }
  let i = 0;
  let j = 0;
  while (i < a.length && j < b.length) {
    if (a[i] === b[j]) {
      found.a.add(i++);
      found.b.add(j++);
    } else if (longest[(i + 1) * width + j]! >= longest[i * width + j + 1]!) i++;
    else j++;
  }
  return found;
}

function piecesOf(words: readonly string[], common: readonly boolean[]): Piece[] {
  const pieces: Piece[] = [];
  words.forEach((text, i) => {
    const differs = !common[i];
    const last = pieces.at(-1);
    if (last?.differs === differs) last.text += text;
    else pieces.push({ text, differs });
  });
  return pieces;
}
