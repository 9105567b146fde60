/** Who was granted what on which object (number 28). */
import { quoted } from '../plan/causes/relations';
import { type Side, sides } from '../shared/side';
import { type Answered, answered, unanswered } from './answers';
import { type Check, type CheckRemedyStep, defineCheck } from './check';
import { beyondLimit, compareNamed, type Named, type NamedNode, namedNode } from './compare-named';
import { conclude } from './conclude';
import { coordinatorOf } from './nodes';
import { type Grant, type Grants, grantsQuery } from './roles-grants-sql';
import { rolesQuery } from './roles-sql';
import { serviceRole } from './services';

/** What PUBLIC has where nobody granted or revoked anything (PostgreSQL documentation, "Privileges"). */
const publicDefaults: Readonly<Record<string, readonly string[]>> = {
  database: ['CONNECT', 'TEMPORARY'],
  routine: ['EXECUTE'],
  type: ['USAGE'],
  language: ['USAGE'],
};

const grants = defineCheck({
  id: 'roles.grants',
  group: 'roles',
  title: 'Grants and default privileges',
  question: 'Has every role the same privileges on schemas, tables, columns, sequences and routines of both sides?',
  why: 'A grant that is missing shows as permission denied, one too many does not show at all; default privileges decide about tables to come.',
  reference: 'PostgreSQL documentation, "Privileges", "GRANT" and "ALTER DEFAULT PRIVILEGES"',
  severity: 'high',
  sides,
  queries: { grants: grantsQuery, roles: rolesQuery },
  judge({ source, target }) {
    const found = { source: answered(source.answers.grants), target: answered(target.answers.grants) };
    // MAINTAIN came with 17, and ALL with it.
    const before17 = [...found.source, ...found.target].some(({ versionNum }) => versionNum < 170_000);
    const nodes = {
      source: found.source.map(node => readGrants(node, before17)),
      target: found.target.map(node => readGrants(node, before17)),
    };
    const known = new Set(coordinatorOf(answered(source.answers.roles))?.answer.roles.map(({ name }) => name));
    const databases = new Map(
      [...found.source, ...found.target].map(({ node, answer }) => [node, answer.database] as const),
    );
    const { differences, remedies, remarks } = compareNamed(nodes, {
      absent: ({ item }) =>
        item.grantee === null && item.kind in publicDefaults
          ? `${publicDefaults[item.kind]!.join(', ')} (default)`
          : 'not granted, or no such object',
      isHarmless: (a, b) => !a && b?.item.grantee != null && !known.has(b.item.grantee),
      remedy: (place, wanted, now) => grantStep(place, databases.get(place.node.node) ?? '', wanted, now),
    });
    return conclude({
      differences,
      remedies,
      remarks,
      unknown: [
        ...unanswered(source.answers.grants, target.answers.grants, source.answers.roles),
        ...beyondLimit(found, 'grants'),
      ],
      pass: `${coordinatorOf(nodes.source)?.answer.size ?? 0} grants, alike on both sides`,
    });
  },
});

function readGrants(found: Answered<Grants>, before17: boolean): NamedNode<Grant> {
  const keep = (privileges: readonly string[]) =>
    before17 ? privileges.filter(privilege => privilege !== 'MAINTAIN') : [...privileges];
  const entries = found.answer.grants
    .map(grant => ({ ...grant, privileges: keep(grant.privileges), grantable: keep(grant.grantable) }))
    .filter(grant => !isDefault(grant) && !(grant.grantee !== null && serviceRole.test(grant.grantee)));
  return namedNode(
    found,
    entries.map(item => ({
      // The database may be called otherwise on the other side.
      key: JSON.stringify([item.kind, item.schema, item.kind === 'database' ? '' : item.name, item.part, item.grantee]),
      what: `to ${item.grantee ?? 'PUBLIC'} on ${objectWords(item)}`,
      value: privilegeWords(item),
      item,
    })),
  );
}

