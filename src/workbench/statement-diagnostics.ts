/** Marks in the editor where a server found an error in the statement, until the document changes. */
import * as vscode from 'vscode';
import type { ViewError } from '../shared/plan-diff';
import type { LocatedStatement } from '../sql/document';
import type { StatementInDocument } from './statement-location';

export interface PlacedError {
  /** Who says so: a side, or Cutover itself. */
  from: string;
  error: ViewError;
}

export class StatementDiagnostics implements vscode.Disposable {
  readonly #collection = vscode.languages.createDiagnosticCollection('cutover');
  readonly #subscription = vscode.workspace.onDidChangeTextDocument(({ document, contentChanges }) => {
    if (contentChanges.length > 0) this.#collection.delete(document.uri);
  });

  clear(uri: vscode.Uri): void {
    this.#collection.delete(uri);
  }

  /** Those errors that have a position; the same error of both sides once. */
  show({ document, documentVersion, statement }: StatementInDocument, errors: PlacedError[]): void {
    if (document.version !== documentVersion) return;
    const found = new Map<string, vscode.Diagnostic>();
    for (const { from, error } of errors) {
      if (error.position === undefined) continue;
      const key = `${error.position} ${error.message}`;
      const former = found.get(key);
      if (former) former.source = 'Cutover: both sides';
      else found.set(key, diagnosticOf(document, statement, error, `Cutover: ${from}`));
    }
    this.#collection.set(document.uri, [...found.values()]);
  }

  dispose(): void {
    this.#collection.dispose();
    this.#subscription.dispose();
  }
}

function diagnosticOf(
  document: vscode.TextDocument,
  statement: LocatedStatement,
  error: ViewError,
  source: string,
): vscode.Diagnostic {
  // The server counts characters, the editor UTF-16 units.
  const before = [...statement.text].slice(0, error.position! - 1).join('').length;
  const at = document.positionAt(statement.offsetOf(before));
  const range = document.getWordRangeAtPosition(at) ?? new vscode.Range(at, at.translate(0, 1));
  const message = [error.message, error.detail, error.hint].filter(Boolean).join('\n');
  const diagnostic = new vscode.Diagnostic(range, message, vscode.DiagnosticSeverity.Error);
  diagnostic.source = source;
  if (error.sqlstate) diagnostic.code = error.sqlstate;
  return diagnostic;
}
