import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod/mini';
import { checksToCompare } from '../../src/checks/catalogue';
import { type Check, type CheckQuery, defineCheck } from '../../src/checks/check';
import { type CheckReadingOptions, readCheckAnswers } from '../../src/cluster/read-checks';
import { Session } from '../../src/cluster/session';
import { type Side, sides } from '../../src/shared/side';
import { whyNoCitus } from '../lab/installations';
import { type LabPair, startCitusPair } from '../lab/lab';
import type { LabServer } from '../lab/server';
import { runCheck, runChecks, runRemedy, wordsOf } from './checks-on';
import { limits, profileOf } from './profile-of';

const missing = await whyNoCitus();
if (missing) console.warn(`SKIPPED: checks of the catalogue on Citus. ${missing}`);

const compared = checksToCompare();
const ids = compared.map(({ id }) => id);
const local = 'SET citus.enable_ddl_propagation = off; ';

let pair: LabPair;
beforeAll(async () => {
  if (!missing) pair = await startCitusPair();
});
afterAll(() => pair?.stop());

const addressOf = ({ host, port }: LabServer) => `${host}:${port}`;
const allNodes = (side: Side) => [pair[side].coordinator, ...pair[side].workers];
const onBoth = async (sql: string) => {
  for (const side of sides) await pair[side].coordinator.query(sql);
};

/** Reads a side with a session of its own, and says what was sent. */
async function read(
  side: Side,
  checks: readonly Check[],
  options?: CheckReadingOptions,
): Promise<{ reading: Awaited<ReturnType<typeof readCheckAnswers>>; sent: string[][] }> {
  const session = await Session.open(profileOf(pair[side].coordinator), undefined, limits);
  const sent: string[][] = [];
  const transaction = session.transaction.bind(session);
  session.transaction = async (...given) => {
    const outcome = await transaction(...given);
    sent.push(outcome.sent);
    return outcome;
  };
  try {
    return { reading: await readCheckAnswers(session, checks, options), sent };
  } finally {
    await session.close();
  }
}

