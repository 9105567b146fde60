/**
 * PostgreSQL marks a function volatile when it has a side effect, and also when its result merely changes. These tables
 * tell the two apart for functions of the schema pg_catalog (PostgreSQL 12–18 documentation, "Functions and Operators";
 * Citus documentation, "Citus Utility Functions"). What stands in neither table is not known to be harmless.
 */

/** Volatile functions of pg_catalog that leave nothing behind, by why they are volatile all the same. */
const harmlessByReason: Readonly<Record<string, string>> = {
  'gives another result each time':
    'random random_normal array_sample array_shuffle clock_timestamp timeofday gen_random_uuid uuidv4 uuidv7',
  waits: 'pg_sleep pg_sleep_for pg_sleep_until',
  'concerns this session alone':
    'setseed currval lastval pg_stat_clear_snapshot pg_stat_get_xact_blocks_fetched pg_stat_get_xact_blocks_hit ' +
    'pg_stat_get_xact_function_calls pg_stat_get_xact_numscans pg_stat_get_xact_tuples_deleted ' +
    'pg_stat_get_xact_tuples_fetched pg_stat_get_xact_tuples_hot_updated pg_stat_get_xact_tuples_inserted ' +
    'pg_stat_get_xact_tuples_returned pg_stat_get_xact_tuples_updated',
  "reads the server's state":
    'txid_status pg_xact_status pg_xact_commit_timestamp pg_last_committed_xact pg_is_in_recovery ' +
    'pg_current_wal_lsn pg_current_wal_insert_lsn pg_current_wal_flush_lsn pg_last_wal_receive_lsn ' +
    'pg_last_wal_replay_lsn pg_last_xact_replay_timestamp pg_is_wal_replay_paused pg_get_wal_replay_pause_state ' +
    'pg_blocking_pids pg_safe_snapshot_blocking_pids pg_lock_status pg_notification_queue_usage pg_jit_available ' +
    'pg_control_checkpoint pg_control_system pg_control_init pg_control_recovery pg_stat_get_io pg_get_wait_events ' +
    'pg_stat_get_backend_io pg_stat_get_backend_wal pg_prepared_xact pg_stat_get_recovery_prefetch pg_stat_have_stats ' +
    'pg_get_wal_summarizer_state pg_get_shmem_allocations pg_get_backend_memory_contexts pg_get_loaded_modules ' +
    'pg_show_replication_origin_status pg_current_logfile current_query',
  "reads the server's settings": 'pg_show_all_file_settings pg_hba_file_rules pg_ident_file_mappings',
  'reads the catalog':
    'pg_partition_tree pg_partition_ancestors pg_sequence_last_value pg_collation_actual_version ' +
    'pg_database_collation_actual_version pg_get_sequence_data time_partition_range column_to_column_name get_shard_id_for_distribution_column distributed_tables_colocated worker_hash',
  'reads sizes':
    'pg_relation_size pg_table_size pg_indexes_size pg_total_relation_size pg_database_size pg_tablespace_size ' +
    'citus_relation_size citus_table_size citus_total_relation_size citus_shard_sizes citus_local_disk_space_stats',
  "reads the state of Citus's nodes":
    'citus_stat_activity citus_locks citus_blocking_pids citus_backend_gpid citus_calculate_gpid citus_is_coordinator ' +
    'citus_remote_connection_stats citus_get_active_worker_nodes master_get_active_worker_nodes ' +
    'get_rebalance_progress get_rebalance_table_shards_plan citus_rebalance_status citus_job_list citus_job_status ' +
    'citus_query_stats citus_executor_name citus_stat_statements citus_stat_counters citus_stat_tenants ' +
    'citus_stat_tenants_local citus_stat_tenants_local_internal citus_is_primary_node get_nodeid_for_groupid ' +
    'get_all_active_transactions get_global_active_transactions citus_internal_local_blocked_processes ' +
    'citus_internal_global_blocked_processes local_blocked_processes global_blocked_processes',
};

const harmless: ReadonlySet<string> = new Set(Object.values(harmlessByReason).flatMap(names => names.split(' ')));

/** Volatile functions of extensions that leave nothing behind. */
const harmlessOfExtension: Readonly<Record<string, ReadonlySet<string>>> = {
  pg_stat_statements: new Set(['pg_stat_statements', 'pg_stat_statements_info']),
};

/**
 * Functions that act although the catalog calls them stable or immutable (looked through in PostgreSQL 15, 17 and 18 and
 * in Citus 11.1 and 13.2).
 */
