import * as z from 'zod/mini';
import type { Side } from '../../shared/side';
import type { Answered } from '../answers';
import type { CheckQuery, CheckUnknown } from '../check';
import { serviceRoleQuery } from '../services';

const maxRoles = 5_000;

const roleSchema = z.strictObject({
  name: z.string(),
  superuser: z.boolean(),
  inherit: z.boolean(),
  createRole: z.boolean(),
  createDatabase: z.boolean(),
  login: z.boolean(),
  replication: z.boolean(),
  bypassRowSecurity: z.boolean(),
  /** -1: no limit. */
  connections: z.number(),
  /** ISO 8601, UTC; null: for ever. */
  validUntil: z.nullable(z.string()),
  expired: z.boolean(),
  /** Made by initdb. */
  bootstrap: z.boolean(),
});
export type Role = z.infer<typeof roleSchema>;
const memberSchema = z.strictObject({
  role: z.string(),
  member: z.string(),
  admin: z.boolean(),
  /** Null before 16: as the member's own INHERIT says, and always. */
  inherit: z.nullable(z.boolean()),
  set: z.nullable(z.boolean()),
});
export type Member = z.infer<typeof memberSchema>;
const rolesSchema = z.strictObject({
  service: z.nullable(z.string()),
  roles: z.array(roleSchema),
  members: z.array(memberSchema),
  more: z.number(),
});
export type Roles = z.infer<typeof rolesSchema>;

/** From 16 on a membership may be granted by several roles: what any of them gives counts. */
export const rolesQuery: CheckQuery<Roles> = {
  name: 'roles',
  nodes: 'every',
  sql: () => `SELECT json_build_object('service', ${serviceRoleQuery},
  'more', (SELECT greatest(count(*) - ${maxRoles}, 0) FROM pg_roles WHERE rolname !~ '^pg_'),
  'roles', (SELECT coalesce(json_agg(json_build_object('name', rolname, 'superuser', rolsuper, 'inherit', rolinherit,
       'createRole', rolcreaterole, 'createDatabase', rolcreatedb, 'login', rolcanlogin, 'replication', rolreplication,
       'bypassRowSecurity', rolbypassrls, 'connections', rolconnlimit,
       'validUntil', CASE WHEN isfinite(rolvaliduntil) THEN to_char(rolvaliduntil AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') END,
       'expired', coalesce(rolvaliduntil < now(), false), 'bootstrap', oid = 10) ORDER BY rolname), '[]')
     FROM (SELECT * FROM pg_roles WHERE rolname !~ '^pg_' ORDER BY rolname LIMIT ${maxRoles}) AS r),
  'members', (SELECT coalesce(json_agg(json_build_object('role', role, 'member', member, 'admin', admin, 'inherit', inherit, 'set', set)
       ORDER BY role, member), '[]')
     FROM (SELECT r.rolname AS role, u.rolname AS member, bool_or(m.admin_option) AS admin,
                  bool_or((to_jsonb(m) ->> 'inherit_option')::bool) AS inherit, bool_or((to_jsonb(m) ->> 'set_option')::bool) AS set
             FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.roleid JOIN pg_roles u ON u.oid = m.member
            WHERE u.rolname !~ '^pg_' GROUP BY r.rolname, u.rolname ORDER BY r.rolname, u.rolname LIMIT ${maxRoles}) AS m))`,
  answer: rolesSchema,
};

export function tooMany(found: Record<Side, readonly Answered<Roles>[]>): CheckUnknown[] {
  return [...found.source, ...found.target].flatMap(({ node, answer }) =>
    answer.more > 0 ? [{ what: `${answer.more} more roles are not compared`, node }] : [],
  );
}
