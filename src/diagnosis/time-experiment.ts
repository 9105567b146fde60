import { judge, type Reference } from '../plan/experiments/judge';
import { enoughRuns, median } from '../plan/experiments/statistics';
import type { Experiment } from '../shared/diagnosis';
import type { ExperimentBench } from './experiment-bench';

interface Timing {
  /** Of each kind, besides the first; at least {@link enoughRuns}. */
  runs: number;
  /** As Date.now(): nothing is begun after it. */
  deadline: number;
  /** What the experiment is held against, given the median of the unchanged runs. */
  referenceFor: (unchangedMs: number) => Reference;
  /** In the comparison, once. */
  otherRan: boolean;
  onRun: (run: number, runs: number) => void;
  onWorkers: (heard: boolean | undefined) => void;
}

/** While the interval is not clear, up to this many times the runs asked for. */
const mostRounds = 3;

/**
 * Times the statement unchanged and changed in turn, the first of each thrown away, and judges. The order turns round with
 * each pair, as what drifts (caches that fill, dead rows of writes that were rolled back) would otherwise favour one.
 * Ends early when nothing happens with a setting that no cause names. Rejects with a ClusterError.
 */
export async function timeExperiment(bench: ExperimentBench, experiment: Experiment, timing: Timing): Promise<void> {
  const { runs, deadline, referenceFor, onRun } = timing;
  const settings = experiment.changed.map(({ name, to }) => ({ name, value: to }));
  const { unchangedMs, changedMs } = experiment;
  let done = 0;
  const run = async (changed: boolean, into?: number[]): Promise<void> => {
    onRun(++done, 2 * (planned + 1));
    const { ms, workersHeard } = await bench.time(changed ? settings : []);
    if (changed) timing.onWorkers(workersHeard);
    into?.push(ms);
  };
  const reference = () => referenceFor(median(unchangedMs));
  const judgeNow = () => judge({ unchangedMs, changedMs }, reference());
  let planned = runs;
  if (Date.now() > deadline) {
    experiment.note = 'Not timed: the time for experiments was over.';
    return;
  }
  await run(false);
  await run(true);
  while (unchangedMs.length < planned && !hasFailed(experiment) && Date.now() <= deadline) {
    const turned = unchangedMs.length % 2 === 1;
    if (turned) await run(true, changedMs);
    await run(false, unchangedMs);
    if (!turned) await run(true, changedMs);
    if (unchangedMs.length < enoughRuns || hasFailed(experiment)) continue;
    const { outcome } = judgeNow();
    if (outcome === 'noEffect' && experiment.tests.length === 0) break;
    if (outcome === 'unclear' && unchangedMs.length === planned && planned < mostRounds * runs) planned++;
  }
  if (hasFailed(experiment)) return;
  Object.assign(experiment, judgeNow());
  if (unchangedMs.length < planned && Date.now() > deadline)
    experiment.note = 'Ended early: the time for experiments was over.';
  else if (reference().kind === 'claimed' && experiment.outcome === 'explains')
    experiment.note = `The other side ${timing.otherRan ? 'ran once only' : 'was not executed'}: held against the time that the cause accounts for.`;
}

/** As when the workers did not hear of the change. */
function hasFailed({ outcome }: Experiment): boolean {
  return outcome === 'failed';
}
