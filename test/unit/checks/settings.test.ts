import { describe, expect, test } from 'vitest';
import { findCheck } from '../../../src/checks/catalogue';
import { judge, type MadeNode, sideOf } from './readings';

type Row = [name: string, value: string, source: string, isBuiltIn: boolean, context: string];

const node = (rows: Row[], more: object = {}, versionNum = 150_000): MadeNode => ({
  versionNum,
  answers: { serverSettings: { service: null, settings: rows, unlisted: null, pending: null, ...more } },
});
const inFile = (name: string, value: string, context = 'sighup'): Row => [
  name,
  value,
  'configuration file',
  false,
  context,
];

describe('a category of settings', () => {
  const verdictOf = (id: string, source: Row, target: Row) =>
    judge(findCheck(id), sideOf(node([source])), sideOf(node([target]))).verdict;

  test.each([
    ['settings.memory', 'max_connections', '200', '100', 'fail'],
    ['settings.memory', 'max_connections', '100', '200', 'pass'],
    ['settings.memory', 'temp_file_limit', '-1', '10GB', 'fail'],
    ['settings.memory', 'temp_file_limit', '10GB', '-1', 'pass'],
    ['settings.memory', 'logical_decoding_work_mem', '1GB', '1024MB', 'pass'],
    ['settings.durability', 'data_checksums', 'on', 'off', 'fail'],
    ['settings.durability', 'data_checksums', 'off', 'on', 'pass'],
    ['settings.durability', 'synchronous_commit', 'on', 'remote_write', 'fail'],
    ['settings.durability', 'synchronous_commit', 'local', 'on', 'pass'],
    ['settings.wal', 'wal_level', 'logical', 'replica', 'fail'],
    ['settings.connections', 'ssl_min_protocol_version', 'TLSv1.2', 'TLSv1', 'fail'],
    ['settings.connections', 'ssl_min_protocol_version', 'TLSv1.2', 'TLSv1.3', 'pass'],
    ['settings.logging', 'log_min_duration_statement', '1s', '-1', 'fail'],
    ['settings.logging', 'log_min_duration_statement', '1s', '5s', 'pass'],
    ['settings.logging', 'auto_explain.log_min_duration', '1s', '-1', 'pass'],
    ['settings.session', 'IntervalStyle', 'postgres', 'iso_8601', 'fail'],
    ['settings.citus', 'citus.multi_shard_modify_mode', 'parallel', 'sequential', 'fail'],
    ['settings.citus', 'citus.max_shared_pool_size', '-1', '100', 'fail'],
  ])('%s: %s from %s to %s: %s', (id, name, source, target, verdict) => {
    expect(verdictOf(id, inFile(name, source), inFile(name, target))).toBe(verdict);
  });

  test('another default of another version, and what the session itself brings, do not bite', () => {
    const check = 'settings.durability';
    const builtIn = (value: string): Row => ['data_checksums', value, 'default', true, 'internal'];
    expect(verdictOf(check, builtIn('on'), builtIn('off'))).toBe('pass');
    expect(verdictOf('settings.session', inFile('TimeZone', 'UTC'), ['TimeZone', 'CET', 'client', false, 'user'])).toBe(
      'pass',
    );
  });

  test('no SQL is given for what was decided when the data directory was made', () => {
    const judged = judge(
      findCheck('settings.durability'),
      sideOf(node([inFile('data_checksums', 'on', 'internal')])),
      sideOf(node([inFile('data_checksums', 'off', 'internal')])),
    );
    expect(judged).toMatchObject({ verdict: 'fail', remedies: [] });
  });

  test('a worker that differs is named, on either side, and mended there', () => {
    const side = sideOf(
      node([inFile('citus.shard_count', '32')]),
      node([inFile('citus.shard_count', '32')]),
      node([inFile('citus.shard_count', '64')]),
    );
    const judged = judge(findCheck('settings.citus'), side, sideOf(node([inFile('citus.shard_count', '32')])));
    expect(judged.differences).toEqual([
      {
        what: "citus.shard_count other than the coordinator's 32 (configuration file)",
        node: 'node2:5432',
        source: '64 (configuration file)',
      },
    ]);
    expect(judged.remedies).toMatchObject([{ side: 'source', nodes: ['node2:5432'] }]);
  });

  test('unlisted settings of Citus are compared, where both sides know them', () => {
    const withMode = (...unlisted: [string, string][]) => sideOf(node([], { unlisted }));
    const judged = judge(
      findCheck('settings.citus'),
      withMode(['citus.sort_returning', 'on'], ['citus.subquery_pushdown', 'on']),
      withMode(['citus.sort_returning', 'off']),
    );
    expect(judged.differences).toEqual([{ what: 'citus.sort_returning', source: 'on', target: 'off' }]);
  });
});

