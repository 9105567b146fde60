import type { Diagnosis } from '../shared/diagnosis';
import type { NestedStatement } from '../shared/nested';
import type { Side } from '../shared/side';
import type { ExplainJob } from './explain-job';
import type { CallResult } from './nested';
import type { ProveOptions } from './proof';
import { prove } from './prove';

/**
 * Experiments on the statement inside a call that takes the most time on the slower side, of those that can be run on
 * their own. The call's causes that it verifies are verified. Rejects as {@link prove} does.
 */
export async function proveCall(job: ExplainJob, result: CallResult, options: ProveOptions): Promise<Diagnosis> {
  const { diagnosis } = result.view;
  const slower = diagnosis?.slower;
  const statement = slower && heaviestInside(result, slower);
  if (!diagnosis || !statement) {
    return {
      ...(diagnosis ?? { sentence: 'Nothing differs beyond noise.', causes: [], experiments: [] }),
      notes: [...(diagnosis?.notes ?? []), 'No statement inside the call can be experimented with on its own.'],
    };
  }
  const nested = result.results.get(statement.id)!;
  const sql = statement.explained ?? statement.sql;
  const proven = await prove({ ...job, sql, parameters: {} }, nested, options);
  const verified = new Set(proven.causes.filter(cause => cause.confidence === 'verified').map(({ id }) => id));
  return {
    ...diagnosis,
    causes: diagnosis.causes.map(cause => (verified.has(cause.id) ? { ...cause, confidence: 'verified' } : cause)),
    experiments: proven.experiments,
    notes: [...diagnosis.notes, `The experiments ran ${statement.title} alone.`, ...proven.notes],
  };
}

/** The statement inside a call that takes the most time on the slower side, of those that can be run on their own. */
export function heaviestInside({ call, results }: CallResult, slower: Side): NestedStatement | undefined {
  const ms = (statement: NestedStatement) => statement[slower]?.executionMs ?? 0;
  return call.statements
    .filter(({ id, view }) => results.has(id) && view?.diagnosis?.slower === slower)
    .reduce<NestedStatement | undefined>((most, each) => (most && ms(most) >= ms(each) ? most : each), undefined);
}
