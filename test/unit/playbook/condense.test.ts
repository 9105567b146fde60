import { describe, expect, it } from 'vitest';
import { condenseAbove, condenseDifferences, condenseRows } from '../../../src/playbook/condense';
import { differingPlanLines } from '../../../src/playbook/plan-lines';
import type { Row } from '../../../src/shared/plan-diff';
import { exampleView } from './example-view';

function row(name: string, depth: number, descendants: number, mark: Row['mark'] = 'changed'): Row {
  const cell = { name, category: 'other' as const };
  return { depth, descendants, mark, equal: mark === 'same', source: cell, target: cell, changes: [] };
}

/** Two jobs with `count` tasks each, every task with two rows below it. */
function jobs(count: number): Row[] {
  const tasks = Array.from({ length: count }, () => [
    row('Task', 2, 2),
    row('Sort', 3, 1),
    row('Seq Scan', 4, 0),
  ]).flat();
  return [
    row('Limit', 0, tasks.length * 2 + 2),
    ...['a', 'b'].flatMap(() => [row('Citus Adaptive', 1, tasks.length), ...tasks]),
  ];
}

describe('condenseRows', () => {
  it('shows one task of each job in a large plan', () => {
    const shown = condenseRows(jobs(8)).map(({ row, hidden }) => `${row.source!.name} ${hidden.length}`);
    const job = ['Citus Adaptive 0', 'Task 0', 'Sort 0', 'Seq Scan 0', ...Array(7).fill('Task 2')];
    expect(shown).toEqual(['Limit 0', ...job, ...job]);
  });
  it('shows every row of a small plan', () => {
    const rows = jobs(4);
    expect(rows.length).toBeLessThanOrEqual(condenseAbove);
    expect(condenseRows(rows).map(each => each.row)).toEqual(rows);
  });
  it('hides no row twice and none for good', () => {
    const rows = [
      ...jobs(8),
      row('Append', 0, 30, 'same'),
      ...Array.from({ length: 30 }, () => row('Scan', 1, 0, 'same')),
    ];
    const seen = condenseRows(rows).flatMap(each => [each.row, ...each.hidden]);
    expect(seen).toEqual(rows);
  });
});

describe('differingPlanLines', () => {
  it('counts what it leaves out of further tasks', () => {
    const lines = differingPlanLines({ rows: jobs(8) }).split('\n');
    expect(lines.filter(line => line.includes('Seq Scan'))).toHaveLength(4);
    expect(lines.at(-1)).toBe('  … and 28 more rows that differ, in further tasks');
  });
});

describe('condenseDifferences', () => {
  it('puts settings first and says how many are left out', () => {
    const view = exampleView();
    view.differences = [
      ...Array.from({ length: 30 }, (_, at) => ({ kind: 'time' as const, title: `${at}`, source: 'a', target: 'b' })),
      { kind: 'setting', title: 'jit', source: 'off', target: 'default' },
    ];
    const { shown, more } = condenseDifferences(view);
    expect(shown.slice(0, 2).map(each => each.title)).toEqual(['jit', '0']);
    expect(shown.length + more).toBe(31);
    expect(more).toBeGreaterThan(0);
  });
});
