/** Roles, what they may do, and whose members they are (number 27). */
import * as z from 'zod/mini';
import { quoted } from '../plan/causes/relations';
import { type Side, sides } from '../shared/side';
import { type Answered, answered, unanswered } from './answers';
import { type Check, type CheckQuery, type CheckRemedyStep, type CheckUnknown, defineCheck } from './check';
import { compareNamed, type Named, type NamedNode, namedNode } from './compare-named';
import { conclude } from './conclude';
import { literal } from './literal';
import { coordinatorOf, withoutPropagation } from './nodes';
import { serviceOf, serviceRole, serviceRoleQuery } from './services';

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
type Role = z.infer<typeof roleSchema>;
const memberSchema = z.strictObject({
  role: z.string(),
  member: z.string(),
  admin: z.boolean(),
  /** Null before 16: as the member's own INHERIT says, and always. */
  inherit: z.nullable(z.boolean()),
  set: z.nullable(z.boolean()),
});
type Member = z.infer<typeof memberSchema>;
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

const attributes = defineCheck({
  id: 'roles.attributes',
  group: 'roles',
  title: 'Roles and their attributes',
  question: 'Is every role of the source on every node of the target, with its attributes, limits and expiry?',
  why: 'Roles belong to the server, not to the database: a dump of it lacks them. Without the role clients are refused and its grants fail to restore.',
  reference: 'PostgreSQL documentation, "CREATE ROLE" and "pg_dumpall"',
  severity: 'critical',
  sides,
  queries: { roles: rolesQuery },
  judge({ source, target }) {
    const found = { source: answered(source.answers.roles), target: answered(target.answers.roles) };
    const nodes = { source: found.source.map(readRoles), target: found.target.map(readRoles) };
    const service = serviceOf(coordinatorOf(found.target)?.answer.service);
    const { differences, remedies, remarks } = compareNamed(nodes, {
      absent: () => 'no such role',
      isHarmless: (a, b) => {
        if (!a) return true;
        if (a.item.bootstrap || b?.item.bootstrap) return 'made by initdb';
        const isOnlySuperuser = b && withoutSuperuser(a.item) === withoutSuperuser(b.item);
        return isOnlySuperuser && service ? `${service} has no superusers for its customers` : false;
      },
      remedy: roleStep,
    });
    for (const { node, answer } of found.target)
      for (const role of answer.roles)
        if (role.expired && role.login && !serviceRole.test(role.name)) {
          const wanted = coordinatorOf(nodes.source)?.answer.get(role.name);
          if (wanted?.value === attributeWords(role))
            remarks.push(`password of ${role.name} is past its validity on ${node}`);
        }
    return conclude({
      differences,
      remedies,
      remarks,
      unknown: [...unanswered(source.answers.roles, target.answers.roles), ...tooMany(found)],
      pass: `${coordinatorOf(found.source)?.answer.roles.length ?? 0} roles of the source, alike on ${found.source.length + found.target.length} nodes`,
    });
  },
});

function tooMany(found: Record<Side, readonly Answered<Roles>[]>): CheckUnknown[] {
  return [...found.source, ...found.target].flatMap(({ node, answer }) =>
    answer.more > 0 ? [{ what: `${answer.more} more roles are not compared`, node }] : [],
  );
}

function readRoles(found: Answered<Roles>): NamedNode<Role> {
  return namedNode(
    found,
    found.answer.roles
      .filter(({ name }) => !serviceRole.test(name))
      .map(role => ({ key: role.name, what: `role ${role.name}`, value: attributeWords(role), item: role })),
  );
}

/** As CREATE ROLE has them; defaults are left out but for LOGIN, which a role hangs on. */
function attributeWords(role: Role): string {
  const words = [role.login ? 'LOGIN' : 'NOLOGIN'];
  if (role.superuser) words.push('SUPERUSER');
  if (!role.inherit) words.push('NOINHERIT');
  if (role.createRole) words.push('CREATEROLE');
  if (role.createDatabase) words.push('CREATEDB');
  if (role.replication) words.push('REPLICATION');
  if (role.bypassRowSecurity) words.push('BYPASSRLS');
  if (role.connections !== -1) words.push(`CONNECTION LIMIT ${role.connections}`);
  if (role.validUntil !== null) words.push(`VALID UNTIL ${literal(role.validUntil)}`);
  return words.join(' ');
}

function withoutSuperuser(role: Role): string {
  return attributeWords({ ...role, superuser: false, replication: false, bypassRowSecurity: false });
}

function allAttributes(role: Role): string {
  const word = (is: boolean, name: string) => `${is ? '' : 'NO'}${name}`;
  return [
    word(role.login, 'LOGIN'),
    word(role.superuser, 'SUPERUSER'),
    word(role.inherit, 'INHERIT'),
    word(role.createRole, 'CREATEROLE'),
    word(role.createDatabase, 'CREATEDB'),
    word(role.replication, 'REPLICATION'),
    word(role.bypassRowSecurity, 'BYPASSRLS'),
    `CONNECTION LIMIT ${role.connections}`,
    `VALID UNTIL ${literal(role.validUntil ?? 'infinity')}`,
  ].join(' ');
}

