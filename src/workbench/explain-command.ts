/** Explain on Both Sides, plain or with ANALYZE: from the cursor to the panel. */
import { randomUUID } from 'node:crypto';
import * as vscode from 'vscode';
import type { ExplainResult } from '../diagnosis/explain-job';
import type { CallResult } from '../diagnosis/nested';
import type { Migration } from '../shared/migration';
import type { PlanDiffView } from '../shared/plan-diff';
import { sides } from '../shared/side';
import { retryWithPasswords } from './ask-password';
import { jobOf, labelsOf, type Mode, type Wish } from './explain-job';
import { type Answers, askBeforeExplain, refusedLogin } from './explain-questions';
import { CommandError, Dismissed, viewErrorOf } from './messages';
import type { PlanPanel } from './plan-panel';
import type { PlanRequest, StoredResult } from './plan-store';
import { callWithoutSecrets, withoutSecrets } from './secret-values';
import type { PlacedError } from './statement-diagnostics';
import { locateStatement, type StatementArguments } from './statement-location';
import { stepDone } from './walkthrough';
import { requireMigration, requireTrust, type Workbench } from './workbench';

export async function explain(workbench: Workbench, mode: Mode, given?: StatementArguments): Promise<void> {
  const { active } = await workbench.panels();
  // In a panel the command means the statement that the panel shows.
  if (!given && active?.request) return explainAgain(workbench, active, active.request, mode === 'analyze');
  const migration = requireMigration(workbench);
  const located = await locateStatement(given);
  const { document, statement } = located;
  workbench.diagnostics.clear(document.uri);
  const request = { migration: migration.name, sql: statement.text, document: document.uri.toString() };
  const errors = await explainInto(workbench, migration, mode, request);
  workbench.diagnostics.show(located, errors);
}

/** A statement that stands in no document, as one of pg_stat_statements. Answers the panel that shows it. */
export async function explainSql(
  workbench: Workbench,
  migration: Migration,
  mode: Mode,
  sql: string,
): Promise<PlanPanel> {
  const request = { migration: migration.name, sql };
  await explainInto(workbench, migration, mode, request);
  return (await workbench.panels()).forRequest(request);
}

/** Runs what a panel shows once more, with the same values. */
export async function explainAgain(
  workbench: Workbench,
  panel: PlanPanel,
  request: PlanRequest,
  analyze: boolean,
): Promise<void> {
  requireTrust();
  const entry = workbench.migrations.all.find(({ migration }) => migration.name === request.migration);
  if (!entry) {
    throw new CommandError(
      `The migration "${request.migration}" is not configured any more. Add it, or explain the statement on another one.`,
      [{ title: 'Add Migration…', command: 'cutover.addMigration' }],
    );
  }
  await explainInto(workbench, entry.migration, analyze ? 'analyze' : 'plain', request, panel);
}

/** Asks what must be asked, then runs into a panel. Answers the errors of the statement, for marking them where it stands. */
async function explainInto(
  workbench: Workbench,
  migration: Migration,
  mode: Mode,
  request: PlanRequest,
  former?: PlanPanel,
): Promise<PlacedError[]> {
  const { statementTitle } = await import('../sql/title');
  const title = statementTitle(request.sql, 80);
  const panels = await workbench.panels();
  const wish: Wish = { workbench, migration, request, again: former !== undefined, title, mode };
  let panel: PlanPanel | undefined;
  let run: AbortController | undefined;
  const begin = (answered: Mode) => {
    panel = former ?? panels.forRequest(request);
    run = panel.begin(request, title, answered === 'analyze', labelsOf(migration));
    return { panel, run };
  };
  workbench.log.info(`${migration.name}: ${mode === 'analyze' ? 'explain analyze' : 'explain'}`);
  workbench.log.trace(request.sql);
  try {
    const answers = await askBeforeExplain(wish);
    const begun = begin(answers.mode);
    const progress = { location: vscode.ProgressLocation.Window, title: `Cutover: ${title}` };
    const view = await vscode.window.withProgress(progress, () => runInto(begun.panel, begun.run, wish, answers));
    return errorsOf(view);
  } catch (error) {
    if (error instanceof Dismissed) throw error;
    const shown = viewErrorOf(error);
    workbench.log.info(`${migration.name}: ${shown.reason}`);
    // Cancelled before there was anything to show: there is nothing to say either.
    if (!run && shown.reason === 'cancelled') throw error;
    const failed = panel && run ? { panel, run } : begin(mode);
    failed.panel.fail(failed.run, title, mode === 'analyze', shown);
    // What has a reason is said in full by the panel; a second message would only be in the way.
    if (shown.reason === 'failed') throw error;
    return [{ from: 'statement', error: shown }];
  }
}

async function runInto(panel: PlanPanel, run: AbortController, wish: Wish, answers: Answers): Promise<PlanDiffView> {
  const { workbench, migration, request } = wish;
  const { explainStatement } = await import('../diagnosis/explain-statement');
  const { mode, analyzeWrites, values } = answers;
  const id = randomUUID();
  const result = await retryWithPasswords(
    workbench.passwords,
    migration,
    async () =>
      explainStatement({
        ...(await jobOf(wish, run.signal)),
        mode,
        analyzeWrites,
        parameters: values,
        onSideDone: side => panel.sideDone(run, side),
        onPlans: view => panel.preview(run, withoutSecrets({ ...view, id }, answers)),
      }),
    ({ view }, side) => refusedLogin(view[side].error),
  );
  for (const side of sides) workbench.health.saw(side, migration, result.view[side].error);
  await panel.finish(run, storedResult(id, result, request, answers), result);
  stepDone('explained');
  return result.view;
}

function storedResult(
  id: string,
  result: ExplainResult | CallResult,
  request: PlanRequest,
  { values, secret }: Answers,
): StoredResult {
  const { source, target } = 'raw' in result ? result.raw : {};
  return {
    version: 1,
    view: withoutSecrets({ ...result.view, id }, { values, secret }),
    ...('call' in result ? { call: callWithoutSecrets(result.call, { values, secret }) } : {}),
    raw: { ...(source === undefined ? {} : { source }), ...(target === undefined ? {} : { target }) },
    request: {
      migration: request.migration,
      sql: request.sql,
      ...(request.document ? { document: request.document } : {}),
      ...(values ? { parameters: values } : {}),
      ...(secret.length > 0 ? { secret } : {}),
    },
  };
}

function errorsOf(view: PlanDiffView): PlacedError[] {
  return sides.flatMap(side => {
    const { error, label } = view[side];
    return error ? [{ from: `${side} (${label})`, error }] : [];
  });
}
