import { heardByWorkers, type SettingChange, setLocally, workersProbe } from './changed-settings';
import type { ClusterError } from './errors';
import type { ServerVersion, Session, Statement } from './session';

export interface ExplainRequest {
  /** With `$n` for parameters. */
  sql: string;
  /** Values of $1, $2, …; undefined asks for the generic plan. */
  values: (string | null)[] | undefined;
  /** The highest `$n`. */
  parameterCount: number;
  /** Execute it. */
  analyze: boolean;
  /** `read write` when the user consented to executing a statement that may write; rolled back in any case. */
  access: 'read only' | 'read write';
  /** Count the time to turn rows into text (PostgreSQL 17); only comparable when both sides do. */
  serialize: boolean;
  /** Citus: every task's plan instead of one. */
  allTasks: boolean;
  /** In force for this one transaction, on Citus for its workers, too. */
  settings?: readonly SettingChange[] | undefined;
  /** Citus: a distributed table, as SQL needs it written, through which the workers are asked whether they have `settings`. */
  askWorkers?: string | undefined;
  signal?: AbortSignal | undefined;
}

export interface ExplainOutput {
  /** Byte for byte what the server sent. */
  raw: string;
  /** Every statement of the transaction, in order. */
  sent: string[];
  notices: string[];
  /** Of the EXPLAIN alone, as the client saw it. */
  elapsedMs: number;
  /** Whether all workers said they ran with the settings asked for; undefined where they were not asked or could not answer. */
  workersHeard?: boolean | undefined;
  /** What must be known when reading it. */
  notes: string[];
}

/** An EXPLAIN that failed, with what had been sent. */
export interface ExplainFailure {
  error: ClusterError;
  sent: string[];
  notices: string[];
}

export interface ExplainOptionsInput {
  analyze: boolean;
  generic: boolean;
  serialize: boolean;
}

/**
 * Options by server version, in the order of the documentation of EXPLAIN: SETTINGS since 12; BUFFERS without ANALYZE
 * and WAL since 13; GENERIC_PLAN since 16 (Citus refuses it); MEMORY and SERIALIZE since 17. SERIALIZE adds the time to
 * convert the rows to Execution Time, so it is left to whoever knows that the other side can do it, too.
 */
export function explainOptions(server: Pick<ServerVersion, 'num' | 'citus'>, input: ExplainOptionsInput): string {
  const since = (major: number) => server.num >= major * 10_000;
  const options: (string | false)[] = [
    input.analyze && 'ANALYZE',
    'VERBOSE',
    'SETTINGS',
    (input.analyze || since(13)) && 'BUFFERS',
    input.analyze && since(13) && 'WAL',
    usesGenericPlanOption(server, input) && 'GENERIC_PLAN',
    since(17) && 'MEMORY',
    input.analyze && input.serialize && since(17) && 'SERIALIZE',
    !input.analyze && 'SUMMARY',
    'FORMAT JSON',
  ];
  return options.filter(Boolean).join(', ');
}

function usesGenericPlanOption(
  server: Pick<ServerVersion, 'num' | 'citus'>,
  { generic }: { generic: boolean },
): boolean {
  return generic && server.num >= 160_000 && server.citus === undefined;
}

/** One name is enough: it is gone before the next use. */
const preparedName = 'cutover_explain';
const prepare = `PREPARE ${preparedName} AS `;
const deallocate: Statement = { text: `DEALLOCATE ${preparedName}`, simple: true };

interface Script {
  statements: Statement[];
  /** Which of them is the EXPLAIN. */
  explain: number;
  /** Length of what stands before the user's SQL in each statement that holds it. */
  prefixes: Map<number, number>;
  cleanup: Statement[];
  /** The server pruned partitions by the NULLs it was given. */
  nullValues: boolean;
  /** Where the questions to the workers begin. */
  probe: number | undefined;
}

/**
 * Runs EXPLAIN in a transaction of its own that is rolled back whatever it shows: a task without a plan has already
 * spoiled the transaction on its worker. The role's own settings are in force, JIT's among them.
 */
export async function explain(session: Session, request: ExplainRequest): Promise<ExplainOutput | ExplainFailure> {
  const script = writeScript(session.server, request);
  const { statements, cleanup } = script;
  const outcome = await session.transaction(statements, { access: request.access, cleanup, signal: request.signal });
  const { sent, notices } = outcome;
  const { failure } = outcome;
  // The workers' answer is a proof beside it; a cancellation is never its failure.
  const isProbe = failure && failure.index >= (script.probe ?? Infinity) && failure.error.reason !== 'cancelled';
  if (failure && !isProbe) {
    const { index, error } = failure;
    return { error: explained(error, index, script, session.server, request), sent, notices };
  }
  const result = outcome.results[script.explain]!;
  const raw = result.rows.map(([line]) => line).join('\n');
  const notes: string[] = [];
  if (script.nullValues && raw.includes('"Subplans Removed"'))
    notes.push(
      'The generic plan was asked for with NULL values: partitions that only real values would reach are left out.',
    );
  const workersHeard =
    script.probe === undefined || failure ? undefined : heardByWorkers(outcome.results.slice(script.probe));
  return { raw, sent, notices, elapsedMs: result.elapsedMs, workersHeard, notes };
}

