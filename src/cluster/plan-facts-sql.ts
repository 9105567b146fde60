/**
 * The queries behind {@link readSideFacts}. Names from plans and catalogs reach them as parameters, and the nodes of a
 * Citus cluster as literals that the server quoted itself (`format('%L')`).
 */

import { inOneText } from './own-marker';

/** More than this of one statement is not looked at: the answer stays below some 200 kB. */
export const maxRelations = 200;
export const maxShards = 1000;

/** How long a coordinator waits for a node that does not answer. Milliseconds. */
const nodeConnectTimeoutMs = 3_000;

/** Beside `Query Tuning`, the planner's own category. */
const otherSettings = [
  'work_mem',
  'hash_mem_multiplier',
  'temp_buffers',
  'shared_buffers',
  'parallel_leader_participation',
  'effective_io_concurrency',
  'io_combine_limit',
  'io_method',
  'io_workers',
  'maintenance_io_concurrency',
  'track_io_timing',
  'track_wal_io_timing',
];

/** Of Citus's planner and executor (Citus documentation, "Configuration Reference"). */
const citusSettings = [
  'all_modifications_commutative',
  'coordinator_aggregation_strategy',
  'count_distinct_error_rate',
  'enable_binary_protocol',
  'enable_local_execution',
  'enable_repartition_joins',
  'enable_sorted_merge',
  'limit_clause_row_fetch_count',
  'local_shared_pool_size',
  'local_table_join_policy',
  'log_remote_commands',
  'max_adaptive_executor_pool_size',
  'max_cached_conns_per_worker',
  'max_client_connections',
  'max_intermediate_result_size',
  'max_shared_pool_size',
  'multi_shard_modify_mode',
  'propagate_set_commands',
  'stat_tenants_track',
  'task_assignment_policy',
  'task_executor_type',
  'use_secondary_nodes',
  'values_materialization_threshold',
].map(name => `citus.${name}`);

/** Of those, the ones that no list of settings shows (GUC_NO_SHOW_ALL). Every role may ask for each by its name. */
const unlistedSettings = [
  'allow_nested_distributed_execution',
  'enable_cost_based_connection_establishment',
  'enable_fast_path_router_planner',
  'enable_local_fast_path_query_optimization',
  'enable_non_colocated_router_query_pushdown',
  'enable_recurring_outer_join_pushdown',
  'enable_repartitioned_insert_select',
  'enable_router_execution',
  'enable_single_hash_repartition_joins',
  'executor_slow_start_interval',
  'force_max_query_parallelization',
  'function_opens_transaction_block',
  'prevent_incomplete_connection_establishment',
  'repartition_join_bucket_count_per_node',
  'select_opens_transaction_block',
  'sort_returning',
  'subquery_pushdown',
].map(name => `citus.${name}`);

const list = (names: readonly string[]): string => names.map(name => `'${name}'`).join(', ');

/**
 * First of all, before any SET LOCAL would show in `source`: settings and search path as the role has them, {@link StartRow},
 * kept in a setting for the queries after it. Without a join: where a role setting forbids nested loops, one would cost so
 * much that JIT compiles this query for seconds (measured: 5 s).
 *
 * Whether JIT is available is asked only where it should have compiled: with jit = off the server says no whatever it has,
 * and to say yes it loads LLVM (measured: 40 to 110 ms).
 * @param cost SQL of the highest cost of what was not compiled
 */
export const startQuery = (
  cost: string,
): string => `SELECT pg_catalog.set_config('cutover.start', pg_catalog.json_build_object(
  'schemas', pg_catalog.current_schemas(true),
  'jit', CASE WHEN pg_catalog.current_setting('jit')::bool
               AND pg_catalog.current_setting('jit_above_cost')::float8 BETWEEN 0 AND ${cost}::float8
              THEN pg_catalog.pg_jit_available() END,
  'settings', (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(name, setting, source, boot_val, vartype, unit))
     FROM pg_catalog.pg_settings
    WHERE category LIKE 'Query Tuning%' OR name LIKE 'jit%' OR name LIKE 'max\\_parallel\\_%'
       OR name IN (${list([...otherSettings, ...citusSettings])})))::text, true)`;

