/** How Citus's nodes log in to one another (number 31): for whom, never with what. */
import * as z from 'zod/mini';
import { quoted } from '../../plan/causes/relations';
import { type Side, sides } from '../../shared/side';
import { answered, unanswered } from '../answers';
import {
  type Check,
  type CheckDifference,
  type CheckQuery,
  type CheckRemedyStep,
  type CheckUnknown,
  defineCheck,
} from '../check';
import { conclude } from '../conclude';
import { jsonWhere } from '../guarded';
import { coordinatorOf, valueOn } from '../nodes';

const authinfoSchema = z.strictObject({
  /** Null: hidden from this role. Node (0: all) and role. */
  entries: z.nullable(z.array(z.tuple([z.string(), z.string()]))),
});

const authinfoQuery: CheckQuery<z.infer<typeof authinfoSchema>> = {
  name: 'authinfo',
  nodes: 'every',
  sql: ({ citus }) =>
    citus
      ? `SELECT json_build_object('entries', ${jsonWhere(
          `has_column_privilege('pg_catalog.pg_dist_authinfo', 'rolename', 'SELECT') AND has_column_privilege('pg_catalog.pg_dist_authinfo', 'nodeid', 'SELECT')`,
          `SELECT coalesce(json_agg(json_build_array(CASE a.nodeid WHEN 0 THEN 'all' ELSE coalesce(n.nodename || ':' || n.nodeport, a.nodeid::text) END, a.rolename)
             ORDER BY a.rolename, a.nodeid), '[]')
           FROM pg_catalog.pg_dist_authinfo a LEFT JOIN pg_dist_node n ON n.nodeid = a.nodeid`,
        )})`
      : `SELECT json_build_object('entries', json_build_array())`,
  answer: authinfoSchema,
};

const authinfo = defineCheck({
  id: 'roles.authinfo',
  group: 'roles',
  title: 'Logins between Citus nodes',
  question: 'Is every role of pg_dist_authinfo there on the target, and on every node of a side?',
  why: 'Citus connects to its workers as the role that asks; without its entry a node that wants a password refuses every distributed statement.',
  reference: 'Citus documentation, "pg_dist_authinfo"',
  severity: 'high',
  sides,
  queries: { authinfo: authinfoQuery },
  judge({ source, target }) {
    const found = { source: answered(source.answers.authinfo), target: answered(target.answers.authinfo) };
    const differences: CheckDifference[] = [];
    const unknown: CheckUnknown[] = unanswered(source.answers.authinfo, target.answers.authinfo);
    const rolesOf = (entries: readonly [string, string][] | null | undefined) =>
      new Set(entries?.map(([, role]) => role));
    for (const side of sides) {
      const own = coordinatorOf(found[side])?.answer.entries;
      for (const { node, role, answer } of found[side])
        if (answer.entries === null)
          unknown.push({
            what: 'pg_dist_authinfo is hidden from this role',
            node,
            grant: `GRANT SELECT (nodeid, rolename) ON pg_catalog.pg_dist_authinfo TO ${quoted((side === 'source' ? source : target).user)}`,
          });
        else if (role === 'worker' && own)
          for (const name of rolesOf(own))
            if (!rolesOf(answer.entries).has(name))
              differences.push({
                what: `no login for ${name}, which the coordinator has`,
                node,
                ...valueOn(side, 'none'),
              });
    }
    const [from, to] = [coordinatorOf(found.source), coordinatorOf(found.target)];
    const hasCitus = found.target.some(({ role }) => role === 'worker');
    const remarks: string[] = [];
    for (const name of from?.answer.entries && to?.answer.entries ? rolesOf(from.answer.entries) : [])
      if (!rolesOf(to!.answer.entries).has(name)) {
        if (hasCitus) differences.push({ what: `login of ${name} between nodes`, source: 'has one', target: 'none' });
        else remarks.push(`the source has a login between nodes for ${name}; the target has no workers`);
      }
    return conclude({
      differences,
      remarks,
      unknown,
      remedies: remediesOf(differences, to?.node),
      pass: `${rolesOf(from?.answer.entries).size} roles have logins between nodes, on both sides`,
    });
  },
});

function remediesOf(differences: readonly CheckDifference[], coordinator: string | undefined): CheckRemedyStep[] {
  return differences.map(({ node, source, target }) => {
    const side: Side = source !== undefined && target === undefined ? 'source' : 'target';
    return {
      side,
      nodes: [node ?? coordinator ?? ''],
      sql: "-- INSERT INTO pg_dist_authinfo (nodeid, rolename, authinfo) VALUES (0, '<role>', 'password=<password>');",
      lock: 'none; it holds for new connections between nodes',
      rollback: "DELETE FROM pg_dist_authinfo WHERE nodeid = 0 AND rolename = '<role>';",
      verify: 'SELECT * FROM citus_check_cluster_node_health(); as that role.',
    };
  });
}

export const rolesAuthinfoChecks: readonly Check[] = [authinfo];
