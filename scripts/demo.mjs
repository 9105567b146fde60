/**
 * Shows Cutover at work: clusters with the rollup scenario, the packaged extension in a real VS Code on a small workspace.
 * `--report` prints what the command line says about the rollup instead; `--code-server` takes the browser even where a
 * desktop VS Code is installed. Ctrl-C ends everything.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureDependencies, ensureSystem } from './ensure.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const reportOnly = process.argv.includes('--report');
const desktop = process.argv.includes('--code-server') ? undefined : desktopCode();

// The report goes to standard output alone, for a pipeline; everything else is talk.
const say = line => console.error(line);
let stopping = false;
const stops = [];
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => void stop(0));

try {
  ensureDependencies();
  const needed = reportOnly || desktop ? ['postgres'] : ['postgres', 'compiler'];
  for (const line of await ensureSystem(needed)) say(line);
  const { loadTypeScript } = await import('./load-typescript.mjs');
  const project = await loadTypeScript(
    'test/lab/lab.ts',
    'test/lab/lab-unavailable.ts',
    'test/lab/run-folder.ts',
    'test/lab/scenarios/rollup.ts',
    'test/host/driver/server.ts',
    'test/host/driver/packaged-extension.ts',
  );
  const folder = await project.createRunFolder('demo');
  stops.push(() => folder.remove());
  const [pair, extension] = await Promise.all([startPair(project), reportOnly ? build() : project.packagedExtension()]);
  const workspace = await writeWorkspace(project, join(folder.path, 'cutover-demo'), pair);
  if (reportOnly) await stop(report(workspace, pair));
  else if (desktop) openDesktop(desktop, folder.path, workspace, extension);
  else await openInBrowser(project, workspace, extension);
} catch (error) {
  if (!stopping) {
    console.error(error instanceof Error ? error.message : error);
    await stop(1);
  }
}

async function stop(code) {
  if (stopping) return;
  stopping = true;
  if (!reportOnly) say('\nStopping …');
  for (const undo of stops.reverse()) await undo();
  process.exit(code);
}

/** Clusters of one's own first, then Citus where it is found, else plain PostgreSQL. */
async function startPair({ startPlainPair, startCitusPair, externalPair, LabUnavailable }) {
  const orElse = async (start, next) => {
    try {
      return await start();
    } catch (error) {
      if (!(error instanceof LabUnavailable)) throw error;
      return next();
    }
  };
  say('Starting the clusters and loading the rollup scenario …');
  const pair = await orElse(externalPair, () =>
    orElse(
      () => startCitusPair({ scenario: 'rollup' }),
      () => startPlainPair({ scenario: 'rollup' }),
    ),
  );
  stops.push(() => pair.stop());
  const name = ({ citusVersion, coordinator }) =>
    `PostgreSQL ${coordinator.majorVersion}${citusVersion ? `, Citus ${citusVersion}` : ''}, port ${coordinator.port}`;
  say(`Source: ${name(pair.source)}. Target: ${name(pair.target)}.${pair.jit ? '' : ' No JIT here.'}`);
  return pair;
}

async function build() {
  execFileSync(process.execPath, [join(root, 'scripts', 'build.mjs')], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

/** What an engineer's folder holds on migration day. */
async function writeWorkspace({ rollupStatement }, workspace, pair) {
  await mkdir(join(workspace, '.vscode'), { recursive: true });
  const connection = (cluster, label) => {
    const { hostname, port, pathname, username } = new URL(cluster.uri);
    return { host: hostname, port: Number(port || 5432), database: pathname.slice(1), user: username, label };
  };
  const settings = {
    'cutover.migrations': [
      {
        name: 'rollup demo',
        // A real source stays protected; here nobody is hurt when a write is executed and rolled back.
        source: { ...connection(pair.source, 'old cluster'), protected: false },
        target: connection(pair.target, 'new cluster'),
      },
    ],
  };
  await writeFile(join(workspace, '.vscode', 'settings.json'), `${JSON.stringify(settings, null, 2)}\n`);
  await writeFile(join(workspace, 'rollup.sql'), `${await rollupStatement()}\n${await demoFile('queries.sql')}`);
  await writeFile(join(workspace, 'README.md'), await demoFile('README.md'));
  return workspace;
}

function demoFile(name) {
  return readFile(join(root, 'scripts', 'demo', name), 'utf8');
}

function report(workspace, pair) {
  const { status } = spawnSync(
    process.execPath,
    [
      join(root, 'dist', 'cli.js'),
      ...['explain', '--source', pair.source.uri, '--target', pair.target.uri],
      ...['--analyze', '--analyze-writes', 'both', '--prove', '--file', join(workspace, 'rollup.sql'), '--line', '2'],
      ...['--format', 'text'],
    ],
    { stdio: ['ignore', 'inherit', 'inherit'] },
  );
  return status ?? 1;
}

async function openInBrowser({ startVscodeServer }, workspace, extension) {
  const server = await startVscodeServer({ extensions: [extension], report: say });
  stops.push(() => server.stop());
  const file = `vscode-remote://127.0.0.1:${server.port}${join(workspace, 'rollup.sql')}`;
  const url = `${server.urlOf(workspace)}&payload=${encodeURIComponent(JSON.stringify([['openFile', file]]))}`;
  showSteps(`VS Code ${server.installation.vscodeVersion} is at ${url}`);
}

/** A desktop VS Code with folders of its own, so that the user's settings and extensions stay as they are. */
function openDesktop(code, folder, workspace, extension) {
  const own = ['--user-data-dir', join(folder, 'user'), '--extensions-dir', join(folder, 'ext')];
  execFileSync(code, [...own, '--install-extension', extension, '--force'], { stdio: ['ignore', 'ignore', 'inherit'] });
  const window = spawn(
    code,
    [...own, '--wait', '--new-window', '--disable-workspace-trust', workspace, join(workspace, 'rollup.sql')],
    { stdio: 'ignore' },
  );
  window.once('exit', () => void stop(0));
  showSteps(`VS Code opens on ${workspace}`);
}

function showSteps(where) {
  say(`
1. ${where}
2. In rollup.sql put the cursor into the INSERT, run "Cutover: Explain Analyze on Both Sides" (F1), and read the cause.
3. Click the cause for its evidence and its fix; "Prove" runs experiments on the target, each rolled back.
4. Click "Record in Playbook". Then put the cursor into the CALL and explain that: the panel shows what runs inside it.
5. Ctrl-C here ends the clusters and VS Code and removes everything.`);
}

/** A `code` that opens windows on this machine: not inside a remote session, not as root (Electron refuses). */
function desktopCode() {
  const headless = process.platform === 'linux' && !process.env.DISPLAY && !process.env.WAYLAND_DISPLAY;
  if (headless || process.getuid?.() === 0 || process.env.VSCODE_IPC_HOOK_CLI) return undefined;
  const names = process.platform === 'win32' ? ['code.cmd'] : ['code', 'codium'];
  const folders = (process.env.PATH ?? '').split(delimiter).filter(Boolean);
  return folders.flatMap(path => names.map(name => join(path, name))).find(existsSync);
}