/** For all other queries: no JIT, which would cost more than they do, and plans that do not hang on the role. */
export const ownSettings: readonly (readonly [name: string, value: string])[] = [
  ['jit', 'off'],
  ['search_path', 'pg_catalog'],
  ['enable_nestloop', 'on'],
  ['enable_indexscan', 'on'],
  ['enable_hashjoin', 'on'],
  ['enable_sort', 'on'],
];

export function prepareCatalogQueries(citus: boolean): string {
  const lines = ownSettings.map(([name, value]) => `SET LOCAL ${name} = ${value}`);
  if (citus) lines.push(`SET LOCAL citus.node_connection_timeout = ${nodeConnectTimeoutMs}`);
  return inOneText(lines);
}

/**
 * What else one node says of itself, {@link NodeRow}.
 * @param functions SQL of a JSON array of the functions in the statement, `{schema, name}` each.
 */
export function nodeQuery(functions: string): string {
  return `SELECT json_build_object(
  'version', current_setting('server_version_num')::int,
  'role', quote_ident(session_user),
  'unlisted', (SELECT json_agg(json_build_array(name, current_setting(name, true)))
     FROM unnest(ARRAY[${list(unlistedSettings)}]) AS name WHERE current_setting(name, true) IS NOT NULL),
  'scoped', (SELECT json_agg(json_build_array(scope, owner, entry))
     FROM (SELECT CASE WHEN s.setrole = 0 AND s.setdatabase = 0 THEN 'allRoles' WHEN s.setrole = 0 THEN 'database'
                       WHEN s.setdatabase = 0 THEN 'role' ELSE 'roleInDatabase' END,
                  CASE WHEN s.setrole = 0 AND s.setdatabase = 0 THEN 'ALL' WHEN s.setrole = 0 THEN quote_ident(d.datname)
                       WHEN s.setdatabase = 0 THEN quote_ident(session_user)
                       ELSE format('%I IN DATABASE %I', session_user, d.datname) END,
                  unnest(s.setconfig)
             FROM pg_db_role_setting s JOIN pg_database d ON d.datname = current_database()
            WHERE s.setdatabase IN (0, d.oid)
              AND s.setrole IN (0, (SELECT oid FROM pg_roles WHERE rolname = session_user))
           UNION ALL
           SELECT DISTINCT 'function',
                  format('%I.%I(%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid)), unnest(p.proconfig)
             FROM json_to_recordset(${functions}::json) AS f(schema name, name name)
             JOIN pg_proc p ON p.proname = f.name
             JOIN pg_namespace n ON n.oid = p.pronamespace
            WHERE n.nspname = f.schema
               OR (f.schema IS NULL AND n.nspname IN (
                     SELECT json_array_elements_text(current_setting('cutover.start')::json -> 'schemas')))
          ) AS scoped(scope, owner, entry)),
  'connections', (${connectionsQuery}))`;
}

/**
 * Connections in use and allowed, of the limit (server, database or role) that is the nearest. Of other roles' backends
 * an ordinary role sees that they are there, not what they are, so that a few background workers may count.
 */
const connectionsQuery = `SELECT json_build_array(used, allowed)
   FROM (SELECT count(*) AS server,
                count(*) FILTER (WHERE a.datname = current_database()) AS database,
                count(*) FILTER (WHERE a.usename = session_user) AS role
           FROM pg_stat_activity a
          WHERE a.datid IS NOT NULL AND coalesce(a.backend_type, 'client backend') = 'client backend') AS c,
        pg_roles r, pg_database d,
        LATERAL (VALUES
          (c.server, current_setting('max_connections')::int - CASE WHEN r.rolsuper THEN 0 ELSE
             current_setting('superuser_reserved_connections')::int
             + coalesce(current_setting('reserved_connections', true)::int, 0) END),
          (c.database, CASE WHEN d.datconnlimit >= 0 AND NOT r.rolsuper THEN d.datconnlimit END),
          (c.role, CASE WHEN r.rolconnlimit >= 0 AND NOT r.rolsuper THEN r.rolconnlimit END)) AS l(used, allowed)
  WHERE r.rolname = session_user AND d.datname = current_database() AND allowed IS NOT NULL
  ORDER BY allowed - used LIMIT 1`;

