/** Who is let in, and how: pg_hba.conf (number 31) and passwords (27), of which the kind alone leaves the server. */
import * as z from 'zod/mini';
import { quoted } from '../../plan/causes/relations';
import { sides } from '../../shared/side';
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
import { serviceRole } from '../services';

const maxRules = 2_000;

const ruleSchema = z.strictObject({
  line: z.number(),
  type: z.nullable(z.string()),
  databases: z.nullable(z.array(z.string())),
  users: z.nullable(z.array(z.string())),
  address: z.nullable(z.string()),
  method: z.nullable(z.string()),
  error: z.nullable(z.string()),
});
type Rule = z.infer<typeof ruleSchema>;
const accessSchema = z.strictObject({
  /** Null: hidden from this role. */
  rules: z.nullable(z.array(ruleSchema)),
  /** Role and `md5`, `scram-sha-256` or null for none; null: hidden from this role. */
  passwords: z.nullable(z.array(z.tuple([z.string(), z.nullable(z.string())]))),
});
type Access = z.infer<typeof accessSchema>;

const accessQuery: CheckQuery<Access> = {
  name: 'access',
  nodes: 'every',
  sql: () =>
    `SELECT json_build_object('rules', ${jsonWhere(
      `has_function_privilege('pg_hba_file_rules()', 'EXECUTE')`,
      `SELECT coalesce(json_agg(json_build_object('line', line_number, 'type', type, 'databases', database, 'users', user_name,
         'address', address, 'method', auth_method, 'error', error) ORDER BY line_number), '[]')
       FROM (SELECT * FROM pg_hba_file_rules() ORDER BY line_number LIMIT ${maxRules}) AS r`,
    )}, 'passwords', ${jsonWhere(
      `has_table_privilege('pg_authid', 'SELECT')`,
      `SELECT coalesce(json_agg(json_build_array(rolname, CASE WHEN rolpassword LIKE 'md5%' THEN 'md5'
         WHEN rolpassword IS NOT NULL THEN 'scram-sha-256' END) ORDER BY rolname), '[]')
       FROM pg_authid WHERE rolcanlogin AND rolname !~ '^pg_'`,
    )})`,
  answer: accessSchema,
};

const reload: Omit<CheckRemedyStep, 'side' | 'nodes' | 'sql'> = {
  lock: 'none; it holds for new connections',
  rollback: 'Take the change of pg_hba.conf back, and SELECT pg_reload_conf(); again.',
  verify: 'SELECT * FROM pg_hba_file_rules; error is NULL in every row.',
};

const hostRules = defineCheck({
  id: 'roles.host-rules',
  group: 'roles',
  title: 'Rules of pg_hba.conf',
  question: 'Does the target let in whom the source lets in, no less protected, by a file without errors?',
  why: 'A file with an error keeps the server from reloading; a missing rule refuses a client; trust, or a rule without TLS, lets anybody in.',
  reference: 'PostgreSQL documentation, "The pg_hba.conf File" and "pg_hba_file_rules"',
  severity: 'high',
  sides,
  queries: { access: accessQuery },
  judge({ source, target }) {
    const found = { source: answered(source.answers.access), target: answered(target.answers.access) };
    const differences: CheckDifference[] = [];
    const remarks: string[] = [];
    const unknown: CheckUnknown[] = unanswered(source.answers.access, target.answers.access);
    for (const side of sides)
      for (const { node, answer } of found[side]) {
        if (answer.rules === null)
          unknown.push({
            what: 'pg_hba.conf is hidden from this role',
            node,
            grant: `GRANT EXECUTE ON FUNCTION pg_catalog.pg_hba_file_rules() TO ${quoted((side === 'source' ? source : target).user)}`,
          });
        for (const { line, error } of answer.rules ?? []) {
          if (error === null) continue;
          const what = `error in pg_hba.conf, line ${line}`;
          if (side === 'target') differences.push({ what, node, ...valueOn(side, error) });
          else remarks.push(`${node} (source): ${what}: ${error}`);
        }
      }
    const from = coordinatorOf(found.source)?.answer.rules;
    const to = coordinatorOf(found.target);
    if (from && to?.answer.rules) {
      const there = to.answer.rules;
      for (const [what, matches] of weaknesses) {
        const [a, b] = [from, there].map(rules =>
          rules.filter(rule => isRemote(rule) && rule.method !== null && matches(rule)),
        );
        if (a!.length === 0 && b!.length > 0)
          differences.push({ what, source: 'no rule', target: b!.map(ruleWords).join('; ') });
      }
      for (const user of namedUsers(from))
        if (!there.some(rule => rule.method !== 'reject' && rule.error === null && lets(rule, user)))
          differences.push({ what: `no rule lets ${user} in`, source: 'has one', target: 'none' });
      if (namesReplication(from) && !namesReplication(there))
        remarks.push('the source lets replication in, the target does not: a way back and standbys need it');
    }
    const places = [...new Set(differences.map(({ node }) => node ?? to!.node))];
    return conclude({
      differences,
      remarks,
      unknown,
      remedies:
        differences.length > 0
          ? [
              {
                side: 'target',
                nodes: places,
                sql: '-- Edit pg_hba.conf of the node, line by line as named above; then:\nSELECT pg_reload_conf();',
                ...reload,
              },
            ]
          : [],
      pass: `${to?.answer.rules?.length ?? 0} rules on the target, none weaker than the source's`,
    });
  },
});

