import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Side, sides } from '../../src/shared/side';
import { whyNoCitus } from '../lab/installations';
import { type LabPair, startCitusPair } from '../lab/lab';
import { slowDownNetwork } from '../lab/scenarios/faults/slow-network';
import type { LabServer } from '../lab/server';
import { runCheck, runChecks, wordsOf } from './checks-on';

const missing = await whyNoCitus();
if (missing) console.warn(`SKIPPED: probes on Citus. ${missing}`);

let pair: LabPair;
const on = (side: Side, sql: string) => pair[side].coordinator.query(sql);
const addressOf = ({ host, port }: LabServer) => `${host}:${port}`;
const nodesOf = (side: Side) => [pair[side].coordinator, ...pair[side].workers].map(addressOf);

beforeAll(async () => {
  if (missing) return;
  pair = await startCitusPair();
  for (const side of sides) {
    // Its own rows stay in the coordinator's table, hidden.
    await on(
      side,
      `CREATE TABLE events AS SELECT n AS id, repeat('x', 900) AS filler FROM generate_series(1, 40000) AS n`,
    );
    await on(side, 'VACUUM ANALYZE events');
    await on(side, `SELECT create_distributed_table('events', 'id', shard_count := 2)`);
    await on(side, 'VACUUM ANALYZE events');
  }
});
afterAll(() => pair?.stop());

describe.skipIf(missing)('on Citus 11.1 and 13.2', () => {
  test('every node is measured, and those that are alike differ in nothing', async () => {
    const results = await runChecks(pair, ['probe.cpu', 'probe.reads', 'probe.temporary-files', 'probe.latency']);
    expect(results.map(({ id, differences }) => [id, differences])).toEqual(results.map(({ id }) => [id, []]));
    const [cpu, reads, temporary, latency] = results.map(wordsOf);
    for (const side of sides) {
      const [coordinator, ...workers] = nodesOf(side);
      for (const node of nodesOf(side)) {
        expect(cpu).toMatch(new RegExp(`${side} ${node}: [\\d.]+ ms, with \\d+ % of a core`));
        expect(temporary).toMatch(new RegExp(`${side} ${node}: [\\d,.]+ ms`));
      }
      expect(reads).toContain(`${side} ${coordinator}: no table of 8 MB or more to read from`);
      for (const node of workers) {
        expect(reads).toMatch(new RegExp(`${node}: .*pages of public.events_\\d+ `));
        expect(latency).toMatch(new RegExp(`${side} ${node}: 0\\.\\d+ ms, the shortest of 20, the first [\\d.]+ ms`));
      }
    }
    expect(results[3]!.verdict).toBe('pass');
  });

  test.each([5, 40])('a worker whose packets take %i ms each way', async delayMs => {
    const { coordinator, workers } = pair.target;
    const far = { ...pair.target, coordinator, workers: workers.slice(0, 1) };
    const undo = await slowDownNetwork(far, { delayMs, bytesPerMs: 1e6 });
    try {
      const [moved] = await coordinator.query<{ port: number }>(
        'SELECT nodeport AS port FROM pg_dist_node WHERE groupid = 1',
      );
      const began = performance.now();
      const { differences } = await runCheck(pair, 'probe.latency');
      expect(performance.now() - began).toBeLessThan(10_000);
      expect(differences).toEqual([
        {
          what: expect.stringMatching(
            /^a round trip from the coordinator takes [\d,]+× as long as to a worker of the source$/,
          ),
          node: `${workers[0]!.host}:${moved!.port}`,
          source: expect.stringMatching(/^0\.\d+ ms$/),
          target: expect.stringMatching(/ ms$/),
        },
      ]);
      const measuredMs = Number(differences[0]!.target!.split(' ')[0]);
      // Timers of the proxy fire within their last millisecond.
      expect(measuredMs).toBeGreaterThan(2 * delayMs - 4);
      expect(measuredMs).toBeLessThan(2 * delayMs + 20);
    } finally {
      await undo();
    }
    expect(await runCheck(pair, 'probe.latency')).toMatchObject({ verdict: 'pass', differences: [] });
  });

  test('a worker that is down is named, and the other is measured', async () => {
    const [first, second] = pair.target.workers;
    await first!.stop();
    try {
      const { verdict, unknown, details } = await runCheck(pair, 'probe.latency');
      expect([verdict, unknown]).toEqual([
        'unknown',
        [{ what: 'its coordinator does not reach it, or not twice', node: addressOf(first!) }],
      ]);
      expect(details.join('\n')).toMatch(new RegExp(`target ${addressOf(second!)}: 0\\.\\d+ ms`));
    } finally {
      await first!.start();
    }
  });

  test('a role that may not ask its workers', async () => {
    await on('target', 'CREATE ROLE measuring LOGIN');
    await on('source', 'CREATE ROLE measuring LOGIN');
    const asRole = () => runChecks(pair, ['probe.latency'], { user: 'measuring' });
    expect((await asRole())[0]).toMatchObject({ verdict: 'pass' });
    await on('target', 'REVOKE EXECUTE ON FUNCTION citus_check_connection_to_node FROM PUBLIC');
    const [refused] = await asRole();
    expect(refused).toMatchObject({
      verdict: 'unknown',
      differences: [],
      unknown: [{ what: expect.stringContaining('or not for measuring'), node: addressOf(pair.target.coordinator) }],
    });
    await on('target', 'GRANT EXECUTE ON FUNCTION citus_check_connection_to_node TO PUBLIC');
  });
});
