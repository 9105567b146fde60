/**
 * PostgreSQL marks a function volatile when it has a side effect, and also when its result merely changes. These tables
 * tell the two apart for functions of the schema pg_catalog (PostgreSQL 12–18 documentation, "Functions and Operators";
 * Citus documentation, "Citus Utility Functions"). What stands in neither table is not known to be harmless.
 */

const changingResult = 'gives another result each time';
const readsState = "reads the server's state";
const readsSizes = 'reads sizes';

/** Volatile functions of pg_catalog that leave nothing behind, and why they are volatile. */
const harmless = new Map<string, string>([
  ['random', changingResult],
  ['random_normal', changingResult],
  ['setseed', "changes this session's random() alone"],
  ['clock_timestamp', changingResult],
  ['timeofday', changingResult],
  ['gen_random_uuid', changingResult],
  ['uuidv4', changingResult],
  ['uuidv7', changingResult],
  ['pg_sleep', 'waits'],
  ['pg_sleep_for', 'waits'],
  ['pg_sleep_until', 'waits'],
  ['currval', 'reads what nextval gave this session'],
  ['lastval', 'reads what nextval gave this session'],
  ['txid_status', readsState],
  ['pg_xact_status', readsState],
  ['pg_is_in_recovery', readsState],
  ['pg_current_wal_lsn', readsState],
  ['pg_current_wal_insert_lsn', readsState],
  ['pg_current_wal_flush_lsn', readsState],
  ['pg_last_wal_receive_lsn', readsState],
  ['pg_last_wal_replay_lsn', readsState],
  ['pg_last_xact_replay_timestamp', readsState],
  ['pg_blocking_pids', readsState],
  ['pg_safe_snapshot_blocking_pids', readsState],
  ['pg_lock_status', readsState],
  ['pg_notification_queue_usage', readsState],
  ['pg_jit_available', readsState],
  ['pg_control_checkpoint', readsState],
  ['pg_control_system', readsState],
  ['pg_control_init', readsState],
  ['pg_control_recovery', readsState],
  ['pg_relation_size', readsSizes],
  ['pg_table_size', readsSizes],
  ['pg_indexes_size', readsSizes],
  ['pg_total_relation_size', readsSizes],
  ['pg_database_size', readsSizes],
  ['pg_tablespace_size', readsSizes],
  ['citus_relation_size', readsSizes],
  ['citus_table_size', readsSizes],
  ['citus_total_relation_size', readsSizes],
  ['citus_shard_sizes', readsSizes],
]);

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
  [/^(brin_|gin_clean_pending_list$)/, 'changes an index'],
  [/^(query|cursor)_to_xml/, 'runs the SQL it is given'],
  [/^run_command_on_/, 'runs SQL on other nodes, which a rollback does not undo'],
  [
    /^(create_(distributed|reference)_|undistribute_|alter_(distributed_table|table_set)|truncate_local_data)/,
    'changes distributed tables',
  ],
  [
    /^(master|worker|citus|isolate|update_distributed|rebalance|start_metadata|stop_metadata|recover_prepared)_/,
    'administers Citus',
  ],
];

export type VolatileEffect = 'harmless' | { effect: string } | 'unknown';

/**
 * What a volatile function does as far as these tables know. Only pg_catalog's functions can be known to be harmless:
 * anybody may name a function of their own `random`.
 */
export function volatileEffect(schema: string, name: string): VolatileEffect {
  if (schema === 'pg_catalog' && harmless.has(name)) return 'harmless';
  const known = effects.find(([pattern]) => pattern.test(name));
  return known ? { effect: known[1] } : 'unknown';
}
