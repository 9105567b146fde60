/** Roles and what they may do (of number 27). */
import { quoted } from '../../plan/causes/relations';
import { type Side, sides } from '../../shared/side';
import { type Answered, answered, unanswered } from '../answers';
import { type Check, type CheckRemedyStep, defineCheck } from '../check';
import { compareNamed, type Named, type NamedNode, namedNode } from '../compare-named';
import { conclude } from '../conclude';
import { literal } from '../literal';
import { coordinatorOf, withoutPropagation } from '../nodes';
import { serviceOf, serviceRole } from '../services';
import { type Role, type Roles, rolesQuery, tooMany } from './roles-sql';

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

export const rolesChecks: readonly Check[] = [attributes];
