/** What a node keeps that was computed in the order, or with the letters, of a collation. */
import * as z from 'zod/mini';
import type { CheckQuery } from '../check';
import { isUsers } from '../tables/tables-sql';
import { sortingCollations } from './collations-sql';

/** More are counted. */
const maxDependents = 200;

const dependentSchema = z.strictObject({
  /** `domain`: a CHECK of one; `partition`: of a table partitioned by ranges; `predicate`: of a partial index. */
  kind: z.enum(['check', 'domain', 'generated', 'matview', 'partition', 'predicate']),
  schema: z.string(),
  /** The table, domain or view. */
  name: z.string(),
  /** The constraint, generated column or index; of a partition, the quoted name of the table that it is of. */
  part: z.nullable(z.string()),
  /** What the server makes of the expression; null: locked, or there is none. */
  expression: z.nullable(z.string()),
  /** Of a partition: columns that an INSERT gives. Of a generated column: those it is computed from that may be set. */
  columns: z.nullable(z.array(z.string())),
  /** The index is that of an exclusion constraint. */
  exclusion: z.boolean(),
  /** Distributed or a reference table: its shards are on this node. */
  spread: z.boolean(),
  collations: z.array(z.string()),
});
export type CollationDependent = z.infer<typeof dependentSchema>;
const dependentsSchema = z.strictObject({ dependents: z.array(dependentSchema), more: z.number() });
export type CollationDependents = z.infer<typeof dependentsSchema>;

/**
 * Calls of operators, functions and aggregates in the text of a node tree: what kind, which, and by which collation. Names
 * in it have their blanks escaped, so that none can pass for a call.
 */
const call =
  '[{](OPEXPR|SCALARARRAYOPEXPR|FUNCEXPR|AGGREF|MINMAXEXPR)(?: :(?:opno|funcid|aggfnoid) ([0-9]+))?[^{}]* :inputcollid ([0-9]+)';

/**
 * Order, case and patterns are a collation's. Equality is one of bytes unless the collation is nondeterministic. What an
 * operator or function of an extension or a user does cannot be told, so that it counts.
 */
const isCollations = `e.kind = 'MINMAXEXPR' OR NOT o.deterministic
  OR e.kind IN ('OPEXPR', 'SCALARARRAYOPEXPR') AND EXISTS (SELECT FROM pg_operator p WHERE p.oid = e.called
      AND (p.oprname IN ('<', '<=', '>', '>=', '~', '~*', '!~', '!~*', '~~*', '!~~*') OR p.oprnamespace <> 'pg_catalog'::regnamespace))
  OR e.kind = 'FUNCEXPR' AND EXISTS (SELECT FROM pg_proc p WHERE p.oid = e.called
      AND (p.proname ~ '^(lower|upper|initcap|casefold|regexp_)' OR p.pronamespace <> 'pg_catalog'::regnamespace))
  OR e.kind = 'AGGREF' AND EXISTS (SELECT FROM pg_proc p WHERE p.oid = e.called AND p.proname IN ('min', 'max'))`;

/**
 * Of collations whose version changed; where none did, nothing is looked through. A table of Citus is listed where shards of
 * it are, under its own name.
 */
