/** SQL that the checks of tables share. */
import type { ServerFacts } from '../check';

/** Schemas of no user's objects. */
export const isUsers = (schema: string): string =>
  `${schema} !~ '^pg_' AND ${schema} NOT IN ('information_schema', 'citus', 'citus_internal', 'columnar', 'columnar_internal')`;

/** Tables of this many rows of an answer; the largest come first, the rest is counted. */
export const maxTables = 2_000;

/**
 * CTE `stored`: every table that holds rows on this node, a shard under its table's name. `spread`: null for an ordinary
 * table, else `distributed` or `reference`. Sizes only of what nobody has locked, as they take a lock.
 *
 * Shards are told by the metadata: on a worker too, since Citus 11 keeps it there. One that was moved away, and is not yet
 * dropped, counts on its new node only.
 */
export function storedTables({ citus }: ServerFacts): string {
  const joins = citus
    ? `LEFT JOIN pg_dist_partition shell ON shell.logicalrelid::oid = c.oid
  LEFT JOIN (pg_dist_shard s JOIN pg_class l ON l.oid = s.logicalrelid::oid
             JOIN pg_dist_partition p ON p.logicalrelid = s.logicalrelid)
    ON s.shardid = substring(c.relname FROM '_([0-9]{1,18})$')::bigint AND l.relnamespace = c.relnamespace
  LEFT JOIN pg_dist_placement here ON here.shardid = s.shardid AND here.groupid = (SELECT groupid FROM pg_dist_local_group)`
    : '';
  return `locked AS MATERIALIZED (
  SELECT relation FROM pg_locks WHERE locktype = 'relation' AND mode = 'AccessExclusiveLock'
), stored AS MATERIALIZED (
  SELECT c.oid, n.nspname AS schema, ${citus ? 'coalesce(l.relname, c.relname)' : 'c.relname'} AS name,
         c.reltuples, c.relpages, c.relreplident, c.relowner,
         ${citus ? `CASE WHEN p.repmodel = 't' THEN 'reference' WHEN p.repmodel IS NOT NULL THEN 'distributed' END` : 'NULL::text'} AS spread,
         CASE WHEN NOT EXISTS (SELECT FROM locked k WHERE k.relation = c.oid) THEN pg_relation_size(c.oid) END AS bytes
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  ${joins}
   WHERE c.relkind IN ('r', 'm') AND c.relpersistence <> 't' AND ${isUsers('n.nspname')}${citus ? ' AND shell.logicalrelid IS NULL AND (s.shardid IS NULL OR here.shardid IS NOT NULL)' : ''}
     AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = 'pg_class'::regclass AND e.objid = c.oid AND e.deptype = 'e')
)`;
}
