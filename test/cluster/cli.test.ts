import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ExplainReport, explainReportSchema } from '../../src/shared/explain-report';
import { type BySide, type Side, sides } from '../../src/shared/side';
import { freePort } from '../lab/free-port';
import { whyNoCitus } from '../lab/installations';
import { type LabPair, startCitusPair, startPlainPair } from '../lab/lab';
import { rollupStatement } from '../lab/scenarios/rollup';
import type { LabServer } from '../lab/server';

/** The bundle that ships; CUTOVER_CLI names another one, as that of an installed extension. */
const cli = process.env.CUTOVER_CLI ?? join(import.meta.dirname, '../../dist/cli.js');
if (!existsSync(cli)) throw new Error(`There is no ${cli}: run npm run build.`);

interface Run {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** No PG* variable of the machine, and no URI of an external pair, may decide what a test does. */
function environment(changes: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { PATH } = process.env;
  return { PATH, HOME: folder, ...changes };
}

function start(argv: string[], env: NodeJS.ProcessEnv = {}): ChildProcess {
  return spawn(process.execPath, [cli, ...argv], { env: environment(env), stdio: 'pipe' });
}

function finish(child: ChildProcess): Promise<Run> {
  const run: Run = { code: null, stdout: '', stderr: '' };
  child.stdout!.setEncoding('utf8').on('data', chunk => {
    run.stdout += chunk;
  });
  child.stderr!.setEncoding('utf8').on('data', chunk => {
    run.stderr += chunk;
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject).on('close', code => resolve({ ...run, code }));
  });
}

function cutover(argv: string[], { env = {}, stdin = '' }: { env?: NodeJS.ProcessEnv; stdin?: string } = {}) {
  const child = start(argv, env);
  child.stdin!.end(stdin);
  return finish(child);
}

function reportOf({ stdout }: Run): ExplainReport {
  return explainReportSchema.parse(JSON.parse(stdout));
}

let folder: string;
let rollup: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cutover-cli-'));
  rollup = await rollupStatement();
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** What the server itself says to the role that the command logs in as. */
async function query<Row extends Record<string, unknown>>(uri: string, sql: string): Promise<Row[]> {
  const client = new Client({ connectionString: uri });
  await client.connect();
  try {
    return (await client.query<Row>(sql)).rows;
  } finally {
    await client.end();
  }
}

interface RootPlan {
  'Total Cost': number;
  'Plan Rows': number;
}

async function ownEstimate(uri: string, sql: string): Promise<RootPlan> {
  const [row] = await query<{ 'QUERY PLAN': [{ Plan: RootPlan }] }>(uri, `EXPLAIN (FORMAT JSON) ${sql}`);
  return row!['QUERY PLAN'][0].Plan;
}

