/** The fix of a finding as SQL to read and run by hand: source and target apart, on each the coordinator and its workers. */
import type { ComparedCheck, Comparison } from '../shared/comparison';
import { type Side, sides } from '../shared/side';
import { sqlComment } from '../sql/comment';

type Step = ComparedCheck['remedies'][number];

/** Undefined when the check has none. Every text of a server is a comment, or SQL that the check quoted. */
export function fixScript(
  { id, title, summary, remedies }: ComparedCheck,
  comparison: Pick<Comparison, 'source' | 'target'>,
): string | undefined {
  if (remedies.length === 0) return undefined;
  const parts = [[`Fix of ${id}. Cutover runs none of it.`, title, summary].map(sqlComment).join('\n')];
  for (const side of sides) {
    const { label, address } = comparison[side];
    const steps = remedies.filter(step => step.side === side);
    const here = coordinatorOf(address);
    const isWorkers = (step: Step) => here !== undefined && step.nodes.length > 0 && !step.nodes.includes(here);
    parts.push(
      ...section(
        side,
        label,
        here === undefined ? '' : 'coordinator',
        steps.filter(step => !isWorkers(step)),
      ),
      ...section(side, label, 'workers', steps.filter(isWorkers)),
    );
  }
  return `${parts.join('\n\n')}\n`;
}

function section(side: Side, label: string, role: string, steps: readonly Step[]): string[] {
  if (steps.length === 0) return [];
  const place = [`${side.toUpperCase()} (${label})`, role].filter(Boolean).join(', ');
  return [sqlComment(`==== ${place} ====`), ...steps.map(stepText)];
}

function stepText({ nodes, sql, lock, rollback, verify }: Step): string {
  const where = nodes.length > 0 ? `On ${nodes.join(', ')}. ` : '';
  return [
    sqlComment(`${where}Locks: ${lock}`),
    sql.trim(),
    sqlComment(`Rollback: ${rollback}`),
    sqlComment(`Verify: ${verify}`),
  ].join('\n');
}

/** `host:port` of a side's address, which is the coordinator's. */
export function coordinatorOf(address: string | null | undefined): string | undefined {
  return address?.replace(/\/.*$/s, '');
}
