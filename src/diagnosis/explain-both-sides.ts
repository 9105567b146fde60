import { randomUUID } from 'node:crypto';
import { connect } from '../cluster/connect';
import { formatAddress, resolveProfile } from '../cluster/connection';
import { ClusterError, toViewError } from '../cluster/errors';
import { type ExplainOutput, explain, parameterTypes } from '../cluster/explain';
import type { Session } from '../cluster/session';
import { SessionKeeper } from '../cluster/session-keeper';
import { readShards } from '../cluster/shards';
import { readStatementFacts, type StatementFacts } from '../cluster/statement-facts';
import { shortVersion } from '../cluster/topology';
import { type Plan, PlanError } from '../plan/model';
import { readPlan } from '../plan/read';
import { placeTasks, relationsInTasks } from '../plan/shards';
import { planDiffView, type SideInput } from '../plan/view';
import { type BySide, type Side, sides } from '../shared/side';
import { type Classification, withVolatility } from '../sql/classify';
import { statementTitle } from '../sql/title';
import type { ExplainJob, ExplainPreparation, ExplainResult } from './explain-job';
import { type Execution, executions, parameterNames, type ReadyStatement, readStatement, valuesOf } from './statement';

/**
 * Tasks whose plans are all fetched by ANALYZE on Citus; above it, the slowest alone. The workers explain every task in
 * any case; what grows is the answer, by some 10 kB a task.
 */
const maxTasksShown = 128;

/**
 * Explains one statement on both sides at once. What must not run is refused by a {@link ClusterError} before it is sent;
 * a side that fails is in the view, with its error, and does not keep the other from being shown.
 */
export async function explainBothSides(wanted: ExplainJob): Promise<ExplainResult> {
  const statement = await readStatement(wanted.sql, wanted.parameters);
  const values = valuesOf(wanted, statement);
  executions(wanted, statement.classification);
  const leaving = new AbortController();
  const signals = wanted.signal ? [wanted.signal, leaving.signal] : [leaving.signal];
  const job = { ...wanted, signal: AbortSignal.any(signals) };
  const keeper = job.sessions ?? new SessionKeeper(0);
  const opened = bySide(side => openSide(job, side, keeper));
  const facts = bySide(async side => {
    const { session } = await opened[side];
    return readStatementFacts(session, statement.classification.functions, job.signal);
  });
  try {
    const classified = settle(facts).then(known => withFacts(statement.classification, known));
    // A plain EXPLAIN goes out together with the look-up; what executes waits for the catalog's word.
    const allowed =
      job.mode === 'plain' ? executions(job, statement.classification) : executions(job, await classified);
    const serialize = job.mode === 'analyze' && (await bothSerialize(opened));
    const runs = bySide(async side => {
      try {
        return await explainSide(
          { job, statement, values, side, execution: allowed[side], serialize },
          opened[side],
          facts[side],
        );
      } finally {
        job.onSideDone?.(side);
      }
    });
    const outcomes = { source: await runs.source, target: await runs.target };
    if (job.signal.aborted)
      throw new ClusterError('cancelled', 'Explain was cancelled on both sides.', {
        next: 'Run it again when you need it.',
      });
    return assemble(job, await classified, outcomes);
  } finally {
    // Nothing goes on after a refusal.
    leaving.abort();
    await settle(bySide(async side => keeper.giveBack((await opened[side]).session)));
  }
}

/**
 * What a shell asks the user about before it runs a job: the class of the statement with the catalogs' word on its
 * functions, and the types of its parameters. Throws a ClusterError (`refused`) for what cannot be explained.
 */
export async function prepareExplain(job: ExplainJob): Promise<ExplainPreparation> {
  const { bound, classification } = await readStatement(job.sql, job.parameters);
  const keeper = job.sessions ?? new SessionKeeper(0);
  const answers = await settle(
    bySide(async side => {
      const { session } = await openSide(job, side, keeper);
      try {
        const facts = readStatementFacts(session, classification.functions, job.signal);
        const types = bound.order.length > 0 ? parameterTypes(session, bound.text, job.signal) : Promise.resolve([]);
        // The types are a help; why they cannot be had is the job's to say.
        return { facts: await facts, types: await types.catch(() => []) };
      } finally {
        await keeper.giveBack(session);
      }
    }),
  );
  const types = new Map<string, string>();
  for (const side of ['target', 'source'] as const)
    answers[side].value?.types.forEach((type, i) => {
      types.set(bound.order[i]!, type);
    });
  return {
    classification: withFacts(
      classification,
      mapSides(side => ({ value: answers[side].value?.facts })),
    ),
    parameters: parameterNames(job.sql).map(name => {
      const type = types.get(name);
      return type === undefined ? { name } : { name, type };
    }),
    problems: sides.flatMap(side => {
      const { error } = answers[side];
      return error ? [{ side, error: toViewError(error) }] : [];
    }),
  };
}

interface OpenSide {
  session: Session;
}

async function openSide(job: ExplainJob, side: Side, keeper: SessionKeeper): Promise<OpenSide> {
  const { settings, password } = job[side];
  const options = { stored: password, limits: job.limits, signal: job.signal };
  return { session: await connect(settings, options, (...login) => keeper.lend(...login)) };
}

interface SideOutcome {
  input: SideInput;
  raw?: string;
  plan?: Plan;
  notes: string[];
}

interface SideTask {
  job: ExplainJob;
  statement: ReadyStatement;
  values: (string | null)[] | undefined;
  side: Side;
  execution: Execution;
  serialize: boolean;
}

