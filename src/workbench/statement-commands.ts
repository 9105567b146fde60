/** What is done with a statement of the list or the table: explained, proven, opened, copied, recorded, paired. */
import * as vscode from 'vscode';
import type { Migration } from '../shared/migration';
import type { StatementDetails, StatementRow } from '../shared/statements';
import { CommandError } from './messages';
import { askChoice, back } from './quick-steps';
import { rowDescription, verdictWords } from './statement-words';
import type { StatementsModel } from './statements-model';
import { readStatement } from './statements-state';
import type { StatementsView } from './statements-view';
import { requireMigration, type Workbench } from './workbench';

/** The row a command is about: the one it was given, else the one that is asked for. @throws Dismissed */
export async function statementOf(
  workbench: Workbench,
  model: StatementsModel,
  view: StatementsView,
  given: unknown,
  title: string,
): Promise<string> {
  const row = rowIn(given);
  if (row) return row.id;
  const migration = requireMigration(workbench);
  const { rows } = await readStatement(model, migration);
  if (rows.length === 0)
    throw new CommandError('No statement was counted yet. Refresh when the application has run.', [
      { title: 'Refresh', command: 'cutover.refreshStatements' },
    ]);
  const chosen = await askChoice<string>({
    title,
    placeholder: 'The statement, regressions first',
    choices: rows.map(each => ({
      label: each.title,
      description: rowDescription(each),
      detail: `${each.class} · ${verdictWords[each.verdict]}`,
      value: each.id,
    })),
    ...(view.selected ? { active: view.selected.id } : {}),
  });
  if (chosen === back) throw new CommandError('Nothing was chosen.');
  return chosen;
}

function rowIn(given: unknown): StatementRow | undefined {
  if (typeof given !== 'object' || given === null || !('row' in given)) return undefined;
  return given.row as StatementRow;
}

export async function explainStatementRow(
  workbench: Workbench,
  model: StatementsModel,
  id: string,
  mode: 'plain' | 'analyze',
): Promise<void> {
  const migration = requireMigration(workbench);
  const { explainSql } = await import('./explain-command');
  await explainSql(workbench, migration, mode, await textToExplain(model, id));
}

/** Explains with ANALYZE, then experiments: of a call on the statement inside it that takes the most time. */
export async function proveStatementRow(workbench: Workbench, model: StatementsModel, id: string): Promise<void> {
  const migration = requireMigration(workbench);
  const [{ explainSql }, { proveInPanel }] = await Promise.all([
    import('./explain-command'),
    import('./prove-command'),
  ]);
  const panel = await explainSql(workbench, migration, 'analyze', await textToExplain(model, id));
  const { result, live } = panel;
  const slower = result?.view.diagnosis?.slower;
  if (!result || !slower) {
    throw new CommandError('Explained on its own, it differs by no more than noise: there is nothing to prove.');
  }
  if (!live || !('call' in live)) {
    await proveInPanel(workbench, panel);
    return;
  }
  const { heaviestInside } = await import('../diagnosis/prove-call');
  const statement = heaviestInside(live, slower);
  if (!statement) throw new CommandError('No statement inside the call can be experimented with on its own.');
  const { openNested } = await import('./nested');
  const opened = await openNested(workbench, panel, statement.id);
  await proveInPanel(workbench, opened);
}

/** @throws CommandError when there is only the beginning of the statement. */
async function textToExplain(model: StatementsModel, id: string): Promise<string> {
  const [details, { explainableText }] = await Promise.all([model.details(id), import('../sql/normalised-text')]);
  const { sql, truncated } = textOf(details);
  if (truncated)
    throw new CommandError(
      'The statement is too long to be kept whole: take it from the application, and explain it there.',
    );
  return explainableText(sql);
}

/** The target's, where it ran there: that is the side in question. */
function textOf({ source, target }: StatementDetails): { sql: string; truncated: boolean } {
  return (target ?? source)!;
}

/** Laid out, in an untitled SQL document of the user's own. */
export async function openStatementRow(model: StatementsModel, id: string): Promise<void> {
  const [{ explainableText }, { formatDialect, postgresql }] = await Promise.all([
    import('../sql/normalised-text'),
    import('sql-formatter'),
  ]);
  const { sql, truncated } = textOf(await model.details(id));
  const text = explainableText(sql);
  let content = text;
  try {
    content = formatDialect(text, { dialect: postgresql, keywordCase: 'upper', paramTypes: { numbered: ['$'] } });
  } catch {
    // What the formatter does not know is shown as it is.
  }
  if (truncated) content += '\n-- … the rest was not kept';
  const document = await vscode.workspace.openTextDocument({ language: 'sql', content: `${content}\n` });
  await vscode.window.showTextDocument(document, { preview: true });
}

export async function copyStatementRow(model: StatementsModel, id: string): Promise<void> {
  await vscode.env.clipboard.writeText(textOf(await model.details(id)).sql);
  vscode.window.setStatusBarMessage('Cutover: the statement was copied', 3000);
}

export async function recordStatementRow(workbench: Workbench, model: StatementsModel, id: string): Promise<string> {
  const [details, { statementFinding }, { recordInPlaybook }] = await Promise.all([
    model.details(id),
    import('../playbook/statement-finding'),
    import('./record-command'),
  ]);
  const { state } = model;
  if (state?.status !== 'ready') throw new CommandError('There is nothing to record yet. Refresh first.');
  const { summary } = state;
  const about = {
    migration: summary.migration,
    sourceLabel: summary.source.label,
    targetLabel: summary.target.label,
  };
  return recordInPlaybook(workbench, about, statementFinding(details, summary));
}

export async function pinStatements(
  model: StatementsModel,
  migration: Migration,
  sourceRow: string,
  targetRow: string,
): Promise<void> {
  const [{ source }, { target }] = await Promise.all([model.statementIds(sourceRow), model.statementIds(targetRow)]);
  if (source === undefined || target === undefined)
    throw new CommandError('Choose one statement that was seen on the source and one that was seen on the target.');
  await model.memory(migration).pin(source, target);
  await model.rematch(migration);
}

/** Makes a proposed pair certain, or takes a pair apart; both are kept in the workspace. */
export async function decidePair(
  model: StatementsModel,
  migration: Migration,
  row: string,
  decision: 'pin' | 'split',
): Promise<void> {
  const { source, target } = await model.statementIds(row);
  if (source === undefined || target === undefined) throw new CommandError('This statement is not part of a pair.');
  await model.memory(migration)[decision](source, target);
  await model.rematch(migration);
}
