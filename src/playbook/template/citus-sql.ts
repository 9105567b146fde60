/** SQL that writes SQL, for Citus. */

/**
 * The commands that give an empty cluster, with the same schema, the shards of this one under their own numbers. New shards
 * take their numbers from pg_dist_shardid_seq in the order of their hash ranges; partitions take theirs when they are
 * attached. So partitions are detached first, and everything is distributed in the order it was here.
 */
export const layoutOfSource = `WITH shell AS (
  SELECT pg_class.oid, format('%I.%I', nspname, relname) AS name, citus_table_type AS kind, distribution_column,
         shard_count, relispartition, colocation_id, pg_get_expr(relpartbound, pg_class.oid) AS bound,
         (SELECT min(shardid) FROM pg_dist_shard WHERE logicalrelid = pg_class.oid) AS first_shard
  FROM citus_tables
  JOIN pg_class ON pg_class.oid = table_name
  JOIN pg_namespace ON pg_namespace.oid = relnamespace
), placed AS (
  SELECT shell.*, parent.name AS parent,
         first_value(shell.name) OVER (PARTITION BY shell.colocation_id ORDER BY shell.first_shard) AS leader
  FROM shell
  LEFT JOIN pg_inherits ON inhrelid = shell.oid AND shell.relispartition
  LEFT JOIN shell AS parent ON parent.oid = inhparent
)
SELECT format('ALTER TABLE %s DETACH PARTITION %s;', parent, name) AS command, -first_shard AS position
FROM placed
WHERE parent IS NOT NULL
UNION ALL
SELECT format('SELECT setval(%L, %s, false);', 'pg_catalog.pg_dist_shardid_seq', first_shard), 2 * first_shard
FROM placed
UNION ALL
SELECT CASE
         WHEN parent IS NOT NULL THEN format('ALTER TABLE %s ATTACH PARTITION %s %s;', parent, name, bound)
         WHEN kind = 'reference' THEN format('SELECT create_reference_table(%L);', name)
         WHEN kind = 'local' THEN format('SELECT citus_add_local_table_to_metadata(%L);', name)
         WHEN name = leader THEN format('SELECT create_distributed_table(%L, %L, shard_count => %s, colocate_with => %L);',
                                        name, distribution_column, shard_count, 'none')
         ELSE format('SELECT create_distributed_table(%L, %L, colocate_with => %L);', name, distribution_column, leader)
       END, 2 * first_shard + 1
FROM placed
ORDER BY position;`;

/** The command that publishes what the node it runs on holds of distributed and reference tables. */
export const publicationOfNode = (name: string): string =>
  `SELECT 'CREATE PUBLICATION ${name} FOR TABLE ' || string_agg(shard_name(logicalrelid, shardid), ', ' ORDER BY shardid)
FROM pg_dist_placement
JOIN pg_dist_shard USING (shardid)
WHERE groupid = (SELECT groupid FROM pg_dist_local_group);`;
