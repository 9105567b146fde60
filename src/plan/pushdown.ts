import type { Difference } from '../shared/plan-diff';
import type { Plan, PlanNode } from './model';
import { family, isDistributed, operatorName } from './operator';
import { enclosingTasks } from './shards';

/** Work that costs the coordinator rows of its own, beyond passing on what the tasks sent. */
const families = new Set(['join', 'aggregate', 'sort', 'WindowAgg', 'SetOp', 'modify']);

/**
 * What Citus did not push down to the workers, where that differs: subplans whose results are sent to and fro, shards
 * repartitioned, rows pulled to the coordinator (Citus documentation, "Query Processing"). Empty when one of the plans is not
 * Citus's, or both leave the same to the coordinator.
 */
export function comparePushdown(source: Plan, target: Plan): Difference[] {
  const [a, b] = [notPushedDown(source), notPushedDown(target)];
  if (a === undefined || b === undefined || a === b) return [];
  return [{ kind: 'structure', title: 'not pushed down to the workers', source: a || 'none', target: b || 'none' }];
}

/** `2 subplans, pull to coordinator, Sort`; undefined for a plan that is not Citus's. */
function notPushedDown(plan: Plan): string | undefined {
  if (!plan.nodes.some(isDistributed)) return undefined;
  const tasks = enclosingTasks(plan);
  const words: string[] = [];
  const subplans = plan.nodes.filter(node => node.kind === 'subplan').length;
  if (subplans > 0) words.push(subplans === 1 ? '1 subplan' : `${subplans} subplans`);
  if (plan.nodes.some(node => node.kind === 'mapMergeJob')) words.push('repartition join');
  const isOwn = (node: PlanNode): boolean => node.kind === 'operator' && tasks[node.index]! < 0;
  for (const node of plan.nodes) {
    if (!isOwn(node)) continue;
    const method = node.properties.text('INSERT/SELECT method');
    if (method !== undefined) words.push(method);
    else if (!isDistributed(node) && families.has(family(node))) words.push(operatorName(node));
  }
  return words.join(', ');
}
