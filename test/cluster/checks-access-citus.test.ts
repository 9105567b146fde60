import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { catalogue } from '../../src/checks/catalogue';
import { sides } from '../../src/shared/side';
import { whyNoCitus } from '../lab/installations';
import { type LabPair, startCitusPair } from '../lab/lab';
import type { LabServer } from '../lab/server';
import { runCheck, runChecks, runRemedy } from './checks-on';

const missing = await whyNoCitus();
if (missing) console.warn(`SKIPPED: checks of settings and roles on Citus. ${missing}`);

const local = 'SET citus.enable_ddl_propagation = off; ';
const addressOf = ({ host, port }: LabServer) => `${host}:${port}`;
const ids = catalogue.map(({ id }) => id).filter(id => /^(?:roles|settings|versions)\./.test(id));

let pair: LabPair;
let worker: LabServer;
beforeAll(async () => {
  if (missing) return;
  pair = await startCitusPair();
  worker = pair.target.workers[0]!;
  await onBoth('CREATE ROLE app LOGIN; CREATE ROLE readers');
  await onBoth('GRANT readers TO app');
  await onBoth('CREATE TABLE orders (id bigint PRIMARY KEY, tenant text)');
  await onBoth(`SELECT create_distributed_table('orders', 'id')`);
  await onBoth('ALTER TABLE orders OWNER TO app');
  await onBoth('GRANT SELECT ON orders TO readers');
  await onBoth('CREATE FUNCTION twice(n bigint) RETURNS bigint LANGUAGE sql AS $$SELECT 2 * n$$ SET jit = off');
});
afterAll(() => pair?.stop());

const onBoth = async (sql: string) => {
  for (const side of sides) await pair[side].coordinator.query(sql);
};

describe.skipIf(missing)('on Citus 11.1 and 13.2', () => {
  test('the same roles, grants on distributed tables, settings and builds pass', async () => {
    const results = await runChecks(pair, ids);
    expect(
      results.map(({ id, verdict, details }) => [id, verdict, details.filter(line => !line.startsWith('remark:'))]),
    ).toEqual(ids.map(id => [id, 'pass', []]));
  });

  test('roles.attributes: a role that a worker lacks, and one that it has otherwise', async () => {
    await worker.query(`${local}ALTER ROLE app CONNECTION LIMIT 3 NOLOGIN`);
    await worker.query(`${local}CREATE ROLE stray`);
    const found = await runCheck(pair, 'roles.attributes');
    expect(found.differences).toEqual([
      {
        what: 'role app other than on the coordinator (LOGIN)',
        node: addressOf(worker),
        target: 'NOLOGIN CONNECTION LIMIT 3',
      },
      {
        what: 'role stray other than on the coordinator (no such role)',
        node: addressOf(worker),
        target: 'NOLOGIN',
      },
    ]);
    await runRemedy(pair, found);
    await worker.query(`${local}DROP ROLE stray`);
    expect(await runCheck(pair, 'roles.attributes')).toMatchObject({ verdict: 'pass' });
  });

  test('roles.attributes: what the coordinator of the target gets reaches its workers', async () => {
    await pair.source.coordinator.query('CREATE ROLE late LOGIN');
    const found = await runCheck(pair, 'roles.attributes');
    expect(found.remedies.map(({ nodes }) => nodes)).toEqual([[addressOf(pair.target.coordinator)]]);
    await runRemedy(pair, found);
    expect(await runCheck(pair, 'roles.attributes')).toMatchObject({ verdict: 'pass' });
  });

  test('roles.membership: one that did not reach a worker', async () => {
    await worker.query(`${local}REVOKE readers FROM app`);
    const found = await runCheck(pair, 'roles.membership');
    expect(found.differences).toEqual([
      {
        what: 'member app of role readers other than on the coordinator (without ADMIN)',
        node: addressOf(worker),
        target: 'no member',
      },
    ]);
    await runRemedy(pair, found);
    expect(await runCheck(pair, 'roles.membership')).toMatchObject({ verdict: 'pass' });
  });

  test('settings.citus, settings.session and settings.functions: a worker of its own mind', async () => {
    await worker.query('ALTER SYSTEM SET citus.max_adaptive_executor_pool_size = 3');
    await worker.query(`ALTER SYSTEM SET timezone = 'Asia/Tokyo'`);
    await worker.query('SELECT pg_reload_conf()');
    const fault = await worker.query(`SELECT 1 FROM pg_proc WHERE proname = 'twice'`);
    expect(fault).toHaveLength(1);
    await worker.query(`${local}ALTER FUNCTION twice SET jit = on`);
    const watched = ['settings.citus', 'settings.session', 'settings.functions'];
    const found = () => runChecks(pair, watched);
    await expect
      .poll(async () => (await found()).map(({ differences }) => differences.map(({ what, node }) => [what, node])))
      .toEqual([
        [["citus.max_adaptive_executor_pool_size other than the coordinator's 16 (built-in)", addressOf(worker)]],
        [["TimeZone other than the coordinator's UTC (configuration file)", addressOf(worker)]],
        [['jit of public.twice(n bigint) other than on the coordinator (off)', addressOf(worker)]],
      ]);
    for (const result of await found()) await runRemedy(pair, result);
    await expect.poll(async () => (await found()).map(({ verdict }) => verdict)).toEqual(watched.map(() => 'pass'));
  });

  test('settings.citus: one that no list of settings shows', async () => {
    await pair.target.coordinator.query('ALTER ROLE postgres SET citus.sort_returning = on');
    expect((await runCheck(pair, 'settings.citus')).differences).toEqual([
      { what: 'citus.sort_returning', source: 'off', target: 'on' },
    ]);
    await pair.target.coordinator.query('ALTER ROLE postgres RESET citus.sort_returning');
    expect(await runCheck(pair, 'settings.citus')).toMatchObject({ verdict: 'pass' });
  });

  test('roles.authinfo: a login that only the source has, and no word of its password', async () => {
    const entry = `INSERT INTO pg_dist_authinfo VALUES (0, 'app', 'password=hunter2')`;
    await pair.source.coordinator.query(entry).catch(() => undefined);
    const [row] = await pair.source.coordinator.query<{ n: string }>('SELECT count(*) AS n FROM pg_dist_authinfo');
    expect(row!.n).toBe('1');
    const found = await runCheck(pair, 'roles.authinfo');
    expect(found.differences).toMatchObject([
      ...pair.source.workers.map(each => ({ node: addressOf(each), source: 'none' })),
      { what: 'login of app between nodes', source: 'has one', target: 'none' },
    ]);
    expect(JSON.stringify(found)).not.toContain('hunter2');
    await pair.source.coordinator.query('DELETE FROM pg_dist_authinfo');
    expect(await runCheck(pair, 'roles.authinfo')).toMatchObject({ verdict: 'pass' });
    const hidden = await runCheck(pair, 'roles.authinfo', { user: 'app' });
    expect(hidden).toMatchObject({ verdict: 'unknown' });
    for (const grant of new Set(hidden.unknown.map(gap => gap.grant!)))
      for (const side of sides)
        for (const node of [pair[side].coordinator, ...pair[side].workers]) await node.query(`${local}${grant}`);
    expect(await runCheck(pair, 'roles.authinfo', { user: 'app' })).toMatchObject({ verdict: 'pass' });
  });
});
