import type { Plan, PlanNode } from '../model';
import { family } from '../operator';
import { taskAddress } from '../side-view';
import { below } from './relations';
import type { CauseContext } from './rule';

/** What a task did on its worker, so that tasks of different size can be compared. */
export interface TaskWork {
  task: PlanNode;
  /** `host:port`. */
  node: string;
  /** Execution time without JIT, which has causes of its own. */
  ms: number;
  /** Rows that its scans read, and pages: figures that do not depend on how fast the worker is. */
  work: number;
}

/** The tasks right below a Citus node that were executed. */
export function tasksBelow(plan: Plan, citusNode: PlanNode): TaskWork[] {
  return below(plan, citusNode).flatMap(task => {
    if (task.kind !== 'task' || task.parent !== citusNode.index || task.totalMs === undefined) return [];
    let [work, jitMs] = [0, 0];
    for (const node of below(plan, task)) {
      if (node.kind === 'jit') jitMs += node.totalMs ?? 0;
      work += node.selfPages ?? 0;
      if (family(node) === 'scan') work += rowsRead(node);
    }
    return [{ task, node: taskAddress(task), ms: Math.max(0, task.totalMs - jitMs), work }];
  });
}

function rowsRead({ actualRows = 0, actualLoops = 1, properties }: PlanNode): number {
  return (actualRows + (properties.number('Rows Removed by Filter') ?? 0)) * actualLoops;
}

/** No single task of a plan does most of the work. */
export function isEvenWork(plan: Plan): boolean {
  for (const node of plan.nodes) {
    if (!node.job) continue;
    const work = tasksBelow(plan, node).map(task => task.work);
    const total = work.reduce((sum, each) => sum + each, 0);
    if (work.some(each => each > total / 2)) return false;
  }
  return true;
}

export function rowOfNode({ rows, slower }: CauseContext, node: PlanNode): number[] {
  const row = rows.findIndex(candidate => candidate[slower] === node.index);
  return row < 0 ? [] : [row];
}
