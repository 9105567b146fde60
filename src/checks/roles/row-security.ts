/** Which rows whose are (number 30). */
import * as z from 'zod/mini';
import { quoted } from '../../plan/causes/relations';
import { type Side, sides } from '../../shared/side';
import { type Answered, answered, unanswered } from '../answers';
import { type Check, type CheckQuery, type CheckRemedyStep, defineCheck } from '../check';
import { compareNamed, type Named, type NamedNode, namedNode } from '../compare-named';
import { conclude } from '../conclude';
import { literal } from '../literal';
import { isUsers } from '../tables/tables-sql';
import { isNoExtensions, isNoShard } from './grants-sql';

const maxPolicies = 2_000;
const policySchema = z.strictObject({
  schema: z.string(),
  table: z.string(),
  /** Null: of the table itself. */
  policy: z.nullable(z.string()),
  /** `ENABLE`, `ENABLE FORCE`; of a policy what stands behind its table in CREATE POLICY. */
  definition: z.string(),
});
type Policy = z.infer<typeof policySchema>;
const policiesSchema = z.strictObject({ policies: z.array(policySchema), more: z.number() });

const policiesQuery: CheckQuery<z.infer<typeof policiesSchema>> = {
  name: 'rowSecurity',
  nodes: 'coordinator',
  sql: server => `WITH protected AS (
  SELECT c.oid, n.nspname AS schema, c.relname AS name, c.relrowsecurity AS enabled, c.relforcerowsecurity AS forced
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE c.relkind IN ('r', 'p') AND ${isUsers('n.nspname')} AND ${isNoExtensions('pg_class', 'c.oid')} AND ${isNoShard(server, 'c')}
     AND (c.relrowsecurity OR c.relforcerowsecurity OR EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid))
), found AS (
  SELECT schema, name AS "table", NULL AS policy,
         concat_ws(' ', CASE WHEN enabled THEN 'ENABLE' END, CASE WHEN forced THEN 'FORCE' END) AS definition FROM protected
  UNION ALL
  SELECT t.schema, t.name, p.polname, concat_ws(' ', CASE WHEN NOT p.polpermissive THEN 'AS RESTRICTIVE' END,
         'FOR ' || CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' ELSE 'ALL' END,
         'TO ' || CASE WHEN p.polroles = '{0}' THEN 'PUBLIC'
                       ELSE (SELECT string_agg(quote_ident(r.rolname), ', ' ORDER BY r.rolname) FROM pg_roles r WHERE r.oid = ANY (p.polroles)) END,
         'USING (' || pg_get_expr(p.polqual, p.polrelid) || ')', 'WITH CHECK (' || pg_get_expr(p.polwithcheck, p.polrelid) || ')')
    FROM protected t JOIN pg_policy p ON p.polrelid = t.oid
)
SELECT json_build_object('more', (SELECT greatest(count(*) - ${maxPolicies}, 0) FROM found),
  'policies', (SELECT coalesce(json_agg(row_to_json(f)), '[]')
     FROM (SELECT * FROM found ORDER BY schema, "table", policy NULLS FIRST LIMIT ${maxPolicies}) AS f))`,
  answer: policiesSchema,
};

const rowSecurity = defineCheck({
  id: 'roles.row-security',
  group: 'roles',
  title: 'Row-level security',
  question: 'Is row-level security on for the same tables, forced alike, with the same policies?',
  why: 'Without it every role with SELECT reads all rows of all tenants, and nothing fails; with it and no policy nobody reads any.',
  reference: 'PostgreSQL documentation, "Row Security Policies"',
  severity: 'critical',
  sides,
  queries: { policies: policiesQuery },
  judge({ source, target }) {
    const found = { source: answered(source.answers.policies), target: answered(target.answers.policies) };
    const nodes = { source: found.source.map(readPolicies), target: found.target.map(readPolicies) };
    const { differences, remedies, remarks } = compareNamed(nodes, {
      absent: ({ item }) => (item.policy === null ? 'off, or no such table' : 'no such policy'),
      remedy: policyStep,
    });
    const more = Math.max(0, ...[...found.source, ...found.target].map(({ answer }) => answer.more));
    return conclude({
      differences,
      remedies,
      remarks,
      unknown: [
        ...unanswered(source.answers.policies, target.answers.policies),
        ...(more > 0 ? [{ what: `${more} policies beyond the first ${maxPolicies} are not compared` }] : []),
      ],
      pass: `${found.source[0]?.answer.policies.length ?? 0} tables and policies, alike on both sides`,
    });
  },
});

function readPolicies(found: Answered<z.infer<typeof policiesSchema>>): NamedNode<Policy> {
  return namedNode(
    found,
    found.answer.policies.map(item => ({
      key: JSON.stringify([item.schema, item.table, item.policy]),
      what:
        item.policy === null
          ? `row security of ${item.schema}.${item.table}`
          : `policy ${item.policy} of ${item.schema}.${item.table}`,
      value: item.definition || 'off',
      item,
    })),
  );
}

function policyStep(
  { side, node }: { side: Side; node: NamedNode<Policy> },
  wanted: Named<Policy> | undefined,
  now: Named<Policy> | undefined,
): CheckRemedyStep {
  const { schema, table, policy } = (wanted ?? now)!.item;
  const name = quoted(schema, table);
  const change = (from: Named<Policy> | undefined, to: Named<Policy> | undefined): string => {
    if (policy === null) {
      const words = to?.item.definition ?? '';
      return `ALTER TABLE ${name} ${/ENABLE/.test(words) ? 'ENABLE' : 'DISABLE'} ROW LEVEL SECURITY, ${/FORCE/.test(words) ? '' : 'NO '}FORCE ROW LEVEL SECURITY;`;
    }
    const drop = from ? [`DROP POLICY ${quoted(policy)} ON ${name};`] : [];
    const create = to ? [`CREATE POLICY ${quoted(policy)} ON ${name} ${to.item.definition};`] : [];
    return [...drop, ...create].join('\n');
  };
  return {
    side,
    nodes: [node.node],
    sql: change(now, wanted),
    lock: 'reads and writes of the table, for a moment',
    rollback: change(wanted, now),
    verify: `SELECT * FROM pg_policies WHERE schemaname = ${literal(schema)} AND tablename = ${literal(table)};`,
  };
}

export const rolesRowSecurityChecks: readonly Check[] = [rowSecurity];
