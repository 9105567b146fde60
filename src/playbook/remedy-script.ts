import { type Cause, stepPlaces } from '../shared/diagnosis';
import { sqlComment } from '../sql/comment';

/**
 * The fix of a cause as an SQL script to read and run by hand: each step with where to run it, what it locks, and how to
 * take it back, as comments. Undefined when the cause has none.
 */
export function remedyScript({ id, title, remedy }: Cause, label: string): string | undefined {
  if (!remedy) return undefined;
  const alone = remedy.steps.every(step => step.on === 'coordinator');
  const steps = remedy.steps.map((step, i) =>
    [
      sqlComment(`${i + 1}. ${alone ? `On the ${remedy.side}` : stepPlaces[step.on]}. Locks: ${step.lock}`),
      step.sql.trim(),
      sqlComment(`Rollback: ${step.rollback}`),
    ].join('\n'),
  );
  return `${[
    sqlComment(`Fix of ${id} on the ${remedy.side} (${label}). Cutover runs none of it.`),
    sqlComment(title),
    sqlComment(remedy.summary),
    '',
    steps.join('\n\n'),
    '',
    sqlComment(`Verify: ${remedy.verify}`),
  ].join('\n')}\n`;
}
