import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ClusterError } from '../../src/cluster/errors';
import { type ExplainRequest, explain } from '../../src/cluster/explain';
import { Session } from '../../src/cluster/session';
import { sampleWaits } from '../../src/cluster/wait-sampler';
import type { WaitFacts } from '../../src/plan/causes/facts';
import type { LabCluster } from '../lab/cluster';
import { findPostgres, whyNoCitus } from '../lab/installations';
import { type LabPair, startCitusPair, startPlainPair } from '../lab/lab';
import type { LabServer } from '../lab/server';
import { limits, profileOf } from './profile-of';

const majors = [...new Set((await findPostgres()).map(({ majorVersion }) => majorVersion))].sort((a, b) => a - b);
const missing = await whyNoCitus();
if (missing) console.warn(`SKIPPED: every test on Citus. ${missing}`);

const analyze: Omit<ExplainRequest, 'sql'> = {
  values: [],
  parameterCount: 0,
  analyze: true,
  access: 'read write',
  serialize: false,
  allTasks: false,
};

/** Runs it on a server while somebody looks; `connections` counts those that the looking opened. */
async function watch(
  server: LabServer,
  sql: string,
  open = () => Session.open(profileOf(server), undefined, limits),
): Promise<{ facts: WaitFacts | undefined; opened: number; failed: string | undefined }> {
  const session = await Session.open(profileOf(server), undefined, limits);
  let opened = 0;
  const sampler = sampleWaits(session, () => {
    opened++;
    return open();
  });
  try {
    const outcome = await explain(session, { ...analyze, sql });
    return { facts: sampler.stop(), opened, failed: 'error' in outcome ? outcome.error.message : undefined };
  } finally {
    await session.close();
  }
}

const cutovers = async (server: LabServer) =>
  (await server.query(`SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'cutover%'`)).length;

async function until(met: () => Promise<boolean>): Promise<void> {
  for (let i = 0; !(await met()); i++) {
    if (i === 100) throw new Error('It did not come.');
    await sleep(50);
  }
}

/** Another session's lock for a time. */
async function hold(server: LabServer, sql: string, ms: number): Promise<() => Promise<void>> {
  const holder = await Session.open(profileOf(server), undefined, limits);
  const ended = holder.transaction([{ text: sql }, { text: `SELECT pg_sleep(${ms / 1000})` }], {
    access: 'read write',
  });
  await until(
    async () =>
      (await server.query(`SELECT 1 FROM pg_stat_activity WHERE query LIKE 'SELECT /* cutover */ pg_sleep(%'`)).length >
      0,
  );
  return async () => {
    expect((await ended).failure).toBeUndefined();
    await holder.close();
  };
}

describe('on plain PostgreSQL', () => {
  const pairs: LabPair[] = [];
  const servers = new Map<number, LabServer>();
  beforeAll(async () => {
    for (let i = 0; i < majors.length; i += 2) {
      const pair = await startPlainPair({ source: majors[i]!, target: majors[i + 1] ?? majors[i]! });
      pairs.push(pair);
      servers.set(majors[i]!, pair.source.coordinator);
      if (majors[i + 1]) servers.set(majors[i + 1]!, pair.target.coordinator);
    }
    for (const server of servers.values())
      await server.query('CREATE TABLE stock (id int PRIMARY KEY, n int); INSERT INTO stock VALUES (1, 1)');
  });
  afterAll(() => Promise.all(pairs.map(pair => pair.stop())));

  describe.each(majors)('%i', major => {
    test('sees what a statement waits for, and leaves nothing open', async () => {
      const server = servers.get(major)!;
      const { facts, opened } = await watch(server, 'SELECT pg_sleep(1.2)');
      expect(opened).toBe(1);
      expect(facts!.samples).toBeGreaterThan(2);
      expect(facts!.samples).toBeLessThan(12);
      expect(facts!.shares.get('Timeout/PgSleep')).toBe(1);
      expect(facts).toMatchObject({ lockMs: 0, blockers: [] });
      await until(async () => (await cutovers(server)) === 0);
    });

    test('opens nothing for a statement that is quick', async () => {
      expect(await watch(servers.get(major)!, 'SELECT 1')).toEqual({ facts: undefined, opened: 0, failed: undefined });
    });

    test('sees a lock, how long it was waited for, and who holds it', async () => {
      const server = servers.get(major)!;
      const release = await hold(server, 'UPDATE stock SET n = 2', 1500);
      const { facts, failed } = await watch(server, 'UPDATE stock SET n = 3 WHERE id = 1');
      await release();
      expect(failed).toBeUndefined();
      expect([...facts!.shares.keys()].some(name => name.startsWith('Lock/'))).toBe(true);
      expect(facts!.lockMs).toBeGreaterThan(500);
      expect(facts!.lockMs).toBeLessThan(2000);
      expect(facts!.blockers).toEqual(['SELECT /* cutover */ pg_sleep(1.5)']);
    });

    test('keeps no statement from ending when it cannot look', async () => {
      const refuse = () => Promise.reject(new ClusterError('tooManyConnections', 'full', { next: 'wait' }));
      const { facts, opened, failed } = await watch(servers.get(major)!, 'SELECT pg_sleep(0.4)', refuse);
      expect([facts, opened, failed]).toEqual([undefined, 1, undefined]);
    });
  });
});

describe.skipIf(missing)('on Citus', () => {
  let pair: LabPair | undefined;
  beforeAll(async () => {
    if (missing) return;
    pair = await startCitusPair();
    for (const { coordinator } of [pair.source, pair.target])
      for (const sql of [
        'CREATE TABLE stock (id int PRIMARY KEY, n int)',
        `SELECT create_distributed_table('stock', 'id')`,
        'INSERT INTO stock SELECT i, 1 FROM generate_series(1, 50) i',
        `CREATE FUNCTION slow(int) RETURNS bool LANGUAGE sql AS 'SELECT pg_sleep(0.4) IS NOT NULL'`,
      ])
        await coordinator.query(sql);
  });
  afterAll(() => pair?.stop());

  describe.each(['source', 'target'] as const)('%s', side => {
    let cluster: LabCluster;
    beforeAll(() => {
      cluster = pair![side];
    });

    test('sees what the workers wait for, not that the coordinator waits for them', async () => {
      const { facts, failed } = await watch(
        cluster.coordinator,
        'SELECT count(*) FROM stock WHERE slow(id) AND id < 12',
      );
      expect(failed).toBeUndefined();
      expect(facts!.shares.get('Timeout/PgSleep')).toBeGreaterThan(0.8);
      for (const node of [cluster.coordinator, ...cluster.workers])
        await until(async () => (await cutovers(node)) === 0);
    });

    test('sees a lock on a worker, and who holds it', async () => {
      const release = await hold(cluster.coordinator, 'UPDATE stock SET n = 2 WHERE id = 7', 1800);
      const { facts, failed } = await watch(cluster.coordinator, 'UPDATE stock SET n = 3 WHERE id = 7');
      await release();
      expect(failed).toBeUndefined();
      expect([...facts!.shares.keys()].some(name => name.startsWith('Lock/'))).toBe(true);
      expect(facts!.lockMs).toBeGreaterThan(200);
      expect(facts!.blockers.join()).toMatch(/pg_sleep|UPDATE/);
    });
  });
});
