/** Whose objects are (number 29). */
import * as z from 'zod/mini';
import { quoted } from '../../plan/causes/relations';
import { sides } from '../../shared/side';
import { type Answered, answered, unanswered } from '../answers';
import { type Check, type CheckDifference, type CheckQuery, type CheckRemedyStep, defineCheck } from '../check';
import { conclude } from '../conclude';
import { coordinatorOf } from '../nodes';
import { serviceOf, serviceRoleQuery } from '../services';
import { isUsers } from '../tables/tables-sql';
import { isNoExtensions, isNoShard } from './grants-sql';

const maxOwners = 5_000;
/** Objects that are named for an owner. */
const examples = 3;

const ownerSchema = z.strictObject({
  kind: z.string(),
  schema: z.string(),
  owner: z.string(),
  superuser: z.boolean(),
  objects: z.number(),
  /** Of their names. */
  digest: z.string(),
  first: z.array(z.string()),
});
type Owner = z.infer<typeof ownerSchema>;
const ownersSchema = z.strictObject({
  service: z.nullable(z.string()),
  owners: z.array(ownerSchema),
  more: z.number(),
});

/** Counted by schema and owner, so that the answer does not grow with the number of tables. */
const ownersQuery: CheckQuery<z.infer<typeof ownersSchema>> = {
  name: 'owners',
  nodes: 'coordinator',
  sql: server => `WITH object AS (
  SELECT 'database' AS kind, '' AS schema, '' AS name, datdba AS owner FROM pg_database WHERE datname = current_database()
  UNION ALL SELECT 'schema', nspname, nspname, nspowner FROM pg_namespace n
   WHERE ${isUsers('nspname')} AND ${isNoExtensions('pg_namespace', 'n.oid')}
  UNION ALL SELECT CASE c.relkind WHEN 'S' THEN 'sequences' WHEN 'v' THEN 'views' WHEN 'm' THEN 'materialized views'
         WHEN 'f' THEN 'foreign tables' ELSE 'tables' END, n.nspname, c.relname, c.relowner
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND ${isUsers('n.nspname')} AND ${isNoExtensions('pg_class', 'c.oid')}
     AND ${isNoShard(server, 'c')}
  UNION ALL SELECT 'routines', n.nspname, p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')', p.proowner
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
   WHERE ${isUsers('n.nspname')} AND ${isNoExtensions('pg_proc', 'p.oid')}
  UNION ALL SELECT 'types', n.nspname, t.typname, t.typowner FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
   WHERE t.typtype IN ('e', 'd', 'r') AND ${isUsers('n.nspname')} AND ${isNoExtensions('pg_type', 't.oid')}
), found AS (
  SELECT o.kind, o.schema, r.rolname AS owner, r.rolsuper AS superuser, count(*) AS objects,
         md5(string_agg(o.name, chr(10) ORDER BY o.name)) AS digest, (array_agg(o.name ORDER BY o.name))[1:${examples}] AS first
    FROM object o JOIN pg_roles r ON r.oid = o.owner GROUP BY 1, 2, 3, 4
)
SELECT json_build_object('service', ${serviceRoleQuery}, 'more', (SELECT greatest(count(*) - ${maxOwners}, 0) FROM found),
  'owners', (SELECT coalesce(json_agg(row_to_json(f)), '[]')
     FROM (SELECT * FROM found ORDER BY kind, schema, owner LIMIT ${maxOwners}) AS f))`,
  answer: ownersSchema,
};

