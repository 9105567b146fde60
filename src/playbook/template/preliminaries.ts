import { lines, type Phase, shell, sql, sqlCheck } from './step';

export const preliminaries: Phase = {
  title: 'Preliminary considerations',
  steps: [
    {
      title: 'Coordination',
      people: 'one who decides, one for the application, one on call at each provider',
      tools: 'the team’s calendar, the incident channel',
      rollback: 'cancel the window and tell the same people',
      verify: 'every line below is filled in, and everybody named has read this playbook',
      body: [
        'Fill in:',
        lines(
          '- decides go, no-go and back:',
          '- takes the decision when the first cannot be reached:',
          '- on call for the source, for the target, for the application:',
          '- window (UTC), and the latest time at which “Go live” may begin:',
          '- channel during the move, and the one to use when it is down:',
          '- support contracts and ticket numbers of both providers:',
          '- who tells the users, when, and where the text is:',
        ),
      ],
    },
    {
      title: 'Verification steps',
      tools: '`Cutover: Compare Snapshots…`, the monitoring',
      rollback: 'nothing to undo',
      verify: 'every limit is a number, agreed before the move, with the graph or the check that shows it',
      body: [
        'Fill in:',
        lines(
          '- statements that must not be slower, and their 95th percentile today and at most:',
          '- error rate today, and from which the move is stopped:',
          '- longest pause of writes that the users accept (the go-live list has 40 minutes in all, 20 of them paused):',
          '- replication lag under which “Go live” may begin:',
          '- how long the target is watched before the way back is closed:',
        ),
      ],
    },
    {
      title: 'Recovery procedure',
      people: 'the one who decides',
      tools: 'the step “Turn the replication round”, backups of both sides',
      rollback: 'this step is the rollback of the whole move',
      verify: 'the way back of the second row was walked in the rehearsal, with a clock',
      body: [
        lines(
          '| until | way back | lost |',
          '|---|---|---|',
          '| “Open the target” begins | drop `cutover_back` if it is there, lift the fence of the source, `RESUME` the pool to it | nothing |',
          '| replication back is dropped | the list below | nothing |',
          '| after that | restore the target’s backup, or stay and repair | what the decision says |',
        ),
        lines(
          '1. `PAUSE` the pool. Fence the target as “Fence the source” says, with the nodes of the target.',
          '2. Wait until `cutover_back` has no lag on any node (the check `drained`), then count and compare.',
          '3. On every node of the source `DROP SUBSCRIPTION cutover_back;`, after `SET default_transaction_read_only = off;`.',
          '4. Set the sequences of the source from the target (“Sequences”, sides exchanged), in a session that may write, too.',
          '5. Lift the fence of the source, point the pool to it, `RELOAD` and `RESUME`, and set the DNS record back.',
          '6. Keep the target as it is: it is the evidence. To try again, copy anew; never resume the old subscriptions.',
        ),
      ],
    },
    {
      title: 'Backups and standbys',
      tools: '`psql`, the backup tool, the provider’s console',
      rollback: 'nothing to undo',
      verify: 'a backup of each side was restored this month, and how long it took stands here',
      body: [
        'WAL is archived on every node (an idle one needs `archive_timeout`). Where backups are made another way, put its check here:',
        sqlCheck(
          { id: 'archiving', on: 'workers', expect: 'true', every: '1h' },
          `SELECT coalesce(last_archived_time > now() - interval '1 hour', false)
   AND coalesce(last_failed_time < last_archived_time, true) AS archived
FROM pg_stat_archiver;`,
        ),
        'The target has as many standbys as the source, and as many synchronous ones; ask it of every worker too:',
        sqlCheck(
          {
            id: 'standbys',
            on: 'both',
            expect: 'target.standbys >= source.standbys and target.synchronous >= source.synchronous',
          },
          `SELECT count(*) AS standbys,
       CASE WHEN count(*) = count(sync_state) THEN count(*) FILTER (WHERE sync_state IN ('sync', 'quorum')) END AS synchronous
FROM pg_stat_replication
WHERE NOT EXISTS (SELECT FROM pg_replication_slots WHERE active_pid = pid AND slot_type = 'logical');`,
        ),
      ],
    },
    {
      title: 'DNS, connection pool, certificates',
      tools: '`dig`, `openssl s_client`, PgBouncer’s console (`psql -p 6432 pgbouncer`)',
      rollback: 'set the old TTL again after the move',
      verify: 'two old TTLs have passed and every resolver answers with 60 s or less',
      body: [
        shell(`dig +noall +answer db.example.com
openssl s_client -starttls postgres -connect target.example.com:5432 -verify_hostname db.example.com -brief </dev/null`),
        lines(
          '- Lower the TTL to 60 s at least one old TTL before. Some drivers keep an address for as long as they run: restart them.',
          '- PgBouncer drops clients that queue longer than `query_wait_timeout` (120 s by default): raise it above the pause.',
          '- `PAUSE` waits for the end of each transaction; with `pool_mode = session` it waits until clients leave.',
          '- The target’s firewall lets in the pool, the jobs, the monitoring and both engineers. Try each from its own machine.',
          '- What connects past the pool (jobs, BI, scripts, workers as entry points) is listed here, with its owner:',
        ),
      ],
    },
    {
      title: 'Freeze of schema, shards and jobs',
      tools: '`psql`, the deployment pipeline',
      rollback: 'lift the freeze and tell the team',
      verify: 'the checks pass; deployments with migrations are blocked until “Monitor”',
      body: [
        lines(
          'Logical replication carries rows and TRUNCATE, no DDL. New partitions, moved and split shards break it: create the',
          'partitions of the next two months now, stop pg_partman and the like, and let no rebalance run (*Citus only*):',
        ),
        sql(`SELECT job_id, state, description
FROM pg_dist_background_job
WHERE state IN ('scheduled', 'running', 'failing', 'cancelling');`),
        'CREATE SUBSCRIPTION waits for every transaction that is open on its source node, and so does each new slot:',
        sqlCheck(
          { id: 'long-transactions', on: 'workers', expect: 'empty or open_for < 10 min', every: '10m' },
          `SELECT pid, usename, now() - xact_start AS open_for
FROM pg_stat_activity
WHERE (backend_xid IS NOT NULL OR backend_xmin IS NOT NULL)
  AND pid NOT IN (SELECT pid FROM pg_stat_replication);`,
        ),
        'A prepared transaction that nobody ends holds locks and rows for ever; Citus ends its own within a minute or two:',
        sqlCheck(
          { id: 'prepared-transactions', on: 'workers', expect: 'empty' },
          `SELECT gid, owner, prepared
FROM pg_prepared_xacts
WHERE prepared < now() - interval '5 minutes';`,
        ),
      ],
    },
  ],
};
