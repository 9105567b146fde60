/** What is known of each migration's load: read with the slow statements, asked for by playbooks, which must cover it. */
import * as vscode from 'vscode';
import type { ServerContext } from '../shared/playbook-server';

type Heavy = ServerContext['heavy'];

const key = 'cutover.heavyStatements';

export class HeavyStatements implements vscode.Disposable {
  readonly #changed = new vscode.EventEmitter<void>();
  readonly onDidChange = this.#changed.event;

  constructor(private readonly memory: vscode.Memento) {}

  /** By migration. */
  get all(): Heavy {
    return this.memory.get<Heavy>(key, {});
  }

  async set(migration: string, statements: Heavy[string]): Promise<void> {
    await this.memory.update(key, { ...this.all, [migration]: statements });
    this.#changed.fire();
  }

  dispose(): void {
    this.#changed.dispose();
  }
}
