/**
 * Which statements a call ran, told by pg_stat_statements: what it counted before and after. On Citus the workers' too,
 * where alone JIT of a shard's work is seen (measured: the coordinator's row shows jit_functions = 0).
 */
import { constant } from '../sql/plpgsql-values';
import { ClusterError } from './errors';
import { marked } from './own-marker';
import type { Session } from './session';

export interface StatisticsAccess {
  /** Schema of the extension. */
  schema: string;
  /** As 1.10: 1.8 renamed the times, 1.9 tells nested statements apart, 1.10 counts JIT. */
  version: number;
  /** The role may count nested statements in its own transaction. */
  mayTrack: boolean;
  /** Nested statements are counted anyhow. */
  tracksAll: boolean;
  /** Roles whose statements count. */
  roles: string[];
}

/** What one node counted for one statement text during the call. */
export interface CountedStatement {
  /** `host:port`; absent on the node that the session is connected to. */
  node?: string;
  /** Normalised: `$1` for constants. */
  sql: string;
  calls: number;
  totalMs: number;
  jitMs?: number;
}

type Counts = Map<string, [calls: number, totalMs: number, jitMs: number]>;

export interface Snapshot {
  here: Counts;
  /** By `host:port`; without Citus there is none. */
  workers: Map<string, Counts>;
  /** What could not be asked. */
  notes: string[];
}

/** How the statistics can be read, or why not. Rejects with a {@link ClusterError} when the session is lost. */
export async function readStatisticsAccess(
  session: Session,
  runAs: readonly string[],
  signal?: AbortSignal,
): Promise<StatisticsAccess | { missing: string }> {
  const mayGrant = session.server.num >= 150_000;
  const may = mayGrant
    ? `pg_catalog.has_parameter_privilege('pg_stat_statements.track', 'SET')`
    : '(SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user)';
  const { rows } = await session.query(
    `SELECT current_user, (SELECT n.nspname || ' ' || e.extversion FROM pg_catalog.pg_extension e
               JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'pg_stat_statements'),
            (SELECT setting FROM pg_catalog.pg_settings WHERE name = 'pg_stat_statements.track'), ${may}`,
    [],
    signal,
  );
  const [user, extension, track, mayTrack] = rows[0]!;
  if (extension === null || track === null)
    return {
      missing: `Times of nested statements need pg_stat_statements: ${
        track === null ? 'put it into shared_preload_libraries and restart' : 'CREATE EXTENSION pg_stat_statements'
      }.`,
    };
  const at = extension!.lastIndexOf(' ');
  const [major, minor] = extension!.slice(at + 1).split('.');
  return {
    schema: extension!.slice(0, at),
    version: Number(major) + Number(minor) / 100,
    mayTrack: mayTrack === 't',
    tracksAll: track === 'all',
    roles: [...new Set([user!, ...runAs])],
  };
}

/** Which grant would let the role count nested statements. */
export function trackMissing(session: Session, user: string): string {
  const role = `"${user.replaceAll('"', '""')}"`;
  return session.server.num >= 150_000
    ? `Nested statements are counted only when a superuser runs GRANT SET ON PARAMETER pg_stat_statements.track TO ${role}, or sets pg_stat_statements.track = 'all'.`
    : `Nested statements are counted only when a superuser sets pg_stat_statements.track = 'all'.`;
}

/** The counters as they stand, on the workers, too. Rejects with a {@link ClusterError}. */
export async function takeSnapshot(
  session: Session,
  access: StatisticsAccess,
  signal?: AbortSignal,
): Promise<Snapshot> {
  const [here, workers] = await Promise.all([
    session.query(`SELECT coalesce(pg_catalog.json_agg(c), '[]') FROM (${countsQuery(access, true)}) c`, [], signal),
    askWorkers(session, `SELECT coalesce(json_agg(c), '[]') FROM (${countsQuery(access, false)}) c`, signal),
  ]);
  return {
    here: countsOf(here.rows[0]![0]!),
    workers: new Map([...workers.answers].map(([node, answer]) => [node, countsOf(answer)])),
    notes: workers.notes,
  };
}

