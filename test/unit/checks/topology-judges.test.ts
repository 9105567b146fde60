import { describe, expect, test } from 'vitest';
import { findCheck } from '../../../src/checks/catalogue';
import { judge, sideOf } from './readings';

test('topology.clocks: beyond half a minute, on any node of either side', () => {
  const check = findCheck('topology.clocks');
  const side = (...seconds: number[]) =>
    sideOf(...seconds.map(epochSeconds => ({ answers: { clockReadings: { epochSeconds } } })));
  expect(judge(check, side(1_000, 1_029), side(980)).verdict).toBe('pass');
  expect(judge(check, side(1_000, 1_090), side(800)).differences).toEqual([
    { what: 'clock other than that of node0:5432', node: 'node1:5432', source: '90 s ahead' },
    { what: 'clock other than that of node0:5432', node: 'node0:5432', target: '200 s behind' },
  ]);
});

describe('topology.tables', () => {
  const check = findCheck('topology.tables');
  const table = (name: string, changes: object = {}) => ({
    schema: 's',
    name,
    kind: 'distributed',
    column: 'id',
    columnType: 'bigint',
    colocation: 1,
    shards: 32,
    replicas: 1,
    method: 'heap',
    identified: true,
    candidate: null,
    ...changes,
  });
  const side = (tables: object[], plain: string[] = []) =>
    sideOf({
      answers: { tableSpreads: { tables, more: 0, schemas: null, plain: plain.map(name => ['s', name]) } },
    });

  test('groups are compared by who is together, not by their numbers', () => {
    const source = side([table('a'), table('b'), table('c', { colocation: 2 })]);
    const same = side([table('a', { colocation: 7 }), table('b', { colocation: 7 }), table('c', { colocation: 9 })]);
    expect(judge(check, source, same)).toMatchObject({ verdict: 'pass', details: [] });
    const apart = side([table('a', { colocation: 7 }), table('b', { colocation: 8 }), table('c', { colocation: 9 })]);
    expect(judge(check, source, apart).differences).toEqual([
      { what: 's.b: colocation', source: 'with s.a', target: 'not with s.a' },
    ]);
  });

  test('a schema of its own, columnar, and replicas', () => {
    const source = side([
      table('a', { kind: 'single-shard', column: null, columnType: null, shards: 1 }),
      table('b', { method: 'columnar', replicas: 2 }),
    ]);
    const judged = judge(check, source, side([table('b')], ['a']));
    expect(judged.differences.map(({ what }) => what)).toEqual([
      's.a: kind',
      's.b: access method',
      's.b: replication factor',
    ]);
    expect(judged.remedy).toContain(`SELECT create_distributed_table('"s"."a"', NULL, colocate_with := 'none');`);
    expect(judged.remedy).toContain(`SELECT alter_table_set_access_method('"s"."b"', 'columnar');`);
  });

  test('a side without Citus has nothing to compare, and a table that was not copied is another check', () => {
    expect(judge(check, side([table('a')]), sideOf({ answers: {} }))).toMatchObject({ verdict: 'pass' });
    expect(judge(check, side([table('a')]), side([]))).toMatchObject({
      verdict: 'pass',
      details: ['remark: 1 distributed tables of the source are not on the target'],
    });
  });
});

describe('topology.placements', () => {
  const check = findCheck('topology.placements');
  const node = (changes: object, bytes = 0) => ({
    answers: {
      shardPlacements: {
        placements: 8,
        inactive: 0,
        lost: [],
        lostCount: 0,
        stray: [],
        strayCount: 0,
        toCleanUp: 0,
        moving: false,
        ...changes,
      },
      tableStates: {
        more: 0,
        tables: [
          {
            schema: 's',
            name: 't',
            spread: 'distributed',
            stored: 4,
            rows: 1,
            heapBytes: bytes,
            indexBytes: 0,
            toastBytes: 0,
            largestBytes: bytes / 2,
            medianBytes: bytes / 20,
            deadRows: 0,
            liveRows: 0,
            stale: 0,
            staleRows: 0,
            pages: 0,
            visiblePages: 0,
            locked: 0,
          },
        ],
      },
    },
  });
  const stray = { strayCount: 30, stray: [{ schema: 's', name: 't_102008', bytes: 8_192 }] };
  const even = sideOf(node({}), node({}), node({}));

  test('tables left over are judged when nothing moves and nothing waits to be dropped', () => {
    expect(judge(check, even, sideOf(node({ toCleanUp: 2 }), node(stray), node({}))).verdict).toBe('pass');
    expect(judge(check, even, sideOf(node({ moving: true }), node(stray), node({}))).verdict).toBe('pass');
    const judged = judge(check, even, sideOf(node({}), node(stray), node({ inactive: 3 })));
    expect(judged.differences).toEqual([
      {
        what: 'tables of shards that the metadata does not have there',
        node: 'node1:5432',
        target: 's.t_102008 (8 kB) and 29 more',
      },
      { what: 'placements that are not active', node: 'node2:5432', target: '3' },
    ]);
  });

  test('skew is of nodes; a large shard is a remark', () => {
    const gb = 2 ** 30;
    const { differences, details } = judge(check, even, sideOf(node({}), node({}, 9 * gb), node({}, gb)));
    expect(differences).toMatchObject([{ node: 'node1:5432', target: '9 GB, 1.8× the mean of 5 GB' }]);
    expect(details.join()).toContain('the largest shard of s.t has 4.5 GB');
  });
});
