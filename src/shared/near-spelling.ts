/**
 * The candidate that is most probably meant by a misspelt word; undefined when none is within so many slips. Case does not
 * count.
 */
export function nearSpelling(
  word: string,
  candidates: Iterable<string>,
  slipsAtMost = slipsIn(word),
): string | undefined {
  const wanted = word.toLowerCase();
  let nearest = slipsAtMost;
  let found: string | undefined;
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - word.length) > nearest) continue;
    const distance = slips(wanted, candidate.toLowerCase());
    if (distance < nearest || (distance === nearest && found === undefined)) [nearest, found] = [distance, candidate];
  }
  return found;
}

/** One in a short word, two in a longer one. */
function slipsIn({ length }: string): number {
  return length < 3 ? 0 : length < 6 ? 1 : 2;
}

/** Letters left out, put in, changed, or swapped with their neighbour (optimal string alignment). */
function slips(a: string, b: string): number {
  let [before, previous] = [[] as number[], Array.from({ length: b.length + 1 }, (_, i) => i)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const changed = a[i - 1] === b[j - 1] ? 0 : 1;
      row[j] = Math.min(previous[j]! + 1, row[j - 1]! + 1, previous[j - 1]! + changed);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        row[j] = Math.min(row[j]!, before[j - 2]! + 1);
    }
    [before, previous] = [previous, row];
  }
  return previous[b.length]!;
}
