import * as z from 'zod/mini';
import type { CheckQuery } from '../check';
import { isUsers } from '../tables/tables-sql';

/** Each costs a look into an index; more are counted, not looked at. */
const maxSequences = 500;
const maxShardLookups = 1_000;

/** Bigger than JavaScript counts: text. */
const figure = z.nullable(z.string().check(z.regex(/^-?\d+$/)));

const sequenceSchema = z.strictObject({
  schema: z.string(),
  name: z.string(),
  tableSchema: z.string(),
  table: z.string(),
  column: z.string(),
  increment: z.string().check(z.regex(/^-?\d+$/)),
  /** The role may read the sequence, and the column. */
  readable: z.boolean(),
  tableReadable: z.boolean(),
  indexed: z.boolean(),
  locked: z.boolean(),
  /** Rows are in shards, which {@link shardMaxima} looks into. */
  distributed: z.boolean(),
  /** The value before the next one. */
  last: figure,
  /** The furthest value of the column, in the direction of the sequence; null: no rows, or not looked at. */
  furthest: figure,
});
export type SequenceAnswer = z.infer<typeof sequenceSchema>;
const sequencesSchema = z.strictObject({ sequences: z.array(sequenceSchema), more: z.number() });

export const lockedTables = `locked AS MATERIALIZED (
  SELECT relation FROM pg_locks WHERE locktype = 'relation' AND mode = 'AccessExclusiveLock'
)`;

/** A B-tree over all rows that begins with the column: the furthest value is one look away. */
export const isIndexed = (table: string, column: string): string => `EXISTS (
  SELECT FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid JOIN pg_am m ON m.oid = x.relam
   WHERE i.indrelid = ${table} AND i.indkey[0] = ${column} AND i.indisvalid AND i.indpred IS NULL AND m.amname = 'btree')`;

export const isReadable = (table: string, column: string): string =>
  `has_column_privilege(${table}, ${column}, 'SELECT') AND NOT row_security_active(${table})`;

/** The one value of a query that is made of names of the catalog, quoted by the server. */
export const readValue = (query: string): string =>
  `substring(query_to_xml(${query}, false, true, '')::text FROM '<v>(.*)</v>')`;

/** Owned by a column, of an identity column, or used by a column's default. */
export const sequences: CheckQuery<z.infer<typeof sequencesSchema>> = {
  name: 'sequences',
  nodes: 'coordinator',
  sql: ({ citus }) => `WITH ${lockedTables}, used AS (
  SELECT d.objid AS sequence, d.refobjid AS relation, d.refobjsubid AS attnum FROM pg_depend d
   WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i') AND d.refobjsubid > 0
   UNION
  SELECT d.refobjid, a.adrelid, a.adnum FROM pg_depend d JOIN pg_attrdef a ON a.oid = d.objid
   WHERE d.classid = 'pg_attrdef'::regclass AND d.refclassid = 'pg_class'::regclass
), found AS (
  SELECT s.oid, t.oid AS relation, a.attnum, sn.nspname AS schema, s.relname AS name, tn.nspname AS "tableSchema",
         t.relname AS "table", a.attname AS "column", q.seqincrement::text AS increment,
         has_sequence_privilege(s.oid, 'SELECT') AS readable, ${isReadable('t.oid', 'a.attnum')} AS "tableReadable",
         ${isIndexed('t.oid', 'a.attnum')} AS indexed,
         EXISTS (SELECT FROM locked k WHERE k.relation IN (s.oid, t.oid)) AS locked,
         ${citus ? 'EXISTS (SELECT FROM pg_dist_partition p WHERE p.logicalrelid::oid = t.oid)' : 'false'} AS distributed
    FROM used u JOIN pg_class s ON s.oid = u.sequence AND s.relkind = 'S'
    JOIN pg_sequence q ON q.seqrelid = s.oid AND NOT q.seqcycle
    JOIN pg_class t ON t.oid = u.relation AND t.relkind IN ('r', 'p') AND t.relpersistence <> 't'
    JOIN pg_namespace sn ON sn.oid = s.relnamespace JOIN pg_namespace tn ON tn.oid = t.relnamespace
    JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = u.attnum AND NOT a.attisdropped
     AND a.atttypid IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype)
   WHERE ${isUsers('sn.nspname')}
), listed AS (
  SELECT * FROM found ORDER BY schema, name LIMIT ${maxSequences}
)
SELECT json_build_object('more', (SELECT greatest(count(*) - ${maxSequences}, 0) FROM found), 'sequences', coalesce(json_agg(
    to_jsonb(l) - '{oid,relation,attnum}'::text[] || jsonb_build_object(
      'last', CASE WHEN readable AND NOT locked THEN ${readValue(
        `format('SELECT CASE WHEN is_called THEN last_value ELSE last_value::numeric - %s END AS v FROM %I.%I', increment, schema, name)`,
      )} END,
      'furthest', CASE WHEN "tableReadable" AND indexed AND NOT locked AND NOT distributed THEN ${readValue(
        `format('SELECT %s(%I) AS v FROM %I.%I', CASE WHEN increment LIKE '-%' THEN 'min' ELSE 'max' END, "column", "tableSchema", "table")`,
      )} END)), '[]'))
  FROM listed l`,
  answer: sequencesSchema,
};

