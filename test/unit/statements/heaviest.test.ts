import { expect, test } from 'vitest';
import type { StatementRow } from '../../../src/shared/statements';
import { heaviest } from '../../../src/statements/heaviest';

function row(title: string, totalMs: number, changes: Partial<StatementRow> = {}): StatementRow {
  const source = { calls: 1, totalMs, meanMs: totalMs } as StatementRow['source'];
  return { id: title, title, class: 'read', scope: 'client', verdict: 'same', source, ...changes } as StatementRow;
}

test('the fewest statements that take most of the time, heaviest first', () => {
  expect(heaviest([row('c', 10), row('a', 60), row('b', 30)])).toEqual([
    { title: 'a', share: 0.6 },
    { title: 'b', share: 0.3 },
  ]);
});

test('neither what is nested, nor utility commands, nor what the target alone has', () => {
  const onlyTarget = { ...row('d', 0) };
  delete onlyTarget.source;
  expect(heaviest([row('a', 1, { scope: 'nested' }), row('b', 1, { class: 'utility' }), onlyTarget])).toEqual([]);
});

test('no statement of many small ones', () => {
  expect(heaviest(Array.from({ length: 100 }, (_, i) => row(String(i), 1)))).toEqual([]);
});
