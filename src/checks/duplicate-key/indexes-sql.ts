import * as z from 'zod/mini';
import type { CheckQuery } from '../check';
import { literal } from '../literal';
import { sortingCollations } from '../locale/collations-sql';
import { isUsers } from '../tables/tables-sql';

/** Of one node: the named, the stale, the unique and the largest come first, the rest is counted. */
export const maxIndexes = 500;

const text = z.nullable(z.string());
const collationSchema = z.strictObject({
  schema: z.string(),
  name: z.string(),
  /** `c`: libc, `i`: ICU. */
  provider: z.string(),
  recorded: text,
  actual: text,
  stale: z.boolean(),
});

const indexSchema = z.strictObject({
  schema: z.string(),
  table: z.string(),
  index: z.string(),
  /** The number of the shard that the table is; null for a table that is none. */
  shard: text,
  /** The table as its users know it: of a shard, the distributed table. */
  logicalTable: z.string(),
  method: z.string(),
  unique: z.boolean(),
  /** Of an exclusion constraint. */
  exclusion: z.boolean(),
  valid: z.boolean(),
  named: z.boolean(),
  bytes: z.nullable(z.number()),
  /** As the catalog writes them: a column, or an expression. */
  keys: z.array(z.string()),
  /** Of a partial index. */
  predicate: text,
  /** Its keys are columns, and it is not partial. */
  plain: z.boolean(),
  nullsDistinct: z.boolean(),
  collations: z.array(collationSchema),
});
export type OrderedIndex = z.infer<typeof indexSchema>;

const indexesSchema = z.strictObject({
  indexes: z.array(indexSchema),
  more: z.number(),
  /** Where amcheck is in this database. */
  amcheck: z.nullable(z.strictObject({ schema: z.string(), version: z.string() })),
  /** Partitioned by ranges of text: a row may lie in a partition that another order would not look into. */
  partitioned: z.array(z.string()),
});
export type OrderedIndexes = z.infer<typeof indexesSchema>;

/**
 * Indexes of a node that keep text in the order of a libc or ICU collation: keys of text, of a range of text, and of jsonb,
 * which compares strings by the database's collation. And the one that goes by the name given.
 */
