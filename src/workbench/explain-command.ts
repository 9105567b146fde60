/** Explain on Both Sides, plain or with ANALYZE: from the cursor to the panel. */
import { randomUUID } from 'node:crypto';
import * as vscode from 'vscode';
import type { ExplainJob, ExplainPreparation, ExplainResult, SideConnection } from '../diagnosis/explain-job';
import { isProtected, type Migration } from '../shared/migration';
import type { ViewError } from '../shared/plan-diff';
import { type Side, sides } from '../shared/side';
import { agreeToAnalyze, plainInstead } from './analyze-consent';
import { retryWithPasswords } from './ask-password';
import { CommandError, Dismissed, viewErrorOf } from './messages';
import { askParameterValues, type ParameterValues } from './parameter-values';
import type { PlanPanel } from './plan-panel';
import type { PlanRequest, StoredResult } from './plan-store';
import { withoutSecrets } from './secret-values';
import { sessionLimits } from './settings';
import { sideColor, sideLabel } from './side-names';
import type { PlacedError } from './statement-diagnostics';
import { locateStatement, type StatementArguments } from './statement-location';
import { requireMigration, requireTrust, type Workbench } from './workbench';

type Mode = ExplainJob['mode'];

/** A statement on its way into a panel. */
interface Explanation {
  workbench: Workbench;
  migration: Migration;
  request: PlanRequest;
  /** The values of the request are to be used again. */
  again: boolean;
  title: string;
  mode: Mode;
  panel: PlanPanel;
  run: AbortController;
}

export async function explain(workbench: Workbench, mode: Mode, given?: StatementArguments): Promise<void> {
  const { active } = workbench.panels;
  // In a panel the command means the statement that the panel shows.
  if (!given && active?.request) return explainAgain(workbench, active, active.request, mode === 'analyze');
  const migration = requireMigration(workbench);
  const located = await locateStatement(given);
  const { document, statement } = located;
  workbench.diagnostics.clear(document.uri);
  const errors = await explainInto(workbench, migration, mode, {
    migration: migration.name,
    sql: statement.text,
    document: document.uri.toString(),
  });
  workbench.diagnostics.show(located, errors);
}