/** What was counted since, with its texts. Rejects with a {@link ClusterError}. */
export async function countedSince(
  session: Session,
  access: StatisticsAccess,
  before: Snapshot,
  signal?: AbortSignal,
): Promise<{ counted: CountedStatement[]; notes: string[] }> {
  const after = await takeSnapshot(session, access, signal);
  const changed = new Map([['', changes(before.here, after.here)]]);
  for (const [node, counts] of after.workers) changed.set(node, changes(before.workers.get(node) ?? new Map(), counts));
  const ids = [...new Set([...changed.values()].flatMap(counts => [...counts.keys()]))];
  if (ids.length === 0) return { counted: [], notes: after.notes };
  const texts = textsQuery(access, ids);
  const [here, workers] = await Promise.all([session.query(texts, [], signal), askWorkers(session, texts, signal)]);
  const byNode = new Map([['', here.rows[0]![0]!], ...workers.answers]);
  const counted = [...changed].flatMap(([node, counts]) => {
    const known = new Map(JSON.parse(byNode.get(node) ?? '[]') as [string, string | null][]);
    return [...counts].flatMap(([id, [calls, totalMs, jitMs]]): CountedStatement[] => {
      const sql = known.get(id);
      if (!sql || isOwn(sql)) return [];
      const entry: CountedStatement = { sql, calls, totalMs };
      if (node) entry.node = node;
      if (access.version >= 1.1) entry.jitMs = jitMs;
      return [entry];
    });
  });
  return { counted: counted.sort((a, b) => b.totalMs - a.totalMs), notes: after.notes };
}

/** Cutover's questions to the workers are counted there, too. */
function isOwn(sql: string): boolean {
  return (
    sql.includes('pg_stat_statements') || /^(?:EXPLAIN|BEGIN|COMMIT|ROLLBACK|SET|PREPARE TRANSACTION)\b/i.test(sql)
  );
}

function changes(before: Counts, after: Counts): Counts {
  const changed: Counts = new Map();
  for (const [id, [calls, totalMs, jitMs]] of after) {
    const [callsBefore, totalBefore, jitBefore] = before.get(id) ?? [0, 0, 0];
    if (calls > callsBefore) changed.set(id, [calls - callsBefore, totalMs - totalBefore, jitMs - jitBefore]);
  }
  return changed;
}

function countsQuery(access: StatisticsAccess, nestedOnly: boolean): string {
  const { version } = access;
  const total = version >= 1.08 ? 'total_exec_time' : 'total_time';
  const jit =
    version >= 1.1 ? 'jit_generation_time + jit_inlining_time + jit_optimization_time + jit_emission_time' : '0';
  return `SELECT queryid::text AS id, sum(calls) AS calls, sum(${total}) AS total, sum(${jit}) AS jit
            FROM ${functionName(access)}(false) WHERE ${ours(access)} AND queryid IS NOT NULL
             ${nestedOnly && version >= 1.09 ? 'AND NOT toplevel' : ''} GROUP BY queryid`;
}

function textsQuery(access: StatisticsAccess, ids: readonly string[]): string {
  const list = ids.filter(id => /^-?\d+$/.test(id)).join(', ');
  return `SELECT coalesce(json_agg(json_build_array(id, query)), '[]') FROM (SELECT DISTINCT ON (queryid) queryid::text AS id, query
            FROM ${functionName(access)}(true) WHERE ${ours(access)} AND queryid IN (${list})) t`;
}

function functionName({ schema }: StatisticsAccess): string {
  return `"${schema.replaceAll('"', '""')}".pg_stat_statements`;
}

function ours({ roles }: StatisticsAccess): string {
  return `dbid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
          AND pg_catalog.pg_get_userbyid(userid) IN (${roles.map(constant).join(', ')})`;
}

function countsOf(json: string): Counts {
  const rows = JSON.parse(json) as { id: string; calls: number; total: number; jit: number }[];
  return new Map(rows.map(({ id, calls, total, jit }) => [id, [calls, total, jit]]));
}

/**
 * `run_command_on_workers` is no sandbox (it writes even for a read-only session): nothing but the queries of this file,
 * which read the statistics, goes through it.
 */
async function askWorkers(
  session: Session,
  command: string,
  signal?: AbortSignal,
): Promise<{ answers: Map<string, string>; notes: string[] }> {
  const answers = new Map<string, string>();
  const notes: string[] = [];
  if (session.server.citus === undefined) return { answers, notes };
  try {
    const { rows } = await session.query(
      'SELECT nodename, nodeport, success, result FROM pg_catalog.run_command_on_workers($1)',
      [marked(command)],
      signal,
    );
    for (const [host, port, success, result] of rows) {
      const node = `${host}:${port}`;
      if (success === 't') answers.set(node, result || '[]');
      else notes.push(`The statistics of ${node} could not be read: ${result}`);
    }
  } catch (error) {
    if (!(error instanceof ClusterError) || error.reason === 'cancelled' || error.reason === 'disconnected')
      throw error;
    notes.push(`The workers could not be asked for their statistics: ${error.message}`);
  }
  return { answers, notes };
}
