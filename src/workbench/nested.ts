/** A statement inside a call as a result of its own: with its plans, its causes, and everything a panel can do. */
import { randomUUID } from 'node:crypto';
import { CommandError } from './messages';
import type { PlanPanel } from './plan-panel';
import type { StoredResult } from './plan-store';
import type { Workbench } from './workbench';

/** @throws CommandError when the statement has no plans. */
export async function openNested(workbench: Workbench, panel: PlanPanel, id: string): Promise<PlanPanel> {
  const { result, request, live } = panel;
  const statement = result?.call?.statements.find(each => each.id === id);
  if (!statement?.view) throw new CommandError('There are no plans of this statement.');
  const nested = live && 'results' in live ? live.results.get(id) : undefined;
  const opened: StoredResult = {
    version: 1,
    view: { ...statement.view, id: randomUUID() },
    raw: raws(nested?.raw),
    // With a secret masked in its text it cannot be run again.
    ...(request && !request.secret
      ? { request: { migration: request.migration, sql: statement.explained ?? statement.sql } }
      : {}),
  };
  const panels = await workbench.panels();
  const shown = panels.forRequest(opened.request);
  await shown.finish(undefined, opened, nested);
  return shown;
}

function raws(raw: { source: string | undefined; target: string | undefined } | undefined): StoredResult['raw'] {
  const { source, target } = raw ?? {};
  return { ...(source === undefined ? {} : { source }), ...(target === undefined ? {} : { target }) };
}
