/**
 * A real VS Code without a desktop: code-server (VS Code's own server and workbench) from npm, run by the Node it wants,
 * installed once per user. Nothing is downloaded but npm packages; two small native modules are compiled.
 */
import { spawn } from 'node:child_process';
import { access, cp, mkdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export interface VscodeInstallation {
  /** Version of VS Code inside, as `1.139.1`. */
  vscodeVersion: string;
  /** The Node that runs the server. */
  node: string;
  /** Folder of that Node, to stand first in the PATH of whatever the server starts. */
  nodeFolder: string;
  /** code-server's entry script. */
  entry: string;
  /** Options of the server that not every version knows. */
  serverOptions: string[];
  /** What this version calls its modern themes. */
  themes: { dark: string; light: string };
}

interface Release extends Pick<VscodeInstallation, 'serverOptions' | 'themes'> {
  codeServer: string;
  vscode: string;
  /** Node the server needs, from the npm package `node-<platform>-<arch>`. */
  node: string;
  /** npm packages it needs besides. */
  packages: string[];
  /** Native modules compiled inside lib/vscode. Without spdlog the Output panel stays empty and no log is written. */
  rebuild: string[];
  /** Native modules of code-server itself that are compiled. */
  rebuildServer: string[];
}

const ripgrepPackage = `@vscode/ripgrep-${process.platform}-${process.arch}`;

const releases = {
  current: {
    codeServer: '4.139.1',
    vscode: '1.139.1',
    node: '24.21.0',
    packages: [],
    rebuild: ['@vscode/spdlog', '@vscode/native-watchdog'],
    rebuildServer: [],
    // Otherwise a window that ended without a goodbye keeps its extension host, and its connections, for hours.
    serverOptions: ['--reconnection-grace-time', '5'],
    themes: { dark: 'Dark Modern', light: 'Light Modern' },
  },
  /** The oldest VS Code that `engines.vscode` allows and npm has a server for. */
  oldest: {
    codeServer: '4.100.3',
    vscode: '1.100.3',
    node: '20.20.2',
    packages: [`${ripgrepPackage}@1.18.0`],
    rebuild: ['@vscode/spdlog', 'native-watchdog', 'node-pty'],
    rebuildServer: ['argon2'],
    serverOptions: [],
    themes: { dark: 'Default Dark Modern', light: 'Default Light Modern' },
  },
} satisfies Record<string, Release>;

/** Which VS Code to drive: `current`, or `oldest` (environment variable CUTOVER_VSCODE) before a release. */
export type VscodeChoice = keyof typeof releases;

/** Where Cutover's scripts keep what is too large to fetch each time: $CUTOVER_CACHE, else ~/.cache/cutover. */
export function cacheFolder(): string {
  return process.env.CUTOVER_CACHE ?? join(homedir(), '.cache', 'cutover');
}

/** Installs code-server unless it is there already (about 2 minutes once). Several processes may call it at once. */
export async function installVscode(
  choice: VscodeChoice = chosenVscode(),
  report: (line: string) => void = () => {},
): Promise<VscodeInstallation> {
  const release: Release = releases[choice];
  const cache = cacheFolder();
  const folder = join(cache, `code-server-${release.codeServer}`);
  await mkdir(cache, { recursive: true });
  if (!(await exists(folder))) {
    await withLock(`${folder}.lock`, async () => {
      if (await exists(folder)) return;
      report(
        `Installing code-server ${release.codeServer} (VS Code ${release.vscode}) into ${folder}, about 2 minutes.`,
      );
      const draft = `${folder}.${process.pid}.tmp`;
      try {
        await install(release, draft);
        // The rename makes it whole: a folder of that name is a finished installation.
        await rename(draft, folder);
      } finally {
        await rm(draft, { recursive: true, force: true });
      }
    });
  }
  return installationIn(folder, release);
}

export function chosenVscode(): VscodeChoice {
  const choice = process.env.CUTOVER_VSCODE ?? 'current';
  if (choice !== 'current' && choice !== 'oldest') {
    throw new Error(`CUTOVER_VSCODE is "${choice}"; it may be "current" or "oldest".`);
  }
  return choice;
}

function installationIn(folder: string, release: Release): VscodeInstallation {
  const nodeFolder = join(folder, 'node_modules', nodePackage(), 'bin');
  return {
    vscodeVersion: release.vscode,
    node: join(nodeFolder, 'node'),
    nodeFolder,
    entry: join(folder, 'node_modules', 'code-server', 'out', 'node', 'entry.js'),
    serverOptions: release.serverOptions,
    themes: release.themes,
  };
}

function nodePackage(): string {
  return `node-${process.platform}-${process.arch}`;
}

async function install(release: Release, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), '{"private":true}');
  const quiet = ['--no-audit', '--no-fund', '--loglevel=error'];
  const packages = [`${nodePackage()}@${release.node}`, `code-server@${release.codeServer}`, ...release.packages];
  await run(folder, 'npm', ['install', '--ignore-scripts', '--no-save', ...quiet, ...packages]);

  const nodeHome = join(folder, 'node_modules', nodePackage());
  const server = join(folder, 'node_modules', 'code-server');
  const vscode = join(server, 'lib', 'vscode');
  const env = {
    PATH: `${join(nodeHome, 'bin')}${delimiter}${process.env.PATH ?? ''}`,
    // The headers of the Node that will load the modules, whatever the user's npm configuration says.
    npm_config_nodedir: nodeHome,
    npm_config_yes: 'true',
  };
  // Not `npm ci`: the shrinkwrap that code-server ships is out of step with its package.json.
  await run(vscode, 'npm', ['install', '--ignore-scripts', '--omit=dev', ...quiet], env);
  await run(join(vscode, 'extensions'), 'npm', ['install', '--ignore-scripts', '--omit=dev', ...quiet], env);
  await run(vscode, 'npm', ['rebuild', '--foreground-scripts', ...release.rebuild], env);
  if (release.rebuildServer.length > 0) {
    await run(folder, 'npm', ['rebuild', '--foreground-scripts', ...release.rebuildServer], env);
  }
  if (release === releases.oldest) await finishOldest(folder, vscode);
  await linkHelpers(vscode);
  // A native module that is missing shows now, not in the first test.
  const { node, entry } = installationIn(folder, release);
  await run(folder, node, [entry, '--version'], env);
  await run(vscode, node, ['-e', release.rebuild.map(name => `require('${name}')`).join(';')], env);
}

