import { type ChildProcess, spawn } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { readPlaybook } from '../../src/playbook/playbook';
import { type CheckReport, checkReportSchema } from '../../src/shared/check-report';
import { type LabPair, startPlainPair } from '../lab/lab';

/** The bundle that ships; CUTOVER_CLI names another one. */
const cli = process.env.CUTOVER_CLI ?? fileURLToPath(new URL('../../dist/cli.js', import.meta.url));
const secret = 'hush-hush';

let pair: LabPair;
let folder: string;
let file: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cutover-check-'));
  pair = await startPlainPair();
  for (const { coordinator } of [pair.source, pair.target]) {
    await coordinator.query(`CREATE ROLE moves LOGIN PASSWORD '${secret}'`);
    await coordinator.query('CREATE TABLE t (id serial PRIMARY KEY, v int)');
    await coordinator.query('INSERT INTO t (v) SELECT g FROM generate_series(1, 5) g');
    await coordinator.query('GRANT SELECT ON t TO moves');
  }
  await pair.target.coordinator.query('DELETE FROM t WHERE id > 3');
});
afterAll(async () => {
  await pair?.stop();
  await rm(folder, { recursive: true, force: true });
});

const document = `---
cutover: 1
migration: eu
owner: the team   # theirs
---

# Move EU

## Comparison analysis

### Versions
- [ ] done
- owner: Ada

\`\`\`sql check id=versions on=both expect=same
SELECT current_setting('server_version');
\`\`\`
Text right below, with two blanks at its end.  

\`\`\`cutover check
id: versions.postgresql
\`\`\`

### Rows

\`\`\`sql check id=rows on=both expect=same
SELECT count(*) AS n FROM t
\`\`\`

\`\`\`sql check id=writes on=both expect=empty
DELETE FROM t RETURNING id
\`\`\`

## Go live

\`\`\`sql check id=broken on=nowhere expect=same
SELECT 1
\`\`\`

\`\`\`sql check id=null on=target expect=n = 1
SELECT NULL::int AS n
\`\`\`
`;

beforeEach(async () => {
  await rm(join(folder, 'move'), { recursive: true, force: true });
  await mkdir(join(folder, 'move', 'books'), { recursive: true });
  file = join(folder, 'move', 'books', 'eu.playbook.md');
  await writeFile(file, document);
});

/** No PG* variable of the machine, and no URI of an external pair, may decide what a test does. */
function start(args: string[], env: NodeJS.ProcessEnv = {}): ChildProcess {
  const surroundings = { PATH: process.env.PATH, HOME: folder, ...env };
  return spawn(process.execPath, [cli, 'check', ...args], { env: surroundings, stdio: ['ignore', 'pipe', 'pipe'] });
}

