import { explainBothSides } from '../../src/diagnosis/explain-both-sides';
import type { ExplainJob, ExplainResult } from '../../src/diagnosis/explain-job';
import type { Cause, Diagnosis, Experiment } from '../../src/shared/diagnosis';
import type { LabPair } from '../lab/lab';
import { appOwner } from '../lab/scenarios/rollup';
import { jobOn } from './job-on';

/** As the owner of the lab's schema, whose role settings tell the sides apart. Neither side is protected. */
export function jobFor(pair: LabPair, sql: string, changes: Partial<ExplainJob> = {}): ExplainJob {
  const executed: Partial<ExplainJob> = { mode: 'analyze', analyzeWrites: ['source', 'target'] };
  return jobOn(pair, { user: appOwner, sourceProtected: false }, sql, { ...executed, ...changes });
}

/** A comparison whose diagnosis has one cause, that these settings would prove: what the rules find is tested elsewhere. */
export async function compareWith(
  job: ExplainJob,
  id: string,
  settings: string[],
  explainedMs = 100,
): Promise<ExplainResult> {
  const result: ExplainResult = await explainBothSides(job);
  const cause: Cause = {
    id,
    side: 'target',
    title: `${id} was found`,
    meaning: '',
    confidence: 'observed',
    explainedMs,
    evidence: [],
    reference: '',
    rows: [],
  };
  result.view.diagnosis = { slower: 'target', sentence: 'Found.', causes: [cause], experiments: [], notes: [] };
  result.found = [
    { title: cause.title, confidence: 'observed', explainedMs, account: 'jit', evidence: [], rows: [], settings },
  ];
  return result;
}

export function experimentWith(diagnosis: Diagnosis, ...names: string[]): Experiment | undefined {
  return diagnosis.experiments.find(({ changed }) => changed.map(({ name }) => name).join() === names.join());
}