describe('cutover explain on plain PostgreSQL', () => {
  let pair: LabPair;
  let pairArguments: string[];
  beforeAll(async () => {
    pair = await startPlainPair({ scenario: 'rollup' });
    pairArguments = ['--source', pair.source.uri, '--target', pair.target.uri];
  });
  afterAll(() => pair?.stop());

  const explain = (argv: string[], around?: Parameters<typeof cutover>[1]) =>
    cutover(['explain', ...pairArguments, ...argv], around);
  const json = (...argv: string[]) => explain(['--format', 'json', ...argv]);
  const rollups = (uri: string) => query<{ sum: string }>(uri, 'SELECT count(*), sum(events) FROM analytics.rollups');

  test('prints JSON that fits the schema, with the figures the servers give', async () => {
    const run = await json('--sql', rollup);
    expect(run).toMatchObject({ code: 0, stderr: '' });
    const report = reportOf(run);
    expect(report).toMatchObject({ version: 1, analyzed: false, experiments: [], verdict: { basis: 'totalCost' } });
    for (const side of sides) {
      const own = await ownEstimate(pair[side].uri, rollup);
      expect(report[side]).toMatchObject({
        label: side,
        totalCost: own['Total Cost'],
        rowsEstimated: own['Plan Rows'],
        executionMs: null,
        error: null,
      });
    }
  });

  test('proves the cause on the side it may run on, and changes nothing', { retry: 2 }, async () => {
    const settings = () => query(pair.target.uri, 'SELECT setrole::regrole::text, setconfig FROM pg_db_role_setting');
    const before = [await rollups(pair.target.uri), await settings()];
    const run = await json('--sql', rollup, '--analyze', '--analyze-writes', 'both', '--prove');
    expect(run).toMatchObject({ code: 0, stderr: '' });
    const report = reportOf(run);
    expect(report.experiments.length).toBeGreaterThan(0);
    for (const { side } of report.experiments) expect(side).toBe(report.slower);
    if (pair.jit) expect(report.causes[0]).toMatchObject({ id: 'jit.forced', side: 'target' });
    expect([await rollups(pair.target.uri), await settings()]).toEqual(before);
  });

  test('shows the statements inside a CALL', async () => {
    const call = "CALL analytics.create_rollup('2024-01-08', '2024-01-15')";
    const report = reportOf(await json('--sql', call));
    expect(report.statements.map(({ sql }) => sql)).toEqual([expect.stringMatching(/^INSERT INTO analytics.rollups/)]);
    expect(report.analyzed).toBe(false);
    const text = await explain(['--sql', call]);
    expect(text.stdout).toContain('Inside the call');
  });

  test('executes what may write on the named sides only, and rolls it back', async () => {
    const before = await rollups(pair.target.uri);
    const refused = await json('--sql', rollup, '--analyze');
    expect(refused).toMatchObject({ code: 2, stdout: '' });
    expect(refused.stderr).toContain('INSERT may write');
    expect(refused.stderr).toContain('--analyze-writes');

    const target = reportOf(await json('--sql', rollup, '--analyze', '--analyze-writes', 'target'));
    expect(target.source.executionMs).toBeNull();
    expect(target.target.executionMs).toBeGreaterThan(0);
    expect(target.ratio).toBeNull();

    const run = await json('--sql', rollup, '--analyze', '--analyze-writes', 'both');
    const both = reportOf(run);
    expect(run.code).toBe(0);
    expect(both.ratio).toBeCloseTo(both.target.executionMs! / both.source.executionMs!, 10);
    if (pair.jit) expect(both.target.jit!.totalMs).toBeGreaterThan(0);
    expect(await rollups(pair.target.uri)).toEqual(before);
  });

  test('takes the statement from a file by its line, or from standard input, with parameters', async () => {
    const sql = 'SELECT 1;\n\nSELECT *\nFROM generate_series(1, $1::int) AS g\nWHERE g > :least;\n';
    const file = join(folder, 'two.sql');
    await writeFile(file, sql);
    const run = await json('--file', file, '--line', '4', '--analyze', '--param', 'least=3', '--param', '10');
    const report = reportOf(run);
    expect(report.statement.parameters).toEqual([
      { name: '$1', value: '10' },
      { name: ':least', value: '3' },
    ]);
    expect([report.source.rowsActual, report.target.rowsActual]).toEqual([7, 7]);
    const generic = await explain(['--format', 'json', '--file', '-', '--line', '3'], { stdin: sql });
    expect(generic.code).toBe(0);
    expect(reportOf(generic).statement.parameters).toEqual([]);
    const unclear = await explain(['--file', file]);
    expect(unclear).toMatchObject({ code: 2, stdout: '' });
    expect(unclear.stderr).toContain('--line 3  SELECT * FROM generate_series');
  });

  test('says where a statement is wrong', async () => {
    const broken = await explain(['--sql', 'SELECT 1 FORM t WHERE']);
    expect(broken.code).toBe(1);
    expect(broken.stdout).toContain('  LINE 1: SELECT 1 FORM t WHERE\n                        ^');
    const two = await explain(['--sql', 'SELECT 1; DROP TABLE analytics.rollups']);
    expect(two).toMatchObject({ code: 2, stdout: '' });
    const utility = await explain(['--file', '-'], { stdin: 'VACUUM analytics.rollups;' });
    expect(utility).toMatchObject({ code: 2, stdout: '' });
    expect(utility.stderr).toContain('VACUUM');
    const call = await explain(['--file', '-'], { stdin: 'CALL analytics.create_rollup();' });
    expect(call.code).toBe(1);
    expect(call.stdout).toContain('source failed: No procedure analytics.create_rollup with these arguments');
    const unknown = await explain(['--sql', 'SELECT *\nFROM nowhere']);
    expect(unknown.code).toBe(1);
    expect(unknown.stdout).toContain('source failed: relation "nowhere" does not exist (SQLSTATE 42P01)');
    expect(unknown.stdout).toContain('  LINE 2: FROM nowhere\n               ^');
  });

  test('shows one side when the other is down, and ends with 1', async () => {
    const dead = `postgresql://postgres@127.0.0.1:${await freePort()}/app`;
    const argv = ['explain', '--source', pair.source.uri, '--target', dead, '--sql', 'SELECT 1'];
    const playbook = join(folder, 'down.playbook.md');
    const run = await cutover([...argv, '--format', 'json', '--playbook', playbook]);
    const report = reportOf(run);
    expect(run.code).toBe(1);
    expect(report.source).toMatchObject({ totalCost: 0.01, error: null });
    expect(report.target).toMatchObject({ totalCost: null, error: { reason: 'unreachable' } });
    expect(run.stderr).toContain('not recorded');
    expect(existsSync(playbook)).toBe(false);
    const text = await cutover(argv);
    expect(text.code).toBe(1);
    expect(text.stdout).toContain('target failed: ');
  });

  test('takes passwords from the environment, and shows none', async () => {
    const secret = 's3cr3t/ü@:"';
    for (const side of sides) await guard(pair[side].coordinator, secret);
    const uriOf = (side: Side, userInfo: string) => pair[side].uri.replace(/\/\/[^@]*@/, `//${userInfo}@`);
    const as = (source: string, target: string, env: NodeJS.ProcessEnv) =>
      cutover(
        ['explain', '--source', uriOf('source', source), '--target', uriOf('target', target), '--sql', 'SELECT 1'],
        {
          env,
        },
      );
    const outcomes: BySide<NodeJS.ProcessEnv>[] = [
      { source: { CUTOVER_SOURCE_PASSWORD: secret }, target: { CUTOVER_TARGET_PASSWORD: secret } },
      { source: { PGPASSWORD: secret }, target: { CUTOVER_TARGET_PASSWORD: secret, PGPASSWORD: secret } },
    ];
    for (const { source, target } of outcomes) {
      expect(await as('guarded', 'guarded', { ...source, ...target })).toMatchObject({ code: 0, stderr: '' });
    }
    await writeFile(join(folder, '.pgpass'), `*:*:app:guarded:${secret.replaceAll(/[:\\]/g, '\\$&')}\n`, {
      mode: 0o600,
    });
    expect(await as('guarded', 'guarded', {})).toMatchObject({ code: 0 });
    await rm(join(folder, '.pgpass'));
    const uriPassword = `guarded:${encodeURIComponent(secret)}`;
    expect(await as(uriPassword, uriPassword, { PGPASSWORD: 'wrong' })).toMatchObject({ code: 0 });

    const none = await as('guarded', 'guarded', {});
    expect(none.code).toBe(1);
    expect(none.stderr).toContain('CUTOVER_SOURCE_PASSWORD');
    const wrong = await as('guarded:topsecret1', 'guarded', { CUTOVER_TARGET_PASSWORD: 'topsecret2' });
    expect(wrong.code).toBe(1);
    expect(wrong.stdout + wrong.stderr).not.toMatch(/topsecret/);
    const misused = await cutover(['explain', 'postgresql://u:topsecret3@h/d']);
    expect(misused.code).toBe(2);
    expect(misused.stdout + misused.stderr).not.toMatch(/topsecret/);
  });

  test('records in a playbook, and recording again touches the finding alone', async () => {
    const playbook = join(folder, 'eu.playbook.md');
    const argv = ['--sql', rollup, '--playbook', playbook, '--source-label', 'Old', '--target-label', 'New'];
    const first = await explain(argv);
    expect(first.code).toBe(0);
    const created = await readFile(playbook, 'utf8');
    const [, line] = /eu\.playbook\.md:(\d+)\n$/.exec(first.stderr)!;
    expect(created.split('\n')[Number(line) - 1]).toMatch(/^### Plans of `INSERT INTO analytics\.rollups/);
    expect(created).toContain('\nmigration: eu\nsource: Old\ntarget: New\n');
    const edited = `${created.replace(/^### Plans.*$/m, '### My heading').replace('## Go live', '## Go live!')}\nA note.\n`;
    await writeFile(playbook, edited);

    const second = await explain(['--sql', `-- again\n${rollup};`, '--playbook', playbook]);
    expect(second.code).toBe(0);
    const updated = await readFile(playbook, 'utf8');
    const outside = (text: string) => text.replace(/(<!-- cutover:finding)[\s\S]*(<!-- \/cutover:finding -->)/, '$1$2');
    expect(outside(updated)).toBe(outside(edited));
    expect(updated.match(/<!-- cutover:finding /g)).toHaveLength(1);
    expect(updated).toContain('-- again');
    // The labels and the migration of the playbook itself are used.
    expect(second.stdout).toContain('eu · EXPLAIN');
    expect(updated).toMatch(/^\| +\| Old \| New \|/m);
  });

  test('leaves a playbook alone that cannot be written to', async () => {
    const playbook = join(folder, 'broken.playbook.md');
    await writeFile(playbook, '# Move\n\n```sql\nSELECT 1\n');
    const run = await explain(['--sql', 'SELECT 1', '--playbook', playbook]);
    expect(run.code).toBe(2);
    expect(run.stderr).toContain('line 3');
    expect(run.stdout).toContain('target is about as expensive');
    expect(await readFile(playbook, 'utf8')).toBe('# Move\n\n```sql\nSELECT 1\n');
    const nowhere = await explain(['--sql', 'SELECT 1', '--playbook', join(folder, 'no/such.playbook.md')]);
    expect(nowhere).toMatchObject({ code: 2, stdout: '' });
  });

  test('Ctrl-C ends the statement on both servers', async () => {
    const child = start(['explain', ...pairArguments, '--analyze', '--sql', 'SELECT pg_sleep(300)']);
    const ended = finish(child);
    const sleeping = async () => {
      const counts = sides.map(side =>
        pair[side].coordinator.query<{ n: number }>(
          `SELECT count(*)::int AS n FROM pg_stat_activity WHERE query LIKE '%pg_sleep(300)%' AND state = 'active' AND pid <> pg_backend_pid()`,
        ),
      );
      return (await Promise.all(counts)).map(([row]) => row!.n);
    };
    while ((await sleeping()).some(count => count === 0)) await sleep(50);
    child.kill('SIGINT');
    const run = await ended;
    expect(run.code).toBe(130);
    expect(run.stdout).toBe('');
    expect(await sleeping()).toEqual([0, 0]);
  });

  test('ends quietly when nobody reads on', async () => {
    const child = start(['explain', ...pairArguments, '--format', 'json', '--sql', 'SELECT 1']);
    child.stdout!.destroy();
    const run = await new Promise<{ code: number | null; stderr: string }>(resolve => {
      let stderr = '';
      child.stderr!.setEncoding('utf8').on('data', chunk => {
        stderr += chunk;
      });
      child.on('close', code => resolve({ code, stderr }));
    });
    expect(run).toEqual({ code: 0, stderr: '' });
  });
});

/** A role that must give a password, before the rules that trust everybody. */
async function guard(server: LabServer, password: string): Promise<void> {
  await server.query(`SET password_encryption = 'scram-sha-256'; CREATE ROLE guarded LOGIN PASSWORD '${password}'`);
  const [row] = await server.query<{ file: string }>(`SELECT current_setting('hba_file') AS file`);
  const rules = await readFile(row!.file, 'utf8');
  await writeFile(row!.file, `host all guarded all scram-sha-256\n${rules}`);
  await server.query('SELECT pg_reload_conf()');
}

const missing = await whyNoCitus();
if (missing) console.warn(`SKIPPED: the command line on Citus. ${missing}`);

describe.skipIf(missing !== undefined)('cutover explain on Citus', () => {
  let pair: LabPair;
  beforeAll(async () => {
    pair = await startCitusPair({ scenario: 'rollup' });
  });
  afterAll(() => pair?.stop());

  test('gives times and tasks of both clusters for the rollup', async () => {
    const run = await cutover([
      ...['explain', '--source', pair.source.uri, '--target', pair.target.uri, '--sql', rollup],
      ...['--analyze', '--analyze-writes', 'both', '--format', 'json'],
    ]);
    expect(run).toMatchObject({ code: 0, stderr: '' });
    const report = reportOf(run);
    for (const side of sides) {
      expect(report[side].citusVersion).toBe(pair[side].citusVersion);
      expect(report[side].executionMs).toBeGreaterThan(0);
      expect(report[side].tasks!.total).toBeGreaterThan(1);
    }
    expect(report.ratio).toBeCloseTo(report.target.executionMs! / report.source.executionMs!, 10);
  });
});