async function explainSide(
  task: SideTask,
  opening: Promise<OpenSide>,
  facts: Promise<StatementFacts>,
): Promise<SideOutcome> {
  const { job, statement, side, execution, serialize } = task;
  const { label, color, settings } = job[side];
  const input: SideInput = { side, label, color, sent: [], notices: [] };
  const notes: string[] = [];
  try {
    input.address = formatAddress(await resolveProfile(settings));
    const { session } = await opening;
    const { server } = session;
    input.address = session.address;
    input.postgresVersion = shortVersion(server.postgres);
    if (server.citus !== undefined) input.citusVersion = server.citus;
    const analyze = execution !== 'plan';
    const shards = analyze ? ((await facts).maxShardCount ?? 0) : 0;
    const output = await explain(session, {
      sql: statement.bound.text,
      values: task.values,
      parameterCount: statement.bound.order.length,
      analyze,
      access: execution === 'executeWrite' ? 'read write' : 'read only',
      serialize,
      allTasks: shards > 0 && shards <= maxTasksShown,
      signal: job.signal,
    });
    input.sent = output.sent;
    input.notices = output.notices;
    if ('error' in output) throw placeError(output.error, statement);
    notes.push(...sideNotes(job, side, execution, shards, output, await facts.catch(() => undefined)));
    const read = readPlan(output.raw);
    input.plan = read.plan;
    notes.push(...read.problems.map(problem => `${label}: ${problem}`));
    try {
      placeTasks(read.plan, await readShards(session, relationsInTasks(read.plan), job.signal));
    } catch (error) {
      if (!(error instanceof ClusterError)) throw error;
      notes.push(`${label}: tasks are not matched by shard: ${error.message}`);
    }
    return { input, raw: output.raw, plan: read.plan, notes };
  } catch (error) {
    if (error instanceof ClusterError) input.error = toViewError(error);
    else if (error instanceof PlanError)
      input.error = {
        reason: 'plan',
        message: error.message,
        next: 'Look at the raw plan: it is not one that Cutover reads.',
      };
    else throw error;
    return { input, notes };
  }
}

/** From the bound text back to what the user wrote. */
function placeError(error: ClusterError, { bound }: ReadyStatement): ClusterError {
  const { position } = error;
  return position === undefined ? error : error.with({ position: bound.positionInOriginal(position) });
}

function sideNotes(
  job: ExplainJob,
  side: Side,
  execution: Execution,
  shards: number,
  output: ExplainOutput,
  facts: StatementFacts | undefined,
): string[] {
  const { label } = job[side];
  const notes = output.notes.map(note => `${label}: ${note}`);
  if (job.mode === 'analyze' && execution === 'plan')
    notes.push(`${label}: explained without executing, as the statement may write and only the other side was named.`);
  if (execution === 'executeWrite')
    notes.push(`${label}: executed and rolled back; sequences, notifications and remote calls are not undone by that.`);
  if (shards > maxTasksShown)
    notes.push(`${label}: tables have up to ${shards} shards; the slowest task alone is shown.`);
  for (const name of facts?.delegated ?? [])
    notes.push(
      `${label}: ${name} is a distributed function; inside a transaction, as here, Citus runs it on the coordinator instead of delegating it.`,
    );
  return notes;
}

/** Execution Time holds the time to convert rows only where the server can measure it: both sides or neither. */
async function bothSerialize(opened: BySide<Promise<OpenSide>>): Promise<boolean> {
  const { source, target } = await settle(opened);
  return [source, target].every(({ value }) => (value?.session.server.num ?? 0) >= 170_000);
}

/** Both catalogs count: a function that is volatile on one side may write there. */
function withFacts(
  classification: Classification,
  facts: BySide<{ value?: StatementFacts | undefined }>,
): Classification {
  const known = sides.flatMap(side => facts[side].value ?? []);
  if (known.length === 0) return classification;
  return withVolatility(
    classification,
    known.flatMap(({ volatility }) => volatility),
  );
}

function assemble(job: ExplainJob, classification: Classification, outcomes: BySide<SideOutcome>): ExplainResult {
  const parameters = parameterNames(job.sql).map(name => ({ name, value: job.parameters?.[name] ?? null }));
  const view = planDiffView({
    id: randomUUID(),
    at: new Date().toISOString(),
    migration: job.migration,
    analyzed: job.mode === 'analyze',
    statement: {
      sql: job.sql,
      title: statementTitle(job.sql),
      class: classification.class,
      parameters: job.parameters ? parameters : [],
    },
    source: outcomes.source.input,
    target: outcomes.target.input,
    notes: [...outcomes.source.notes, ...outcomes.target.notes],
  });
  return {
    view,
    plans: { source: outcomes.source.plan, target: outcomes.target.plan },
    raw: { source: outcomes.source.raw, target: outcomes.target.raw },
    classification,
  };
}

function mapSides<T>(each: (side: Side) => T): BySide<T> {
  return { source: each('source'), target: each('target') };
}

/** Starts work on both sides at once. A rejection is looked at later, at the latest by `settle`. */
function bySide<T>(each: (side: Side) => Promise<T>): BySide<Promise<T>> {
  const promises = mapSides(each);
  for (const side of sides) promises[side].catch(() => {});
  return promises;
}

/** Waits for both; what is no ClusterError is a defect and is thrown. */
async function settle<T>(promises: BySide<Promise<T>>): Promise<BySide<{ value?: T; error?: ClusterError }>> {
  const [source, target] = await Promise.all(
    sides.map(side =>
      promises[side].then(
        value => ({ value }),
        (error: unknown) => {
          if (error instanceof ClusterError) return { error };
          throw error;
        },
      ),
    ),
  );
  return { source: source!, target: target! };
}
