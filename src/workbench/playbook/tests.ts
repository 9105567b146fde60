/** VS Code's Testing view: playbooks and phases are suites, checks are tests. Continuous runs repeat what has an `every=`. */
import { basename } from 'node:path';
import * as vscode from 'vscode';
import type { Playbook, PlaybookCheck } from '../../playbook/playbook';
import type { CheckResult } from '../../shared/check';
import { errorText, isDismissed } from '../messages';
import type { PlaybookFiles } from './files';
import type { PlaybookRuns } from './runs';
import type { PlaybookWatch } from './watch';

export class PlaybookTests implements vscode.Disposable {
  readonly #controller = vscode.tests.createTestController('cutover.playbook', 'Cutover Playbooks');
  readonly #subscriptions: vscode.Disposable[];
  /** Runs of this view, whose results it reports itself. */
  #own = 0;

  constructor(
    private readonly files: PlaybookFiles,
    private readonly runs: PlaybookRuns,
    private readonly watch: PlaybookWatch,
  ) {
    this.#controller.resolveHandler = () => this.#update();
    this.#controller.refreshHandler = () => this.#update();
    const profile = this.#controller.createRunProfile(
      'Run',
      vscode.TestRunProfileKind.Run,
      (request, token) => this.#run(request, token),
      true,
    );
    profile.supportsContinuousRun = true;
    this.#subscriptions = [
      this.#controller,
      files.onDidChange(() => void this.#update()),
      runs.onDidRun(({ uri, result }) => this.#own === 0 && this.#report(uri, result)),
    ];
  }

  dispose(): void {
    for (const subscription of this.#subscriptions) subscription.dispose();
  }

  async #update(): Promise<void> {
    const found = await this.files.all();
    const withChecks = found.filter(({ playbook }) => playbook.checks.some(({ id }) => id));
    this.#controller.items.replace(withChecks.map(({ uri, playbook }) => this.#fileItem(uri, playbook)));
  }

  #fileItem(uri: vscode.Uri, playbook: Playbook): vscode.TestItem {
    const item = this.#controller.createTestItem(uri.toString(), playbook.title?.value || basename(uri.path), uri);
    item.description = playbook.title ? basename(uri.path) : '';
    const rangeOf = lineRanges(playbook.text);
    const suites = new Map<string, vscode.TestItem>();
    const seen = new Set<string>();
    for (const check of playbook.checks) {
      if (!check.id || seen.has(check.id.value)) continue;
      seen.add(check.id.value);
      const title = check.phase?.title.value ?? '';
      let suite = title ? suites.get(title) : item;
      if (!suite) {
        suite = this.#controller.createTestItem(`${uri}#phase/${title}`, title, uri);
        suite.range = rangeOf(check.phase!.line);
        suite.sortText = String(suites.size).padStart(4, '0');
        suites.set(title, suite);
        item.children.add(suite);
      }
      suite.children.add(this.#checkItem(uri, check, rangeOf));
    }
    return item;
  }

