import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { statementsReportSchema } from '../../src/shared/statements-report';
import { whyNoCitus } from '../lab/installations';
import { type LabPair, startCitusPair, startPlainPair } from '../lab/lab';

const execute = promisify(execFile);
/** The bundle that ships; CUTOVER_CLI names another one. */
const cli = process.env.CUTOVER_CLI ?? fileURLToPath(new URL('../../dist/cli.js', import.meta.url));

async function run(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  // No PG* variable of the machine, and no URI of an external pair, may decide what a test does.
  const env = { PATH: process.env.PATH, HOME: folder };
  const done = execute(process.execPath, [cli, 'statements', ...args], { env, maxBuffer: 64 * 1024 * 1024 });
  return done.then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    ({ code, stdout, stderr }: { code: number; stdout: string; stderr: string }) => ({ code, stdout, stderr }),
  );
}

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cutover-statements-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const down = 'postgresql://me@127.0.0.1:1/app';
const report = (stdout: string) => statementsReportSchema.parse(JSON.parse(stdout));

describe('on two plain servers', () => {
  let pair: LabPair;
  beforeAll(async () => {
    pair = await startPlainPair({ scenario: 'rollup' });
  });
  afterAll(() => pair?.stop());
  const both = () => ['--source', pair.source.uri, '--target', pair.target.uri];

  test('calls, times and rows are those the servers counted', async () => {
    const { code, stdout } = await run(...both(), '--format', 'json');
    expect(code).toBe(0);
    const insert = report(stdout).pairs.find(({ query }) => query.startsWith('INSERT INTO analytics.events'))!;
    expect(insert).toMatchObject({ class: 'write', match: 'exact', scope: 'client' });
    for (const side of ['source', 'target'] as const) {
      const [row] = await pair[side].coordinator.query<Record<string, number>>(
        `SELECT calls::float8, mean_exec_time AS mean, rows::float8 / calls AS rows FROM pg_stat_statements
          WHERE query LIKE 'INSERT INTO analytics.events%'`,
      );
      expect(insert[side].calls).toBe(row!.calls);
      expect(insert[side].meanMs).toBeCloseTo(row!.mean!, 6);
      expect(insert[side].rows).toBe(row!.rows);
    }
    // Six texts before PostgreSQL 17, which parameterises CALL: one statement all the same.
    const rollups = report(stdout).pairs.filter(({ query }) => query.startsWith('CALL analytics.create_rollup'));
    expect(rollups.map(({ target }) => target.calls)).toEqual([6]);
    expect(stdout).not.toContain('/* cutover */');
  });

  test('a snapshot stands in for a side, or begins the window', async () => {
    const [old, now] = [join(folder, 'old.json'), join(folder, 'new.json')];
    expect((await run(...both(), '--save-source', old, '--save-target', now)).code).toBe(0);
    expect((await stat(old)).mode & 0o077).toBe(0);
    for (const { coordinator } of [pair.source, pair.target])
      for (let i = 0; i < 5; i++)
        await coordinator.query('SELECT max(bytes) FROM analytics.events WHERE app_id = $1', [i]);
    const window = await run(...both(), '--source-since', old, '--target-since', now, '--reads', '--format', 'json');
    const [read, ...others] = report(window.stdout).pairs.filter(({ query }) => query.includes('analytics.events'));
    expect(read).toMatchObject({ source: { calls: 5 }, target: { calls: 5 } });
    expect(others).toEqual([]);
    const gone = await run('--source-snapshot', old, '--target', pair.target.uri, '--format', 'json');
    expect(gone.code).toBe(0);
    expect(report(gone.stdout).source.window!.origin).toBe(old);
  });

  test('a file that is no snapshot is refused, and never written over', async () => {
    const file = join(folder, 'notes.txt');
    await writeFile(file, 'mine');
    const read = await run('--source-snapshot', file, '--target', pair.target.uri);
    expect([read.code, read.stderr]).toEqual([2, expect.stringContaining('notes.txt is no snapshot of Cutover')]);
    const written = await run(...both(), '--save-source', file);
    expect([written.code, written.stderr]).toEqual([2, expect.stringContaining('is left alone')]);
    expect(await readFile(file, 'utf8')).toBe('mine');
    // Before a cluster is asked: this one is not there.
    const early = await run('--source', down, '--target', down, '--save-target', join(folder, 'no/such.json'));
    expect([early.code, early.stderr]).toEqual([2, expect.stringContaining('its folder does not exist')]);
  });

  test('a window that would end before it begins is refused', async () => {
    const [first, second] = [join(folder, 'first.json'), join(folder, 'second.json')];
    for (const file of [first, second]) expect((await run(...both(), '--save-source', file)).code).toBe(0);
    const files = (end: string, since: string) => ['--source-snapshot', end, '--source-since', since];
    const { code, stderr } = await run(...files(first, second), '--target', pair.target.uri);
    expect([code, stderr]).toEqual([2, expect.stringContaining('not before')]);
    expect((await run(...files(second, first), '--target', pair.target.uri)).code).toBe(0);
  });

  test('a side that counts nothing has failed, with the way to mend it', async () => {
    await pair.target.coordinator.query('CREATE DATABASE bare');
    const kept = join(folder, 'kept.json');
    const bare = pair.target.uri.replace(/\/app$/, '/bare');
    const args = ['--source', pair.source.uri, '--target', bare, '--save-source', kept, '--format', 'json'];
    const { code, stdout, stderr } = await run(...args);
    expect([code, stderr]).toEqual([1, expect.stringContaining('CREATE EXTENSION pg_stat_statements')]);
    const { target, onlySource, sentence } = report(stdout);
    expect(target.error).toMatchObject({ reason: 'statistics' });
    expect(sentence).toBe('The target could not be read: nothing can be compared.');
    expect(onlySource.length).toBeGreaterThan(0);
    expect(JSON.parse(await readFile(kept, 'utf8'))).toMatchObject({ version: 1, database: 'app' });
  });

  test('a side that is down is said, and the other printed', async () => {
    const file = join(folder, 'down.json');
    const { code, stdout, stderr } = await run('--source', down, '--target', pair.target.uri, '--save-source', file);
    expect(code).toBe(1);
    expect(stderr).toContain('not saved in');
    expect(existsSync(file)).toBe(false);
    expect(stderr).toMatch(/source: /);
    expect(stdout).toContain('The source could not be read: nothing can be compared.');
    expect(stdout).toContain('create_rollup');
  });

  test.each([
    [['--sql', 'SELECT 1'], /--sql does not belong to cutover statements/],
    [['--writes', '--reads'], /--writes or --reads/],
    [['--format', 'xml'], /text, json, markdown, csv/],
    [['--top', '0'], /--top takes a whole number from 1/],
  ])('%j is refused', async (args, message) => {
    const { code, stderr } = await run(...both(), ...args);
    expect([code, stderr]).toEqual([2, expect.stringMatching(message)]);
  });
});

