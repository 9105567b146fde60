/** The playbooks of the workspace, read when they change; what the views show of them. */
import * as vscode from 'vscode';
import type { SectionMemory } from '../../playbook/blocks';
import type { Playbook } from '../../playbook/playbook';
import { errorText } from '../messages';

export const playbookGlob = '**/*.playbook.md';

export function isPlaybook({ uri, languageId }: vscode.TextDocument): boolean {
  return languageId === 'markdown' && uri.path.endsWith('.playbook.md') && uri.scheme !== 'git';
}

/** Whoever types is not read at every key. */
const quietMs = 300;

export class PlaybookFiles implements vscode.Disposable {
  readonly #changed = new vscode.EventEmitter<void>();
  readonly onDidChange = this.#changed.event;
  readonly #playbooks = new Map<string, { uri: vscode.Uri; playbook: Playbook; memory: SectionMemory }>();
  readonly #subscriptions: vscode.Disposable[];
  #found: Promise<void> | undefined;
  readonly #waiting = new Map<string, NodeJS.Timeout>();

  constructor(private readonly log: vscode.LogOutputChannel) {
    const watcher = vscode.workspace.createFileSystemWatcher(playbookGlob);
    const seen = (uri: vscode.Uri) => this.#later(uri);
    this.#subscriptions = [
      watcher,
      watcher.onDidCreate(seen),
      watcher.onDidChange(seen),
      watcher.onDidDelete(uri => {
        this.#playbooks.delete(uri.toString());
        this.#changed.fire();
      }),
      vscode.workspace.onDidChangeTextDocument(({ document }) => isPlaybook(document) && this.#later(document.uri)),
      vscode.workspace.onDidOpenTextDocument(document => isPlaybook(document) && this.#later(document.uri)),
    ];
  }

  /** By path; finds them when first asked. */
  async all(): Promise<{ uri: vscode.Uri; playbook: Playbook }[]> {
    this.#found ??= this.#find();
    await this.#found;
    return [...this.#playbooks.values()].sort((a, b) => a.uri.path.localeCompare(b.uri.path));
  }

  /** As it is now, read when it has not been yet. */
  async get(uri: vscode.Uri): Promise<Playbook | undefined> {
    if (!this.#playbooks.has(uri.toString())) await this.#read(uri);
    return this.#playbooks.get(uri.toString())?.playbook;
  }

  dispose(): void {
    for (const timer of this.#waiting.values()) clearTimeout(timer);
    for (const subscription of this.#subscriptions) subscription.dispose();
    this.#changed.dispose();
  }

  async #find(): Promise<void> {
    const found = await vscode.workspace.findFiles(playbookGlob, '**/node_modules/**');
    const open = vscode.workspace.textDocuments.filter(isPlaybook).map(({ uri }) => uri);
    await Promise.all([...found, ...open].map(uri => this.#read(uri)));
  }

  #later(uri: vscode.Uri): void {
    // Nobody has asked yet.
    if (!this.#found) return;
    const key = uri.toString();
    clearTimeout(this.#waiting.get(key));
    this.#waiting.set(
      key,
      setTimeout(() => {
        this.#waiting.delete(key);
        void this.#read(uri).then(() => this.#changed.fire());
      }, quietMs),
    );
  }

  async #read(uri: vscode.Uri): Promise<void> {
    const key = uri.toString();
    try {
      const [text, { readPlaybook }, { SectionMemory }] = await Promise.all([
        textOf(uri),
        import('../../playbook/playbook'),
        import('../../playbook/blocks'),
      ]);
      const memory = this.#playbooks.get(key)?.memory ?? new SectionMemory();
      this.#playbooks.set(key, { uri, memory, playbook: readPlaybook(text, memory) });
    } catch (error) {
      this.#playbooks.delete(key);
      this.log.warn(`${vscode.workspace.asRelativePath(uri)} cannot be read: ${errorText(error)}`);
    }
  }
}

/** Of the open document, else of the file: opening each would tell every extension of it. */
async function textOf(uri: vscode.Uri): Promise<string> {
  const open = vscode.workspace.textDocuments.find(document => document.uri.toString() === uri.toString());
  if (open) return open.getText();
  return new TextDecoder().decode(await vscode.workspace.fs.readFile(uri));
}
