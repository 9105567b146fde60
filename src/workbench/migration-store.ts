/** The migrations one can work with, and the one this workspace works with. */
import * as vscode from 'vscode';
import type { Migration } from '../shared/migration';
import type { ConfiguredMigration, MigrationList, SettingsProblem } from './migration-list';
import { configuredMigrations } from './settings';

const activeKey = 'cutover.activeMigration';

export class MigrationStore implements vscode.Disposable {
  readonly #changed = new vscode.EventEmitter<void>();
  /** The list, or which of it is active, changed. */
  readonly onDidChange = this.#changed.event;
  readonly #subscriptions: vscode.Disposable[];
  #list: MigrationList;

  constructor(private readonly workspaceState: vscode.Memento) {
    this.#list = configuredMigrations();
    this.#subscriptions = [
      vscode.workspace.onDidChangeConfiguration(event => {
        if (event.affectsConfiguration('cutover.migrations')) this.reload();
      }),
      vscode.workspace.onDidGrantWorkspaceTrust(() => this.reload()),
    ];
    this.#publish();
  }

  get all(): ConfiguredMigration[] {
    return this.#list.migrations;
  }

  get problems(): SettingsProblem[] {
    return this.#list.problems;
  }

  /** The selected one, else the only one there is. With several and none selected: undefined, for a guess may be the wrong cluster. */
  get active(): Migration | undefined {
    const name = this.workspaceState.get<string>(activeKey);
    const selected = this.all.find(entry => entry.migration.name === name);
    return (selected ?? (this.all.length === 1 ? this.all[0] : undefined))?.migration;
  }

  /** Reads the settings at once; whoever wrote them need not wait for the event. */
  reload(): void {
    this.#list = configuredMigrations();
    this.#publish();
  }

  async select(name: string): Promise<void> {
    await this.workspaceState.update(activeKey, name);
    this.#publish();
  }

  dispose(): void {
    for (const subscription of this.#subscriptions) subscription.dispose();
    this.#changed.dispose();
  }

  #publish(): void {
    void vscode.commands.executeCommand('setContext', 'cutover.hasMigration', this.all.length > 0);
    this.#changed.fire();
  }
}
