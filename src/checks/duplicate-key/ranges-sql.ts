import * as z from 'zod/mini';
import type { Side } from '../../shared/side';
import type { CheckQuery, CheckRemedyStep } from '../check';
import { literal } from '../literal';
import { isIndexed, isReadable, lockedTables, readValue } from '../sequences/sequences-sql';

/** Each costs a look into an index; more are counted, not looked at. */
const maxLookups = 1_000;

const figure = z.string().check(z.regex(/^-?\d+$/));
const rangesSchema = z.strictObject({
  /** Citus's number of this node. */
  group: z.number(),
  /** On a worker: where its sequences of distributed tables are. Null: not readable, or locked. */
  sequences: z.array(
    z.strictObject({ sequence: z.string(), table: z.string(), column: z.string(), last: z.nullable(figure) }),
  ),
  /** In the shards of this node: the furthest value of each column within each worker's range. */
  furthest: z.array(z.strictObject({ table: z.string(), column: z.string(), group: z.number(), value: figure })),
  unread: z.number(),
});
export type Ranges = z.infer<typeof rangesSchema>;

/**
 * Workers give out values from ranges of their own: the group id in the top 16 bits (Citus's documentation, "Sequences").
 * A sequence that was made anew, as by a metadata sync, begins at the start of its range again (citusdata/citus#5303).
 */
export const workerRanges: CheckQuery<Ranges> = {
  name: 'workerRanges',
  nodes: 'every',
  sql: ({ citus }) =>
    citus
      ? `WITH ${lockedTables}, filled AS MATERIALIZED (
  SELECT l.oid AS relation, l.relnamespace, format('%s.%s', n.nspname, l.relname) AS "table", a.attname AS "column", a.attnum
    FROM pg_dist_partition p JOIN pg_class l ON l.oid = p.logicalrelid::oid JOIN pg_namespace n ON n.oid = l.relnamespace
    JOIN pg_attribute a ON a.attrelid = l.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.atttypid = 'int8'::regtype
    LEFT JOIN pg_attrdef d ON d.adrelid = l.oid AND d.adnum = a.attnum
   WHERE a.attidentity <> '' OR pg_get_expr(d.adbin, d.adrelid) LIKE '%nextval(%'
), used AS (
  SELECT d.objid AS sequence, d.refobjid AS relation, d.refobjsubid AS attnum FROM pg_depend d
   WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i') AND d.refobjsubid > 0
   UNION
  SELECT d.refobjid, a.adrelid, a.adnum FROM pg_depend d JOIN pg_attrdef a ON a.oid = d.objid
   WHERE d.classid = 'pg_attrdef'::regclass AND d.refclassid = 'pg_class'::regclass
), own AS MATERIALIZED (
  SELECT s.oid, n.nspname AS schema, s.relname AS name, f."table", f."column", q.seqincrement
    FROM used u JOIN filled f ON f.relation = u.relation AND f.attnum = u.attnum
    JOIN pg_class s ON s.oid = u.sequence AND s.relkind = 'S' JOIN pg_namespace n ON n.oid = s.relnamespace
    JOIN pg_sequence q ON q.seqrelid = s.oid AND q.seqincrement > 0 AND q.seqmin >= 281474976710656 LIMIT ${maxLookups}
), placed AS MATERIALIZED (
  SELECT f."table", f."column", n.nspname AS schema, c.relname, c.oid, a.attnum, g.groupid,
         row_number() OVER (ORDER BY f."table", f."column", c.oid, g.groupid) AS place
    FROM filled f JOIN pg_dist_shard s ON s.logicalrelid::oid = f.relation
    JOIN pg_class c ON c.relkind IN ('r', 'p') AND c.relnamespace = f.relnamespace AND substring(c.relname FROM '_([0-9]{1,18})$')::bigint = s.shardid
    JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = f."column" AND NOT a.attisdropped
   CROSS JOIN (SELECT DISTINCT groupid FROM pg_dist_node WHERE groupid > 0) AS g
), looked AS (
  SELECT *, CASE WHEN place <= ${maxLookups} AND ${isIndexed('p.oid', 'p.attnum')} AND ${isReadable('p.oid', 'p.attnum')}
                  AND NOT EXISTS (SELECT FROM locked k WHERE k.relation = p.oid)
    THEN coalesce(${readValue(
      `format('SELECT max(%I) AS v FROM %I.%I WHERE %I >= %s AND %I < %s', p."column", p.schema, p.relname, p."column", p.groupid::bigint << 48, p."column", (p.groupid + 1)::bigint << 48)`,
    )}, 'none') END AS v FROM placed p
)
SELECT json_build_object('group', (SELECT groupid FROM pg_dist_local_group LIMIT 1),
  'sequences', (SELECT coalesce(json_agg(json_build_object('sequence', format('%I.%I', schema, name), 'table', "table", 'column', "column",
      'last', CASE WHEN has_sequence_privilege(oid, 'SELECT') AND NOT EXISTS (SELECT FROM locked k WHERE k.relation = oid) THEN ${readValue(
        `format('SELECT CASE WHEN is_called THEN last_value ELSE last_value - %s END AS v FROM %I.%I', seqincrement, schema, name)`,
      )} END) ORDER BY schema, name), '[]') FROM own),
  'unread', (SELECT count(*) FROM looked WHERE v IS NULL),
  'furthest', (SELECT coalesce(json_agg(json_build_object('table', "table", 'column', "column", 'group', groupid, 'value', v)), '[]')
     FROM (SELECT "table", "column", groupid, max(nullif(v, 'none')::bigint)::text AS v FROM looked
            GROUP BY "table", "column", groupid HAVING max(nullif(v, 'none')::bigint) IS NOT NULL) AS t))`
      : undefined,
  answer: rangesSchema,
};

export interface RangeBehind {
  node: string;
  /** Quoted where it has to be. */
  sequence: string;
  table: string;
  column: string;
  last: string;
  furthest: string;
}

/** Workers whose sequence has to come past values that are in the shards already. */
export function rangesBehind(nodes: readonly { node: string; answer: Ranges }[]): RangeBehind[] {
  const furthest = new Map<string, bigint>();
  for (const { answer } of nodes)
    for (const { table, column, group, value } of answer.furthest) {
      const key = JSON.stringify([table, column, group]);
      const known = furthest.get(key);
      if (known === undefined || BigInt(value) > known) furthest.set(key, BigInt(value));
    }
  return nodes.flatMap(({ node, answer: { group, sequences } }) =>
    sequences.flatMap(({ sequence, table, column, last }) => {
      const most = furthest.get(JSON.stringify([table, column, group]));
      if (last === null || most === undefined || most <= BigInt(last)) return [];
      return [{ node, sequence, table, column, last, furthest: most.toString() }];
    }),
  );
}

/** On the worker itself, as the coordinator's sequence of that name is another one. */
export function advanceRange(side: Side, { node, sequence, furthest }: RangeBehind): CheckRemedyStep {
  return {
    side,
    nodes: [node],
    sql: `SELECT setval(${literal(sequence)}, ${furthest});`,
    lock: 'none; stop the writes to the table first, or another worker may go past the value meanwhile',
    rollback: 'none needed: values that are skipped are missed by nobody.',
    verify: 'Diagnose again: no worker is behind in its range.',
  };
}

/** The worker whose range a value is in; undefined below them all. */
export function groupOfValue(value: string): number | undefined {
  if (!/^\d{15,19}$/.test(value)) return undefined;
  const group = Number(BigInt(value) >> 48n);
  return group > 0 ? group : undefined;
}
