import { ClusterError } from './errors';
import type { QueryResult, Session, Statement } from './session';

/** Cutover's own queries, each of which may fail without the others. */
export interface Questions {
  /** Sent before `prepare`, so that they see the settings that the role has. */
  asFound: ReadonlyMap<string, Statement>;
  prepare: Statement;
  others: ReadonlyMap<string, Statement>;
}

export interface EachAnswer {
  results: Map<string, QueryResult>;
  /** By name; what was no longer asked, as the time was up, is among them. */
  failures: Map<string, ClusterError>;
}

export interface AskOptions {
  /** For one statement. Milliseconds. */
  timeoutMs: number;
  /** For all of them together: what is not answered by then fails. Milliseconds. */
  budgetMs: number;
  /** When the budget began to run, as performance.now() says it; else with the call. */
  began?: number;
  /** Gets each result as soon as it is there. */
  onResult?: ((name: string, result: QueryResult) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/**
 * Runs the statements in one transaction, one round trip; where one fails, those after it run in another. Rejects with a
 * ClusterError when the session is cancelled or lost, or `prepare` fails.
 */
export async function askEach(session: Session, questions: Questions, options: AskOptions): Promise<EachAnswer> {
  const { timeoutMs, budgetMs, began = performance.now(), onResult, signal } = options;
  const limitMs = atMost(session.limits.statementTimeoutMs, timeoutMs);
  const results: EachAnswer['results'] = new Map();
  const failures: EachAnswer['failures'] = new Map();
  const asFound: Step[] = [...questions.asFound].map(([name, statement]) => ({ name, statement }));
  const prepare: Step = { statement: questions.prepare };
  let open: Step[] = [...questions.others].map(([name, statement]) => ({ name, statement }));
  let ahead = [...asFound, prepare];
  while (ahead.length > 1 || open.length > 0) {
    const leftMs = Math.floor(began + budgetMs - performance.now());
    if (leftMs <= 0) {
      for (const { name } of [...ahead, ...open]) if (name !== undefined) failures.set(name, timeIsUp(budgetMs));
      break;
    }
    const limit: Step = { statement: limitTo(limitMs, leftMs) };
    const steps = [...ahead, ...open.flatMap(step => [limit, step])];
    const outcome = await session.transaction(
      steps.map(({ statement }) => statement),
      {
        statementTimeoutMs: Math.min(limitMs, leftMs),
        signal,
        onResult: (index, result) => {
          const { name } = steps[index]!;
          if (name === undefined) return;
          results.set(name, result);
          onResult?.(name, result);
        },
      },
    );
    if (!outcome.failure) break;
    const { index, error } = outcome.failure;
    const at = steps[index] === limit ? index + 1 : index;
    const failed = steps[at]?.name;
    if (failed === undefined || !session.usable || signal?.aborted) throw error;
    const isUp = performance.now() - began > budgetMs;
    failures.set(failed, error.sqlstate !== '57014' ? error : isUp ? timeIsUp(budgetMs) : timedOut(error, limitMs));
    const after = steps.slice(at + 1).filter(step => step !== limit);
    // A statement after `prepare` needs it again.
    const prepared = after.indexOf(prepare);
    ahead = prepared < 0 ? [prepare] : after.slice(0, prepared + 1);
    open = after.slice(prepared + 1);
  }
  return { results, failures };
}

/** One statement of the transaction; without a name, it is none of the questions. */
interface Step {
  name?: string;
  statement: Statement;
}

/** For the statement behind it, by the server's clock: all of them were sent at once, and no longer wait for ours. */
function limitTo(limitMs: number, leftMs: number): Statement {
  return {
    text: `SELECT pg_catalog.set_config('statement_timeout', greatest(1, least($1::int,
  $2::int - extract(epoch FROM pg_catalog.clock_timestamp() - pg_catalog.transaction_timestamp()) * 1000))::int::text, true)`,
    values: [String(limitMs), String(leftMs)],
  };
}

/** 0 is no limit. */
function atMost(limitMs: number, wantedMs: number): number {
  return limitMs > 0 ? Math.min(limitMs, wantedMs) : wantedMs;
}

const next = 'The server is busy, or a lock is held: run the check again later.';

/** A cancellation that nobody asked for is the timeout of the statement. */
function timedOut({ sqlstate }: ClusterError, limitMs: number): ClusterError {
  return new ClusterError('timeout', `There was no answer within ${limitMs / 1000} s.`, { next, sqlstate });
}

function timeIsUp(budgetMs: number): ClusterError {
  return new ClusterError('timeout', `There was no answer to all of it within ${budgetMs / 1000} s.`, { next });
}
