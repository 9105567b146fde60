/** Everything the user must say before a statement is sent: values of its parameters, and consent to ANALYZE. */
import { setTimeout as sleep } from 'node:timers/promises';
import * as vscode from 'vscode';
import type { ExplainPreparation } from '../diagnosis/explain-job';
import type { ViewError } from '../shared/plan-diff';
import type { Side } from '../shared/side';
import type { Parameter } from '../sql/parameters';
import { agreeToAnalyze, plainInstead } from './analyze-consent';
import { retryWithPasswords } from './ask-password';
import { jobOf, type Mode, type Wish } from './explain-job';
import { askParameterValues, type ParameterValues } from './parameter-values';

export interface Answers extends ParameterValues {
  mode: Mode;
  /** Where a statement that may write is executed and rolled back. */
  analyzeWrites: Side[];
}

/** Connecting that takes longer says so, and can be cancelled. */
const quietMs = 700;

/** @throws Dismissed when the user steps back, ClusterError for what cannot be explained. */
export async function askBeforeExplain(wish: Wish): Promise<Answers> {
  const { workbench, migration, request, again, title, mode } = wish;
  const { findParameters } = await import('../sql/parameters');
  const parameters = findParameters(request.sql);
  const known: ParameterValues = { values: request.parameters, secret: request.secret ?? [] };
  const valuesStand = parameters.length === 0 || (again && (mode === 'plain' || known.values !== undefined));
  if (mode === 'plain' && valuesStand) return { ...known, mode, analyzeWrites: [] };

  const prepared = await prepare(wish);
  // No server to ask anything of: the explanation itself says why, side by side.
  if (prepared.problems.length === 2) return { ...known, mode: 'plain', analyzeWrites: [] };
  const consent =
    mode === 'analyze' ? await agreeToAnalyze(migration, title, prepared.classification, workbench.analyzeAgreed) : [];
  const decided = consent === plainInstead ? 'plain' : mode;
  const analyzeWrites = consent === plainInstead ? [] : consent;
  if (valuesStand) return { ...known, mode: decided, analyzeWrites };
  const memory = workbench.context.workspaceState;
  const asked = withTypes(parameters, prepared);
  const values = await askParameterValues(title, request.sql, asked, decided === 'analyze', memory);
  return { ...values, mode: decided, analyzeWrites };
}

/** Why a side's server refused the login, if that is what it did. */
export function refusedLogin(error: ViewError | undefined): string | undefined {
  return error?.reason === 'authentication' ? error.message : undefined;
}

async function prepare(wish: Wish): Promise<ExplainPreparation> {
  const { prepareExplain } = await import('../diagnosis/explain-both-sides');
  return retryWithPasswords(
    wish.workbench.passwords,
    wish.migration,
    () => cancellable(wish.title, async signal => prepareExplain(await jobOf(wish, signal))),
    ({ problems }, side) => refusedLogin(problems.find(problem => problem.side === side)?.error),
  );
}

/** Runs the work; only when it takes its time a notification says so, with a button to cancel. */
async function cancellable<T>(title: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const running = work(controller.signal);
  const settled = running.then(
    () => true,
    () => true,
  );
  if (!(await Promise.race([settled, sleep(quietMs, false)]))) {
    const options = {
      location: vscode.ProgressLocation.Notification,
      title: `Asking both sides about ${title}`,
      cancellable: true,
    };
    await vscode.window.withProgress(options, (_progress, token) => {
      token.onCancellationRequested(() => controller.abort());
      return settled;
    });
  }
  return running;
}

function withTypes(parameters: Parameter[], prepared: ExplainPreparation) {
  return parameters.map(({ name, kind }) => ({
    name,
    kind,
    type: prepared.parameters.find(parameter => parameter.name === name)?.type,
  }));
}
