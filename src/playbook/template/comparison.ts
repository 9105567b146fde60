import { catalogueCheck, lines, type Phase, sql, sqlCheck } from './step';

export const comparison: Phase = {
  title: 'Comparison analysis',
  steps: [
    {
      title: 'Versions and extensions',
      tools: '`Cutover: Run Phase`, the release notes of every version in between',
      rollback: 'nothing to undo',
      verify: 'the checks pass, or what differs is wanted and stands below with the release note that matters',
      body: [
        lines(
          'An extension that the target does not have stops the restore of the schema halfway: ask the provider now. After an',
          'upgrade in place, `ALTER EXTENSION citus UPDATE;` runs on the coordinator first and then on every worker.',
        ),
        catalogueCheck('versions.postgresql'),
        catalogueCheck('versions.citus'),
        catalogueCheck('versions.extensions'),
      ],
    },
    {
      title: 'Settings of the planner, of roles and of databases',
      tools: '`psql`, `Cutover: Prove the Cause`',
      rollback: '`ALTER ROLE app_user RESET jit;`, then reconnect the pool',
      verify: 'the checks pass; a setting carried over from the source was measured on the target’s version',
      body: [
        lines(
          'A workaround of the source can be the fault of the target: up to PostgreSQL 17, `enable_nestloop = off` adds',
          '10,000,000,000 to the cost of a nested loop that cannot be avoided, so that JIT compiles every task of a short statement.',
          'Where JIT is the cause, the role goes without it:',
        ),
        sql('ALTER ROLE app_user SET jit = off;'),
        lines(
          'On Citus a superuser’s `ALTER ROLE … SET` at the coordinator reaches the workers. `ALTER DATABASE … SET` does so on',
          '13.2 and does not on 11.1: there run it on every node. Both act at login, so reconnect the pool. `SET jit = off` in a',
          'session acts on the coordinator alone.',
        ),
        catalogueCheck('settings.planner'),
        catalogueCheck('settings.roles'),
        catalogueCheck('jit.available'),
      ],
    },
    {
      title: 'Encoding and collations',
      tools: '`Cutover: Run Check`',
      rollback: 'nothing to undo',
      verify: 'the check passes, or the step “Indexes on text after a copy of files” is planned, with its hours',
      body: [
        lines(
          'Another C library can sort text in another order; glibc 2.28 and the way from musl (Alpine) to glibc are the steps',
          'that reorder most. A logical copy builds its indexes anew and is safe; a copy of files carries the old order along.',
        ),
        catalogueCheck('locale.collations'),
      ],
    },
    {
      title: 'Room for the copy',
      people: 'whoever can restart the source',
      tools: '`psql`, the provider’s console',
      rollback: '`ALTER SYSTEM RESET wal_level;` and a restart, once no slot is left',
      verify:
        'both checks pass on every node of both sides; each node has twice its data free, and WAL of two days besides',
      body: [
        lines(
          'Logical replication needs `wal_level = logical` and a free slot and sender on the source now, and on the target for',
          'the way back. Changing it restarts the server: do it weeks before, node by node.',
        ),
        sqlCheck(
          { id: 'logical-decoding', on: 'workers', expect: 'true' },
          `SELECT current_setting('wal_level') = 'logical'
   AND current_setting('max_replication_slots')::int > (SELECT count(*) FROM pg_replication_slots)
   AND current_setting('max_wal_senders')::int > (SELECT count(*) FROM pg_stat_replication) AS ready;`,
        ),
        'Citus multiplies connections: each session of the coordinator may open several to every worker.',
        sqlCheck(
          { id: 'connections', on: 'workers', expect: 'used < allowed * 0.8', every: '10m' },
          `SELECT count(*) AS used,
       current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int AS allowed
FROM pg_stat_activity
WHERE usename IS NOT NULL;`,
        ),
      ],
    },
    {
      title: 'Statements that make up the load',
      tools: '`Cutover: Show Slow Statements`, `Cutover: Take a Snapshot…`, `Cutover: Explain on Both Sides`',
      rollback: 'nothing to undo: plain EXPLAIN does not execute the statement',
      verify: 'a snapshot of a busy hour of the source is kept; each statement of 2 % of the time or more is explained',
      body: [
        'Without `pg_stat_statements` on every node there is nothing to compare with after the move:',
        catalogueCheck('statements.ready'),
      ],
    },
  ],
};