export const collationDependents: CheckQuery<CollationDependents> = {
  name: 'collationDependents',
  nodes: 'every',
  sql: ({ versionNum, citus }) => `WITH ${sortingCollations(
    versionNum,
    `SELECT 100 UNION SELECT refobjid FROM pg_depend WHERE refclassid = 'pg_collation'::regclass`,
  )}, changed AS MATERIALIZED (
  SELECT oid, deterministic,
         format('%s.%s (recorded %s, actual %s)', schema, name, coalesce(recorded, 'none'), actual) AS words FROM sorting WHERE stale
), locked AS MATERIALIZED (
  SELECT relation FROM pg_locks WHERE locktype = 'relation' AND mode = 'AccessExclusiveLock'
), tables AS MATERIALIZED (
  SELECT c.oid, n.nspname AS schema, c.relname AS name, ${citus ? 'd.logicalrelid IS NOT NULL' : 'false'} AS spread,
         NOT EXISTS (SELECT FROM locked k WHERE k.relation = c.oid) AS free
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    ${
      citus
        ? `LEFT JOIN pg_dist_partition d ON d.logicalrelid::oid = c.oid
    LEFT JOIN (pg_dist_shard s JOIN pg_class l ON l.oid = s.logicalrelid::oid)
      ON s.shardid = substring(c.relname FROM '_([0-9]{1,18})$')::bigint AND l.relnamespace = c.relnamespace`
        : ''
    }
   WHERE EXISTS (SELECT FROM changed) AND c.relkind IN ('r', 'p', 'm') AND c.relpersistence <> 't' AND ${isUsers('n.nspname')}${
     citus
       ? ` AND s.shardid IS NULL
     AND (d.logicalrelid IS NULL OR EXISTS (SELECT FROM pg_dist_shard h JOIN pg_dist_placement p ON p.shardid = h.shardid
           WHERE h.logicalrelid = d.logicalrelid AND p.groupid = (SELECT groupid FROM pg_dist_local_group)))`
       : ''
   }
), written AS MATERIALIZED (
  SELECT 'check' AS kind, t.oid, t.schema, t.name, t.spread, k.conname AS part, k.conbin::text AS tree,
         CASE WHEN t.free THEN pg_get_expr(k.conbin, k.conrelid) END AS expression, false AS exclusion
    FROM pg_constraint k JOIN tables t ON t.oid = k.conrelid WHERE k.contype = 'c' AND k.coninhcount = 0
   UNION ALL
  SELECT 'domain', NULL, n.nspname, y.typname, false, k.conname, k.conbin::text, pg_get_expr(k.conbin, 0), false
    FROM pg_constraint k JOIN pg_type y ON y.oid = k.contypid JOIN pg_namespace n ON n.oid = y.typnamespace
   WHERE EXISTS (SELECT FROM changed) AND k.contype = 'c' AND ${isUsers('n.nspname')}
   UNION ALL
  SELECT 'generated', t.oid, t.schema, t.name, t.spread, a.attname, d.adbin::text, CASE WHEN t.free THEN pg_get_expr(d.adbin, d.adrelid) END, false
    FROM pg_attrdef d JOIN tables t ON t.oid = d.adrelid JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
   WHERE to_jsonb(a) ->> 'attgenerated' = 's' AND (a.attinhcount = 0 OR a.attislocal)
   UNION ALL
  SELECT 'predicate', t.oid, t.schema, t.name, t.spread, x.relname, i.indpred::text, CASE WHEN t.free THEN pg_get_expr(i.indpred, i.indrelid) END, i.indisexclusion
    FROM pg_index i JOIN tables t ON t.oid = i.indrelid JOIN pg_class x ON x.oid = i.indexrelid AND x.relkind = 'i' WHERE i.indpred IS NOT NULL
   UNION ALL
  SELECT 'matview', t.oid, t.schema, t.name, false, NULL, r.ev_action::text, NULL, false
    FROM pg_rewrite r JOIN tables t ON t.oid = r.ev_class JOIN pg_class c ON c.oid = t.oid AND c.relkind = 'm'
), uses AS (
  SELECT w.kind, w.schema, w.name, w.part, w.expression,
         CASE WHEN w.kind = 'generated' THEN (SELECT json_agg(a.attname ORDER BY a.attnum) FROM pg_attribute a
           WHERE a.attrelid = w.oid AND a.attnum > 0 AND w.tree LIKE concat('% :varattno ', a.attnum, ' %')${
             citus
               ? ` AND a.attname NOT IN (
             SELECT column_to_column_name(d.logicalrelid, d.partkey) FROM pg_dist_partition d WHERE d.logicalrelid::oid = w.oid AND d.partkey IS NOT NULL)`
               : ''
           }) END AS columns, w.exclusion, w.spread, o.words
    FROM written w CROSS JOIN LATERAL (
      SELECT m[1] AS kind, m[2]::oid AS called, m[3]::oid AS coll FROM regexp_matches(w.tree, '${call}', 'g') AS m) AS e
    JOIN changed o ON o.oid = e.coll WHERE ${isCollations}
   UNION ALL
  SELECT w.kind, w.schema, w.name, w.part, w.expression, NULL, w.exclusion, w.spread, o.words FROM written w JOIN changed o
      ON w.tree ~ concat('[{]ROWCOMPAREEXPR [^{}]*:inputcollids [(]o[0-9 ]* ', o.oid, '[ )]')
      OR w.kind = 'matview' AND w.tree ~ '(sortClause|distinctClause|windowClause) [(]' AND w.tree LIKE concat('% :varcollid ', o.oid, ' %')
   UNION ALL
  SELECT 'partition', t.schema, t.name, format('%I.%I', q.schema, q.name),
         CASE WHEN t.free AND q.free THEN pg_get_partition_constraintdef(t.oid) END,
         (SELECT json_agg(a.attname ORDER BY a.attnum) FROM pg_attribute a
           WHERE a.attrelid = q.oid AND a.attnum > 0 AND NOT a.attisdropped AND coalesce(to_jsonb(a) ->> 'attgenerated', '') = ''),
         false, t.spread, o.words
    FROM pg_partitioned_table p JOIN tables q ON q.oid = p.partrelid JOIN pg_inherits i ON i.inhparent = q.oid
    JOIN tables t ON t.oid = i.inhrelid JOIN changed o ON o.oid = ANY (p.partcollation) WHERE p.partstrat = 'r'
), found AS MATERIALIZED (
  SELECT kind, schema, name, part, expression, columns::text AS columns, exclusion, spread, array_agg(DISTINCT words) AS collations
    FROM uses GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
)
SELECT json_build_object('more', (SELECT greatest(count(*) - ${maxDependents}, 0) FROM found),
  'dependents', (SELECT coalesce(json_agg(json_build_object('kind', kind, 'schema', schema, 'name', name, 'part', part,
      'expression', expression, 'columns', columns::json, 'exclusion', exclusion, 'spread', spread, 'collations', collations)), '[]')
    FROM (SELECT * FROM found ORDER BY kind, schema, name, part LIMIT ${maxDependents}) AS f))`,
  answer: dependentsSchema,
};
