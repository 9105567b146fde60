import type { ViewError } from '../shared/plan-diff';
import { describeNodeError, describeSqlstate } from './error-tables';
import { redact } from './redact';

/** Stable words for what went wrong; shells decide by them, never by message text. */
export type ClusterErrorReason =
  /** A connection URI or DSN that cannot be read. */
  | 'uri'
  /** A setting, service entry, certificate file or environment variable that cannot be used. */
  | 'settings'
  | 'unreachable'
  /** Connecting took too long. */
  | 'connectTimeout'
  /** `statement_timeout` ended the statement. */
  | 'timeout'
  /** `lock_timeout` ended the wait for a lock. */
  | 'lockTimeout'
  | 'authentication'
  | 'tls'
  /** The database does not exist. */
  | 'database'
  | 'privilege'
  | 'cancelled'
  | 'syntax'
  /** A relation, column, function or type the server does not know. */
  | 'undefined'
  /** A parameter without a value, a type or a readable value. */
  | 'parameters'
  /** A write inside a read-only transaction or on a standby. */
  | 'readOnly'
  /** The connection was lost while in use. */
  | 'disconnected'
  /** The server is starting up, shutting down or recovering. */
  | 'starting'
  | 'tooManyConnections'
  /** The server cannot do that (feature_not_supported). */
  | 'unsupported'
  /** Cutover declined to send it; the message says why. */
  | 'refused'
  /** Any other error of the server. */
  | 'server';

export interface ClusterErrorFields {
  /** One sentence: what to do next. */
  next: string;
  sqlstate?: string | undefined;
  /** 1-based character in the statement that was sent; mapped back to the user's SQL by whoever knows it. */
  position?: number | undefined;
  detail?: string | undefined;
  hint?: string | undefined;
  where?: string | undefined;
}

/** What was going on when an error came, for {@link ClusterError.from}. */
export interface ErrorContext {
  /** `host:port/database`. */
  address: string;
  user: string;
  phase: 'connect' | 'query';
  /** Cutover itself asked the server to cancel. */
  cancelRequested?: boolean;
  /** How long the statement had been running. */
  elapsedMs?: number;
  statementTimeoutMs?: number;
  lockTimeoutMs?: number;
}

/** Every failure of this room. Holds no secret: texts are redacted, and no driver object is kept as its cause. */
export class ClusterError extends Error {
  readonly next: string;
  readonly sqlstate: string | undefined;
  readonly position: number | undefined;
  readonly detail: string | undefined;
  readonly hint: string | undefined;
  readonly where: string | undefined;

  constructor(
    readonly reason: ClusterErrorReason,
    message: string,
    fields: ClusterErrorFields,
  ) {
    super(redact(message));
    this.name = 'ClusterError';
    this.next = fields.next;
    this.sqlstate = fields.sqlstate;
    this.position = fields.position;
    this.detail = fields.detail === undefined ? undefined : redact(fields.detail);
    this.hint = fields.hint === undefined ? undefined : redact(fields.hint);
    this.where = fields.where === undefined ? undefined : redact(fields.where);
  }

  /** Reads an error of the driver, of Node or of TLS. What is a ClusterError already passes through. */
  static from(error: unknown, context: ErrorContext): ClusterError {
    if (error instanceof ClusterError) return error;
    const server = serverError(error);
    if (server) {
      const { reason, next, message } = describeSqlstate(server, context);
      return new ClusterError(reason, message ?? server.message, {
        next,
        sqlstate: server.code,
        position: server.position === undefined ? undefined : Number(server.position),
        detail: server.detail,
        hint: server.hint,
        where: server.where,
      });
    }
    const { reason, next, message } = describeNodeError(nodeCode(error), textOf(error), context);
    return new ClusterError(reason, message, { next });
  }

  /** The same error with some fields changed. */
  with(fields: Partial<ClusterErrorFields> & { message?: string; reason?: ClusterErrorReason }): ClusterError {
    const { message = this.message, reason = this.reason, ...rest } = fields;
    return new ClusterError(reason, message, {
      next: this.next,
      sqlstate: this.sqlstate,
      position: this.position,
      detail: this.detail,
      hint: this.hint,
      where: this.where,
      ...rest,
    });
  }
}

/** An ErrorResponse as the driver hands it over (PostgreSQL documentation, "Error and Notice Message Fields"). */
export interface ServerError {
  message: string;
  /** SQLSTATE. */
  code: string;
  severity: string;
  position?: string;
  detail?: string;
  hint?: string;
  where?: string;
}

/** Only an ErrorResponse has a severity: `EPIPE` has five capital letters, too. */
function serverError(error: unknown): ServerError | undefined {
  return error instanceof Error && 'severity' in error && 'code' in error && typeof error.code === 'string'
    ? (error as unknown as ServerError)
    : undefined;
}

/** Node's error code; connecting to several addresses of one name fails with an AggregateError of them. */
function nodeCode(error: unknown): string | undefined {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code;
  if (error instanceof AggregateError) return nodeCode(error.errors[0]);
  return undefined;
}

function textOf(error: unknown): string {
  if (error instanceof AggregateError) return [...new Set(error.errors.map(textOf))].join('; ');
  return error instanceof Error ? error.message : String(error);
}

/** What a page or a report may show; fields that are not set are left out. */
export function toViewError(error: ClusterError): ViewError {
  const view: ViewError = { reason: error.reason, message: error.message, next: error.next };
  if (error.sqlstate !== undefined) view.sqlstate = error.sqlstate;
  if (error.position !== undefined) view.position = error.position;
  if (error.detail !== undefined) view.detail = error.detail;
  if (error.hint !== undefined) view.hint = error.hint;
  return view;
}
