import { explainBothSides } from '../../src/diagnosis/explain-both-sides';
import type { ExplainJob, ExplainResult } from '../../src/diagnosis/explain-job';
import type { Cause, Diagnosis, Experiment } from '../../src/shared/diagnosis';
import type { Side } from '../../src/shared/side';
import type { LabPair } from '../lab/lab';
import { appOwner } from '../lab/scenarios/rollup';
import { limits } from './profile-of';

/** As the owner of the lab's schema, whose role settings tell the sides apart. Neither side is protected. */
export function jobFor(pair: LabPair, sql: string, changes: Partial<ExplainJob> = {}): ExplainJob {
  const on = (side: Side) => {
    const { host, port, database } = pair[side].coordinator;
    const settings = { host, port, database, user: appOwner };
    return { side, settings, label: `The ${side}`, color: 'charts.blue', protected: false };
  };
  return {
    migration: 'eu',
    source: on('source'),
    target: on('target'),
    sql,
    mode: 'analyze',
    analyzeWrites: ['source', 'target'],
    limits,
    ...changes,
  };
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
