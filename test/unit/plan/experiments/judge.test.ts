import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { judge, millisecondsToExplain, type Reference } from '../../../../src/plan/experiments/judge';

const slow = [1650, 1702, 1688, 1641, 1660];
const quick = [610, 598, 640, 605, 612];
const difference: Reference = { kind: 'difference', otherMs: 590 };

describe('judge', () => {
  it('says that what takes most of the difference away explains it', () => {
    const judged = judge({ unchangedMs: slow, changedMs: quick }, difference);
    expect(judged).toMatchObject({ outcome: 'explains', unchanged: { median: 1660 }, changedTo: { median: 610 } });
    expect(judged.explainedShare).toBeCloseTo((1660 - 610) / (1660 - 590), 10);
    expect(judged.ratio!.high).toBeLessThan(0.4);
  });
  it('says of less than half that it helps', () => {
    const some = slow.map(ms => ms * 0.8);
    expect(judge({ unchangedMs: slow, changedMs: some }, difference).outcome).toBe('helps');
  });
  it('holds the effect against the claim of the causes where the other side was not executed', () => {
    const judged = judge({ unchangedMs: slow, changedMs: quick }, { kind: 'claimed', explainedMs: 1000 });
    expect(judged).toMatchObject({ outcome: 'explains' });
    expect(judged).not.toHaveProperty('explainedShare');
    expect(judge({ unchangedMs: slow, changedMs: quick }, { kind: 'claimed', explainedMs: 2500 }).outcome).toBe(
      'helps',
    );
    expect(judge({ unchangedMs: slow, changedMs: quick }, { kind: 'none' }).outcome).toBe('helps');
  });
  it('explains no difference that did not come again', () => {
    const judged = judge({ unchangedMs: slow, changedMs: quick }, { kind: 'difference', otherMs: 1600 });
    expect(judged.outcome).toBe('helps');
    expect(judged).not.toHaveProperty('explainedShare');
  });
  it('calls nothing clear that fewer than four runs, or a wide scatter, cannot show', () => {
    expect(judge({ unchangedMs: slow.slice(2), changedMs: quick.slice(2) }, difference).outcome).toBe('unclear');
    expect(judge({ unchangedMs: slow, changedMs: [600, 1700, 620, 1690, 640] }, difference).outcome).toBe('unclear');
    expect(judge({ unchangedMs: [], changedMs: [] }, difference)).toEqual({ outcome: 'unclear' });
  });
  it('tells no effect from a bad one', () => {
    expect(judge({ unchangedMs: slow, changedMs: slow.map(ms => ms + 12) }, difference).outcome).toBe('noEffect');
    expect(judge({ unchangedMs: quick, changedMs: slow }, difference).outcome).toBe('worse');
    // Clearly quicker, by less than two runs of the same differ anyway.
    expect(judge({ unchangedMs: slow, changedMs: slow.map(ms => ms * 0.94) }, difference).outcome).toBe('noEffect');
  });

  const series = fc.array(fc.double({ min: 1, max: 1e5, noNaN: true }), { minLength: 4, maxLength: 15 });
  it('never calls it explained when the changed runs are no quicker', () => {
    fc.assert(
      fc.property(
        series,
        fc.array(fc.double({ min: 1, max: 3, noNaN: true }), { minLength: 15, maxLength: 15 }),
        (ms, by) => {
          const changedMs = ms.map((each, i) => each * by[i]!);
          expect(['helps', 'explains']).not.toContain(judge({ unchangedMs: ms, changedMs }, difference).outcome);
        },
      ),
    );
  });
  it('does not depend on the unit', () => {
    fc.assert(
      fc.property(series, series, fc.double({ min: 1, max: 50, noNaN: true }), (unchangedMs, changedMs, scale) => {
        const scaled = (values: number[]) => values.map(ms => ms * scale);
        const reference = (factor: number): Reference => ({ kind: 'difference', otherMs: 500 * factor });
        const [a, b] = [
          judge({ unchangedMs, changedMs }, reference(1)),
          judge({ unchangedMs: scaled(unchangedMs), changedMs: scaled(changedMs) }, reference(scale)),
        ];
        expect(b.ratio!.median).toBeCloseTo(a.ratio!.median, 6);
        // Nothing below a tenth of a millisecond counts, whatever its share: only differences above it scale.
        if (Math.abs(a.unchanged!.median - a.changedTo!.median) > 0.2) expect(b.outcome).toBe(a.outcome);
      }),
    );
  });
});

describe('millisecondsToExplain', () => {
  it('is nothing within noise', () => {
    expect(millisecondsToExplain(difference, 620)).toBeUndefined();
    expect(millisecondsToExplain(difference, 400)).toBeUndefined();
    expect(millisecondsToExplain(difference, 1000)).toBe(410);
    expect(millisecondsToExplain({ kind: 'none' }, 1000)).toBeUndefined();
  });
});
