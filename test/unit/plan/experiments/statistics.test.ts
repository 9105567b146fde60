import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { enoughRuns, median, medianInterval, ratioInterval } from '../../../../src/plan/experiments/statistics';

/** Repeatable: the same figures in every run (mulberry32). */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Execution times: mostly alike, now and then a slow one. Their true median is `middle`. */
function times(count: number, middle: number, next: () => number): number[] {
  return Array.from({ length: count }, () => {
    const u = next();
    return u < 0.5 ? middle * (0.9 + 0.2 * u) : middle * (1 + (u - 0.5) ** 2 * 8);
  });
}

describe('median', () => {
  it('is the middle one, or the mean of the two in the middle', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 3, 2])).toBe(2.5);
    expect(median([])).toBeNaN();
  });
});

describe('medianInterval', () => {
  it('is the whole range up to eight values, then leaves out the ends as binomial tables do', () => {
    const upTo = (n: number) => medianInterval(Array.from({ length: n }, (_, i) => i + 1));
    expect(upTo(0)).toBeUndefined();
    expect(upTo(5)).toEqual({ median: 3, low: 1, high: 5 });
    expect(upTo(8)).toEqual({ median: 4.5, low: 1, high: 8 });
    // Hollander and Wolfe, table of the sign test: n = 9 leaves out 1, n = 15 leaves out 3 at each end.
    expect(upTo(9)).toEqual({ median: 5, low: 2, high: 8 });
    expect(upTo(15)).toEqual({ median: 8, low: 4, high: 12 });
  });
  it('holds the true median 95 times of 100, from six values on', () => {
    const next = random(1);
    for (const count of [6, 9, 15]) {
      let held = 0;
      for (let trial = 0; trial < 4000; trial++) {
        const { low, high } = medianInterval(times(count, 100, next))!;
        if (low <= 100 && high >= 100) held++;
      }
      expect(held / 4000).toBeGreaterThan(0.94);
    }
  });
  it('holds the median and lies within the values', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0.001, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 40 }),
        values => {
          const interval = medianInterval(values)!;
          expect(interval.low).toBeLessThanOrEqual(interval.median);
          expect(interval.high).toBeGreaterThanOrEqual(interval.median);
          expect(values).toContain(interval.low);
          expect(values).toContain(interval.high);
        },
      ),
    );
  });
});

describe('ratioInterval', () => {
  it('leaves out as many quotients as the table of Mann and Whitney says', () => {
    // Critical values of U, two-sided, 5 %: 0 for 4 and 4, 2 for 5 and 5, 5 for 6 and 6, 23 for 10 and 10.
    for (const [runs, critical] of [
      [4, 0],
      [5, 2],
      [6, 5],
      [10, 23],
    ] as const) {
      const unchanged = Array.from({ length: runs }, (_, i) => 100 + i);
      const changed = Array.from({ length: runs }, (_, i) => 50 + i * 3);
      const ratios = changed.flatMap(after => unchanged.map(before => after / before)).sort((a, b) => a - b);
      const { low, high } = ratioInterval(unchanged, changed)!;
      expect(ratios.indexOf(low)).toBe(critical);
      expect(ratios.lastIndexOf(high)).toBe(ratios.length - 1 - critical);
    }
  });
  it('holds the true ratio 95 times of 100, from the least number of runs on', () => {
    const next = random(2);
    for (const count of [enoughRuns, 5, 9]) {
      let held = 0;
      for (let trial = 0; trial < 3000; trial++) {
        const { low, high } = ratioInterval(times(count, 100, next), times(count, 40, next))!;
        if (low <= 0.4 && high >= 0.4) held++;
      }
      expect(held / 3000).toBeGreaterThan(0.94);
    }
  });
  it('turns round when the series do', () => {
    const values = fc.array(fc.double({ min: 0.1, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(values, values, (a, b) => {
        const [there, back] = [ratioInterval(a, b)!, ratioInterval(b, a)!];
        expect(there.low).toBeCloseTo(1 / back.high, 8);
        expect(there.high * back.low).toBeCloseTo(1, 8);
      }),
    );
  });
  it('divides by no zero and says nothing of nothing', () => {
    expect(ratioInterval([], [1])).toBeUndefined();
    expect(ratioInterval([0, 0], [1, 1])!.median).toBe(1000);
  });
});
