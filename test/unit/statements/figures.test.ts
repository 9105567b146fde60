import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addFigures,
  at,
  extensionVersion,
  type Figures,
  figuresBetween,
  noFigures,
} from '../../../src/statements/figures';
import { figuresOf } from '../../../src/statements/rows';

/** As the server keeps them for these times. */
function counted(times: readonly number[]): Figures {
  const figures = noFigures();
  const total = times.reduce((sum, ms) => sum + ms, 0);
  const mean = total / times.length;
  figures[at.calls] = times.length;
  figures[at.totalMs] = total;
  figures[at.minMs] = Math.min(...times);
  figures[at.maxMs] = Math.max(...times);
  figures[at.stddevMs] = Math.sqrt(times.reduce((sum, ms) => sum + (ms - mean) ** 2, 0) / times.length);
  return figures;
}

const times = fc.array(fc.double({ min: 0.01, max: 1e4, noNaN: true }), { minLength: 1, maxLength: 20 });
const watched = [at.calls, at.totalMs, at.minMs, at.maxMs, at.stddevMs];

it('knows the order of versions, 1.10 after 1.9', () => {
  const versions = ['1.7', '1.8', '1.9', '1.10', '1.11', '1.12', '1.13'].map(extensionVersion);
  expect(versions.toSorted((a, b) => a - b)).toEqual(versions);
});

it.each([
  ['1.7', 18],
  ['1.8', 26],
  ['1.9', 26],
  ['1.10', 36],
  ['1.11', 40],
  ['1.12', 43],
])('version %s keeps %i figures', (version, count) => {
  expect(figuresOf(extensionVersion(version))).toHaveLength(count);
});

describe('two rows as one', () => {
  it('say of all calls what each said of its own', () =>
    fc.assert(
      fc.property(times, times, (a, b) => {
        const joined = counted(a);
        addFigures(joined, counted(b));
        const wanted = counted([...a, ...b]);
        for (const figure of watched) expect(joined[figure]).toBeCloseTo(wanted[figure]!, 3);
      }),
    ));

  it('keep what only one of them counts', () => {
    const [a, b] = [counted([1]), counted([2])];
    b[at.jitFunctions] = 7;
    addFigures(a, b);
    expect([a[at.jitFunctions], a[at.walBytes]]).toEqual([7, Number.NaN]);
  });
});

describe('what was counted in between', () => {
  it('is what the calls in between were, spread and all; least and most are not known', () =>
    fc.assert(
      fc.property(times, times, (before, then) => {
        const between = figuresBetween(counted(before), counted([...before, ...then]))!;
        const wanted = counted(then);
        for (const figure of [at.calls, at.totalMs]) expect(between[figure]).toBeCloseTo(wanted[figure]!, 3);
        expect(Math.abs(between[at.stddevMs]! - wanted[at.stddevMs]!)).toBeLessThan(0.5);
        expect([between[at.minMs], between[at.maxMs]]).toEqual([Number.NaN, Number.NaN]);
      }),
    ));

  it('is never negative: a row that shrank was reset', () =>
    fc.assert(
      fc.property(times, times, (before, after) => {
        const between = figuresBetween(counted(before), counted(after));
        if (after.length < before.length) expect(between).toBeUndefined();
        for (const figure of [at.calls, at.totalMs]) if (between) expect(between[figure]).toBeGreaterThanOrEqual(0);
      }),
    ));
});
