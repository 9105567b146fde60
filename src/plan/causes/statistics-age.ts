import type { RelationFacts, StatisticsFacts } from './facts';

/** How old a table's statistics are. */

/** Rows changed since ANALYZE, as a share of the table, from which its statistics are stale: autovacuum comes at half of it. */
export const staleShare = 0.2;

/** Tables, or shards, that nobody ever analysed; those that are empty do not count. */
export function neverAnalysed({ statistics }: RelationFacts): StatisticsFacts[] {
  return statistics.filter(
    ({ tuples, hasColumnStatistics, analyzedAt, liveTuples, sizeBytes }) =>
      (liveTuples ?? sizeBytes ?? 1) > 0 &&
      sizeBytes !== 0 &&
      (tuples < 0 || hasColumnStatistics === false) &&
      analyzedAt === undefined,
  );
}

export function changedShare({ statistics }: RelationFacts): number | undefined {
  let [changed, live] = [0, 0];
  for (const { modifiedSinceAnalyze, liveTuples, tuples } of statistics) {
    if (modifiedSinceAnalyze === undefined) return undefined;
    changed += modifiedSinceAnalyze;
    live += Math.max(0, liveTuples ?? tuples);
  }
  return statistics.length === 0 ? undefined : changed / Math.max(1, live);
}

export function isMissing(facts: RelationFacts): boolean {
  return neverAnalysed(facts).length > 0;
}

export function isStale(facts: RelationFacts): boolean {
  return (changedShare(facts) ?? 0) >= staleShare;
}
