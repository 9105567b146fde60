/** What the benchmarks share: repeated timing, and one line per figure with the aim beside it. */

export interface MeasureOptions {
  /** Runs before the counted ones, while code and caches warm up. */
  warmups?: number;
  runs?: number;
  /** Collects garbage before each run, so that none pays for what another left on the heap. */
  cleanHeap?: boolean;
}

/** Unless a benchmark says otherwise. */
export const countedRuns = 15;

/** Median wall time of `work` in milliseconds. */
export async function medianMs(
  work: () => unknown | Promise<unknown>,
  { warmups = 3, runs = countedRuns }: MeasureOptions = {},
): Promise<number> {
  for (let i = 0; i < warmups; i++) await work();
  const times: number[] = [];
  for (let i = 0; i < runs; i++) {
    const startedAt = performance.now();
    await work();
    times.push(performance.now() - startedAt);
  }
  return median(times);
}

/**
 * Medians of two pieces of work in milliseconds, run in turn so that what slows the machine slows both.
 */
export async function medianPairMs(
  first: () => unknown | Promise<unknown>,
  second: () => unknown | Promise<unknown>,
  { warmups = 3, runs = countedRuns, cleanHeap = false }: MeasureOptions = {},
): Promise<[number, number]> {
  const times: [number[], number[]] = [[], []];
  for (let i = -warmups; i < runs; i++) {
    for (const [k, work] of [first, second].entries()) {
      if (cleanHeap) globalThis.gc?.();
      const startedAt = performance.now();
      await work();
      if (i >= 0) times[k]!.push(performance.now() - startedAt);
    }
  }
  return [median(times[0]), median(times[1])];
}

export function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** At most or at least, in the unit of the figure. */
export type Aim = { atMost: number } | { atLeast: number };

/** Prints `name  value unit  (aim ≤ n unit: met | MISSED)`. */
export function figure(name: string, value: number, unit: string, aim?: Aim): void {
  let judged = '';
  if (aim) {
    const met = 'atMost' in aim ? value <= aim.atMost : value >= aim.atLeast;
    const bound = 'atMost' in aim ? `≤ ${aim.atMost}` : `≥ ${aim.atLeast}`;
    judged = `  (aim ${bound} ${unit}: ${met ? 'met' : 'MISSED'})`;
  }
  console.log(`${name.padEnd(60)} ${value.toFixed(2).padStart(10)} ${unit}${judged}`);
}
