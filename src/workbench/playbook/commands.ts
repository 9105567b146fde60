/** What is done with a playbook, from the palette, a lens, the view or a quick fix: each names the place or takes the cursor's. */
import { basename } from 'node:path';
import * as vscode from 'vscode';
import type { TextEdit } from '../../playbook/edits';
import { type Playbook, readPlaybook, type Step } from '../../playbook/playbook';
import { finishStep, startStep } from '../../playbook/timing';
import type { CheckResult, CheckVerdict } from '../../shared/check';
import type { Side } from '../../shared/side';
import { CommandError } from '../messages';
import { createPlaybook } from '../record-command';
import { sideLabel } from '../side-names';
import { requireMigration, type Workbench } from '../workbench';
import type { AnswerDocuments } from './answers';
import { editPlaybook } from './edit';
import { isPlaybook } from './files';
import type { PlaybookRuns } from './runs';

/** The playbook in the active editor. @throws CommandError when there is none. */
export function activePlaybook(): { document: vscode.TextDocument; playbook: Playbook; line: number } {
  const editor = vscode.window.activeTextEditor;
  if (!editor || !isPlaybook(editor.document))
    throw new CommandError('Open a playbook first: a Markdown file whose name ends in .playbook.md.', [
      { title: 'New Playbook', command: 'cutover.newPlaybook' },
    ]);
  const { document } = editor;
  return { document, playbook: readPlaybook(document.getText()), line: editor.selection.active.line + 1 };
}

export async function newPlaybook(workbench: Workbench): Promise<void> {
  const migration = requireMigration(workbench);
  const uri = await createPlaybook(workbench, {
    migration: migration.name,
    sourceLabel: sideLabel('source', migration.source),
    targetLabel: sideLabel('target', migration.target),
  });
  await vscode.window.showTextDocument(uri, { preview: false });
}

/** Runs checks with progress and a way to stop, and says what came of them. `ids` undefined: all of the playbook. */
export async function runChecks(
  runs: PlaybookRuns,
  uri: vscode.Uri,
  ids: readonly string[] | undefined,
): Promise<void> {
  const location = vscode.ProgressLocation.Notification;
  const title = ids?.length === 1 ? `Cutover: ${ids[0]}` : `Cutover: checks of ${basename(uri.path)}`;
  const results = await vscode.window.withProgress({ location, title, cancellable: true }, (progress, token) => {
    let done = 0;
    return runs.run(uri, ids, {
      token,
      onResult: ({ id, verdict }) =>
        progress.report({ message: `${++done}${ids ? ` of ${ids.length}` : ''}: ${id} ${verdict}` }),
    });
  });
  await sayResults(uri, results);
}

async function sayResults(uri: vscode.Uri, results: readonly CheckResult[]): Promise<void> {
  const bad = results.filter(({ verdict }) => verdict !== 'pass');
  const [first] = bad;
  if (!first) {
    const what =
      results.length === 1 ? `${results[0]!.id} passes: ${results[0]!.summary}` : `all ${results.length} checks pass.`;
    void vscode.window.showInformationMessage(`Cutover: ${what}`);
    return;
  }
  const count = (verdict: CheckVerdict) => results.filter(result => result.verdict === verdict).length;
  const words: Record<CheckVerdict, string> = { pass: 'passed', fail: 'failed', unknown: 'unknown', error: 'in error' };
  const text =
    results.length === 1
      ? `${first.id}: ${first.verdict}: ${first.summary}`
      : `${(['pass', 'fail', 'unknown', 'error'] as const).flatMap(verdict => (count(verdict) > 0 ? `${count(verdict)} ${words[verdict]}` : [])).join(', ')}. First: ${first.id}: ${first.summary}`;
  const show = 'Show';
  void vscode.window.showWarningMessage(`Cutover: ${text}`, show).then(async chosen => {
    if (chosen) await revealCheck(uri, first.id);
  });
}

/** The check at the cursor. @throws CommandError when there is none. */
export async function runCheckAtCursor(runs: PlaybookRuns): Promise<void> {
  const { document, playbook } = activePlaybook();
  const offset = document.offsetAt(vscode.window.activeTextEditor!.selection.active);
  const check = playbook.checks.find(
    ({ start, end, region }) => start <= offset && offset <= (region && !region.broken ? region.end : end),
  );
  if (!check)
    throw new CommandError('There is no check at the cursor. Put it into a block that begins with “```sql check”.');
  if (!check.id) throw new CommandError('The check at the cursor has no id. Add id=.');
  await runChecks(runs, document.uri, [check.id.value]);
}

/** The phase of the cursor. @throws CommandError when there is none, or it has no checks. */
export async function runPhaseAtCursor(runs: PlaybookRuns, given?: { uri: vscode.Uri; line: number }): Promise<void> {
  const { uri, playbook, line } = given ? { ...given, playbook: await playbookAt(given.uri) } : inEditor();
  const phase = playbook.phases.findLast(each => each.line <= line);
  if (!phase) throw new CommandError('There is no phase at the cursor. A phase is a heading of level 2.');
  const ids = playbook.checks.filter(check => check.phase?.line === phase.line).flatMap(({ id }) => id?.value ?? []);
  if (ids.length === 0) throw new CommandError(`The phase “${phase.title.value}” has no checks.`);
  await runChecks(runs, uri, ids);
}

function inEditor() {
  const { document, playbook, line } = activePlaybook();
  return { uri: document.uri, playbook, line };
}

async function playbookAt(uri: vscode.Uri): Promise<Playbook> {
  return readPlaybook((await vscode.workspace.openTextDocument(uri)).getText());
}

/** Writes when a step begins or ends. `title` finds the step again when lines have moved. */
export async function markStep(
  what: 'start' | 'finish',
  given?: { uri: vscode.Uri; title?: string; line: number },
): Promise<void> {
  const { uri, line, title } = given ?? { ...inEditor(), title: undefined };
  const mark: (text: string, step: Step, now: number) => TextEdit[] = what === 'start' ? startStep : finishStep;
  await editPlaybook(uri, text => {
    const steps = readPlaybook(text).phases.flatMap(phase => phase.steps);
    const named = steps.filter(step => step.title.value === title);
    const step =
      named.length === 1
        ? named[0]
        : steps.findLast(each => each.line <= line && (title === undefined || each.title.value === title));
    if (!step) throw new CommandError('There is no step here. A step is a heading of level 3 within a phase.');
    return mark(text, step, Date.now());
  });
}

export async function showAnswer(
  runs: PlaybookRuns,
  documents: AnswerDocuments,
  uri: vscode.Uri,
  id: string,
  side: Side,
): Promise<void> {
  const progress = { location: vscode.ProgressLocation.Window, title: `Cutover: ${id} on the ${side}` };
  const answers = await vscode.window.withProgress(progress, () => runs.answer(uri, id, side));
  await documents.show(id, side, answers);
}

export async function revealCheck(uri: vscode.Uri, id: string): Promise<void> {
  const document = await vscode.workspace.openTextDocument(uri);
  const check = readPlaybook(document.getText()).checks.find(each => each.id?.value === id);
  const at = document.positionAt(check?.start ?? 0);
  await vscode.window.showTextDocument(document, { preview: false, selection: new vscode.Range(at, at) });
}
