import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checksToCompare } from '../../src/checks/catalogue';
import { comparisonSchema } from '../../src/shared/comparison';
import { type ComparisonReport, comparisonReportSchema } from '../../src/shared/comparison-report';
import { type Side, sides } from '../../src/shared/side';
import { whyNoCitus } from '../lab/installations';
import { type LabPair, startCitusPair, startPlainPair } from '../lab/lab';
import { unjudgedHere } from './checks-on';

/** The bundle that ships; CUTOVER_CLI names another one. */
const cli = process.env.CUTOVER_CLI ?? fileURLToPath(new URL('../../dist/cli.js', import.meta.url));
const secret = 'hush-hush';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cutover-compare-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** No PG* variable of the machine, and no URI of an external pair, may decide what a test does. */
function start(args: string[], env: NodeJS.ProcessEnv = {}): ChildProcess {
  return spawn(process.execPath, [cli, 'compare', ...args], {
    cwd: folder,
    env: { PATH: process.env.PATH, HOME: folder, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

function finish(child: ChildProcess): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const written = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    child[name]!.setEncoding('utf8').on('data', chunk => {
      written[name] += chunk;
    });
  return new Promise((resolve, reject) => {
    child.on('error', reject).on('close', code => resolve({ code, ...written }));
  });
}

async function run(args: string[], env?: NodeJS.ProcessEnv) {
  const done = await finish(start(args, env));
  expect(done.stdout + done.stderr).not.toContain(secret);
  return done;
}

const urisOf = (pair: LabPair) => ['--source', pair.source.uri, '--target', pair.target.uri];
const reportOf = ({ stdout }: { stdout: string }): ComparisonReport => comparisonReportSchema.parse(JSON.parse(stdout));
const ids = (list: readonly { id: string }[]) => list.map(({ id }) => id);

describe('two identical clusters', () => {
  let pair: LabPair;
  beforeAll(async () => {
    pair = await startPlainPair();
  });
  afterAll(() => pair?.stop());

  test('agree in everything', async () => {
    const { code, stdout, stderr } = await run([...urisOf(pair), '--fail-on', 'info', '--format', 'json']);
    const report = reportOf({ stdout });
    expect([ids(report.findings), ids(report.unknown), ids(report.errors)]).toEqual([[], unjudgedHere, []]);
    const judged = ids(checksToCompare()).filter(id => !unjudgedHere.includes(id));
    expect(ids(report.passed).sort()).toEqual(judged.sort());
    const [exit, unknown] = unjudgedHere.length > 0 ? [3, `${unjudgedHere.length} unknown, `] : [0, ''];
    expect([code, stderr]).toEqual([exit, '']);
    const text = await run([...urisOf(pair), '--fail-on', 'info']);
    expect(text).toMatchObject({ code: exit, stderr: '' });
    const [count, closing] = [checksToCompare().length, text.stdout.trimEnd().split('\n').at(-1)];
    expect(closing).toMatch(new RegExp(`^${count} checks in [\\d,.]+ ms: ${unknown}${judged.length} passed\\.$`));
  });

  test('a group that is none is refused, and so are files, before anything is asked', async () => {
    const down = ['--source', 'postgresql://127.0.0.1:1/app', '--target', 'postgresql://127.0.0.1:1/app'];
    const group = await run([...down, '--group', 'setings']);
    expect(group.code).toBe(2);
    expect(group.stderr).toMatch(/no group "setings".*\n {2}Do you mean settings\? There are .*versions/);
    const other = join(folder, 'other.json');
    await writeFile(other, '{"version":1}');
    for (const option of ['--since', '--save']) {
      const { code, stdout, stderr } = await run([...down, option, other]);
      expect([code, stdout, stderr]).toEqual([2, '', expect.stringContaining('no comparison')]);
    }
    expect(await readFile(other, 'utf8')).toBe('{"version":1}');
  });

  test('a side that is down leaves its checks unknown, whatever their severity', async () => {
    const down = `postgresql://postgres:${secret}@127.0.0.1:1/app`;
    const args = ['--source', pair.source.uri, '--target', down, '--group', 'jit', '--fail-on', 'critical'];
    const { code, stdout, stderr } = await run([...args, '--format', 'json']);
    expect(code).toBe(3);
    expect(stderr).toContain('the target could not be reached');
    const report = reportOf({ stdout });
    expect(report.target.address).toBeNull();
    expect(report.unknown).toMatchObject([
      { id: 'jit.available', gaps: [{ what: expect.stringContaining('127.0.0.1:1') }] },
    ]);
  });

  test('a role with few privileges is told what it lacks, and gets no pass for it', async () => {
    for (const side of sides)
      await pair[side].coordinator.query(
        'CREATE ROLE watcher LOGIN; CREATE TABLE hidden (id serial PRIMARY KEY); INSERT INTO hidden DEFAULT VALUES; ANALYZE hidden',
      );
    const uris = sides.flatMap(side => [`--${side}`, pair[side].uri.replace('//postgres@', '//watcher@')]);
    const args = [...uris, '--group', 'sequences', '--fail-on', 'info'];
    const { code, stdout } = await run([...args, '--format', 'json']);
    const grant = 'GRANT SELECT ON SEQUENCE "public"."hidden_id_seq" TO "watcher"';
    expect(code).toBe(3);
    const { findings, unknown } = reportOf({ stdout });
    expect(ids(findings)).toEqual([]);
    expect(unknown).toMatchObject([
      { id: 'sequences.behind', gaps: expect.arrayContaining([expect.objectContaining({ grant })]) },
    ]);
    expect((await run(args)).stdout).toContain(`; as a superuser:\n      ${grant}\n`);
    // Who may see all of it passes.
    expect((await run([...urisOf(pair), '--group', 'sequences', '--fail-on', 'info'])).code).toBe(0);
  });

  test('Ctrl-C ends what runs on the servers', async () => {
    const lock = pair.target.coordinator
      .query('BEGIN; LOCK pg_sequence; SELECT pg_sleep(20); ROLLBACK')
      .catch(() => {});
    try {
      const child = start(urisOf(pair));
      const done = finish(child);
      await expect.poll(() => waiting(pair), { timeout: 10_000, interval: 50 }).toBe(1);
      child.kill('SIGINT');
      expect((await done).code).toBe(130);
      expect(await waiting(pair)).toBe(0);
    } finally {
      await pair.target.coordinator.query(
        "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'PgSleep'",
      );
      await lock;
    }
  });
});

/** Sessions of Cutover on the target. */
async function waiting({ target }: LabPair): Promise<number> {
  const rows = await target.coordinator.query(
    "SELECT FROM pg_stat_activity WHERE application_name = 'cutover' AND wait_event_type = 'Lock'",
  );
  return rows.length;
}

describe('the rollup that got slower', () => {
  let pair: LabPair;
  beforeAll(async () => {
    pair = await startPlainPair({ scenario: 'rollup' });
  });
  afterAll(() => pair?.stop());

  test('settings are on top, with the role that has them', async () => {
    const { code, stdout } = await run([...urisOf(pair), '--format', 'json']);
    expect(code).toBe(1);
    const { findings, groups } = reportOf({ stdout });
    expect(ids(findings).slice(0, 2)).toEqual(['settings.roles', 'settings.planner']);
    expect(groups.find(({ group }) => group === 'settings')).toMatchObject({ worst: 'high', error: 0 });
    expect(findings[0]).toMatchObject({
      confidence: 'observed',
      evidence: [
        { what: 'enable_nestloop of role app_owner', source: 'not set', target: 'off' },
        { what: 'jit of role app_owner', source: 'off', target: 'not set' },
      ],
      remedy: [{ side: 'target', sql: expect.stringContaining('RESET enable_nestloop') }, { side: 'target' }],
    });
    const text = (await run([...urisOf(pair), '--remedies'], { COLUMNS: '80' })).stdout;
    expect(text).toMatch(/^source {2}.*\ntarget {2}.*\n\nsettings\n✗ settings\.roles \(high\)/);
    expect(text).toMatch(/\n {4}enable_nestloop of role app_owner {2}not set {2}off\n/);
    expect(text).toContain('\n      ALTER ROLE "app_owner" RESET enable_nestloop;\n');
    const markdown = (await run([...urisOf(pair), '--format', 'markdown'])).stdout;
    expect(markdown).toContain('| enable_nestloop of role app_owner | not set | off |');
  });

  test('--fail-on says what is bad enough', async () => {
    const roles = [...urisOf(pair), '--group', 'settings'];
    expect((await run([...roles, '--fail-on', 'critical'])).code).toBe(0);
    expect((await run([...roles, '--fail-on', 'info'])).code).toBe(1);
    expect((await run([...urisOf(pair), '--group', 'jit', '--fail-on', 'info'])).code).toBe(0);
  });

  test('--save keeps it, --since says what changed', async () => {
    const file = join(folder, 'kept.json');
    const saved = await run([...urisOf(pair), '--save', file]);
    expect(saved.stderr).toContain(`kept in ${file}`);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const kept = comparisonSchema.parse(JSON.parse(await readFile(file, 'utf8')));
    expect(ids(kept.checks)).toEqual(ids(checksToCompare()));
    const same = reportOf(await run([...urisOf(pair), '--since', file, '--format', 'json'])).changes!;
    expect(same).toMatchObject({ since: kept.at, appeared: [], vanished: [], onlyBefore: [], onlyNow: [] });
    expect(ids(same.unchanged)).toEqual(expect.arrayContaining(['settings.planner', 'settings.roles']));

    await pair.target.coordinator.query('ALTER ROLE app_owner RESET enable_nestloop');
    const half = reportOf(await run([...urisOf(pair), '--since', file, '--format', 'json'])).changes!;
    expect(half.changed.find(({ id }) => id === 'settings.roles')).toMatchObject({
      evidenceAppeared: [],
      evidenceVanished: [{ what: 'enable_nestloop of role app_owner' }],
    });
    await pair.target.coordinator.query('ALTER ROLE app_owner SET jit = off');
    // The file that the window begins at is written anew.
    const mended = await run([...urisOf(pair), '--since', file, '--save', file]);
    expect(mended.stdout).toMatch(/\nsince .*\n(?:.*\n)*?- settings\.planner went away \(high\)/);
    const again = reportOf(await run([...urisOf(pair), '--since', file, '--format', 'json'])).changes!;
    expect([again.vanished, again.appeared, again.changed]).toEqual([[], [], []]);
    expect((await readdir(folder)).filter(name => name.endsWith('.tmp'))).toEqual([]);
  });

  test('neither a password of a connection nor one that a catalog holds is shown or kept', async () => {
    await pair.source.coordinator.query(`ALTER ROLE app_owner SET app.queue = 'host=h password=${secret}'`);
    const file = join(folder, 'secret.json');
    const uris = sides.flatMap(side => [`--${side}`, pair[side].uri.replace('app_owner@', `app_owner:${secret}@`)]);
    for (const format of ['text', 'json', 'markdown']) {
      const { stdout } = await run([...uris, '--group', 'settings', '--format', format, '--save', file]);
      expect(stdout).toContain('app.queue');
      expect(stdout.replaceAll('\\', '')).toContain('********');
    }
    expect(await readFile(file, 'utf8')).not.toContain(secret);
    await pair.source.coordinator.query('ALTER ROLE app_owner RESET app.queue');
  });

  test('takes clusters from a settings file', async () => {
    const on = (side: Side) => {
      const { host, port } = pair[side].coordinator;
      return { host, port, database: 'app', user: 'app_owner', label: `the ${side}` };
    };
    const named = join(folder, 'pairs.json');
    const eu = { name: 'eu', source: on('source'), target: on('target') };
    const write = (migrations: object[]) => writeFile(named, JSON.stringify({ 'cutover.migrations': migrations }));
    await write([eu]);
    const args = ['--settings', named, '--group', 'jit', '--format', 'json'];
    const only = await run(args);
    expect([only.code, only.stderr]).toEqual([0, expect.stringContaining(`the clusters of eu are those of ${named}`)]);
    expect(reportOf(only)).toMatchObject({ migration: 'eu', source: { label: 'the source' } });
    await write([eu, { ...eu, name: 'us' }]);
    const several = await run(args);
    expect([several.code, several.stderr]).toEqual([2, expect.stringContaining('several migrations')]);
    expect(several.stderr).toContain('eu, us');
    expect(reportOf(await run([...args, '--migration', 'us'])).migration).toBe('us');
    expect((await run(['--group', 'jit'])).stderr).toContain('--settings, or give --source and --target');
  });
});

const missing = await whyNoCitus();
if (missing) console.warn(`SKIPPED: cutover compare on Citus. ${missing}`);

describe.skipIf(missing)('on Citus 11.1 and 13.2', () => {
  let pair: LabPair;
  beforeAll(async () => {
    if (!missing) pair = await startCitusPair();
  });
  afterAll(() => pair?.stop());

  test('a worker that disagrees with its coordinator is named', async () => {
    for (const side of sides) await pair[side].coordinator.query('CREATE ROLE app LOGIN');
    const [worker] = pair.target.workers;
    await worker!.query('SET citus.enable_ddl_propagation = off; ALTER ROLE app SET enable_nestloop = off');
    const node = `${worker!.host}:${worker!.port}`;
    const { code, stdout } = await run([...urisOf(pair), '--format', 'json']);
    expect(code).toBe(1);
    const { findings } = reportOf({ stdout });
    expect(ids(findings)).toEqual(['settings.roles']);
    expect(findings[0]).toMatchObject({
      evidence: expect.arrayContaining([expect.objectContaining({ node, source: null, target: 'off' })]),
      remedy: [{ side: 'target', nodes: [node] }],
    });
    const { stdout: text } = await run([...urisOf(pair), '--group', 'settings'], { COLUMNS: '80' });
    expect(text).toContain(`\n    on ${node}\n`);
  });
});
