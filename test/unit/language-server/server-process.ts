/** The language server as the editor has it: bundled, in a process of its own, spoken to over IPC. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import {
  type ClientCapabilities,
  createProtocolConnection,
  type Diagnostic,
  type InitializeResult,
  IPCMessageReader,
  IPCMessageWriter,
  type Position,
  type ProtocolConnection,
  type Range,
} from 'vscode-languageserver/node';
import { type ServerContext, serverMethods } from '../../../src/shared/playbook-server';

const root = join(dirname(fileURLToPath(import.meta.url)), '../../..');

export interface BundledServer {
  module: string;
  remove(): Promise<void>;
}

/** As scripts/build.mjs makes it, in a folder of its own: a test needs no dist. */
export async function bundleLanguageServer(): Promise<BundledServer> {
  const folder = await mkdtemp(join(tmpdir(), 'cutover-server-'));
  const grammar = 'libpg-query.wasm';
  await copyFile(join(root, 'node_modules/@libpg-query/parser/wasm', grammar), join(folder, grammar));
  await build({
    absWorkingDir: root,
    entryPoints: ['src/language-server.ts'],
    outdir: folder,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    logLevel: 'warning',
  });
  return {
    module: join(folder, 'language-server.js'),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

export const trusted: ServerContext = {
  migrations: ['eu', 'us'],
  canRun: true,
  levels: {},
  documentation: 'https://example.org/playbook.md',
  running: {},
  heavy: {},
};

const refreshable: ClientCapabilities = {
  workspace: {
    diagnostics: { refreshSupport: true },
    codeLens: { refreshSupport: true },
    inlayHint: { refreshSupport: true },
  },
};

/** One open playbook is enough for every test. */
export const uri = 'file:///eu.playbook.md';

export class ServerProcess {
  /** What the server asked the editor to ask for anew, by method, in order. */
  readonly refreshed: string[] = [];
  /** What it wrote to the editor's log. */
  readonly logged: string[] = [];
  /** Answers `cutover/names`; null: nothing is connected. */
  names: (migration: string) => unknown = () => null;
  #version = 0;

  private constructor(
    readonly child: ChildProcess,
    readonly connection: ProtocolConnection,
    readonly initialized: InitializeResult,
  ) {}

  /** Ready when PostgreSQL's grammar is loaded, too. */
  static async start(module: string, context: ServerContext = trusted): Promise<ServerProcess> {
    const server = await ServerProcess.fork(module, context);
    await server.refreshes('workspace/diagnostic/refresh', () => server.connection.sendNotification('initialized', {}));
    return server;
  }

  static async fork(module: string, context: ServerContext = trusted): Promise<ServerProcess> {
    const child = fork(module, ['--node-ipc', `--clientProcessId=${process.pid}`], { execArgv: [] });
    const connection = createProtocolConnection(new IPCMessageReader(child), new IPCMessageWriter(child));
    connection.listen();
    const initialized: InitializeResult = await connection.sendRequest('initialize', {
      processId: process.pid,
      rootUri: null,
      capabilities: refreshable,
      initializationOptions: context,
    });
    const server = new ServerProcess(child, connection, initialized);
    for (const method of ['diagnostic', 'codeLens', 'inlayHint'])
      connection.onRequest(`workspace/${method}/refresh`, () => {
        server.refreshed.push(`workspace/${method}/refresh`);
        return null;
      });
    connection.onRequest(serverMethods.names, ({ migration }: { migration: string }) => server.names(migration));
    connection.onNotification('window/logMessage', ({ message }: { message: string }) => {
      server.logged.push(message);
    });
    return server;
  }

  /** Does `what` and waits until the server asks for a refresh. */
  async refreshes(method: string, what: () => unknown): Promise<void> {
    const before = this.refreshed.filter(each => each === method).length;
    await what();
    while (this.refreshed.filter(each => each === method).length === before)
      await new Promise(resolve => setTimeout(resolve, 5));
  }

  /** Opens the playbook anew, with this text. */
  async open(text: string): Promise<void> {
    if (this.#version > 0) await this.connection.sendNotification('textDocument/didClose', { textDocument: { uri } });
    const textDocument = { uri, languageId: 'markdown', version: ++this.#version, text };
    await this.connection.sendNotification('textDocument/didOpen', { textDocument });
  }

  async change(...contentChanges: { range: Range; text: string }[]): Promise<void> {
    const textDocument = { uri, version: ++this.#version };
    await this.connection.sendNotification('textDocument/didChange', { textDocument, contentChanges });
  }

  async context(changes: Partial<ServerContext>): Promise<void> {
    await this.connection.sendNotification(serverMethods.context, { ...trusted, ...changes });
  }

  /** A request about the playbook: `request('codeLens')`. */
  request<T>(method: string, params: object = {}, about = uri): Promise<T> {
    return this.connection.sendRequest(`textDocument/${method}`, { textDocument: { uri: about }, ...params });
  }

  at<T>(method: string, position: Position, params: object = {}): Promise<T> {
    return this.request(method, { position, ...params });
  }

  async diagnostics(): Promise<Diagnostic[]> {
    return (await this.request<{ items: Diagnostic[] }>('diagnostic')).items;
  }

  /** Ends it as an editor does; the exit code. */
  async stop(): Promise<number | null> {
    if (this.child.exitCode !== null) return this.child.exitCode;
    const exit = once(this.child, 'exit');
    await this.connection.sendRequest('shutdown');
    await this.connection.sendNotification('exit');
    const [code] = await exit;
    this.connection.dispose();
    return code;
  }
}
