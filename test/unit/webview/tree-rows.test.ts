import { expect, it } from 'vitest';
import type { Row } from '../../../src/shared/plan-diff';
import {
  type Arrangement,
  ancestors,
  isFolded,
  matchingRows,
  searchTexts,
  siblings,
  treeRows,
  visibleRows,
  withFolded,
} from '../../../webview/plan-diff/tree-rows';

/** Rows from `depth name` lines; `!` marks one that differs. */
function rowsOf(...lines: string[]): Row[] {
  const rows = lines.map((line): Row => {
    const differs = line.endsWith('!');
    const [depth, ...words] = line.replace('!', '').split(' ');
    const cell = { name: words.join(' '), category: 'other' as const };
    const mark = differs ? ('changed' as const) : ('same' as const);
    return { depth: Number(depth), descendants: 0, mark, equal: true, changes: [], source: cell, target: cell };
  });
  for (const [i, row] of rows.entries()) {
    const next = rows.findIndex((each, k) => k > i && each.depth <= row.depth);
    row.descendants = (next < 0 ? rows.length : next) - i - 1;
    row.equal = rows.slice(i, i + 1 + row.descendants).every(each => each.mark === 'same');
  }
  return rows;
}

const fresh: Arrangement = { base: 'default', toggled: new Set(), onlyDifferences: false };
const small = treeRows(rowsOf('0 Sort', '1 Join', '2 Scan a', '2 Scan b!', '1 Limit', '2 Scan a'));

it('knows parents, siblings and ancestors', () => {
  expect([...small.parents]).toEqual([-1, 0, 1, 1, 0, 4]);
  expect([...siblings(small, 1)]).toEqual([1, 4]);
  expect([...siblings(small, 2)]).toEqual([2, 3]);
  expect([...siblings(small, 0)]).toEqual([0]);
  expect([...ancestors(small, 3)]).toEqual([1, 0]);
});

it('shows everything of a small plan', () => {
  expect(visibleRows(small, fresh)).toEqual([0, 1, 2, 3, 4, 5]);
});

it('folds, unfolds, and folds again', () => {
  const folded = { ...fresh, toggled: withFolded(small, fresh, [1], true) };
  expect(visibleRows(small, folded)).toEqual([0, 1, 4, 5]);
  expect(isFolded(small, folded, 1)).toBe(true);
  const again = { ...folded, toggled: withFolded(small, folded, [1], false) };
  expect(visibleRows(small, again)).toEqual([0, 1, 2, 3, 4, 5]);
  expect(again.toggled.size).toBe(0);
});

it('folds all but the roots', () => {
  expect(visibleRows(small, { ...fresh, base: 'folded' })).toEqual([0, 1, 4]);
});

it('shows only what differs, with its way from the root', () => {
  expect(visibleRows(small, { ...fresh, onlyDifferences: true })).toEqual([0, 1, 3]);
});

it('folds what is equal in a plan too long for a screen', () => {
  const lines = ['0 Append'];
  for (let i = 0; i < 100; i++) lines.push(`1 Join ${i}`, `2 Scan ${i}${i === 40 ? '!' : ''}`, '2 Hash', '3 Scan');
  const tree = treeRows(rowsOf(...lines));
  const visible = visibleRows(tree, fresh);
  // 99 equal joins and the one that differs, whose equal hash is folded too.
  expect(visible).toHaveLength(1 + 99 + 3);
  expect(tree.foldedByDefault[161]).toBe(0);
  const equal = treeRows(rowsOf(...lines.map(line => line.replace('!', ''))));
  expect(visibleRows(equal, fresh)).toHaveLength(401);
});

it('names rows by their path, whatever stands elsewhere', () => {
  const other = treeRows(rowsOf('0 Sort', '1 Hash!', '2 Scan c', '1 Join', '2 Scan a', '2 Scan b', '1 Limit'));
  expect(other.keys[3]).toBe(small.keys[1]);
  expect(other.keys[5]).toBe(small.keys[3]);
  expect(other.keys[6]).toBe(small.keys[4]);
  expect(new Set(small.keys).size).toBe(6);
  const twins = treeRows(rowsOf('0 Append', '1 Scan', '1 Scan', '1 Scan'));
  expect(new Set(twins.keys).size).toBe(4);
});

it('finds rows by name, detail or change, in any case', () => {
  const rows = rowsOf('0 Sort', '1 Seq Scan on Events!', '1 Limit');
  rows[1]!.target = { ...rows[1]!.target!, detail: 'Index Only' };
  rows[2]!.changes = ['spills to disk'];
  const tree = treeRows(rows);
  const texts = searchTexts(rows);
  expect(matchingRows(tree, texts, ' seq scan', false)).toEqual([1]);
  expect(matchingRows(tree, texts, 'INDEX only', false)).toEqual([1]);
  expect(matchingRows(tree, texts, 'spills', false)).toEqual([2]);
  expect(matchingRows(tree, texts, 'spills', true)).toEqual([]);
  expect(matchingRows(tree, texts, '  ', false)).toEqual([]);
});

it('handles a chain 100,000 deep', () => {
  const rows = Array.from({ length: 100_000 }, (_, i): Row => {
    const cell = { name: 'Nested Loop', category: 'join' as const };
    return {
      depth: i,
      descendants: 99_999 - i,
      mark: 'changed',
      equal: false,
      changes: [],
      source: cell,
      target: cell,
    };
  });
  const tree = treeRows(rows);
  const folded = { ...fresh, base: 'folded' as const };
  expect(visibleRows(tree, folded)).toEqual([0, 1]);
  const revealed = { ...folded, toggled: withFolded(tree, folded, ancestors(tree, 99_999), false) };
  expect(visibleRows(tree, revealed)).toHaveLength(100_000);
});
