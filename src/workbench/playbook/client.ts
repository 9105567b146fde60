/** Starts the language server with the first playbook, tells it what it cannot know, and starts it again when it crashes. */
import { join } from 'node:path';
import * as vscode from 'vscode';
import { CloseAction, ErrorAction, type ErrorHandler, LanguageClient, TransportKind } from 'vscode-languageclient/node';
import { type ServerContext, serverMethods } from '../../shared/playbook-server';
import { errorText } from '../messages';
import type { Workbench } from '../workbench';
import { DatabaseNamesReader } from './database-names';

export const playbookSelector = [
  { language: 'markdown', pattern: '**/*.playbook.md' },
  { language: 'markdown', scheme: 'untitled', pattern: '**/*.playbook.md' },
];

/** More crashes than these within the time are no accident: the server stays down and says so. */
const crashes = { most: 4, withinMs: 180_000 };

export class PlaybookClient implements vscode.Disposable {
  readonly #client: LanguageClient;
  readonly #subscriptions: vscode.Disposable[];

  private constructor(
    private readonly workbench: Workbench,
    private readonly context: () => ServerContext,
    onDidChangeContext: vscode.Event<void>,
  ) {
    const { context: extension, log } = workbench;
    const module = join(extension.extensionPath, 'dist', 'language-server.js');
    const run = { module, transport: TransportKind.ipc };
    this.#client = new LanguageClient(
      'cutover.playbook',
      'Cutover Playbook',
      { run, debug: run },
      {
        documentSelector: playbookSelector,
        outputChannel: log,
        initializationOptions: () => context(),
        errorHandler: this.#errorHandler(),
        diagnosticPullOptions: { onChange: true, onSave: true, onTabs: true },
      },
    );
    const names = new DatabaseNamesReader(workbench);
    this.#client.onRequest(serverMethods.names, ({ migration }: { migration: string }) => names.read(migration));
    this.#subscriptions = [onDidChangeContext(() => void this.#tell())];
  }

  /** Rejects when the server cannot be started. */
  static async start(
    workbench: Workbench,
    context: () => ServerContext,
    onDidChangeContext: vscode.Event<void>,
  ): Promise<PlaybookClient> {
    const client = new PlaybookClient(workbench, context, onDidChangeContext);
    await client.#client.start();
    return client;
  }

  async stop(): Promise<void> {
    await this.#client.stop().catch(error => this.workbench.log.warn(`Language server: ${errorText(error)}`));
  }

  dispose(): void {
    for (const subscription of this.#subscriptions) subscription.dispose();
    void this.stop();
  }

  async #tell(): Promise<void> {
    if (!this.#client.isRunning()) return;
    try {
      await this.#client.sendNotification(serverMethods.context, this.context());
    } catch (error) {
      this.workbench.log.warn(`Language server: ${errorText(error)}`);
    }
  }

  #errorHandler(): ErrorHandler {
    let times: number[] = [];
    let told = false;
    return {
      error: () => ({ action: ErrorAction.Continue, handled: true }),
      closed: () => {
        const now = Date.now();
        times = [...times.filter(time => now - time < crashes.withinMs), now];
        this.workbench.log.error(`The language server ended (${times.length} of ${crashes.most} within 3 minutes).`);
        if (times.length > crashes.most) {
          void vscode.window
            .showErrorMessage(
              'Cutover: playbooks are not checked any more, as the language server keeps ending.',
              'Show Log',
            )
            .then(chosen => chosen && this.workbench.log.show());
          return { action: CloseAction.DoNotRestart, handled: true };
        }
        if (!told) {
          told = true;
          void vscode.window.showWarningMessage(
            'Cutover: the language server of playbooks ended and was started again.',
          );
        }
        return { action: CloseAction.Restart, handled: true };
      },
    };
  }
}
