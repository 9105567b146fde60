/**
 * Experiments: the statement again on the slower side, with one setting as it is on the other. First the plans, which cost
 * nothing; then, with consent, timed, unchanged and changed alternating. Nothing that is set outlives a transaction.
 */
import { ClusterError } from '../cluster/errors';
import type { FoundCause } from '../plan/causes/rule';
import { withExperiments } from '../plan/experiments/prove-causes';
import type { Diagnosis } from '../shared/diagnosis';
import { ExperimentBench } from './experiment-bench';
import type { ExplainJob, ExplainResult } from './explain-job';
import { Proof, type ProveOptions } from './proof';
import { executions } from './statement';

/**
 * The diagnosis with experiments, and causes `verified` by them. Refuses, by a {@link ClusterError} (`refused`), a protected
 * side and executing what was not consented to. What fails in an experiment is its outcome; a cancellation leaves those made
 * so far, with the one under way marked. Rejects with a ClusterError when the side cannot be asked at all.
 */
export async function prove(job: ExplainJob, result: ExplainResult, options: ProveOptions): Promise<Diagnosis> {
  const { diagnosis } = result.view;
  if (!diagnosis)
    throw refused('There is nothing to prove: a side gave no plan.', 'Explain the statement on both sides first.');
  const side = diagnosis.slower;
  if (!side) return withExperiments(diagnosis, [], ['There is nothing to prove: neither side is slower.']);
  if (job[side].protected)
    throw refused(
      `${job[side].label} (${side}) is protected: no experiments are made there.`,
      'Set "protected": false for this side, if the statement may be run again there.',
    );
  const execution = executions(job, result.classification)[side];
  if (options.timed && execution === 'plan')
    throw refused(
      `${job[side].label} (${side}) may not execute this statement, so that nothing can be timed.`,
      'Use Explain Analyze first, and for what may write name this side; or look at plans alone.',
    );
  const bench = await ExperimentBench.open(job, result, side, execution, options.signal);
  try {
    return await new Proof(bench, job, result, asFound(diagnosis, result.found), options).run();
  } finally {
    await bench.close();
  }
}

/** Without what an earlier proof made of it. */
function asFound(diagnosis: Diagnosis, found: readonly FoundCause[]): Diagnosis {
  const causes = diagnosis.causes.flatMap(cause => {
    const before = found.find(({ title }) => title === cause.title);
    return before ? [{ ...cause, confidence: before.confidence }] : [];
  });
  return { ...diagnosis, causes };
}

function refused(message: string, next: string): ClusterError {
  return new ClusterError('refused', message, { next });
}
