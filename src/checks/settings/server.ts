/** Settings by category: numbers 13, 14, 16 to 22 and, of 9, data_checksums, wal_level and huge pages. */
import type { Check } from '../check';
import { settingsCheck } from './compare';
import { citus, connections, durability, io, logging, memory, session, vacuum, wal } from './grades';

const settingsMemory = settingsCheck(
  {
    id: 'settings.memory',
    title: 'Memory and limits',
    question:
      'Has the target no less maintenance memory, connections, locks and prepared transactions than the source?',
    why: 'What fits on the source fails on the target: too many clients, out of shared memory, slow index builds.',
    reference: 'PostgreSQL documentation, "Resource Consumption", "Connection Settings" and "Lock Management"',
    severity: 'medium',
  },
  memory,
);

const settingsIo = settingsCheck(
  {
    id: 'settings.io',
    title: 'I/O and background workers',
    question: 'Are I/O times counted on the target as on the source, and are there as many replication workers?',
    why: 'Without track_io_timing the time of reading cannot be told from the time of computing on that side.',
    reference: 'PostgreSQL documentation, "Run-time Statistics" and "Asynchronous Behavior"',
    severity: 'low',
  },
  io,
);

const settingsSession = settingsCheck(
  {
    id: 'settings.session',
    title: 'Session settings that change results',
    question: 'Does a session read and write dates, numbers, bytes and names alike on every node of both sides?',
    why: 'search_path, TimeZone, DateStyle, bytea_output or default_text_search_config change what the same statement returns, without an error.',
    reference: 'PostgreSQL documentation, "Client Connection Defaults" and "Version and Platform Compatibility"',
    severity: 'high',
  },
  session,
);

const settingsVacuum = settingsCheck(
  {
    id: 'settings.vacuum',
    title: 'Autovacuum, vacuum and freeze',
    question: 'Are tables vacuumed, analysed and frozen on the target by the thresholds of the source?',
    why: 'Fewer or later vacuums leave bloat, stale statistics and old transaction ids; they show weeks after go-live.',
    reference: 'PostgreSQL documentation, "Automatic Vacuuming" and "Routine Vacuuming"',
    severity: 'medium',
  },
  vacuum,
  ({ target }) => offWords(target, 'target', 'autovacuum', 'nothing vacuums, analyses or freezes by itself'),
);

const settingsDurability = settingsCheck(
  {
    id: 'settings.durability',
    title: 'Durability',
    question: 'Does the target keep what it has committed as safely as the source?',
    why: 'Without fsync or full_page_writes a crash corrupts data; with a weaker synchronous_commit it loses commits; without checksums nobody notices.',
    reference: 'PostgreSQL documentation, "Write Ahead Log: Settings", "Data Checksums" and "Developer Options"',
    severity: 'critical',
  },
  durability,
  ({ target }) => [
    ...offWords(target, 'target', 'fsync', 'a crash of the machine may corrupt everything'),
    ...offWords(target, 'target', 'full_page_writes', 'a crash may leave torn pages'),
  ],
);

const settingsWal = settingsCheck(
  {
    id: 'settings.wal',
    title: 'WAL, checkpoints and replication limits',
    question: 'Has the target the WAL level, WAL size, slots and senders of the source?',
    why: 'Logical replication back to the source, standbys and shard moves need them; a smaller max_wal_size means more checkpoints and full pages.',
    reference: 'PostgreSQL documentation, "Write Ahead Log" and "Replication"',
    severity: 'medium',
  },
  wal,
);

const settingsLogging = settingsCheck(
  {
    id: 'settings.logging',
    title: 'Logging and statistics of statements',
    question: 'Is what the source logs and counts logged and counted on the target, too?',
    why: 'What nobody logs cannot be looked into after go-live: slow statements, lock waits, checkpoints, temporary files.',
    reference: 'PostgreSQL documentation, "Error Reporting and Logging", "auto_explain" and "pg_stat_statements"',
    severity: 'low',
  },
  logging,
);

const settingsConnections = settingsCheck(
  {
    id: 'settings.connections',
    title: 'Connections, TLS and password encryption',
    question: 'Does the target protect connections and passwords no less than the source?',
    why: 'Without TLS, or with an older version of it, passwords and data travel in clear or nearly so; a newer minimum locks old clients out.',
    reference: 'PostgreSQL documentation, "Connections and Authentication"',
    severity: 'high',
  },
  connections,
);

const settingsCitus = settingsCheck(
  {
    id: 'settings.citus',
    title: 'Citus settings',
    question: 'Do both sides, and all nodes, distribute and execute with the same citus.* settings?',
    why: 'Pool sizes, repartition joins, local execution and multi-shard modes decide how a distributed statement runs and what fails.',
    reference: 'Citus documentation, "Configuration Reference"',
    severity: 'high',
  },
  citus,
);

function offWords(
  nodes: Parameters<NonNullable<Parameters<typeof settingsCheck>[2]>>[0]['target'],
  side: string,
  name: string,
  harm: string,
): string[] {
  const off = nodes.filter(({ answer }) => answer.get(name)?.value === 'off').map(({ node }) => node);
  return off.length > 0 ? [`${name} is off on the ${side} (${off.join(', ')}): ${harm}`] : [];
}

export const settingsServerChecks: readonly Check[] = [
  settingsMemory,
  settingsIo,
  settingsSession,
  settingsVacuum,
  settingsDurability,
  settingsWal,
  settingsLogging,
  settingsConnections,
  settingsCitus,
];
