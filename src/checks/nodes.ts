import type { Side } from '../shared/side';
import type { Answered } from './answers';
import type { CheckDifference, CheckRemedyStep, SideAnswers } from './check';

/** A clause for one side, as {@link CheckDifference} has them. */
export function valueOn(side: Side, value: string): Pick<CheckDifference, Side> {
  return side === 'source' ? { source: value } : { target: value };
}

/** The node that the others of its side are compared with. */
export function coordinatorOf<Answer>(nodes: readonly Answered<Answer>[]): Answered<Answer> | undefined {
  return nodes.find(({ role }) => role === 'coordinator');
}

/** Names of the nodes of a side, all or those of one role. */
export function nodeNames({ nodes }: Pick<SideAnswers<never>, 'nodes'>, role?: 'coordinator' | 'worker'): string[] {
  return nodes.filter(node => role === undefined || node.role === role).map(({ node }) => node);
}

/** What does not reach the workers by itself must not be sent to them by Citus, either. */
export const withoutPropagation = 'SET citus.enable_ddl_propagation = off;\n';

/** The same step for nodes that need the same SQL, named together. */
export function joinSteps(steps: readonly CheckRemedyStep[]): CheckRemedyStep[] {
  const joined = new Map<string, CheckRemedyStep>();
  for (const step of steps) {
    const key = JSON.stringify([step.side, step.sql, step.rollback]);
    const same = joined.get(key);
    joined.set(key, same ? { ...same, nodes: [...new Set([...same.nodes, ...step.nodes])] } : step);
  }
  return [...joined.values()];
}
