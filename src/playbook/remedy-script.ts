import { type Cause, stepPlaces } from '../shared/diagnosis';

/**
 * The fix of a cause as an SQL script to read and run by hand: each step with where to run it, what it locks, and how to
 * take it back, as comments. Undefined when the cause has none.
 */
export function remedyScript({ id, title, remedy }: Cause, label: string): string | undefined {
  if (!remedy) return undefined;
  const alone = remedy.steps.every(step => step.on === 'coordinator');
  const steps = remedy.steps.map((step, i) =>
    [
      comment(`${i + 1}. ${alone ? `On the ${remedy.side}` : stepPlaces[step.on]}. Locks: ${step.lock}`),
      step.sql.trim(),
      comment(`Rollback: ${step.rollback}`),
    ].join('\n'),
  );
  return `${[
    comment(`Fix of ${id} on the ${remedy.side} (${label}). Cutover runs none of it.`),
    comment(title),
    comment(remedy.summary),
    '',
    steps.join('\n\n'),
    '',
    comment(`Verify: ${remedy.verify}`),
  ].join('\n')}\n`;
}

/** Every line is a comment, whatever line breaks a name brings. */
function comment(text: string): string {
  return text
    .split(/\r\n|[\n\r\u2028\u2029\v\f]/)
    .map(line => `-- ${line}`)
    .join('\n');
}
