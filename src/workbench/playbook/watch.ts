/** Runs checks again as often as their `every=` says, once the user asked for it; says when a verdict flips. */
import { basename } from 'node:path';
import * as vscode from 'vscode';
import type { CheckVerdict } from '../../shared/check';
import { CommandError, errorText, isDismissed } from '../messages';
import type { PlaybookFiles } from './files';
import type { PlaybookRuns } from './runs';

/** Nothing is asked more often, whatever a playbook says: it costs the cluster something. */
const shortestMs = 5_000;

interface Watched {
  timer: NodeJS.Timeout;
  verdict: CheckVerdict | undefined;
}

export class PlaybookWatch implements vscode.Disposable {
  readonly #watched = new Map<string, Watched>();
  readonly #status = vscode.window.createStatusBarItem('cutover.watch', vscode.StatusBarAlignment.Left, 90);
  readonly #subscription: vscode.Disposable;

  constructor(
    private readonly files: PlaybookFiles,
    private readonly runs: PlaybookRuns,
    private readonly log: vscode.LogOutputChannel,
  ) {
    this.#status.name = 'Cutover: watched checks';
    this.#status.command = 'cutover.stopWatching';
    this.#subscription = runs.onDidRun(({ uri, result }) => {
      const watched = this.#watched.get(keyOf(uri, result.id));
      if (watched) this.#saw(uri, watched, result.id, result.verdict, result.summary);
    });
  }

  /** Of those with an `every=`. @throws CommandError when there is none. */
  async start(uri: vscode.Uri, ids?: readonly string[]): Promise<void> {
    const playbook = await this.files.get(uri);
    const wanted = (playbook?.checks ?? []).filter(
      ({ id, everyMs }) => id && everyMs && (!ids || ids.includes(id.value)),
    );
    if (wanted.length === 0)
      throw new CommandError(
        `No check of ${basename(uri.path)} says how often it is to be run. Add every=, as every=10m.`,
      );
    for (const { id, everyMs, result } of wanted) {
      const key = keyOf(uri, id!.value);
      if (this.#watched.has(key)) continue;
      const run = () => void this.#run(uri, id!.value);
      this.#watched.set(key, {
        timer: setInterval(run, Math.max(shortestMs, everyMs!.value)),
        verdict: result?.verdict,
      });
    }
    this.#show();
    await this.#runAll(
      uri,
      wanted.map(({ id }) => id!.value),
    );
  }

  stop(uri?: vscode.Uri, ids?: readonly string[]): void {
    for (const [key, { timer }] of this.#watched) {
      if (uri && !(ids ?? [undefined]).some(id => (id ? key === keyOf(uri, id) : key.startsWith(`${uri}#`)))) continue;
      clearInterval(timer);
      this.#watched.delete(key);
    }
    this.#show();
  }

  dispose(): void {
    this.stop();
    this.#subscription.dispose();
    this.#status.dispose();
  }

  async #run(uri: vscode.Uri, id: string): Promise<void> {
    await this.#runAll(uri, [id]);
  }

  /** What fails is said in the log, and once more at the next run: a message every ten minutes would be closed unread. */
  async #runAll(uri: vscode.Uri, ids: readonly string[]): Promise<void> {
    try {
      await this.runs.run(uri, ids, { mayAsk: false });
    } catch (error) {
      if (isDismissed(error)) return;
      this.log.error(`Watching ${basename(uri.path)}: ${errorText(error)}`);
      this.#status.text = `$(warning) Watching: ${errorText(error)}`.slice(0, 80);
    }
  }

  #saw(uri: vscode.Uri, watched: Watched, id: string, verdict: CheckVerdict, summary: string): void {
    const before = watched.verdict;
    watched.verdict = verdict;
    this.#show();
    if (before === undefined || before === verdict) return;
    const text = `Cutover: ${id} was ${before} and is ${verdict} now: ${summary}`;
    const show = 'Show';
    const said =
      verdict === 'pass'
        ? vscode.window.showInformationMessage(text, show)
        : vscode.window.showWarningMessage(text, show);
    void said.then(chosen => chosen && vscode.commands.executeCommand('cutover.playbook.reveal', uri.toString(), id));
  }

  #show(): void {
    const count = this.#watched.size;
    const failing = [...this.#watched.values()].filter(
      ({ verdict }) => verdict !== undefined && verdict !== 'pass',
    ).length;
    void vscode.commands.executeCommand('setContext', 'cutover.isWatching', count > 0);
    if (count === 0) {
      this.#status.hide();
      return;
    }
    this.#status.text = `$(eye) ${count} ${count === 1 ? 'check' : 'checks'}${failing > 0 ? ` $(warning) ${failing}` : ''}`;
    this.#status.tooltip = 'Cutover runs these checks again as often as their every= says. Click to stop.';
    this.#status.show();
  }
}

function keyOf(uri: vscode.Uri, id: string): string {
  return `${uri}#${id}`;
}
