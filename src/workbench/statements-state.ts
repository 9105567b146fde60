/** Statements that somebody needs now: read, when they have not been. */
import * as vscode from 'vscode';
import type { Migration } from '../shared/migration';
import type { StatementRow, StatementsSummary } from '../shared/statements';
import { CommandError, Dismissed } from './messages';
import type { StatementsModel } from './statements-model';

/** @throws CommandError when neither side could be read, Dismissed when it was cancelled. */
export async function readStatement(
  model: StatementsModel,
  migration: Migration,
): Promise<{ summary: StatementsSummary; rows: StatementRow[] }> {
  if (model.state?.status !== 'ready') await refreshWithProgress(model, migration, true);
  const { state } = model;
  if (state?.status === 'failed')
    throw new CommandError([state.error.message, state.error.next].filter(Boolean).join(' '));
  if (state?.status !== 'ready') throw new Dismissed();
  return { summary: state.summary, rows: JSON.parse(state.rows) as StatementRow[] };
}

/** With the progress bar of the view, where one looks for what a click there brings. */
export async function refreshWithProgress(
  model: StatementsModel,
  migration: Migration,
  mayAsk: boolean,
): Promise<void> {
  await vscode.window.withProgress({ location: { viewId: 'cutover.statements' } }, () =>
    model.refresh(migration, mayAsk),
  );
}
