/** Which settings are compared in which category, and what of a difference bites. */

/**
 * `same`: any difference bites. `noLess`: less on the target does. `staysOn`: on at the source and off at the target does.
 * `remark`: it follows the machine, the place or the taste, and is told without harm.
 */
export type Grade = 'same' | 'noLess' | 'staysOn' | 'remark';
export type Grades = Readonly<Record<string, Grade>>;

function grades(lists: Partial<Record<Grade, string>>, prefix = ''): Grades {
  return Object.fromEntries(
    Object.entries(lists).flatMap(([grade, names]) =>
      names
        .trim()
        .split(/\s+/)
        .map(name => [`${prefix}${name}`, grade as Grade]),
    ),
  );
}

export const memory = grades({
  noLess: `maintenance_work_mem logical_decoding_work_mem max_stack_depth temp_file_limit max_connections
    max_prepared_transactions max_locks_per_transaction max_pred_locks_per_transaction huge_pages_status`,
  remark: `autovacuum_work_mem huge_pages huge_page_size shared_memory_type min_dynamic_shared_memory max_files_per_process
    superuser_reserved_connections reserved_connections vacuum_buffer_usage_limit`,
});

export const io = grades({
  noLess: 'track_io_timing track_wal_io_timing max_logical_replication_workers',
  remark: `backend_flush_after bgwriter_delay bgwriter_flush_after bgwriter_lru_maxpages bgwriter_lru_multiplier
    file_copy_method io_combine_limit io_max_combine_limit io_max_concurrency io_method io_workers
    max_parallel_apply_workers_per_subscription max_sync_workers_per_subscription old_snapshot_threshold`,
});

export const timeouts = grades({
  same: `default_transaction_deferrable default_transaction_isolation default_transaction_read_only
    idle_in_transaction_session_timeout idle_session_timeout lock_timeout statement_timeout transaction_timeout`,
  remark: `client_connection_check_interval deadlock_timeout tcp_keepalives_count tcp_keepalives_idle
    tcp_keepalives_interval tcp_user_timeout wal_receiver_timeout wal_sender_timeout`,
});

export const session = grades({
  same: `array_nulls backslash_quote bytea_output DateStyle default_table_access_method default_tablespace
    default_text_search_config default_toast_compression event_triggers extra_float_digits gin_fuzzy_search_limit
    IntervalStyle lc_monetary lc_numeric lc_time lo_compat_privileges plpgsql.variable_conflict restrict_nonsystem_relation_kind
    row_security search_path session_replication_role standard_conforming_strings TimeZone timezone_abbreviations
    transform_null_equals xmlbinary xmloption`,
  remark: `check_function_bodies createrole_self_grant escape_string_warning lc_messages plpgsql.check_asserts
    quote_all_identifiers synchronize_seqscans temp_tablespaces`,
});

export const vacuum = grades({
  noLess: 'autovacuum autovacuum_max_workers track_counts',
  same: `autovacuum_analyze_scale_factor autovacuum_analyze_threshold autovacuum_freeze_max_age
    autovacuum_multixact_freeze_max_age autovacuum_naptime autovacuum_vacuum_cost_delay autovacuum_vacuum_cost_limit
    autovacuum_vacuum_insert_scale_factor autovacuum_vacuum_insert_threshold autovacuum_vacuum_scale_factor
    autovacuum_vacuum_threshold vacuum_cost_delay vacuum_cost_limit vacuum_failsafe_age vacuum_freeze_min_age
    vacuum_freeze_table_age vacuum_multixact_failsafe_age vacuum_multixact_freeze_min_age
    vacuum_multixact_freeze_table_age vacuum_truncate`,
  remark: `autovacuum_vacuum_max_threshold autovacuum_worker_slots vacuum_cost_page_dirty vacuum_cost_page_hit
    vacuum_cost_page_miss vacuum_max_eager_freeze_failure_rate`,
});

export const durability = grades({
  noLess: 'data_checksums fsync full_page_writes synchronous_commit',
  same: 'ignore_checksum_failure ignore_invalid_pages ignore_system_indexes zero_damaged_pages',
  remark: 'data_sync_retry synchronous_standby_names wal_log_hints wal_sync_method',
});

