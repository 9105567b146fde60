/** Changes to a playbook: minimal edits against the text as it is at that moment, one undo step each. */
import { basename } from 'node:path';
import * as vscode from 'vscode';
import type { TextEdit } from '../../playbook/edits';
import { CommandError } from '../messages';

/** Somebody may type between reading the text and changing it; then the edit is worked out anew. */
const attempts = 5;

/** Versions of documents as Cutover saved them: `isDirty` may still say otherwise for a moment, when the next result comes. */
const savedVersions = new WeakMap<vscode.TextDocument, number>();

/**
 * `compute` sees the text as it is and may be asked again. Saved, unless the document had unsaved changes before: those are
 * the user's to save. @throws CommandError when the file cannot be changed or saved; what `compute` throws.
 */
export async function editPlaybook(
  uri: vscode.Uri,
  compute: (text: string) => readonly TextEdit[],
): Promise<vscode.TextDocument> {
  const document = await vscode.workspace.openTextDocument(uri);
  const name = basename(uri.path);
  for (let attempt = 1; ; attempt++) {
    const wasDirty = document.isDirty && savedVersions.get(document) !== document.version;
    const edits = compute(document.getText());
    if (edits.length === 0) return document;
    const change = new vscode.WorkspaceEdit();
    for (const { start, end, text } of edits)
      change.replace(uri, new vscode.Range(document.positionAt(start), document.positionAt(end)), text);
    if (!(await vscode.workspace.applyEdit(change))) {
      if (attempt < attempts) continue;
      throw new CommandError(`${name} could not be changed. It may be read-only, or is being edited; try again.`);
    }
    if (wasDirty) return document;
    const { version } = document;
    if (!(await document.save()))
      throw new CommandError(`${name} was changed but could not be saved. Save it yourself.`);
    savedVersions.set(document, version);
    return document;
  }
}
