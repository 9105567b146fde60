/** Changes to a playbook: minimal edits against the text as it is at that moment, one undo step each. */
import { basename } from 'node:path';
import * as vscode from 'vscode';
import type { TextEdit } from '../../playbook/edits';
import { CommandError } from '../messages';

/** Somebody may type between reading the text and changing it; then the edit is worked out anew. */
const attempts = 5;

/** `compute` sees the text as it is and may be asked again. */
type Compute = (text: string) => readonly TextEdit[];

/**
 * One edit, saved unless the document had unsaved changes before: those are the user's to save. @throws CommandError when the
 * file cannot be changed or saved; what `compute` throws.
 */
export async function editPlaybook(uri: vscode.Uri, compute: Compute): Promise<vscode.TextDocument> {
  const writer = await PlaybookWriter.open(uri);
  try {
    await writer.edit(compute);
    return writer.document;
  } finally {
    writer.dispose();
  }
}

/**
 * All edits of one playbook, one after another, whoever makes them: a run that writes its results, and a finding that is
 * recorded meanwhile. Whether it holds unsaved changes of the user is looked at once, and when somebody else changes it:
 * `isDirty` says so of Cutover's own edits, too, for a moment after they were saved.
 */
export class PlaybookWriter implements vscode.Disposable {
  /** Those in use, by address. */
  static readonly #open = new Map<string, PlaybookWriter>();
  #users = 0;
  #isApplying = false;
  #isUsersToSave: boolean;
  #last: Promise<unknown> = Promise.resolve();
  readonly #subscription: vscode.Disposable;

  private constructor(private current: vscode.TextDocument) {
    this.#isUsersToSave = current.isDirty;
    this.#subscription = vscode.workspace.onDidChangeTextDocument(({ document: changed, contentChanges }) => {
      if (changed === this.current && contentChanges.length > 0 && !this.#isApplying)
        this.#isUsersToSave = changed.isDirty;
    });
  }

  get document(): vscode.TextDocument {
    return this.current;
  }

  static async open(uri: vscode.Uri): Promise<PlaybookWriter> {
    const document = await vscode.workspace.openTextDocument(uri);
    const key = document.uri.toString();
    const writer = PlaybookWriter.#open.get(key) ?? new PlaybookWriter(document);
    PlaybookWriter.#open.set(key, writer);
    writer.#users++;
    return writer;
  }

  /** After those before it. @throws as {@link editPlaybook}. */
  edit(compute: Compute): Promise<void> {
    const done = this.#last.then(() => this.#edit(compute));
    this.#last = done.catch(() => {});
    return done;
  }

  /** Once for each time that it was opened. */
  dispose(): void {
    if (--this.#users > 0) return;
    PlaybookWriter.#open.delete(this.document.uri.toString());
    this.#subscription.dispose();
  }

  async #edit(compute: Compute): Promise<void> {
    // Its tab was closed meanwhile: what is kept of it is as it was then.
    if (this.current.isClosed) {
      this.current = await vscode.workspace.openTextDocument(this.current.uri);
      this.#isUsersToSave = this.current.isDirty;
    }
    const document = this.current;
    const name = basename(document.uri.path);
    for (let attempt = 1; ; attempt++) {
      const edits = compute(document.getText());
      if (edits.length === 0) return;
      if (await this.#apply(edits)) break;
      if (attempt >= attempts)
        throw new CommandError(`${name} could not be changed. It may be read-only, or is being edited; try again.`);
    }
    if (!this.#isUsersToSave && !(await document.save()))
      throw new CommandError(`${name} was changed but could not be saved. Save it yourself.`);
  }

  async #apply(edits: readonly TextEdit[]): Promise<boolean> {
    const { document } = this;
    const change = new vscode.WorkspaceEdit();
    for (const { start, end, text } of edits)
      change.replace(document.uri, new vscode.Range(document.positionAt(start), document.positionAt(end)), text);
    this.#isApplying = true;
    try {
      return await vscode.workspace.applyEdit(change);
    } finally {
      this.#isApplying = false;
    }
  }
}
