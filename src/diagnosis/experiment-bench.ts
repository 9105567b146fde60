import {
  builtInSettings,
  currentSettings,
  distributedTable,
  type RehearsedChange,
  rehearse,
  type SettingChange,
} from '../cluster/changed-settings';
import { ClusterError } from '../cluster/errors';
import { type ExplainRequest, explain } from '../cluster/explain';
import type { Session } from '../cluster/session';
import { SessionKeeper } from '../cluster/session-keeper';
import { readStatementFacts } from '../cluster/statement-facts';
import { planningDiffers } from '../plan/causes/context';
import { planShape } from '../plan/experiments/plan-shape';
import { type Plan, PlanError, topStatements } from '../plan/model';
import { readPlan } from '../plan/read';
import { relationsInTasks } from '../plan/shards';
import { executionMs } from '../plan/side-view';
import type { Side } from '../shared/side';
import { mapSides } from './by-side';
import type { ExplainJob, ExplainResult } from './explain-job';
import { openSide } from './explain-side';
import { type Execution, type ReadyStatement, readStatement, valuesOf } from './statement';

/** Tasks whose plans are compared one by one on Citus; above it, the first one's alone, and whether another changed is not seen. */
const maxTasksCompared = 128;

/** One run of the statement with some settings changed. */
export interface Run {
  plan: Plan;
  workersHeard: boolean | undefined;
}

/**
 * One session on the slower side on which the statement runs again and again, each time in a transaction of its own that
 * is rolled back: nothing that is set outlives its run.
 */
export class ExperimentBench {
  #table: string | undefined;
  #allTasks = false;
  #callsOwnFunctions = false;
  readonly #serialize: boolean;
  readonly #countsPlanning: boolean;

  private constructor(
    private readonly job: ExplainJob,
    private readonly result: ExplainResult,
    readonly side: Side,
    private readonly execution: Execution,
    private readonly statement: ReadyStatement,
    private readonly keeper: SessionKeeper,
    private readonly session: Session,
    private readonly signal: AbortSignal | undefined,
  ) {
    this.#serialize = serialized(result.plans[side]);
    this.#countsPlanning = planningDiffers(mapSides(of => planningMs(result.plans[of])));
  }

  /** Rejects with a {@link ClusterError}. */
  static async open(
    job: ExplainJob,
    result: ExplainResult,
    side: Side,
    execution: Execution,
    signal: AbortSignal | undefined,
  ): Promise<ExperimentBench> {
    const statement = await readStatement(job.sql, job.parameters);
    const keeper = job.sessions ?? new SessionKeeper(0);
    const { session } = await openSide({ ...job, signal }, side, keeper);
    const bench = new ExperimentBench(job, result, side, execution, statement, keeper, session, signal);
    try {
      await bench.#prepare();
    } catch (error) {
      await bench.close();
      throw error;
    }
    return bench;
  }

