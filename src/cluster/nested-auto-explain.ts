/**
 * Plans of the statements inside a call, from auto_explain, sent to the client as notices. Plain PostgreSQL only: on a
 * Citus coordinator auto_explain loses rows and falsifies row counts (measured on 11.1 and 13.2: of 9,600 rows of a
 * function's INSERT … SELECT 8,352 were kept). So nothing here runs where there is anything of Citus.
 */
import { ExecutionFold, type ObservedStatement, readExecution } from '../plan/auto-explain';
import { ClusterError } from './errors';
import type { QueryResult, Session, Statement } from './session';

export interface CallRequest {
  /** With `$n` for parameters. */
  sql: string;
  values: readonly (string | null)[];
  /** `read write` after consent; rolled back in any case. */
  access: 'read only' | 'read write';
  signal?: AbortSignal | undefined;
}

export interface AutoExplainRun {
  statements: ObservedStatement[];
  /** Of the call, as the client saw it. */
  elapsedMs: number;
  /** The statement itself, where auto_explain sees it: not for CALL and DO. */
  sent: string[];
  notices: string[];
}

export interface AutoExplainFailure {
  error: ClusterError;
  sent: string[];
  notices: string[];
}

/** `load`: a superuser, who may load it; `loaded`: it is there, and the role was granted its settings. */
export type AutoExplainAccess = { way: 'load' | 'loaded' } | { missing: string };

/**
 * Fails where the extension is in this database or its library in this server, whatever the caller knows. In a
 * transaction whose statements are sent at once nothing after a failure runs.
 */
const guard: Statement = {
  text: `SELECT 1 / CASE WHEN EXISTS (SELECT FROM pg_catalog.pg_extension WHERE extname = 'citus')
                          OR EXISTS (SELECT FROM pg_catalog.pg_settings WHERE name LIKE 'citus.%')
                          OR EXISTS (SELECT FROM pg_catalog.pg_class WHERE relname = 'pg_dist_node')
                         THEN 0 ELSE 1 END`,
};

/** Settings of auto_explain by the version that brought them (PostgreSQL documentation, "auto_explain"). */
const settings: readonly (readonly [name: string, value: string, since: number])[] = [
  ['log_analyze', 'on', 0],
  ['log_timing', 'on', 0],
  ['log_buffers', 'on', 0],
  ['log_wal', 'on', 130_000],
  ['log_verbose', 'on', 0],
  ['log_triggers', 'on', 0],
  ['log_settings', 'on', 120_000],
  ['log_format', 'json', 0],
  ['log_level', 'notice', 120_000],
  ['log_nested_statements', 'on', 0],
  ['sample_rate', '1', 0],
  ['log_min_duration', '0', 0],
];

/** What the connected role may do about auto_explain. Rejects with a {@link ClusterError}. */
export async function readAutoExplainAccess(session: Session, signal?: AbortSignal): Promise<AutoExplainAccess> {
  refuseOnCitus(session);
  const wanted = settingsOf(session).map(([name]) => `auto_explain.${name}`);
  const mayGrant = session.server.num >= 150_000;
  const { rows } = await session.query(
    `SELECT (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user),
            EXISTS (SELECT FROM pg_catalog.pg_settings WHERE name = 'auto_explain.log_min_duration'), current_user,
            ${mayGrant ? `ARRAY(SELECT s.name FROM pg_catalog.unnest($1::text[]) s(name) WHERE NOT pg_catalog.has_parameter_privilege(s.name, 'SET'))` : '$1::text[]'}`,
    [`{${wanted.join(',')}}`],
    signal,
  );
  const [superuser, loaded, user, denied] = rows[0]!;
  if (superuser === 't') return { way: 'load' };
  if (loaded === 't' && denied === '{}') return { way: 'loaded' };
  const role = `"${user!.replaceAll('"', '""')}"`;
  const preload = `ALTER ROLE ${role} SET session_preload_libraries = 'auto_explain'`;
  const grant = mayGrant ? `GRANT SET ON PARAMETER ${wanted.join(', ')} TO ${role}` : undefined;
  const steps = [loaded === 't' ? undefined : preload, grant].filter(step => step !== undefined);
  return {
    missing: mayGrant
      ? `Plans as they were in the call need auto_explain, which ${role} may not ${loaded === 't' ? 'set' : 'load'}: let a superuser run ${steps.join('; ')}.`
      : `Plans as they were in the call need auto_explain, which only a superuser may set before PostgreSQL 15: connect as one.`,
  };
}

/**
 * Runs the statement in a transaction that is rolled back and listens to auto_explain. The session should be closed
 * afterwards: a loaded library stays with it. Throws a {@link ClusterError} (`refused`) on Citus.
 */
export async function runWithAutoExplain(
  session: Session,
  way: 'load' | 'loaded',
  request: CallRequest,
): Promise<AutoExplainRun | AutoExplainFailure> {
  refuseOnCitus(session);
  const fold = new ExecutionFold();
  const before: Statement[] = [
    guard,
    ...(way === 'load' ? [{ text: `LOAD 'auto_explain'` }] : []),
    ...settingsOf(session).map(([name, value]) => ({ text: `SET LOCAL auto_explain.${name} = '${value}'` })),
    { text: `SET LOCAL client_min_messages = 'notice'` },
    // Contexts are read; a superuser can have them in English.
    ...(way === 'load' ? [{ text: `SET LOCAL lc_messages = 'C'` }] : []),
  ];
  const statements = [...before, { text: request.sql, values: request.values, asWritten: true }];
  const { results, failure, sent, notices } = await session.transaction(statements, {
    access: request.access,
    signal: request.signal,
    takeNotice: ({ message = '', where = '' }) => {
      const execution = readExecution(message, where);
      // Cutover's own statements are none of the call's.
      if (execution && !isOwn(execution.sql, statements)) fold.add(execution);
      return execution !== undefined;
    },
  });
  if (failure) {
    const { index, error } = failure;
    if (index === 0 && error.sqlstate === '22012') throw refusal(session);
    return { error: index === before.length ? error : error.with({ position: undefined }), sent, notices };
  }
  const call = results.at(-1) as QueryResult;
  return { statements: fold.statements(), elapsedMs: call.elapsedMs, sent, notices };
}

function isOwn(sql: string, statements: readonly Statement[]): boolean {
  return statements.some(({ text }, index) => index < statements.length - 1 && text === sql);
}

function settingsOf(session: Session) {
  return settings.filter(([, , since]) => session.server.num >= since);
}

function refuseOnCitus(session: Session): void {
  if (session.server.citus !== undefined) throw refusal(session);
}

function refusal(session: Session): ClusterError {
  return new ClusterError('refused', `auto_explain is not used on ${session.address}: Citus is there.`, {
    next: 'On Citus auto_explain loses rows and falsifies row counts; look at the nested statements in the other ways.',
  });
}
