import type { ClusterError } from './errors';
import type { CallRequest } from './nested-auto-explain';
import type { Session, Statement } from './session';

/** A statement that Citus sent to a worker during the call. */
export interface RemoteCommand {
  sql: string;
  /** `host:port`; empty where the coordinator itself has the shard. */
  node: string;
}

export interface CallRun {
  /** Of the call alone, as the client saw it. */
  elapsedMs?: number;
  remote: RemoteCommand[];
  error?: ClusterError;
  sent: string[];
  notices: string[];
}

/** A call that loops sends many; what comes later differs in values only. */
const mostCommands = 2_000;

const issuing = /^(?:issuing|executing the command locally:) ([\s\S]*)$/;
const server = /on server (?:.*@)?([^@\s]+:\d+)/;
/** What Citus says to a worker besides the statements of the call. */
const housekeeping =
  /^(?:BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE|PREPARE TRANSACTION|SET |SELECT (?:pg_catalog\.)?(?:assign_distributed_transaction_id|citus_internal|pg_get_|lock_shard|worker_(?:create|apply)))/i;

/**
 * Runs the statement in a transaction that is rolled back. With `track` its nested statements are counted in
 * pg_stat_statements, which keeps them; on Citus what goes to the workers is listened to (citus.log_remote_commands).
 * auto_explain has no part in it. Never rejects for what the server says.
 */
export async function runCall(session: Session, request: CallRequest, track: boolean): Promise<CallRun> {
  const citus = session.server.citus !== undefined;
  const before: Statement[] = [
    ...(track ? [{ text: `SET LOCAL pg_stat_statements.track = 'all'` }] : []),
    ...(citus
      ? [
          // Fresh connections to the workers: cached ones keep the role settings of before.
          { text: 'SET LOCAL citus.max_cached_conns_per_worker = 0' },
          { text: 'SET LOCAL citus.log_remote_commands = on' },
          { text: 'SET LOCAL citus.log_local_commands = on' },
          { text: `SET LOCAL client_min_messages = 'notice'` },
        ]
      : []),
  ];
  const remote: RemoteCommand[] = [];
  const outcome = await session.transaction(
    [...before, { text: request.sql, values: request.values, asWritten: true }],
    {
      access: request.access,
      signal: request.signal,
      takeNotice: ({ message = '', detail = '' }) => {
        const sql = citus ? issuing.exec(message)?.[1] : undefined;
        if (sql === undefined) return false;
        const node = server.exec(detail)?.[1] ?? '';
        if (!housekeeping.test(sql) && remote.length < mostCommands) remote.push({ sql, node });
        return true;
      },
    },
  );
  const { sent, notices, results, failure } = outcome;
  const run: CallRun = { remote, sent, notices };
  if (failure)
    run.error = failure.index === before.length ? failure.error : failure.error.with({ position: undefined });
  else run.elapsedMs = results.at(-1)!.elapsedMs;
  return run;
}

/**
 * A warning when the servers' own configuration runs auto_explain on nested statements at a Citus coordinator: it loses
 * rows there, of the application's calls, too. Rejects with a ClusterError.
 */
export async function warnOfAutoExplain(session: Session, signal?: AbortSignal): Promise<string | undefined> {
  if (session.server.citus === undefined) return undefined;
  const { rows } = await session.query(
    // pg_settings has the settings of loaded libraries only.
    `SELECT pg_catalog.count(*) = 2 FROM pg_catalog.pg_settings
      WHERE (name = 'auto_explain.log_min_duration' AND setting <> '-1')
         OR (name = 'auto_explain.log_nested_statements' AND setting = 'on')`,
    [],
    signal,
  );
  return rows[0]![0] === 't'
    ? 'auto_explain is switched on for nested statements at this coordinator: with Citus it loses rows that functions write, or falsifies their row counts. Switch auto_explain.log_nested_statements off.'
    : undefined;
}
