import { connect } from '../cluster/connect';
import { formatAddress, resolveProfile } from '../cluster/connection';
import { ClusterError, toViewError } from '../cluster/errors';
import { type ExplainOutput, explain } from '../cluster/explain';
import { readSideFacts } from '../cluster/plan-facts';
import type { Session } from '../cluster/session';
import type { SessionKeeper } from '../cluster/session-keeper';
import { readShards } from '../cluster/shards';
import type { StatementFacts } from '../cluster/statement-facts';
import { shortVersion } from '../cluster/topology';
import { sampleWaits } from '../cluster/wait-sampler';
import type { SideFacts, WaitFacts } from '../plan/causes/facts';
import { type Plan, PlanError } from '../plan/model';
import { readPlan } from '../plan/read';
import { planRelations, uncompiledCost } from '../plan/relations';
import { placeTasks, relationsInTasks } from '../plan/shards';
import type { SideInput } from '../plan/view';
import type { Side } from '../shared/side';
import type { ExplainJob } from './explain-job';
import type { Execution, ReadyStatement } from './statement';

/**
 * Tasks whose plans are all fetched by ANALYZE on Citus; above it, the slowest alone. The workers explain every task in
 * any case; what grows is the answer, by some 10 kB a task.
 */
const maxTasksShown = 128;

export interface OpenSide {
  session: Session;
}

export async function openSide(job: ExplainJob, side: Side, keeper: SessionKeeper): Promise<OpenSide> {
  const { settings, password } = job[side];
  const options = { stored: password, limits: job.limits, signal: job.signal };
  return { session: await connect(settings, options, (...login) => keeper.lend(...login)) };
}

export interface SideOutcome {
  input: SideInput;
  raw?: string;
  plan?: Plan;
  notes: string[];
  /** What else was read for the diagnosis, later than the plan; undefined without a plan. Rejects with a ClusterError. */
  facts: Promise<SideFacts | undefined>;
}

interface SideTask {
  job: ExplainJob;
  statement: ReadyStatement;
  values: (string | null)[] | undefined;
  side: Side;
  execution: Execution;
  serialize: boolean;
}

export async function explainSide(
  task: SideTask,
  opening: Promise<OpenSide>,
  facts: Promise<StatementFacts>,
): Promise<SideOutcome> {
  const { job, statement, side, execution, serialize } = task;
  const { label, color, settings } = job[side];
  const input: SideInput = { side, label, color, sent: [], notices: [] };
  const notes: string[] = [];
  let waited: WaitFacts | undefined;
  try {
    input.address = formatAddress(await resolveProfile(settings));
    const { session } = await opening;
    const { server } = session;
    input.address = session.address;
    input.postgresVersion = shortVersion(server.postgres);
    if (server.citus !== undefined) input.citusVersion = server.citus;
    const analyze = execution !== 'plan';
    const shards = analyze ? ((await facts).maxShardCount ?? 0) : 0;
    const waits = analyze ? sampleWaits(session, () => openAnother(job, side)) : undefined;
    const output = await explain(session, {
      sql: statement.bound.text,
      values: task.values,
      parameterCount: statement.bound.order.length,
      analyze,
      access: execution === 'executeWrite' ? 'read write' : 'read only',
      serialize,
      allTasks: shards > 0 && shards <= maxTasksShown,
      signal: job.signal,
    }).finally(() => {
      waited = waits?.stop();
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
    const gathered = gatherFacts(task, session, read.plan, waited);
    // Looked at later, when the other side's plan is there, too.
    gathered.catch(() => {});
    return { input, raw: output.raw, plan: read.plan, notes, facts: gathered };
  } catch (error) {
    if (error instanceof ClusterError) input.error = toViewError(error);
    else if (error instanceof PlanError)
      input.error = {
        reason: 'plan',
        message: error.message,
        next: 'Look at the raw plan: it is not one that Cutover reads.',
      };
    else throw error;
    return { input, notes: [...notes, ...blockedBy(label, waited)], facts: Promise.resolve(undefined) };
  }
}

/** Beside the session that explains; nobody else uses it, and whoever opens it closes it. */
async function openAnother(job: ExplainJob, side: Side): Promise<Session> {
  const { settings, password } = job[side];
  return connect(settings, { stored: password, limits: job.limits });
}

async function gatherFacts(
  { job, statement }: SideTask,
  session: Session,
  plan: Plan,
  waits: WaitFacts | undefined,
): Promise<SideFacts> {
  const facts = await readSideFacts(session, planRelations(plan), {
    functions: statement.classification.functions,
    uncompiledCost: uncompiledCost(plan),
    signal: job.signal,
  });
  return { ...facts, waits };
}

/** Why a statement that ran into a timeout did not get on. */
function blockedBy(label: string, waited: WaitFacts | undefined): string[] {
  if (!waited || waited.lockMs === 0) return [];
  const whom = waited.blockers.length > 0 ? `, held by: ${waited.blockers.join(' · ')}` : '';
  return [`${label}: it waited ${Math.round(waited.lockMs)} ms or longer for a lock${whom}.`];
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
