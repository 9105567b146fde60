import { expect, it } from 'vitest';
import type { StatementRow } from '../../../src/shared/statements';
import {
  choicesOf,
  filterRows,
  filtersShowing,
  nextSort,
  possibleFilters,
  sortRows,
  sortValues,
} from '../../../webview/statements/arrange';
import { readRows } from '../../../webview/statements/rows';
import { shortCount, signedSeconds, sourceToTarget } from '../../../webview/statements/words';

const figures = (calls: number, meanMs = 1) => ({ calls, meanMs, totalMs: calls * meanMs });
const row = (id: string, about: Partial<StatementRow>): StatementRow => ({
  id,
  title: `SELECT ${id}`,
  class: 'read',
  scope: 'client',
  user: 'app',
  database: 'shop',
  nodes: ['a:5432'],
  verdict: 'same',
  ...about,
});
const both = { source: figures(1), target: figures(1) };
const rows = readRows(
  JSON.stringify([
    row('one', { ...both, class: 'write', verdict: 'regression' }),
    row('two', { ...both, user: 'report', nodes: ['b:5432'] }),
    row('three', { ...both, ratio: 2 }),
    row('four', { target: figures(3), verdict: 'onlyTarget' }),
    row('five', { source: figures(4), verdict: 'onlySource', class: 'write' }),
  ]),
);
const ids = (shown: readonly number[]) => shown.map(i => rows.list[i]!.id);

it('sorts by several keys, keeps the order of equals, and has absent values last in both directions', () => {
  const list = [
    row('a', { ratio: 2 }),
    row('b', {}),
    row('c', { ratio: 3, user: 'x' }),
    row('d', { ratio: 2 }),
    row('e', { ratio: 2, user: 'a' }),
    row('f', {}),
  ];
  const ratio = sortValues(list, each => each.ratio);
  const user = sortValues(list, each => each.user);
  const sorted = (...keys: Parameters<typeof sortRows>[1]) =>
    sortRows([0, 1, 2, 3, 4, 5], keys)
      .map(i => list[i]!.id)
      .join('');
  expect(sorted({ values: ratio, direction: 'descending' })).toBe('cadebf');
  expect(sorted({ values: ratio, direction: 'ascending' })).toBe('adecbf');
  expect(sorted({ values: ratio, direction: 'ascending' }, { values: user, direction: 'ascending' })).toBe('eadcbf');
  expect(sorted({ values: user, direction: 'descending' })).toBe('cabdfe');
});

it('makes of clicks on a header the next order', () => {
  const once = nextSort([], 'calls', true, false);
  expect(once).toEqual([{ column: 'calls', direction: 'descending' }]);
  const twice = nextSort(once, 'calls', true, false);
  expect(twice).toEqual([{ column: 'calls', direction: 'ascending' }]);
  expect(nextSort(twice, 'calls', true, false)).toEqual([]);
  const added = nextSort(twice, 'match', false, true);
  expect(added).toEqual([...twice, { column: 'match', direction: 'ascending' }]);
  expect(nextSort(added, 'calls', true, true)).toEqual([{ column: 'match', direction: 'ascending' }]);
  expect(nextSort(added, 'ratio', true, false)).toEqual([{ column: 'ratio', direction: 'descending' }]);
});

it('filters, and counts what other choices would show', () => {
  const shown = filterRows(rows, { find: '', presence: 'pairs', class: 'write' }, undefined);
  expect(ids(shown.rows)).toEqual(['one']);
  expect(shown.allClasses).toBe(3);
  expect([...shown.classes]).toEqual([
    ['write', 1],
    ['read', 2],
  ]);
  expect([...shown.presences]).toEqual([
    ['pairs', 1],
    ['onlySource', 1],
  ]);
  const find = (text: string, found?: Set<string>) =>
    ids(filterRows(rows, { find: text, presence: 'pairs' }, found).rows);
  expect(find('report TWO')).toEqual(['two']);
  expect(find('select report three')).toEqual([]);
  expect(find('hidden', new Set(['three', 'four']))).toEqual(['three']);
  expect(ids(filterRows(rows, { find: '', presence: 'pairs', node: 'b:5432' }, undefined).rows)).toEqual(['two']);
});

it('takes no notice of what there is no more', () => {
  const choices = choicesOf(rows);
  expect(choices.users).toEqual(['app', 'report']);
  expect(choices.verdicts).toEqual(['regression', 'same']);
  const filters = { find: 'x', presence: 'pairs', user: 'gone', node: 'b:5432', verdict: 'noise' } as const;
  expect(possibleFilters(filters, choices)).toEqual({ find: 'x', presence: 'pairs', node: 'b:5432' });
  const oneSide = choicesOf(readRows(JSON.stringify([row('only', { source: figures(1), verdict: 'onlySource' })])));
  expect(possibleFilters({ find: '', presence: 'pairs' }, oneSide).presence).toBe('onlySource');
});

it('drops only those filters that hide a row', () => {
  const filters = { find: 'select', presence: 'pairs', class: 'read', user: 'app', verdict: 'regression' } as const;
  expect(filtersShowing(rows, 'one', filters)).toEqual({
    find: 'select',
    presence: 'pairs',
    user: 'app',
    verdict: 'regression',
  });
  expect(filtersShowing(rows, 'five', { ...filters, find: 'other' })).toMatchObject({
    find: '',
    presence: 'onlySource',
    user: 'app',
  });
});

it('makes texts fit to be shown before they are compared and drawn', () => {
  const read = readRows(JSON.stringify([row('x', { title: 'SELECT\u202e 1\u0007', user: 'a\nb' })]));
  expect(read.list[0]!.title).toBe('SELECT\\u202e 1␇');
  expect(read.list[0]!.user).toBe('a b');
  expect(() => readRows('[{"id":"x"}]')).toThrow();
});

it('writes figures with little room', () => {
  expect(signedSeconds(2_535_000)).toBe('+2,535 s');
  expect(signedSeconds(-8800)).toBe('−8.8 s');
  expect(signedSeconds(0.1)).toBe('0 s');
  expect([9999, 10_000, 37_600, 999_499, 1_200_000, 2.5e9].map(shortCount)).toEqual([
    '9,999',
    '10k',
    '38k',
    '999k',
    '1.2M',
    '2.5G',
  ]);
  const both = (source?: number, target?: number) => sourceToTarget(source, target, shortCount);
  expect([both(), both(0, 0), both(1, 1), both(undefined, 2), both(0)]).toEqual(['', '0', '1 → 1', '— → 2', '0 → —']);
});
