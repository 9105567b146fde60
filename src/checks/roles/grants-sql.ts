import * as z from 'zod/mini';
import type { CheckQuery, ServerFacts } from '../check';
import { isUsers } from '../tables/tables-sql';

/** Grants beyond these are compared as a whole. */
export const maxGrants = 10_000;

const kindSchema = z.enum([
  'database',
  'schema',
  'table',
  'column',
  'sequence',
  'routine',
  'type',
  'language',
  'foreign server',
  'default',
]);
const grantSchema = z.strictObject({
  kind: kindSchema,
  /** Empty where the kind has none; of defaults: the one they hold in, or none. */
  schema: z.string(),
  /** Of a column: its table; of defaults: the role whose new objects get them. */
  name: z.string(),
  /** Column, arguments of a routine, or what defaults are for: `TABLES`. */
  part: z.string(),
  /** Null: PUBLIC. */
  grantee: z.nullable(z.string()),
  privileges: z.array(z.string()),
  /** Those of them that may be granted on. */
  grantable: z.array(z.string()),
  /** Citus keeps the object and its grants on every node. */
  kept: z.boolean(),
});
export type Grant = z.infer<typeof grantSchema>;
const grantsSchema = z.strictObject({
  database: z.string(),
  grants: z.array(grantSchema),
  more: z.number(),
  rest: z.nullable(z.string()),
});
export type Grants = z.infer<typeof grantsSchema>;

/** Shards have the privileges of their table; Citus keeps them so. */
export function isNoShard({ citus }: ServerFacts, table: string): string {
  return citus
    ? `NOT EXISTS (SELECT FROM pg_dist_shard s JOIN pg_class l ON l.oid = s.logicalrelid::oid
        WHERE s.shardid = substring(${table}.relname FROM '_([0-9]{1,18})$')::bigint AND l.relnamespace = ${table}.relnamespace)`
    : 'true';
}

export const isNoExtensions = (catalog: string, object: string): string =>
  `NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = '${catalog}'::regclass AND e.objid = ${object} AND e.deptype = 'e')`;

/** The same on servers of other collations. */
const inOrder = 'ORDER BY kind COLLATE "C", schema, name, part COLLATE "C", grantee NULLS FIRST';

/** Not of databases, types and columns, whose grants not every version of Citus sends. */
const isKept = ({ citus }: ServerFacts): string =>
  citus
    ? `EXISTS (SELECT FROM pg_dist_object d WHERE d.classid = o.catalog AND d.objid = o.oid) AND o.kind IN ('schema', 'table', 'sequence', 'routine', 'foreign server')`
    : 'false';

/**
 * An object without an ACL has its defaults and is left out; so is what its owner may, and on workers what is no table of
 * the cluster.
 */
