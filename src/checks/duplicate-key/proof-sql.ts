/** Queries that read an index or a table from end to end: sent only when the user asked for proof, one index at a time. */
import * as z from 'zod/mini';
import type { CheckProblem } from '../../shared/check';
import type { CheckQuery } from '../check';
import { literal } from '../literal';

/** Keys that are listed. */
const maxKeys = 20;
/** Of a value of a key. */
const maxCharacters = 200;

interface IndexName {
  schema: string;
  index: string;
}

const named = ({ schema, index }: IndexName): string =>
  `FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid JOIN pg_class t ON t.oid = i.indrelid
  JOIN pg_namespace n ON n.oid = x.relnamespace AND n.nspname = ${literal(schema)} AND x.relname = ${literal(index)}`;

const checkedSchema = z.strictObject({
  state: z.enum(['checked', 'missing', 'denied', 'invalid']),
  /** The function, as GRANT EXECUTE names it. */
  routine: z.string(),
});
export type Checked = z.infer<typeof checkedSchema>;

/**
 * `bt_index_check(index, heapallindexed)`, with `checkunique` for a unique index where amcheck has it (1.4, PostgreSQL 17):
 * AccessShareLock on the index and its table, as a SELECT takes. A broken index is an error, SQLSTATE XX002.
 */
export function indexCheck(index: IndexName): CheckQuery<Checked> {
  return {
    name: 'indexCheck',
    nodes: 'every',
    sql: () => `SELECT json_build_object('routine', coalesce(c.routine, ''), 'state', CASE
    WHEN c.oid IS NULL THEN 'missing'
    WHEN NOT has_function_privilege(c.oid, 'EXECUTE') THEN 'denied'
    WHEN NOT i.indisvalid THEN 'invalid'
    WHEN query_to_xml(format('SELECT %s(%s, true%s)::text AS v', c.name, i.indexrelid,
           CASE WHEN c.arguments = 3 THEN format(', %s', i.indisunique) ELSE '' END), false, true, '') IS NOT NULL THEN 'checked' END)
  ${named(index)}
  LEFT JOIN LATERAL (
    SELECT p.oid, p.pronargs AS arguments, format('%I.%I', s.nspname, p.proname) AS name,
           format('%I.%I(%s)', s.nspname, p.proname, pg_get_function_identity_arguments(p.oid)) AS routine
      FROM pg_extension e JOIN pg_depend d ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND d.deptype = 'e'
       AND d.classid = 'pg_proc'::regclass
      JOIN pg_proc p ON p.oid = d.objid AND p.proname = 'bt_index_check' AND p.pronargs >= 2 JOIN pg_namespace s ON s.oid = p.pronamespace
     WHERE e.extname = 'amcheck' ORDER BY p.pronargs DESC LIMIT 1) AS c ON true`,
    answer: checkedSchema,
  };
}

/**
 * Whether the error of a check says that the index is broken: index_corrupted or data_corrupted. A worker's error has no
 * SQLSTATE: amcheck's messages are in English everywhere and name the index.
 */
export function isCorruption({ sqlstate, message }: CheckProblem, index: string): boolean {
  if (sqlstate !== undefined) return sqlstate === 'XX001' || sqlstate === 'XX002';
  if (/^ERROR:\s+invalid page in block/.test(message)) return true;
  return (
    message.includes(`"${index}"`) &&
    /violated|lacks|corrupt|mismatch|inconsisten|invalid|unexpected|cross page/i.test(message)
  );
}

const duplicatesSchema = z.strictObject({
  /** Null: the role may not read the table, or somebody has locked it. */
  keys: z.nullable(z.array(z.strictObject({ key: z.array(z.nullable(z.string())), copies: z.number() }))),
  readable: z.boolean(),
});
export type Duplicates = z.infer<typeof duplicatesSchema>;

/** More than are listed shows by one more. */
export function listedKeys(keys: NonNullable<Duplicates['keys']>): { keys: typeof keys; more: boolean } {
  return { keys: keys.slice(0, maxKeys), more: keys.length > maxKeys };
}

/** Off, as the index itself may be what is broken. */
const withoutIndexes = ['enable_indexscan', 'enable_indexonlyscan', 'enable_bitmapscan']
  .map(setting => `set_config('${setting}', 'off', true) IS NOT NULL`)
  .join(' AND ');

/**
 * Keys that more than one row has, by a scan of the table. Of an index on columns: expressions and predicates would run
 * functions of the table's owner.
 */
export function duplicateKeys(index: IndexName): CheckQuery<Duplicates> {
  return {
    name: 'duplicateKeys',
    nodes: 'every',
    sql: () => `SELECT json_build_object('readable', readable, 'keys', CASE WHEN readable AND ${withoutIndexes} THEN
    convert_from(decode(substring(query_to_xml(format($q$SELECT encode(convert_to(coalesce(json_agg(d), '[]')::text, 'UTF8'), 'base64') AS v
      FROM (SELECT json_build_array(%s) AS key, count(*) AS copies FROM ONLY %I.%I %s GROUP BY %s HAVING count(*) > 1
             ORDER BY count(*) DESC LIMIT ${maxKeys + 1}) AS d$q$, shown, schema, "table", present, columns),
      false, true, '')::text FROM '<v>(.*)</v>'), 'base64'), 'UTF8')::json END)
  FROM (SELECT tn.nspname AS schema, t.relname AS "table",
         bool_and(has_column_privilege(t.oid, a.attnum, 'SELECT')) AND NOT row_security_active(t.oid) AND NOT EXISTS (
           SELECT FROM pg_locks k WHERE k.relation = t.oid AND k.mode = 'AccessExclusiveLock' AND k.pid <> pg_backend_pid()) AS readable,
         string_agg(format('%I', a.attname), ', ' ORDER BY k.place) AS columns,
         string_agg(format('left(%I::text, ${maxCharacters})', a.attname), ', ' ORDER BY k.place) AS shown,
         CASE WHEN NOT coalesce((to_jsonb(i) ->> 'indnullsnotdistinct')::boolean, false) THEN
           'WHERE ' || string_agg(format('%I IS NOT NULL', a.attname), ' AND ' ORDER BY k.place) ELSE '' END AS present
    ${named(index)} JOIN pg_namespace tn ON tn.oid = t.relnamespace
    CROSS JOIN LATERAL unnest(i.indkey) WITH ORDINALITY AS k (attnum, place)
    JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.attnum
   WHERE i.indexprs IS NULL AND i.indpred IS NULL AND k.place <= i.indnkeyatts
   GROUP BY tn.nspname, t.relname, t.oid, to_jsonb(i)) AS f`,
    answer: duplicatesSchema,
  };
}