const missing = await whyNoCitus();
if (missing) console.warn(`SKIPPED: cutover statements on Citus. ${missing}`);

describe.skipIf(missing)('on Citus', () => {
  let pair: LabPair;
  beforeAll(async () => {
    pair = await startCitusPair({ scenario: 'rollup' });
  });
  afterAll(() => pair?.stop());

  test('the procedure comes first, its tasks follow with their JIT, each task once', async () => {
    const { code, stdout } = await run('--source', pair.source.uri, '--target', pair.target.uri, '--format', 'json');
    expect(code).toBe(0);
    const { pairs, sentence } = report(stdout);
    expect(pairs[0]!.query).toMatch(/^CALL analytics\.create_rollup/);
    expect(pairs[0]).toMatchObject({ verdict: 'regression', class: 'write', target: { calls: 6, jitShare: null } });
    const tasks = pairs.filter(
      ({ query, scope }) => scope === 'tasks' && query.startsWith('INSERT INTO analytics.rollups'),
    );
    // Eight shards, six calls.
    expect(tasks).toMatchObject([{ source: { calls: 48, jitShare: 0 }, target: { calls: 48 } }]);
    if (pair.jit) expect(tasks[0]!.target.jitShare).toBeGreaterThan(0.2);
    expect(sentence).toMatch(/^Writes/);
    const update = pairs.find(({ query }) => query.startsWith('UPDATE analytics.tenants'))!;
    // The workers' WAL is known to be its.
    expect(update.target.walBytes).toBeGreaterThan(0);
  });
});
