/** SQL that tells which collations sort otherwise than they did. */

/**
 * CTEs `here`, `versions` and `sorting`: of the collations wanted, those of libc or ICU whose order can change, and whether it
 * did (`stale`): the version on record is not the node's. The default collation (100) is that of the database.
 * @param wanted what selects their object ids
 */
export function sortingCollations(versionNum: number, wanted: string): string {
  return `here AS (
  SELECT coalesce(to_jsonb(d) ->> 'datlocprovider', 'c') AS provider, d.datcollate AS sorts, to_jsonb(d) ->> 'datcollversion' AS recorded,
         ${versionNum >= 150_000 ? 'pg_database_collation_actual_version(d.oid)' : 'NULL::text'} AS actual
    FROM pg_database d WHERE d.datname = current_database()
), versions AS MATERIALIZED (
  SELECT c.oid, n.nspname AS schema, c.collname AS name, c.collisdeterministic AS deterministic,
         CASE WHEN c.collprovider = 'd' THEN h.provider ELSE c.collprovider::text END AS provider,
         CASE WHEN c.collprovider = 'd' THEN h.sorts ELSE c.collcollate END AS sorts,
         CASE WHEN c.collprovider = 'd' THEN h.recorded ELSE c.collversion END AS recorded,
         CASE WHEN c.collprovider = 'd' THEN h.actual ELSE pg_collation_actual_version(c.oid) END AS actual
    FROM pg_collation c JOIN pg_namespace n ON n.oid = c.collnamespace CROSS JOIN here h
   WHERE c.oid IN (${wanted})
), sorting AS MATERIALIZED (
  SELECT *, actual IS NOT NULL AND actual IS DISTINCT FROM recorded AS stale FROM versions
   WHERE provider = 'i' OR provider = 'c' AND sorts !~ '^(C|POSIX)([.]|$)'
)`;
}