const owners = defineCheck({
  id: 'roles.owners',
  group: 'roles',
  title: 'Owners',
  question: 'Do the schemas, tables, sequences and routines of both sides belong to the same roles?',
  why: 'Only the owner may alter, index or truncate, and SECURITY DEFINER functions run as theirs; a restore with --no-owner gives all to who ran it.',
  reference: 'PostgreSQL documentation, "Privileges" and "pg_restore: --no-owner"',
  severity: 'high',
  sides,
  queries: { owners: ownersQuery },
  judge({ source, target }) {
    const from = coordinatorOf(answered(source.answers.owners));
    const to = coordinatorOf(answered(target.answers.owners));
    const differences: CheckDifference[] = [];
    const remarks: string[] = [];
    const service = serviceOf(to?.answer.service);
    for (const [place, source_, target_] of from && to ? byPlace(from.answer.owners, to.answer.owners) : []) {
      const total = (list: readonly Owner[]) => list.reduce((sum, { objects }) => sum + objects, 0);
      const names = (list: readonly Owner[]) => list.map(({ owner }) => owner).join();
      // Other objects are a matter of the checks of objects.
      const alike =
        total(source_) === total(target_)
          ? source_.map(({ owner, digest }) => owner + digest).join() ===
            target_.map(({ owner, digest }) => owner + digest).join()
          : names(source_) === names(target_);
      if (alike || source_.length === 0 || target_.length === 0) continue;
      const bySuperusers = [...source_, ...target_].every(({ superuser }) => superuser);
      const words = { what: `owners of ${place}`, source: ownerWords(source_), target: ownerWords(target_) };
      if (bySuperusers || (service && source_.every(({ superuser }) => superuser)))
        remarks.push(`${words.what}: source ${words.source}, target ${words.target}; superusers of the source`);
      else differences.push(words);
    }
    const more = Math.max(from?.answer.more ?? 0, to?.answer.more ?? 0);
    return conclude({
      differences,
      remedies: to && differences.length > 0 ? reassign(to, from!.answer.owners) : [],
      remarks,
      unknown: [
        ...unanswered(source.answers.owners, target.answers.owners),
        ...(more > 0 ? [{ what: `${more} more schemas and owners are not compared` }] : []),
      ],
      pass: `${new Set(to?.answer.owners.map(({ owner }) => owner)).size} owners, alike on both sides`,
    });
  },
});

function byPlace(
  source: readonly Owner[],
  target: readonly Owner[],
): [place: string, source: Owner[], target: Owner[]][] {
  const places = new Map<string, [string, Owner[], Owner[]]>();
  for (const [side, list] of [source, target].entries())
    for (const owner of list) {
      const { kind, schema } = owner;
      const key = JSON.stringify([kind, schema]);
      const words =
        kind === 'database' ? 'the database' : kind === 'schema' ? `schema ${schema}` : `${kind} in ${schema}`;
      const place = places.get(key) ?? [words, [], []];
      (side === 0 ? place[1] : place[2]).push(owner);
      places.set(key, place);
    }
  return [...places.values()];
}

function ownerWords(list: readonly Owner[]): string {
  return list
    .map(({ owner, kind, objects, first }) => {
      if (kind === 'database' || kind === 'schema') return owner;
      const rest = objects > first.length ? ` and ${objects - first.length} more` : '';
      return `${owner} (${first.join(', ')}${rest})`;
    })
    .join('; ');
}

/** Where all objects of a schema have one owner on the source, they get it by one statement each that the server writes. */
function reassign(
  { node, answer }: Answered<z.infer<typeof ownersSchema>>,
  wanted: readonly Owner[],
): CheckRemedyStep[] {
  return byPlace(wanted, answer.owners).flatMap(([, source, target]) => {
    const [owner] = source;
    if (!owner || source.length > 1 || target.length === 0) return [];
    const wrong = target.filter(now => now.owner !== owner.owner);
    if (wrong.length === 0) return [];
    const change = (to: string) => alterOwner(owner, wrong, to);
    const sql = change(owner.owner);
    if (sql === undefined) return [];
    return [
      {
        side: 'target' as const,
        nodes: [node],
        sql,
        lock: 'reads and writes of each object, for a moment',
        rollback: wrong.length === 1 ? (change(wrong[0]!.owner) ?? '') : `The owners were: ${ownerWords(wrong)}.`,
        verify: 'Run this check again, or \\d in psql.',
      },
    ];
  });
}

/** Undefined where there are more objects than are named. */
function alterOwner({ kind, schema }: Owner, wrong: readonly Owner[], to: string): string | undefined {
  if (kind === 'database') return undefined;
  if (kind === 'schema') return `ALTER SCHEMA ${quoted(schema)} OWNER TO ${quoted(to)};`;
  if (wrong.some(({ objects, first }) => objects > first.length)) return undefined;
  const words: Record<string, string> = {
    tables: 'TABLE',
    sequences: 'SEQUENCE',
    views: 'VIEW',
    'materialized views': 'MATERIALIZED VIEW',
    'foreign tables': 'FOREIGN TABLE',
    routines: 'ROUTINE',
    types: 'TYPE',
  };
  const named = (name: string): string => {
    if (kind !== 'routines') return quoted(schema, name);
    const bracket = name.indexOf('(');
    return `${quoted(schema, name.slice(0, bracket))}${name.slice(bracket)}`;
  };
  return wrong
    .flatMap(({ first }) => first)
    .map(name => `ALTER ${words[kind]} ${named(name)} OWNER TO ${quoted(to)};`)
    .join('\n');
}

export const rolesOwnersChecks: readonly Check[] = [owners];