/** $1: `{schema, name}` of the plan's relations. Shards are told by the metadata, never by their digits alone. */
const relationsOf = (citus: boolean): string => `wanted AS (
  SELECT n.oid AS schema, w.name::name AS name, substring(w.name FROM '_([0-9]{1,18})$')::bigint AS shard
    FROM json_to_recordset($1::json) AS w(schema text, name text) JOIN pg_namespace n ON n.nspname = w.schema::name
), relation AS (
  SELECT c.oid FROM wanted w JOIN pg_class c ON c.relnamespace = w.schema AND c.relname = w.name
   WHERE c.relkind IN ('r', 'p', 'm', 'f')${
     citus
       ? `
  UNION
  SELECT c.oid FROM wanted w JOIN pg_dist_shard s ON s.shardid = w.shard
    JOIN pg_class c ON c.oid = s.logicalrelid::oid AND c.relnamespace = w.schema`
       : ''
   }
   ORDER BY 1 LIMIT ${maxRelations + 1}
)`;

/** A size takes a lock on the relation; who holds the strongest one would be waited for. */
const lockedRelations = `locked AS MATERIALIZED (
  SELECT relation FROM pg_locks WHERE locktype = 'relation' AND mode = 'AccessExclusiveLock'
)`;
const sizeOf = (oid: string): string =>
  `CASE WHEN NOT EXISTS (SELECT FROM locked l WHERE l.relation = ${oid}) THEN pg_relation_size(${oid}) END`;

const isoTime = (time: string): string => `to_char(${time} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')`;

/** Of the relation `c` (pg_class) in the schema `n` (pg_namespace), an array of {@link StatisticsRow}. */
const statisticsOf = `json_build_array(c.reltuples, c.relpages, c.relallvisible,
  CASE WHEN has_any_column_privilege(c.oid, 'SELECT') AND NOT row_security_active(c.oid)
       THEN EXISTS (SELECT FROM pg_stats s WHERE s.schemaname = n.nspname AND s.tablename = c.relname) END,
  ${isoTime('greatest(pg_stat_get_last_analyze_time(c.oid), pg_stat_get_last_autoanalyze_time(c.oid))')},
  ${isoTime('greatest(pg_stat_get_last_vacuum_time(c.oid), pg_stat_get_last_autovacuum_time(c.oid))')},
  pg_stat_get_mod_since_analyze(c.oid), pg_stat_get_live_tuples(c.oid), pg_stat_get_dead_tuples(c.oid),
  ${sizeOf('c.oid')})`;

const isValid = 'x.indisvalid AND x.indisready AND x.indislive';

/** One JSON array of {@link RelationRow}; $1 as in {@link relationsOf}. */
export function relationsQuery(citus: boolean): string {
  const spread = citus
    ? `, (SELECT json_build_object('method', d.partmethod, 'replication', d.repmodel, 'colocation', d.colocationid,
            'column', column_to_column_name(d.logicalrelid, d.partkey),
            'shards', (SELECT count(*) FROM pg_dist_shard s WHERE s.logicalrelid = d.logicalrelid))
          FROM pg_dist_partition d WHERE d.logicalrelid::oid = c.oid) AS distribution`
    : ', NULL::json AS distribution';
  return `WITH ${relationsOf(citus)}, ${lockedRelations}
SELECT coalesce(json_agg(row_to_json(t)), '[]') FROM (
  SELECT c.oid::text, n.nspname AS schema, c.relname AS name, format('%I.%I', n.nspname, c.relname) AS quoted,
         has_any_column_privilege(c.oid, 'SELECT') AS readable, row_security_active(c.oid) AS "rowSecurity",
         (SELECT json_agg(json_build_array(i.relname, pg_get_indexdef(i.oid), ${isValid}, x.indisunique, ${sizeOf('i.oid')})
                          ORDER BY i.relname)
            FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid WHERE x.indrelid = c.oid) AS indexes,
         ${statisticsOf} AS statistics${spread}
    FROM relation r JOIN pg_class c ON c.oid = r.oid JOIN pg_namespace n ON n.oid = c.relnamespace) AS t`;
}

/** Where this session is, and every primary node: `[host, port, group, active]`. */
export const nodesQuery = `SELECT json_build_object(
  'group', (SELECT groupid FROM pg_dist_local_group),
  'nodes', (SELECT coalesce(json_agg(json_build_array(nodename, nodeport, groupid, isactive)
                                     ORDER BY groupid, nodename, nodeport), '[]')
              FROM pg_dist_node WHERE noderole = 'primary'))`;

