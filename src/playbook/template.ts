import { stringify } from 'yaml';
import { escapeMarkdown } from './escape';
import { playbookVersion } from './front-matter';
import { visibleLine } from './visible';

export interface PlaybookNames {
  /** Name of the migration in the settings. */
  migration: string;
  sourceLabel: string;
  targetLabel: string;
}

/** A playbook to start from: the phases of a move between two clusters, each step with who, with what, and how back. */
export function playbookTemplate({ migration, sourceLabel, targetLabel }: PlaybookNames): string {
  const frontMatter = stringify(
    {
      cutover: playbookVersion,
      migration: visibleLine(migration),
      source: visibleLine(sourceLabel),
      target: visibleLine(targetLabel),
    },
    { lineWidth: 0 },
  );
  const title = `# Move ${escapeMarkdown(migration)} from ${escapeMarkdown(sourceLabel)} to ${escapeMarkdown(targetLabel)}`;
  return `---\n${frontMatter}---\n\n${title}\n\n${phases.map(writePhase).join('\n')}\n## Findings\n`;
}

interface Step {
  title: string;
  tools: string;
  rollback: string;
  verify: string;
  /** What to do, and checks; Markdown. */
  body?: string;
}

interface Phase {
  title: string;
  steps: Step[];
}

function writePhase({ title, steps }: Phase): string {
  return `## ${title}\n\n${steps.map(writeStep).join('\n')}`;
}

function writeStep({ title, tools, rollback, verify, body }: Step): string {
  const facts = `- [ ] done\n- owner:\n- reviewer:\n- tools: ${tools}\n- rollback: ${rollback}\n- verify: ${verify}\n`;
  return `### ${title}\n\n${facts}${body ? `\n${body}\n` : ''}`;
}

function check(id: string, on: 'both' | 'source' | 'target' | 'workers', expect: string, sql: string): string {
  return `\`\`\`sql check id=${id} on=${on} expect=${expect}\n${sql}\n\`\`\``;
}

