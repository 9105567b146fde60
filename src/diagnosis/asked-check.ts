import type { PlaybookCheck } from '../playbook/playbook';
import type { AskedCheck } from './run-checks';

/** What is asked for a check of a playbook. One without an id, which cannot be asked, is called by its line. */
export function askedCheck({ id, line, kind, content, on, expect, problems }: PlaybookCheck): AskedCheck {
  const name = id?.value ?? `line ${line}`;
  const [problem] = problems;
  if (problem) return { id: name, kind: 'malformed', message: problem.message };
  if (kind === 'catalogue') return { id: name, kind };
  return { id: name, kind, sql: content.text, on: on.value, expect: expect!.value! };
}
