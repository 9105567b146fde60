import type { Interval } from '../../shared/diagnosis';

/** What an interval may miss on either side: 95 % confidence. */
const tail = 0.025;

/** The middle value, or the mean of the two in the middle. NaN for none. */
export function median(values: readonly number[]): number {
  const sorted = ascending(values);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/**
 * The median with the narrowest pair of order statistics that holds it with 95 % confidence, whatever the distribution
 * (David and Nagaraja, Order Statistics, §7.1). Below six values none does: then their whole range is given, which
 * holds it with 94 % for five values and 88 % for four. Undefined for none.
 */
export function medianInterval(values: readonly number[]): Interval | undefined {
  if (values.length === 0) return undefined;
  const sorted = ascending(values);
  const skipped = skippable(binomialShares(sorted.length));
  return { median: median(sorted), low: sorted[skipped]!, high: sorted.at(-1 - skipped)! };
}

/**
 * How many times `unchanged` the figures of `changed` are: the median of all quotients of one by the other, with the
 * interval of the Mann-Whitney test (Hodges and Lehmann's estimate on the scale of logarithms; Hollander and Wolfe,
 * Nonparametric Statistical Methods, §4.3). Exact for any distribution: 97 % with four or five values each; fewer give
 * the whole range and less confidence. Undefined when one side has no values.
 */
export function ratioInterval(unchanged: readonly number[], changed: readonly number[]): Interval | undefined {
  if (unchanged.length === 0 || changed.length === 0) return undefined;
  const ratios = ascending(changed.flatMap(after => unchanged.map(before => after / Math.max(before, smallestMs))));
  const skipped = skippable(mannWhitneyShares(unchanged.length, changed.length));
  return { median: median(ratios), low: ratios[skipped]!, high: ratios.at(-1 - skipped)! };
}

/** EXPLAIN prints thousandths of a millisecond; nothing is divided by zero. */
const smallestMs = 0.001;

/** The least number of values in each series from which {@link ratioInterval} has 95 % confidence. */
export const enoughRuns = 4;

function ascending(values: readonly number[]): number[] {
  return [...values].sort((a, b) => a - b);
}

/** How many order statistics may be left out at each end: the shares of the outcomes beyond stay below the tail. */
function skippable(shares: readonly number[]): number {
  let beyond = 0;
  let count = 0;
  for (const share of shares) {
    beyond += share;
    if (beyond > tail) break;
    count++;
  }
  // The first order statistic that may stand is the one after those whose outcomes fit in the tail.
  return Math.max(0, count - 1);
}

/** Probability of 0, 1, … heads in `n` throws. */
function binomialShares(n: number): number[] {
  const shares: number[] = [];
  let ways = 1;
  for (let k = 0; k <= n; k++) {
    shares.push(ways / 2 ** n);
    ways = (ways * (n - k)) / (k + 1);
  }
  return shares;
}

/** Probability that the Mann-Whitney statistic of `m` and `n` values of one distribution is 0, 1, …, m·n. */
function mannWhitneyShares(m: number, n: number): number[] {
  // Ways to choose i values with statistic u among those looked at so far, each adding up to n.
  const ways = Array.from({ length: m + 1 }, () => new Float64Array(m * n + 1));
  ways[0]![0] = 1;
  for (let rank = 0; rank < m + n; rank++) {
    for (let chosen = Math.min(m, rank + 1); chosen > 0; chosen--) {
      const passed = rank - (chosen - 1);
      if (passed > n) continue;
      const [without, withIt] = [ways[chosen - 1]!, ways[chosen]!];
      for (let u = m * n; u >= passed; u--) withIt[u]! += without[u - passed]!;
    }
  }
  const all = ways[m]!.reduce((sum, each) => sum + each, 0);
  return [...ways[m]!].map(each => each / all);
}
