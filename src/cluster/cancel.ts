import { setTimeout as sleep } from 'node:timers/promises';
import type { Session } from './session';

/** What to cancel, and whether its work runs on more nodes than one. */
export interface CancelTarget {
  pid: number;
  citus: boolean;
}

/** How long cancelling itself may take before Cutover lets go of the connection. */
export const cancelTimeoutMs = 5_000;

/**
 * Cancels a backend and sees it gone; resolves to why that could not be confirmed, else to undefined.
 *
 * `pg_cancel_backend` is repeated until the backend is no longer active: a signal that arrives between two statements
 * of a transaction is lost. On Citus, cancelling the coordinator's backend cancels its queries on the workers; they
 * carry the same global pid, which is built as node id × 10^10 + pid, so all nodes are asked by one
 * `citus_stat_activity`.
 */
export async function cancelAndConfirm(
  target: CancelTarget,
  openSession: () => Promise<Session>,
): Promise<string | undefined> {
  const deadline = Date.now() + cancelTimeoutMs;
  let session: Session;
  try {
    session = await openSession();
  } catch (error) {
    return `No second connection for the cancellation could be had: ${error instanceof Error ? error.message : String(error)}`;
  }
  try {
    await until(deadline, async () => {
      const { rows } = await session.query(
        `SELECT pg_catalog.pg_cancel_backend(pid) FROM pg_catalog.pg_stat_activity WHERE pid = $1 AND state = 'active'`,
        [String(target.pid)],
      );
      return rows.length === 0;
    });
    if (target.citus)
      await until(deadline, async () => {
        const { rows } = await session.query(
          `SELECT 1 FROM pg_catalog.citus_stat_activity
            WHERE global_pid = pg_catalog.citus_backend_gpid() - pg_catalog.pg_backend_pid() + $1 AND state = 'active'`,
          [String(target.pid)],
        );
        return rows.length === 0;
      });
    return undefined;
  } catch (error) {
    return `The end of backend ${target.pid} could not be confirmed: ${error instanceof Error ? error.message : String(error)}`;
  } finally {
    await session.close();
  }
}

async function until(deadline: number, done: () => Promise<boolean>): Promise<void> {
  for (let pauseMs = 20; !(await done()); pauseMs = Math.min(2 * pauseMs, 250)) {
    if (Date.now() + pauseMs > deadline) throw new Error(`it is still active after ${cancelTimeoutMs} ms`);
    await sleep(pauseMs);
  }
}
