import { layoutOfSource, publicationOfNode } from './citus-sql';
import { catalogueCheck, lines, type Phase, shell, sql, sqlCheck } from './step';

/** What carries the rows over. What is checked of each copied object follows in copied-objects.ts. */
export const copy: Phase = {
  title: 'Copy the old to the new',
  steps: [
    {
      title: 'The way the data travels',
      people: 'both providers’ support',
      tools: 'the answers of “Comparison analysis”',
      rollback: 'choose again; nothing is built yet',
      verify: 'one row is chosen, tried with a copy of the largest table, and its time for 5 TB stands here',
      body: [
        lines(
          '| way | needs | way back |',
          '|---|---|---|',
          '| logical replication, node to node (the steps below) | `wal_level = logical`; the same shards on both sides | replication turned round, nothing lost |',
          '| a standby of every node, then promoted | files and WAL within reach, the same major version, Citus and architecture | logical, set up after the promotion |',
          '| `pg_dump` and `pg_restore --jobs` | writes stopped for the whole copy | none but the source as it was |',
        ),
        lines(
          'Never subscribe at a coordinator to a distributed table: the rows land in its empty shell, no error is shown, and queries',
          'do not see them. Never use `FOR ALL TABLES` on a Citus node: it publishes `pg_dist_node` and the rest of the metadata.',
          'Columnar tables cannot be decoded: copy them in the pause, or convert them before.',
        ),
      ],
    },
    {
      title: 'Roles and schema',
      tools: '`pg_dumpall`, `pg_dump`, `pg_restore`, `psql`, of the newer version of the two',
      rollback: '`DROP DATABASE app;` on the target; the source is only read',
      verify: 'the checks pass: what each compares is the same on both coordinators',
      body: [
        shell(`pg_dumpall --roles-only --no-role-passwords -d "$SOURCE" -f roles.sql   # read it before running it: drop what is the provider's
psql "$TARGET" -X -f roles.sql
pg_dump "$SOURCE" --schema-only --no-publications --no-subscriptions -Fc -f schema.dump
pg_restore -d "$TARGET" --exit-on-error schema.dump`),
        'Passwords travel only with a superuser’s `pg_dumpall`; elsewhere set them anew: `\\password app_user`.',
        sqlCheck(
          { id: 'columns', on: 'both', expect: 'same' },
          `SELECT nspname AS schema, relname AS name,
       md5(string_agg(concat_ws(' ', attname, format_type(atttypid, atttypmod), attnotnull), ', ' ORDER BY attnum)) AS columns
FROM pg_class
JOIN pg_namespace ON pg_namespace.oid = relnamespace
JOIN pg_attribute ON attrelid = pg_class.oid AND attnum > 0 AND NOT attisdropped
WHERE relkind IN ('r', 'p', 'v', 'm', 'f')
  AND nspname !~ '^(pg_|information_schema$|columnar|citus|cron$|partman$)'
  AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_class.oid AND deptype = 'e')
GROUP BY nspname, relname;`,
        ),
      ],
    },
    {
      title: 'Nodes and shards',
      tools: '`psql`; *Citus only*',
      rollback: '`DROP DATABASE app;` on every node of the target, then “Roles and schema” again',
      verify:
        '`shard-layout` passes; `SELECT * FROM citus_check_cluster_node_health() WHERE result IS NOT TRUE;` is empty',
      body: [
        'On the target’s coordinator, with names that every node can resolve:',
        sql(`SELECT citus_set_coordinator_host('target-coordinator', 5432);
SELECT citus_add_node('target-worker-1', 5432);`),
        lines(
          'Shards travel under their own names, so the target’s get the numbers of the source’s. Run this on the source as superuser',
          'and what it prints on the target, before any row is there (`psql "$SOURCE" -XAt -F " -- " -f … | psql "$TARGET" -X`):',
        ),
        sql(layoutOfSource),
        lines(
          'Where `shard-layout` differs because shards were moved, move them on the target while they are empty, colocated ones come',
          "along: `SELECT citus_move_shard_placement(102008, 'target-worker-1', 5432, 'target-worker-2', 5432, 'block_writes');`.",
          'Where they were split or tenants were isolated, split the empty ones alike, or take another way.',
          'Strike this check on plain PostgreSQL:',
        ),
        sqlCheck(
          { id: 'shard-layout', on: 'both', expect: 'same' },
          `SELECT logicalrelid::regclass::text AS "table", count(*) AS placements,
       md5(string_agg(concat_ws(' ', shardid, shardminvalue, shardmaxvalue, place), ', ' ORDER BY shardid, place)) AS layout
FROM pg_dist_shard
JOIN pg_dist_placement USING (shardid)
JOIN (SELECT groupid, rank() OVER (ORDER BY groupid <> 0, nodename COLLATE "C", nodeport) AS place
      FROM pg_dist_node WHERE noderole = 'primary') AS node USING (groupid)
GROUP BY logicalrelid;`,
        ),
      ],
    },
    {
      title: 'Replica identities and publications',
      tools: '`psql`',
      rollback: '`DROP PUBLICATION cutover;` on every node of the source',
      verify: 'the check passes, and every node of the source has a publication with all of its tables',
      body: [
        lines(
          'UPDATE and DELETE fail on a published table that has no replica identity. Give it a primary key, or, at the cost of the',
          'whole row in WAL and of a scan for each row on the target, `ALTER TABLE events REPLICA IDENTITY FULL;`. On Citus the',
          'coordinator passes it on to the shards.',
        ),
        catalogueCheck('replication.identity'),
        lines(
          'A role that replicates, at both coordinators. Citus hides shards from the role without the second line, and the subscription',
          'stays empty without an error:',
        ),
        sql(`CREATE ROLE replicator LOGIN REPLICATION IN ROLE app_owner;
ALTER ROLE replicator SET citus.override_table_visibility = off;`),
        lines(
          'On plain PostgreSQL: `CREATE PUBLICATION cutover FOR ALL TABLES;`. On Citus run this on every node of the source, and',
          'what it prints in the same session (`\\gexec`), after `SET citus.enable_ddl_propagation = off;`. Local tables of the',
          'coordinator are added by name: `ALTER PUBLICATION cutover ADD TABLE settings;`.',
        ),
        sql(publicationOfNode('cutover')),
      ],
    },
    {
      title: 'Data',
      people: 'one who watches the source’s disk, by turns',
      tools: '`psql`, the monitoring of disk and network',
      rollback:
        '`DROP SUBSCRIPTION cutover;` on every node of the target (it drops the slot, too), truncate the target, drop the publications',
      verify:
        'the checks pass; `initial-copy` is empty on every node, and the lag stayed below the limit over a busy hour',
      body: [
        lines(
          'On every node of the target, as superuser, with the counterpart’s address. More copies at once:',
          '`max_sync_workers_per_subscription` (2 by default) and `max_logical_replication_workers` (4) on the target.',
        ),
        sql(
          `CREATE SUBSCRIPTION cutover CONNECTION 'host=source-worker-1 port=5432 dbname=app user=replicator' PUBLICATION cutover;`,
        ),
        lines(
          '“publication does not exist” is only a WARNING here: drop the subscription at once and make it again. A slot keeps WAL until',
          'the target has it. When the source’s disk is at 80 %, give the target up rather than the source: roll this step back.',
        ),
        sqlCheck(
          { id: 'initial-copy', on: 'workers', expect: 'empty', every: '10m' },
          `SELECT srrelid::regclass AS "table", srsubstate AS state
FROM pg_subscription_rel
WHERE srsubstate <> 'r';`,
        ),
        sqlCheck(
          { id: 'subscriptions-running', on: 'workers', expect: 'empty', every: '10m' },
          `SELECT subname
FROM pg_subscription
WHERE subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND NOT EXISTS (SELECT FROM pg_stat_subscription AS running WHERE running.subname = pg_subscription.subname AND pid IS NOT NULL);`,
        ),
        'An apply worker that stops again and again has met an error; it stands in the log of the target’s node.',
        sqlCheck(
          { id: 'inactive-slots', on: 'workers', expect: 'empty', every: '10m' },
          `SELECT slot_name, plugin, restart_lsn
FROM pg_replication_slots
WHERE NOT active;`,
        ),
        sqlCheck(
          { id: 'slot-wal', on: 'workers', expect: 'empty or retained_bytes < 200 GB', every: '10m' },
          `SELECT slot_name,
       pg_wal_lsn_diff(CASE WHEN pg_is_in_recovery() THEN pg_last_wal_receive_lsn() ELSE pg_current_wal_lsn() END,
                       restart_lsn) AS retained_bytes
FROM pg_replication_slots
WHERE restart_lsn IS NOT NULL;`,
        ),
        catalogueCheck('replication.lag'),
      ],
    },
  ],
};