const weaknesses: readonly (readonly [what: string, matches: (rule: Rule) => boolean])[] = [
  ['other machines are trusted without a password', ({ method }) => method === 'trust'],
  ['passwords travel in clear', ({ method, type }) => method === 'password' && type !== 'hostssl'],
  [
    'connections without TLS are let in',
    ({ method, type }) => method !== 'reject' && type !== 'hostssl' && type !== 'hostgssenc',
  ],
];

/** From another machine. */
function isRemote({ type, address }: Rule): boolean {
  return type !== null && type !== 'local' && !/^(?:127\.|::1$|localhost$|samehost$)/.test(address ?? '');
}

function lets({ users }: Rule, user: string): boolean {
  return (users ?? []).some(name => name === 'all' || name === user || /^[+/]/.test(name));
}

function namedUsers(rules: readonly Rule[]): string[] {
  const names = rules
    .filter(({ method, error }) => method !== 'reject' && error === null)
    .flatMap(({ users }) => users ?? [])
    .filter(name => name !== 'all' && !/^[+/@]/.test(name) && !serviceRole.test(name));
  return [...new Set(names)];
}

function namesReplication(rules: readonly Rule[]): boolean {
  return rules.some(
    rule => isRemote(rule) && rule.method !== 'reject' && (rule.databases ?? []).includes('replication'),
  );
}

function ruleWords({ line, type, databases, users, address, method }: Rule): string {
  return `line ${line}: ${[type, (databases ?? []).join(','), (users ?? []).join(','), address, method].filter(Boolean).join(' ')}`;
}

const passwords = defineCheck({
  id: 'roles.passwords',
  group: 'roles',
  title: 'Passwords of roles',
  question: 'Has every login role of the source a password on the target, too, of a kind that its rules accept?',
  why: 'pg_dumpall --no-role-passwords and most services leave them behind; an md5 password cannot log in by a scram-sha-256 rule.',
  reference: 'PostgreSQL documentation, "Password Authentication" and "pg_dumpall"',
  severity: 'high',
  sides,
  queries: { access: accessQuery },
  judge({ source, target }) {
    const found = { source: answered(source.answers.access), target: answered(target.answers.access) };
    const unknown: CheckUnknown[] = unanswered(source.answers.access, target.answers.access);
    for (const { node, answer } of [coordinatorOf(found.source), coordinatorOf(found.target)].filter(each => !!each))
      if (answer.passwords === null)
        unknown.push({ what: 'superusers alone see who has a password, and of which kind', node });
    const from = coordinatorOf(found.source)?.answer.passwords;
    const to = coordinatorOf(found.target);
    const differences: CheckDifference[] = [];
    const remedies: CheckRemedyStep[] = [];
    const remarks: string[] = [];
    const there = new Map(to?.answer.passwords ?? []);
    const methods = (to?.answer.rules ?? []).map(({ method }) => method);
    const isScramAlone = methods.includes('scram-sha-256') && !methods.includes('md5') && !methods.includes('password');
    let withPassword = 0;
    for (const [role, kind] of to?.answer.passwords ? (from ?? []) : []) {
      const other = there.get(role);
      if (kind === null || other === undefined || serviceRole.test(role)) continue;
      withPassword++;
      if (other !== null && (other !== 'md5' || !isScramAlone)) {
        if (other !== kind) remarks.push(`password of ${role}: source ${kind}, target ${other}`);
        continue;
      }
      const words = other === null ? 'none' : 'md5, which its rules do not accept';
      differences.push({ what: `password of ${role}`, source: kind, target: words });
      remedies.push({
        side: 'target',
        nodes: [to!.node],
        sql: `-- In psql, so that the password is in no log: \\password ${quoted(role)}`,
        lock: 'none',
        rollback: `ALTER ROLE ${quoted(role)} PASSWORD NULL;`,
        verify: 'Log in as that role.',
      });
    }
    return conclude({
      differences,
      remedies,
      remarks,
      unknown,
      pass: `${withPassword} login roles have a password on both sides`,
    });
  },
});

export const rolesAccessChecks: readonly Check[] = [hostRules, passwords];
