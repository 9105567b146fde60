import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Side, sides } from '../../src/shared/side';
import { whyNoCitus } from '../lab/installations';
import { type LabPair, startCitusPair } from '../lab/lab';
import type { LabServer } from '../lab/server';
import { runCheck, runRemedy } from './checks-on';
import { runScript } from './duplicate-key-on';

const missing = await whyNoCitus();
if (missing) console.warn(`SKIPPED: tenants, nodes without shards and indexes of shards, on Citus. ${missing}`);

let pair: LabPair;
const on = (side: Side, sql: string) => pair[side].coordinator.query(sql);
const onBoth = async (...statements: string[]) => {
  for (const side of sides) for (const sql of statements) await on(side, sql);
};
const addressOf = ({ host, port }: LabServer) => `${host}:${port}`;
const hostile = String.raw`O'Brien "co" \x`;

/** From 14.24, 15.19, 16.15, 17.11 and 18.6 on. */
async function mayRefusePlugins(server: LabServer): Promise<boolean> {
  const rows = await server.query(`SELECT FROM pg_settings WHERE name = 'output_plugin_libraries'`);
  return rows.length > 0;
}

describe.skipIf(missing)('on Citus 11.1 and 13.2', () => {
  beforeAll(async () => {
    pair = await startCitusPair();
    await onBoth(
      'CREATE TABLE "Ev" (tenant text, id bigint, note text, PRIMARY KEY (tenant, id))',
      'CREATE TABLE lines (tenant text, id bigint, n int, PRIMARY KEY (tenant, id))',
      `SELECT create_distributed_table('"Ev"', 'tenant', shard_count := 8)`,
      `SELECT create_distributed_table('lines', 'tenant', colocate_with := '"Ev"')`,
      `INSERT INTO "Ev" SELECT 't' || g, g FROM generate_series(1, 30000) AS g`,
      `INSERT INTO lines SELECT 't' || g, g FROM generate_series(1, 30000) AS g`,
      'ANALYZE "Ev", lines',
    );
  });
  afterAll(() => pair?.stop());

  // The target runs 13.2, and 11.1 when the sides are swapped.
  test.each(sides)('a big tenant that shares its shard, until it has its own: %s', async side => {
    const turned = side === 'target' ? pair : { ...pair, source: pair.target, target: pair.source };
    const check = () => runCheck(turned, 'topology.tenants');
    expect((await check()).verdict).toBe('pass');
    await turned.target.coordinator.query('INSERT INTO "Ev" SELECT $1, g FROM generate_series(1, 30000) AS g', [
      hostile,
    ]);
    await turned.target.coordinator.query('INSERT INTO lines SELECT $1, g FROM generate_series(1, 15000) AS g', [
      hostile,
    ]);
    await turned.target.coordinator.query('ANALYZE "Ev", lines');
    const found = await check();
    expect(found.differences).toEqual([
      {
        what: `tenant ${hostile} of public.Ev`,
        target: expect.stringMatching(
          /^about (29|30),\d{3} rows, (49|50) % of all, in a shard with [34],\d{3} rows of others$/,
        ),
      },
    ]);
    expect(found.remedies).toHaveLength(1);
    const splits = await runCheck(turned, 'topology.moves');
    if (await mayRefusePlugins(turned.target.workers[0]!)) {
      await expect(runRemedy(turned, found)).rejects.toThrow('may not be used as an output plugin');
      expect(splits.differences).toEqual(
        turned.target.workers.map(worker => ({
          what: 'output plugin of splits is not allowed',
          node: addressOf(worker),
          target: 'output_plugin_libraries = pgoutput, test_decoding',
        })),
      );
      await runRemedy(turned, splits);
    } else expect(splits).toMatchObject({ verdict: 'pass' });
    await expect.poll(async () => (await runCheck(turned, 'topology.moves')).verdict).toBe('pass');
    await runRemedy(turned, found);
    await turned.target.coordinator.query('ANALYZE "Ev", lines');
    expect(await check()).toMatchObject({ verdict: 'pass' });
    expect((await turned.target.coordinator.query('SELECT count(*)::int AS n FROM "Ev"'))[0]).toEqual({ n: 60_000 });
  });

  test('a role that may not see the statistics of a table learns the grant', async () => {
    await onBoth('CREATE ROLE nobody LOGIN');
    const seen = () => runCheck(pair, 'topology.tenants', { user: 'nobody' });
    const { unknown } = await seen();
    expect(new Set(unknown.map(({ grant }) => grant))).toEqual(
      new Set(['GRANT SELECT ON "public"."Ev" TO "nobody"', 'GRANT SELECT ON "public"."lines" TO "nobody"']),
    );
    for (const { grant } of unknown) await onBoth(grant!);
    expect(await seen()).toMatchObject({ verdict: 'pass' });
  });

  test('the busiest tenants, where Citus counts them', async () => {
    for (const node of [pair.target.coordinator, ...pair.target.workers]) {
      await node.query(`ALTER SYSTEM SET citus.stat_tenants_track = 'all'`);
      await node.query('SELECT pg_reload_conf()');
    }
    const remarks = async () =>
      (await runCheck(pair, 'topology.tenants')).details.filter(line => line.includes('busiest'));
    await expect
      .poll(async () => {
        await pair.target.coordinator.query('SELECT count(*) FROM "Ev" WHERE tenant = $1', [hostile]);
        return remarks();
      })
      .toEqual([
        expect.stringMatching(/^remark: target: busiest on [\d.:]+ of late: O'Brien "co" \\x \(\d+ queries\)/),
      ]);
  });

  test.each(sides)('an index of shards that kept its size: %s', async side => {
    const turned = side === 'target' ? pair : { ...pair, source: pair.target, target: pair.source };
    await onBoth(
      'CREATE TABLE codes (id int, code text)',
      `SELECT create_distributed_table('codes', 'id', shard_count := 4, colocate_with := 'none')`,
      `CREATE INDEX "by'code" ON codes (code)`,
      `INSERT INTO codes SELECT g, md5(g::text) FROM generate_series(1, 300000) AS g`,
      'DELETE FROM codes WHERE id % 10 <> 0',
      'VACUUM (ANALYZE) codes',
    );
    await runScript(turned.source.coordinator, `REINDEX INDEX CONCURRENTLY "by'code"`);
    const found = await runCheck(turned, 'tables.index-sizes');
    expect(found.differences).toEqual([
      {
        what: expect.stringMatching(/^index by'code of public\.codes takes \d+(\.\d)?× the room for each row$/),
        source: expect.stringContaining('about 30,000 rows'),
        target: expect.stringContaining('about 30,000 rows'),
      },
    ]);
    await runRemedy(turned, found);
    expect(await runCheck(turned, 'tables.index-sizes')).toMatchObject({ verdict: 'pass' });
    await onBoth('DROP TABLE codes');
  });

  test.each(sides)('a worker that was emptied and has nothing since, until it is rebalanced: %s', async side => {
    const [first] = pair[side].workers;
    const property = (value: boolean) =>
      on(side, `SELECT citus_set_node_property('${first!.host}', ${first!.port}, 'shouldhaveshards', ${value})`);
    await onBoth('DROP TABLE IF EXISTS "Ev", lines');
    await onBoth('CREATE TABLE one (id int PRIMARY KEY)', 'CREATE TABLE few (id int PRIMARY KEY)');
    await onBoth(`SELECT create_reference_table('one')`);
    await property(false);
    await onBoth(`SELECT create_distributed_table('few', 'id', shard_count := 4)`);
    await property(true);
    const found = await runCheck(pair, 'topology.nodes');
    expect(found.differences).toEqual([
      {
        what: 'a node that takes shards and has none',
        node: addressOf(first!),
        [side]: '0 shards, while the others have 4 on average',
      },
    ]);
    await runRemedy(pair, found);
    await on(side, 'SELECT citus_rebalance_wait()');
    expect(await runCheck(pair, 'topology.nodes')).toMatchObject({ verdict: 'pass' });
    await onBoth('DROP TABLE one, few');
  });
});
