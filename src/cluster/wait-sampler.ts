import { setTimeout as sleep } from 'node:timers/promises';
import type { WaitFacts } from '../plan/causes/facts';
import type { RunningTransaction } from './cancel';
import type { Session } from './session';

/** A statement that ends sooner is not looked at: the second connection would cost as much as it. */
const quietMs = 200;
const intervalMs = 100;
/** Looking takes at most this share of the time, on the server and on this machine. */
const dutyShare = 0.2;
/** After some 5 s the pauses grow with the time, so that an hour's statement is looked at some hundred times. */
const growth = 1 / 50;
const maxBlockers = 5;
const maxBlockerLength = 200;

export interface WaitSampler {
  /** Ends it at once; what was seen, undefined when nothing was. Never throws. */
  stop(): WaitFacts | undefined;
}

/**
 * Looks from a second session at what the backends of a running statement wait for. One connection, opened only when the
 * statement takes longer than 200 ms, and closed with it. It never fails: what cannot be seen is not in the facts.
 * @param open a session of the sampler's own, to the same server and by the same role
 */
export function sampleWaits(running: Session, open: () => Promise<Session>): WaitSampler {
  const tally = new Tally();
  const stopping = new AbortController();
  let session: Session | undefined;
  const sample = async (): Promise<void> => {
    await sleep(quietMs, undefined, { signal: stopping.signal, ref: false });
    session = await open();
    const started = performance.now();
    while (!stopping.signal.aborted && session.usable) {
      const at = performance.now();
      const backend = running.running;
      if (backend) tally.add(await look(session, backend));
      const tookMs = performance.now() - at;
      const pauseMs = Math.max(intervalMs, tookMs / dutyShare, (performance.now() - started) * growth);
      await sleep(pauseMs, undefined, { signal: stopping.signal, ref: false });
    }
  };
  void sample()
    .catch(() => {})
    .finally(() => session?.close());
  return {
    stop() {
      stopping.abort();
      // A query under way is left to itself: cancelling it would cost more than its few milliseconds.
      void session?.close();
      return tally.facts();
    },
  };
}

/** One backend of the statement at one moment. */
interface Seen {
  type: string | null;
  event: string | null;
  /** How long it has been waiting for this lock, where the server says so (14). */
  lockMs: number | undefined;
  blockers: string[];
}

/** A statement in the same transaction of the same backend; behind a pooler the backend may serve somebody else by now. */
const isOurs = `($2::bigint IS NULL OR (extract(epoch FROM a.xact_start) * 1000000)::bigint = $2)`;

async function look(session: Session, backend: RunningTransaction): Promise<Seen[]> {
  const values = [String(backend.pid), backend.startedUs ?? null];
  const { num, citus } = session.server;
  if (citus === undefined) return readBackends(session, plainQuery(num), values);
  const seen = await readBackends(session, citusQuery, values);
  const waiting = seen.find(({ type }) => type === 'Lock');
  if (waiting) {
    const { rows } = await session.query(citusLocksQuery(num), [values[0]!]);
    waiting.lockMs = rows[0]?.[0] ? Number(rows[0][0]) : undefined;
    waiting.blockers = rows.flatMap(([, text, pid]) => (pid ? blocker(text ?? '', `global pid ${pid}`) : []));
  }
  return seen;
}

/**
 * The backend and its parallel workers. pg_blocking_pids, which stops the lock manager for a moment, only for one that waits
 * for a lock (PostgreSQL documentation, "System Information Functions").
 */
function plainQuery(versionNum: number): string {
  const parallel = versionNum >= 130_000 ? 'OR a.leader_pid = $1::int' : '';
  const waited =
    versionNum >= 140_000
      ? `(SELECT (extract(epoch FROM pg_catalog.clock_timestamp() - min(l.waitstart)) * 1000)::float8
           FROM pg_catalog.pg_locks l WHERE l.pid = a.pid AND NOT l.granted)`
      : 'NULL';
  return `SELECT a.wait_event_type, a.wait_event, CASE WHEN a.wait_event_type = 'Lock' THEN ${waited} END,
    CASE WHEN a.wait_event_type = 'Lock' THEN
      (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(b.query, 'pid ' || p.pid))
         FROM pg_catalog.unnest(pg_catalog.pg_blocking_pids(a.pid)) AS p(pid)
         LEFT JOIN pg_catalog.pg_stat_activity b ON b.pid = p.pid) END
   FROM pg_catalog.pg_stat_activity a
  WHERE (a.pid = $1::int AND ${isOurs} ${parallel})
    AND a.state = 'active'`;
}