async function run(args: string[], env?: NodeJS.ProcessEnv) {
  const run = await finish(start(args, env));
  expect(run.stdout + run.stderr).not.toContain(secret);
  return run;
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

const both = () => ['--source', pair.source.uri, '--target', pair.target.uri];
const reportOf = ({ stdout }: { stdout: string }): CheckReport => checkReportSchema.parse(JSON.parse(stdout));
const verdicts = (report: CheckReport) => Object.fromEntries(report.checks.map(({ id, verdict }) => [id, verdict]));

test('each verdict is told apart, with what it rests on', async () => {
  const { code, stdout } = await run([file, ...both(), '--format', 'json']);
  expect(code).toBe(1);
  const report = reportOf({ stdout });
  expect(verdicts(report)).toEqual({
    versions: 'pass',
    'versions.postgresql': 'pass',
    rows: 'fail',
    writes: 'error',
    broken: 'error',
    null: 'unknown',
  });
  expect(report).toMatchObject({ verdict: 'fail', migration: 'eu', settings: null, notAsked: [] });
  const rows = report.checks.find(({ id }) => id === 'rows')!;
  expect(rows).toMatchObject({ phase: 'Comparison analysis', step: 'Rows', line: 26 });
  expect(rows.summary).toMatch(/5.*3/);
  expect(rows.source).toContain(`:${pair.source.coordinator.port}/app`);
  expect(report.checks.find(({ id }) => id === 'broken')!.summary).toContain('nowhere');
  // What was refused changed nothing.
  expect(await pair.source.coordinator.query('SELECT count(*)::int AS n FROM t')).toEqual([{ n: 5 }]);
});

test.each([
  [['--id', 'versions'], 0, '1 check: 1 passed.\n5 checks not asked: 5 never ran'],
  [['--id', 'rows', '--id', 'writes'], 1, '2 checks: 1 failed, 1 in error.'],
  [['--id', 'writes', '--id', 'null'], 2, '2 checks: 1 unknown, 1 in error.'],
  [['--id', 'null', '--id', 'versions'], 3, '2 checks: 1 passed, 1 unknown.'],
  [['--phase', 'go'], 2, '2 checks: 1 unknown, 1 in error.'],
])('%j ends with %i', async (args, code, closing) => {
  const done = await run([file, ...both(), ...args]);
  expect(done.stdout).toContain(closing);
  expect(done).toMatchObject({ code, stderr: '' });
});

test('text names each check with its mark', async () => {
  const { stdout } = await run([file, ...both()]);
  for (const start of ['✓ versions: ', '✓ versions.postgresql: ', '✗ rows: ', '! writes: ', '! broken: ', '? null: '])
    expect(stdout).toContain(`${start}`);
  expect(stdout.trimEnd().split('\n').at(-1)).toBe('6 checks: 2 passed, 1 failed, 1 unknown, 2 in error.');
});

test('--write records in one step, touches nothing else, and is idempotent', async () => {
  await chmod(file, 0o640);
  const { stderr } = await run([file, ...both(), '--write']);
  expect(stderr).toContain(`recorded 6 of 6 results in ${file}`);
  const written = await readFile(file, 'utf8');
  const { checks } = readPlaybook(written);
  expect(checks.map(({ id, result }) => `${id!.value} ${result!.verdict}`)).toEqual([
    'versions pass',
    'versions.postgresql pass',
    'rows fail',
    'writes error',
    'broken error',
    'null unknown',
  ]);
  const withoutResults = written.replace(/\n<!-- cutover:result [\s\S]*?<!-- \/cutover:result -->/g, '');
  expect(withoutResults).toBe(document);
  expect((await stat(file)).mode & 0o777).toBe(0o640);
  expect(await readdir(join(folder, 'move', 'books'))).toEqual(['eu.playbook.md']);
  await run([file, ...both(), '--write']);
  // The time of the results is all that may differ.
  const timeless = (text: string) => text.replace(/ 20\d\d-\S+Z /g, ' ');
  expect(timeless(await readFile(file, 'utf8'))).toBe(timeless(written));
});

test('a playbook that somebody changed meanwhile is left as it is', async () => {
  const slow = document.replace('SELECT 1\n', 'SELECT 1 FROM pg_sleep(2)\n').replace('on=nowhere', 'on=target');
  await writeFile(file, slow);
  const child = start([file, ...both(), '--id', 'broken', '--write']);
  const done = finish(child);
  await until(() => asleep('target'));
  await writeFile(file, `${slow}theirs\n`);
  const { code, stdout, stderr } = await done;
  expect(code).toBe(2);
  expect(stdout).toContain('1 check: ');
  expect(stderr).toContain('was changed by somebody else meanwhile');
  expect(await readFile(file, 'utf8')).toBe(`${slow}theirs\n`);
});

test('Ctrl-C ends what runs on the servers, and what was answered before is written', async () => {
  const slow = document.replace('DELETE FROM t RETURNING id', 'SELECT pg_sleep(300)');
  await writeFile(file, slow);
  const child = start([file, ...both(), '--write', '--format', 'json']);
  const done = finish(child);
  await until(async () => (await asleep('source')) && (await asleep('target')));
  child.kill('SIGINT');
  const { code, stdout, stderr } = await done;
  expect(code).toBe(130);
  expect(await asleep('source')).toBe(false);
  expect(await asleep('target')).toBe(false);
  const report = reportOf({ stdout });
  expect(verdicts(report)).toMatchObject({ versions: 'pass', rows: 'fail' });
  expect(report.notAsked.find(({ id }) => id === 'writes')).toMatchObject({ why: 'cancelled', last: null });
  expect(stderr).toContain('recorded 3 of 3 results');
  const results = readPlaybook(await readFile(file, 'utf8')).checks.map(({ result }) => result?.verdict);
  expect(results).toEqual(['pass', undefined, 'fail', undefined, 'error', undefined]);
});

describe('the settings file', () => {
  const settings = (user: string) => {
    const side = ({ coordinator: { host, port } }: LabPair['source']) => ({ host, port, database: 'app', user });
    const migrations = [{ name: 'eu', source: side(pair.source), target: { ...side(pair.target), label: 'new' } }];
    return `{ // comment\n "cutover.migrations": ${JSON.stringify(migrations)}, /* last */ }`;
  };
  const vscode = () => join(folder, 'move', '.vscode');

  test('is found above the playbook, and said', async () => {
    await mkdir(vscode());
    await writeFile(join(vscode(), 'settings.json'), settings('moves'));
    // Another one nearer that has nothing of Cutover.
    await mkdir(join(folder, 'move', 'books', '.vscode'));
    await writeFile(join(folder, 'move', 'books', '.vscode', 'settings.json'), '{"editor.tabSize": 2}');
    const env = { CUTOVER_SOURCE_PASSWORD: secret, PGPASSWORD: secret };
    const { code, stdout, stderr } = await run([file, '--id', 'versions', '--format', 'json'], env);
    expect([code, stderr]).toEqual([0, expect.stringContaining(join(vscode(), 'settings.json'))]);
    expect(reportOf({ stdout })).toMatchObject({ migration: 'eu', settings: join(vscode(), 'settings.json') });
  });

  test('can be named, and tells what it has', async () => {
    const named = join(folder, 'move', 'pairs.json');
    await writeFile(named, settings('postgres'));
    expect((await run([file, '--id', 'versions', '--settings', named])).code).toBe(0);
    const us = await run([file, '--settings', named, '--migration', 'us']);
    expect(us).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(`no migration us in ${named}.\n  There are eu.`),
    });
    await writeFile(named, settings('postgres').replace('"database"', `"password":"${secret}","database"`));
    const withPassword = await run([file, '--settings', named]);
    expect(withPassword.stderr).toContain('source.password is unknown');
    await writeFile(named, '{\n  "cutover.migrations": [}\n');
    expect((await run([file, '--settings', named])).stderr).toContain(`${named}:2:26: a value is missing.`);
  });

  test('is asked for where there is none', async () => {
    const { code, stderr } = await run([file]);
    expect([code, stderr]).toEqual([2, expect.stringContaining('--settings, or give --source and --target')]);
  });
});

