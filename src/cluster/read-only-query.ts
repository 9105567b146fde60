import type { CheckProblem, NodeAnswer } from '../shared/check';
import { offsetOfPosition } from '../sql/offsets';
import { loadSqlParser } from '../sql/parser';
import { gate } from '../sql/read-only-gate';
import { refuseReach } from '../sql/statement-reach';
import { ClusterError } from './errors';
import type { QueryResult, Session } from './session';
import { readReach, wantedNames } from './statement-reach';
import { typeNames } from './type-names';

export interface ReadOnlyQueryOptions {
  /** Default 1,000. */
  maxRows?: number;
  /** Of the answer as it travels. Default 1 MB. */
  maxBytes?: number;
  /** Shorter than the session's statement timeout; a longer one is not granted. Milliseconds. */
  timeoutMs?: number | undefined;
  signal?: AbortSignal | undefined;
}

export type Place = Pick<NodeAnswer, 'side' | 'node' | 'role'>;

/**
 * Runs SQL that came from a file, when it only reads: judged by its text, then by the catalog of the very node, then in
 * BEGIN READ ONLY … ROLLBACK over the extended protocol, and no more of its answer is read than the limits allow. Never
 * rejects: what was refused or failed is the answer's problem. A session whose answer was longer than `maxBytes`, or that was
 * cancelled, is no longer usable.
 */
export async function readOnlyQuery(
  session: Session,
  place: Place,
  sql: string,
  options: ReadOnlyQueryOptions = {},
): Promise<NodeAnswer> {
  const began = performance.now();
  const answer = (fields: Partial<NodeAnswer>): NodeAnswer => ({
    ...place,
    columns: [],
    rows: [],
    truncated: false,
    elapsedMs: performance.now() - began,
    ...fields,
  });
  try {
    const refusal = await judge(session, sql, options.signal);
    if (refusal) return answer({ problem: refusal });
    const { result, failure } = await run(session, sql, options);
    if (!result) return answer({ problem: problemOf(failure!, sql) });
    const names = await typeNames(session, result.typeOids, options.signal);
    const read = answer({
      columns: result.fields.map((name, i) => ({ name, type: names[i]! })),
      rows: result.rows,
      truncated: result.truncated === true,
      elapsedMs: result.elapsedMs,
    });
    return failure ? { ...read, problem: problemOf(failure, sql) } : read;
  } catch (error) {
    if (!(error instanceof ClusterError)) throw error;
    return answer({ problem: problemOf(error) });
  }
}

/** What the grammar says of SQL from a file; nothing needs to be connected. */
export async function refusalByText(sql: string): Promise<CheckProblem | undefined> {
  const passed = gate(await loadSqlParser(), sql);
  return passed.ok ? undefined : refused(passed.reason, passed.offset, passed.next);
}

/** Why the statement must not run on the session's node. Rejects with a ClusterError when the catalog cannot be read. */
async function judge(
  session: Session,
  sql: string,
  signal: AbortSignal | undefined,
): Promise<CheckProblem | undefined> {
  const passed = gate(await loadSqlParser(), sql);
  if (!passed.ok) return refused(passed.reason, passed.offset, passed.next);
  const wanted = wantedNames(passed);
  const reach = await readReach(session, wanted, signal);
  const found = refuseReach(reach);
  if (found) return refused(found.reason, wanted[found.root]?.at, found.next);
  // An unknown name must not pass for a harmless one.
  const missing = wanted.findIndex(({ kind }, i) => kind === 'function' && !reach.edges.some(({ root }) => root === i));
  if (missing < 0) return undefined;
  const { schema, name, at } = wanted[missing]!;
  const written = schema === undefined ? name : `${schema}.${name}`;
  const next = 'Check its spelling, and the search_path of the role there.';
  return refused(`The function ${written} is not in the catalog of ${session.address}.`, at, next);
}

interface Run {
  result?: QueryResult | undefined;
  failure?: ClusterError | undefined;
}

async function run(session: Session, sql: string, options: ReadOnlyQueryOptions): Promise<Run> {
  const { maxRows = 1_000, maxBytes = 1_000_000, timeoutMs, signal } = options;
  const allowedMs = session.limits.statementTimeoutMs;
  const shorterMs = timeoutMs !== undefined && (allowedMs === 0 || timeoutMs < allowedMs) ? timeoutMs : allowedMs;
  const statement = { text: sql, limit: { rows: maxRows, bytes: maxBytes } };
  const { results, failure } = await session.transaction([statement], {
    standardStrings: true,
    statementTimeoutMs: shorterMs,
    signal,
  });
  return { result: results[0], failure: failure?.error };
}

function refused(message: string, offset: number | undefined, next: string | undefined): CheckProblem {
  return { kind: 'refused', message, ...(offset !== undefined && { offset }), ...(next !== undefined && { next }) };
}

/** Where the words for EXPLAIN would mislead. */
const ownNext: Partial<Record<ClusterError['reason'], string>> = {
  readOnly: 'A check only reads.',
  timeout: 'Ask for less, or raise the setting cutover.statementTimeoutMs.',
  unsupported: 'The server cannot do this: ask in another way.',
};

const lost = new Set<ClusterError['reason']>(['disconnected', 'unreachable', 'starting', 'connectTimeout']);

/** Of a failed connection as of a failed statement; `sql` is given where the error's position is one in it. */
export function problemOf(error: ClusterError, sql?: string): CheckProblem {
  const { reason, sqlstate, position, message, hint } = error;
  const next = ownNext[reason] ?? hint ?? error.next;
  const kind = reason === 'cancelled' ? 'cancelled' : lost.has(reason) ? 'unreachable' : 'failed';
  return {
    kind,
    message,
    ...(sqlstate !== undefined && { sqlstate }),
    ...(sql !== undefined && position !== undefined && { offset: offsetOfPosition(sql, position) }),
    next,
  };
}
