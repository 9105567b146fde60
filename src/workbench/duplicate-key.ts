/** Diagnose Duplicate Key: from an error's text, or from nothing but the clusters, to what it came from and how to repair it. */
import * as vscode from 'vscode';
import { duplicateKeyFinding, duplicateKeyMarkdown } from '../comparison/duplicate-key-markdown';
import type { DuplicateKeyDiagnosis } from '../shared/duplicate-key';
import type { Migration } from '../shared/migration';
import { type Side, sides } from '../shared/side';
import { logInToBoth } from './both-sides';
import { Dismissed, signalOf } from './messages';
import { askChoice, askText, back } from './quick-steps';
import { recordInPlaybook } from './record-command';
import { sideLabel, sideNamed } from './side-names';
import { requireMigration, type Workbench } from './workbench';

export async function diagnoseDuplicateKey(workbench: Workbench): Promise<void> {
  const migration = requireMigration(workbench);
  const side = await askSide(migration);
  const errorText = selectedError() ?? (await askErrorText());
  const diagnosis = await diagnose(workbench, migration, side, errorText, false);
  await show(workbench, migration, diagnosis, errorText);
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

async function diagnose(
  workbench: Workbench,
  migration: Migration,
  side: Side,
  errorText: string | undefined,
  amcheck: boolean,
): Promise<DuplicateKeyDiagnosis> {
  const title = amcheck ? 'Cutover: amcheck reads the indexes' : 'Cutover: duplicate key';
  const progress = { location: vscode.ProgressLocation.Notification, title, cancellable: true };
  return vscode.window.withProgress(progress, async (report, token) => {
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
}

/** The diagnosis stays open; what may be done next is offered, and asked for before an index is read. */
async function show(
  workbench: Workbench,
  migration: Migration,
  diagnosis: DuplicateKeyDiagnosis,
  errorText: string | undefined,
): Promise<void> {
  const content = duplicateKeyMarkdown(diagnosis);
  const document = await vscode.workspace.openTextDocument({ language: 'markdown', content });
  await vscode.window.showTextDocument(document, { preview: false });
  const proved = diagnosis.indexes.some(({ state }) => state !== 'unchecked');
  const canProve = diagnosis.indexes.length > 0 && !proved;
  const [first] = diagnosis.hypotheses;
  const text = first?.standing === 'likely' ? first.title : 'No cause is likely by what was read.';
  const actions = [...(canProve ? [prove] : []), ...(diagnosis.scripts.length > 0 ? [script] : []), record];
  const chosen = await vscode.window.showInformationMessage(`Cutover: ${text}`, ...actions);
  if (chosen === prove) {
    await agreeToRead(migration, diagnosis);
    await show(workbench, migration, await diagnose(workbench, migration, diagnosis.side, errorText, true), errorText);
  } else if (chosen === script) await openScripts(diagnosis);
  else if (chosen === record) await recordDiagnosis(workbench, migration, diagnosis);
}

const prove = 'Prove with amcheck…';
const script = 'Open Repair Script';
const record = 'Record in Playbook';

/** @throws Dismissed when the user declines. */
async function agreeToRead(migration: Migration, { side, indexes }: DuplicateKeyDiagnosis): Promise<void> {
  const bytes = indexes.reduce((sum, index) => sum + (index.bytes ?? 0), 0);
  const size = `${indexes.length} ${indexes.length === 1 ? 'index' : 'indexes'}, ${(bytes / 1e9).toFixed(1)} GB`;
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

async function openScripts({ scripts }: DuplicateKeyDiagnosis): Promise<void> {
  for (const { node, sql } of scripts) {
    const content = `-- For ${node.replace(/[\r\n]/g, ' ')}. Cutover runs none of it.\n${sql}\n`;
    const document = await vscode.workspace.openTextDocument({ language: 'sql', content });
    await vscode.window.showTextDocument(document, { preview: false });
  }
}

async function recordDiagnosis(
  workbench: Workbench,
  migration: Migration,
  diagnosis: DuplicateKeyDiagnosis,
): Promise<void> {
  const about = {
    migration: migration.name,
    sourceLabel: sideLabel('source', migration.source),
    targetLabel: sideLabel('target', migration.target),
  };
  await recordInPlaybook(workbench, about, duplicateKeyFinding(diagnosis));
}
