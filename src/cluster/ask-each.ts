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
  /** After this long no further statement is sent. Milliseconds. */
  budgetMs: number;
  /** Gets each result as soon as it is there. */
  onResult?: ((name: string, result: QueryResult) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/**
 * Runs the statements in one transaction, one round trip; where one fails, those after it run in another. Rejects with a
 * ClusterError when the session is cancelled or lost, or `prepare` fails.
 */
export async function askEach(session: Session, questions: Questions, options: AskOptions): Promise<EachAnswer> {
  const { timeoutMs, budgetMs, onResult, signal } = options;
  const limitMs = atMost(session.limits.statementTimeoutMs, timeoutMs);
  const limit: Statement = { text: `SET LOCAL statement_timeout = ${limitMs}` };
  const results: EachAnswer['results'] = new Map();
  const failures: EachAnswer['failures'] = new Map();
  const began = performance.now();
  let open: (readonly [name: string | undefined, Statement])[] = [
    ...questions.asFound,
    [undefined, questions.prepare],
    ...questions.others,
  ];
  while (open.some(([name]) => name !== undefined)) {
    if (performance.now() - began > budgetMs) {
      for (const [name] of open) if (name !== undefined) failures.set(name, timeIsUp(budgetMs));
      break;
    }
    const asked = open;
    const outcome = await session.transaction([limit, ...asked.map(([, statement]) => statement)], {
      signal,
      onResult: (index, result) => {
        const [name] = asked[index - 1] ?? [];
        if (name === undefined) return;
        results.set(name, result);
        onResult?.(name, result);
      },
    });
    if (!outcome.failure) break;
    const { index, error } = outcome.failure;
    const [failed] = open[index - 1] ?? [];
    if (failed === undefined || !session.usable || signal?.aborted) throw error;
    failures.set(failed, error.sqlstate === '57014' ? timedOut(error, limitMs) : error);
    // A statement after `prepare` needs it again.
    const after = open.slice(index);
    open = after.some(([name]) => name === undefined) ? after : [[undefined, questions.prepare], ...after];
  }
  return { results, failures };
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
  return new ClusterError('timeout', `Not asked: others took more than ${budgetMs / 1000} s.`, { next });
}
