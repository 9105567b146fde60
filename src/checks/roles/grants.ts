/** Who was granted what on which object (number 28). */
import { quoted } from '../../plan/causes/relations';
import { type Side, sides } from '../../shared/side';
import { type Answered, answered, unanswered } from '../answers';
import { type Check, type CheckRemedyStep, defineCheck } from '../check';
import { beyondLimit, compareNamed, type Named, type NamedNode } from '../compare-named';
import { conclude } from '../conclude';
import { coordinatorOf, withoutPropagation } from '../nodes';
import { grantsOfNodes, publicDefaults } from './grants-nodes';
import { type Grant, type Grants, grantsQuery } from './grants-sql';
import { rolesQuery } from './roles-sql';

const grants = defineCheck({
  id: 'roles.grants',
  group: 'roles',
  title: 'Grants and default privileges',
  question:
    'Has every role the same privileges on schemas, tables, columns, sequences and routines of both sides, and on the workers of either?',
  why: 'A grant that is missing shows as permission denied, one too many does not show at all; default privileges decide about tables to come. A worker may lack one that its coordinator has: it fails for some rows only.',
  reference: 'PostgreSQL documentation, "Privileges", "GRANT" and "ALTER DEFAULT PRIVILEGES"',
  severity: 'high',
  sides,
  queries: { grants: grantsQuery, roles: rolesQuery },
  judge({ source, target }) {
    const found = { source: answered(source.answers.grants), target: answered(target.answers.grants) };
    // MAINTAIN came with 17, and ALL with it.
    const before17 = [...found.source, ...found.target].some(({ versionNum }) => versionNum < 170_000);
    const nodes = grantsOfNodes(found, before17);
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
        ...beyondLimit(
          { source: found.source.filter(isCoordinator), target: found.target.filter(isCoordinator) },
          'grants',
        ),
        ...[...found.source, ...found.target].flatMap(({ node, role, answer }) =>
          role === 'worker' && answer.more > 0 ? [{ what: `${answer.more} more grants are not compared`, node }] : [],
        ),
      ],
      pass: `${coordinatorOf(nodes.source)?.answer.size ?? 0} grants, alike on both sides`,
    });
  },
});

const isCoordinator = ({ role }: Answered<Grants>): boolean => role === 'coordinator';

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
  const local = node.role === 'worker' ? withoutPropagation : '';
  return {
    side,
    nodes: [node.node],
    sql: local + change(has(now), has(wanted)),
    lock: 'none that reads or writes wait for',
    rollback: local + change(has(wanted), has(now)),
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