export function orderedIndexes(named: string | undefined): CheckQuery<OrderedIndexes> {
  const isNamed = (shard: string) =>
    named === undefined
      ? 'false'
      : `coalesce(x.relname IN (${literal(named)}, ${literal(named)} || '_' || coalesce(${shard}, '')), false)`;
  return {
    name: 'orderedIndexes',
    nodes: 'every',
    sql: ({ versionNum, citus }) => {
      const shard = citus ? 's.shardid::text' : 'NULL::text';
      return `WITH keys AS MATERIALIZED (
  SELECT i.indexrelid, coalesce(nullif(a.attcollation, 0), r.rngcollation, CASE WHEN a.atttypid = 'jsonb'::regtype THEN 100 END) AS coll
    FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid JOIN pg_namespace n ON n.oid = x.relnamespace
    JOIN pg_attribute a ON a.attrelid = i.indexrelid AND a.attnum <= i.indnkeyatts
    LEFT JOIN pg_range r ON r.rngtypid = a.atttypid
   WHERE ${isUsers('n.nspname')}
), ${sortingCollations(versionNum, 'SELECT coll FROM keys')}, marked AS MATERIALIZED (
  SELECT k.indexrelid, array_agg(DISTINCT o.oid) AS collations, bool_or(o.stale) AS stale
    FROM keys k JOIN sorting o ON o.oid = k.coll GROUP BY k.indexrelid
), locked AS MATERIALIZED (
  SELECT relation FROM pg_locks WHERE locktype = 'relation' AND mode = 'AccessExclusiveLock'
), found AS (
  SELECT x.oid, n.nspname AS schema, t.relname AS "table", x.relname AS index, m.amname AS method, i.indisunique AS unique, i.indisexclusion AS exclusion,
         i.indisvalid AS valid, ${isNamed(shard)} AS named, i.indrelid, i.indnkeyatts, i.indpred,
         ${shard} AS shard, ${citus ? 'coalesce(l.relname, t.relname)' : 't.relname'} AS "logicalTable", i.indexprs IS NULL AND i.indpred IS NULL AS plain,
         NOT coalesce((to_jsonb(i) ->> 'indnullsnotdistinct')::boolean, false) AS "nullsDistinct",
         CASE WHEN NOT EXISTS (SELECT FROM locked k WHERE k.relation IN (x.oid, t.oid)) THEN pg_relation_size(x.oid) END AS bytes,
         a.collations, coalesce(a.stale, false) AS stale
    FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid AND x.relkind = 'i' AND x.relpersistence <> 't'
    JOIN pg_class t ON t.oid = i.indrelid JOIN pg_namespace n ON n.oid = x.relnamespace JOIN pg_am m ON m.oid = x.relam
    LEFT JOIN marked a ON a.indexrelid = x.oid
    ${
      citus
        ? `LEFT JOIN (pg_dist_shard s JOIN pg_class l ON l.oid = s.logicalrelid::oid)
      ON s.shardid = substring(t.relname FROM '_([0-9]{1,18})$')::bigint AND l.relnamespace = t.relnamespace`
        : ''
    }
   WHERE ${isUsers('n.nspname')}${citus ? ' AND NOT EXISTS (SELECT FROM pg_dist_partition p WHERE p.logicalrelid::oid = t.oid)' : ''}
     AND (${isNamed(shard)} OR a.indexrelid IS NOT NULL)
), placed AS (
  SELECT *, row_number() OVER (ORDER BY named DESC, stale DESC, "unique" DESC, bytes DESC NULLS LAST, schema, index) AS place FROM found
)
SELECT json_build_object('more', (SELECT greatest(count(*) - ${maxIndexes}, 0) FROM found),
  'amcheck', (SELECT json_build_object('schema', n.nspname, 'version', e.extversion)
                FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'amcheck'),
  'partitioned', (SELECT coalesce(json_agg(format('%s.%s', n.nspname, c.relname) ORDER BY 1), '[]')
     FROM (SELECT p.* FROM pg_partitioned_table p WHERE p.partstrat = 'r'
              AND EXISTS (SELECT FROM unnest(p.partcollation) u (oid) JOIN pg_collation o ON o.oid = u.oid
                           WHERE o.collname NOT IN ('C', 'POSIX')) LIMIT 50) AS p
     JOIN pg_class c ON c.oid = p.partrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    CROSS JOIN here h WHERE h.provider = 'i' OR h.sorts !~ '^(C|POSIX)([.]|$)' OR EXISTS (
      SELECT FROM unnest(p.partcollation) u (oid) WHERE u.oid <> 100 AND u.oid <> 0)),
  'indexes', (SELECT coalesce(json_agg(json_build_object(
      'schema', schema, 'table', "table", 'index', index, 'shard', shard, 'logicalTable', "logicalTable", 'method', method, 'unique', "unique", 'exclusion', exclusion, 'valid', valid,
      'named', named, 'bytes', bytes, 'plain', plain, 'nullsDistinct', "nullsDistinct", 'predicate', pg_get_expr(indpred, indrelid),
      'keys', ARRAY(SELECT pg_get_indexdef(f.oid, k, true) FROM generate_series(1, indnkeyatts) AS k),
      'collations', (SELECT coalesce(json_agg(to_jsonb(o) - '{oid,sorts,deterministic}'::text[] ORDER BY schema, name), '[]')
                       FROM sorting o WHERE o.oid = ANY (f.collations))) ORDER BY place), '[]')
    FROM placed f WHERE place <= ${maxIndexes}))`;
    },
    answer: indexesSchema,
  };
}
