import { describe, expect, test } from 'vitest';
import { findCheck } from '../../../src/checks/catalogue';
import { type MachineTexts, machineFiles, readMachine } from '../../../src/checks/operations/machine-files';
import { judge, type MadeNode, sideOf } from './readings';

const gigabyte = 2 ** 30;
const none = Object.fromEntries(Object.keys(machineFiles).map(name => [name, null])) as MachineTexts;
const meminfo = (total: string, swap = '0') =>
  `MemTotal:       ${total} kB\nMemFree:         123456 kB\nSwapCached:            0 kB\nSwapTotal:      ${swap} kB\n`;
const textsOf = (changes: Partial<MachineTexts>): MachineTexts => ({ ...none, ...changes });

describe('files of the system', () => {
  test.each([
    ['0-7,9\n', 9],
    ['0\n', 1],
    ['0-1\n', 2],
    ['2,4-5,8-8191\n', 8187],
    ['0-99999\n', 100_000],
    ['0-7,9', undefined],
    ['\n', undefined],
    ['', undefined],
    ['3-1\n', undefined],
    ['0-3,2\n', undefined],
    ['0-3,0-3\n', undefined],
    ['0-999999\n', undefined],
    ['-1\n', undefined],
    ['0-1-2\n', undefined],
    ['0-31:2/4\n', undefined],
    ['0,,1\n', undefined],
    ['0\n1\n', undefined],
    ['0-٣\n', undefined],
    ['<b>4</b>\n', undefined],
    ['1e3\n', undefined],
    [`${'0,'.repeat(2000)}\n`, undefined],
  ])('cores online %j', (online, cores) => {
    expect(readMachine(textsOf({ online })).cores).toBe(cores);
  });

  test.each([
    [meminfo('24684096'), 24_684_096 * 1024, 0],
    [meminfo('1', '2097148'), 1024, 2_097_148 * 1024],
    ['SwapTotal:  5 kB\nMemTotal: 7 kB\n', 7 * 1024, 5 * 1024],
    [meminfo('0'), undefined, 0],
    ['MemTotal: 7 MB\n', undefined, undefined],
    ['MemTotal: -7 kB\n', undefined, undefined],
    ['MemTotal: 9999999999999999 kB\n', undefined, undefined],
    ['NotMemTotal: 7 kB\nMemTotal', undefined, undefined],
    ['MemTotal: 7 kB MemTotal: 8 kB\n', undefined, undefined],
    [`MemTotal:${' '.repeat(4000)}\n`, undefined, undefined],
    ['', undefined, undefined],
  ])('meminfo %j', (text, memoryBytes, swapBytes) => {
    const found = readMachine(textsOf({ meminfo: text }));
    expect([found.memoryBytes, found.swapBytes]).toEqual([memoryBytes, swapBytes]);
  });

  const whole = { meminfo: meminfo(`${8 * 2 ** 20}`), online: '0-7\n' };
  test.each([
    ['of nobody', {}, 8, 8, false],
    ['of version 2', { memoryMax: `${2 * gigabyte}\n`, cpuMax: '150000 100000\n' }, 1.5, 2, true],
    ['of version 2, without limits', { memoryMax: 'max\n', cpuMax: 'max 100000\n' }, 8, 8, false],
    ['of version 2, cores alone', { memoryMax: 'max\n', cpuMax: '400000 100000\n' }, 4, 8, true],
    ['of version 1', { memoryLimit: `${4 * gigabyte}\n`, cpuQuota: '50000\n', cpuPeriod: '100000\n' }, 0.5, 4, true],
    [
      'of version 1, without limits',
      { memoryLimit: '9223372036854771712\n', cpuQuota: '-1\n', cpuPeriod: '100000\n' },
      8,
      8,
      false,
    ],
    ['larger than the machine', { memoryMax: `${64 * gigabyte}\n`, cpuMax: '6400000 100000\n' }, 8, 8, false],
    ['odd', { memoryMax: '0\n', cpuMax: '1 0\n', memoryLimit: '1e9\n', cpuQuota: '7\n' }, 8, 8, false],
    ['cut off', { memoryMax: '1', cpuMax: '1000 1000', cpuQuota: '1', cpuPeriod: '1' }, 8, 8, false],
  ])('limits of a container: %s', (_, limits, cores, gigabytes, isLimited) => {
    expect(readMachine(textsOf({ ...whole, ...limits }))).toEqual({
      cores,
      memoryBytes: gigabytes * gigabyte,
      swapBytes: 0,
      isLimited,
    });
  });

  test('none of them', () => {
    expect(readMachine(none)).toEqual({ isLimited: false });
  });
});