const phases: Phase[] = [
  {
    title: 'Comparison analysis',
    steps: [
      {
        title: 'Same PostgreSQL and Citus versions',
        tools: 'Clusters view of Cutover, `psql`',
        rollback: 'nothing to undo',
        verify:
          'the check passes, or the release notes of every version between were read and what matters is noted here',
        body: check(
          'versions',
          'both',
          'same',
          `SELECT current_setting('server_version') AS postgresql,
       (SELECT extversion FROM pg_extension WHERE extname = 'citus') AS citus;`,
        ),
      },
      {
        title: 'Same extensions',
        tools: '`psql`',
        rollback: 'nothing to undo',
        verify: 'the check passes, or each missing extension is known to be unused',
        body: check('extensions', 'both', 'same', 'SELECT extname, extversion FROM pg_extension ORDER BY extname;'),
      },
      {
        title: 'Same planner and memory settings',
        tools: '`psql`',
        rollback: 'nothing to undo',
        verify: 'the check passes on the coordinators, and the same query was compared on the workers',
        body: check(
          'planner-settings',
          'both',
          'same',
          `SELECT name, setting, unit
FROM pg_settings
WHERE category LIKE 'Query Tuning%' OR name LIKE 'jit%'
   OR name IN ('work_mem', 'hash_mem_multiplier', 'max_parallel_workers_per_gather', 'default_transaction_isolation')
ORDER BY name;`,
        ),
      },
      {
        title: 'Same settings of roles and databases',
        tools: '`psql`; they act at login, so log in as the application’s role to see them',
        rollback: 'nothing to undo',
        verify: 'the check passes; a setting carried over from the source is still wanted on the target’s version',
        body: check(
          'role-settings',
          'both',
          'same',
          `SELECT coalesce(rolname, 'all roles') AS role, coalesce(datname, 'all databases') AS database, unnest(setconfig) AS setting
FROM pg_db_role_setting
LEFT JOIN pg_roles ON pg_roles.oid = setrole
LEFT JOIN pg_database ON pg_database.oid = setdatabase
ORDER BY 1, 2, 3;`,
        ),
      },
      {
        title: 'Same encoding and collation',
        tools: '`psql`',
        rollback: 'nothing to undo',
        verify:
          'the check passes; after a physical copy to another C library every index on text was checked (`amcheck`) or rebuilt',
        body: check(
          'collation',
          'both',
          'same',
          `SELECT pg_encoding_to_char(encoding) AS encoding, datcollate, datctype
FROM pg_database
WHERE datname = current_database();`,
        ),
      },
      {
        title: 'Plans of the statements that make up the load',
        tools: '`Cutover: Explain on Both Sides`, `cutover explain`',
        rollback: 'nothing to undo: plain EXPLAIN does not execute the statement',
        verify:
          'the statements with the most total time, reads and writes alike, have a finding below or the same plan',
        body: `Take them from the source:

\`\`\`sql
SELECT calls, total_exec_time, mean_exec_time, rows, query
FROM pg_stat_statements
ORDER BY total_exec_time DESC
LIMIT 20;
\`\`\``,
      },
    ],
  },
  {
    title: 'Preliminary considerations',
    steps: [
      {
        title: 'Coordination',
        tools: 'the team’s calendar and incident channel',
        rollback: 'cancel the window and tell the same people',
        verify: 'every name and time below is filled in, and everybody named has read this playbook',
        body: `- decides go or back:
- on call for the source, for the target, for the application:
- window (UTC):
- channel during the move:
- who tells the users, and when:`,
      },
      {
        title: 'Verification steps',
        tools: 'this playbook',
        rollback: 'nothing to undo',
        verify: 'the limits were agreed before the move, not during it',
        body: `- statements that must not be slower, and by how much they may be (95th percentile):
- error rate above which the move is stopped:
- longest time without writes that the users accept:`,
      },
      {
        title: 'Recovery procedure',
        tools: 'this playbook, backups of the source',
        rollback: 'this step describes it',
        verify: 'the way back was walked once from start to end, with a clock',
        body: `- until which moment the source can take over again without loss:
- after that moment, how writes made on the target get back to the source:
- last restored backup of the source, and when the restore was tested:`,
      },
    ],
  },
  {
    title: 'Copy the old to the new',
    steps: [
      {
        title: 'Roles, schema and settings',
        tools: '`pg_dumpall --globals-only`, `pg_dump --schema-only`, `psql`',
        rollback: 'drop the database and the roles on the target; the source is only read',
        verify: 'a second dump of the schema from the target equals the source’s',
      },
      {
        title: 'Distributed and reference tables',
        tools: '`create_distributed_table`, `create_reference_table`, `psql`',
        rollback: '`undistribute_table` on the target, or drop and create the schema again',
        verify: 'on Citus, this gives the same rows on both sides; plain PostgreSQL skips the step',
        body: `\`\`\`sql
SELECT table_name::text, citus_table_type, distribution_column, shard_count
FROM citus_tables
ORDER BY 1;
\`\`\``,
      },
      {
        title: 'Data',
        tools: 'logical replication, or `pg_dump` and `pg_restore --jobs`, or the provider’s service',
        rollback:
          'drop the subscription and its slot on the source (a slot left behind fills the disk), truncate the target',
        verify: 'rows and a checksum per table are equal; no slot but the wanted ones is left at the source',
        body: check(
          'replication-slots',
          'source',
          'empty',
          'SELECT slot_name, plugin, database FROM pg_replication_slots WHERE NOT active;',
        ),
      },
      {
        title: 'Sequences',
        tools: '`pg_dump --data-only`, `setval`',
        rollback: 'set them again; a sequence ahead of its column does no harm',
        verify: 'no sequence on the target is behind the source’s; logical replication does not carry them',
        body: check(
          'sequences',
          'both',
          'same',
          'SELECT schemaname, sequencename, last_value FROM pg_sequences ORDER BY 1, 2;',
        ),
      },
      {
        title: 'Indexes and constraints are valid',
        tools: '`psql`',
        rollback: '`DROP INDEX CONCURRENTLY` of what was built anew',
        verify: 'both checks are empty',
        body: [
          check(
            'invalid-indexes',
            'target',
            'empty',
            'SELECT indexrelid::regclass FROM pg_index WHERE NOT indisvalid OR NOT indisready;',
          ),
          check(
            'unvalidated-constraints',
            'target',
            'empty',
            'SELECT conrelid::regclass, conname FROM pg_constraint WHERE NOT convalidated;',
          ),
        ].join('\n\n'),
      },
      {
        title: 'Statistics',
        tools: '`VACUUM (ANALYZE)`',
        rollback: 'nothing to undo',
        verify: 'no table with rows was never analysed: a copy brings no statistics along before PostgreSQL 18',
        body: check(
          'never-analyzed',
          'target',
          'empty',
          `SELECT schemaname, relname, n_live_tup
FROM pg_stat_user_tables
WHERE n_live_tup > 0 AND last_analyze IS NULL AND last_autoanalyze IS NULL;`,
        ),
      },
    ],
  },
  {
    title: 'Test each piece',
    steps: [
      {
        title: 'Reads',
        tools: '`Cutover: Explain Analyze on Both Sides`, the application’s test suite against the target',
        rollback: 'nothing to undo',
        verify: 'same rows, and no read slower than agreed; what differs is recorded below',
      },
      {
        title: 'Writes',
        tools:
          '`Cutover: Explain Analyze on Both Sides` (rolled back), the application’s test suite against the target',
        rollback:
          'EXPLAIN ANALYZE is rolled back; sequences, notifications and remote calls are not. Restore the test data',
        verify:
          'every INSERT, UPDATE, DELETE, MERGE and procedure of the load was measured on the target: reads alone prove little',
      },
      {
        title: 'Jobs, alerts and backups',
        tools: '`pg_cron` or the scheduler in use, the monitoring, the backup tool',
        rollback: 'disable the jobs on the target until the move',
        verify: 'each job ran once on the target, an alert was seen to fire, a backup of the target was restored',
      },
    ],
  },
  {
    title: 'Simulate production',
    steps: [
      {
        title: 'The recorded load on the target',
        tools: '`pgbench` with the application’s statements, or a replay of the log',
        rollback: 'stop the load, restore the target from the copy',
        verify: 'with production’s concurrency, percentiles and error rate stay within the limits agreed above',
      },
      {
        title: 'The move, rehearsed',
        tools: 'this playbook against a copy',
        rollback: 'throw the copy away',
        verify: 'every step from “Go live” was done once in order; the time without writes was measured',
      },
    ],
  },
  {
    title: 'Test in production',
    steps: [
      {
        title: 'A small part of the reads goes to the target',
        tools: 'the application’s routing, the monitoring',
        rollback: 'route the reads back to the source',
        verify: 'latency and errors of that part equal the source’s over a full day',
      },
      {
        title: 'One tenant moves first',
        tools: 'the application’s routing, logical replication back to the source',
        rollback: 'route the tenant back; replay its writes from the target',
        verify: 'reads and writes of that tenant stay within the limits agreed above',
      },
    ],
  },
  {
    title: 'Go live',
    steps: [
      {
        title: 'Stop writes at the source',
        tools: '`ALTER DATABASE … SET default_transaction_read_only = on`, the connection pool',
        rollback: '`ALTER DATABASE … RESET default_transaction_read_only`, reconnect the pool',
        verify: 'no session of the application writes any more',
        body: check(
          'writers',
          'source',
          'empty',
          `SELECT pid, usename, application_name, state
FROM pg_stat_activity
WHERE backend_xid IS NOT NULL AND pid <> pg_backend_pid();`,
        ),
      },
      {
        title: 'The target has everything',
        tools: '`psql`, the comparison of “Data” and “Sequences” again',
        rollback: 'let the source write again',
        verify: 'no lag is left, counts and checksums are equal, sequences are set',
        body: `On the source, once writes have stopped:

\`\`\`sql
SELECT slot_name, pg_wal_lsn_diff(pg_current_wal_lsn(), confirmed_flush_lsn) AS lag_bytes
FROM pg_replication_slots
WHERE slot_type = 'logical';
\`\`\``,
      },
      {
        title: 'Switch the application',
        tools: 'DNS, the connection pool, the application’s configuration',
        rollback: 'switch back; from here on writes made on the target must be carried back first',
        verify: 'sessions of the application are on the target, none on the source',
      },
      {
        title: 'Go or back',
        tools: 'the limits agreed above, the findings below',
        rollback: 'the recovery procedure',
        verify: 'the one who decides has said it in the channel; no finding of high severity is open',
      },
    ],
  },
  {
    title: 'Monitor',
    steps: [
      {
        title: 'The first hour, day and week',
        tools: '`pg_stat_statements` on both sides, `Cutover: Explain on Both Sides`, the monitoring',
        rollback: 'the recovery procedure, while it is still open',
        verify:
          'percentiles and errors stay within the limits at the weekly peak; every regression has a finding below',
      },
      {
        title: 'Retire the source',
        tools: 'a last backup, the provider’s console',
        rollback: 'restore the last backup',
        verify:
          'no session reached it for a week; the backup was restored once; its passwords and network rules are gone',
      },
    ],
  },
];
