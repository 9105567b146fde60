import { lines, type Phase, sqlCheck } from './step';

export const monitor: Phase = {
  title: 'Monitor',
  steps: [
    {
      title: 'The first hour, day and week',
      people: 'on call, by turns; nobody for more than 12 hours',
      tools: '`Cutover: Show Slow Statements`, `Cutover: Compare Snapshots…`, `cutover check`, the monitoring',
      rollback: '“Recovery procedure”, second row, while it is open',
      verify:
        'percentiles and errors stay within the limits over the weekly peak; every regression has a finding below',
      body: [
        'Watch, in this order:',
        lines(
          '- first hour: `connections`, `subscriptions-running`, `slot-wal` every 10 minutes; the channel stays open',
          '- first day: a snapshot against the one of the source at the same hour; the first backup of the target is restored',
          '- first week: growth of disk per node, the weekly peak, month-end jobs run early; the schema stays frozen',
        ),
        'The slot for the way back keeps the target’s WAL when the source stops following (`slot-wal`). Bytes of both databases:',
        sqlCheck(
          { id: 'size', on: 'both', expect: 'target.bytes <= source.bytes * 1.2', every: '1h' },
          'SELECT pg_database_size(current_database()) AS bytes;',
        ),
      ],
    },
    {
      title: 'Close the way back',
      people: 'the one who decides',
      tools: '`psql`',
      rollback: 'none: from here on going back loses what was written since',
      verify: 'the time agreed in “Verification steps” has passed; no slot is left on the target (`inactive-slots`)',
      body: [
        'In this order:',
        lines(
          '1. On every node of the source `DROP SUBSCRIPTION cutover_back;` and `DROP PUBLICATION cutover;`, in a session that may write.',
          '2. On every node of the target `DROP PUBLICATION cutover_back;`, at the coordinator `DROP ROLE replicator;`.',
          '3. Lift the freeze of schema, shards and jobs. Set the old TTL and `query_wait_timeout` again.',
        ),
      ],
    },
    {
      title: 'Retire the source',
      people: 'whoever pays the bill, whoever answers for the data',
      tools: 'a last backup, the provider’s console',
      rollback: 'restore the last backup',
      verify: '`clients-left` was empty for a week; the last backup was restored once; how long it is kept stands here',
      body: [
        'Slowly:',
        lines(
          '- Stop the servers for a week before deleting them: what still needs them calls now.',
          '- Then delete passwords, firewall rules, DNS records, replicas, snapshots beyond the kept one, and alerts.',
          '- What took longer than planned, and what this playbook should have said, goes into the template of the next move:',
        ),
      ],
    },
  ],
};
