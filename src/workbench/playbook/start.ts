/** Playbooks: wires the language server's client, the Testing view, the view Playbook and the commands. */
import * as vscode from 'vscode';
import type { ServerContext } from '../../shared/playbook-server';
import type { Side } from '../../shared/side';
import { errorText } from '../messages';
import type { Workbench } from '../workbench';
import { AnswerDocuments } from './answers';
import type { PlaybookClient } from './client';
import { isPlaybook, PlaybookFiles } from './files';
import { PlaybookRuns } from './runs';
import { PlaybookTests } from './tests';
import { PlaybookView } from './view';
import { PlaybookWatch } from './watch';

type Register = <A extends unknown[]>(name: string, run: (...given: A) => Promise<unknown>) => vscode.Disposable;

/** What an item of the view Playbook hands to a command. */
type Given =
  | { uri: vscode.Uri; step?: { title: { value: string }; line: number }; phase?: { line: number } }
  | undefined;

export function startPlaybook(workbench: Workbench, register: Register): vscode.Disposable[] {
  const files = new PlaybookFiles(workbench.log);
  const runs = new PlaybookRuns(workbench);
  const watch = new PlaybookWatch(files, runs, workbench.log);
  const answers = new AnswerDocuments();
  const view = new PlaybookView(files, workbench.heavy);
  const changed = new vscode.EventEmitter<void>();
  const commands = () => import('./commands');
  const target = async (given: unknown): Promise<vscode.Uri> =>
    typeof given === 'string'
      ? vscode.Uri.parse(given)
      : given instanceof vscode.Uri
        ? given
        : (await commands()).activePlaybook().document.uri;
  const client = new ClientStart(workbench, () => contextOf(workbench, runs), changed.event);
  return [
    files,
    runs,
    watch,
    answers,
    changed,
    client,
    new PlaybookTests(files, runs, watch),
    view,
    runs.onDidChange(() => changed.fire()),
    workbench.migrations.onDidChange(() => changed.fire()),
    workbench.heavy.onDidChange(() => {
      changed.fire();
      view.refresh();
    }),
    vscode.workspace.onDidGrantWorkspaceTrust(() => changed.fire()),
    vscode.workspace.onDidChangeConfiguration(
      event => event.affectsConfiguration('cutover.playbook') && changed.fire(),
    ),
    register('newPlaybook', async () => (await commands()).newPlaybook(workbench)),
    register('runCheck', async () => (await commands()).runCheckAtCursor(runs)),
    register('runPhase', async (given?: Given) =>
      (await commands()).runPhaseAtCursor(runs, given?.phase && { uri: given.uri, line: given.phase.line }),
    ),
    register('runAllChecks', async (given?: unknown) =>
      (await commands()).runChecks(runs, await target(given), undefined),
    ),
    register('watchChecks', async (given?: unknown) => watch.start(await target(given))),
    register('stopWatching', async () => watch.stop()),
    register('startStep', async (given?: Given) => (await commands()).markStep('start', placeOf(given))),
    register('finishStep', async (given?: Given) => (await commands()).markStep('finish', placeOf(given))),
    register('playbook.runChecks', async (uri: string, ids: string[]) =>
      (await commands()).runChecks(runs, vscode.Uri.parse(uri), ids),
    ),
    register('playbook.showAnswer', async (uri: string, id: string, side: Side) =>
      (await commands()).showAnswer(runs, answers, vscode.Uri.parse(uri), id, side),
    ),
    register('playbook.startStep', async (uri: string, title: string, line: number) =>
      (await commands()).markStep('start', { uri: vscode.Uri.parse(uri), title, line }),
    ),
    register('playbook.finishStep', async (uri: string, title: string, line: number) =>
      (await commands()).markStep('finish', { uri: vscode.Uri.parse(uri), title, line }),
    ),
    register('playbook.reveal', async (uri: string, id: string) =>
      (await commands()).revealCheck(vscode.Uri.parse(uri), id),
    ),
  ];
}

function placeOf(given: Given): { uri: vscode.Uri; title: string; line: number } | undefined {
  return given?.step && { uri: given.uri, title: given.step.title.value, line: given.step.line };
}

function contextOf({ migrations, heavy, context: { extensionUri } }: Workbench, runs: PlaybookRuns): ServerContext {
  return {
    migrations: migrations.all.map(({ migration }) => migration.name),
    canRun: vscode.workspace.isTrusted,
    levels: vscode.workspace.getConfiguration('cutover.playbook').get<Record<string, string>>('diagnostics', {}),
    documentation: vscode.Uri.joinPath(extensionUri, 'docs', 'playbook.md').toString(),
    running: runs.running,
    heavy: heavy.all,
  };
}

/** Nothing of the language client is loaded before the first playbook is open. */
class ClientStart implements vscode.Disposable {
  #client: Promise<PlaybookClient> | undefined;
  readonly #subscription: vscode.Disposable;

  constructor(
    private readonly workbench: Workbench,
    private readonly context: () => ServerContext,
    private readonly onDidChangeContext: vscode.Event<void>,
  ) {
    this.#subscription = vscode.workspace.onDidOpenTextDocument(document => this.#startFor(document));
    for (const document of vscode.workspace.textDocuments) this.#startFor(document);
  }

  dispose(): void {
    this.#subscription.dispose();
    void this.#client?.then(
      client => client.dispose(),
      () => {},
    );
  }

  #startFor(document: vscode.TextDocument): void {
    if (this.#client || !isPlaybook(document)) return;
    const { workbench } = this;
    this.#client = import('./client').then(({ PlaybookClient }) =>
      PlaybookClient.start(workbench, this.context, this.onDidChangeContext),
    );
    this.#client.catch(error => {
      workbench.log.error(`The language server could not be started: ${errorText(error)}`);
      void vscode.window.showErrorMessage(
        `Cutover: playbooks are not checked, as the language server could not be started: ${errorText(error)}`,
      );
    });
  }
}
