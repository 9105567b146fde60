import { ClusterError } from '../cluster/errors';
import {
  actsThroughPlan,
  type Candidate,
  candidates,
  explainedSettings,
  settingsOf,
} from '../plan/experiments/candidates';
import { millisecondsToExplain, type Reference } from '../plan/experiments/judge';
import { changedText, withExperiments } from '../plan/experiments/prove-causes';
import { smallestSet } from '../plan/experiments/smallest-set';
import { enoughRuns, median } from '../plan/experiments/statistics';
import type { Diagnosis, Experiment, Proving } from '../shared/diagnosis';
import { formatMs } from '../shared/format';
import { type Side, sides } from '../shared/side';
import { ExperimentBench } from './experiment-bench';
import type { ExplainJob, ExplainResult } from './explain-job';
import { executions } from './statement';
import { timeExperiment } from './time-experiment';

export interface ProveOptions {
  /** The user consented to executing the statement some ten times per experiment; else plans alone are looked at. */
  timed: boolean;
  /** Timed runs of each kind per experiment, besides the first, which is thrown away. At least 4; default 5. */
  runs?: number | undefined;
  /** No experiment is begun after that long. Default: five minutes. */
  limitMs?: number | undefined;
  onProgress?: ((proving: Proving) => void) | undefined;
  signal?: AbortSignal | undefined;
}

const defaultRuns = 5;
const defaultLimitMs = 300_000;

/** A candidate and what has been seen of it. */
interface Draft {
  candidate: Candidate;
  experiment: Experiment;
  /** Of the plan with it; undefined when that cannot be told. */
  shape: string | undefined;
}

/** One proof under way: plans first, then times, then sets of settings where no single one explains the difference. */
export class Proof {
  readonly #notes: string[] = [];
  readonly #experiments: Experiment[] = [];
  /** Of the unchanged plan. */
  #shape: string | undefined;
  #deadline = Number.POSITIVE_INFINITY;
  #planned = 0;
  /** What there is to compare with on the other side. */
  #otherMs: number | undefined;
  #otherRepeated = false;

  constructor(
    private readonly bench: ExperimentBench,
    private readonly job: ExplainJob,
    private readonly result: ExplainResult,
    private readonly diagnosis: Diagnosis,
    private readonly options: ProveOptions,
  ) {}

  async run(): Promise<Diagnosis> {
    const found = await this.#candidates();
    const names = found.map(({ change }) => change.name);
    const before = await this.bench.settings(names);
    this.#planned = found.length;
    try {
      const drafts = await this.#lookAtPlans(found);
      if (this.options.timed) await this.#time(drafts);
    } catch (error) {
      if (!(error instanceof ClusterError)) throw error;
      this.#notes.push(stopped(error));
    }
    await this.#compareSettings(names, before);
    return withExperiments(this.diagnosis, this.#experiments, this.#notes);
  }

  get #other(): Side {
    return this.bench.side === 'source' ? 'target' : 'source';
  }

  async #candidates(): Promise<Candidate[]> {
    const { facts, found, plans } = this.result;
    const { side } = this.bench;
    const listed = sides.flatMap(of => explainedSettings(plans[of]).map(([name]) => name));
    const builtIns = facts.source && facts.target ? new Map<string, string>() : await this.bench.builtIns(listed);
    const values = (of: Side) => settingsOf(facts[of], plans[of], builtIns);
    const { candidates: wanted, fixed } = candidates({
      causes: this.diagnosis.causes.map(({ id, title }) => ({
        id,
        settings: found.find(each => each.title === title)?.settings ?? [],
      })),
      slower: values(side),
      other: values(this.#other),
    });
    if (fixed.length > 0)
      this.#notes.push(`${fixed.join(', ')}: differs as well, and cannot be tried without restarting a server.`);
    if (wanted.length === 0) this.#notes.push('No setting that can be tried differs between the sides.');
    return wanted;
  }

