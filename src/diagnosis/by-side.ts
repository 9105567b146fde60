import { ClusterError } from '../cluster/errors';
import { type BySide, type Side, sides } from '../shared/side';

export function mapSides<T>(each: (side: Side) => T): BySide<T> {
  return { source: each('source'), target: each('target') };
}

/** Starts work on both sides at once. A rejection is looked at later, at the latest by {@link settle}. */
export function bySide<T>(each: (side: Side) => Promise<T>): BySide<Promise<T>> {
  const promises = mapSides(each);
  for (const side of sides) promises[side].catch(() => {});
  return promises;
}

/** Waits for both; what is no ClusterError is a defect and is thrown. */
export async function settle<T>(
  promises: BySide<Promise<T>>,
): Promise<BySide<{ value?: T | undefined; error?: ClusterError }>> {
  const [source, target] = await Promise.all(
    sides.map(side =>
      promises[side].then(
        value => ({ value }),
        (error: unknown) => {
          if (error instanceof ClusterError) return { error };
          throw error;
        },
      ),
    ),
  );
  return { source: source!, target: target! };
}