  async #prepare(): Promise<void> {
    const plan = this.result.plans[this.side];
    if (plan) this.#table = await distributedTable(this.session, relationsInTasks(plan), this.signal);
    const facts = await readStatementFacts(this.session, this.statement.classification.functions, this.signal);
    const shards = facts.maxShardCount ?? 0;
    this.#allTasks = shards > 0 && shards <= maxTasksCompared;
    this.#callsOwnFunctions = facts.volatility.some(({ schema }) => schema !== 'pg_catalog');
  }

  /** Its plan on this side ran on workers, so that they must hear of a change. */
  get needsWorkers(): boolean {
    return this.session.server.citus !== undefined && (this.result.plans[this.side]?.nodes ?? []).some(isTask);
  }

  get usable(): boolean {
    return this.session.usable;
  }

  /** Functions and triggers run statements of their own, whose plans EXPLAIN does not show. */
  get hidesStatements(): boolean {
    const triggers = this.result.plans[this.side]?.statements.some(({ triggers: fired }) => fired.length > 0);
    return this.#callsOwnFunctions || triggers === true;
  }

  /** What a side took in the comparison, in the same terms as {@link time}; undefined when it was not executed. */
  comparedMs(side: Side): number | undefined {
    const plan = this.result.plans[side];
    return plan && this.#duration(plan);
  }

  /** Plain EXPLAIN: nothing is executed. Rejects with a {@link ClusterError}. */
  async plan(settings: readonly SettingChange[]): Promise<Run & { shape: string | undefined }> {
    const run = await this.#explain({ analyze: false, allTasks: this.#allTasks, serialize: false, settings });
    return { ...run, shape: planShape(run.plan) };
  }

  /** Executes it, as the comparison did. In milliseconds. Rejects with a {@link ClusterError}. */
  async time(settings: readonly SettingChange[]): Promise<{ ms: number; workersHeard: boolean | undefined }> {
    if (this.execution === 'plan') throw new Error('This statement may not be executed on this side.');
    const { plan, workersHeard } = await this.#explain({
      analyze: true,
      allTasks: false,
      serialize: this.#serialize,
      settings,
    });
    return { ms: this.#duration(plan) ?? Number.NaN, workersHeard };
  }

  /** Rejects with a {@link ClusterError} when a setting cannot be changed for a transaction. */
  rehearse(changes: readonly SettingChange[]): Promise<RehearsedChange[]> {
    return rehearse(this.session, changes, this.signal);
  }

  builtIns(names: readonly string[]): Promise<ReadonlyMap<string, string>> {
    return builtInSettings(this.session, names, this.signal);
  }

  settings(names: readonly string[]): Promise<ReadonlyMap<string, string>> {
    return currentSettings(this.session, names, this.signal);
  }

  /** As they are once all is over: on the same session, or where a cancellation took it along, on a new one. */
  async settingsAfterwards(names: readonly string[]): Promise<ReadonlyMap<string, string>> {
    if (this.session.usable) return currentSettings(this.session, names);
    const keeper = new SessionKeeper(0);
    const { session } = await openSide({ ...this.job, signal: undefined }, this.side, keeper);
    try {
      return await currentSettings(session, names);
    } finally {
      await keeper.giveBack(session);
    }
  }

  async close(): Promise<void> {
    await this.keeper.giveBack(this.session);
  }

  #duration(plan: Plan): number | undefined {
    const ran = executionMs(plan);
    return ran === undefined ? undefined : ran + (this.#countsPlanning ? (planningMs(plan) ?? 0) : 0);
  }

  async #explain(request: Pick<ExplainRequest, 'analyze' | 'allTasks' | 'serialize' | 'settings'>): Promise<Run> {
    const { bound } = this.statement;
    const output = await explain(this.session, {
      ...request,
      sql: bound.text,
      values: valuesOf(this.job, this.statement),
      parameterCount: bound.order.length,
      access: request.analyze && this.execution === 'executeWrite' ? 'read write' : 'read only',
      askWorkers: this.#table,
      signal: this.signal,
    });
    if ('error' in output) throw output.error;
    try {
      return { plan: readPlan(output.raw).plan, workersHeard: output.workersHeard };
    } catch (error) {
      if (!(error instanceof PlanError)) throw error;
      throw new ClusterError(
        'server',
        `${this.job[this.side].label} sent a plan that cannot be read: ${error.message}`,
        {
          next: 'Look at the raw plan of the comparison.',
        },
      );
    }
  }
}

function isTask({ kind }: Plan['nodes'][number]): boolean {
  return kind === 'task';
}

/** SERIALIZE is part of Execution Time: it is asked for where the comparison did. */
function serialized(plan: Plan | undefined): boolean {
  return (
    plan !== undefined && topStatements(plan).some(({ properties }) => properties.get('Serialization') !== undefined)
  );
}

function planningMs(plan: Plan | undefined): number | undefined {
  const given = plan ? topStatements(plan).flatMap(statement => statement.planningMs ?? []) : [];
  return given.length === 0 ? undefined : given.reduce((total, ms) => total + ms, 0);
}