describe.skipIf(missing)('on Citus 11.1 and 13.2', () => {
  test('two fresh clusters pass every check, with every node asked', async () => {
    const results = await runChecks(pair, ids);
    expect(
      results.map(({ id, verdict, details }) => [id, verdict, details.filter(line => !line.startsWith('remark:'))]),
    ).toEqual(ids.map(id => [id, 'pass', []]));
    expect(results.find(({ id }) => id === 'statements.ready')!.summary).toBe('statements are counted on all 6 nodes');
  });

  test('as many round trips with 256 shards as with one', async () => {
    const few = await read('target', compared);
    await onBoth('CREATE TABLE wide (id bigserial PRIMARY KEY, note text)');
    await onBoth(`SELECT create_distributed_table('wide', 'id', shard_count := 256)`);
    await onBoth(`INSERT INTO wide (note) SELECT 'x' FROM generate_series(1, 2000)`);
    await onBoth('ANALYZE wide');
    const many = await read('target', compared);
    expect(few.sent).toHaveLength(2);
    expect(many.sent).toEqual(few.sent);
    expect(many.reading.nodes.map(({ problem }) => problem)).toEqual([undefined, undefined, undefined]);
    const [counts] = await runChecks(pair, ['tables.row-counts']);
    expect(counts).toMatchObject({ verdict: 'pass', summary: expect.stringMatching(/^1 tables/) });
  });

  test.each(sides)('a worker whose role setting disagrees with its coordinator: %s', async side => {
    const [first] = pair[side].workers;
    await onBoth('CREATE ROLE app LOGIN');
    await onBoth('ALTER ROLE app SET enable_nestloop = on');
    expect(await runCheck(pair, 'settings.roles')).toMatchObject({ verdict: 'pass' });
    await first!.query(`${local}ALTER ROLE app SET enable_nestloop = off`);
    const found = await runCheck(pair, 'settings.roles');
    expect(found.differences).toEqual([
      {
        what: 'enable_nestloop of role app other than on the coordinator (on)',
        node: addressOf(first!),
        [side]: 'off',
      },
    ]);
    const [effective] = await runChecks(pair, ['settings.planner'], { user: 'app' });
    expect(wordsOf(effective!)).toContain(
      `enable_nestloop other than the coordinator's on (role setting) on ${addressOf(first!)}`,
    );
    await runRemedy(pair, found);
    expect(await runCheck(pair, 'settings.roles')).toMatchObject({ verdict: 'pass' });
    await onBoth('DROP ROLE app');
  });

  test('enable_nestloop = off on both sides bites where JIT compiles alone', async () => {
    await onBoth('CREATE ROLE story LOGIN');
    await onBoth('ALTER ROLE story SET enable_nestloop = off');
    await pair.source.coordinator.query('ALTER ROLE postgres SET jit = off');
    await pair.target.coordinator.query('ALTER ROLE postgres SET jit = on');
    const found = await runCheck(pair, 'settings.roles');
    expect(found.differences.map(({ what }) => what)).toEqual([
      'jit of role postgres',
      expect.stringMatching(/^enable_nestloop of role story = off where JIT compiles: .*costs 1e10/),
    ]);
    await onBoth('ALTER ROLE postgres RESET jit');
    await onBoth('DROP ROLE story');
  });

  test('a database setting that did not reach a worker of 11.1', async () => {
    await onBoth('ALTER DATABASE app SET random_page_cost = 1.1');
    const found = await runCheck(pair, 'settings.roles');
    expect(found.differences.map(({ node }) => node)).toEqual(pair.source.workers.map(addressOf));
    await runRemedy(pair, found);
    expect(await runCheck(pair, 'settings.roles')).toMatchObject({ verdict: 'pass' });
    for (const side of sides)
      for (const node of allNodes(side)) await node.query(`${local}ALTER DATABASE app RESET random_page_cost`);
  });

  test('planner settings of a worker', async () => {
    const [first] = pair.target.workers;
    await first!.query('ALTER SYSTEM SET jit_above_cost = 500');
    await first!.query('SELECT pg_reload_conf()');
    await expect
      .poll(async () => (await runCheck(pair, 'settings.planner')).differences)
      .toEqual([
        {
          what: "jit_above_cost other than the coordinator's 100000 (built-in)",
          node: addressOf(first!),
          target: '500 (configuration file)',
        },
      ]);
    await first!.query('ALTER SYSTEM RESET jit_above_cost');
    await first!.query('SELECT pg_reload_conf()');
  });

  test('JIT that one node cannot load', async () => {
    const [first] = pair.target.workers;
    await first!.query(`ALTER SYSTEM SET jit_provider = 'not_installed'`);
    await first!.stop();
    await first!.start();
    const found = await runCheck(pair, 'jit.available');
    expect(found).toMatchObject({
      verdict: 'fail',
      differences: [{ node: addressOf(first!), target: 'not available (not_installed), jit = on' }],
    });
    await first!.query('ALTER SYSTEM RESET jit_provider');
    await first!.stop();
    await first!.start();
    expect(await runCheck(pair, 'jit.available')).toMatchObject({ verdict: 'pass' });
  });

  test('JIT that only the target has, until its remedy switches it off', async () => {
    const restart = async () => {
      await Promise.all(allNodes('source').map(node => node.stop()));
      await Promise.all(allNodes('source').map(node => node.start()));
    };
    for (const node of allNodes('source')) await node.query(`ALTER SYSTEM SET jit_provider = 'not_installed'`);
    await restart();
    const found = await runCheck(pair, 'jit.available');
    expect(found.differences).toEqual([
      { what: 'JIT', source: 'not available (not_installed), jit = on', target: 'available (llvmjit), jit = on' },
    ]);
    expect(found.remedies[0]!.nodes).toEqual(allNodes('target').map(addressOf));
    await runRemedy(pair, found);
    await expect.poll(async () => (await runCheck(pair, 'jit.available')).verdict).toBe('pass');
    for (const node of allNodes('source')) await node.query('ALTER SYSTEM RESET jit_provider');
    for (const node of allNodes('target')) {
      await node.query('ALTER SYSTEM RESET jit');
      await node.query('SELECT pg_reload_conf()');
    }
    await restart();
  });

  test('an extension of another version than its library, on one worker', async () => {
    const [first] = pair.target.workers;
    const [{ version }] = (await first!.query(
      `SELECT extversion AS version FROM pg_extension WHERE extname = 'citus'`,
    )) as [{ version: string }];
    await first!.query(`UPDATE pg_extension SET extversion = '13.1-1' WHERE extname = 'citus'`);
    const found = await runCheck(pair, 'versions.citus');
    await first!.query(`UPDATE pg_extension SET extversion = '${version}' WHERE extname = 'citus'`);
    expect(found.differences).toEqual([
      {
        what: 'extension of another version than its library',
        node: addressOf(first!),
        target: expect.stringMatching(/^13\.\d+\.\d+ \(extension 13\.1-1\)$/),
      },
    ]);
    expect(found.remedy).toContain('ALTER EXTENSION citus UPDATE;');
    expect(await runCheck(pair, 'versions.citus')).toMatchObject({ verdict: 'pass' });
  });

  test('a sequence behind the column of a distributed table, and shards never analysed', async () => {
    await onBoth('CREATE TABLE orders (tenant int, id bigserial, n int, PRIMARY KEY (id, tenant))');
    await onBoth(`SELECT create_distributed_table('orders', 'tenant')`);
    await onBoth('INSERT INTO orders SELECT g, g, g FROM generate_series(1, 1000) g');
    await pair.source.coordinator.query('ANALYZE orders');
    const [sequences, analyzed] = await runChecks(pair, ['sequences.behind', 'statistics.never-analyzed']);
    expect(sequences!.differences).toEqual([
      { what: 'public.orders_id_seq behind public.orders.id', target: 'sequence at 0, column at 1000' },
    ]);
    expect(analyzed!.differences).toEqual([
      { what: 'public.orders never analysed', target: expect.stringMatching(/^8 of 8 shards with rows, on \S+, \S+$/) },
    ]);
    await runRemedy(pair, sequences!);
    await runRemedy(pair, analyzed!);
    const again = await runChecks(pair, ['sequences.behind', 'statistics.never-analyzed']);
    expect(again.map(({ verdict }) => verdict)).toEqual(['pass', 'pass']);
  });

  test('rows that only some shards lost', async () => {
    await pair.target.coordinator.query('DELETE FROM orders WHERE tenant <= 200');
    await pair.target.coordinator.query('VACUUM ANALYZE orders');
    expect((await runCheck(pair, 'tables.row-counts')).differences).toEqual([
      { what: 'public.orders', source: 'about 1,000 rows', target: 'about 800 rows, 20 % fewer' },
    ]);
    await pair.target.coordinator.query('INSERT INTO orders SELECT g, g, g FROM generate_series(1, 200) g');
    await pair.target.coordinator.query('ANALYZE orders');
    expect(await runCheck(pair, 'tables.row-counts')).toMatchObject({ verdict: 'pass' });
  });

  test('a distributed table without a primary key', async () => {
    await onBoth('CREATE TABLE clicks (tenant int, url text)');
    await onBoth(`SELECT create_distributed_table('clicks', 'tenant')`);
    const found = await runCheck(pair, 'replication.identity');
    expect(found.differences).toEqual([{ what: 'public.clicks without replica identity', source: 'no primary key' }]);
    await runRemedy(pair, found);
    expect(await runCheck(pair, 'replication.identity')).toMatchObject({ verdict: 'pass' });
    const moves = await runCheck(pair, 'topology.moves');
    expect(moves.differences[0]).toMatchObject({ what: 'public.clicks without replica identity' });
    await runRemedy(pair, moves);
    await expect.poll(async () => (await runCheck(pair, 'topology.moves')).verdict).toBe('pass');
  });

  test('a role with few privileges gets grants, not errors', async () => {
    await onBoth('CREATE ROLE monitor LOGIN');
    const results = await runChecks(pair, ids, { user: 'monitor' });
    expect(results.filter(({ verdict }) => verdict === 'error' || verdict === 'fail')).toEqual([]);
    const grants = new Set(results.flatMap(({ unknown }) => unknown.map(({ grant }) => grant)));
    expect(grants).toEqual(
      new Set([
        'GRANT SELECT ON SEQUENCE "public"."wide_id_seq" TO "monitor"',
        'GRANT SELECT ON SEQUENCE "public"."orders_id_seq" TO "monitor"',
        'GRANT pg_monitor TO "monitor"',
        'GRANT pg_read_all_stats TO "monitor"',
        'GRANT pg_read_all_settings TO "monitor"',
        'GRANT EXECUTE ON FUNCTION pg_catalog.pg_hba_file_rules() TO "monitor"',
        'GRANT EXECUTE ON FUNCTION pg_catalog.pg_show_all_file_settings() TO "monitor"',
        'GRANT SELECT (nodeid, rolename) ON pg_catalog.pg_dist_authinfo TO "monitor"',
        undefined,
      ]),
    );
    // Who has a password, and of which kind, no grant shows; the one that would show a machine shows any file.
    const hasNoGrant = ({ unknown }: (typeof results)[number]) => unknown.some(({ grant }) => grant === undefined);
    expect(results.filter(hasNoGrant).map(({ id }) => id)).toEqual(['roles.passwords', 'operations.machine']);
  });

  test('a worker that is down is named by every check that asks it, and the others are judged', async () => {
    const [first, second] = pair.target.workers;
    await first!.stop();
    try {
      const results = await runChecks(pair, ids);
      const verdicts = Object.fromEntries(results.map(({ id, verdict }) => [id, verdict]));
      expect(verdicts).toMatchObject({ 'settings.roles': 'unknown', 'replication.identity': 'pass' });
      for (const { id, verdict, unknown } of results) {
        if (verdict === 'pass') continue;
        expect([id, unknown.map(({ node }) => node)]).toEqual([id, expect.arrayContaining([addressOf(first!)])]);
        expect(unknown.map(({ node }) => node)).not.toContain(addressOf(second!));
      }
    } finally {
      await first!.start();
    }
  });

  test('a worker that is deactivated', async () => {
    const [first] = pair.source.workers;
    // citus_disable_node refuses a node that holds the only placement of a shard.
    const activate = (isActive: boolean) =>
      pair.source.coordinator.query(`UPDATE pg_dist_node SET isactive = ${isActive} WHERE nodeport = ${first!.port}`);
    await activate(false);
    const result = await runCheck(pair, 'settings.roles');
    await activate(true);
    expect(result).toMatchObject({
      verdict: 'unknown',
      unknown: [{ node: addressOf(first!), what: expect.stringContaining('inactive in pg_dist_node') }],
    });
  });

  const query = (name: string, sql: string): CheckQuery<unknown> => ({
    name,
    nodes: 'every',
    sql: ({ role }) => (role === 'worker' ? sql : `SELECT '1'::json`),
    answer: z.unknown(),
  });
  const made = (asked: CheckQuery<unknown>): Check =>
    defineCheck({
      ...compared[0]!,
      id: `made.${asked.name}`,
      queries: { asked },
      judge: () => ({ verdict: 'pass', summary: '', details: [], differences: [], unknown: [], remedies: [] }),
    });

  /** By what it waits for: pg_stat_activity cuts the text before the function is named. */
  const sleepers = () =>
    Promise.all(
      pair.target.workers.map(worker => worker.query(`SELECT pid FROM pg_stat_activity WHERE wait_event = 'PgSleep'`)),
    ).then(found => found.flat().length);

  test('a query that fails on one worker is its answer there, and holds up no other', async () => {
    const [first, second] = pair.target.workers;
    const failing = query('failing', `SELECT to_json(1 / (current_setting('port')::int - ${first!.port}))`);
    const quoted = query("o'dd", `SELECT to_json('it''s "<b>"' || E' \\\\ é'::text)`);
    const { reading, sent } = await read('target', [...compared, made(failing), made(quoted)]);
    const of = (server: LabServer) => reading.nodes.find(({ node }) => node === addressOf(server))!.answers;
    expect(of(first!).get('failing')).toMatchObject({
      problem: { kind: 'failed', message: expect.stringContaining('division by zero') },
    });
    for (const worker of [first!, second!])
      expect(of(worker).get("o'dd")).toEqual({ text: JSON.stringify('it\'s "<b>" \\ é') });
    expect(of(second!).get('failing')).toHaveProperty('text');
    expect([...of(first!)].filter(([name, answer]) => name !== 'failing' && 'problem' in answer)).toEqual([]);
    expect(of(first!).size).toBe(of(second!).size);
    // Coordinator, all workers, which of them are still there, query by query.
    expect(sent).toHaveLength(4);
  });

  test('a query that hangs on a worker is given up, there too, and the others are answered', async () => {
    const began = performance.now();
    const { reading } = await read(
      'target',
      [...compared, made(query('hanging', `SELECT to_json(pg_sleep(60)::text)`))],
      {
        timeoutMs: 2_000,
      },
    );
    expect(performance.now() - began).toBeLessThan(10_000);
    const worker = reading.nodes.find(({ role }) => role === 'worker')!;
    expect(worker.answers.get('hanging')).toMatchObject({ problem: { message: 'There was no answer within 2 s.' } });
    expect([...worker.answers].filter(([, answer]) => 'problem' in answer)).toHaveLength(1);
    await expect.poll(sleepers).toBe(0);
  });

  test('cancelling ends what hangs on a worker, and says that it was cancelled', async () => {
    const abort = new AbortController();
    const reading = read('target', [made(query('cancelled', `SELECT to_json(pg_sleep(61)::text)`))], {
      signal: abort.signal,
    });
    await expect.poll(sleepers, { timeout: 10_000 }).toBe(2);
    abort.abort();
    await expect(reading).rejects.toMatchObject({ reason: 'cancelled' });
    await expect.poll(sleepers).toBe(0);
  });

  test('no query gets a transaction id, on any node', async () => {
    const nextIds = () =>
      Promise.all(
        sides.flatMap(allNodes).map(node => node.query('SELECT pg_snapshot_xmax(pg_current_snapshot()) AS next')),
      );
    for (const side of sides) await read(side, compared);
    const before = await nextIds();
    for (const side of sides) await read(side, compared);
    expect(await nextIds()).toEqual(before);
  });
});
