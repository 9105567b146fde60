/**
 * How much two canonical texts share, 0 to 1: pairs of neighbouring tokens in both over those in either (Jaccard), of as many
 * tokens as the shorter has, since the rest of the other may have been cut off.
 */
export function tokenSimilarity(a: string, b: string): number {
  const [first, second] = [a.split(' '), b.split(' ')];
  const length = Math.min(first.length, second.length);
  if (first[0] !== second[0] || length < 2) return 0;
  const pairs = neighbours(first, length);
  const others = neighbours(second, length);
  let shared = 0;
  for (const pair of pairs) if (others.has(pair)) shared++;
  return shared / (pairs.size + others.size - shared);
}

function neighbours(tokens: readonly string[], length: number): Set<string> {
  const pairs = new Set<string>();
  for (let i = 1; i < length; i++) pairs.add(`${tokens[i - 1]} ${tokens[i]}`);
  return pairs;
}