describe('operations.machine', () => {
  const check = findCheck('operations.machine');
  const node = (cores: number, gigabytes: number, changes: object = {}): MadeNode => ({
    answers: {
      machineFigures: {
        files: textsOf({
          online: `${cores === 1 ? '0' : `0-${cores - 1}`}\n`,
          meminfo: meminfo(`${gigabytes * 2 ** 20}`),
        }),
        sharedBuffersBytes: 128 * 2 ** 20,
        service: null,
        ...changes,
      },
    },
  });
  const hidden = (changes: object = {}) => node(1, 1, { files: null, ...changes });

  test('less than a tenth less is as much; more is a remark', () => {
    expect(judge(check, sideOf(node(10, 100)), sideOf(node(9, 90))).verdict).toBe('pass');
    expect(judge(check, sideOf(node(10, 100)), sideOf(node(8, 89))).differences).toEqual([
      { what: 'cores', node: 'node0:5432', source: '10 cores', target: '8 cores' },
      { what: 'memory', node: 'node0:5432', source: '100 GB', target: '89 GB' },
    ]);
    const larger = judge(check, sideOf(node(1, 4)), sideOf(node(2, 8)));
    expect(larger).toMatchObject({ verdict: 'pass', remedies: [] });
    expect(larger.details).toEqual([
      'remark: source node0:5432: 1 core, 4 GB of memory, no swap, shared_buffers = 128 MB',
      'remark: target node0:5432: 2 cores, 8 GB of memory, no swap, shared_buffers = 128 MB',
      'remark: more cores on the target: source 1 core, target 2 cores',
      'remark: more memory on the target: source 4 GB, target 8 GB',
    ]);
  });

  test('workers by the smallest and by all', () => {
    const source = sideOf(node(4, 16), node(8, 32), node(8, 32));
    const uneven = judge(check, source, sideOf(node(4, 16), node(8, 48), node(8, 16)));
    expect(uneven.differences).toEqual([
      { what: 'memory of the smallest worker', node: 'node2:5432', source: '32 GB', target: '16 GB' },
    ]);
    const fewer = judge(check, source, sideOf(node(4, 16), node(8, 32)));
    expect(fewer.differences).toEqual([
      { what: 'cores of all workers', source: '16 cores', target: '8 cores' },
      { what: 'memory of all workers', source: '64 GB', target: '32 GB' },
    ]);
    const coordinator = judge(check, source, sideOf(node(2, 16), node(16, 32), node(16, 32)));
    expect(coordinator.differences).toEqual([
      { what: 'cores', node: 'node0:5432', source: '4 cores', target: '2 cores' },
    ]);
  });

  test('a side with workers and one without by what all nodes have', () => {
    const one = sideOf(node(16, 64));
    expect(judge(check, one, sideOf(node(2, 8), node(8, 32), node(8, 32))).verdict).toBe('pass');
    expect(judge(check, one, sideOf(node(2, 8), node(4, 16), node(4, 16))).differences).toEqual([
      { what: 'cores of all nodes', source: '16 cores', target: '10 cores' },
      { what: 'memory of all nodes', source: '64 GB', target: '40 GB' },
    ]);
  });

  test('a node that tells nothing leaves the others, and its group, which has no sum without it', () => {
    const source = sideOf(node(4, 16), node(8, 32), node(8, 32));
    const found = judge(check, source, sideOf(node(4, 8), node(1, 1), hidden()));
    expect(found.differences).toEqual([{ what: 'memory', node: 'node0:5432', source: '16 GB', target: '8 GB' }]);
    expect(found.unknown).toEqual([
      {
        what: 'cores and memory: only superusers may read them; ask the provider, or measure: group probe',
        node: 'node2:5432',
      },
    ]);
    expect(judge(check, source, sideOf(hidden(), node(8, 32), node(8, 32)))).toMatchObject({
      verdict: 'unknown',
      differences: [],
    });
  });

  test('a service, another system, and half of the figures are said as such, with no grant', () => {
    const service = hidden({ service: 'rds_superuser' });
    const foreign = node(1, 1, { files: none });
    const half = node(1, 1, { files: textsOf({ online: '0-3\n' }) });
    const { unknown } = judge(check, sideOf(service, foreign), sideOf(half, half));
    expect(unknown).toEqual([
      {
        what: 'cores and memory: only superusers may read them; the console of Amazon RDS or Aurora shows them, or measure: group probe',
        node: 'node0:5432',
      },
      {
        what: 'cores and memory: its system does not tell them as Linux does; ask the provider, or measure: group probe',
        node: 'node1:5432',
      },
      {
        what: 'memory: its system does not tell them as Linux does; ask the provider, or measure: group probe',
        node: 'node0:5432',
      },
      {
        what: 'memory: its system does not tell them as Linux does; ask the provider, or measure: group probe',
        node: 'node1:5432',
      },
    ]);
  });

  test('shared_buffers that leave no room, on any node of either side', () => {
    const crowded = { sharedBuffersBytes: 13 * gigabyte };
    const found = judge(
      check,
      sideOf(node(4, 16, crowded)),
      sideOf(node(4, 16, { sharedBuffersBytes: 12 * gigabyte })),
    );
    expect(found.differences).toEqual([
      { what: 'shared_buffers above 75 % of the memory', node: 'node0:5432', source: '13 GB of 16 GB' },
    ]);
    expect(found.remedies).toMatchObject([
      {
        side: 'source',
        nodes: ['node0:5432'],
        sql: expect.stringContaining("SET shared_buffers = '4096MB';"),
        rollback: expect.stringContaining("'13631488kB'"),
      },
    ]);
  });

  test('texts longer than were asked for, or too few, are no answer', () => {
    const long = node(1, 1, { files: textsOf({ online: '1'.repeat(5000) }) });
    const { online, ...few } = none;
    for (const odd of [long, node(1, 1, { files: few }), node(1, 1, { files: { ...none, passwd: 'root' } })])
      expect(judge(check, sideOf(odd), sideOf(odd))).toMatchObject({ verdict: 'unknown', differences: [] });
    expect(online).toBeNull();
  });
});
