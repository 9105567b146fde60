/** SET clauses of functions and procedures (number 24). */
import * as z from 'zod/mini';
import { quoted } from '../../plan/causes/relations';
import { type Side, sides } from '../../shared/side';
import { type Answered, answered, unanswered } from '../answers';
import { type Check, type CheckQuery, type CheckRemedyStep, defineCheck } from '../check';
import { beyondLimit, compareNamed, type Named, type NamedNode, namedNode } from '../compare-named';
import { conclude } from '../conclude';
import { coordinatorOf, withoutPropagation } from '../nodes';
import { isNoExtensions } from '../roles/grants-sql';
import { isUsers } from '../tables/tables-sql';
import { assignSetting, sameSetting, settingName } from './text';

const maxClauses = 5_000;

const clauseSchema = z.strictObject({
  schema: z.string(),
  name: z.string(),
  /** Identity arguments, as ALTER ROUTINE takes them. */
  parameters: z.string(),
  /** `name=value`. */
  entry: z.string(),
});
const clausesSchema = z.strictObject({
  clauses: z.array(clauseSchema),
  more: z.number(),
  rest: z.nullable(z.string()),
});

/** The same on servers of other collations. */
const inOrder = 'ORDER BY schema, name, parameters COLLATE "C", entry COLLATE "C"';

const functionSettings: CheckQuery<z.infer<typeof clausesSchema>> = {
  name: 'functionSettings',
  nodes: 'every',
  sql: () => `WITH found AS (
  SELECT n.nspname AS schema, p.proname AS name, pg_get_function_identity_arguments(p.oid) AS parameters, entry
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace CROSS JOIN LATERAL unnest(p.proconfig) AS entry
   WHERE p.proconfig IS NOT NULL AND ${isUsers('n.nspname')} AND ${isNoExtensions('pg_proc', 'p.oid')}
)
SELECT json_build_object('more', (SELECT greatest(count(*) - ${maxClauses}, 0) FROM found),
  'clauses', (SELECT coalesce(json_agg(row_to_json(f)), '[]')
     FROM (SELECT * FROM found ${inOrder} LIMIT ${maxClauses}) AS f),
  'rest', (SELECT md5(string_agg(f::text, chr(10))) FROM (SELECT * FROM found ${inOrder} OFFSET ${maxClauses}) AS f))`,
  answer: clausesSchema,
};

interface Clause {
  schema: string;
  routine: string;
  parameters: string;
  setting: string;
  value: string;
}

const functions = defineCheck({
  id: 'settings.functions',
  group: 'settings',
  title: 'Settings of functions',
  question: 'Have functions and procedures the same SET clauses on every node of both sides?',
  why: 'They win over role and database: jit, search_path or work_mem inside a function is what its clause says, on that node.',
  reference: 'PostgreSQL documentation, "CREATE FUNCTION: SET configuration_parameter"',
  severity: 'medium',
  sides,
  queries: { clauses: functionSettings },
  judge({ source, target }) {
    const found = { source: answered(source.answers.clauses), target: answered(target.answers.clauses) };
    const nodes = { source: found.source.map(readClauses), target: found.target.map(readClauses) };
    const { differences, remedies, remarks } = compareNamed(nodes, {
      absent: () => 'not set, or no such function',
      isHarmless: (a, b) => !!a && !!b && sameSetting(a.item.value, b.item.value),
      remedy: clauseStep,
    });
    return conclude({
      differences,
      remedies,
      remarks,
      unknown: [...unanswered(source.answers.clauses, target.answers.clauses), ...beyondLimit(found, 'SET clauses')],
      pass: `${coordinatorOf(nodes.source)?.answer.size ?? 0} SET clauses of functions, alike on ${found.source.length + found.target.length} nodes`,
    });
  },
});

function readClauses(found: Answered<z.infer<typeof clausesSchema>>): NamedNode<Clause> {
  return namedNode(
    found,
    found.answer.clauses.map(({ schema, name, parameters, entry }) => {
      const equals = entry.indexOf('=');
      const [setting, value] = [entry.slice(0, equals), entry.slice(equals + 1)];
      return {
        key: JSON.stringify([schema, name, parameters, setting]),
        what: `${setting} of ${schema}.${name}(${parameters})`,
        value: value || 'empty',
        item: { schema, routine: name, parameters, setting, value },
      };
    }),
  );
}

function clauseStep(
  { side, node }: { side: Side; node: NamedNode<Clause> },
  wanted: Named<Clause> | undefined,
  now: Named<Clause> | undefined,
): CheckRemedyStep {
  const { schema, routine, parameters, setting } = (wanted ?? now)!.item;
  const change = (to: Named<Clause> | undefined) =>
    `${node.role === 'worker' ? withoutPropagation : ''}ALTER ROUTINE ${quoted(schema, routine)}(${parameters}) ${to ? assignSetting(setting, to.item.value) : `RESET ${settingName(setting)}`};`;
  return {
    side,
    nodes: [node.node],
    sql: change(wanted),
    lock: 'none; it holds from the next call on',
    rollback: change(now),
    verify: 'SELECT proname, proconfig FROM pg_proc WHERE proconfig IS NOT NULL;',
  };
}

export const settingsFunctionsChecks: readonly Check[] = [functions];
