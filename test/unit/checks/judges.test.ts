import { describe, expect, test } from 'vitest';
import { findCheck } from '../../../src/checks/catalogue';
import { assignSetting, sameSetting } from '../../../src/checks/settings/text';
import { judge, sideOf, silentSide } from './readings';

const locale = (changes: object) => ({
  answers: {
    locale: {
      database: 'app',
      encoding: 'UTF8',
      collate: 'en_US.UTF-8',
      ctype: 'en_US.UTF-8',
      provider: 'c',
      locale: null,
      rules: null,
      recorded: '2.36',
      actual: '2.36',
      libc: '2.36',
      system: '1',
      stale: [],
      ...changes,
    },
  },
});

describe('locale.collations', () => {
  const check = findCheck('locale.collations');
  const verdictOf = (source: object, target: object) => judge(check, sideOf(locale(source)), sideOf(locale(target)));

  test('glibc across 2.28 fails; another step is a remark, unless the files were copied', () => {
    const old = { recorded: '2.26', actual: '2.26', libc: '2.26' };
    expect(verdictOf(old, { system: '2' }).summary).toBe(
      'glibc, across 2.28, which sorts text in another order: source 2.26, target 2.36',
    );
    const newer = { recorded: '2.31', actual: '2.31', libc: '2.31' };
    expect(verdictOf(newer, { system: '2' })).toMatchObject({
      verdict: 'pass',
      details: [expect.stringContaining('source 2.31')],
    });
    expect(verdictOf(newer, {})).toMatchObject({
      verdict: 'fail',
      summary: expect.stringContaining('a physical copy'),
    });
  });

  test('spellings of a locale are one; a worker of another locale is named; musl left no version', () => {
    expect(verdictOf({ collate: 'en_US.utf8', ctype: 'en_US.utf8' }, {})).toMatchObject({ verdict: 'pass' });
    const side = sideOf(locale({}), locale({ collate: 'C' }));
    expect(judge(check, sideOf(locale({})), side).differences).toEqual([
      { what: "collation other than the coordinator's en_US.UTF-8", node: 'node1:5432', target: 'C' },
    ]);
    expect(verdictOf({}, { recorded: null })).toMatchObject({
      verdict: 'fail',
      summary: expect.stringContaining('musl'),
    });
  });

  test('a bytewise database is not bothered by glibc', () => {
    const bytes = { collate: 'C', ctype: 'C', recorded: null, actual: null };
    expect(verdictOf({ ...bytes, libc: '2.26' }, bytes)).toMatchObject({ verdict: 'pass' });
  });
});

describe('settings.planner', () => {
  const check = findCheck('settings.planner');
  const node = (available: boolean, ...plannerSettings: [string, string, string, boolean][]) => ({
    answers: { plannerSettings, jit: { available, provider: 'llvmjit', setting: 'on' } },
  });

  test('another default of another version is no fault; one that was set is', () => {
    const source = sideOf(
      node(false, ['effective_io_concurrency', '1', 'default', true], ['jit', 'off', 'user', false]),
    );
    const target = sideOf(
      node(true, ['effective_io_concurrency', '16', 'default', true], ['jit', 'on', 'default', true]),
    );
    const judged = judge(check, source, target);
    expect(judged.differences).toEqual([{ what: 'jit', source: 'off (role setting)', target: 'on (built-in)' }]);
    expect(judged.details).toContain(
      'remark: another default of another version: effective_io_concurrency: source 1 (built-in), target 16 (built-in)',
    );
    // It is mended where it is made, for the role.
    expect(judged.remedies).toEqual([]);
  });

  test('jit says nothing where no node can compile', () => {
    const source = sideOf(node(false, ['jit', 'off', 'configuration file', false]));
    expect(judge(check, source, sideOf(node(false, ['jit', 'on', 'default', true])))).toMatchObject({
      verdict: 'pass',
    });
  });

  test('less work_mem fails, more does not', () => {
    const withMemory = (value: string) => sideOf(node(false, ['work_mem', value, 'configuration file', false]));
    expect(judge(check, withMemory('64MB'), withMemory('1GB'))).toMatchObject({ verdict: 'pass' });
    expect(judge(check, withMemory('1GB'), withMemory('64MB'))).toMatchObject({
      verdict: 'fail',
      remedy: expect.stringContaining("ALTER SYSTEM SET work_mem = '1GB';"),
    });
  });

  test('a fault that is seen stays one when the other side is gone', () => {
    const odd = sideOf(
      node(false, ['jit', 'off', 'default', true]),
      node(false, ['jit', 'on', 'configuration file', false]),
    );
    expect(judge(check, silentSide, odd)).toMatchObject({ verdict: 'fail', unknown: [{ node: 'gone:5432' }] });
  });
});

