/**
 * The smallest set of changes that still explains, found by bisecting (Junker, "QuickXplain", AAAI 2004): some
 * 2·k·log₂(n/k) questions for k of n changes. Nothing in the result can be left out, as long as a change that is added
 * takes no effect away. Undefined when not even all of them together explain. No set is asked about twice.
 */
export async function smallestSet<T>(
  changes: readonly T[],
  explains: (set: readonly T[]) => Promise<boolean>,
): Promise<T[] | undefined> {
  const answers = new Map<string, boolean>();
  const places = new Map(changes.map((change, place) => [change, place]));
  const ask = async (set: readonly T[]): Promise<boolean> => {
    const key = set
      .map(change => places.get(change)!)
      .sort((a, b) => a - b)
      .join();
    const known = answers.get(key);
    if (known !== undefined) return known;
    const answer = await explains(set);
    answers.set(key, answer);
    return answer;
  };
  /** What of `candidates` is needed besides `kept`; `grew` when `kept` is not what it was in the question before. */
  const needed = async (kept: readonly T[], grew: boolean, candidates: readonly T[]): Promise<T[]> => {
    if (grew && (await ask(kept))) return [];
    if (candidates.length <= 1) return [...candidates];
    const [first, second] = [candidates.slice(0, candidates.length >> 1), candidates.slice(candidates.length >> 1)];
    const fromSecond = await needed([...kept, ...first], true, second);
    const fromFirst = await needed([...kept, ...fromSecond], fromSecond.length > 0, first);
    return [...fromFirst, ...fromSecond];
  };
  if (changes.length === 0 || !(await ask(changes))) return undefined;
  return needed([], false, changes);
}
