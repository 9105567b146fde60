/** The statement a command is about: under the cursor, selected, or named by a CodeLens. */
import * as vscode from 'vscode';
import type { LocatedStatement, TextRange } from '../sql/document';
import { CommandError } from './messages';

/** Languages of other extensions that hold PostgreSQL's SQL. */
const sqlLanguages = new Set(['sql', 'pgsql', 'postgres', 'plpgsql']);

export const statementSelector: vscode.DocumentSelector = [...sqlLanguages, 'markdown'].map(language => ({ language }));

/** What a CodeLens hands to a command. */
export interface StatementArguments {
  uri: string;
  /** Offset in the document inside the statement. */
  offset: number;
}

export interface StatementInDocument {
  document: vscode.TextDocument;
  /** Version of the document the offsets belong to. */
  documentVersion: number;
  statement: LocatedStatement;
}

/** Cutover's language id for a document: `sql` for every dialect id that stands for PostgreSQL. */
export function languageOf(document: vscode.TextDocument): string {
  return sqlLanguages.has(document.languageId) ? 'sql' : document.languageId;
}

/** @throws CommandError when there is no statement; it says where to put the cursor. */
export async function locateStatement(given?: StatementArguments): Promise<StatementInDocument> {
  const { statementAt } = await import('../sql/document');
  const editor = vscode.window.activeTextEditor;
  if (!given && !editor) {
    throw new CommandError('No editor is open. Open an SQL file, put the cursor into a statement and try again.');
  }
  const document = given ? await vscode.workspace.openTextDocument(vscode.Uri.parse(given.uri)) : editor!.document;
  const selection = given || editor!.selection.isEmpty ? undefined : rangeOf(document, editor!.selection);
  const offset = given ? given.offset : document.offsetAt(editor!.selection.active);
  const statement = statementAt(document.getText(), offset, languageOf(document), selection);
  if (statement) return { document, documentVersion: document.version, statement };
  const language = languageOf(document);
  if (language === 'sql') throw new CommandError('There is no statement here. Put the cursor into one, or select it.');
  if (language === 'markdown') {
    throw new CommandError('There is no statement here. Put the cursor into a ```sql block, or select a statement.');
  }
  throw new CommandError('No SQL is selected. In a file that is not SQL, select the whole statement.');
}

function rangeOf(document: vscode.TextDocument, selection: vscode.Selection): TextRange {
  return { start: document.offsetAt(selection.start), end: document.offsetAt(selection.end) };
}