describe('settings.roles', () => {
  const check = findCheck('settings.roles');
  const node = (versionNum: number, available: boolean, ...entries: [string | null, boolean, string][]) => ({
    versionNum,
    answers: { roleSettings: { database: 'app', entries }, jit: { available, provider: 'llvmjit', setting: 'on' } },
  });
  const off: [string, boolean, string] = ['app', false, 'enable_nestloop=OFF'];

  test('nested loops forbidden where JIT compiles bite up to 17 only', () => {
    const source = sideOf(node(150_000, false, off));
    expect(judge(check, source, sideOf(node(170_000, true, off)))).toMatchObject({
      verdict: 'fail',
      differences: [{ what: expect.stringContaining('costs 1e10') }],
    });
    expect(judge(check, source, sideOf(node(180_000, true, off)))).toMatchObject({ verdict: 'pass' });
    expect(judge(check, source, sideOf(node(170_000, true, off, ['app', false, 'jit=off'])))).toMatchObject({
      differences: [{ what: 'jit of role app' }],
    });
  });

  test('what a managed service sets for itself is a remark', () => {
    const target = sideOf(node(150_000, false, ['azuresu', false, 'jit=off']));
    expect(judge(check, sideOf(node(150_000, false)), target)).toMatchObject({
      verdict: 'pass',
      details: ['remark: jit of role azuresu: source not set, target off'],
    });
  });

  test('hostile names stay inside their quotes, and on their line', () => {
    const target = sideOf(node(150_000, false, ['x"; DROP TABLE t; --\nROLE', false, 'work_mem=1GB']));
    const { remedy, details } = judge(check, sideOf(node(150_000, false)), target);
    expect(remedy).toContain('ALTER ROLE "x""; DROP TABLE t; --\nROLE" RESET work_mem;');
    expect(details[0]).not.toContain('\n');
  });
});