function isDefault({ kind, grantee, privileges }: Grant): boolean {
  return grantee === null && privileges.join() === (publicDefaults[kind] ?? []).join() && kind !== 'default';
}

function objectWords({ kind, schema, name, part }: Grant): string {
  const path = [schema, name].filter(Boolean).join('.');
  switch (kind) {
    case 'database':
      return 'the database';
    case 'column':
      return `column ${path}.${part}`;
    case 'routine':
      return `routine ${path}(${part})`;
    case 'default':
      return `new ${part.toLowerCase()} of ${name}${schema ? ` in ${schema}` : ''}`;
    default:
      return `${kind} ${path}`;
  }
}

function privilegeWords({ privileges, grantable }: Grant): string {
  return (
    privileges.map(name => `${name}${grantable.includes(name) ? ' WITH GRANT OPTION' : ''}`).join(', ') || 'nothing'
  );
}

function objectSql({ kind, schema, name, part }: Grant): string {
  switch (kind) {
    case 'column':
      return `TABLE ${quoted(schema, name)}`;
    case 'routine':
      return `ROUTINE ${quoted(schema, name)}(${part})`;
    case 'table':
    case 'sequence':
    case 'type':
      return `${kind.toUpperCase()} ${quoted(schema, name)}`;
    default:
      return `${kind.toUpperCase()} ${quoted(name)}`;
  }
}

/** @param database the connected one of that node, which may be called otherwise on the other side */
function grantStep(
  { side, node }: { side: Side; node: NamedNode<Grant> },
  database: string,
  wanted: Named<Grant> | undefined,
  now: Named<Grant> | undefined,
): CheckRemedyStep | undefined {
  const item = { ...(wanted ?? now)!.item };
  if (item.kind === 'database') item.name = database;
  const publicNow = item.grantee === null ? (publicDefaults[item.kind] ?? []) : [];
  const has = (entry: Named<Grant> | undefined) => ({
    privileges: entry?.item.privileges ?? publicNow,
    grantable: entry?.item.grantable ?? [],
  });
  const change = (from: ReturnType<typeof has>, to: ReturnType<typeof has>): string => {
    const lost = from.privileges.filter(name => !to.privileges.includes(name));
    const optionLost = from.grantable.filter(name => !to.grantable.includes(name) && !lost.includes(name));
    const option = to.grantable.filter(name => !from.grantable.includes(name));
    const won = to.privileges.filter(name => !from.privileges.includes(name) && !option.includes(name));
    return [
      statement(item, 'REVOKE', lost),
      statement(item, 'REVOKE GRANT OPTION FOR', optionLost),
      statement(item, 'GRANT', won),
      statement(item, 'GRANT', option, ' WITH GRANT OPTION'),
    ]
      .filter(text => text !== '')
      .join('\n');
  };
  return {
    side,
    nodes: [node.node],
    sql: change(has(now), has(wanted)),
    lock: 'none that reads or writes wait for',
    rollback: change(has(wanted), has(now)),
    verify: 'Run this check again, or \\dp and \\ddp in psql.',
  };
}

function statement(item: Grant, verb: string, privileges: readonly string[], option = ''): string {
  if (privileges.length === 0) return '';
  const column = item.kind === 'column' ? ` (${quoted(item.part)})` : '';
  const list = privileges.map(name => `${name}${column}`).join(', ');
  const to = `${verb.startsWith('GRANT') ? 'TO' : 'FROM'} ${item.grantee === null ? 'PUBLIC' : quoted(item.grantee)}${option}`;
  if (item.kind === 'default')
    return `ALTER DEFAULT PRIVILEGES FOR ROLE ${quoted(item.name)}${item.schema ? ` IN SCHEMA ${quoted(item.schema)}` : ''} ${verb} ${list} ON ${item.part} ${to};`;
  return `${verb} ${list} ON ${objectSql(item)} ${to};`;
}

export const rolesGrantsChecks: readonly Check[] = [grants];
