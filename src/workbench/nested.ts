/** A statement inside a call as a result of its own: with its plans, its causes, and everything a panel can do. */
import { randomUUID } from 'node:crypto';
import { CommandError } from './messages';
import type { StoredResult } from './plan-store';
import type { Workbench } from './workbench';

/** @throws CommandError when the statement has no plans. */
export async function openNested(workbench: Workbench, { call, request }: StoredResult, id: string): Promise<void> {
  const statement = call?.statements.find(each => each.id === id);
  if (!statement?.view) throw new CommandError('There are no plans of this statement.');
  const sql = statement.explained ?? statement.sql;
  const result: StoredResult = {
    version: 1,
    view: { ...statement.view, id: randomUUID() },
    raw: {},
    ...(request ? { request: { migration: request.migration, sql } } : {}),
  };
  const panels = await workbench.panels();
  await panels.forRequest(result.request).finish(undefined, result);
}