describe('replication.lag', () => {
  const state = (changes: object) => ({
    answers: {
      replicationState: {
        slots: [],
        standbys: [],
        keptBytes: null,
        subscriptions: [],
        replayBytes: null,
        seesAll: true,
        ...changes,
      },
    },
  });
  const check = findCheck('replication.lag');
  const target = sideOf(state({}));
  const standby = { name: 'standby1', state: 'streaming', lagBytes: 1024, lagSeconds: 0.2, physical: true };
  const slot = (changes: object) => ({
    name: 's',
    type: 'logical',
    active: true,
    status: 'reserved',
    lagBytes: 0,
    safeBytes: null,
    invalid: null,
    failover: null,
    synced: null,
    ...changes,
  });
  const mb = 2 ** 20;

  test.each([
    ['close behind', { standbys: [standby] }, 'pass'],
    ['bytes behind', { standbys: [{ ...standby, lagBytes: 2 ** 30 }] }, 'fail'],
    ['time behind', { standbys: [{ ...standby, lagSeconds: 61 }] }, 'fail'],
    [
      'hidden',
      { standbys: [{ ...standby, state: null, lagBytes: null, lagSeconds: null }], seesAll: false },
      'unknown',
    ],
    ['WAL lost', { slots: [slot({ status: 'lost', lagBytes: null })] }, 'fail'],
    ['invalidated', { slots: [slot({ invalid: 'rows_removed' })] }, 'fail'],
    ['slot in use', { slots: [slot({})] }, 'pass'],
    ['slot that nobody reads', { slots: [slot({ active: false })] }, 'fail'],
    ['the copy of a slot on a standby', { slots: [slot({ active: false, failover: true, synced: true })] }, 'pass'],
    ['room left', { slots: [slot({ safeBytes: 20 * mb })], keptBytes: 100 * mb }, 'pass'],
    ['hardly room left', { slots: [slot({ safeBytes: 19 * mb })], keptBytes: 100 * mb }, 'fail'],
    ['no worker', { subscriptions: [{ name: 's', enabled: true, running: false }] }, 'fail'],
    ['slow replay', { replayBytes: 2 ** 30 }, 'fail'],
  ])('%s', (_, changes, verdict) => {
    expect(judge(check, sideOf(state(changes)), target).verdict).toBe(verdict);
  });

  test('up to 16 no slot follows a failover; a subscriber alone is no standby', () => {
    const remarks = (standbys: object[]) =>
      judge(check, sideOf(state({ slots: [slot({})], standbys })), target).details.filter(line =>
        line.includes('failover'),
      );
    expect(remarks([standby])).toHaveLength(1);
    expect(remarks([{ ...standby, physical: false }])).toEqual([]);
  });
});

test('rows of a reference table count once, shards add up, and a missing node leaves it open', () => {
  const table = (name: string, spread: string | null, rows: number) => ({
    schema: 's',
    name,
    spread,
    rows,
    uncounted: 0,
  });
  const node = (...tables: object[]) => ({ answers: { rowCounts: { tables, more: 0 } } });
  const source = sideOf(node(table('a', null, 100), table('b', null, 100)));
  const worker = node(table('a', 'distributed', 50), table('b', 'reference', 100), table('junk', null, 9));
  const check = findCheck('tables.row-counts');
  expect(judge(check, source, sideOf(node(), worker, worker))).toMatchObject({ verdict: 'pass', details: [] });
  const half = sideOf(node(), worker);
  const withGap = { ...half, nodes: [...half.nodes, { ...silentSide.nodes[0]!, role: 'worker' as const }] };
  expect(judge(check, source, withGap)).toMatchObject({ verdict: 'unknown', differences: [] });
});

test('more than fifty of a kind are counted', () => {
  const tables = Array.from({ length: 60 }, (_, i) => ({
    schema: 's',
    name: `t${i}`,
    identity: 'd',
    candidate: null,
    changed: 0,
  }));
  const side = sideOf({ answers: { replicaIdentities: { tables, more: 7, full: [] } } });
  const judged = judge(findCheck('replication.identity'), side, sideOf());
  expect(judged.summary).toMatch(/^s\.t0 .* \(and 59 more\)$/);
  expect(judged.details).toContain('… and 10 more');
  expect(judged.unknown).toEqual([{ what: '7 more such tables are not listed' }]);
});

describe('values of settings', () => {
  test.each<[string, string, boolean]>([
    ['OFF', 'false', true],
    ['1GB', '1024MB', true],
    ['1s', '1000ms', true],
    ['1.10', '1.1', true],
    ['64MB', '64', false],
    ['1MB', '1min', false],
    ['on', 'off', false],
  ])('%s and %s', (a, b, same) => {
    expect(sameSetting(a, b)).toBe(same);
  });

  test.each([
    ['search_path', '"$user", public, "a,b""c"', `SET search_path = '$user', 'public', 'a,b"c'`],
    ['search_path', '""', `SET search_path = ''`],
    ['work_mem', "it's", `SET work_mem = 'it''s'`],
    ['my.Odd', 'a\\b', `SET my."Odd" = E'a\\\\b'`],
  ])('%s = %s', (name, value, sql) => {
    expect(assignSetting(name, value)).toBe(sql);
  });
});
