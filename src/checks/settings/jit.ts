import * as z from 'zod/mini';
import { sides } from '../../shared/side';
import { type Answered, answered, unanswered } from '../answers';
import { type Check, type CheckDifference, type CheckQuery, type CheckRemedyStep, defineCheck } from '../check';
import { conclude } from '../conclude';
import { coordinatorOf, joinSteps, valueOn } from '../nodes';

const jitSchema = z.strictObject({
  /** The provider could be loaded. */
  available: z.boolean(),
  /** Null: hidden from this role. */
  provider: z.nullable(z.string()),
  /** What a session of the connected role starts with. */
  setting: z.string(),
});
export type JitAnswer = z.infer<typeof jitSchema>;

/** With jit = off pg_jit_available() says no whatever the server has, so that it is on while it is asked. */
export const jitQuery: CheckQuery<JitAnswer> = {
  name: 'jit',
  nodes: 'every',
  sql: () => `SELECT json_build_object(
  'available', CASE WHEN set_config('jit', 'on', true) IS NOT NULL THEN pg_jit_available() END,
  'provider', (SELECT setting FROM pg_settings WHERE name = 'jit_provider'),
  'setting', CASE WHEN set_config('jit', 'off', true) IS NOT NULL THEN (SELECT reset_val FROM pg_settings WHERE name = 'jit') END)`,
  answer: jitSchema,
};

/** JIT compiles there when a plan costs enough. */
export function compiles({ available, setting }: JitAnswer): boolean {
  return available && setting === 'on';
}

const available = defineCheck({
  id: 'jit.available',
  group: 'jit',
  title: 'JIT availability',
  question: 'Can every node of both sides compile with JIT, or none?',
  why: 'The provider is a package of its own; where only the target has it, or only some nodes, plans there are compiled that were not before.',
  reference: 'PostgreSQL documentation, "Just-in-Time Compilation: Configuration" and "Extensibility"',
  severity: 'medium',
  sides,
  queries: { jit: jitQuery },
  judge({ source, target }) {
    const nodes = { source: answered(source.answers.jit), target: answered(target.answers.jit) };
    const from = coordinatorOf(nodes.source);
    const to = coordinatorOf(nodes.target);
    const differences: CheckDifference[] = [];
    const remedies: CheckRemedyStep[] = [];
    const remarks: string[] = [];
    if (from && to && from.answer.available !== to.answer.available) {
      if (compiles(to.answer)) {
        differences.push({ what: 'JIT', source: words(from.answer), target: words(to.answer) });
        remedies.push(...nodes.target.filter(({ answer }) => compiles(answer)).map(switchOff));
      } else {
        remarks.push(`JIT: source ${words(from.answer)}, target ${words(to.answer)}`);
      }
    }
    for (const side of sides) {
      const own = coordinatorOf(nodes[side]);
      for (const { node, answer } of nodes[side]) {
        if (!own || answer.available === own.answer.available) continue;
        differences.push({
          what: `JIT other than on the coordinator (${words(own.answer)})`,
          node,
          ...valueOn(side, words(answer)),
        });
      }
    }
    return conclude({
      differences,
      remedies: joinSteps(remedies),
      remarks,
      unknown: unanswered(source.answers.jit, target.answers.jit),
      pass: `source ${from ? words(from.answer) : '–'}, target ${to ? words(to.answer) : '–'}`,
    });
  },
});

function words({ available: can, provider, setting }: JitAnswer): string {
  return `${can ? 'available' : 'not available'}${provider === null ? '' : ` (${provider})`}, jit = ${setting}`;
}

function switchOff({ node }: Answered<JitAnswer>): CheckRemedyStep {
  return {
    side: 'target',
    nodes: [node],
    sql: 'ALTER SYSTEM SET jit = off;\nSELECT pg_reload_conf();',
    lock: 'none; it holds for open sessions, too',
    rollback: 'ALTER SYSTEM RESET jit; SELECT pg_reload_conf();',
    verify: 'SHOW jit; in a new session of the role: a setting of role or database comes before it.',
  };
}

export const jitChecks: readonly Check[] = [available];
