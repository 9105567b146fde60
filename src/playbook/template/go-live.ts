import { publicationOfNode } from './citus-sql';
import { lines, type Phase, shell, sql, sqlCheck } from './step';

/** Seven steps whose planned times make 40 minutes. */
export const goLive: Phase = {
  title: 'Go live',
  steps: [
    {
      title: 'Go or no-go',
      people: 'everybody of “Coordination”',
      tools: '`Cutover: Run All Checks`, the channel',
      rollback: 'no-go: nothing was changed; agree on the next window',
      verify: 'the one who decides wrote “go” and the time into the channel',
      plannedMinutes: 5,
      body: [
        lines(
          'Each of these is a no-go:',
          '',
          '- a check of “Copy the old to the new” fails, is stale, or never ran; a finding of high severity is open',
          '- the lag is above the limit, or a node of either side is unhealthy',
          '- the rehearsal was not done with this version of the playbook, or the way back was not walked',
          '- somebody of “Coordination” is missing, or the latest time to begin has passed',
        ),
      ],
    },
    {
      title: 'Pause the pool and the jobs',
      tools: 'PgBouncer’s console, the scheduler',
      rollback: '`RESUME app;`, start the jobs',
      verify: '`SHOW POOLS;` has no active server connection of `app` (`sv_active` = 0)',
      plannedMinutes: 2,
      body: [
        shell(`psql -p 6432 pgbouncer -c 'PAUSE app'   # on every host of the pool; clients wait from here on`),
        'When PAUSE has not returned after 60 s, a transaction is still open: end it (`pg_terminate_backend`), or `RESUME app;` and no-go.',
      ],
    },
    {
      title: 'Fence the source',
      tools: '`psql`',
      rollback: 'lift the fence as below, then `RESUME app;`',
      verify: 'both checks pass on the coordinator, and the queries of both are empty on every worker',
      plannedMinutes: 3,
      body: [
        'First at the coordinator of the source; Citus passes it on to the workers, which refuse it once they are read-only:',
        sql('ALTER ROLE app_user NOLOGIN;'),
        'Then on every node of the source. Replication still writes there, which the way back needs:',
        sql(`SET citus.enable_ddl_propagation = off;
SET default_transaction_read_only = off;
ALTER DATABASE app SET default_transaction_read_only = on;
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename IN ('app_user', 'app_owner');`),
        sqlCheck(
          { id: 'writers', on: 'source', expect: 'empty' },
          `SELECT pid, usename, application_name
FROM pg_stat_activity
WHERE backend_xid IS NOT NULL AND coalesce(backend_type, '') NOT LIKE 'logical replication%';`,
        ),
        sqlCheck(
          { id: 'clients-left', on: 'source', expect: 'empty', every: '10m' },
          `SELECT pid, usename, application_name, client_addr
FROM pg_stat_activity
JOIN pg_roles ON pg_roles.oid = usesysid
WHERE datname = current_database() AND application_name IS DISTINCT FROM 'cutover' AND NOT rolsuper AND NOT rolreplication;`,
        ),
        'To lift the fence: on every node of the source the next three lines, and after that the fourth at the coordinator.',
        sql(`SET citus.enable_ddl_propagation = off;
SET default_transaction_read_only = off;
ALTER DATABASE app RESET default_transaction_read_only;
ALTER ROLE app_user LOGIN;`),
      ],
    },
    {
      title: 'The target has everything',
      tools: '`Cutover: Run Check`, “Sequences”, the counts of “Row counts”',
      rollback: 'lift the fence of the source, `RESUME app;`',
      verify:
        '`drained` passes twice in a row and lists one slot per node of the source; counts are equal; `sequences.behind` passes',
      plannedMinutes: 7,
      body: [
        lines(
          'A checkpoint of the source makes some bytes of lag for a second; what stays is not replicated. At lag 0 compare the counts,',
          'and set the sequences of the target (“Sequences”).',
        ),
        sqlCheck(
          { id: 'drained', on: 'workers', expect: 'empty or lag_bytes = 0' },
          `SELECT slot_name, pg_wal_lsn_diff(pg_current_wal_lsn(), confirmed_flush_lsn) AS lag_bytes
FROM pg_replication_slots
WHERE slot_type = 'logical';`,
        ),
      ],
    },
    {
      title: 'Turn the replication round',
      tools: '`psql`',
      rollback: '`DROP SUBSCRIPTION cutover_back;` on every node of the source, lift its fence, `RESUME app;`',
      verify: '`subscriptions-running` is empty; a slot `cutover_back` is active on every node of the target',
      plannedMinutes: 5,
      body: [
        lines(
          'From here on the source follows the target, so that going back loses nothing. Both sides are equal and nobody writes: no',
          'row is copied. On every node of the target:',
        ),
        sql('DROP SUBSCRIPTION cutover;'),
        lines(
          'On plain PostgreSQL `CREATE PUBLICATION cutover_back FOR ALL TABLES;`. On Citus, on every node of the target, this and what',
          'it prints, after `SET citus.enable_ddl_propagation = off;` (13.2 would make it on the workers, without their shards):',
        ),
        sql(publicationOfNode('cutover_back')),
        'On every node of the source, each with the address of its counterpart:',
        sql(`SET default_transaction_read_only = off;
CREATE SUBSCRIPTION cutover_back CONNECTION 'host=target-worker-1 port=5432 dbname=app user=replicator' PUBLICATION cutover_back WITH (copy_data = false);`),
        'Each subscription must list the shards of its node; an empty one replicates nothing and says nothing:',
        sql('SELECT count(*) AS tables FROM pg_subscription_rel;'),
      ],
    },
    {
      title: 'Open the target',
      people: 'one for the application, one for DNS',
      tools: 'PgBouncer’s console, DNS, the scheduler',
      rollback: '“Recovery procedure”, second row: writes made from here on come back by `cutover_back`',
      verify: 'sessions of `app_user` are on the target, and none on the source (`clients-left`)',
      plannedMinutes: 3,
      body: [
        shell(`sed -i 's/host=source-coordinator/host=target-coordinator/' /etc/pgbouncer/pgbouncer.ini   # on every host of the pool
psql -p 6432 pgbouncer -c 'RELOAD' -c 'RESUME app'`),
        'Set the DNS record, then enable the jobs on the target: `UPDATE cron.job SET active = true;`.',
      ],
    },
    {
      title: 'First writes; stay or go back',
      people: 'the one who decides, one for the application',
      tools: 'the application, `Cutover: Show Slow Statements`, the limits of “Verification steps”',
      rollback: '“Recovery procedure”, second row; open until “Close the way back”',
      verify: 'a login, a write and a report by hand succeeded; the decision and its time stand in the channel',
      plannedMinutes: 15,
      body: [
        'Look at these first:',
        lines(
          '- A row written on the target is on the source some seconds later: the way back works.',
          '- “duplicate key” now: `sequences.behind` first, then “Indexes on text after a copy of files”.',
          '- Slow now: `statistics.never-analyzed` and `settings.roles` first, then explain the first slow statement.',
          '- Back, when after these 15 minutes a limit is broken and its cause is not known and mended. Decide by the numbers.',
        ),
      ],
    },
  ],
};
