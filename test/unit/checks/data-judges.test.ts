import { describe, expect, test } from 'vitest';
import { findCheck } from '../../../src/checks/catalogue';
import { judge, sideOf } from './readings';

const mb = 2 ** 20;
const table = (changes: object) => ({
  schema: 's',
  name: 't',
  spread: null,
  stored: 1,
  rows: 1_000,
  heapBytes: 0,
  indexBytes: 0,
  toastBytes: 0,
  largestBytes: 0,
  medianBytes: 0,
  deadRows: 0,
  liveRows: 0,
  stale: 0,
  staleRows: 0,
  pages: 0,
  visiblePages: 0,
  locked: 0,
  ...changes,
});
const node = (...tables: object[]) => ({ answers: { tableStates: { tables: tables.map(table), more: 0 } } });

describe('tables.sizes', () => {
  const check = findCheck('tables.sizes');

  test('shards add up, a reference table counts once, and what lies beside them not at all', () => {
    const source = sideOf(node({ heapBytes: 40 * mb }, { name: 'r', heapBytes: 40 * mb }));
    const worker = node(
      { spread: 'distributed', heapBytes: 20 * mb },
      { name: 'r', spread: 'reference', heapBytes: 40 * mb },
      { name: 'junk', heapBytes: 999 * mb },
    );
    expect(judge(check, source, sideOf(node(), worker, worker))).toMatchObject({
      verdict: 'pass',
      details: ['remark: source: 80 MB in 2 tables', 'remark: target: 80 MB in 2 tables'],
    });
  });

  test('a locked table is unknown, not large', () => {
    const judged = judge(check, sideOf(node({ heapBytes: mb })), sideOf(node({ heapBytes: 90 * mb, locked: 1 })));
    expect(judged).toMatchObject({ verdict: 'unknown', differences: [] });
  });

  test('a node that is not there leaves it open', () => {
    const gap = {
      node: 'gone:1',
      role: 'worker' as const,
      answers: new Map(),
      problem: { kind: 'unreachable' as const, message: 'No.' },
    };
    const target = sideOf(node({ heapBytes: 90 * mb }));
    expect(judge(check, sideOf(node({ heapBytes: mb })), { ...target, nodes: [...target.nodes, gap] })).toMatchObject({
      verdict: 'unknown',
      differences: [],
    });
  });
});

describe('tables.index-sizes', () => {
  const check = findCheck('tables.index-sizes');
  const index = (changes: object) => ({
    schema: 's',
    table: 't',
    index: 'i',
    spread: null,
    exclusion: false,
    bytes: 20 * mb,
    rows: 100_000,
    untold: 0,
    ...changes,
  });
  const indexNode = (...changes: object[]) => ({ answers: { indexSizes: { indexes: changes.map(index), more: 0 } } });
  const source = sideOf(indexNode({}));

  test('the room for each row counts, not the size', () => {
    expect(judge(check, source, sideOf(indexNode({ bytes: 60 * mb, rows: 300_000 }))).verdict).toBe('pass');
    expect(judge(check, source, sideOf(indexNode({ bytes: 30 * mb }))).verdict).toBe('pass');
    const judged = judge(check, source, sideOf(indexNode({ bytes: 31 * mb })));
    expect(judged.differences).toEqual([
      {
        what: 'index i of s.t takes 1.5× the room for each row',
        source: '20 MB, 210 bytes for each of about 100,000 rows',
        target: '31 MB, 325 bytes for each of about 100,000 rows',
      },
    ]);
    expect(judged.remedy).toContain('REINDEX INDEX CONCURRENTLY "s"."i";');
  });

  test('shards add up; an exclusion constraint takes no CONCURRENTLY; rows that nobody counted leave it open', () => {
    const part = { spread: 'distributed', bytes: 10 * mb, rows: 50_000 };
    expect(judge(check, source, sideOf(indexNode(), indexNode(part), indexNode(part))).verdict).toBe('pass');
    const excluding = judge(check, source, sideOf(indexNode({ bytes: 60 * mb, exclusion: true })));
    expect(excluding.remedy).toContain('REINDEX INDEX "s"."i";');
    expect(judge(check, source, sideOf(indexNode({ bytes: 60 * mb, untold: 1 }))).verdict).toBe('unknown');
    const small = (bytes: number) => sideOf(indexNode({ bytes, rows: 0, untold: 1 }));
    expect(judge(check, small(mb), small(2 * mb)).verdict).toBe('pass');
  });
});

