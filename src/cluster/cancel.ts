import { setTimeout as sleep } from 'node:timers/promises';
import type { Session } from './session';

/** Which transaction of which backend. */
export interface RunningTransaction {
  pid: number;
  /** Its start in microseconds since 1970, which tells it from others' behind a pooler; absent on a direct connection. */
  startedUs?: string;
}

/** What to cancel, and how it can be reached. */
export interface CancelTarget {
  /** What runs now; undefined before the server has said. */
  current(): RunningTransaction | undefined;
  /** The server has answered everything that was sent. */
  isAnswered(): boolean;
  /** The connection was given up, so that no answer can come: what the server says of the backend has to do. */
  cutOff: boolean;
  /** The work may run on more nodes than one. */
  citus: boolean;
  /** A second connection to the same server. */
  openSession(): Promise<Session>;
  /** The protocol's CancelRequest, which needs no free slot. */
  requestCancel(signal: AbortSignal): Promise<void>;
}

/** How long cancelling itself may take before Cutover lets go of the connection. */
export const cancelTimeoutMs = 5_000;

/** Behind a pooler a backend soon serves somebody else: only the very transaction is cancelled. */
const cancelQuery = `SELECT pg_catalog.pg_cancel_backend(pid) FROM pg_catalog.pg_stat_activity
  WHERE pid = $1 AND pid <> pg_catalog.pg_backend_pid() AND state = 'active'
    AND ($2::bigint IS NULL OR (extract(epoch FROM xact_start) * 1000000)::bigint = $2)`;

/** Queries of a backend on every node. They carry its global pid, which is the node's id × 10^10 + pid. */
const nodesQuery = `SELECT 1 FROM pg_catalog.citus_stat_activity
  WHERE global_pid = pg_catalog.citus_backend_gpid() - pg_catalog.pg_backend_pid() + $1
    AND state = 'active' AND query_start < $2`;

/**
 * Cancels what runs and sees it gone; resolves to why that could not be confirmed, else to undefined. Never rejects.
 *
 * The cancellation is repeated until the server has answered everything: a signal that arrives between two statements is
 * lost. On Citus, cancelling the coordinator's backend cancels its queries on the workers; one `citus_stat_activity` then
 * says whether any node still runs one. Where no second connection can be had (all slots taken), a CancelRequest does it,
 * and only the server's own answer confirms it.
 */
export async function cancelAndConfirm(target: CancelTarget): Promise<string | undefined> {
  const deadline = Date.now() + cancelTimeoutMs;
  let session: Session | undefined;
  let problem: unknown;
  try {
    session = await target.openSession();
  } catch (error) {
    problem = error;
  }
  try {
    if (session) await cancelBySession(target, session, deadline);
    else if (target.cutOff) throw new Error('nobody could look whether it ended.');
    else await cancelByRequest(target, deadline);
    return undefined;
  } catch (error) {
    const backend = target.current()?.pid ?? '(unknown)';
    const how = session ? '' : ` No second connection could be had: ${messageOf(problem)}`;
    return `The end of backend ${backend} could not be confirmed: ${messageOf(error)}${how}`;
  } finally {
    await session?.close();
  }
}

async function cancelBySession(target: CancelTarget, session: Session, deadline: number): Promise<void> {
  await until(deadline, async () => {
    const current = target.current();
    if (!current || (target.isAnswered() && !target.cutOff)) return target.isAnswered();
    const running = await session.query(cancelQuery, [String(current.pid), current.startedUs ?? null]);
    return target.cutOff ? running.rows.length === 0 : target.isAnswered();
  });
  const pid = target.current()?.pid;
  if (!target.citus || pid === undefined) return;
  const now = (await session.query('SELECT pg_catalog.clock_timestamp()')).rows[0]![0]!;
  await until(deadline, async () => (await session.query(nodesQuery, [String(pid), now])).rows.length === 0);
}

async function cancelByRequest(target: CancelTarget, deadline: number): Promise<void> {
  await until(deadline, async () => {
    if (!target.isAnswered()) await target.requestCancel(AbortSignal.timeout(Math.max(deadline - Date.now(), 1)));
    return target.isAnswered();
  });
}

async function until(deadline: number, done: () => Promise<boolean>): Promise<void> {
  for (let pauseMs = 10; !(await done()); pauseMs = Math.min(2 * pauseMs, 250)) {
    if (Date.now() + pauseMs > deadline) throw new Error(`it had not ended after ${cancelTimeoutMs} ms.`);
    await sleep(pauseMs);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
