import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import type { NodeAnswer } from '../../../src/shared/check';
import { answer, both, judged, type Rows } from './expect-answers';

// Properties try thousands of cases, and the machine may be busy.
vi.setConfig({ testTimeout: 120_000 });

const cell = fc.oneof(fc.constant(null), fc.constantFrom('1', '1.0', '2', 'a', ''), fc.string({ maxLength: 2 }));
const table = fc.integer({ min: 1, max: 3 }).chain(width =>
  fc.record({
    types: fc.array(fc.constantFrom('int4', 'text', 'interval', 'timestamptz'), { minLength: width, maxLength: width }),
    source: fc.array(fc.array(cell, { minLength: width, maxLength: width }), { maxLength: 5 }),
    target: fc.array(fc.array(cell, { minLength: width, maxLength: width }), { maxLength: 5 }),
  }),
);
const of = (side: 'source' | 'target', types: string[], rows: Rows): NodeAnswer =>
  answer(side, types.map((type, i) => `c${i} ${type}`).join(','), rows);
const forms = fc.constantFrom('same', 'same within 1', 'same within 1 s');

describe('whatever the rows are', () => {
  it('they are the same as themselves, in any order', () => {
    fc.assert(
      fc.property(table, forms, fc.infiniteStream(fc.nat()), ({ types, source }, form, random) => {
        // Two spellings of a number may change places in the texts.
        fc.pre(!source.flat().includes('1.0'));
        const shuffled = source
          .map(row => ({ row, at: random.next().value as number }))
          .sort((a, b) => a.at - b.at)
          .map(({ row }) => row);
        const judgement = judged(form, [of('source', types, source), of('target', types, shuffled)]);
        expect(judgement).toMatchObject({ verdict: 'pass', details: [] });
        expect(judgement.actual).toBe(judgement.expected);
      }),
    );
  });

  it('they differ from either side alike, and not with their order', () => {
    fc.assert(
      fc.property(table, forms, ({ types, source, target }, form) => {
        const verdict = (a: Rows, b: Rows) => judged(form, [of('source', types, a), of('target', types, b)]).verdict;
        const there = verdict(source, target);
        expect(verdict(target, source)).toBe(there);
        expect(verdict([...source].reverse(), target)).toBe(there);
        // What fails says in what.
        const { details } = judged(form, [of('source', types, source), of('target', types, target)]);
        expect(details.length > 0).toBe(there === 'fail');
      }),
      { numRuns: 500 },
    );
  });

  it('one row more is a difference', () => {
    fc.assert(
      fc.property(table, forms, ({ types, source }, form) => {
        fc.pre(source.length > 0);
        const judgement = judged(form, [of('source', types, source), of('target', types, [...source, source[0]!])]);
        expect(judgement.verdict).toBe('fail');
      }),
    );
  });

  // What else the machine does may fall on one of the two.
  it('five thousand of them cost no more each than five hundred', { retry: 2 }, () => {
    const rows = (count: number, shift: number): Rows =>
      Array.from({ length: count }, (_, i) => [`row ${i}`, `${i + shift}`, `${i / 7}`]);
    const msPerRow = (count: number): number => {
      const answers = both('name, n int8, x float8', rows(count, 0), rows(count, 1).reverse());
      const started = performance.now();
      for (const form of ['same', 'same within 1', 'same within 10 %']) judged(form, answers);
      return (performance.now() - started) / count;
    };
    msPerRow(500);
    // Some 1.2; ten, were each row compared with each.
    expect(msPerRow(5000) / msPerRow(500)).toBeLessThan(4);
  });
});