test('tables.compression: only what the source has and the target has not', () => {
  const check = findCheck('tables.compression');
  const side = (...copyOnWrite: string[]) =>
    sideOf({ answers: { ...node({ heapBytes: 600 * mb }).answers, storageHints: { copyOnWrite } } });
  expect(judge(check, side('wal_recycle = off'), side()).differences).toMatchObject([
    { source: expect.stringContaining('200 MB to 300 MB on disk'), target: 'no sign of it: 600 MB on disk' },
  ]);
  expect(judge(check, side('wal_recycle = off'), side('wal_init_zero = off')).verdict).toBe('pass');
  expect(judge(check, side(), side('wal_recycle = off')).verdict).toBe('pass');
});

describe('statistics.columns', () => {
  const check = findCheck('statistics.columns');
  const side = (changes: object, ...workers: object[]) =>
    sideOf(
      ...[changes, ...workers].map(each => ({
        answers: {
          indexedColumns: {
            more: 0,
            columns: [
              {
                schema: 's',
                name: 't',
                column: 'c',
                spread: null,
                readable: true,
                statisticsTarget: null,
                known: true,
                distinct: 100,
                correlation: 1,
                nullShare: 0,
                ...each,
              },
            ],
          },
        },
      })),
    );

  test.each([
    ['alike', { distinct: 900, correlation: -0.9 }, undefined],
    ['distinct values', { distinct: 1_001 }, 'distinct values'],
    ['NULLs', { nullShare: 0.4 }, 'share of NULLs'],
    ['order', { correlation: 0.4 }, 'order on disk'],
    ['none', { known: false, distinct: null, correlation: null, nullShare: null }, 'statistics'],
  ])('%s', (_, changes, what) => {
    const { differences } = judge(check, side({}), side(changes));
    expect(differences.map(each => each.what)).toEqual(what === undefined ? [] : [`s.t.c: ${what}`]);
  });

  test('a better order on the target is no loss, and hidden columns are named with their grant', () => {
    expect(judge(check, side({ correlation: 0.1 }), side({})).verdict).toBe('pass');
    expect(judge(check, side({}), side({ readable: false })).unknown).toEqual([
      { what: '"s"."t": statistics of its columns are hidden', grant: 'GRANT SELECT ON "s"."t" TO "app"' },
    ]);
  });

  test('a target for a distributed column is set shard by shard, whatever its name', () => {
    const odd = { column: `a%'b`, spread: 'distributed' };
    const { remedy } = judge(check, side({ ...odd, statisticsTarget: 500 }), side(odd));
    expect(remedy).toContain(
      `SELECT * FROM run_command_on_shards('"s"."t"', 'ALTER TABLE %s ALTER COLUMN "a%%''b" SET STATISTICS 500');`,
    );
  });
});

describe('tables.partitions', () => {
  const check = findCheck('tables.partitions');
  const side = (changes: object) =>
    sideOf({
      answers: {
        partitionLists: {
          more: 0,
          parents: [{ schema: 's', name: 'p', hasDefault: false, partitions: [], end: null, open: null, ...changes }],
        },
      },
    });

  test.each([
    [`FOR VALUES FROM ('2020-01-01 00:00:00+00') TO (MAXVALUE)`, true],
    [`FOR VALUES IN ('a;b', 'it''s', NULL)`, true],
    ['FOR VALUES WITH (modulus 4, remainder 0)', true],
    ['DEFAULT', true],
    ['DEFAULT; DROP TABLE s.p', false],
    [`FOR VALUES IN (1) --`, false],
    [`FOR VALUES IN ('\\'); DROP TABLE s.p; --')`, false],
  ])('what a server says of a bound becomes SQL only as one: %s', (bound, sql) => {
    const judged = judge(check, side({ partitions: [['s', 'p1', bound]] }), side({}));
    expect(judged.differences).toHaveLength(1);
    expect(judged.remedy !== undefined).toBe(sql);
    expect(judged.details.some(line => line.startsWith('remark: s.p1 is to be made by hand'))).toBe(!sql);
  });

  test('no partition for today: a default takes the rows, or the source is no better', () => {
    const ended = { end: '2020-01-01', open: false };
    expect(judge(check, side({ end: '2999-01-01', open: true }), side(ended)).verdict).toBe('fail');
    expect(judge(check, side(ended), side(ended)).verdict).toBe('pass');
    expect(judge(check, side({}), side({ ...ended, hasDefault: true })).verdict).toBe('pass');
  });
});