/** Runs what a panel shows once more, with the same values. */
export async function explainAgain(workbench: Workbench, panel: PlanPanel, request: PlanRequest, analyze: boolean) {
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

/** Answers the errors of the statement, for marking them where it stands. */
async function explainInto(
  workbench: Workbench,
  migration: Migration,
  mode: Mode,
  request: PlanRequest,
  former?: PlanPanel,
): Promise<PlacedError[]> {
  const { statementTitle } = await import('../sql/title');
  const title = statementTitle(request.sql, 80);
  const panel = former ?? workbench.panels.forRequest(request);
  const labels = { source: labelOf(migration, 'source'), target: labelOf(migration, 'target') };
  const run = panel.begin(request, title, mode === 'analyze', labels);
  const explanation: Explanation = {
    workbench,
    migration,
    request,
    again: former !== undefined,
    title,
    mode,
    panel,
    run,
  };
  const where = `${migration.name}: ${mode === 'analyze' ? 'explain analyze' : 'explain'}`;
  workbench.log.info(where);
  workbench.log.trace(request.sql);
  try {
    const progress = { location: vscode.ProgressLocation.Window, title: `Cutover: ${title}` };
    const { view } = await vscode.window.withProgress(progress, () => explainNow(explanation));
    return sides.flatMap(side => {
      const { error, label } = view[side];
      return error ? [{ from: `${side} (${label})`, error }] : [];
    });
  } catch (error) {
    const shown = viewErrorOf(error);
    workbench.log.info(`${where}: ${shown.reason}`);
    if (error instanceof Dismissed) {
      panel.withdraw(run);
      throw error;
    }
    panel.fail(run, title, mode === 'analyze', shown);
    // What has a reason is said in full by the panel; a second message would only be in the way.
    if (shown.reason === 'failed') throw error;
    return [{ from: 'statement', error: shown }];
  }
}

async function explainNow(explanation: Explanation): Promise<ExplainResult> {
  const { workbench, panel, run, request, migration } = explanation;
  const { answers, mode, analyzeWrites } = await answersFor(explanation);
  const { explainBothSides } = await import('../diagnosis/explain-both-sides');
  const job = async (): Promise<ExplainJob> => ({
    ...(await baseJob(explanation)),
    mode,
    analyzeWrites,
    ...(answers.values ? { parameters: answers.values } : {}),
    onSideDone: side => panel.sideDone(run, side),
  });
  const result = await retryWithPasswords(
    workbench.passwords,
    migration,
    async () => explainBothSides(await job()),
    ({ view }, side) => refusedLogin(view[side].error),
  );
  for (const side of sides) workbench.health.saw(side, migration, result.view[side].error);
  const shown = withoutSecrets({ ...result.view, id: randomUUID() }, answers);
  const stored: StoredResult = {
    version: 1,
    view: shown,
    raw: {
      ...(result.raw.source === undefined ? {} : { source: result.raw.source }),
      ...(result.raw.target === undefined ? {} : { target: result.raw.target }),
    },
    request: {
      migration: request.migration,
      sql: request.sql,
      ...(request.document ? { document: request.document } : {}),
      ...(answers.values ? { parameters: answers.values } : {}),
      ...(answers.secret.length > 0 ? { secret: answers.secret } : {}),
    },
  };
  await panel.finish(run, stored);
  void vscode.commands.executeCommand('setContext', 'cutover.explained', true);
  return result;
}

interface Answers {
  answers: ParameterValues;
  mode: Mode;
  analyzeWrites: Side[];
}

/** Everything the user must say before something is sent: values, and consent to ANALYZE. */
async function answersFor(explanation: Explanation): Promise<Answers> {
  const { workbench, migration, request, again, title, mode } = explanation;
  const { findParameters } = await import('../sql/parameters');
  const parameters = findParameters(request.sql);
  const known: ParameterValues = { values: request.parameters, secret: request.secret ?? [] };
  if (mode === 'plain' && (parameters.length === 0 || again)) return { answers: known, mode, analyzeWrites: [] };

  const prepared = await prepare(explanation);
  let decided: Mode = mode;
  let analyzeWrites: Side[] = [];
  if (mode === 'analyze') {
    const agreed = await agreeToAnalyze(migration, title, prepared.classification, workbench.analyzeAgreed);
    if (agreed === plainInstead) decided = 'plain';
    else analyzeWrites = agreed;
  }
  const lacking = decided === 'analyze' && request.parameters === undefined;
  if (parameters.length === 0 || (again && !lacking)) return { answers: known, mode: decided, analyzeWrites };
  const typed = parameters.map(({ name, kind }) => ({
    name,
    kind,
    type: prepared.parameters.find(parameter => parameter.name === name)?.type,
  }));
  const memory = workbench.context.workspaceState;
  const answers = await askParameterValues(title, request.sql, typed, decided === 'analyze', memory);
  return { answers, mode: decided, analyzeWrites };
}

async function prepare(explanation: Explanation): Promise<ExplainPreparation> {
  const { prepareExplain } = await import('../diagnosis/explain-both-sides');
  const { workbench, migration } = explanation;
  return retryWithPasswords(
    workbench.passwords,
    migration,
    async () => prepareExplain(await baseJob(explanation)),
    ({ problems }, side) => refusedLogin(problems.find(problem => problem.side === side)?.error),
  );
}

function refusedLogin(error: ViewError | undefined): string | undefined {
  return error?.reason === 'authentication' ? error.message : undefined;
}

async function baseJob({ workbench, migration, request, mode, run }: Explanation): Promise<ExplainJob> {
  const [source, target] = await Promise.all(sides.map(side => connectionOf(workbench, migration, side)));
  return {
    migration: migration.name,
    source: source!,
    target: target!,
    sql: request.sql,
    mode,
    analyzeWrites: [],
    limits: sessionLimits(),
    sessions: await workbench.sessions(),
    signal: run.signal,
  };
}

async function connectionOf(workbench: Workbench, migration: Migration, side: Side): Promise<SideConnection> {
  const settings = migration[side];
  const password = await workbench.passwords.find(settings);
  return {
    side,
    settings,
    ...(password === undefined ? {} : { password }),
    label: sideLabel(side, settings),
    color: sideColor(side, settings),
    protected: isProtected(side, settings),
  };
}

function labelOf(migration: Migration, side: Side): { label: string; color: string } {
  return { label: sideLabel(side, migration[side]), color: sideColor(side, migration[side]) };
}
