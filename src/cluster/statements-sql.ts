/**
 * The queries behind {@link readStatementStatistics}: read-only, a constant number whatever the number of nodes, shards and
 * statements. They run under the settings of `prepareCatalogQueries`, with pg_catalog as search path.
 */
import { columnOf, extensionVersion } from '../statements/figures';
import { figuresOf, longestText } from '../statements/rows';
import { isTheirs } from './own-marker';

/** One node's extension, as JSON: `null` parts where it is not created or not loaded. */
export const accessQuery = `SELECT pg_catalog.json_build_object(
  'extension', (SELECT e.extversion FROM pg_catalog.pg_extension e WHERE e.extname = 'pg_stat_statements'),
  'schema', (SELECT n.nspname FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
              WHERE e.extname = 'pg_stat_statements'),
  'loaded', EXISTS (SELECT FROM pg_catalog.pg_settings WHERE name = 'pg_stat_statements.max'))`;

export interface Access {
  extension: string | null;
  schema: string | null;
  loaded: boolean;
}

/** Read on every node: what decides what is counted. */
const settings = [
  'pg_stat_statements.track',
  'pg_stat_statements.track_utility',
  'pg_stat_statements.track_planning',
  'pg_stat_statements.max',
  'pg_stat_statements.save',
  'track_io_timing',
  'compute_query_id',
  'citus.stat_statements_track',
  'citus.stat_tenants_track',
];

/** Schemas of no user's objects. */
const systemSchemas = `('pg_catalog', 'information_schema', 'pg_toast', 'citus', 'citus_internal', 'columnar', 'columnar_internal')`;

/**
 * Search paths, ambiguous names and volatile functions, as JSON: {@link CatalogNames} without shards. A role's own setting for
 * the database comes before its own, before the database's, before the server's (documentation, "ALTER ROLE").
 */
export const namesQuery = `WITH scoped AS (
  SELECT s.setrole, s.setdatabase, substr(c.setting, 13) AS path
    FROM pg_db_role_setting s CROSS JOIN LATERAL unnest(s.setconfig) AS c(setting)
   WHERE c.setting LIKE 'search_path=%'
     AND s.setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
), own AS (
  SELECT DISTINCT ON (r.oid) r.rolname, s.path FROM pg_roles r JOIN scoped s ON s.setrole = r.oid
   ORDER BY r.oid, s.setdatabase DESC
), everybody AS (
  SELECT coalesce((SELECT path FROM scoped WHERE setrole = 0 ORDER BY setdatabase DESC LIMIT 1),
                  (SELECT CASE WHEN source IN ('default', 'configuration file', 'environment variable', 'command line', 'session')
                               THEN reset_val ELSE boot_val END FROM pg_settings WHERE name = 'search_path')) AS path
), named AS (
  SELECT c.relname AS name, n.nspname AS schema FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND n.nspname NOT IN ${systemSchemas} AND n.nspname NOT LIKE 'pg\\_%'
   UNION
  SELECT p.proname, n.nspname FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
   WHERE n.nspname NOT IN ${systemSchemas} AND n.nspname NOT LIKE 'pg\\_%'
), ambiguous AS (
  SELECT name, json_agg(schema) AS schemas FROM named GROUP BY name HAVING count(*) > 1 LIMIT 5000
)
SELECT json_build_object(
  'searchPaths', (SELECT json_object_agg(rolname, path) FROM (SELECT rolname, path FROM own UNION ALL SELECT '', path FROM everybody) p),
  'ambiguous', (SELECT json_object_agg(name, schemas) FROM ambiguous),
  'volatileFunctions', (SELECT json_agg(DISTINCT p.proname) FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
     WHERE p.provolatile = 'v' AND p.prokind <> 'a' AND n.nspname NOT IN ${systemSchemas}))`;

/** Shard ids by table, as JSON. */
export const shardsQuery = `SELECT coalesce(json_object_agg(t.relname, t.ids), '{}') FROM (
  SELECT c.relname, string_agg(s.shardid::text, ',') AS ids
    FROM pg_dist_shard s JOIN pg_class c ON c.oid = s.logicalrelid GROUP BY c.relname) t`;

/** Lines of {@link Reading.citusStatements}. The view citus_stat_statements would need the extension in the search path. */
export const citusStatementsQuery = `SELECT string_agg(concat(queryid, E'\\t', to_json(pg_get_userbyid(userid)), E'\\t',
    to_json((SELECT datname FROM pg_database WHERE oid = dbid)), E'\\t', citus_executor_name(executor::int), E'\\t', to_json(partition_key), E'\\t', calls), E'\\n')
  FROM citus_query_stats()`;

/**
 * Without CREATE ROLE … PASSWORD '…' and its like, which some versions keep as they were sent: no secret is read.
 *
 * One value: the header as JSON on the first line ({@link NodeHeader}), then a line for each row (`RowReader`).
 */
export function rowsQuery({ extension, schema }: { extension: string; schema: string }): string {
  const version = extensionVersion(extension);
  const statements = `"${schema.replaceAll('"', '""')}".pg_stat_statements`;
  const figures = figuresOf(version).map(id => `s.${columnOf(id, version)}`);
  const fields = [
    'pg_catalog.to_json(pg_catalog.pg_get_userbyid(s.userid))',
    'pg_catalog.to_json(d.datname)',
    version >= 1.09 ? `CASE WHEN s.toplevel THEN 't' ELSE 'f' END` : `'t'`,
    's.queryid',
    version >= 1.11 ? `pg_catalog.to_char(s.stats_since AT TIME ZONE 'UTC', ${isoFormat})` : `''`,
    `CASE WHEN pg_catalog.length(s.query) > ${longestText} THEN 't' ELSE 'f' END`,
    ...figures,
    `pg_catalog.to_json(pg_catalog.left(s.query, ${longestText}))`,
  ];
  const info =
    version >= 1.09
      ? `'resetAt', (SELECT ${iso('stats_reset')} FROM ${statements}_info), 'dealloc', (SELECT dealloc FROM ${statements}_info)`
      : `'resetAt', NULL, 'dealloc', NULL`;
  const total = version >= 1.08 ? 'total_exec_time' : 'total_time';
  const list = settings.map(name => `'${name}'`).join(', ');
  return `WITH s AS MATERIALIZED (SELECT * FROM ${statements}(true))
SELECT pg_catalog.json_build_object(
    'at', ${iso('pg_catalog.clock_timestamp()')}, 'startedAt', ${iso('pg_catalog.pg_postmaster_start_time()')}, ${info},
    'entries', (SELECT pg_catalog.count(*) FROM s),
    'hidden', (SELECT pg_catalog.count(*) FROM s WHERE queryid IS NULL),
    'hiddenMs', (SELECT coalesce(pg_catalog.sum(${total}), 0) FROM s WHERE queryid IS NULL),
    'settings', (SELECT pg_catalog.json_object_agg(name, setting) FROM pg_catalog.pg_settings WHERE name IN (${list})))::text
  || E'\\n' || coalesce((SELECT pg_catalog.string_agg(pg_catalog.concat(${fields.join(`, E'\\t', `)}), E'\\n')
    FROM s JOIN pg_catalog.pg_database d ON d.oid = s.dbid
   WHERE s.queryid IS NOT NULL AND s.query IS NOT NULL AND ${isTheirs('s.query')}
     AND s.query NOT ILIKE '%password%''%'), '')`;
}

const isoFormat = `'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'`;

function iso(timestamp: string): string {
  return `pg_catalog.to_char(${timestamp} AT TIME ZONE 'UTC', ${isoFormat})`;
}
