import { expect, it } from 'vitest';
import { at, type Figures, noFigures } from '../../../src/statements/figures';
import { compareFigures } from '../../../src/statements/verdict';

function figures(calls: number, meanMs: number, more: { stddevMs?: number; rows?: number } = {}): Figures {
  const made = noFigures();
  made[at.calls] = calls;
  made[at.totalMs] = calls * meanMs;
  made[at.stddevMs] = more.stddevMs ?? 0.01 * meanMs;
  made[at.rows] = calls * (more.rows ?? 1);
  return made;
}

const verdict = (source: Figures, target: Figures) => compareFigures(source, target, 'exact').verdict;

it.each([
  ['half as slow again', figures(100, 10), figures(100, 15), 'regression'],
  ['less than that', figures(100, 10), figures(100, 14.9), 'same'],
  ['quicker', figures(100, 15), figures(100, 10), 'improvement'],
  ['too little a call', figures(1000, 0.1), figures(1000, 0.199), 'same'],
  ['too little in all', figures(40, 0.1), figures(40, 0.3), 'same'],
  ['often enough to matter', figures(1000, 0.1), figures(1000, 0.3), 'regression'],
  ['two calls', figures(100, 10), figures(2, 90), 'noise'],
  ['three calls, all alike', figures(3, 10), figures(3, 90), 'regression'],
  ['three calls, all over the place', figures(3, 10), figures(3, 90, { stddevMs: 90 }), 'noise'],
  ['many calls, all over the place', figures(500, 10), figures(500, 90, { stddevMs: 90 }), 'regression'],
  ['more rows', figures(100, 10, { rows: 100 }), figures(100, 30, { rows: 130 }), 'differentData'],
  ['hardly more rows', figures(100, 10, { rows: 100 }), figures(100, 30, { rows: 120 }), 'regression'],
])('%s: %s', (_what, source, target, wanted) => {
  expect(verdict(source, target)).toBe(wanted);
});

it('never judges a pair that nobody confirmed', () => {
  expect(compareFigures(figures(100, 1), figures(100, 9), 'fingerprint').verdict).toBe('unconfirmed');
});

it('weighs a difference by the calls of the target', () => {
  expect(compareFigures(figures(1, 10), figures(200, 30), 'exact')).toMatchObject({ ratio: 3, impactMs: 4000 });
});
