/** pg_stat_statements of both sides, read at the same time; one side's failure leaves the other's reading alone. */
import { connect } from '../cluster/connect';
import { toViewError } from '../cluster/errors';
import type { SessionLimits } from '../cluster/limits';
import { readStatementStatistics } from '../cluster/read-statements';
import { SessionKeeper } from '../cluster/session-keeper';
import type { ViewError } from '../shared/plan-diff';
import type { BySide, Side } from '../shared/side';
import type { Reading } from '../statements/reading';
import { bySide, mapSides, settle } from './by-side';
import type { SideConnection } from './explain-job';

export interface ReadingJob {
  source: SideConnection;
  target: SideConnection;
  limits: SessionLimits;
  signal?: AbortSignal | undefined;
  sessions?: SessionKeeper | undefined;
  /** Sides that need no reading: a snapshot stands in. */
  skip?: readonly Side[];
  onSideDone?: ((side: Side) => void) | undefined;
}

export interface SideOutcome {
  reading?: Reading;
  error?: ViewError;
}

/** Rejects with a ClusterError when it is cancelled; what else fails is in the side's outcome. */
export async function readBothSides(job: ReadingJob): Promise<BySide<SideOutcome>> {
  const outcomes = await settle(
    bySide(side => (job.skip?.includes(side) ? Promise.resolve(undefined) : readSide(job, side))),
  );
  return mapSides(side => {
    const { value, error } = outcomes[side];
    if (error?.reason === 'cancelled') throw error;
    if (error) return { error: toViewError(error) };
    return value ? { reading: value } : {};
  });
}

async function readSide(job: ReadingJob, side: Side): Promise<Reading> {
  const { limits, signal, onSideDone } = job;
  const { settings, password, label } = job[side];
  const keeper = job.sessions ?? new SessionKeeper(0);
  const session = await connect(settings, { stored: password, limits, signal }, (...login) => keeper.lend(...login));
  try {
    return await readStatementStatistics(session, label, signal);
  } finally {
    onSideDone?.(side);
    await keeper.giveBack(session);
  }
}