const maximaSchema = z.strictObject({
  columns: z.array(
    z.strictObject({
      schema: z.string(),
      table: z.string(),
      column: z.string(),
      /** Shards on this node, and those of them that could not be looked into. */
      shards: z.number(),
      unread: z.number(),
      furthest: figure,
    }),
  ),
  more: z.number(),
});

export type MaximaAnswer = z.infer<typeof maximaSchema>;

/**
 * The largest value in the shards of a node, of each column that a sequence fills. Up to 2^48: beyond are the values that
 * workers made themselves, from ranges of their own (Citus documentation, "Sequences"; group id times 2^48).
 *
 * The shard of each table is looked up by itself: joined, the planner may compare every table with every shard, as it expects
 * to be done after the first few (measured: 10,000 shards, 1.2 s on a coordinator that holds none of them).
 */
export const shardMaxima: CheckQuery<MaximaAnswer> = {
  name: 'shardMaxima',
  nodes: 'every',
  sql: ({ citus }) =>
    citus
      ? `WITH ${lockedTables}, filled AS MATERIALIZED (
  SELECT l.oid AS relation, n.nspname AS schema, l.relnamespace, l.relname AS "table", a.attname AS "column"
    FROM pg_dist_partition p JOIN pg_class l ON l.oid = p.logicalrelid::oid JOIN pg_namespace n ON n.oid = l.relnamespace
    JOIN pg_attribute a ON a.attrelid = l.oid AND a.attnum > 0 AND NOT a.attisdropped
     AND a.atttypid IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype)
    LEFT JOIN pg_attrdef d ON d.adrelid = l.oid AND d.adnum = a.attnum
   WHERE a.attidentity <> '' OR pg_get_expr(d.adbin, d.adrelid) LIKE '%nextval(%'
), numbered AS MATERIALIZED (
  SELECT c.oid, c.relname, c.relnamespace,
         (SELECT s.logicalrelid::oid FROM pg_dist_shard s WHERE s.shardid = substring(c.relname FROM '_([0-9]{1,18})$')::bigint) AS relation
    FROM pg_class c WHERE c.relkind IN ('r', 'p') AND c.relname ~ '_[0-9]{1,18}$' AND EXISTS (SELECT FROM filled)
), placed AS (
  SELECT f.schema, f."table", f."column", c.relname, c.oid, a.attnum,
         row_number() OVER (ORDER BY f.schema, f."table", f."column", c.oid) AS place
    FROM filled f JOIN numbered c ON c.relation = f.relation AND c.relnamespace = f.relnamespace
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = f."column" AND NOT a.attisdropped
), looked AS (
  SELECT *, CASE WHEN ${isIndexed('p.oid', 'p.attnum')} AND ${isReadable('p.oid', 'p.attnum')}
                  AND NOT EXISTS (SELECT FROM locked k WHERE k.relation = p.oid)
    THEN coalesce(${readValue(`format('SELECT max(%I) AS v FROM %I.%I WHERE %I < 281474976710656', p."column", p.schema, p.relname, p."column")`)}, 'none') END AS v
    FROM placed p WHERE place <= ${maxShardLookups}
)
SELECT json_build_object('more', (SELECT greatest(count(*) - ${maxShardLookups}, 0) FROM placed), 'columns', coalesce(json_agg(t), '[]'))
  FROM (SELECT schema, "table", "column", count(*) AS shards, count(*) FILTER (WHERE v IS NULL) AS unread,
               max(nullif(v, 'none')::bigint)::text AS furthest
          FROM looked GROUP BY schema, "table", "column") AS t`
      : undefined,
  answer: maximaSchema,
};
