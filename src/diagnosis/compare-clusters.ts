/** Compare Clusters: every check of the catalogue, or of some groups, on both sides at once. */
import { catalogue } from '../checks/catalogue';
import type { Check } from '../checks/check';
import type { ComparedCheck, Comparison } from '../shared/comparison';
import { type CatalogueResult, type CheckJob, runCatalogueChecks } from './run-catalogue-checks';

export interface CompareJob extends CheckJob {
  migration: string;
}

export interface CompareOptions {
  /** All groups when absent. */
  groups?: readonly string[] | undefined;
  /** Gets each check as soon as it is judged. */
  onCheck?: ((check: ComparedCheck) => void) | undefined;
}

/** Rejects with a ClusterError when it is cancelled; what fails of a side or a check is what its checks say. */
export async function compareClusters(job: CompareJob, options: CompareOptions = {}): Promise<Comparison> {
  const began = performance.now();
  const asked = catalogue.filter(({ group }) => options.groups === undefined || options.groups.includes(group));
  const byId = new Map(asked.map(check => [check.id, check]));
  const checks: ComparedCheck[] = [];
  const addresses: { source?: string; target?: string } = {};
  await runCatalogueChecks(job, [...byId.keys()], result => {
    const check = compared(byId.get(result.id)!, result);
    checks.push(check);
    for (const side of ['source', 'target'] as const) addresses[side] ??= result[side] as string;
    options.onCheck?.(check);
  });
  const at = new Date();
  const sideOf = (side: 'source' | 'target') => ({
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
    checks,
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
