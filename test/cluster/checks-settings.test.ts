import { Client } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Side } from '../../src/shared/side';
import { findPostgres } from '../lab/installations';
import { type LabPair, startPlainPair } from '../lab/lab';
import { rollBack, runCheck, runChecks, runRemedy, wordsOf } from './checks-on';

const majors = (await findPostgres()).map(({ majorVersion }) => majorVersion);

let pair: LabPair;
beforeAll(async () => {
  pair = await startPlainPair();
});
afterAll(() => pair?.stop());

const on = (side: Side, sql: string) => pair[side].coordinator.query(sql);
const addressOf = (side: Side) => `${pair[side].coordinator.host}:${pair[side].coordinator.port}`;
const reload = 'SELECT pg_reload_conf()';

async function configure(side: Side, settings: Record<string, string>): Promise<void> {
  for (const [name, value] of Object.entries(settings)) await on(side, `ALTER SYSTEM SET ${name} = ${value}`);
  await on(side, reload);
}

async function restart(side: Side): Promise<void> {
  await pair[side].coordinator.stop();
  await pair[side].coordinator.start();
}

const whatOf = async (id: string) => (await runCheck(pair, id)).differences.map(({ what }) => what);

/** One setting of each category that takes a reload, and one beside it that must not bite. */
const reloaded: readonly [id: string, name: string, from: string, to: string, harmless?: [string, string]][] = [
  ['settings.memory', 'maintenance_work_mem', "'64MB'", "'32MB'", ['autovacuum_work_mem', "'10MB'"]],
  ['settings.io', 'track_io_timing', 'on', 'off', ['bgwriter_delay', "'300ms'"]],
  ['settings.timeouts', 'statement_timeout', "'1h'", "'1min'", ['deadlock_timeout', "'3s'"]],
  ['settings.session', 'extra_float_digits', '1', '0', ['check_function_bodies', 'off']],
  ['settings.vacuum', 'autovacuum_vacuum_scale_factor', '0.05', '0.5', ['vacuum_cost_page_dirty', '30']],
  ['settings.durability', 'synchronous_commit', 'on', 'local', ['wal_sync_method', 'fsync']],
  ['settings.wal', 'max_wal_size', "'4GB'", "'1GB'", ['wal_writer_delay', "'300ms'"]],
  ['settings.logging', 'log_lock_waits', 'on', 'off', ['log_line_prefix', "'%p '"]],
  ['settings.connections', 'password_encryption', "'scram-sha-256'", 'md5', ['ssl_max_protocol_version', "'TLSv1.3'"]],
];

test('settings of every category that are worse on the target are found, mended, brought back and mended', async () => {
  await configure('source', Object.fromEntries(reloaded.map(([, name, from]) => [name, from])));
  const faults = reloaded.flatMap(([, name, , to, harmless]) => [[name, to], ...(harmless ? [harmless] : [])]);
  await configure('target', Object.fromEntries(faults) as Record<string, string>);
  const ids = reloaded.map(([id]) => id);
  const found = () => runChecks(pair, ids);
  const whats = async () => (await found()).map(({ differences }) => differences.map(({ what }) => what));
  const expected = reloaded.map(([, name]) => [name]);
  await expect.poll(whats).toEqual(expected);
  const results = await found();
  for (const [i, result] of results.entries()) {
    expect(result).toMatchObject({ id: ids[i], verdict: 'fail' });
    await runRemedy(pair, result);
  }
  await expect.poll(async () => (await found()).map(({ verdict }) => verdict)).toEqual(ids.map(() => 'pass'));
  for (const result of results) await rollBack(pair, result);
  await expect.poll(whats).toEqual(expected);
  for (const result of results) await runRemedy(pair, result);
  await expect.poll(async () => (await found()).map(({ verdict }) => verdict)).toEqual(ids.map(() => 'pass'));
});

test('more on the target, another place and another unit do not bite', async () => {
  await configure('target', { maintenance_work_mem: "'131072kB'", log_min_duration_statement: "'1s'" });
  await expect
    .poll(async () => wordsOf(await runCheck(pair, 'settings.memory')))
    .toContain('remark: maintenance_work_mem: source 64MB (configuration file), target 128MB (configuration file)');
  expect(await runCheck(pair, 'settings.memory')).toMatchObject({ verdict: 'pass' });
  expect(await runCheck(pair, 'settings.logging')).toMatchObject({ verdict: 'pass' });
});