describe('platform, patches and identity', () => {
  const built = (changes: object = {}, versionNum = 150_020): MadeNode => ({
    versionNum,
    answers: {
      built: {
        version: 'PostgreSQL 15.20 on x86_64-pc-linux-gnu, compiled by gcc (Debian 12.2.0) 12.2.0, 64-bit',
        presets: [
          ['block_size', '8192'],
          ['debug_assertions', 'off'],
          ['ssl_library', 'OpenSSL'],
        ],
        icu: true,
        toast: ['pglz', 'lz4'],
        usesLz4: true,
        systemIdentifier: '1',
        startedAt: '2026-11-01T00:00:00.000000Z',
        port: '5432',
        today: '2026-11-29',
        ...changes,
      },
    },
  });
  const ofTarget = (id: string, changes: object, versionNum?: number) =>
    judge(findCheck(id), sideOf(built()), sideOf(built(changes, versionNum)));

  test.each([
    ['musl', { version: 'PostgreSQL 15.20 on x86_64-pc-linux-musl, compiled by gcc 13, 64-bit' }, 'C library'],
    ['pages', { presets: [['block_size', '16384']] }, 'block_size'],
    ['assertions', { presets: [['debug_assertions', 'on']] }, 'debug_assertions'],
    ['without TLS', { presets: [['ssl_library', '']] }, 'ssl_library'],
    ['without ICU', { icu: false }, 'ICU'],
    ['without LZ4', { toast: ['pglz'] }, 'compression of rows'],
  ])('%s', (_, changes, what) => {
    expect(ofTarget('versions.binaries', changes).differences.map(difference => difference.what)).toEqual([what]);
  });

  test('another architecture is a remark between the sides, and a fault among the nodes of one', () => {
    const arm = { version: 'PostgreSQL 15.20 on aarch64-unknown-linux-gnu, compiled by gcc 12, 64-bit' };
    expect(ofTarget('versions.binaries', arm)).toMatchObject({ verdict: 'pass' });
    const mixed = sideOf(built(), built(arm));
    expect(judge(findCheck('versions.binaries'), sideOf(built()), mixed).differences).toEqual([
      { what: "architecture other than the coordinator's x86_64", node: 'node1:5432', target: 'aarch64' },
    ]);
  });

  test.each([
    [130_023, '2026-11-29', 'fail'],
    [150_010, '2026-11-29', 'fail'],
    [150_018, '2026-11-29', 'pass'],
    [150_099, '2027-11-11', 'pass'],
    [150_099, '2027-11-12', 'fail'],
    [190_000, '2030-01-01', 'pass'],
  ])('PostgreSQL %i on %s: %s', (versionNum, today, verdict) => {
    expect(ofTarget('versions.support', { today }, versionNum)).toMatchObject({ verdict });
  });

  test('a copy is another server, the same start is the same server', () => {
    expect(ofTarget('versions.identity', {})).toMatchObject({ verdict: 'fail' });
    expect(ofTarget('versions.identity', { startedAt: '2026-11-02T00:00:00.000000Z' })).toMatchObject({
      verdict: 'pass',
      details: [expect.stringContaining('is a physical copy of the source')],
    });
    expect(ofTarget('versions.identity', { systemIdentifier: '2' })).toMatchObject({ verdict: 'pass', details: [] });
  });

  test('a node with older rules of a time zone', () => {
    const zones = (offset: string): MadeNode => ({ answers: { timeZoneRules: [['Asia/Almaty', offset]] } });
    const judged = judge(
      findCheck('versions.time-zones'),
      sideOf(zones('05:00')),
      sideOf(zones('05:00'), zones('06:00')),
    );
    expect(judged.differences).toEqual([
      { what: 'offset of Asia/Almaty on 2024-06-01, 05:00 on node0:5432', node: 'node1:5432', target: '06:00' },
    ]);
  });
});

test('citus comes first among the libraries', () => {
  const libraries = (shared: string) =>
    sideOf({ answers: { libraries: { service: null, shared, session: '', extensions: ['citus'] } } });
  const judged = judge(
    findCheck('versions.libraries'),
    libraries('citus, pg_stat_statements'),
    libraries('pg_stat_statements, citus'),
  );
  expect(judged.differences.map(({ what }) => what)).toEqual(['citus is not the first library']);
  expect(judged.remedy).toContain("ALTER SYSTEM SET shared_preload_libraries = 'citus', 'pg_stat_statements';");
});
