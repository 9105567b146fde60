import type { BySide } from '../shared/side';
import { needsMetadata } from './logical-names';
import { type Plan, type PlanNode, topStatements } from './model';
import { isDistributed } from './operator';
import { taskError } from './side-view';

/** What one must know when reading the plans' figures; what holds for both is said once. */
export function planNotes(plans: BySide<Plan | undefined>): string[] {
  const source = notesOf(plans.source);
  const target = notesOf(plans.target);
  const unknown = plans.source && plans.target ? shardNotes({ source: plans.source, target: plans.target }) : [];
  return [
    ...unknown,
    ...source.map(note => `${target.includes(note) ? 'Both sides' : 'Source'}: ${note}`),
    ...target.filter(note => !source.includes(note)).map(note => `Target: ${note}`),
  ];
}

/** Without metadata nothing says which table a shard belongs to, nor which shards of two clusters hold the same rows. */
function shardNotes(plans: BySide<Plan>): string[] {
  const unknown = (['source', 'target'] as const).filter(side => needsMetadata(plans[side]));
  if (unknown.length === 0) return [];
  const of = unknown.length === 2 ? 'either side' : `the ${unknown[0]}`;
  return [
    `The shards' tables are not known without the metadata of ${of}: in tasks, scans are matched by alias and tasks slowest with slowest; rows and times of single tasks are not compared where there are several.`,
  ];
}

function notesOf(plan: Plan | undefined): string[] {
  if (!plan) return [];
  const notes: string[] = [];
  const failed = plan.nodes.flatMap(node => taskError(node) ?? []);
  if (failed.length > 0) {
    notes.push(`${failed.length === 1 ? 'one task has' : `${failed.length} tasks have`} no plan: ${failed[0]}`);
  }
  if (plan.nodes.some(node => node.job?.tasksShown?.startsWith('One of'))) {
    const which = plan.analyzed ? 'slowest' : 'first';
    notes.push(`Citus shows the ${which} task only; pages count the coordinator and that task.`);
  }
  if (plan.nodes.some(node => node.kind === 'mapMergeJob')) {
    notes.push('Citus shows no plan for the tasks of a repartition join; their time stands at the coordinator.');
  }
  if (plan.nodes.some(node => isDistributed(node) && hasLostTimes(node))) {
    notes.push(
      "Citus lost the actual times inside subplans; they are taken from the tasks and the subplans' duration.",
    );
  }
  const inconsistent = plan.nodes.filter(node => node.inconsistent).length;
  if (inconsistent > 0) {
    const nodes = inconsistent === 1 ? 'one node' : `${inconsistent} nodes`;
    notes.push(
      `EXPLAIN's times contradict one another in ${nodes}: less than the children took. Their own time is shown as 0.`,
    );
  }
  const statements = topStatements(plan).length;
  if (statements > 1) notes.push(`rules rewrote the statement into ${statements}; the figures are their sum.`);
  return notes;
}

/** See times.ts: the time was taken from the tasks. */
function hasLostTimes(node: PlanNode): boolean {
  return (node.totalMs ?? 0) > 0 && !(node.actualTotalMs! > 0);
}