/** A role that should not be there is left to its owner: it may own things. */
function roleStep(
  { side, node }: { side: Side; node: NamedNode<Role> },
  wanted: Named<Role> | undefined,
  now: Named<Role> | undefined,
): CheckRemedyStep | undefined {
  if (!wanted || wanted.item.bootstrap || now?.item.bootstrap) return undefined;
  const name = quoted(wanted.item.name);
  const local = node.role === 'worker' ? withoutPropagation : '';
  const note =
    now || !wanted.item.login ? '' : `\n-- Its password comes by pg_dumpall --roles-only, or by \\password in psql.`;
  return {
    side,
    nodes: [node.node],
    sql: `${local}${now ? 'ALTER' : 'CREATE'} ROLE ${name} ${allAttributes(wanted.item)};${note}`,
    lock: 'none',
    rollback: `${local}${now ? `ALTER ROLE ${name} ${allAttributes(now.item)}` : `DROP ROLE ${name}`};`,
    verify: `SELECT * FROM pg_roles WHERE rolname = ${literal(wanted.item.name)};`,
  };
}

const membership = defineCheck({
  id: 'roles.membership',
  group: 'roles',
  title: 'Membership of roles',
  question: 'Is every role a member of the same roles on every node of both sides, with the same options?',
  why: 'Most privileges come by membership; without it statements fail with permission denied, with too much of it they should have.',
  reference: 'PostgreSQL documentation, "Role Membership" and "GRANT"',
  severity: 'high',
  sides,
  queries: { roles: rolesQuery },
  judge({ source, target }) {
    const found = { source: answered(source.answers.roles), target: answered(target.answers.roles) };
    const options = [...found.source, ...found.target].every(({ versionNum }) => versionNum >= 160_000);
    const nodes = {
      source: found.source.map(node => readMembers(node, options)),
      target: found.target.map(node => readMembers(node, options)),
    };
    const known = new Set(coordinatorOf(found.source)?.answer.roles.map(({ name }) => name));
    const { differences, remedies, remarks } = compareNamed(nodes, {
      absent: () => 'no member',
      isHarmless: (a, b) => !a && !known.has(b!.item.member),
      remedy: memberStep,
    });
    return conclude({
      differences,
      remedies,
      remarks,
      unknown: [...unanswered(source.answers.roles, target.answers.roles), ...tooMany(found)],
      pass: `${coordinatorOf(nodes.source)?.answer.size ?? 0} memberships, alike on ${found.source.length + found.target.length} nodes`,
    });
  },
});

/** @param options both sides have those of 16 */
function readMembers(found: Answered<Roles>, options: boolean): NamedNode<Member> {
  return namedNode(
    found,
    found.answer.members
      .filter(({ member, role }) => !serviceRole.test(member) && !serviceRole.test(role))
      .map(item => ({
        key: JSON.stringify([item.role, item.member]),
        what: `member ${item.member} of role ${item.role}`,
        value: memberWords(options ? item : { ...item, inherit: null, set: null }),
        item,
      })),
  );
}

function memberWords({ admin, inherit, set }: Member): string {
  const words = [admin ? 'with ADMIN' : 'without ADMIN'];
  if (inherit === false) words.push('without INHERIT');
  if (set === false) words.push('without SET');
  return words.join(', ');
}

function memberStep(
  { side, node }: { side: Side; node: NamedNode<Member> },
  wanted: Named<Member> | undefined,
  now: Named<Member> | undefined,
): CheckRemedyStep {
  const { role, member } = (wanted ?? now)!.item;
  const local = node.role === 'worker' ? withoutPropagation : '';
  const change = (to: Member | undefined): string => {
    if (!to) return `${local}REVOKE ${quoted(role)} FROM ${quoted(member)};`;
    const truth = (value: boolean | null) => (value === false ? 'FALSE' : 'TRUE');
    if (node.versionNum >= 160_000)
      return `${local}GRANT ${quoted(role)} TO ${quoted(member)} WITH ADMIN ${to.admin ? 'TRUE' : 'FALSE'}, INHERIT ${truth(to.inherit)}, SET ${truth(to.set)};`;
    const lessAdmin = to.admin ? '' : `\nREVOKE ADMIN OPTION FOR ${quoted(role)} FROM ${quoted(member)};`;
    return `${local}GRANT ${quoted(role)} TO ${quoted(member)}${to.admin ? ' WITH ADMIN OPTION' : ''};${lessAdmin}`;
  };
  return {
    side,
    nodes: [node.node],
    sql: change(wanted?.item),
    lock: 'none',
    rollback: change(now?.item),
    verify: `SELECT pg_has_role(${literal(member)}, ${literal(role)}, 'MEMBER');`,
  };
}

export const rolesChecks: readonly Check[] = [attributes, membership];
