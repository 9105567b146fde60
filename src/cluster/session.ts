import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from 'pg';
import type { ServerCertificate } from '../checks/check';
import { cancelAndConfirm, cancelTimeoutMs, type RunningTransaction } from './cancel';
import { type ConnectionProfile, formatAddress } from './connection';
import { ClusterError } from './errors';
import type { SessionLimits } from './limits';
import { type Login, login } from './login';
import type { Notice } from './notice';
import { inOneText, unmarkedPosition } from './own-marker';
import { Pipeline, type QueryResult, type Statement } from './pipeline';
import { certificateOf } from './tls';
import { type BackendKey, sendCancelRequest } from './wire';

export type { QueryResult, Statement } from './pipeline';

export interface ServerVersion {
  /** `server_version_num`, as 150018. */
  num: number;
  /** `server_version`, as `15.18 (Debian 15.18-0+deb12u1)`. */
  postgres: string;
  /** Version of the loaded library, as 13.2.2, when the extension is in this database. */
  citus?: string;
  /** A standby: it accepts no writes. */
  inRecovery: boolean;
}

export interface TransactionOptions {
  /** `read write` is for a write that the user has consented to; it is rolled back as everything else. */
  access?: 'read only' | 'read write';
  /** Cutover's own catalog queries: JIT would cost more than they do. */
  jitOff?: boolean;
  /** Text that was parsed here goes to the server: it must read a backslash in a string as our parser did. */
  standardStrings?: boolean;
  /** Instead of the session's. Milliseconds. */
  statementTimeoutMs?: number | undefined;
  /** Runs after the ROLLBACK, whatever happened; its errors are nobody's business. */
  cleanup?: Statement[];
  /** Sees each notice as it comes, not redacted; true keeps it out of the outcome's list. */
  takeNotice?: ((notice: Notice) => boolean) | undefined;
  /** Gets what a statement answered as soon as it did, ahead of the outcome. */
  onResult?: ((index: number, result: QueryResult) => void) | undefined;
  signal?: AbortSignal | undefined;
}

export interface TransactionOutcome {
  /** Of the statements that succeeded, in order. */
  results: QueryResult[];
  /** Every statement that was sent, from BEGIN to the last of the cleanup. */
  sent: string[];
  /** What the server remarked on the way, as `WARNING: …`. */
  notices: string[];
  /** The first statement that failed; -1 is BEGIN. */
  failure?: { index: number; error: ClusterError };
}

const cancelLimits: SessionLimits = {
  statementTimeoutMs: cancelTimeoutMs,
  lockTimeoutMs: cancelTimeoutMs,
  idleInTransactionTimeoutMs: cancelTimeoutMs,
};

/** What a session is started with: it does not see later changes of these (ALTER ROLE … SET, ALTER DATABASE … SET). */
const startQuery = `SELECT pg_catalog.current_setting('server_version_num'), pg_catalog.current_setting('server_version'),
  (SELECT extversion FROM pg_catalog.pg_extension WHERE extname = 'citus'), pg_catalog.pg_is_in_recovery(),
  (SELECT pg_catalog.string_agg(s.setconfig::text, ';' ORDER BY s.setdatabase, s.setrole)
     FROM pg_catalog.pg_db_role_setting s
    WHERE s.setdatabase IN (0, (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()))
      AND s.setrole IN (0, (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = session_user)))`;

/** `citus_version()` begins `Citus 13.2.2 on x86_64…`. */
export const citusVersionQuery = `SELECT substring(pg_catalog.citus_version() FROM '[0-9][0-9.]*')`;

/**
 * One connection doing one piece of work. Everything runs inside an explicit transaction that ends in ROLLBACK: read-only
 * in autocommit is no protection on Citus (a delegated function writes there), and a failed task of an EXPLAIN makes
 * COMMIT lose rows. Statements of a transaction are sent at once, so it costs one round trip.
 */
export class Session {
  readonly #client: Client;
  readonly #stream: Socket;
  readonly #password: string | undefined;
  readonly #key: BackendKey;
  readonly #pipeline: Pipeline;
  #current: RunningTransaction | undefined;
  #cancelling: Promise<string | undefined> | undefined;
  /** No pooler in between: the limits of the startup hold, and the backend is ours alone. Not known until it is checked. */
  #direct = false;
  #usable = true;
  #start: (string | null)[] = [];