const actingThoughNotVolatile: readonly (readonly [name: RegExp, effect: string])[] = [
  [/^(table|schema|database)_to_xml/, 'reads relations that nobody can see in the text'],
  [/^(txid_current|pg_current_xact_id)$/, 'takes a transaction id, which a rollback does not give back'],
  [
    /^(pg_input_(is_valid|error_info)|(array|domain|record|range|multirange)_in)$/,
    'runs the checks of a type it is given',
  ],
  [/^master_run_on_worker$/, 'runs SQL on other nodes, which a rollback does not undo'],
  [/^(worker_partial|coord_combine)_agg/, 'runs the aggregate it is given'],
  [/adjust_local_clock_to_remote$/, 'moves the clock of Citus, which a rollback does not undo'],
];

/** Volatile functions that act, and what they do: "… which a rollback does not undo" where that is so. */
const effects: readonly (readonly [name: RegExp, effect: string])[] = [
  [/^(nextval|setval)$/, 'moves a sequence, which a rollback does not undo'],
  [/^set_config$/, 'changes a setting'],
  [/^pg_notify$/, 'sends a notification'],
  [/^pg_(try_)?advisory_/, 'takes or frees an advisory lock, which a rollback may not undo'],
  [/^(lo_|lowrite$|lo(read|tell|seek)$)/, 'works on large objects'],
  [/^dblink/, 'sends SQL to another server, which a rollback does not undo'],
  [/^(pg_terminate_backend|pg_cancel_backend)$/, "ends somebody's work, which a rollback does not undo"],
  [
    /^pg_(reload_conf|rotate_logfile(_old)?|promote|switch_wal|log_backend_memory_contexts)$/,
    'acts on the whole server',
  ],
  [
    /^pg_(create_restore_point|wal_replay_(pause|resume)|(backup|start|stop)_?(backup|start|stop))$/,
    'acts on the whole server',
  ],
  [/^pg_(create|drop|copy|replication|logical|sync)_.*(slot|origin|emit|changes|advance)/, 'acts on replication'],
  [/^pg_replication_/, 'acts on replication'],
  [/^pg_stat_(reset|statements_reset|force_next_flush)/, 'resets statistics, which a rollback does not undo'],
  [/^pg_(file_|logdir_)/, "works on the server's files, which a rollback does not undo"],
  [/^pg_import_system_collations$/, 'creates collations'],
  [/^pg_(clear|restore)_(attribute|relation)_stats$/, "changes the planner's statistics"],
  [/^(brin_|gin_clean_pending_list$)/, 'changes an index'],
  [/^((query|cursor)_to_xml|ts_(stat|rewrite)$)/, 'runs the SQL it is given'],
  [/^pg_(ls_|read_|stat_file$)/, "reads the server's files"],
  [/^run_command_on_/, 'runs SQL on other nodes, which a rollback does not undo'],
  [
    /^(create_(distributed|reference)_|undistribute_|alter_(distributed_table|table_set)|truncate_local_data)/,
    'changes distributed tables',
  ],
];

/** Too wide for a name of which it is not known whose it is. */
const citusAdministration =
  /^(master|worker|citus|isolate|update_distributed|rebalance|start_metadata|stop_metadata|recover_prepared)_/;

export type VolatileEffect = 'harmless' | { effect: string } | 'unknown';

/**
 * What a volatile function does as far as these tables know. Only pg_catalog's functions can be known to be harmless:
 * anybody may name a function of their own `random`.
 */
export function volatileEffect(schema: string, name: string): VolatileEffect {
  if (schema === 'pg_catalog' && harmless.has(name)) return 'harmless';
  const known = effects.find(([pattern]) => pattern.test(name));
  if (known) return { effect: known[1] };
  return citusAdministration.test(name) ? { effect: 'administers Citus' } : 'unknown';
}

/** What a function of PostgreSQL or of an extension does in spite of being stable or immutable; undefined: nothing known. */
export function effectThoughNotVolatile(name: string): string | undefined {
  return actingThoughNotVolatile.find(([pattern]) => pattern.test(name))?.[1];
}

/** The same of `volatileEffect` where the function belongs to an extension. */
export function isHarmlessOfExtension(extension: string, name: string): boolean {
  return harmlessOfExtension[extension]?.has(name) ?? false;
}

/** What a function of this name is sure to do, before any catalog is asked; undefined where the name does not tell. */
export function effectByName(schema: string | undefined, name: string): string | undefined {
  if (schema !== undefined && schema !== 'pg_catalog') return name.startsWith('dblink') ? effectOf(name) : undefined;
  return harmless.has(name) ? undefined : effectOf(name);
}

function effectOf(name: string): string | undefined {
  return [...effects, ...actingThoughNotVolatile].find(([pattern]) => pattern.test(name))?.[1];
}
