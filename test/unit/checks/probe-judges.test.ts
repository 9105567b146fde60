import { describe, expect, test } from 'vitest';
import { catalogue, checksToCompare, findCheck } from '../../../src/checks/catalogue';
import { judge, sideOf } from './readings';

test('a comparison asks the probes only where their group is named', () => {
  const ids = (groups?: string[]) => checksToCompare(groups).map(({ id }) => id);
  const probes = catalogue.filter(({ id }) => id.startsWith('probe.'));
  expect(probes.map(({ onRequest }) => onRequest)).toEqual([true, true, true, true]);
  expect(ids().filter(id => id.startsWith('probe.'))).toEqual([]);
  expect(ids()).toHaveLength(catalogue.length - probes.length);
  expect(ids(['probe'])).toEqual(probes.map(({ id }) => id));
});

/** 100 repetitions of which the shortest takes so long, with that share of a core. */
const cpu = (shortestMs: number, share = 1, changes: object = {}) => ({
  repetitions: 100,
  shortestMs,
  tenthMs: shortestMs * 1.1,
  totalMs: (100 * shortestMs) / share,
  others: 0,
  ...changes,
});

describe('probe.cpu', () => {
  const check = findCheck('probe.cpu');
  const side = (...nodes: object[]) => sideOf(...nodes.map(probeCpu => ({ answers: { probeCpu } })));

  test('from 1.4 times on it is a difference, with three quarters of a core', () => {
    expect(judge(check, side(cpu(1)), side(cpu(1.39)))).toMatchObject({ verdict: 'pass', differences: [] });
    expect(judge(check, side(cpu(1)), side(cpu(0.2))).verdict).toBe('pass');
    expect(judge(check, side(cpu(1)), side(cpu(1.4, 0.75))).differences).toEqual([
      { what: 'the same computation takes 1.4× as long', node: 'node0:5432', source: '1.0 ms', target: '1.4 ms' },
    ]);
  });

  test('a busy node is not called slow, nor one that met its shortest time by accident', () => {
    const busy = judge(check, side(cpu(1)), side(cpu(3, 0.69)));
    expect(busy).toMatchObject({ verdict: 'unknown', differences: [] });
    expect(busy.unknown[0]!.what).toMatch(/3\.0× as long \(source 1\.0 ms, target 3\.0 ms\), while .* 69 % of a core/);
    expect(judge(check, side(cpu(1)), side(cpu(1, 0.1))).verdict).toBe('pass');
    for (const odd of [
      { tenthMs: 4 },
      { repetitions: 19 },
      { repetitions: 0, shortestMs: null, tenthMs: null, totalMs: null },
    ]) {
      expect(judge(check, side(cpu(1)), side(cpu(3, 1, odd)))).toMatchObject({ verdict: 'unknown', differences: [] });
      // Such a source is no measure of anything.
      expect(judge(check, side(cpu(1, 1, odd)), side(cpu(3)))).toMatchObject({ verdict: 'unknown', differences: [] });
    }
  });

  test('workers are held against workers, by the median, and a plain server against what there is', () => {
    const source = side(cpu(4), cpu(1), cpu(1.1), cpu(9));
    expect(judge(check, source, side(cpu(4), cpu(1.2), cpu(2))).differences).toMatchObject([{ node: 'node2:5432' }]);
    expect(judge(check, side(cpu(1)), side(cpu(1), cpu(2))).differences).toMatchObject([{ node: 'node1:5432' }]);
  });
});