  #checkItem(uri: vscode.Uri, check: PlaybookCheck, rangeOf: (line: number) => vscode.Range): vscode.TestItem {
    const item = this.#controller.createTestItem(testId(uri, check.id!.value), check.id!.value, uri);
    item.range = rangeOf(check.line);
    item.sortText = String(check.line).padStart(6, '0');
    if (check.step) item.description = check.step.title.value;
    return item;
  }

  async #run(request: vscode.TestRunRequest, token: vscode.CancellationToken): Promise<void> {
    if (this.#controller.items.size === 0) await this.#update();
    if (request.continuous) return this.#watch(request, token);
    const run = this.#controller.createTestRun(request);
    const wanted = this.#wanted(request);
    for (const items of wanted.values()) for (const item of items.values()) run.enqueued(item);
    this.#own++;
    try {
      for (const [uri, items] of wanted) await this.#runFile(run, vscode.Uri.parse(uri), items, token);
    } finally {
      this.#own--;
      run.end();
    }
  }

  async #runFile(
    run: vscode.TestRun,
    uri: vscode.Uri,
    items: ReadonlyMap<string, vscode.TestItem>,
    token: vscode.CancellationToken,
  ): Promise<void> {
    const open = new Map(items);
    for (const item of items.values()) run.started(item);
    try {
      await this.runs.run(uri, [...items.keys()], {
        token,
        onResult: result => {
          const item = open.get(result.id);
          open.delete(result.id);
          if (item) settle(run, item, result);
        },
      });
    } catch (error) {
      for (const item of open.values())
        isDismissed(error) ? run.skipped(item) : run.errored(item, new vscode.TestMessage(errorText(error)));
      open.clear();
    }
    for (const item of open.values()) run.skipped(item);
  }

  /** The run ends when the user switches watching off; results come as from any other run. */
  async #watch(request: vscode.TestRunRequest, token: vscode.CancellationToken): Promise<void> {
    const wanted = this.#wanted(request);
    for (const [uri, items] of wanted) await this.watch.start(vscode.Uri.parse(uri), [...items.keys()]);
    token.onCancellationRequested(() => {
      for (const [uri, items] of wanted) this.watch.stop(vscode.Uri.parse(uri), [...items.keys()]);
    });
  }

  /** Tests by playbook and id. */
  #wanted({ include, exclude }: vscode.TestRunRequest): Map<string, Map<string, vscode.TestItem>> {
    const wanted = new Map<string, Map<string, vscode.TestItem>>();
    const left = new Set(exclude);
    const queue = include ? [...include] : [...this.#controller.items].map(([, item]) => item);
    for (let item = queue.shift(); item; item = queue.shift()) {
      if (left.has(item)) continue;
      if (item.children.size > 0) for (const [, child] of item.children) queue.push(child);
      else if (item.uri) {
        const uri = item.uri.toString();
        if (!wanted.has(uri)) wanted.set(uri, new Map());
        wanted.get(uri)!.set(item.label, item);
      }
    }
    return wanted;
  }

  /** A check that was run elsewhere: from the editor, or while watching. */
  #report(uri: vscode.Uri, result: CheckResult): void {
    const item = this.#find(testId(uri, result.id));
    if (!item) return;
    const run = this.#controller.createTestRun(new vscode.TestRunRequest([item]), result.id, false);
    run.started(item);
    settle(run, item, result);
    run.end();
  }

  #find(id: string): vscode.TestItem | undefined {
    const queue = [...this.#controller.items].map(([, item]) => item);
    for (let item = queue.pop(); item; item = queue.pop()) {
      if (item.id === id) return item;
      for (const [, child] of item.children) queue.push(child);
    }
    return undefined;
  }
}

function testId(uri: vscode.Uri, id: string): string {
  return `${uri}#${id}`;
}

function lineRanges(text: string): (line: number) => vscode.Range {
  const lines = text.split(/\r\n|\n|\r/);
  return line => new vscode.Range(line - 1, 0, line - 1, lines[line - 1]?.length ?? 0);
}

/** What the Testing view shows where people look for it: message at the check, a diff where both sides should agree. */
function settle(run: vscode.TestRun, item: vscode.TestItem, result: CheckResult): void {
  const { verdict, summary, details, expected, actual, remedy, elapsedMs } = result;
  const lines = [`${result.id}: ${verdict}: ${summary}`, ...details.map(detail => `  ${detail}`)];
  if (remedy) lines.push('  To mend it:', ...remedy.split('\n').map(line => `    ${line}`));
  run.appendOutput(`${lines.join('\r\n')}\r\n`, undefined, item);
  if (verdict === 'pass') {
    run.passed(item, elapsedMs);
    return;
  }
  const text = [summary, ...details].join('\n');
  const message =
    expected !== undefined && actual !== undefined
      ? vscode.TestMessage.diff(text, expected, actual)
      : new vscode.TestMessage(text);
  if (item.uri && item.range) message.location = new vscode.Location(item.uri, item.range);
  if (verdict === 'fail') run.failed(item, message, elapsedMs);
  else run.errored(item, message, elapsedMs);
}
