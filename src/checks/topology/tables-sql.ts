/** How Citus spreads the tables of a cluster. */
import * as z from 'zod/mini';
import type { CheckQuery } from '../check';
import { jsonWhere } from '../guarded';
import { isUsers, maxTables } from '../tables/tables-sql';

/** `citus local`: a local table that Citus knows, for its foreign keys; `single-shard`: of a distributed schema. */
const kinds = ['distributed', 'reference', 'single-shard', 'citus local'] as const;

const spreadSchema = z.strictObject({
  schema: z.string(),
  name: z.string(),
  kind: z.enum(kinds),
  column: z.nullable(z.string()),
  columnType: z.nullable(z.string()),
  colocation: z.number(),
  shards: z.number(),
  replicas: z.number(),
  method: z.nullable(z.string()),
  /** pg_class.relreplident, and whether that leads to an identity. */
  identified: z.boolean(),
  /** A unique index that could serve as identity. */
  candidate: z.nullable(z.string()),
});
export type SpreadTable = z.infer<typeof spreadSchema>;

const spreadsSchema = z.strictObject({
  tables: z.array(spreadSchema),
  more: z.number(),
  /** Tables that Citus does not know. */
  plain: z.array(z.tuple([z.string(), z.string()])),
  /** Schemas whose tables are kept together. */
  schemas: z.nullable(z.array(z.string())),
});

/** pg_dist_schema came with Citus 12.0. */
export const tableSpreads: CheckQuery<z.infer<typeof spreadsSchema>> = {
  name: 'tableSpreads',
  nodes: 'coordinator',
  sql: ({ citus }) =>
    citus
      ? `WITH shards AS (
  SELECT logicalrelid::oid AS oid, count(*) AS shards FROM pg_dist_shard GROUP BY logicalrelid
), spread AS (
  SELECT c.oid, n.nspname AS schema, c.relname AS name,
         CASE WHEN p.partmethod <> 'n' THEN 'distributed' WHEN p.repmodel = 't' THEN 'reference'
              WHEN p.colocationid <> 0 THEN 'single-shard' ELSE 'citus local' END AS kind,
         CASE WHEN p.partkey IS NOT NULL THEN column_to_column_name(p.logicalrelid, p.partkey) END AS "column",
         p.colocationid AS colocation, coalesce(s.shards, 0) AS shards, coalesce(g.replicationfactor, 1) AS replicas, m.amname AS method,
         CASE c.relreplident WHEN 'f' THEN true WHEN 'n' THEN false
           WHEN 'i' THEN EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisreplident)
           ELSE EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisprimary) END OR c.relkind <> 'r' AS identified
    FROM pg_dist_partition p JOIN pg_class c ON c.oid = p.logicalrelid::oid JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_am m ON m.oid = c.relam LEFT JOIN shards s ON s.oid = c.oid
    LEFT JOIN pg_dist_colocation g ON g.colocationid = p.colocationid
   WHERE ${isUsers('n.nspname')}
), listed AS (
  SELECT * FROM spread ORDER BY schema, name LIMIT ${maxTables}
)
SELECT json_build_object('more', (SELECT greatest(count(*) - ${maxTables}, 0) FROM spread),
  'schemas', ${jsonWhere(
    `to_regclass('pg_catalog.pg_dist_schema') IS NOT NULL`,
    `SELECT coalesce(json_agg(n.nspname ORDER BY n.nspname), '[]') FROM pg_dist_schema d JOIN pg_namespace n ON n.oid = d.schemaid::oid`,
  )},
  'plain', (SELECT coalesce(json_agg(json_build_array(schema, name)), '[]') FROM (
     SELECT n.nspname AS schema, c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE c.relkind IN ('r', 'p') AND c.relpersistence <> 't' AND ${isUsers('n.nspname')}
        AND NOT EXISTS (SELECT FROM pg_dist_partition p WHERE p.logicalrelid::oid = c.oid)
      ORDER BY 1, 2 LIMIT ${maxTables}) AS t),
  'tables', (SELECT coalesce(json_agg(to_jsonb(l) - 'oid' || jsonb_build_object(
      'columnType', (SELECT format_type(a.atttypid, a.atttypmod) FROM pg_attribute a WHERE a.attrelid = l.oid AND a.attname = l."column"),
      'candidate', (SELECT x.relname FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid
         WHERE i.indrelid = l.oid AND i.indisunique AND i.indimmediate AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL
           AND NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = l.oid AND a.attnum = ANY (i.indkey) AND NOT a.attnotnull)
         ORDER BY i.indnatts, x.relname LIMIT 1))), '[]') FROM listed l))`
      : undefined,
  answer: spreadsSchema,
};
