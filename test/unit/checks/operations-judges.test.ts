import { describe, expect, test } from 'vitest';
import { findCheck } from '../../../src/checks/catalogue';
import { judge, sideOf } from './readings';

describe('operations.archiving', () => {
  const check = findCheck('operations.archiving');
  const side = (changes: object) =>
    sideOf({
      answers: {
        archivingStates: {
          mode: 'on',
          target: true,
          archived: 9,
          failed: 3,
          lastFailed: null,
          lastArchivedAge: 60,
          lastFailedAge: null,
          service: null,
          ...changes,
        },
      },
    });

  test.each([
    ['recovered since', { lastFailedAge: 61, lastFailed: '0001' }, 'pass'],
    ['fails now', { lastFailedAge: 59, lastFailed: '0001' }, 'fail'],
    ['no command', { target: false }, 'fail'],
    ['hidden command', { target: null }, 'pass'],
    ['off', { mode: 'off' }, 'fail'],
    ['off, as a service says', { mode: 'off', service: 'rds_superuser' }, 'pass'],
  ])('%s', (_, changes, verdict) => {
    expect(judge(check, side({}), side(changes)).verdict).toBe(verdict);
  });
});

describe('operations.standbys', () => {
  const check = findCheck('operations.standbys');
  const node = (changes: object) => ({
    answers: { standbyStates: { standbys: [], wanted: '', commit: 'on', service: null, seesAll: true, ...changes } },
  });
  const standby = { name: 'a', state: 'streaming', sync: 'async' };

  test('workers are compared with workers, and a service keeps its own', () => {
    const source = sideOf(node({}), node({ standbys: [standby] }));
    expect(judge(check, source, sideOf(node({}), node({}))).differences).toEqual([
      { what: 'standbys', node: 'node1:5432', source: '1', target: '0' },
    ]);
    expect(judge(check, source, sideOf(node({}), node({ service: 'azuresu' }))).verdict).toBe('pass');
  });

  test('a synchronous standby that is there, or that nobody waits for', () => {
    const pass = sideOf(node({}));
    const wanted = { wanted: 'a' };
    expect(judge(check, pass, sideOf(node(wanted))).verdict).toBe('fail');
    expect(judge(check, pass, sideOf(node({ ...wanted, commit: 'local' }))).verdict).toBe('pass');
    expect(judge(check, pass, sideOf(node({ ...wanted, standbys: [{ ...standby, sync: 'quorum' }] }))).verdict).toBe(
      'pass',
    );
    const hidden = { ...wanted, seesAll: false, standbys: [{ ...standby, state: null, sync: null }] };
    expect(judge(check, pass, sideOf(node(hidden)))).toMatchObject({
      verdict: 'unknown',
      unknown: [{ grant: 'GRANT pg_read_all_stats TO "app"' }],
    });
  });
});

test('operations.prepared-transactions: a hostile name stays in its quotes and comments, and Citus recovers its own', () => {
  const check = findCheck('operations.prepared-transactions');
  const prepared = (gid: string, database = 'app') => ({ gid, owner: 'o', database, seconds: 500 });
  const side = (...all: object[]) =>
    sideOf({ answers: { preparedTransactions: { database: 'app', prepared: all, more: 0 } } });
  const { remedies, remedy, differences } = judge(
    check,
    side(),
    side(prepared(`x'\nDROP TABLE t; --`), prepared('citus_0_1_2_3'), prepared('y', 'other')),
  );
  expect(differences).toHaveLength(3);
  expect(remedies.map(({ sql }) => sql)).toEqual([
    `ROLLBACK PREPARED 'x''\nDROP TABLE t; --';`,
    'SELECT recover_prepared_transactions();',
  ]);
  expect(remedy).toContain('-- DROP TABLE t;');
});

describe('operations.connections', () => {
  const check = findCheck('operations.connections');
  const node = (changes: object) => ({
    answers: { connectionLimits: { max: 100, reserved: 3, used: 10, idle: 5, pool: 0, citus: true, ...changes } },
  });
  const source = sideOf(node({}), node({}));

  test.each([
    ['a pool as large as max_connections', { pool: 0 }, {}, 'pass'],
    ['without limit', { pool: -1 }, {}, 'fail'],
    ['larger than the worker', { pool: 101 }, {}, 'fail'],
    ['hidden', { pool: null }, {}, 'unknown'],
    ['a crowded worker', {}, { used: 80 }, 'fail'],
    ['fewer than the source', { max: 99 }, {}, 'fail'],
  ])('%s', (_, coordinator, worker, verdict) => {
    expect(judge(check, source, sideOf(node(coordinator), node(worker))).verdict).toBe(verdict);
  });
});

test('operations.writes: a source that is set read-only must have no writer; a load is none', () => {
  const check = findCheck('operations.writes');
  const writer = { user: 'shop', application: '', sessions: 2 };
  const side = (changes: object) =>
    sideOf({
      answers: { writers: { database: 'app', writers: [], loaders: [], readOnly: false, seesAll: true, ...changes } },
    });
  expect(judge(check, side({ writers: [writer] }), side({ loaders: ['pg_restore'] }))).toMatchObject({
    verdict: 'pass',
    summary: 'clients write to the source only',
  });
  expect(judge(check, side({ writers: [writer], readOnly: true }), side({}))).toMatchObject({
    differences: [{ source: '2 sessions of shop (unnamed) on node0:5432' }],
    remedies: [],
  });
});

describe('operations.certificate', () => {
  const check = findCheck('operations.certificate');
  const day = 86_400;
  const until = (seconds: number) => ({
    ...sideOf({ answers: { coordinatorClock: { epochSeconds: 1_800_000_000 } } }),
    certificate: { validTo: new Date((1_800_000_000 + seconds) * 1000).toISOString() },
  });
  const good = until(400 * day);

  test.each([
    ['thirty days', 30 * day, []],
    ['a second less', 30 * day - 1, ['certificate ends soon']],
    ['ended a second ago', -1, ['certificate has expired']],
  ])('%s', (_, seconds, wanted) => {
    for (const [source, target] of [
      [until(seconds), good],
      [good, until(seconds)],
    ] as const)
      expect(judge(check, source, target).differences.map(({ what }) => what)).toEqual(wanted);
  });
});