  /** Plain EXPLAIN with each change. What a role may not set, or a server does not know, is out. */
  async #lookAtPlans(wanted: readonly Candidate[]): Promise<Draft[]> {
    if (wanted.length === 0) return [];
    this.#shape = (await this.bench.plan([])).shape;
    const drafts: Draft[] = [];
    for (const [at, candidate] of wanted.entries()) {
      this.#report(candidate.change.name, candidate.change.to, at + 1);
      const experiment = this.#begin([candidate]);
      const shape = await this.#guarded(experiment, async () => {
        const [rehearsed] = await this.bench.rehearse(settingsOfExperiment(experiment));
        experiment.changed[0]!.to = rehearsed!.to;
        return this.#planOf(experiment);
      });
      if (experiment.outcome !== 'failed') drafts.push({ candidate, experiment, shape });
    }
    return drafts;
  }

  #begin(wanted: readonly Candidate[]): Experiment {
    const experiment: Experiment = {
      side: this.bench.side,
      changed: wanted.map(({ change }) => ({ ...change })),
      tests: [...new Set(wanted.flatMap(({ tests }) => tests))],
      unchangedMs: [],
      changedMs: [],
      outcome: 'planOnly',
    };
    this.#experiments.push(experiment);
    return experiment;
  }

  /** The shape of its plan; says in the experiment whether it is another. */
  async #planOf(experiment: Experiment): Promise<string | undefined> {
    const { shape, workersHeard } = await this.bench.plan(settingsOfExperiment(experiment));
    if (shape !== undefined && this.#shape !== undefined) experiment.planChanged = shape !== this.#shape;
    this.#noteWorkers(experiment, workersHeard);
    return shape;
  }

  #noteWorkers(experiment: Experiment, heard: boolean | undefined): void {
    if (!this.bench.needsWorkers) return;
    if (heard === undefined) experiment.note ??= 'Whether the workers ran with it could not be seen.';
    else {
      experiment.workersHeard = heard && experiment.workersHeard !== false;
      if (!heard) fail(experiment, 'The workers did not take the setting over.');
    }
  }

  /** Those the causes name first, then those that change the plan. */
  async #time(drafts: readonly Draft[]): Promise<void> {
    this.#deadline = Date.now() + (this.options.limitMs ?? defaultLimitMs);
    this.#otherMs = await this.#timeOther();
    const promise = ({ experiment }: Draft): number =>
      (experiment.tests.length > 0 ? 2 : 0) + (experiment.planChanged === false ? 0 : 1);
    const ordered = [...drafts].sort((a, b) => promise(b) - promise(a));
    for (const [at, { experiment }] of ordered.entries()) {
      await this.#timeOne(experiment, at + 1);
      if (this.#isGone(experiment)) return;
    }
    if (drafts.length > 1 && !this.#experiments.some(({ outcome }) => outcome === 'explains'))
      await this.#timeSets(drafts);
  }

  /** In repeated runs neither side is slower: nothing is left to explain. One run, perhaps a cold one, cannot say that. */
  #isGone({ unchanged }: Experiment): boolean {
    if (this.#otherMs === undefined || !this.#otherRepeated || !unchanged) return false;
    if (isSlower(unchanged.median, this.#otherMs)) return false;
    const { label } = this.job[this.bench.side];
    this.#notes.push(
      `In repeated runs ${label} is no slower: ${formatMs(unchanged.median)} against ${formatMs(this.#otherMs)}. There is nothing to prove.`,
    );
    return true;
  }

  async #timeOne(experiment: Experiment, number: number): Promise<void> {
    const { changed, planChanged } = experiment;
    if (planChanged === false && !this.bench.hidesStatements && changed.every(({ name }) => actsThroughPlan(name))) {
      experiment.outcome = 'noEffect';
      experiment.note = 'Not timed: the plan stays the same, and it acts through the plan alone.';
      return;
    }
    await this.#guarded(experiment, () =>
      timeExperiment(this.bench, experiment, {
        runs: this.#runs,
        deadline: this.#deadline,
        referenceFor: unchangedMs => this.#referenceOf(experiment, unchangedMs),
        otherRan: this.#otherMs !== undefined,
        onRun: (run, runs) => this.#report(changedText(changed), undefined, number, run, runs),
        onWorkers: heard => this.#noteWorkers(experiment, heard),
      }),
    );
  }

  get #runs(): number {
    return Math.max(enoughRuns, this.options.runs ?? defaultRuns);
  }

  /**
   * The other side's median, as one run may have been a cold one. Nothing is changed there; still it is not run again
   * where it is protected: then its time in the comparison must do.
   */
  async #timeOther(): Promise<number | undefined> {
    const side = this.#other;
    const compared = this.bench.comparedMs(side);
    const execution = executions(this.job, this.result.classification)[side];
    if (compared === undefined || execution === 'plan' || this.job[side].protected) return compared;
    const other = await ExperimentBench.open(this.job, this.result, side, execution, this.options.signal);
    try {
      const times: number[] = [];
      for (let run = 0; run <= this.#runs; run++) {
        this.#report(`nothing, on ${this.job[side].label}`, undefined, 1, run + 1, this.#runs + 1);
        const { ms } = await other.time([]);
        if (run > 0) times.push(ms);
      }
      this.#otherRepeated = true;
      return median(times);
    } finally {
      await other.close();
    }
  }

  /**
   * Where the other side was not executed, what the causes account for stands in for the difference; so it does where the
   * other side ran once only, in the comparison, and was no quicker than this side is in repeated runs.
   */
  #referenceOf({ tests }: Experiment, unchangedMs: number): Reference {
    if (this.#otherMs !== undefined && (this.#otherRepeated || isSlower(unchangedMs, this.#otherMs)))
      return { kind: 'difference', otherMs: this.#otherMs };
    const claims = this.diagnosis.causes
      .filter(({ id }) => tests.includes(id))
      .flatMap(cause => cause.explainedMs ?? []);
    return claims.length === 0 ? { kind: 'none' } : { kind: 'claimed', explainedMs: Math.max(...claims) };
  }

  /** No single setting explains it: all together, and if they do, the fewest of them that still do. */
  async #timeSets(drafts: readonly Draft[]): Promise<void> {
    const explains = async (set: readonly Draft[]): Promise<boolean> => {
      if (set.length === 1) return set[0]!.experiment.outcome === 'explains';
      if (Date.now() > this.#deadline) return false;
      const experiment = this.#begin(set.map(({ candidate }) => candidate));
      this.#planned++;
      await this.#guarded(experiment, async () => {
        await this.#planOf(experiment);
        await this.#timeOne(experiment, this.#planned);
      });
      return experiment.outcome === 'explains';
    };
    if (!(await explains(drafts))) {
      this.#notes.push('No setting explains the difference, nor do all that differ together.');
      return;
    }
    const byPlan = await this.#smallestByPlan(drafts);
    if (byPlan && byPlan.length > 1 && byPlan.length < drafts.length && (await explains(byPlan))) return;
    // All of them are known to explain it.
    await smallestSet(drafts, async set => set.length === drafts.length || explains(set));
  }

  /** Plans cost nothing: the fewest changes that give the plan which all of them together give. */
  async #smallestByPlan(drafts: readonly Draft[]): Promise<Draft[] | undefined> {
    const shapeOf = async (set: readonly Draft[]) =>
      (await this.bench.plan(set.flatMap(({ experiment }) => settingsOfExperiment(experiment)))).shape;
    const wanted = await shapeOf(drafts);
    if (wanted === undefined || wanted === this.#shape) return undefined;
    return smallestSet(drafts, async set => (await shapeOf(set)) === wanted);
  }

  /** A failure is the experiment's outcome, unless it ends them all. */
  async #guarded<T>(experiment: Experiment, work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof ClusterError)) throw error;
      if (error.reason === 'cancelled') experiment.outcome = 'cancelled';
      else fail(experiment, error.sqlstate ? `${error.message} (SQLSTATE ${error.sqlstate})` : error.message);
      if (error.reason === 'cancelled' || !this.bench.usable) throw error;
      return undefined;
    }
  }

  async #compareSettings(names: readonly string[], before: ReadonlyMap<string, string>): Promise<void> {
    if (names.length === 0) return;
    try {
      const after = await this.bench.settingsAfterwards(names);
      const changed = names.filter(name => before.get(name) !== after.get(name));
      for (const name of changed)
        this.#notes.push(`${name} was ${before.get(name)} before the experiments and is ${after.get(name)} now.`);
    } catch (error) {
      if (!(error instanceof ClusterError)) throw error;
      this.#notes.push(`The settings could not be read after the experiments: ${error.message}`);
    }
  }

  #report(name: string, to: string | undefined, experiment: number, run?: number, runs?: number): void {
    const changing = to === undefined ? name : `${name} = ${to}`;
    this.options.onProgress?.({
      changing,
      experiment,
      experiments: this.#planned,
      ...(run !== undefined && runs !== undefined && { run, runs }),
    });
  }
}

function isSlower(ms: number, otherMs: number): boolean {
  return millisecondsToExplain({ kind: 'difference', otherMs }, ms) !== undefined;
}

function settingsOfExperiment({ changed }: Experiment) {
  return changed.map(({ name, to }) => ({ name, value: to }));
}

function fail(experiment: Experiment, note: string): void {
  experiment.outcome = 'failed';
  experiment.note = note;
}

function stopped({ reason, message }: ClusterError): string {
  return reason === 'cancelled' ? 'The experiments were cancelled.' : `The experiments ended early: ${message}`;
}