function writeScript(server: ServerVersion, request: ExplainRequest): Script {
  const { settings = [], askWorkers } = request;
  const script: Script = {
    statements: setLocally(settings, server),
    explain: 0,
    prefixes: new Map(),
    cleanup: [],
    nullValues: false,
    probe: undefined,
  };
  writeExplain(script, server, request);
  if (server.citus !== undefined && askWorkers !== undefined && settings.length > 0) {
    script.probe = script.statements.length;
    script.statements.push(...workersProbe(askWorkers, settings));
  }
  return script;
}

function writeExplain(script: Script, server: ServerVersion, request: ExplainRequest): void {
  const { sql, values, parameterCount, analyze, serialize } = request;
  const generic = values === undefined && parameterCount > 0;
  const { statements } = script;
  const add = (statement: Statement, prefix?: number) => {
    if (prefix !== undefined) script.prefixes.set(statements.length, prefix);
    script.explain = statements.push(statement) - 1;
  };
  const explainPrefix = `EXPLAIN (${explainOptions(server, { analyze, generic, serialize })}) `;
  if (server.citus !== undefined) {
    // Fresh connections to the workers: cached ones keep the role settings and the breakages of before.
    add({ text: 'SET LOCAL citus.max_cached_conns_per_worker = 0', simple: true });
    if (request.allTasks) add({ text: 'SET LOCAL citus.explain_all_tasks = on', simple: true });
  }
  if (!generic) {
    add({ text: explainPrefix + sql, values: values ?? [] }, explainPrefix.length);
    return;
  }
  // PREPARE goes over the extended protocol, which takes one statement only: if there were a second one in the text,
  // this fails, and nothing that follows in the transaction runs.
  add({ text: prepare + sql }, prepare.length);
  script.cleanup.push(deallocate);
  if (usesGenericPlanOption(server, { generic })) {
    // The simple protocol, as bound values would make it a custom plan.
    add({ text: explainPrefix + sql, simple: true }, explainPrefix.length);
    return;
  }
  add({ text: 'SET LOCAL plan_cache_mode = force_generic_plan', simple: true });
  // Citus builds the workers' EXPLAIN from the options of the EXPLAIN before; without one it puts text into the JSON.
  if (server.citus !== undefined) add({ text: `${explainPrefix}SELECT 1` });
  const nulls = new Array<string>(parameterCount).fill('NULL').join(', ');
  add({ text: `${explainPrefix}EXECUTE ${preparedName}(${nulls})` });
  script.nullValues = true;
}

/** Puts the position back into the user's SQL, and says what this server cannot do where only the context tells. */
function explained(
  error: ClusterError,
  index: number,
  script: Script,
  server: ServerVersion,
  request: ExplainRequest,
): ClusterError {
  const prefix = script.prefixes.get(index);
  const position = prefix === undefined ? undefined : positionAfter(prefix, error.position);
  const placed = error.with({ position });
  const generic = request.values === undefined && request.parameterCount > 0;
  if (server.citus !== undefined && generic && error.sqlstate === '0A000')
    return placed.with({
      reason: 'parameters',
      next: 'Give values for the parameters: Citus plans a statement over several shards only with them.',
    });
  // Citus evaluates the functions of a single-row INSERT while it plans: a plan would use up a value of the sequence.
  if (server.citus !== undefined && !request.analyze && error.sqlstate === '25006')
    return placed.with({
      next: 'Citus calls functions such as nextval() to plan this: write a value into the column that calls it, and explain again.',
    });
  if (server.citus !== undefined && request.analyze && error.sqlstate === 'XX000')
    return placed.with({
      reason: 'unsupported',
      next: 'Use plain Explain: Citus cannot analyze some statements, as INSERT … SELECT through the coordinator or by repartitioning.',
    });
  return placed;
}

/** Positions count characters (code points) from 1. Undefined when it lies in Cutover's part of the text. */
function positionAfter(prefix: number, position: number | undefined): number | undefined {
  return position === undefined || position <= prefix ? undefined : position - prefix;
}

/** The types of $1, $2, … as the server infers them. Rejects with a ClusterError whose position is in `sql`. */
export async function parameterTypes(session: Session, sql: string, signal?: AbortSignal): Promise<string[]> {
  const { results, failure } = await session.transaction(
    [
      { text: prepare + sql },
      {
        text: `SELECT pg_catalog.format_type(t.type, NULL)
                 FROM pg_catalog.pg_prepared_statements p, unnest(p.parameter_types) WITH ORDINALITY AS t(type, n)
                WHERE p.name = $1 ORDER BY t.n`,
        values: [preparedName],
      },
    ],
    { jitOff: true, cleanup: [deallocate], signal },
  );
  if (failure) {
    const { index, error } = failure;
    const position = index === 0 ? positionAfter(prepare.length, error.position) : undefined;
    throw error.with({ position });
  }
  return results[1]!.rows.map(([type]) => type!);
}
