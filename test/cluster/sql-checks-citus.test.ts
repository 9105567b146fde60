import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { activeWorkers, connectWorker } from '../../src/cluster/connect-worker';
import { Session } from '../../src/cluster/session';
import { runSqlChecks } from '../../src/diagnosis/run-sql-checks';
import type { NodeAnswer } from '../../src/shared/check';
import type { Side } from '../../src/shared/side';
import { whyNoCitus } from '../lab/installations';
import { type LabPair, startCitusPair } from '../lab/lab';
import type { LabServer } from '../lab/server';
import { limits, profileOf } from './profile-of';

const missing = await whyNoCitus();
if (missing) console.warn(`SKIPPED: SQL checks on workers. ${missing}`);

describe.skipIf(missing)('A check on workers', () => {
  let pair: LabPair;
  let folder: string;
  beforeAll(async () => {
    pair = await startCitusPair();
    folder = await mkdtemp(join(tmpdir(), 'cutover-pgpass-'));
    for (const { coordinator } of [pair.source, pair.target]) {
      await coordinator.query(`CREATE ROLE asker LOGIN PASSWORD 'secret'`);
      await coordinator.query('CREATE TABLE dist (a int)');
      await coordinator.query(`SELECT create_distributed_table('dist', 'a')`);
      await coordinator.query('GRANT SELECT ON dist TO asker');
    }
  });
  afterAll(async () => {
    await pair?.stop();
    if (folder) await rm(folder, { recursive: true });
  });

  async function ask(sql: string, user = 'postgres'): Promise<NodeAnswer[]> {
    const on = (side: Side) => {
      const { host, port, database } = pair[side].coordinator;
      // The password of the coordinator, which must go nowhere else.
      return {
        side,
        settings: { host, port, database, user },
        password: 'secret',
        label: side,
        color: '',
        protected: false,
      };
    };
    const judge = () => ({ verdict: 'pass' as const, summary: '', details: [] });
    let found: NodeAnswer[] = [];
    await runSqlChecks(
      { source: on('source'), target: on('target'), limits },
      [{ id: 'nodes', sql, on: 'workers', judge }],
      (_, answers) => {
        found = answers;
      },
    );
    return found;
  }

  const nodesOf = (side: Side) => [pair[side].coordinator, ...pair[side].workers];
  const nameOf = ({ host, port }: LabServer) => `${host}:${port}`;

  test('is asked of every node of both sides, directly', async () => {
    const answers = await ask(`SELECT current_setting('port'), current_setting('transaction_read_only')`);
    const expected = (['source', 'target'] as const).flatMap(side =>
      nodesOf(side).map((node, i) => [side, nameOf(node), i === 0 ? 'coordinator' : 'worker', String(node.port), 'on']),
    );
    expect(answers.map(({ side, node, role, rows }) => [side, node, role, ...rows[0]!])).toEqual(expected);
  });

  test('says which worker does not answer, and hears the others', async () => {
    const [worker] = pair.source.workers;
    await worker!.stop();
    try {
      const answers = await ask('SELECT 1');
      const silent = answers.filter(({ problem }) => problem);
      expect(silent.map(({ node }) => node)).toEqual([nameOf(worker!)]);
      expect(silent[0]!.problem).toMatchObject({ kind: 'unreachable', next: expect.stringContaining(nameOf(worker!)) });
      expect(answers).toHaveLength(6);
    } finally {
      await worker!.start();
    }
  });

  test('sends no password but that of the password file to a worker', async () => {
    const [worker] = pair.source.workers;
    const rules = join(worker!.dataDir, 'pg_hba.conf');
    const before = await readFile(rules, 'utf8');
    await writeFile(rules, `host all asker all password\n${before}`);
    await worker!.query('SELECT pg_reload_conf()');
    const empty = join(folder, 'empty');
    await writeFile(empty, '', { mode: 0o600 });
    vi.stubEnv('PGPASSFILE', empty);
    // libpq would send it to whatever host it is told; pg_dist_node is not the user's.
    vi.stubEnv('PGPASSWORD', 'secret');
    try {
      const refused = (await ask('SELECT 1', 'asker')).filter(({ problem }) => problem);
      expect(refused.map(({ node }) => node)).toEqual([nameOf(worker!)]);
      expect(refused[0]!.problem).toMatchObject({
        kind: 'unreachable',
        next: expect.stringContaining(`${nameOf(worker!)}:app:asker`),
      });
      const file = join(folder, 'pgpass');
      await writeFile(file, `${nameOf(worker!)}:app:asker:secret\n`, { mode: 0o600 });
      vi.stubEnv('PGPASSFILE', file);
      expect((await ask('SELECT 1', 'asker')).filter(({ problem }) => problem)).toEqual([]);
    } finally {
      vi.unstubAllEnvs();
      await writeFile(rules, before);
      await worker!.query('SELECT pg_reload_conf()');
    }
  });

  test('does not take another server for the worker', async () => {
    const coordinator = await Session.open(profileOf(pair.source.coordinator), undefined, limits);
    const [first, second] = await activeWorkers(coordinator);
    const wrong = connectWorker(coordinator, { ...first!, groupId: second!.groupId });
    await expect(wrong).rejects.toMatchObject({
      reason: 'unreachable',
      message: expect.stringContaining('not the worker'),
    });
    await coordinator.close();
  });

  test.each([
    'SELECT * FROM citus_stat_activity',
    'SELECT * FROM citus_tables',
    'SELECT * FROM citus_shards',
    'SELECT * FROM citus_lock_waits',
    'SELECT * FROM citus_dist_stat_activity',
    'SELECT * FROM pg_dist_node, pg_dist_shard, pg_dist_placement',
    'SELECT citus_version(), citus_is_coordinator()',
    "SELECT citus_total_relation_size('dist'), citus_table_size('dist')",
    'SELECT * FROM citus_get_active_worker_nodes()',
    'SELECT count(*), sum(a) FROM dist',
  ])('passes on the coordinators: %s', async sql => {
    const coordinators = (await ask(sql)).filter(({ role }) => role === 'coordinator');
    expect(coordinators.map(({ problem }) => problem)).toEqual([undefined, undefined]);
  });
});