export const wal = grades({
  noLess: 'max_replication_slots max_wal_senders max_wal_size wal_level',
  same: 'checkpoint_timeout track_commit_timestamp',
  remark: `archive_timeout checkpoint_completion_target checkpoint_flush_after checkpoint_warning commit_delay
    commit_siblings hot_standby_feedback max_slot_wal_keep_size min_wal_size summarize_wal wal_buffers wal_compression
    wal_init_zero wal_keep_segments wal_keep_size wal_recycle wal_skip_threshold wal_writer_delay wal_writer_flush_after`,
});

/** auto_explain is a remark: on a Citus coordinator it loses rows, so that nobody is told to switch it on. */
export const logging: Grades = {
  ...grades({
    staysOn: `log_autovacuum_min_duration log_checkpoints log_connections log_disconnections log_lock_waits
      log_min_duration_statement log_statement log_temp_files track_functions`,
    noLess: 'track_activities track_activity_query_size',
    remark: `compute_query_id log_destination log_duration log_line_prefix log_min_duration_sample log_min_error_statement
      log_min_messages log_parameter_max_length log_replication_commands log_statement_sample_rate log_timezone
      log_transaction_sample_rate logging_collector`,
  }),
  ...grades({ staysOn: 'save track', noLess: 'max', remark: 'track_planning track_utility' }, 'pg_stat_statements.'),
  ...grades(
    {
      remark: `log_analyze log_buffers log_format log_min_duration log_nested_statements log_settings log_timing log_triggers
        log_verbose log_wal sample_rate`,
    },
    'auto_explain.',
  ),
};

export const connections = grades({
  noLess: 'password_encryption scram_iterations ssl ssl_min_protocol_version',
  same: 'db_user_namespace',
  remark: `allow_alter_system authentication_timeout listen_addresses ssl_ciphers ssl_ecdh_curve ssl_groups ssl_library
    ssl_max_protocol_version ssl_prefer_server_ciphers ssl_tls13_ciphers unix_socket_permissions`,
});

/** Of Citus's planner and executor, its metadata and its moves (Citus documentation, "Configuration Reference"). */
const citusListed = grades(
  {
    same: `all_modifications_commutative coordinator_aggregation_strategy count_distinct_error_rate
      enable_alter_role_propagation enable_binary_protocol enable_create_role_propagation enable_ddl_propagation
      enable_local_execution enable_local_reference_table_foreign_keys enable_repartition_joins
      enable_schema_based_sharding enable_statistics_collection enable_unsafe_triggers limit_clause_row_fetch_count
      local_table_join_policy max_adaptive_executor_pool_size max_cached_conns_per_worker max_intermediate_result_size
      max_shared_pool_size multi_shard_modify_mode multi_task_query_log_level node_conninfo propagate_set_commands
      shard_count shard_replication_factor task_assignment_policy use_citus_managed_tables use_secondary_nodes
      values_materialization_threshold`,
    noLess: 'max_client_connections local_shared_pool_size',
    remark: `background_task_queue_interval cluster_name defer_shard_delete_interval desired_percent_disk_available_after_move
      explain_all_tasks explain_distributed_queries local_hostname log_remote_commands max_background_task_executors
      max_background_task_executors_per_node max_matview_size_to_auto_recreate node_connection_timeout
      recover_2pc_interval stat_statements_max stat_statements_purge_interval stat_statements_track stat_tenants_limit
      stat_tenants_track task_executor_type`,
  },
  'citus.',
);

/** Those that no list of settings shows (GUC_NO_SHOW_ALL). Every role may ask for each by its name. */
const citusUnlisted = grades(
  {
    same: `allow_nested_distributed_execution enable_cost_based_connection_establishment enable_fast_path_router_planner
      enable_non_colocated_router_query_pushdown enable_recurring_outer_join_pushdown enable_repartitioned_insert_select
      enable_router_execution enable_single_hash_repartition_joins executor_slow_start_interval
      force_max_query_parallelization function_opens_transaction_block prevent_incomplete_connection_establishment
      repartition_join_bucket_count_per_node select_opens_transaction_block sort_returning subquery_pushdown`,
  },
  'citus.',
);
export const citus: Grades = { ...citusListed, ...citusUnlisted };
export const unlisted: readonly string[] = Object.keys(citusUnlisted);

/** All that a list of settings may show. */
export const graded: readonly string[] = Object.keys({
  ...memory,
  ...io,
  ...timeouts,
  ...session,
  ...vacuum,
  ...durability,
  ...wal,
  ...logging,
  ...connections,
  ...citusListed,
});
