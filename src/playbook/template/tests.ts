import { lines, type Phase, sql } from './step';

export const testPieces: Phase = {
  title: 'Test each piece',
  steps: [
    {
      title: 'Reads',
      tools: '`Cutover: Explain Analyze on Both Sides`, the application’s tests against the target, as `app_user`',
      rollback: 'nothing to undo',
      verify: 'the same rows, and no read slower than agreed; what differs has a finding below',
      body: [
        'Rows and times, with care:',
        lines(
          '- Explain as `app_user`: settings of the role, row security and the search path are part of the plan.',
          '- Run each statement five times and drop the first run: it fills caches and loads JIT’s library.',
          '- On Citus look at the slowest task: one slow worker makes the whole statement slow.',
        ),
      ],
    },
    {
      title: 'Writes',
      tools:
        '`Cutover: Explain Analyze on Both Sides` (rolled back), the application’s tests against a copy of the target',
      rollback:
        'EXPLAIN ANALYZE is rolled back; sequences, notifications and remote calls are not. Copy again what the tests wrote',
      verify: 'every statement of the list has a finding or a check; reads alone prove little',
      body: [
        lines(
          'Writes that a test commits on the subscribed target break replication (“duplicate key” in the apply worker): commit on a copy.',
          'The writes that make up the load, procedures and functions included (PostgreSQL 12: `total_time`, `mean_time`):',
        ),
        sql(`SELECT calls, round(mean_exec_time::numeric, 2) AS mean_ms, round(total_exec_time::numeric) AS total_ms, rows, query
FROM pg_stat_statements
WHERE query ~* '\\m(insert|update|delete|merge|call|copy)\\M' OR query ~* '^\\s*select\\s+[a-z_.]+\\('
ORDER BY total_exec_time DESC
LIMIT 20;`),
      ],
    },
    {
      title: 'Jobs, alerts and backups',
      people: 'whoever is on call in the first week',
      tools: '`pg_cron` or the scheduler in use, the monitoring, the backup tool',
      rollback: '`UPDATE cron.job SET active = false;` on the target until “Open the target”',
      verify: 'each job ran once on a copy, an alert rang at the person on call, a backup of the target was restored',
      body: [
        'Fill in:',
        lines(
          '- jobs, and on which side each is active before and after the move (never on both):',
          '- alerts that must ring on the target: disk, lag, connections, errors, no standby, failed archiving, long transactions:',
        ),
      ],
    },
  ],
};

export const simulation: Phase = {
  title: 'Simulate production',
  steps: [
    {
      title: 'The recorded load on a copy of the target',
      people: 'one for the application',
      tools: '`pgbench -f … --rate=… --log`, or a replay of the log; `Cutover: Compare Snapshots…`',
      rollback: 'stop the load; throw the copy away',
      verify: 'at the rate of the busiest hour, 95th percentiles and error rate are within the limits agreed above',
      body: [
        'What makes the simulation tell the truth:',
        lines(
          '- Reads and writes in production’s proportion and concurrency, through the same pool.',
          '- At a fixed rate (`--rate`), and latency counted from the planned start; a loop that waits for answers hides every stall.',
          '- Then at 1.5 times the rate: note what gives way first.',
          '- Then fail over a worker and the coordinator under load: note the seconds without writes, and whether the pool recovered.',
        ),
      ],
    },
    {
      title: 'The move, rehearsed',
      people: 'everybody of “Coordination”',
      tools: 'this playbook in a branch, `Cutover: Start Step`, `Cutover: Finish Step`, a copy of both sides',
      rollback: 'throw the copies away',
      verify: 'every step of “Go live” was done in order, then the way back; each `planned` time is what was measured',
    },
  ],
};

export const testInProduction: Phase = {
  title: 'Test in production',
  steps: [
    {
      title: 'A small part of the reads goes to the target',
      people: 'one for the application',
      tools: 'the application’s routing, the monitoring',
      rollback: 'route the reads back to the source: one flag, no deployment, tried before',
      verify: 'over a full day, weekly peak included, latency and errors of that part are the source’s',
      body: [
        'Two limits:',
        lines(
          '- Only reads that bear the replication lag, 1 % first, then 10 %.',
          '- Their role may not write: a write on the target now is a conflict in replication later.',
        ),
        sql('ALTER ROLE app_reader SET default_transaction_read_only = on;'),
      ],
    },
    {
      title: 'A tenant of our own writes to the target',
      people: 'one for the application',
      tools: 'the application, with a tenant that does not exist on the source',
      rollback: 'route the tenant back and delete its rows on the target',
      verify: 'every kind of write of the list in “Writes” succeeded within the limits; the rows are deleted again',
      body: [
        lines(
          'Sequences of the target must be far ahead of the source’s (“Sequences”), so that its ids cannot meet replicated ones.',
          'Never a tenant of a customer: its rows would be on one side only. Stop at the first error of an apply worker.',
        ),
      ],
    },
  ],
};
