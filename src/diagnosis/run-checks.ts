/** Checks of a playbook, in SQL and of the catalogue, on both sides. One failing check never holds up the rest. */
import { ClusterError } from '../cluster/errors';
import { judge } from '../playbook/expect/judge';
import type { Expectation } from '../playbook/expect/parse';
import type { CheckPlace, CheckResult, NodeAnswer } from '../shared/check';
import type { Side } from '../shared/side';
import { type CheckJob, runCatalogueChecks } from './run-catalogue-checks';
import { runSqlChecks } from './run-sql-checks';

export type AskedCheck =
  | { id: string; kind: 'sql'; sql: string; on: CheckPlace; expect: Expectation }
  | { id: string; kind: 'catalogue' }
  /** As it is written it cannot be asked. */
  | { id: string; kind: 'malformed'; message: string };

/** Gives each result as soon as it is there. Rejects with a ClusterError when it is cancelled. */
export async function runChecks(
  job: CheckJob,
  checks: readonly AskedCheck[],
  onResult: (result: CheckResult) => void = () => {},
): Promise<CheckResult[]> {
  const results = new Map<string, CheckResult>();
  const take = (result: CheckResult): void => {
    // What a cancellation left unanswered is no result.
    if (job.signal?.aborted) return;
    results.set(result.id, result);
    onResult(result);
  };
  for (const { id, ...check } of checks) if (check.kind === 'malformed') take(malformed(id, check.message));
  const inSql = checks.filter(check => check.kind === 'sql');
  const named = checks.filter(check => check.kind === 'catalogue').map(({ id }) => id);
  await runSqlChecks(
    job,
    inSql.map(({ id, sql, on, expect }) => ({ id, sql, on, judge: answers => judge(expect, answers, on) })),
    take,
  );
  if (named.length > 0 && !job.signal?.aborted) await runCatalogueChecks(job, named, take);
  if (job.signal?.aborted)
    throw new ClusterError('cancelled', 'The checks were cancelled.', { next: 'Run them again when you need them.' });
  return checks.flatMap(({ id }) => results.get(id) ?? []);
}

/** What one side answers, judged by nobody. */
export async function askSide(
  job: CheckJob,
  { sql, on }: { sql: string; on: CheckPlace },
  side: Side,
): Promise<NodeAnswer[]> {
  let found: readonly NodeAnswer[] = [];
  const judgement = { verdict: 'unknown' as const, summary: '', details: [] };
  const place = on === 'workers' ? on : side;
  await runSqlChecks(job, [
    {
      id: 'answer',
      sql,
      on: place,
      judge: answers => {
        found = answers;
        return judgement;
      },
    },
  ]);
  return found.filter(answer => answer.side === side);
}

function malformed(id: string, message: string): CheckResult {
  return { id, verdict: 'error', summary: message, details: [], at: now(), elapsedMs: 0 };
}

function now(): string {
  return `${new Date().toISOString().slice(0, 19)}Z`;
}
