/**
 * Diagnoses of a duplicate key as read-only documents `cutover-duplicate-key:`. What may be done next stands above the text,
 * where it stays: a notification is gone before the text is read.
 */
import * as vscode from 'vscode';
import type { DuplicateKeyDiagnosis } from '../shared/duplicate-key';
import type { Migration } from '../shared/migration';
import { CommandError } from './messages';
import type { Workbench } from './workbench';

export const duplicateKeyScheme = 'cutover-duplicate-key';

/** What was asked, and what came of it. */
export interface Diagnosed {
  migration: Migration;
  errorText: string | undefined;
  diagnosis: DuplicateKeyDiagnosis;
  /** The diagnosis as Markdown. */
  text: string;
}

export class DuplicateKeyDocuments implements vscode.TextDocumentContentProvider, vscode.CodeLensProvider {
  readonly #diagnosed = new Map<string, Diagnosed>();
  readonly #changed = new vscode.EventEmitter<vscode.Uri>();
  readonly #lensesChanged = new vscode.EventEmitter<void>();
  readonly onDidChange = this.#changed.event;
  readonly onDidChangeCodeLenses = this.#lensesChanged.event;

  register(): vscode.Disposable {
    return vscode.Disposable.from(
      vscode.workspace.registerTextDocumentContentProvider(duplicateKeyScheme, this),
      vscode.languages.registerCodeLensProvider({ scheme: duplicateKeyScheme }, this),
      vscode.workspace.onDidCloseTextDocument(({ uri }) => this.#diagnosed.delete(uri.toString())),
      this.#changed,
      this.#lensesChanged,
    );
  }

  /** Opens it, or puts it in the place of the one that is open there. */
  async show(diagnosed: Diagnosed, replaced?: vscode.Uri): Promise<void> {
    const { side, at, error } = diagnosed.diagnosis;
    const index = (error?.index ?? '').replace(/[^\p{L}\p{N}._-]+/gu, ' ').trim();
    const path = `/${['Duplicate key', side, index].filter(Boolean).join(' - ')}.md`;
    const uri = replaced ?? vscode.Uri.from({ scheme: duplicateKeyScheme, path, query: at });
    this.#diagnosed.set(uri.toString(), diagnosed);
    this.#changed.fire(uri);
    this.#lensesChanged.fire();
    await vscode.window.showTextDocument(await vscode.workspace.openTextDocument(uri), { preview: false });
  }

  /** @throws CommandError when the window was closed meanwhile. */
  find(uri: vscode.Uri): Diagnosed {
    const diagnosed = this.#diagnosed.get(uri.toString());
    if (diagnosed) return diagnosed;
    throw new CommandError('This diagnosis is not kept any more.', [
      { title: 'Diagnose Duplicate Key', command: 'cutover.diagnoseDuplicateKey' },
    ]);
  }

  provideTextDocumentContent(uri: vscode.Uri): string {
    return this.#diagnosed.get(uri.toString())?.text ?? 'This diagnosis is not kept any more: diagnose again.\n';
  }

  provideCodeLenses({ uri }: vscode.TextDocument): vscode.CodeLens[] {
    const diagnosed = this.#diagnosed.get(uri.toString());
    if (!diagnosed) return [];
    const { indexes, scripts } = diagnosed.diagnosis;
    const top = new vscode.Range(0, 0, 0, 0);
    const lens = (title: string, command: string, tooltip: string) =>
      new vscode.CodeLens(top, { title, command, tooltip, arguments: [uri] });
    const isRead = indexes.some(({ state }) => state !== 'unchecked');
    return [
      ...(indexes.length > 0
        ? [
            lens(
              isRead ? 'Prove Again…' : 'Prove with amcheck…',
              'cutover.duplicateKey.prove',
              'Reads the indexes, after asking; changes nothing',
            ),
          ]
        : []),
      ...(scripts.length > 0
        ? [lens('Open Repair Script', 'cutover.duplicateKey.openScript', 'As SQL; Cutover runs none of it')]
        : []),
      lens('Record in Playbook', 'cutover.duplicateKey.record', 'With the evidence and the repair'),
      lens('Show Rendered', 'markdown.showPreview', 'The same, easier to read'),
    ];
  }
}

type Register = <A extends unknown[]>(name: string, run: (...given: A) => Promise<unknown>) => vscode.Disposable;

export function startDuplicateKey(workbench: Workbench, register: Register): vscode.Disposable[] {
  const documents = new DuplicateKeyDocuments();
  const commands = () => import('./duplicate-key');
  /** The palette names none: it means the one that is looked at. */
  const shown = (uri = vscode.window.activeTextEditor?.document.uri) => {
    if (uri) return uri;
    throw new CommandError('No diagnosis is open.', [
      { title: 'Diagnose Duplicate Key', command: 'cutover.diagnoseDuplicateKey' },
    ]);
  };
  return [
    documents.register(),
    register('diagnoseDuplicateKey', async () => (await commands()).diagnoseDuplicateKey(workbench, documents)),
    register('duplicateKey.prove', async (uri?: vscode.Uri) =>
      (await commands()).proveDuplicateKey(workbench, documents, shown(uri)),
    ),
    register('duplicateKey.openScript', async (uri?: vscode.Uri) =>
      (await commands()).openScript(documents.find(shown(uri)).diagnosis),
    ),
    register('duplicateKey.record', async (uri?: vscode.Uri) =>
      (await commands()).recordDiagnosis(workbench, documents.find(shown(uri))),
    ),
  ];
}
