/** Fixes are shown, never run (safety.md §6): as an SQL document of the user's own, untitled and unsaved. */
import * as vscode from 'vscode';
import { remedyScript } from '../playbook/remedy-script';
import type { PlanDiffView } from '../shared/plan-diff';

/** Opens the fix of a cause where it does not squeeze the panel. @throws Error when the view has no such cause, or the cause no fix. */
export async function openRemedy(
  { diagnosis, ...view }: PlanDiffView,
  index: number,
  panelColumn: vscode.ViewColumn | undefined,
): Promise<void> {
  const cause = diagnosis?.causes[index];
  const script = cause && remedyScript(cause, view[cause.side].label);
  if (script === undefined) throw new Error('There is no fix to open for this cause.');
  const document = await vscode.workspace.openTextDocument({ language: 'sql', content: script });
  const { One, Beside } = vscode.ViewColumn;
  const viewColumn = panelColumn === One ? Beside : One;
  await vscode.window.showTextDocument(document, { viewColumn, preview: true });
}
