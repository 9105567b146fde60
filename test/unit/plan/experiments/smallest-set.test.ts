import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { smallestSet } from '../../../../src/plan/experiments/smallest-set';

/** Explains once it holds all of one of the causes. */
const oracle = (causes: readonly (readonly number[])[]) => {
  const asked: number[][] = [];
  const explains = async (set: readonly number[]) => {
    asked.push([...set]);
    return causes.some(cause => cause.every(each => set.includes(each)));
  };
  return { asked, explains };
};

const upTo = (n: number) => Array.from({ length: n }, (_, i) => i);

describe('smallestSet', () => {
  it('finds a pair among many in few questions', async () => {
    for (const pair of [
      [0, 1],
      [3, 28],
      [30, 31],
    ]) {
      const { asked, explains } = oracle([pair]);
      expect((await smallestSet(upTo(32), explains))!.sort((a, b) => a - b)).toEqual(pair);
      expect(asked.length).toBeLessThanOrEqual(2 * 2 * 5 + 2);
    }
  });
  it('gives nothing when not even all together explain', async () => {
    expect(await smallestSet(upTo(5), async () => false)).toBeUndefined();
    expect(await smallestSet([], async () => true)).toBeUndefined();
  });
  it('finds one of which nothing can be left out, and asks nothing twice', async () => {
    const cause = fc.uniqueArray(fc.integer({ min: 0, max: 19 }), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(
        fc.array(cause, { minLength: 1, maxLength: 4 }),
        fc.integer({ min: 20, max: 40 }),
        async (causes, n) => {
          const { asked, explains } = oracle(causes);
          const found = (await smallestSet(upTo(n), explains))!;
          const keys = asked.map(set => [...set].sort((a, b) => a - b).join());
          expect(new Set(keys).size).toBe(keys.length);
          expect(await explains(found)).toBe(true);
          for (const left of found) expect(await explains(found.filter(each => each !== left))).toBe(false);
        },
      ),
    );
  });
});