/** The shards of the plan's relations: those that it names first, then the others, up to {@link maxShards}. */
const shardsOf = `shard AS (
  SELECT json_agg(json_build_object('relation', s.relation, 'shard', s.shardid::text, 'schema', s.schema, 'name', s.name)) AS list
    FROM (SELECT d.logicalrelid::oid AS relation, d.shardid, n.nspname AS schema,
                 i.ident[cardinality(i.ident)] AS name
            FROM relation r JOIN pg_dist_shard d ON d.logicalrelid::oid = r.oid
            JOIN pg_class c ON c.oid = r.oid JOIN pg_namespace n ON n.oid = c.relnamespace
           CROSS JOIN LATERAL parse_ident(shard_name(d.logicalrelid, d.shardid)) AS i(ident)
           ORDER BY d.shardid IN (SELECT w.shard FROM wanted w WHERE w.shard IS NOT NULL) DESC, d.shardid
           LIMIT ${maxShards}) AS s
)`;

/** What a node has of the shards in `list` (SQL of a JSON array): {@link ShardsRow}. */
const shardStatistics = (shards: string): string => `WITH ${lockedRelations}, placed AS MATERIALIZED (
  SELECT s.relation, s.shard, c.oid
    FROM json_to_recordset(${shards}::json) AS s(relation text, shard text, schema name, name name)
    JOIN pg_namespace n ON n.nspname = s.schema
    JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = s.name
)
SELECT json_build_object(
  'shards', (SELECT json_agg(json_build_array(p.relation, p.shard, ${statisticsOf}))
               FROM placed p JOIN pg_class c ON c.oid = p.oid JOIN pg_namespace n ON n.oid = c.relnamespace),
  'invalid', (SELECT json_agg(json_build_array(p.relation, i.relname))
                FROM placed p JOIN pg_index x ON x.indrelid = p.oid JOIN pg_class i ON i.oid = x.indexrelid
               WHERE NOT (${isValid})))`;

/** The same of the shards that this node holds itself, which are hidden without the SET. */
export const showShards = 'SET LOCAL citus.override_table_visibility = off';
export const localShardsQuery = `WITH ${relationsOf(true)}, ${shardsOf}
SELECT t.found FROM shard, LATERAL (${shardStatistics('shard.list')}) AS t(found)`;

/** Inside another `format`: `%n$L` alone stands for a value. */
const template = (sql: string): string => sql.replaceAll(/%(?!\d\$L)/g, '%%');

/**
 * Asks every worker what this side's own node is asked: {@link StartRow}, {@link NodeRow}, {@link ShardsRow}, in one go.
 * `run_command_on_workers` runs as the connected role in a new session on each worker, so that the role's settings are in
 * force there. It is no sandbox and sends one statement only. So the queries go through query_to_xml, which plans its text
 * when it is called: after JIT was switched off and the transaction made read-only. Base64, as XML knows fewer characters
 * than a name may have. $1 as in {@link relationsOf}; $2: functions; $3: cost.
 */
export const workersQuery = `WITH ${relationsOf(true)}, ${shardsOf}
SELECT w.nodename, w.nodeport, w.success, w.result FROM shard, LATERAL run_command_on_workers(format(
  $command$SELECT /* cutover */ CASE WHEN (${template(startQuery('%3$L'))}) IS NOT NULL THEN
    CASE WHEN ${[...ownSettings, ['transaction_read_only', 'on'], ['lock_timeout', '2s']]
      .map(([name, value]) => `pg_catalog.set_config('${name}', '${value}', true) IS NOT NULL`)
      .join(' AND ')} THEN
      pg_catalog.convert_from(pg_catalog.decode(pg_catalog.substring(
        pg_catalog.query_to_xml(%1$L, false, true, '')::text, '<base64>(.*)</base64>'), 'base64'), 'UTF8') END END$command$,
  format($query$SELECT encode(convert_to(json_build_object(
      'start', current_setting('cutover.start')::json,
      'node', (${template(nodeQuery('%1$L'))}),
      'found', (${template(shardStatistics('%1$L')).replaceAll('%1$L', '%2$L')}))::text, 'UTF8'), 'base64') AS base64$query$,
    $2::text, shard.list),
  NULL, $3::text)) AS w`;
