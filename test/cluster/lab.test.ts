import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { isAlive } from '../lab/clean-up.mjs';
import { findCitus, findPostgres, requirePostgres } from '../lab/installations';
import { externalPair, type LabPair, startCitusPair, startPlainPair } from '../lab/lab';
import { LabUnavailable } from '../lab/lab-unavailable';
import { createRunFolder } from '../lab/run-folder';
import { rollupStatement } from '../lab/scenarios/rollup';

describe('installations', () => {
  it('finds at least the servers that npm brings, those with JIT first', async () => {
    const found = await findPostgres();
    expect(found.map(({ majorVersion }) => majorVersion)).toEqual(expect.arrayContaining([17, 18]));
    const lastWithJit = found.findLastIndex(({ jit }) => jit);
    expect(found.slice(0, lastWithJit + 1).every(({ jit }) => jit)).toBe(true);
  });

  it('says in one line what to do when a version is not there', async () => {
    const refusal = await requirePostgres(99).catch(error => error);
    expect(refusal).toBeInstanceOf(LabUnavailable);
    expect(refusal.message).toMatch(/^No PostgreSQL 99: .*CUTOVER_PG_BIN.*$/);
  });
});

describe('a plain pair', () => {
  let pair: LabPair;
  beforeAll(async () => {
    pair = await startPlainPair({ scenario: 'rollup' });
  });
  afterAll(() => pair?.stop());

  it('has the same data on both sides', async () => {
    const counts = `SELECT (SELECT count(*) FROM analytics.events) AS events,
      (SELECT md5(string_agg(r::text, ';' ORDER BY r)) FROM analytics.rollups r) AS rollups,
      (SELECT max(n) / min(n) FROM (SELECT count(*) AS n FROM analytics.events GROUP BY tenant_id) AS t) AS skew`;
    const [source] = await pair.source.coordinator.query(counts);
    const [target] = await pair.target.coordinator.query(counts);
    expect(source).toEqual(target);
    expect(Number(source!.events)).toBeGreaterThan(100_000);
    expect(Number(source!.skew)).toBe(10);
  });

  it('carries the fault on the target: a disabled nested loop that is needed, and JIT', async () => {
    const source = await explain(pair.source.uri);
    const target = await explain(pair.target.uri);
    expect(source.Plan['Total Cost']).toBeLessThan(1e6);
    expect(source.JIT).toBeUndefined();
    if (pair.target.coordinator.majorVersion >= 18) return;
    expect(target.Plan['Total Cost']).toBeGreaterThan(1e10);
    if (pair.jit) expect(target.JIT.Options).toMatchObject({ Inlining: true, Optimization: true });
  });

  it('has filled pg_stat_statements as app_owner, with reads and writes', async () => {
    const rows = await pair.target.coordinator.query<{ query: string; calls: string }>(
      `SELECT query, calls FROM pg_stat_statements s JOIN pg_roles r ON r.oid = s.userid WHERE rolname = 'app_owner'`,
    );
    for (const start of ['CALL analytics.create_rollup', 'SELECT', 'INSERT INTO', 'UPDATE']) {
      expect(rows.some(({ query }) => query.startsWith(start))).toBe(true);
    }
  });

  it('stops, crashes and starts a server on the same port with its data', async () => {
    const server = pair.source.coordinator;
    for (const mode of ['fast', 'immediate'] as const) {
      await server.stop(mode);
      expect(server.pid).toBeUndefined();
      await expect(server.query('SELECT 1')).rejects.toThrow(/ECONNREFUSED/);
      await server.start();
      expect(await server.query('SELECT count(*) > 0 AS kept FROM analytics.tenants')).toEqual([{ kept: true }]);
    }
  });

  it('takes servers of somebody else by their URIs, and leaves them running', async () => {
    vi.stubEnv('CUTOVER_SOURCE_URI', pair.source.uri);
    vi.stubEnv('CUTOVER_TARGET_URI', '');
    await expect(externalPair()).rejects.toThrow(LabUnavailable);
    vi.stubEnv('CUTOVER_TARGET_URI', pair.target.uri);
    const external = await externalPair();
    expect(external).toMatchObject({ kind: 'external', jit: pair.jit });
    expect(external.target.coordinator).toMatchObject({ port: pair.target.coordinator.port, user: 'app_owner' });
    await expect(external.target.coordinator.stop()).rejects.toThrow(/not the lab's/);
    await external.stop();
    expect(await external.source.coordinator.query('SELECT current_user AS me')).toEqual([{ me: 'app_owner' }]);
    vi.unstubAllEnvs();
  });

  it('leaves no process and no folder behind when stopped', async () => {
    const other = await startPlainPair();
    const servers = [other.source.coordinator, other.target.coordinator];
    const pids = servers.map(server => server.pid!);
    await other.stop();
    expect(pids.some(isAlive)).toBe(false);
    expect(servers.some(server => existsSync(dirname(dirname(server.dataDir))))).toBe(false);
  });
});

describe('a pair whose owner dies', () => {
  it.each(['SIGKILL', 'SIGINT'] as const)('is gone after %s', async signal => {
    const { child, folders, pids } = await pairOfItsOwn();
    child.kill(signal);
    await once(child, 'exit');
    await vanish(folders, pids);
  });

  it('is gone at the next run when its watchdog was killed too', async () => {
    const { child, folders, pids } = await pairOfItsOwn();
    process.kill(watchdogOf(child.pid!), 'SIGKILL');
    child.kill('SIGKILL');
    await once(child, 'exit');
    await sleep(300);
    expect(pids.every(isAlive)).toBe(true);
    const run = fileURLToPath(new URL('../lab/start-pair.mjs', import.meta.url));
    const next = spawn(process.execPath, [run], { stdio: ['ignore', 'pipe', 'inherit'] });
    await firstLine(next);
    expect(pids.some(isAlive)).toBe(false);
    expect(folders.some(existsSync)).toBe(false);
    next.kill('SIGKILL');
  });

  it('takes its folder along even when a process in it was stopped', async () => {
    const run = await createRunFolder('lab');
    const stopped = spawn('sh', ['-c', 'sleep 1000; true', `${run.path}/x`]);
    await once(stopped, 'spawn');
    stopped.kill('SIGSTOP');
    await run.remove();
    expect(existsSync(run.path)).toBe(false);
    expect(stopped.pid !== undefined && isAlive(stopped.pid) && stopped.signalCode === null).toBe(false);
  });
});

const citus = await findCitus().catch((error: unknown) => error as LabUnavailable);
if (citus instanceof Error) console.warn(`Skipped: Citus pair. ${citus.message}`);

describe.skipIf(citus instanceof Error)('a Citus pair', () => {
  let pair: LabPair;
  beforeAll(async () => {
    pair = await startCitusPair({ scenario: 'rollup' });
  });
  afterAll(() => pair?.stop());

  it('has a coordinator and two workers on each side', async () => {
    for (const cluster of [pair.source, pair.target]) {
      const nodes = await cluster.coordinator.query(
        'SELECT nodeport FROM pg_dist_node WHERE isactive ORDER BY nodeport',
      );
      const ports = [cluster.coordinator, ...cluster.workers].map(server => server.port);
      expect(nodes.map(node => node.nodeport)).toEqual(ports.sort((a, b) => a - b));
      expect(cluster.citusVersion).toMatch(/^\d+\.\d+\.\d+$/);
    }
  });

  it('runs the rollup inside the shards, where the fault of the target is', async () => {
    const source = taskOf(await explain(pair.source.uri));
    const target = taskOf(await explain(pair.target.uri));
    expect(source.Plan['Node Type']).toBe('ModifyTable');
    expect(source.Plan['Total Cost']).toBeLessThan(1e6);
    expect(target.Plan['Node Type']).toBe('ModifyTable');
    expect(target.Plan['Total Cost']).toBeGreaterThan(1e10);
    if (pair.jit) expect(target.JIT.Options).toMatchObject({ Inlining: true, Optimization: true });
  });

  it('lets the role setting reach every worker', async () => {
    for (const worker of pair.target.workers) {
      const [role] = await worker.query(`SELECT useconfig FROM pg_user WHERE usename = 'app_owner'`);
      expect(role!.useconfig).toEqual(['enable_nestloop=off']);
    }
  });
});

// biome-ignore lint/suspicious/noExplicitAny: EXPLAIN's JSON as it comes; the assertions are its schema.
type ExplainJson = any;

async function explain(uri: string): Promise<ExplainJson> {
  const client = new Client({ connectionString: uri });
  await client.connect();
  try {
    await client.query('BEGIN');
    const { rows } = await client.query(`EXPLAIN (ANALYZE, FORMAT JSON) ${await rollupStatement()}`);
    return rows[0]['QUERY PLAN'][0];
  } finally {
    await client.end();
  }
}

function taskOf(plan: ExplainJson): ExplainJson {
  return plan.Plan['Distributed Query'].Job.Tasks[0]['Remote Plan'][0][0];
}

async function pairOfItsOwn(): Promise<{ child: ChildProcess; folders: string[]; pids: number[] }> {
  const script = fileURLToPath(new URL('../lab/start-pair.mjs', import.meta.url));
  const child = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const line = await firstLine(child);
  const { folders, pids } = JSON.parse(line) as { folders: string[]; pids: number[] };
  expect(folders.every(existsSync) && pids.every(isAlive)).toBe(true);
  return { child, folders: folders.map(folder => dirname(dirname(folder))), pids };
}

async function firstLine(child: ChildProcess): Promise<string> {
  for await (const line of createInterface({ input: child.stdout! })) return line;
  throw new Error('The child process ended without starting its pair.');
}

function watchdogOf(pid: number): number {
  const processes = execFileSync('ps', ['-axww', '-o', 'pid=,ppid=,command=']).toString();
  const found = new RegExp(`^\\s*(\\d+)\\s+${pid}\\s.*watchdog\\.mjs`, 'm').exec(processes);
  return Number(found![1]);
}

async function vanish(folders: string[], pids: number[]): Promise<void> {
  const deadline = Date.now() + 15_000;
  while (Date.now() < deadline && (folders.some(existsSync) || pids.some(isAlive))) await sleep(50);
  expect(folders.filter(existsSync)).toEqual([]);
  expect(pids.filter(isAlive)).toEqual([]);
}
