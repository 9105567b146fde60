/** Record in Playbook: finds or creates the playbook of the migration and writes the finding as one undoable edit. */
import { basename } from 'node:path';
import * as vscode from 'vscode';
import type { Finding } from '../playbook/record';
import { CommandError, Dismissed } from './messages';
import type { StoredResult } from './plan-store';
import { editPlaybook } from './playbook/edit';
import { askChoice, back, type Choice } from './quick-steps';
import { stepDone } from './walkthrough';
import type { Workbench } from './workbench';

/** Records what the current panel shows. @throws CommandError when there is no result to record. */
export async function recordCurrent(workbench: Workbench): Promise<void> {
  const { current } = await workbench.panels();
  if (!current?.result) {
    throw new CommandError('There is no result to record yet. Explain a statement on both sides first.', [
      { title: 'Explain on Both Sides', command: 'cutover.explain' },
    ]);
  }
  await current.record();
}

/** Writes the finding of a result; answers the playbook's file. */
export async function recordResult(workbench: Workbench, { view }: StoredResult): Promise<string> {
  const { explainFinding } = await import('../playbook/finding');
  const about = { migration: view.migration, sourceLabel: view.source.label, targetLabel: view.target.label };
  return recordInPlaybook(workbench, about, explainFinding(view));
}

/** Whose playbook it is, and what a new one says of the sides. */
export interface About {
  migration: string;
  sourceLabel: string;
  targetLabel: string;
}

/**
 * Writes a finding into the playbook of its migration; answers the file. The edit is saved, unless the document had unsaved
 * changes before: those are the user's to save.
 */
export async function recordInPlaybook(workbench: Workbench, about: About, finding: Finding): Promise<string> {
  const { recordFinding } = await import('../playbook/record');
  const uri = await findPlaybook(workbench, about);
  let line = 1;
  const document = await editPlaybook(uri, text => {
    const recording = recordFinding(text, finding);
    line = recording.line;
    return recording.edits;
  });
  await reveal(document, line);
  workbench.log.info(`Recorded in ${vscode.workspace.asRelativePath(uri)}, line ${line}`);
  stepDone('recorded');
  return vscode.workspace.asRelativePath(uri);
}

/** The playbook whose front matter names the migration; asks when there are several or only others; creates the first. */
async function findPlaybook(workbench: Workbench, about: About): Promise<vscode.Uri> {
  const { readFrontMatter } = await import('../playbook/front-matter');
  const { migration } = about;
  const files = await vscode.workspace.findFiles('**/*.playbook.md', '**/node_modules/**');
  const playbooks = await Promise.all(
    files.map(async uri => {
      const text = (await vscode.workspace.openTextDocument(uri)).getText();
      return { uri, migration: readFrontMatter(text).frontMatter?.migration };
    }),
  );
  const fitting = playbooks.filter(playbook => playbook.migration === migration);
  if (fitting.length === 1) return fitting[0]!.uri;
  const offered = fitting.length > 1 ? fitting : playbooks;
  if (offered.length === 0) return createPlaybook(workbench, about);
  const create = 'create';
  const chosen = await askChoice<vscode.Uri | typeof create>({
    title: 'Record in Playbook',
    placeholder:
      fitting.length > 1
        ? `${fitting.length} playbooks are of ${migration}: which one?`
        : `No playbook says "migration: ${migration}" in its front matter. Where to record?`,
    choices: [
      ...offered.map(
        (playbook): Choice<vscode.Uri | typeof create> => ({
          iconPath: new vscode.ThemeIcon('book'),
          label: `${basename(playbook.uri.path)}`,
          description: vscode.workspace.asRelativePath(playbook.uri),
          ...(playbook.migration ? { detail: `of ${playbook.migration}` } : {}),
          value: playbook.uri,
        }),
      ),
      ...(fitting.length > 1
        ? []
        : [
            {
              iconPath: new vscode.ThemeIcon('new-file'),
              label: `Create ${fileName(migration)}`,
              description: 'from the template',
              value: create as typeof create,
            },
          ]),
    ],
  });
  if (chosen === back) throw new Dismissed();
  return chosen === create ? createPlaybook(workbench, about) : chosen;
}

/** The template is written first, so that undo takes the finding away and leaves the playbook. */
export async function createPlaybook(workbench: Workbench, about: About): Promise<vscode.Uri> {
  const { playbookTemplate } = await import('../playbook/template');
  const uri = await placeOfNewPlaybook(about.migration);
  const text = playbookTemplate(about);
  const edit = new vscode.WorkspaceEdit();
  edit.createFile(uri, { contents: new TextEncoder().encode(text), overwrite: false, ignoreIfExists: false });
  if (!(await vscode.workspace.applyEdit(edit))) {
    throw new CommandError(
      `${uri.fsPath} could not be created. Check that the folder is writable and has no such file.`,
    );
  }
  workbench.log.info(`Created ${vscode.workspace.asRelativePath(uri)}`);
  return uri;
}

async function placeOfNewPlaybook(migration: string): Promise<vscode.Uri> {
  const folders = vscode.workspace.workspaceFolders ?? [];
  if (folders.length === 1) return freeName(folders[0]!.uri, migration);
  if (folders.length > 1) {
    const folder = await vscode.window.showWorkspaceFolderPick({ placeHolder: 'Folder for the new playbook' });
    if (!folder) throw new Dismissed();
    return freeName(folder.uri, migration);
  }
  const chosen = await vscode.window.showSaveDialog({
    title: 'Create Playbook',
    filters: { Playbook: ['playbook.md'] },
    saveLabel: 'Create',
  });
  if (!chosen) throw new Dismissed();
  return chosen;
}

/** A file of that name belongs to another migration, or findPlaybook had found it: it is never overwritten. */
async function freeName(folder: vscode.Uri, migration: string): Promise<vscode.Uri> {
  for (let number = 1; ; number++) {
    const uri = vscode.Uri.joinPath(folder, fileName(number === 1 ? migration : `${migration}-${number}`));
    try {
      await vscode.workspace.fs.stat(uri);
    } catch {
      return uri;
    }
  }
}

function fileName(migration: string): string {
  const safe = migration.replace(/[^\p{L}\p{N}._-]+/gu, '-').replace(/^[.-]+|[.-]+$/g, '');
  return `${safe || 'migration'}.playbook.md`;
}

/** Shows the finding where the document already is, else in the first column; the panel keeps its place. */
async function reveal(document: vscode.TextDocument, line: number): Promise<void> {
  const shown = vscode.window.visibleTextEditors.find(editor => editor.document === document);
  const at = new vscode.Position(Math.max(0, line - 1), 0);
  const editor = await vscode.window.showTextDocument(document, {
    viewColumn: shown?.viewColumn ?? vscode.ViewColumn.One,
    preview: false,
    selection: new vscode.Range(at, at),
  });
  editor.revealRange(new vscode.Range(at, at), vscode.TextEditorRevealType.AtTop);
}
