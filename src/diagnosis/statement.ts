import { ClusterError } from '../cluster/errors';
import type { Side } from '../shared/side';
import { type Classification, classify } from '../sql/classify';
import { stripExplain } from '../sql/explain-prefix';
import { offsetOfPosition, positionOfOffset } from '../sql/offsets';
import { type BoundStatement, bindParameters, findParameters } from '../sql/parameters';
import { loadSqlParser } from '../sql/parser';
import type { ExplainJob } from './explain-job';

/** The user's statement as the server will get it. */
export interface ReadyStatement {
  bound: BoundStatement;
  /** By grammar alone; offsets are those of the user's SQL. */
  classification: Classification;
}

/**
 * Parses the statement without the user's own EXPLAIN, puts `$n` in place of its parameters and refuses what cannot be
 * explained, before anything is connected to. Throws a {@link ClusterError} with reason `refused`.
 */
export async function readStatement(sql: string, parameters?: Record<string, string | null>): Promise<ReadyStatement> {
  const ready = await readStatementOrCall(sql, parameters);
  if (!ready.classification.explainable) throw notExplainable(sql, ready.classification);
  return ready;
}

/** The same, but CALL and DO pass: what they run can be explained. */
export async function readStatementOrCall(
  sql: string,
  parameters?: Record<string, string | null>,
): Promise<ReadyStatement> {
  const parser = await loadSqlParser();
  const explained = stripExplain(sql);
  const before = positionOfOffset(sql, explained.offset) - 1;
  const inExplained = bindParameters(explained.text, parameters);
  const bound: BoundStatement = {
    ...inExplained,
    positionInOriginal: position => before + inExplained.positionInOriginal(position),
  };
  const classification = classify(parser, bound.text);
  const { error } = classification;
  if (error) {
    const position = bound.positionInOriginal(positionOfOffset(bound.text, error.offset));
    classification.error = { ...error, offset: offsetOfPosition(sql, position) };
  }
  if (!classification.explainable && (error || !isRoutineCall(classification)))
    throw notExplainable(sql, classification);
  return { bound, classification };
}

/**
 * Whether what a statement does lies in routines, where EXPLAIN shows nothing of it: CALL, DO, and a SELECT of functions
 * without tables. Whether people wrote these functions only the catalog knows; explainCall (nested.ts) finds none then.
 */
export function isRoutineCall({ command, functions, relations }: Classification): boolean {
  if (command === 'CALL' || command === 'DO') return true;
  return command === 'SELECT' && relations.length === 0 && functions.length > 0;
}

/** Values of $1, $2, …; undefined for the generic plan. Throws a {@link ClusterError} with reason `parameters`. */
export function valuesOf(
  job: Pick<ExplainJob, 'parameters' | 'mode' | 'sql'>,
  { bound }: ReadyStatement,
): (string | null)[] | undefined {
  const written = findParameters(job.sql);
  const given = job.parameters;
  // A name that is part of the text must be known even for a generic plan.
  const needed = given || job.mode === 'analyze' ? written : written.filter(({ kind }) => kind === 'identifier');
  const missing = needed.map(({ name }) => name).filter(name => !given || !Object.hasOwn(given, name));
  if (missing.length > 0)
    throw new ClusterError('parameters', `There is no value for ${[...new Set(missing)].join(', ')}.`, {
      next: 'Give a value for every parameter; only plain Explain can do without values, for the generic plan.',
    });
  if (bound.order.length === 0) return [];
  // A number that the statement skips has no value and needs none.
  return given && bound.order.map(name => given[name] ?? null);
}

function notExplainable(sql: string, { command, error, reasons }: Classification): ClusterError {
  if (error)
    return new ClusterError('refused', error.message, {
      position: positionOfOffset(sql, error.offset),
      next: 'Put the cursor into one statement, or select it.',
    });
  const next: Record<string, string> = {
    CALL: 'Explain the statements inside the procedure.',
    DO: 'Explain the statements inside the block.',
  };
  return new ClusterError('refused', `EXPLAIN does not take ${command || 'this'}.`, {
    next: next[command] ?? 'Choose a SELECT, INSERT, UPDATE, DELETE, MERGE, VALUES or CREATE TABLE AS.',
    detail: reasons.join('; ') || undefined,
  });
}

/**
 * What runs on a side: `execute` (read-only), `executeWrite` (rolled back) or `plan` only. Throws a ClusterError with
 * reason `refused` when what may write would run where it must not, or nowhere.
 */
export type Execution = 'plan' | 'execute' | 'executeWrite';

export function executions(
  job: Pick<ExplainJob, 'mode' | 'analyzeWrites' | 'source' | 'target'>,
  classification: Classification,
): Record<Side, Execution> {
  if (job.mode === 'plain') return { source: 'plan', target: 'plan' };
  if (classification.class === 'read') return { source: 'execute', target: 'execute' };
  const why = classification.reasons.length > 0 ? ` (${classification.reasons.join('; ')})` : '';
  const what = `${classification.command} may write${why}`;
  if (job.analyzeWrites.length === 0)
    throw new ClusterError('refused', `${what}, and Explain Analyze executes it.`, {
      next: 'Use plain Explain, or name the sides on which it may be executed and rolled back.',
    });
  const guarded = [job.source, job.target].find(
    ({ side, protected: safe }) => safe && job.analyzeWrites.includes(side),
  );
  if (guarded)
    throw new ClusterError('refused', `${what}, and ${guarded.label} (${guarded.side}) is protected.`, {
      next: 'Execute it on the other side only, or set "protected": false for this side in cutover.migrations.',
    });
  const on = (side: Side): Execution => (job.analyzeWrites.includes(side) ? 'executeWrite' : 'plan');
  return { source: on('source'), target: on('target') };
}

/** Every parameter of the user's SQL by name, once. */
export function parameterNames(sql: string): string[] {
  return [...new Set(findParameters(sql).map(({ name }) => name))];
}