/** What code-server's postinstall script would link, had it not also wanted to download things. */
async function linkHelpers(vscode: string): Promise<void> {
  const system = process.platform === 'darwin' ? 'darwin' : 'linux';
  await replaceLink(`code-${system}.sh`, join(vscode, 'bin', 'remote-cli', 'code-server'));
  await replaceLink(`browser-${system}.sh`, join(vscode, 'bin', 'helpers', 'browser.sh'));
}

/** VS Code 1.100 looks for its modules under another name, and its ripgrep package downloads instead of shipping. */
async function finishOldest(folder: string, vscode: string): Promise<void> {
  await replaceLink('node_modules', join(vscode, 'node_modules.asar'));
  const expected = join(vscode, 'node_modules', '@vscode', 'ripgrep', 'bin');
  await mkdir(expected, { recursive: true });
  await cp(join(folder, 'node_modules', ripgrepPackage, 'bin', 'rg'), join(expected, 'rg'));
}

async function replaceLink(target: string, path: string): Promise<void> {
  await rm(path, { force: true });
  await symlink(target, path);
}

/** Runs a program to its end; its output is shown only when it fails. */
function run(cwd: string, command: string, args: string[], env: Record<string, string> = {}): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    const keep = (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-4000);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.on('error', reject);
    child.on('close', code => {
      if (code === 0) resolve();
      else
        reject(
          new Error(
            `"${command} ${args.join(' ')}" failed with ${code} in ${cwd} (compiling needs python3, make and g++):\n${output}`,
          ),
        );
    });
  });
}

/** One process installs, the others wait. A lock whose owner died is taken over. */
async function withLock(path: string, work: () => Promise<void>): Promise<void> {
  for (;;) {
    try {
      await writeFile(path, String(process.pid), { flag: 'wx' });
      break;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const owner = Number(await readFile(path, 'utf8').catch(() => ''));
    if (owner > 0 && !isAlive(owner)) await rm(path, { force: true });
    else await sleep(500);
  }
  try {
    await work();
  } finally {
    await rm(path, { force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
