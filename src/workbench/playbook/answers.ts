/** What one side answered to a check, as a read-only document: looked at, judged by nobody, kept nowhere. */
import * as vscode from 'vscode';
import { alignedTexts } from '../../playbook/expect/aligned-texts';
import type { NodeAnswer } from '../../shared/check';

const scheme = 'cutover-answer';

export class AnswerDocuments implements vscode.TextDocumentContentProvider, vscode.Disposable {
  readonly #changed = new vscode.EventEmitter<vscode.Uri>();
  readonly onDidChange = this.#changed.event;
  readonly #texts = new Map<string, string>();
  readonly #subscriptions = [
    vscode.workspace.registerTextDocumentContentProvider(scheme, this),
    vscode.workspace.onDidCloseTextDocument(({ uri }) => uri.scheme === scheme && this.#texts.delete(uri.path)),
  ];

  provideTextDocumentContent({ path }: vscode.Uri): string {
    return this.#texts.get(path) ?? 'This answer is gone. Ask again from the playbook.';
  }

  async show(id: string, side: string, answers: readonly NodeAnswer[]): Promise<void> {
    const uri = vscode.Uri.from({ scheme, path: `/${id.replaceAll('/', '.')} on ${side}` });
    this.#texts.set(uri.path, answers.map(answerText).join('\n\n'));
    this.#changed.fire(uri);
    const viewColumn = vscode.ViewColumn.Beside;
    await vscode.window.showTextDocument(uri, { viewColumn, preview: true, preserveFocus: true });
  }

  dispose(): void {
    for (const subscription of this.#subscriptions) subscription.dispose();
    this.#changed.dispose();
  }
}

function answerText({ side, node, columns, rows, truncated, elapsedMs, problem }: NodeAnswer): string {
  const head = `${side} ${node} (${elapsedMs.toFixed(1)} ms)`;
  if (problem) return [head, problem.message, problem.next].filter(Boolean).join('\n');
  const { expected: table } = alignedTexts([columns, rows], [columns, rows]);
  const count = `${truncated ? 'the first ' : ''}${rows.length} ${rows.length === 1 ? 'row' : 'rows'}`;
  return [head, '', table, '', count].join('\n');
}
