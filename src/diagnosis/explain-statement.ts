import type { ExplainJob, ExplainResult } from './explain-job';
import type { CallResult } from './nested';
import { isRoutineCall, readStatementOrCall } from './statement';

/** The statement itself, or what runs inside where it is a call. Refuses as explainBothSides and explainCall do. */
export async function explainStatement(job: ExplainJob): Promise<ExplainResult | CallResult> {
  const { classification } = await readStatementOrCall(job.sql, job.parameters);
  if (isRoutineCall(classification)) {
    const { explainCall } = await import('./nested');
    // A SELECT of functions is only worth it when somebody wrote them: planned first, so that nothing runs twice.
    const planned = classification.explainable
      ? await explainCall({ ...job, mode: 'plain', analyzeWrites: [] })
      : undefined;
    if (planned?.call.statements.length !== 0) return planned && job.mode === 'plain' ? planned : explainCall(job);
  }
  const { explainBothSides } = await import('./explain-both-sides');
  return explainBothSides(job);
}
