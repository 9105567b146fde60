/** What a new session of each login role starts with (number 25), as far as the catalog tells. */
import { type Side, sides } from '../../shared/side';
import { type Answered, answered, unanswered } from '../answers';
import { type Check, type CheckDifference, defineCheck } from '../check';
import { conclude } from '../conclude';
import { coordinatorOf } from '../nodes';
import { type Roles, rolesQuery } from '../roles/roles-sql';
import { serviceRole } from '../services';
import { plannerSettings } from './planner';
import { readSettings, serverSettings } from './read';
import { harmlessSetting, type RoleSettings, roleSettings } from './roles';
import { sameSetting } from './text';

/** Roles without a setting of their own are one. */
const anyRole = 'every other role';

const effective = defineCheck({
  id: 'settings.effective',
  group: 'settings',
  title: 'What a session of each role starts with',
  question:
    'Does a new session of each login role start with the same values, whichever file, database or role gives them?',
  why: 'The same value may come from elsewhere, and another one hide behind it: a setting of the role in the database wins over the role, the database, all roles, and the file.',
  reference:
    'PostgreSQL documentation, "Setting Parameters" and "ALTER ROLE"; process_settings of PostgreSQL\'s postinit.c',
  // settings.roles and the categories fail for what is behind it; this says what comes of them.
  severity: 'info',
  sides,
  queries: { entries: roleSettings, roles: rolesQuery, settings: serverSettings, planner: plannerSettings },
  judge({ source, target }) {
    const read = ({ answers }: typeof source) => ({
      entries: coordinatorOf(answered(answers.entries)),
      roles: coordinatorOf(answered(answers.roles)),
      base: baseValues(
        coordinatorOf(answered(answers.settings).map(readSettings))?.answer,
        coordinatorOf(answered(answers.planner))?.answer,
      ),
    });
    const both = { source: read(source), target: read(target) };
    const differences: CheckDifference[] = [];
    const remarks: string[] = [];
    let compared = 0;
    if (both.source.entries && both.target.entries && both.source.roles && both.target.roles) {
      const names = new Set(
        sides.flatMap(side => both[side].entries!.answer.entries.map(([, , entry]) => nameOf(entry))),
      );
      const known = (side: Side, role: string) => both[side].roles!.answer.roles.some(({ name }) => name === role);
      for (const role of [...loginRoles(both.source.roles), anyRole])
        for (const name of names) {
          if (role !== anyRole && !known('target', role)) continue;
          const [a, b] = sides.map(side => valueFor(role, name, both[side].entries!.answer, both[side].base));
          if (!a || !b) continue;
          compared++;
          if (sameSetting(a.value, b.value)) {
            if (a.from !== b.from && role !== anyRole)
              remarks.push(`${name} of ${role} is ${a.value} on both sides: source by ${a.from}, target by ${b.from}`);
          } else if (!harmlessSetting.test(name))
            differences.push({
              what: `${name} in a new session of ${role}`,
              source: `${a.value} (${a.from})`,
              target: `${b.value} (${b.from})`,
            });
        }
    }
    return conclude({
      differences,
      remarks: differences.length > 0 ? [...remarks, 'settings.roles has the SQL that mends them'] : remarks,
      unknown: unanswered(
        source.answers.entries,
        source.answers.roles,
        source.answers.settings,
        source.answers.planner,
        target.answers.entries,
        target.answers.roles,
        target.answers.settings,
        target.answers.planner,
      ),
      pass: `${compared} values of login roles compared`,
    });
  },
});

function nameOf(entry: string): string {
  return entry.slice(0, entry.indexOf('='));
}

function loginRoles({ answer }: Answered<Roles>): string[] {
  return answer.roles.filter(({ login, name }) => login && !serviceRole.test(name)).map(({ name }) => name);
}

/** What comes from the server alone: what the connected role or its database brings hides it. */
function baseValues(
  server: ReadonlyMap<string, { value: string; source: string }> | undefined,
  planner: readonly (readonly [string, string | null, string, boolean])[] | undefined,
): Map<string, string> {
  const all = [
    ...[...(server ?? [])].map(([name, { value, source }]) => [name, value, source] as const),
    ...(planner ?? []).map(([name, value, source]) => [name, value ?? '', source] as const),
  ];
  return new Map(
    all
      .filter(([, , source]) => /^(?:default|configuration file|environment variable|command line)$/.test(source))
      .map(([name, value]) => [name, value]),
  );
}

/** The strongest last. */
const scopes = ['a setting of all roles', 'the database', 'the role', 'the role in the database'] as const;

function valueFor(
  role: string,
  name: string,
  { entries }: RoleSettings,
  base: ReadonlyMap<string, string>,
): { value: string; from: string } | undefined {
  const found: (string | undefined)[] = scopes.map(() => undefined);
  for (const [owner, inDatabase, entry] of entries) {
    if (nameOf(entry) !== name || (owner !== null && owner !== role)) continue;
    found[(owner === null ? 0 : 2) + (inDatabase ? 1 : 0)] = entry.slice(name.length + 1);
  }
  const strongest = found.findLastIndex(value => value !== undefined);
  if (strongest >= 0) return { value: found[strongest]!, from: scopes[strongest]! };
  const value = base.get(name);
  return value === undefined ? undefined : { value, from: 'the server' };
}

export const settingsEffectiveChecks: readonly Check[] = [effective];