test('a side that is down leaves its checks unknown, and says how to reach it', async () => {
  const args = [file, '--source', pair.source.uri, '--target', `postgresql://moves:${secret}@127.0.0.1:1/app`];
  const { code, stdout } = await run([...args, '--id', 'versions', '--id', 'versions.postgresql', '--format', 'json']);
  expect(code).toBe(3);
  const report = reportOf({ stdout });
  expect(verdicts(report)).toEqual({ versions: 'unknown', 'versions.postgresql': 'unknown' });
});

test('connection strings in rows are shown without their passwords', async () => {
  // Both sides answer differently, so that both rows are shown.
  const sql = `SELECT 'host=h password=${secret} port=' || current_setting('port')`;
  await writeFile(
    file,
    document.replace("SELECT current_setting('server_version')", () => sql),
  );
  for (const format of ['text', 'json', 'junit']) {
    const { stdout } = await run([file, ...both(), '--id', 'versions', '--format', format, '--write']);
    expect(stdout).toContain('password=********');
  }
  // In the question alone.
  expect((await readFile(file, 'utf8')).split(secret)).toHaveLength(2);
});

test('--lint asks no cluster and says where', async () => {
  const { code, stdout, stderr } = await run([file, '--lint']);
  expect(code).toBe(2);
  expect(stdout).toContain(`${file}:31:1: error: `);
  expect(stdout).toMatch(/:36:27: error: .*nowhere.* \(checkMalformed\)\n/);
  expect(stderr).toMatch(/^cutover: 2 errors, /);
  const fine = document.replace(/```sql check id=(?:writes|broken)[\s\S]*?\n```\n/g, '');
  await writeFile(file, fine);
  expect((await run([file, '--lint'])).code).toBe(0);
});

async function asleep(side: 'source' | 'target'): Promise<boolean> {
  const rows = await pair[side].coordinator.query(
    "SELECT 1 FROM pg_stat_activity WHERE application_name = 'cutover' AND wait_event = 'PgSleep'",
  );
  return rows.length > 0;
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + 20_000;
  while (!(await isSo())) {
    if (Date.now() > end) throw new Error('It never happened.');
    await new Promise(resolve => setTimeout(resolve, 20));
  }
}
