/** One clear message with a next step, for whatever went wrong in a command. */
import * as vscode from 'vscode';
import type { ViewError } from '../shared/plan-diff';

/** The user stepped back; nothing is to be said, by a command nor by a page. */
export class Dismissed extends Error {
  readonly reason = 'cancelled';
}

/** What a command says when it cannot do its work: the message ends with the next step, the actions do it. */
export class CommandError extends Error {
  constructor(
    message: string,
    readonly actions: { title: string; command: string; arguments?: unknown[] }[] = [],
  ) {
    super(message);
    this.name = 'CommandError';
  }
}

/** A ClusterError or its like; known by its shape, so that nothing heavy is imported to ask. */
interface ReasonedError extends Error, Omit<ViewError, 'message'> {}

function hasReason(error: unknown): error is ReasonedError {
  return error instanceof Error && 'reason' in error && typeof error.reason === 'string';
}

export function isDismissed(error: unknown): boolean {
  return hasReason(error) && error.reason === 'cancelled';
}

/** Message and next step in one line. */
export function errorText(error: unknown): string {
  if (hasReason(error)) return [error.message, error.next].filter(Boolean).join(' ');
  return error instanceof Error ? error.message : String(error);
}

/** What a page may show of any error; fields that are not set are left out. */
export function viewErrorOf(error: unknown): ViewError {
  if (!hasReason(error)) {
    return { reason: 'failed', message: error instanceof Error ? error.message : String(error) };
  }
  const view: ViewError = { reason: error.reason, message: error.message };
  for (const field of ['next', 'sqlstate', 'detail', 'hint'] as const) if (error[field]) view[field] = error[field];
  if (error.position !== undefined) view.position = error.position;
  return view;
}

export async function showError(error: unknown): Promise<void> {
  const actions = error instanceof CommandError ? error.actions : [{ title: 'Show Log', command: 'cutover.showLog' }];
  const chosen = await vscode.window.showErrorMessage(errorText(error), ...actions.map(action => action.title));
  const action = actions.find(candidate => candidate.title === chosen);
  if (action) await vscode.commands.executeCommand(action.command, ...(action.arguments ?? []));
}

/** An abort signal that follows a cancellation token. */
export function signalOf(token: vscode.CancellationToken): AbortSignal {
  const controller = new AbortController();
  if (token.isCancellationRequested) controller.abort();
  token.onCancellationRequested(() => controller.abort());
  return controller.signal;
}
