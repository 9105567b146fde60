import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { diffWords, type Piece } from '../../../webview/comparison/text-diff';

const textOf = (pieces: readonly Piece[]) => pieces.map(({ text }) => text).join('');
const marked = (pieces: readonly Piece[]) => pieces.filter(({ differs }) => differs).map(({ text }) => text);
const common = (pieces: readonly Piece[]) => textOf(pieces.filter(({ differs }) => !differs));

describe('diffWords', () => {
  it.each([
    ['a, b, c', 'a, x, c', ['b'], ['x']],
    ['a, b, c', 'a, c', ['b, '], []],
    ['a  b', 'a b', ['  '], [' ']],
    ['', 'a', [], ['a']],
    ['same', 'same', [], []],
    ['pg_stat_statements,citus', 'citus,pg_stat_statements', ['pg_stat_statements,'], [',pg_stat_statements']],
  ])('%j and %j', (source, target, onlySource, onlyTarget) => {
    const diff = diffWords(source, target);
    expect(marked(diff.source)).toEqual(onlySource);
    expect(marked(diff.target)).toEqual(onlyTarget);
  });

  it('loses nothing, and what it does not mark is the same on both sides', () => {
    const text = fc.array(fc.constantFrom('a', 'b', ' ', ',', '\n', '😀', 'ä')).map(words => words.join(''));
    fc.assert(
      fc.property(text, text, (source, target) => {
        const diff = diffWords(source, target);
        expect([textOf(diff.source), textOf(diff.target)]).toEqual([source, target]);
        expect(common(diff.source)).toBe(common(diff.target));
      }),
    );
  });

  it('is bounded for long texts that have nothing in common', () => {
    const words = (letter: string) => Array.from({ length: 20_000 }, (_, i) => `${letter}${i}`).join(' ');
    const began = performance.now();
    const diff = diffWords(words('a'), words('b'));
    expect(performance.now() - began).toBeLessThan(1000);
    expect(marked(diff.source)).toHaveLength(1);
  });
});
