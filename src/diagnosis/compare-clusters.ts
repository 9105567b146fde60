/** Compare Clusters: every check of the catalogue, or of some groups, on both sides at once. */
import { checksToCompare } from '../checks/catalogue';
import type { Check } from '../checks/check';
import type { ComparedCheck, Comparison } from '../shared/comparison';
import { type Side, sides } from '../shared/side';
import { type CatalogueResult, type CheckJob, runCatalogueChecks } from './run-catalogue-checks';

export interface CompareJob extends CheckJob {
  migration: string;
}

export interface CompareOptions {
  /** All that a comparison asks when absent. */
  checks?: readonly Check[] | undefined;
  /** Gets each check as soon as both sides have answered what it asks. */
  onCheck?: ((check: ComparedCheck) => void) | undefined;
}

/** Rejects with a ClusterError when it is cancelled; what fails of a side or a check is what its checks say. */
export async function compareClusters(
  job: CompareJob,
  { checks = checksToCompare(), onCheck }: CompareOptions = {},
): Promise<Comparison> {
  const began = performance.now();
  const byId = new Map(checks.map(check => [check.id, check]));
  const judged = new Map<string, ComparedCheck>();
  const addresses: { source?: string; target?: string } = {};
  await runCatalogueChecks(job, [...byId.keys()], result => {
    const check = compared(byId.get(result.id)!, result);
    judged.set(check.id, check);
    for (const side of sides) if (result[side] !== undefined) addresses[side] ??= result[side];
    onCheck?.(check);
  });
  const at = new Date();
  const sideOf = (side: Side) => ({
    label: job[side].label,
    ...(addresses[side] !== undefined && { address: addresses[side] }),
  });
  return {
    version: 1,
    id: `${at.getTime().toString(36)}`,
    at: `${at.toISOString().slice(0, 19)}Z`,
    elapsedMs: Math.round(performance.now() - began),
    migration: job.migration,
    source: sideOf('source'),
    target: sideOf('target'),
    checks: checks.flatMap(({ id }) => judged.get(id) ?? []),
  };
}

function compared(check: Check, result: CatalogueResult): ComparedCheck {
  const { id, group, title, question, why, reference, severity } = check;
  const { verdict, summary, details, differences, unknown, remedies } = result;
  return {
    ...{ id, group, title, question, why, reference, severity },
    ...{ verdict, summary, details, unknown },
    evidence: differences,
    remedies: remedies.map(step => ({ ...step, nodes: [...step.nodes] })),
  };
}
