/** Starts the VS Code server on a free port, with folders of its own, and stops it for sure. */
import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../lab/free-port';
import { createRunFolder } from '../../lab/run-folder';
import { type Bridge, bridgeExtension, connectBridge } from './bridge';
import { installVscode, type VscodeInstallation } from './installation';

export interface VscodeServerOptions {
  /** VSIX files to install. */
  extensions?: string[];
  /** User settings, on top of those that keep VS Code quiet. */
  settings?: Record<string, unknown>;
  /** Workspace trust is asked for and given as for users: a new folder starts in Restricted Mode. Default: all trusted. */
  workspaceTrust?: boolean;
  /** Lets a page URL name a test module to run in the extension host; also switches notifications off. */
  smokeTestDriver?: boolean;
  /** Installs the bridge, so that tests can run code in the extension host. */
  bridge?: boolean;
  /** Environment of the server, and so of the extension host. */
  env?: Record<string, string>;
  /** Told what is going on, as during the first installation. */
  report?: (line: string) => void;
}

export interface VscodeServer {
  installation: VscodeInstallation;
  port: number;
  /** Everything it writes lies below: `user` (settings, storage, logs), `ext`, `home`, `tmp`, `server.log`. */
  folder: string;
  /** There when asked for by `bridge: true`. */
  bridge?: Bridge;
  /** URL that opens a folder. */
  urlOf(workspace: string): string;
  stop(): Promise<void>;
}

/** Nothing asks, greets, updates or calls home. */
const quietSettings = {
  'workbench.startupEditor': 'none',
  'workbench.tips.enabled': false,
  'workbench.enableExperiments': false,
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'telemetry.telemetryLevel': 'off',
  'update.mode': 'none',
  'update.showReleaseNotes': false,
  'extensions.autoUpdate': 'off',
  'extensions.autoCheckUpdates': false,
  'extensions.ignoreRecommendations': true,
  'chat.disableAIFeatures': true,
  'chat.commandCenter.enabled': false,
  'npm.fetchOnlinePackageInfo': false,
  'typescript.disableAutomaticTypeAcquisition': true,
  'git.enabled': false,
  'git.autofetch': false,
  'github.gitAuthentication': false,
  'files.autoSave': 'off',
};

/** Longest time from start to the first answer; it is about a second on an idle machine. */
const startTimeoutMs = 60_000;

export async function startVscodeServer(options: VscodeServerOptions = {}): Promise<VscodeServer> {
  const installation = await installVscode(undefined, options.report);
  const run = await createRunFolder('vscode');
  const folder = run.path;
  try {
    for (const name of ['home', 'tmp', 'ext', 'user/User']) await mkdir(join(folder, name), { recursive: true });
    await writeFile(join(folder, 'config.yaml'), 'auth: none\n');
    const settingsFile = join(folder, 'user', 'User', 'settings.json');
    const settings = {
      ...quietSettings,
      'workbench.colorTheme': installation.themes.dark,
      ...trustSettings(options.workspaceTrust === true),
      ...options.settings,
    };
    await writeFile(settingsFile, JSON.stringify(settings, null, 2));
    const extensions = [...(options.extensions ?? []), ...(options.bridge ? [await bridgeExtension(folder)] : [])];
    for (const extension of extensions) {
      await runToEnd(installation, folder, ['--install-extension', extension, '--force'], options.env);
    }
    const port = await freePort();
    const bridgePort = options.bridge ? await freePort() : undefined;
    const env = { ...options.env, ...(bridgePort === undefined ? {} : { CUTOVER_BRIDGE_PORT: String(bridgePort) }) };
    const child = launch(installation, folder, [...installation.serverOptions, ...serverArguments(port, options)], env);
    const ended = new Promise<number | null>(resolve => child.once('close', resolve));
    await answers(port, child, join(folder, 'server.log'));
    return {
      installation,
      port,
      folder,
      ...(bridgePort === undefined ? {} : { bridge: connectBridge(bridgePort) }),
      urlOf: workspace => `http://127.0.0.1:${port}/?folder=${encodeURIComponent(workspace)}`,
      async stop() {
        child.kill('SIGTERM');
        await Promise.race([ended, sleep(5000, undefined, { ref: false })]);
        await run.remove();
      },
    };
  } catch (error) {
    await run.remove();
    throw error;
  }
}

function serverArguments(port: number, options: VscodeServerOptions): string[] {
  return [
    ...['--auth', 'none', '--bind-addr', `127.0.0.1:${port}`],
    ...['--disable-telemetry', '--disable-update-check', '--disable-getting-started-override'],
    ...['--ignore-last-opened', '--disable-proxy'],
    ...(options.workspaceTrust ? [] : ['--disable-workspace-trust']),
    ...(options.smokeTestDriver ? ['--vscode-option', 'enable-smoke-test-driver'] : []),
  ];
}

function trustSettings(trust: boolean): Record<string, unknown> {
  return trust
    ? { 'security.workspace.trust.enabled': true, 'security.workspace.trust.startupPrompt': 'never' }
    : { 'security.workspace.trust.enabled': false };
}

function launch(installation: VscodeInstallation, folder: string, args: string[], env: Record<string, string> = {}) {
  const { XDG_CONFIG_HOME, XDG_DATA_HOME, XDG_CACHE_HOME, XDG_RUNTIME_DIR, ...inherited } = process.env;
  const child = spawn(
    installation.node,
    [
      installation.entry,
      ...['--config', join(folder, 'config.yaml')],
      ...['--user-data-dir', join(folder, 'user')],
      ...['--extensions-dir', join(folder, 'ext')],
      ...args,
    ],
    {
      cwd: folder,
      // A session of its own: Ctrl-C goes to our process, which stops the server in order.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...inherited,
        PATH: `${installation.nodeFolder}${delimiter}${process.env.PATH ?? ''}`,
        HOME: join(folder, 'home'),
        TMPDIR: join(folder, 'tmp'),
        // No marketplace: nothing is looked up outside.
        EXTENSIONS_GALLERY: '{"serviceUrl":""}',
        ...env,
      },
    },
  );
  const log = createWriteStream(join(folder, 'server.log'), { flags: 'a' });
  child.stdout.pipe(log, { end: false });
  child.stderr.pipe(log, { end: false });
  child.once('close', () => log.end());
  return child;
}

async function runToEnd(
  installation: VscodeInstallation,
  folder: string,
  args: string[],
  env: Record<string, string> | undefined,
): Promise<void> {
  const child = launch(installation, folder, args, env);
  const code = await new Promise(resolve => child.once('close', resolve));
  if (code !== 0) throw new Error(`code-server ${args.join(' ')} failed with ${code}:\n${await tail(folder)}`);
}

async function answers(port: number, child: ReturnType<typeof launch>, log: string): Promise<void> {
  const deadline = Date.now() + startTimeoutMs;
  for (;;) {
    const answer = await fetch(`http://127.0.0.1:${port}/healthz`).catch(() => undefined);
    if (answer?.ok) return;
    if (child.exitCode !== null || Date.now() > deadline) {
      throw new Error(`The VS Code server did not start:\n${await tail(dirname(log))}`);
    }
    await sleep(100);
  }
}

async function tail(folder: string): Promise<string> {
  return (await readFile(join(folder, 'server.log'), 'utf8').catch(() => '')).slice(-4000);
}