/**
 * Backends of the statement on every node carry its global pid, which is the node's id × 10^10 + pid. While workers run
 * something the coordinator waits for them, which says nothing: then the workers alone.
 */
const citusQuery = `SELECT a.wait_event_type, a.wait_event, NULL, NULL
   FROM (SELECT *, bool_or(is_worker_query) OVER () AS any_worker FROM pg_catalog.citus_stat_activity
          WHERE global_pid = pg_catalog.citus_backend_gpid() - pg_catalog.pg_backend_pid() + $1::bigint
            AND state = 'active') AS a
  WHERE a.is_worker_query = a.any_worker AND (a.is_worker_query OR ${isOurs})`;

/** Since when it waits, and for whom: a row for each that is in its way, one at least. */
const citusLocksQuery = (versionNum: number): string => `WITH statement AS (
    SELECT pg_catalog.citus_backend_gpid() - pg_catalog.pg_backend_pid() + $1::bigint AS gpid)
 SELECT (extract(epoch FROM pg_catalog.clock_timestamp() - l.since) * 1000)::float8,
        w.current_statement_in_blocking_process, w.blocking_gpid
   FROM (SELECT ${versionNum >= 140_000 ? 'min(waitstart)' : 'NULL::timestamptz'} AS since FROM pg_catalog.citus_locks, statement WHERE global_pid = gpid AND NOT granted) AS l
   LEFT JOIN pg_catalog.citus_lock_waits w ON w.waiting_gpid = (SELECT gpid FROM statement)`;

async function readBackends(session: Session, query: string, values: (string | null)[]): Promise<Seen[]> {
  const { rows } = await session.query(query, values);
  const { host, port } = session.profile;
  return rows.map(([type, event, lockMs, blockers]) => ({
    type: type ?? null,
    event: event ?? null,
    lockMs: lockMs === null || lockMs === undefined ? undefined : Number(lockMs),
    blockers: blockers
      ? (JSON.parse(blockers) as [query: string | null, pid: string][]).map(([text, pid]) =>
          blocker(text ?? '', `${pid} on ${host}:${port}`),
        )
      : [],
  }));
}

/** What it runs, where the role may see that. */
function blocker(query: string, pid: string): string {
  const text = query.trim();
  return text === '' || text === '<insufficient privilege>' ? pid : text.slice(0, maxBlockerLength);
}

/** Samples weigh the same, whatever the number of backends in each. */
class Tally {
  #samples = 0;
  readonly #weights = new Map<string, number>();
  readonly #blockers = new Set<string>();
  #lockMs = 0;
  #lockedSince: number | undefined;

  add(seen: readonly Seen[]): void {
    if (seen.length === 0) return;
    this.#samples++;
    for (const { type, event, blockers } of seen) {
      const name = type === null ? 'CPU' : `${type}/${event}`;
      this.#weights.set(name, (this.#weights.get(name) ?? 0) + 1 / seen.length);
      for (const text of blockers) if (this.#blockers.size < maxBlockers) this.#blockers.add(text);
    }
    const now = performance.now();
    const locked = seen.filter(({ type }) => type === 'Lock');
    this.#lockedSince = locked.length > 0 ? (this.#lockedSince ?? now) : undefined;
    const streakMs = this.#lockedSince === undefined ? 0 : now - this.#lockedSince;
    this.#lockMs = Math.max(this.#lockMs, streakMs, ...locked.map(({ lockMs = 0 }) => lockMs));
  }

  facts(): WaitFacts | undefined {
    if (this.#samples === 0) return undefined;
    return {
      samples: this.#samples,
      shares: new Map([...this.#weights].map(([name, weight]) => [name, weight / this.#samples])),
      lockMs: this.#lockMs,
      blockers: [...this.#blockers],
    };
  }
}