test('Cutover’s own timeouts are not taken for the server’s, and a role’s comes before the file', async () => {
  await on('target', `ALTER ROLE postgres SET lock_timeout = '90s'`);
  const found = await runCheck(pair, 'settings.timeouts');
  expect(found.differences).toEqual([{ what: 'lock_timeout', source: '0 (built-in)', target: '90s (role setting)' }]);
  expect(found.remedies).toEqual([]);
  await on('target', 'ALTER ROLE postgres RESET lock_timeout');
  for (const side of ['source', 'target'] as const) await on(side, 'CREATE ROLE plain LOGIN');
  const hidden = await runCheck(pair, 'settings.timeouts', { user: 'plain' });
  expect(hidden).toMatchObject({ verdict: 'unknown' });
  for (const side of ['source', 'target'] as const)
    await on(side, hidden.unknown.find(({ node }) => node === addressOf(side))!.grant!);
  expect(await runCheck(pair, 'settings.timeouts', { user: 'plain' })).toMatchObject({ verdict: 'pass' });
});

test('settings.effective: what comes of all scopes for a new session of each role', async () => {
  for (const side of ['source', 'target'] as const)
    await on(side, 'CREATE ROLE web LOGIN; CREATE ROLE "b\\atch" LOGIN');
  await on('source', `ALTER ROLE web SET work_mem = '64MB'; ALTER DATABASE app SET work_mem = '8MB'`);
  await on('target', `ALTER ROLE web IN DATABASE app SET work_mem = '65536kB'; ALTER ROLE web SET work_mem = '1MB'`);
  await on('target', `ALTER ROLE ALL SET work_mem = '8MB'; ALTER ROLE "b\\atch" SET work_mem = '9MB'`);
  const found = await runCheck(pair, 'settings.effective');
  expect(found.differences).toEqual([
    {
      what: 'work_mem in a new session of b\\atch',
      source: '8MB (the database)',
      target: '9MB (the role)',
    },
  ]);
  expect(wordsOf(found)).toContain(
    'remark: work_mem of web is 64MB on both sides: source by the role, target by the role in the database',
  );
  // The word of a real session of each role.
  for (const [side, role, value] of [
    ['source', 'web', '64MB'],
    ['target', 'web', '64MB'],
    ['source', 'b\\atch', '8MB'],
    ['target', 'b\\atch', '9MB'],
  ] as const) {
    const { host, port, database } = pair[side].coordinator;
    const client = new Client({ host, port, database, user: role });
    await client.connect();
    expect((await client.query('SHOW work_mem')).rows).toEqual([{ work_mem: value }]);
    await client.end();
  }
  for (const side of ['source', 'target'] as const) {
    await on(side, 'DROP ROLE web; DROP ROLE "b\\atch"; ALTER ROLE ALL RESET work_mem');
    await on(side, 'ALTER DATABASE app RESET work_mem');
  }
  expect(await runCheck(pair, 'settings.effective')).toMatchObject({ verdict: 'pass' });
});

test('what a managed service keeps to itself is a remark, and it is told where the rest is set', async () => {
  await on('target', 'CREATE ROLE rds_superuser');
  await configure('source', { full_page_writes: 'on', checkpoint_timeout: "'10min'" });
  await expect
    .poll(async () => wordsOf(await runCheck(pair, 'settings.durability')))
    .toContain('Amazon RDS or Aurora keeps it to itself');
  expect(await runCheck(pair, 'settings.durability')).toMatchObject({ verdict: 'pass' });
  const wal = await runCheck(pair, 'settings.wal');
  expect(wal).toMatchObject({ verdict: 'fail', remedies: [] });
  expect(wordsOf(wal)).toContain('checkpoint_timeout is set in the configuration of Amazon RDS or Aurora');
  await on('target', 'DROP ROLE rds_superuser');
  await on('source', 'ALTER SYSTEM RESET checkpoint_timeout');
  await on('source', 'ALTER SYSTEM SET full_page_writes = off');
  await on('source', reload);
});

