/**
 * Passwords, in SecretStorage alone, under keys that hold host, port, user and database (safety.md §8): a setting that
 * changes the host cannot make an old password travel. What the user does not want kept lives as long as the window.
 */
import type * as vscode from 'vscode';
import type { ConnectionSettings } from '../shared/migration';

/** Names of the kept keys, so that they can be listed and forgotten; SecretStorage cannot list before VS Code 1.104. */
const indexKey = 'cutover.passwordKeys';

export class PasswordStore {
  readonly #ofThisWindow = new Map<string, string>();

  constructor(
    private readonly secrets: vscode.SecretStorage,
    private readonly globalState: vscode.Memento,
  ) {}

  async find(settings: ConnectionSettings): Promise<string | undefined> {
    const key = await keyOf(settings);
    return this.#ofThisWindow.get(key) ?? (await this.secrets.get(key));
  }

  async rememberForThisWindow(settings: ConnectionSettings, password: string): Promise<void> {
    this.#ofThisWindow.set(await keyOf(settings), password);
  }

  async dropFromThisWindow(settings: ConnectionSettings): Promise<void> {
    this.#ofThisWindow.delete(await keyOf(settings));
  }

  async keep(settings: ConnectionSettings, password: string): Promise<void> {
    const key = await keyOf(settings);
    await this.secrets.store(key, password);
    this.#ofThisWindow.delete(key);
    await this.globalState.update(indexKey, [...new Set([...this.#index(), key])]);
  }

  /** What is known, kept or of this window, as keys; a key names host, port, user and database. */
  known(): string[] {
    return [...new Set([...this.#index(), ...this.#ofThisWindow.keys()])].sort();
  }

  async forgetKeys(keys: string[]): Promise<void> {
    for (const key of keys) {
      this.#ofThisWindow.delete(key);
      await this.secrets.delete(key);
    }
    const remaining = this.#index().filter(key => !keys.includes(key));
    await this.globalState.update(indexKey, remaining);
  }

  /** Forgets the passwords of connections that no other connection shares. */
  async forget(connections: ConnectionSettings[], others: ConnectionSettings[]): Promise<void> {
    const shared = new Set(await Promise.all(others.map(keyOf)));
    const keys = await Promise.all(connections.map(keyOf));
    await this.forgetKeys(keys.filter(key => !shared.has(key)));
  }

  #index(): string[] {
    return this.globalState.get<string[]>(indexKey, []);
  }
}

async function keyOf(settings: ConnectionSettings): Promise<string> {
  const { resolveProfile, secretKey } = await import('../cluster/connection');
  return secretKey(await resolveProfile(settings));
}