export const grantsQuery: CheckQuery<Grants> = {
  name: 'grants',
  nodes: 'every',
  sql: server => `WITH object AS (
  SELECT 'database' AS kind, '' AS schema, datname AS name, '' AS part, datdba AS owner, datacl AS acl, 'pg_database'::regclass AS catalog, oid
    FROM pg_database WHERE datname = current_database()
  UNION ALL
  SELECT 'schema', '', nspname, '', nspowner, nspacl, 'pg_namespace'::regclass, n.oid FROM pg_namespace n
   WHERE ${isUsers('nspname')} AND ${isNoExtensions('pg_namespace', 'n.oid')}
  UNION ALL
  SELECT CASE c.relkind WHEN 'S' THEN 'sequence' ELSE 'table' END, n.nspname, c.relname, '', c.relowner, c.relacl, 'pg_class'::regclass, c.oid
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND c.relacl IS NOT NULL AND ${isUsers('n.nspname')}
     AND ${isNoExtensions('pg_class', 'c.oid')} AND ${isNoShard(server, 'c')}
  UNION ALL
  SELECT 'column', n.nspname, c.relname, a.attname, c.relowner, a.attacl, 'pg_class'::regclass, c.oid
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE a.attacl IS NOT NULL AND NOT a.attisdropped AND ${isUsers('n.nspname')} AND ${isNoExtensions('pg_class', 'c.oid')}
     AND ${isNoShard(server, 'c')}
  UNION ALL
  SELECT 'routine', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid), p.proowner, p.proacl, 'pg_proc'::regclass, p.oid
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
   WHERE p.proacl IS NOT NULL AND ${isUsers('n.nspname')} AND ${isNoExtensions('pg_proc', 'p.oid')}
  UNION ALL
  SELECT 'type', n.nspname, t.typname, '', t.typowner, t.typacl, 'pg_type'::regclass, t.oid FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
   WHERE t.typacl IS NOT NULL AND ${isUsers('n.nspname')} AND ${isNoExtensions('pg_type', 't.oid')}
  UNION ALL
  SELECT 'language', '', lanname, '', lanowner, lanacl, 'pg_language'::regclass, l.oid FROM pg_language l
   WHERE lanacl IS NOT NULL AND ${isNoExtensions('pg_language', 'l.oid')}
  UNION ALL
  SELECT 'foreign server', '', srvname, '', srvowner, srvacl, 'pg_foreign_server'::regclass, oid FROM pg_foreign_server WHERE srvacl IS NOT NULL
  UNION ALL
  SELECT 'default', coalesce(n.nspname, ''), r.rolname,
         CASE d.defaclobjtype WHEN 'r' THEN 'TABLES' WHEN 'S' THEN 'SEQUENCES' WHEN 'f' THEN 'ROUTINES' WHEN 'T' THEN 'TYPES'
                              WHEN 'n' THEN 'SCHEMAS' ELSE 'LARGE OBJECTS' END, d.defaclrole, d.defaclacl, 'pg_default_acl'::regclass, d.oid
    FROM pg_default_acl d JOIN pg_roles r ON r.oid = d.defaclrole LEFT JOIN pg_namespace n ON n.oid = d.defaclnamespace
), wanted AS (
  SELECT * FROM (SELECT o.*, ${isKept(server)} AS kept FROM object o) AS o${server.role === 'worker' ? ` WHERE kept OR kind NOT IN ('table', 'sequence')` : ''}
), granted AS (
  SELECT o.kind, o.schema, o.name, o.part, o.kept, r.rolname AS grantee, a.privilege_type AS privilege, bool_or(a.is_grantable) AS grantable
    FROM wanted o CROSS JOIN LATERAL aclexplode(coalesce(o.acl, acldefault('d', o.owner))) AS a
    LEFT JOIN pg_roles r ON r.oid = a.grantee
   WHERE a.grantee <> o.owner AND (a.grantee = 0 OR r.oid IS NOT NULL) AND (o.acl IS NOT NULL OR o.kind = 'database')
   GROUP BY 1, 2, 3, 4, 5, 6, 7
  UNION ALL
  -- PUBLIC, to say that it has nothing where it would have something by default.
  SELECT o.kind, o.schema, o.name, o.part, o.kept, NULL, NULL, false FROM wanted o
   WHERE o.kind IN ('routine', 'type', 'language') OR (o.kind = 'database' AND o.acl IS NOT NULL)
      OR (o.kind = 'default' AND o.schema = '' AND o.part IN ('ROUTINES', 'TYPES'))
), found AS (
  SELECT kind, schema, name, part, grantee, kept,
         coalesce(json_agg(privilege ORDER BY privilege) FILTER (WHERE privilege IS NOT NULL), '[]') AS privileges,
         coalesce(json_agg(privilege ORDER BY privilege) FILTER (WHERE grantable), '[]') AS grantable
    FROM granted GROUP BY kind, schema, name, part, grantee, kept
)
SELECT json_build_object('database', current_database(), 'more', (SELECT greatest(count(*) - ${maxGrants}, 0) FROM found),
  'grants', (SELECT coalesce(json_agg(row_to_json(f)), '[]')
     FROM (SELECT * FROM found ${inOrder} LIMIT ${maxGrants}) AS f),
  'rest', (SELECT md5(string_agg((to_jsonb(f) - 'kept')::text, chr(10))) FROM (SELECT * FROM found ${inOrder} OFFSET ${maxGrants}) AS f))`,
  answer: grantsSchema,
};