  private constructor(
    readonly profile: ConnectionProfile,
    password: string | undefined,
    readonly limits: SessionLimits,
    loggedIn: Login,
    readonly server: ServerVersion,
  ) {
    this.#client = loggedIn.client;
    this.#stream = loggedIn.stream;
    this.#password = password;
    this.#key = loggedIn.key;
    this.encrypted = loggedIn.encrypted;
    this.#client.on('end', () => {
      this.#usable = false;
    });
    this.#client.on('error', () => {
      this.#usable = false;
    });
    this.#pipeline = new Pipeline(loggedIn, {
      onSilent: () => {
        this.#usable = false;
      },
      onCutOff: () => {
        this.#usable = false;
        void this.#cancel(true);
      },
    });
  }

  readonly encrypted: boolean;

  /** Undefined when the session is not encrypted. */
  get certificate(): ServerCertificate | undefined {
    return certificateOf(this.#stream, this.profile.host);
  }

  /** Rejects with a {@link ClusterError}. */
  static async open(
    wanted: ConnectionProfile,
    password: string | undefined,
    limits: SessionLimits,
    signal?: AbortSignal,
  ): Promise<Session> {
    const profile = { ...wanted, connectTimeoutMs: limits.connectTimeoutMs ?? wanted.connectTimeoutMs };
    const loggedIn = await login(profile, password, limits, signal);
    const server: ServerVersion = { num: 0, postgres: '', inRecovery: false };
    const session = new Session(profile, password, limits, loggedIn, server);
    try {
      const { rows } = await session.query(startQuery, [], signal);
      session.#start = rows[0]!;
      const { pid } = session.#current!;
      session.#direct = loggedIn.limitsAtStartup && pid === loggedIn.key.processId;
      // From here on no transaction of others can run there.
      if (session.#direct) session.#current = { pid };
      const [num, postgres, citus, inRecovery] = session.#start;
      server.num = Number(num);
      server.postgres = postgres!;
      if (citus) server.citus = (await session.query(citusVersionQuery, [], signal)).rows[0]![0]!;
      server.inRecovery = inRecovery === 't';
    } catch (error) {
      session.#destroy();
      throw error;
    }
    return session;
  }

  /** `host:port/database`. */
  get address(): string {
    return formatAddress(this.profile);
  }

  /** Whether another statement may be tried. Not after the connection was lost, nor after a cancellation. */
  get usable(): boolean {
    return this.#usable;
  }

  /** Which backend works for this session, for another session to look at; undefined before the server has said. */
  get running(): RunningTransaction | undefined {
    return this.#current;
  }

  /** Whether the connection stands and a new session would start with the same settings. Never rejects. */
  async isCurrent(signal?: AbortSignal): Promise<boolean> {
    const { results } = await this.transaction([{ text: startQuery }], { jitOff: true, signal });
    return this.#usable && JSON.stringify(results[0]?.rows[0]) === JSON.stringify(this.#start);
  }

  /** One of Cutover's own queries, read-only and without JIT. Rejects with a {@link ClusterError}. */
  async query(text: string, values: readonly (string | null)[] = [], signal?: AbortSignal): Promise<QueryResult> {
    const { results, failure } = await this.transaction([{ text, values }], { jitOff: true, signal });
    if (failure) throw failure.error;
    return results[0]!;
  }

  /** Sends BEGIN, the statements and ROLLBACK at once. Never rejects: what failed is in the outcome. */
  async transaction(statements: readonly Statement[], options: TransactionOptions = {}): Promise<TransactionOutcome> {
    const limited = statements.some(({ limit }) => limit) ? await import('./limited-query') : undefined;
    const { cleanup = [], signal, onResult, statementTimeoutMs = this.limits.statementTimeoutMs } = options;
    if (signal?.aborted)
      return { results: [], sent: [], notices: [], failure: { index: -1, error: this.#cancelled() } };
    const answerMs = this.profile.connectTimeoutMs;
    const statementMs = statementTimeoutMs > 0 ? statementTimeoutMs + answerMs : undefined;
    this.#pipeline.takeNotice = options.takeNotice;
    const begin: Statement = { text: this.#begin(options, statementTimeoutMs), simple: true };
    const all: Statement[] = [begin, ...statements, { text: 'ROLLBACK', simple: true }, ...cleanup];
    const ended = Promise.all(
      all.map(async (statement, i) => {
        const limitMs = statement === begin ? answerMs : statementMs;
        const answer = await this.#pipeline.send(statement, limitMs, limited?.LimitedQuery);
        if (statement === begin) this.#meetBackend(answer.result);
        else if (answer.result && i <= statements.length) onResult?.(i - 1, answer.result);
        return answer;
      }),
    );

    let cancelling: Promise<string | undefined> | undefined;
    const cancel = () => {
      cancelling = this.#cancel();
    };
    signal?.addEventListener('abort', cancel);
    const answers = await ended;
    signal?.removeEventListener('abort', cancel);
    // Of an answer that was too long, too.
    const unconfirmed = await this.#cancelling;
    if (answers[1 + statements.length]!.error) this.#usable = false;

    const own = answers.slice(0, 1 + statements.length);
    const failed = own.findIndex(answer => answer.error);
    const outcome: TransactionOutcome = {
      results: own.slice(1, failed < 0 ? undefined : Math.max(failed, 1)).map(answer => answer.result!),
      sent: all.map(statement => statement.text),
      notices: answers.flatMap(answer => answer.notices),
    };
    if (cancelling || unconfirmed)
      outcome.failure = { index: Math.max(failed, 0) - 1, error: this.#cancelled(unconfirmed) };
    else if (failed >= 0) {
      const error = ClusterError.from(own[failed]!.error, {
        address: this.address,
        user: this.profile.user,
        phase: 'query',
        // From BEGIN on: the statement began on the server before the answer to the one ahead of it was read here.
        elapsedMs: own.slice(0, failed + 1).reduce((sum, { elapsedMs }) => sum + elapsedMs, 0),
        statementTimeoutMs,
      });
      outcome.failure = { index: failed - 1, error: inTextOf(all[failed]!, error) };
    }
    return outcome;
  }

  /** Says goodbye; never rejects, never hangs. */
  async close(): Promise<void> {
    this.#usable = false;
    const goodbye = this.#client.end().catch(() => {});
    await Promise.race([goodbye, sleep(1_000, undefined, { ref: false })]);
    this.#destroy();
  }

  #begin(options: TransactionOptions, statementTimeoutMs: number): string {
    const { access = 'read only', jitOff = false, standardStrings = false } = options;
    const lines = [`BEGIN ${access.toUpperCase()}`];
    const { lockTimeoutMs, idleInTransactionTimeoutMs } = this.limits;
    // A pooler refuses or ignores startup options, and its backends change with every transaction, as does what it says
    // about their process ids. SET LOCAL, as the next transaction of this backend may be somebody else's.
    if (!this.#direct)
      lines.push(
        `SET LOCAL statement_timeout = ${statementTimeoutMs}`,
        `SET LOCAL lock_timeout = ${lockTimeoutMs}`,
        `SET LOCAL idle_in_transaction_session_timeout = ${idleInTransactionTimeoutMs}`,
      );
    else if (statementTimeoutMs !== this.limits.statementTimeoutMs)
      lines.push(`SET LOCAL statement_timeout = ${statementTimeoutMs}`);
    if (standardStrings) {
      // Workers read what the coordinator writes under its own setting.
      if (this.server.citus !== undefined) lines.push('SET LOCAL citus.propagate_set_commands = local');
      lines.push('SET LOCAL standard_conforming_strings = on');
    }
    if (jitOff) lines.push('SET LOCAL jit = off');
    if (!this.#direct)
      lines.push('SELECT pg_catalog.pg_backend_pid(), (extract(epoch FROM pg_catalog.now()) * 1000000)::bigint');
    return inOneText(lines);
  }

  /** Behind a pooler BEGIN asks who answers. */
  #meetBackend(begun: QueryResult | undefined): void {
    const [pid, startedUs] = begun?.rows[0] ?? [];
    if (pid && startedUs) this.#current = { pid: Number(pid), startedUs };
  }

  /** Everything that is under way, once; resolves when it is seen gone, or to why not. The session ends with it. */
  #cancel(cutOff = false): Promise<string | undefined> {
    // A late signal must not hit whoever would use this session next.
    this.#usable = false;
    const connectTimeoutMs = Math.min(this.profile.connectTimeoutMs, cancelTimeoutMs);
    this.#cancelling ??= cancelAndConfirm({
      current: () => this.#current,
      isAnswered: () => this.#pipeline.isEmpty,
      cutOff,
      citus: this.server.citus !== undefined,
      openSession: () => Session.open(this.profile, this.#password, { ...cancelLimits, connectTimeoutMs }),
      requestCancel: signal => sendCancelRequest(this.profile, this.#key, signal),
    }).finally(() => this.#destroy());
    return this.#cancelling;
  }

  #cancelled(unconfirmed?: string): ClusterError {
    return new ClusterError('cancelled', `Cancelled on ${this.address}.`, {
      next: unconfirmed
        ? `Look into pg_stat_activity for application_name cutover: it may run on until the statement timeout.`
        : 'Run it again when you need it.',
      detail: unconfirmed,
    });
  }

  #destroy(): void {
    this.#usable = false;
    this.#pipeline.end();
  }
}

/** The server counts positions in the text that was sent. */
function inTextOf({ text, asWritten }: Statement, error: ClusterError): ClusterError {
  if (error.position === undefined || asWritten) return error;
  return error.with({ position: unmarkedPosition(text, error.position) });
}