test('what waits for a restart is named until the restart; a lower limit is mended by one', async () => {
  await configure('target', { max_connections: '50', max_replication_slots: '5' });
  await expect.poll(() => whatOf('settings.pending-restart')).toEqual(['settings that wait for a restart']);
  expect(wordsOf(await runCheck(pair, 'settings.pending-restart'))).toContain(
    'target max_connections, max_replication_slots',
  );
  expect(await runCheck(pair, 'settings.memory')).toMatchObject({ verdict: 'pass' });
  await restart('target');
  expect(await runCheck(pair, 'settings.pending-restart')).toMatchObject({ verdict: 'pass' });
  const [memory, wal] = await runChecks(pair, ['settings.memory', 'settings.wal']);
  expect(memory!.differences).toEqual([
    {
      what: 'max_connections',
      source: expect.stringMatching(/^100 /),
      target: '50 (configuration file)',
    },
  ]);
  expect(wal!.differences.map(({ what }) => what)).toEqual(['max_replication_slots']);
  for (const result of [memory!, wal!]) await runRemedy(pair, result);
  await restart('target');
  expect((await runChecks(pair, ['settings.memory', 'settings.wal'])).map(({ verdict }) => verdict)).toEqual([
    'pass',
    'pass',
  ]);
});

test('versions.libraries: one that only the source loads; a role that may not see them', async () => {
  await on('source', `ALTER SYSTEM SET shared_preload_libraries = pg_stat_statements, auto_explain`);
  await restart('source');
  const found = await runCheck(pair, 'versions.libraries');
  expect(found.differences).toEqual([
    { what: 'library auto_explain is not loaded', node: addressOf('target'), target: 'pg_stat_statements' },
  ]);
  await runRemedy(pair, found);
  await restart('target');
  expect((await runCheck(pair, 'versions.libraries')).details).toEqual([]);
  const hidden = await runCheck(pair, 'versions.libraries', { user: 'plain' });
  expect(hidden.unknown.map(({ grant }) => grant)).toEqual(Array(2).fill('GRANT pg_read_all_settings TO "plain"'));
  for (const side of ['source', 'target'] as const) await on(side, hidden.unknown[0]!.grant!);
  expect(await runCheck(pair, 'versions.libraries', { user: 'plain' })).toMatchObject({ verdict: 'pass' });
});

test('versions.libraries: an extension without its library', async () => {
  await on('target', `ALTER SYSTEM SET shared_preload_libraries = 'auto_explain'`);
  await restart('target');
  const found = await runCheck(pair, 'versions.libraries');
  expect(found.differences.map(({ what }) => what)).toEqual([
    'library pg_stat_statements is not loaded, which its extension needs',
  ]);
  await runRemedy(pair, found);
  await restart('target');
  expect((await runCheck(pair, 'versions.libraries')).details).toEqual([]);
});

test('versions.identity: a server is not migrated to itself, and a copy is told', async () => {
  expect(wordsOf(await runCheck(pair, 'versions.identity'))).toContain('is a physical copy of the source');
  const same = await runCheck({ ...pair, target: pair.source }, 'versions.identity');
  expect(same.differences).toEqual([
    { what: 'the same server is on both sides', source: addressOf('source'), target: addressOf('source') },
  ]);
});

test('versions.extensions: in another schema, where no search path looks', async () => {
  await on('source', 'CREATE EXTENSION pg_trgm');
  await on('target', 'CREATE SCHEMA tools');
  await on('target', 'CREATE EXTENSION pg_trgm SCHEMA tools');
  const found = await runCheck(pair, 'versions.extensions');
  expect(found.differences).toEqual([{ what: 'schema of extension pg_trgm', source: 'public', target: 'tools' }]);
  await runRemedy(pair, found);
  expect(await runCheck(pair, 'versions.extensions')).toMatchObject({ verdict: 'pass' });
});

/** From 18 on initdb switches checksums on. */
const [withChecksums, without] = [majors.find(major => major >= 18), majors.find(major => major < 18)];
test.skipIf(!withChecksums || !without)(
  'settings.durability: a target without the checksums of its source',
  async () => {
    const other = await startPlainPair({ source: withChecksums!, target: without! });
    try {
      expect(await runCheck(other, 'settings.durability')).toMatchObject({
        differences: [
          { what: 'data_checksums', source: expect.stringMatching(/^on /), target: expect.stringMatching(/^off /) },
        ],
        // No SQL switches them on.
        remedies: [],
      });
    } finally {
      await other.stop();
    }
  },
);
