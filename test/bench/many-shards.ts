/** More shards than create_distributed_table makes in a minute. */
import type { LabCluster } from '../lab/cluster';
import type { LabServer } from '../lab/server';

const tables = 20;
/**
 * Twenty colocated tables, empty, which Citus has distributed; their shards are then replaced by as many as asked for, the
 * rows of metadata written on every node and the tables made on the workers, each with its primary key, as it would do.
 * Where the nodes are to be more than the workers, the others have placements and nothing else: no cluster asks them.
 * @param prefix of their names, none of which may be there
 * @param first number of the first shard, beyond those that Citus gave away itself
 */
export async function plantShards(
  { coordinator, workers }: LabCluster,
  shards: number,
  { nodes, prefix, first }: { nodes: number; prefix: string; first: number },
): Promise<void> {
  const servers = [coordinator, ...workers];
  const names = Array.from({ length: tables }, (_, i) => `${prefix}${i}`);
  for (const name of names) {
    await coordinator.query(`CREATE TABLE ${name} (id bigint PRIMARY KEY, at timestamptz DEFAULT now(), note text)`);
    await coordinator.query(`SELECT create_distributed_table('${name}', 'id', shard_count := ${workers.length})`);
  }
  const of = `SELECT logicalrelid FROM pg_dist_partition WHERE logicalrelid::text IN (${names.map(name => `'${name}'`).join(', ')})`;
  const each = Math.round(shards / tables);
  const shardId = `${first} + t.n * ${each} + i`;
  const all = `(SELECT n - 1 AS n, name FROM unnest(ARRAY['${names.join("', '")}']) WITH ORDINALITY AS t (name, n)) AS t
    CROSS JOIN generate_series(0, ${each - 1}) AS i`;
  const bound = (index: string) => `(-2147483648 + ${index} * (4294967296 / ${each}))`;
  const forget = (node: LabServer) =>
    node.query(`SET citus.enable_ddl_propagation = off;
DO $$ DECLARE old record; BEGIN
  FOR old IN SELECT concat(logicalrelid, '_', shardid) AS name FROM pg_dist_shard WHERE logicalrelid IN (${of}) LOOP
    EXECUTE format('DROP TABLE IF EXISTS %I', old.name);
  END LOOP;
END $$;
DELETE FROM pg_dist_placement WHERE shardid IN (SELECT shardid FROM pg_dist_shard WHERE logicalrelid IN (${of}));
DELETE FROM pg_dist_shard WHERE logicalrelid IN (${of});`);
  const record = (node: LabServer) =>
    node.query(`INSERT INTO pg_dist_shard (logicalrelid, shardid, shardstorage, shardminvalue, shardmaxvalue)
SELECT t.name::regclass, ${shardId}, 't', ${bound('i')},
       CASE WHEN i = ${each - 1} THEN 2147483647 ELSE ${bound('(i + 1)')} - 1 END FROM ${all};
INSERT INTO pg_dist_placement (placementid, shardid, shardstate, shardlength, groupid)
SELECT ${shardId}, ${shardId}, 1, 0, coalesce(g.ids[1 + i % ${nodes}], 1000 + i % ${nodes})
  FROM ${all}, (SELECT array_agg(groupid ORDER BY groupid) AS ids FROM pg_dist_node WHERE groupid <> 0) AS g;
UPDATE pg_dist_colocation SET shardcount = ${each}
 WHERE colocationid IN (SELECT colocationid FROM pg_dist_partition WHERE logicalrelid IN (${of}));
ANALYZE pg_dist_shard, pg_dist_placement;`);
  const create = async (node: LabServer) => {
    for (const [n, name] of names.entries())
      await node.query(`SET citus.enable_ddl_propagation = off; SET citus.enable_manual_changes_to_shards = on;
DO $$ DECLARE own int := (SELECT groupid FROM pg_dist_local_group); shard bigint; BEGIN
  FOR shard IN SELECT shardid FROM pg_dist_placement WHERE groupid = own
    AND shardid BETWEEN ${first + n * each} AND ${first + (n + 1) * each - 1} LOOP
    EXECUTE format('CREATE TABLE ${name}_%s (id bigint, at timestamptz DEFAULT now(), note text, CONSTRAINT ${name}_pkey_%s PRIMARY KEY (id))', shard, shard);
  END LOOP;
END $$`);
    await node.query('ANALYZE pg_catalog.pg_class, pg_catalog.pg_attribute, pg_catalog.pg_index, pg_catalog.pg_depend');
  };
  for (const node of servers) await forget(node);
  for (const node of servers) await record(node);
  await Promise.all(workers.map(create));
}
