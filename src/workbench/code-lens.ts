/** "Explain on both sides" above each statement (setting `cutover.codeLens.enabled`). */
import * as vscode from 'vscode';
import { duplicateKeyScheme } from './duplicate-key-documents';
import { isPlaybook } from './playbook/files';
import { languageOf, type StatementArguments, statementSelector } from './statement-location';

/** Beyond this many characters a file is data, and lenses would only slow the editor down. */
const largestDocument = 1_000_000;

/**
 * In a playbook a check has lenses of its own, what stands in a result is its remedy, and much of the rest administers: only
 * what EXPLAIN takes, in a fence that is neither.
 */
function isExample(text: string, offset: number): boolean {
  if (!/^(?:select|values|table|with|insert|update|delete|merge|call)\b/i.test(text.slice(offset, offset + 10)))
    return false;
  const above = text.slice(0, offset);
  const opening = [...above.matchAll(/^[ \t>]*(?:`{3,}|~{3,}).*$/gm)].at(-1)?.[0] ?? '';
  return !/^[ \t]*>|\bcheck\b/.test(opening);
}

export class StatementLenses implements vscode.CodeLensProvider, vscode.Disposable {
  readonly #changed = new vscode.EventEmitter<void>();
  readonly onDidChangeCodeLenses = this.#changed.event;
  readonly #subscriptions = [
    vscode.languages.registerCodeLensProvider(statementSelector, this),
    vscode.workspace.onDidChangeConfiguration(event => {
      if (event.affectsConfiguration('cutover.codeLens')) this.#changed.fire();
    }),
  ];

  async provideCodeLenses(document: vscode.TextDocument): Promise<vscode.CodeLens[]> {
    const enabled = vscode.workspace.getConfiguration('cutover', document).get('codeLens.enabled', true);
    const text = document.getText();
    // The SQL of a diagnosis repairs; it is not to be explained.
    const isDiagnosis = document.uri.scheme === duplicateKeyScheme;
    if (!enabled || isDiagnosis || text.length > largestDocument) return [];
    const { listStatements } = await import('../sql/document');
    const statements = listStatements(text, languageOf(document)).filter(
      ({ range }) => !isPlaybook(document) || isExample(text, range.start),
    );
    return statements.flatMap(({ range }) => {
      const at = new vscode.Range(document.positionAt(range.start), document.positionAt(range.end));
      const given: StatementArguments = { uri: document.uri.toString(), offset: range.start };
      return [
        new vscode.CodeLens(at, {
          command: 'cutover.explain',
          title: 'Explain on both sides',
          tooltip: 'Cutover: compares both plans; nothing is executed',
          arguments: [given],
        }),
        new vscode.CodeLens(at, {
          command: 'cutover.explainAnalyze',
          title: 'Explain analyze',
          tooltip: 'Cutover: executes the statement on both sides and measures it, after asking',
          arguments: [given],
        }),
      ];
    });
  }

  dispose(): void {
    for (const subscription of this.#subscriptions) subscription.dispose();
    this.#changed.dispose();
  }
}
