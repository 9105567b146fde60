/** Diagnose Duplicate Key: from an error's text, or from nothing but the clusters, to what it came from and how to repair it. */
import * as vscode from 'vscode';
import { duplicateKeyFinding, duplicateKeyMarkdown } from '../comparison/duplicate-key-markdown';
import type { DuplicateKeyDiagnosis } from '../shared/duplicate-key';
import { formatBytes } from '../shared/format';
import type { Migration } from '../shared/migration';
import { type Side, sides } from '../shared/side';
import { sqlComment } from '../sql/comment';
import { logInToBoth } from './both-sides';
import type { Diagnosed, DuplicateKeyDocuments } from './duplicate-key-documents';
import { CommandError, Dismissed, signalOf } from './messages';
import { askChoice, askText, back } from './quick-steps';
import { recordInPlaybook } from './record-command';
import { sideLabel, sideNamed } from './side-names';
import { requireMigration, requireTrust, type Workbench } from './workbench';

export async function diagnoseDuplicateKey(workbench: Workbench, documents: DuplicateKeyDocuments): Promise<void> {
  const migration = requireMigration(workbench);
  const side = await askSide(migration);
  const errorText = selectedError() ?? (await askErrorText());
  await documents.show(await diagnose(workbench, { migration, side, errorText, amcheck: false }));
}

/** Asks before an index is read; what is found takes the place of the diagnosis before. */
export async function proveDuplicateKey(
  workbench: Workbench,
  documents: DuplicateKeyDocuments,
  uri: vscode.Uri,
): Promise<void> {
  requireTrust();
  const { migration, errorText, diagnosis } = documents.find(uri);
  await agreeToRead(migration, diagnosis);
  const proved = await diagnose(workbench, { migration, side: diagnosis.side, errorText, amcheck: true });
  await documents.show(proved, uri);
}

async function askSide(migration: Migration): Promise<Side> {
  const chosen = await askChoice<Side>({
    title: 'Diagnose Duplicate Key',
    placeholder: 'Which side said “duplicate key value violates unique constraint”?',
    choices: [...sides].reverse().map(side => ({ label: sideNamed(side, migration[side]), value: side })),
  });
  if (chosen === back) throw new Dismissed();
  return chosen;
}

/** What is selected in an editor or a terminal's output, when it is such an error. */
function selectedError(): string | undefined {
  const editor = vscode.window.activeTextEditor;
  const text = editor?.document.getText(editor.selection) ?? '';
  return /duplicate key|could not create unique index/i.test(text) ? text : undefined;
}

async function askErrorText(): Promise<string | undefined> {
  const text = await askText({
    title: 'Diagnose Duplicate Key',
    prompt:
      'The error as the server wrote it, with its DETAIL if you have it; empty to look at every index that sorts by a collation.',
    placeholder: 'duplicate key value violates unique constraint "users_email_key"',
    value: '',
  });
  if (text === back) throw new Dismissed();
  return text.trim() || undefined;
}

interface Asked {
  migration: Migration;
  side: Side;
  errorText: string | undefined;
  amcheck: boolean;
}

async function diagnose(workbench: Workbench, { migration, side, errorText, amcheck }: Asked): Promise<Diagnosed> {
  const title = amcheck ? 'Cutover: amcheck reads the indexes' : 'Cutover: diagnosing the duplicate key';
  const progress = { location: vscode.ProgressLocation.Notification, title, cancellable: true };
  const diagnosis = await vscode.window.withProgress(progress, async (report, token) => {
    const [run, { job }] = await Promise.all([
      import('../diagnosis/diagnose-duplicate-key'),
      logInToBoth(workbench, migration, signalOf(token)),
    ]);
    return run.diagnoseDuplicateKey(job, {
      side,
      errorText,
      amcheck,
      onProgress: (done, total) => report.report({ message: `${done} of ${total}` }),
    });
  });
  return { migration, errorText, diagnosis, text: duplicateKeyMarkdown(diagnosis) };
}

/** @throws Dismissed when the user declines. */
async function agreeToRead(migration: Migration, { side, indexes }: DuplicateKeyDiagnosis): Promise<void> {
  const bytes = indexes.reduce((sum, index) => sum + (index.bytes ?? 0), 0);
  const size = `${indexes.length} ${indexes.length === 1 ? 'index' : 'indexes'}, ${formatBytes(bytes)}`;
  const run = 'Read the Indexes';
  const chosen = await vscode.window.showWarningMessage(
    `amcheck reads ${size}, and their tables, on every node of the ${sideNamed(side, migration[side])}.`,
    {
      modal: true,
      detail:
        'bt_index_check takes an AccessShareLock, as a SELECT does: nobody waits but for the disk. Tables under a broken or named unique index are read once more for duplicates, without their indexes. A minute an index, ten minutes in all at most; you can cancel at any point. Nothing is changed.',
    },
    run,
  );
  if (chosen !== run) throw new Dismissed();
}

/** An SQL document of the user's own, untitled and unsaved; nothing runs (safety.md §6). */
export async function openScript({ scripts }: DuplicateKeyDiagnosis): Promise<void> {
  const [first] = scripts;
  if (!first) throw new CommandError('Nothing that was found needs a repair by script: each cause says what to do.');
  const chosen =
    scripts.length > 1
      ? await askChoice({
          title: 'Open Repair Script',
          placeholder: 'Each node has a script of its own',
          choices: scripts.map(value => ({ label: value.node, value })),
        })
      : first;
  if (chosen === undefined || chosen === back) throw new Dismissed();
  const content = `${sqlComment(`For ${chosen.node}. Cutover runs none of it.`)}\n${chosen.sql}\n`;
  const document = await vscode.workspace.openTextDocument({ language: 'sql', content });
  await vscode.window.showTextDocument(document, { preview: false });
}

export async function recordDiagnosis(workbench: Workbench, { migration, diagnosis }: Diagnosed): Promise<void> {
  const about = {
    migration: migration.name,
    sourceLabel: sideLabel('source', migration.source),
    targetLabel: sideLabel('target', migration.target),
  };
  await recordInPlaybook(workbench, about, duplicateKeyFinding(diagnosis));
}
