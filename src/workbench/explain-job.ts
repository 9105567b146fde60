/** From settings and secrets to a job for src/diagnosis. */
import type { ExplainJob, SideConnection } from '../diagnosis/explain-job';
import { isProtected, type Migration } from '../shared/migration';
import type { BySide, Side } from '../shared/side';
import type { PlanRequest } from './plan-store';
import { sessionLimits } from './settings';
import { sideColor, sideLabel } from './side-names';
import type { Workbench } from './workbench';

export type Mode = ExplainJob['mode'];

/** A statement that somebody asked for. */
export interface Wish {
  workbench: Workbench;
  migration: Migration;
  request: PlanRequest;
  /** The values of the request are to be used again. */
  again: boolean;
  /** The statement in one line. */
  title: string;
  mode: Mode;
}

export async function jobOf({ workbench, migration, request, mode }: Wish, signal: AbortSignal): Promise<ExplainJob> {
  const [source, target] = await Promise.all([
    connectionOf(workbench, migration, 'source'),
    connectionOf(workbench, migration, 'target'),
  ]);
  return {
    migration: migration.name,
    source,
    target,
    sql: request.sql,
    mode,
    analyzeWrites: [],
    limits: sessionLimits(),
    sessions: await workbench.sessions(),
    signal,
  };
}

export function labelsOf(migration: Migration): BySide<{ label: string; color: string }> {
  const label = (side: Side) => ({ label: sideLabel(side, migration[side]), color: sideColor(side, migration[side]) });
  return { source: label('source'), target: label('target') };
}

export async function connectionOf(workbench: Workbench, migration: Migration, side: Side): Promise<SideConnection> {
  const settings = migration[side];
  return {
    side,
    settings,
    password: await workbench.passwords.find(settings),
    ...labelsOf(migration)[side],
    protected: isProtected(side, settings),
  };
}
