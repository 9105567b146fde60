/** Runs checks of a playbook and writes their results into it, each as soon as it is there. */
import { basename } from 'node:path';
import * as vscode from 'vscode';
import { askedCheck } from '../../diagnosis/asked-check';
import type { CheckResult, NodeAnswer } from '../../shared/check';
import type { Migration } from '../../shared/migration';
import type { Side } from '../../shared/side';
import { type BothSides, logInToBoth } from '../both-sides';
import { CommandError, errorText, signalOf } from '../messages';
import { requireTrust, type Workbench } from '../workbench';
import { PlaybookWriter } from './edit';

export interface CheckEvent {
  uri: vscode.Uri;
  result: CheckResult;
}

export interface RunOptions {
  token?: vscode.CancellationToken | undefined;
  onResult?: ((result: CheckResult) => void) | undefined;
  /** For a password where a server wants one; the usual. */
  mayAsk?: boolean;
}

export class PlaybookRuns implements vscode.Disposable {
  readonly #changed = new vscode.EventEmitter<void>();
  /** Which checks are running changed. */
  readonly onDidChange = this.#changed.event;
  readonly #ran = new vscode.EventEmitter<CheckEvent>();
  readonly onDidRun = this.#ran.event;
  readonly #running = new Map<string, Set<string>>();

  constructor(private readonly workbench: Workbench) {}

  /** By the playbook's address. */
  get running(): Record<string, string[]> {
    return Object.fromEntries([...this.#running].map(([uri, ids]) => [uri, [...ids]]));
  }

  /**
   * The checks with these ids, or all of them. Results are written into the playbook as they come. @throws CommandError when
   * nothing can be run at all; what fails of a single check is its result.
   */
  async run(uri: vscode.Uri, ids: readonly string[] | undefined, options: RunOptions = {}): Promise<CheckResult[]> {
    requireTrust();
    const { playbook, migration } = await this.#playbookOf(uri);
    const wanted = playbook.checks.filter(({ id }) => id && (ids === undefined || ids.includes(id.value)));
    if (wanted.length === 0) throw new CommandError(`${basename(uri.path)} has no such check any more.`);
    const definitions = new Map(wanted.map(check => [check.id!.value, check.definition]));
    const failures: unknown[] = [];
    const writing: Promise<unknown>[] = [];
    const writer = await PlaybookWriter.open(uri);
    const take = (result: CheckResult): void => {
      this.#setRunning(uri, [result.id], false);
      options.onResult?.(result);
      this.#ran.fire({ uri, result });
      writing.push(this.#record(writer, result, definitions.get(result.id)!).catch(error => failures.push(error)));
    };
    const names = [...definitions.keys()];
    this.#setRunning(uri, names, true);
    try {
      const [{ runChecks }, job] = await Promise.all([
        import('../../diagnosis/run-checks'),
        this.#job(migration, options.token, options.mayAsk),
      ]);
      const results = await runChecks(job, wanted.map(askedCheck), take);
      await Promise.all(writing);
      if (failures.length > 0) throw failures[0];
      const verdicts = results.map(({ id, verdict }) => `${id} ${verdict}`).join(', ');
      this.workbench.log.info(`${migration.name}: ${basename(uri.path)}: ${verdicts}`);
      return results;
    } finally {
      await Promise.all(writing);
      writer.dispose();
      this.#setRunning(uri, names, false);
    }
  }

  /** What the nodes of one side answer to a check in SQL; judged by nobody and written nowhere. */
  async answer(uri: vscode.Uri, id: string, side: Side, token?: vscode.CancellationToken): Promise<NodeAnswer[]> {
    requireTrust();
    const { playbook, migration } = await this.#playbookOf(uri);
    const check = playbook.checks.find(each => each.id?.value === id && each.kind === 'sql');
    if (!check) throw new CommandError(`${basename(uri.path)} has no check ${id} any more.`);
    const [{ askSide }, job] = await Promise.all([import('../../diagnosis/run-checks'), this.#job(migration, token)]);
    return askSide(job, { sql: check.content.text, on: check.on.value }, side);
  }

  dispose(): void {
    this.#changed.dispose();
    this.#ran.dispose();
  }

  async #playbookOf(uri: vscode.Uri) {
    const [document, { readPlaybook }] = await Promise.all([
      vscode.workspace.openTextDocument(uri),
      import('../../playbook/playbook'),
    ]);
    const playbook = readPlaybook(document.getText());
    return { playbook, migration: this.#migrationOf(uri, playbook.frontMatter?.migration) };
  }

  #migrationOf(uri: vscode.Uri, name: string | undefined): Migration {
    const { all } = this.workbench.migrations;
    const found = all.find(({ migration }) => migration.name === name)?.migration;
    if (found) return found;
    const actions = [{ title: 'Add Migration…', command: 'cutover.addMigration' }];
    const file = basename(uri.path);
    if (name === undefined)
      throw new CommandError(
        `${file} names no migration. Add “migration: …” to its front matter.`,
        all.length > 0 ? [] : actions,
      );
    const known = all.length > 0 ? ` There are ${all.map(({ migration }) => migration.name).join(', ')}.` : '';
    throw new CommandError(`${file} is of the migration ${name}, which is not in the settings.${known}`, actions);
  }

  async #job(migration: Migration, token?: vscode.CancellationToken, mayAsk = true): Promise<BothSides> {
    return (await logInToBoth(this.workbench, migration, token && signalOf(token), mayAsk)).job;
  }

  async #record(writer: PlaybookWriter, result: CheckResult, definition: string): Promise<void> {
    const { recordResult } = await import('../../playbook/results');
    try {
      await writer.edit(text => recordResult(text, result, definition).edits);
    } catch (error) {
      throw new CommandError(
        `The result of ${result.id} (${result.verdict}) could not be written: ${errorText(error)}`,
      );
    }
  }

  #setRunning(uri: vscode.Uri, ids: readonly string[], running: boolean): void {
    const key = uri.toString();
    const now = this.#running.get(key) ?? new Set();
    for (const id of ids) running ? now.add(id) : now.delete(id);
    if (now.size > 0) this.#running.set(key, now);
    else this.#running.delete(key);
    this.#changed.fire();
  }
}