describe('probe.reads', () => {
  const check = findCheck('probe.reads');
  const side = (reads: [number, number][] | null, changes: object = {}, speed = cpu(1)) =>
    sideOf({
      answers: {
        probeCpu: speed,
        probeReads: { counted: true, table: reads && 's.t', bytes: reads && 1e9, reads, ...changes },
      },
    });
  const times = (count: number, ms: number, missed = 1) =>
    Array.from({ length: count }, (): [number, number] => [ms, missed]);

  test('twice as long, and 0.2 ms more', () => {
    const took = (ms: number) => side(times(256, ms));
    expect(judge(check, took(0.1), took(0.29)).verdict).toBe('pass');
    expect(judge(check, took(1), took(1.9)).verdict).toBe('pass');
    expect(judge(check, took(0.1), took(0.31)).differences).toEqual([
      { what: 'reading a page from disk takes 3.1× as long', node: 'node0:5432', source: '0.1 ms', target: '0.31 ms' },
    ]);
    expect(judge(check, took(0.1), side(times(256, 5), {}, cpu(1, 0.5)))).toMatchObject({
      verdict: 'unknown',
      differences: [],
    });
  });

  test('what memory answers says nothing of the disk', () => {
    const disk = side(times(256, 1));
    for (const cached of [
      side(times(256, 5, 0)),
      side(times(256, 0.01)),
      side([...times(70, 0.01), ...times(186, 5)]),
      side(times(15, 5)),
      side(times(256, 5), { counted: false }),
      side([]),
    ]) {
      expect(judge(check, disk, cached)).toMatchObject({ verdict: 'unknown', differences: [] });
      expect(judge(check, cached, disk)).toMatchObject({ verdict: 'unknown', differences: [] });
    }
    expect(judge(check, disk, side([...times(60, 0.01), ...times(196, 5)])).verdict).toBe('fail');
    const { unknown } = judge(check, disk, side([...times(200, 0.01), ...times(56, 0, 0)]));
    expect(unknown[0]!.what).toBe(
      "the disk was not seen: of 256 pages of s.t (954 MB) 56 were in shared buffers, 200 in the system's page cache",
    );
  });

  test('a side without a table to read from is unknown, a node without one is not', () => {
    expect(judge(check, side(times(256, 1)), side(null)).unknown).toEqual([
      { what: 'target: no node has a table of 8 MB or more, by its statistics, that the role may read' },
    ]);
    const none = { counted: true, table: null, bytes: null, reads: null };
    const some = { counted: true, table: 's.t_1', bytes: 1e9, reads: times(256, 1) };
    const cluster = sideOf(...[none, some].map(probeReads => ({ answers: { probeCpu: cpu(1), probeReads } })));
    expect(judge(check, cluster, cluster).verdict).toBe('pass');
  });
});

test('probe.temporary-files: twice as long, and 250 ms more', () => {
  const check = findCheck('probe.temporary-files');
  const side = (ms: number | null, share = 1) =>
    sideOf({ answers: { probeCpu: cpu(1, share), probeTemporaryFiles: { ms, tablespaces: '' } } });
  expect(judge(check, side(50), side(290)).verdict).toBe('pass');
  expect(judge(check, side(1_000), side(1_900)).verdict).toBe('pass');
  expect(judge(check, side(50), side(310)).differences).toEqual([
    {
      what: 'sorting 32 MB through a temporary file takes 6.2× as long',
      ...{ node: 'node0:5432', source: '50 ms', target: '310 ms' },
    },
  ]);
  expect(judge(check, side(50), side(310, 0.5)).verdict).toBe('unknown');
  expect(judge(check, side(50), side(null)).unknown[0]!.what).toBe('temp_file_limit leaves no room for 64 MB');
});

describe('probe.latency', () => {
  const check = findCheck('probe.latency');
  const worker = (port: number, ...tripsMs: number[]) => ({ host: 'w', port, reached: true, firstMs: 9, tripsMs });
  const side = (...workers: object[]) => sideOf({ answers: { probeLatency: workers } });

  test('twice as far, and half a millisecond more, by the shortest trip', () => {
    const source = side(worker(1, 0.3), worker(2, 0.2, 0.9), worker(3, 5));
    expect(judge(check, source, side(worker(4, 8, 0.79), worker(5, 0.1))).verdict).toBe('pass');
    expect(judge(check, side(worker(1, 2)), side(worker(4, 3.9))).verdict).toBe('pass');
    expect(judge(check, source, side(worker(4, 0.81, 8), worker(5, 0.1))).differences).toEqual([
      {
        what: 'a round trip from the coordinator takes 2.7× as long as to a worker of the source',
        ...{ node: 'w:4', source: '0.3 ms', target: '0.81 ms' },
      },
    ]);
  });

  test('where the source has no workers, siblings are the measure', () => {
    const plain = sideOf({ answers: {} });
    expect(judge(check, plain, side(worker(1, 0.2), worker(2, 0.3), worker(3, 4))).differences).toEqual([
      {
        what: 'a round trip from the coordinator takes 13× as long as to a worker of the target by the median',
        ...{ node: 'w:3', target: '4.0 ms' },
      },
    ]);
    expect(judge(check, plain, plain)).toMatchObject({ verdict: 'pass', summary: 'neither side has workers' });
  });

  test('a worker that was not measured is unknown, with the reason', () => {
    const silent = { ...worker(2), reached: false };
    const late = { ...worker(3), reached: null, firstMs: null };
    expect(judge(check, side(worker(1, 0.2)), side(worker(1, 0.2), silent, late)).unknown).toEqual([
      { what: 'its coordinator does not reach it, or not twice', node: 'w:2' },
      { what: 'not measured: the workers before it took more than 4 s', node: 'w:3' },
    ]);
    const old = sideOf({ answers: { probeLatency: null } });
    expect(judge(check, side(worker(1, 0.2)), old).unknown).toMatchObject([{ node: 'node0:5432' }]);
  });
});
