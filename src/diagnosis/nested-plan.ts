/** The plan of one nested statement on one side: seen in the call, or had by explaining the statement on its own. */
import { ClusterError, toViewError } from '../cluster/errors';
import { explain } from '../cluster/explain';
import type { Session } from '../cluster/session';
import { readShards } from '../cluster/shards';
import { shortVersion } from '../cluster/topology';
import { type Plan, PlanError } from '../plan/model';
import { readPlan } from '../plan/read';
import { placeTasks, relationsInTasks } from '../plan/shards';
import type { SideInput } from '../plan/view';
import type { ViewError } from '../shared/plan-diff';
import type { SideConnection } from './explain-job';

/** What to explain. */
export interface NestedText {
  sql: string;
  /** `$n` whose values are not known: the generic plan then, and no execution. */
  parameterCount: number;
}

export interface NestedPlan {
  input: SideInput;
  raw?: string;
  notes: string[];
}

export function sideInput({ side, label, color }: SideConnection, session: Session | undefined): SideInput {
  const input: SideInput = { side, label, color, sent: [], notices: [] };
  if (!session) return input;
  input.address = session.address;
  input.postgresVersion = shortVersion(session.server.postgres);
  if (session.server.citus !== undefined) input.citusVersion = session.server.citus;
  return input;
}

export function withoutPlan(connection: SideConnection, session: Session | undefined, error: ViewError): NestedPlan {
  return { input: { ...sideInput(connection, session), error }, notes: [] };
}

/** The plan auto_explain gave in the call itself. */
export function seenPlan(connection: SideConnection, session: Session, raw: string): NestedPlan {
  const input = sideInput(connection, session);
  return withPlan({ input, raw, notes: [] }, raw);
}

/**
 * Explains the statement in a transaction of its own that is rolled back. Where Citus can plan it but not execute it
 * under EXPLAIN (INSERT … SELECT through the coordinator), the plan alone.
 */
export async function explainNested(
  connection: SideConnection,
  session: Session,
  text: NestedText,
  analyze: boolean,
  signal: AbortSignal | undefined,
): Promise<NestedPlan> {
  const input = sideInput(connection, session);
  const generic = text.parameterCount > 0;
  const executes = analyze && !generic;
  const request = {
    sql: text.sql,
    values: generic ? undefined : [],
    parameterCount: text.parameterCount,
    access: executes ? 'read write' : 'read only',
    serialize: false,
    allTasks: session.server.citus !== undefined,
    signal,
  } as const;
  const first = await explain(session, { ...request, analyze: executes });
  const refused = 'error' in first && executes && first.error.reason === 'unsupported' && session.usable;
  const output = refused ? await explain(session, { ...request, access: 'read only', analyze: false }) : first;
  input.sent = refused ? [...first.sent, ...output.sent] : output.sent;
  input.notices = output.notices;
  if ('error' in output) {
    if (output.error.reason === 'cancelled') throw output.error;
    // Positions are those of a text that the user did not write.
    input.error = toViewError(output.error.with({ position: undefined }));
    return { input, notes: [] };
  }
  const notes = output.notes.map(note => `${connection.label}: ${note}`);
  if (refused) notes.push(`${connection.label}: planned only: ${first.error.message}`);
  const planned = withPlan({ input, raw: output.raw, notes }, output.raw);
  if (planned.input.plan) await placeShards(connection, session, planned.input.plan, notes, signal);
  return planned;
}

function withPlan(planned: NestedPlan, raw: string): NestedPlan {
  const { input, notes } = planned;
  try {
    const read = readPlan(raw);
    input.plan = read.plan;
    notes.push(...read.problems.map(problem => `${input.label}: ${problem}`));
  } catch (error) {
    if (!(error instanceof PlanError)) throw error;
    const next = 'Look at the raw plan: it is not one that Cutover reads.';
    input.error = { reason: 'plan', message: error.message, next };
  }
  return planned;
}

async function placeShards(
  { label }: SideConnection,
  session: Session,
  plan: Plan,
  notes: string[],
  signal: AbortSignal | undefined,
): Promise<void> {
  try {
    placeTasks(plan, await readShards(session, relationsInTasks(plan), signal));
  } catch (error) {
    if (!(error instanceof ClusterError)) throw error;
    notes.push(`${label}: tasks are not matched by shard: ${error.message}`);
  }
}
