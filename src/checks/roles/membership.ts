/** Whose members roles are (of number 27). */
import { quoted } from '../../plan/causes/relations';
import { type Side, sides } from '../../shared/side';
import { type Answered, answered, unanswered } from '../answers';
import { type Check, type CheckRemedyStep, defineCheck } from '../check';
import { compareNamed, type Named, type NamedNode, namedNode } from '../compare-named';
import { conclude } from '../conclude';
import { literal } from '../literal';
import { coordinatorOf, withoutPropagation } from '../nodes';
import { serviceRole } from '../services';
import { type Member, type Roles, rolesQuery, tooMany } from './roles-sql';

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
      isHarmless: (a, b) => {
        if (a || !b) return false;
        // Who makes a role without being a superuser gets it so from 16 on ("createrole_self_grant").
        const isMakers = b.item.admin && b.item.inherit === false && b.item.set === false;
        return isMakers ? 'as CREATE ROLE gives it to who is no superuser' : !known.has(b.item.member);
      },
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

export const rolesMembershipChecks: readonly Check[] = [membership];
