/** Number 81 of the list, as far as SQL can tell. */
import * as z from 'zod/mini';
import { quoted } from '../../plan/causes/relations';
import { formatBytes } from '../../shared/format';
import { eachSide, sides } from '../../shared/side';
import { answered, unanswered } from '../answers';
import {
  type Check,
  type CheckDifference,
  type CheckQuery,
  type CheckRemedyStep,
  type CheckUnknown,
  defineCheck,
} from '../check';
import { conclude } from '../conclude';
import { jsonWhere } from '../guarded';
import { valueOn } from '../nodes';
import { serviceOf, serviceRoleQuery } from '../services';

const diskSchema = z.strictObject({
  /** Null: hidden. */
  dataDirectory: z.nullable(z.string()),
  /** Bytes are null where the role may not ask. */
  tablespaces: z.array(z.strictObject({ name: z.string(), location: z.string(), bytes: z.nullable(z.number()) })),
  /** Of the files in pg_wal; null: hidden. */
  walBytes: z.nullable(z.number()),
  /** What checkpoints and wal_keep_size (up to 12: segments) are set to keep, in bytes. */
  maxWalBytes: z.number(),
  keptWalBytes: z.number(),
  service: z.nullable(z.string()),
});
type Disk = z.infer<typeof diskSchema>;

const diskUse: CheckQuery<Disk> = {
  name: 'diskUse',
  nodes: 'every',
  sql: ({ versionNum }) => `SELECT json_build_object(
  'dataDirectory', (SELECT setting FROM pg_settings WHERE name = 'data_directory'),
  'tablespaces', (SELECT json_agg(json_build_object('name', spcname, 'location', pg_tablespace_location(oid),
       'bytes', CASE WHEN has_tablespace_privilege(oid, 'CREATE') OR pg_has_role('pg_read_all_stats', 'USAGE') THEN pg_tablespace_size(oid) END)
       ORDER BY spcname) FROM pg_tablespace WHERE spcname <> 'pg_global'),
  'walBytes', ${jsonWhere(`has_function_privilege('pg_ls_waldir()', 'EXECUTE')`, `SELECT to_json(coalesce(sum(size), 0)) FROM pg_ls_waldir()`)},
  'maxWalBytes', pg_size_bytes(current_setting('max_wal_size')),
  'keptWalBytes', ${
    versionNum >= 130_000
      ? `pg_size_bytes(current_setting('wal_keep_size'))`
      : `current_setting('wal_keep_segments')::bigint * pg_size_bytes(current_setting('wal_segment_size'))`
  },
  'service', ${serviceRoleQuery})`,
  answer: diskSchema,
};

/** max_wal_size is a soft limit: a burst goes beyond it until the next checkpoint. */
const piledUpRatio = 2;
const piledUpBytes = 64 * 2 ** 20;

const disk = defineCheck({
  id: 'operations.disk',
  group: 'operations',
  title: 'WAL that piles up, and disk space',
  question: 'Does every node keep no more WAL than its checkpoints need?',
  why: 'A slot that nobody reads, archiving that fails or a standby that is gone keep WAL until the disk is full, and then the server stops. What is free no function of PostgreSQL tells.',
  reference: 'PostgreSQL documentation, "WAL Configuration: max_wal_size" and "pg_ls_waldir"',
  severity: 'high',
  sides,
  queries: { disk: diskUse },
  judge({ source, target }) {
    const differences: CheckDifference[] = [];
    const remedies: CheckRemedyStep[] = [];
    const remarks: string[] = [];
    const unknown: CheckUnknown[] = unanswered(source.answers.disk, target.answers.disk);
    for (const [side, { user, answers }] of eachSide({ source, target }))
      for (const { node, answer } of answered(answers.disk)) {
        remarks.push(`${side}: ${node}: ${roomWords(answer)}`);
        const { walBytes, maxWalBytes, keptWalBytes } = answer;
        const grant = (role: string) => `GRANT ${role} TO ${quoted(user)}`;
        if (walBytes === null)
          unknown.push({ what: 'how much WAL it keeps is hidden', node, grant: grant('pg_monitor') });
        else if (walBytes > piledUpRatio * maxWalBytes + keptWalBytes + piledUpBytes) {
          differences.push({
            what: 'WAL piles up',
            node,
            ...valueOn(side, `${formatBytes(walBytes)}, while max_wal_size = ${formatBytes(maxWalBytes)}`),
          });
          remedies.push({
            side,
            nodes: [node],
            sql: `-- Whichever of them holds it is mended first: replication.lag and operations.archiving say how.
SELECT slot_name, active, restart_lsn, pg_size_pretty(pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)) FROM pg_replication_slots;
SELECT last_archived_wal, last_failed_wal, last_failed_time FROM pg_stat_archiver;
CHECKPOINT;`,
            lock: 'none; a checkpoint writes all changed pages',
            rollback: 'Nothing needs to be taken back.',
            verify: 'SELECT pg_size_pretty(sum(size)) FROM pg_ls_waldir();',
          });
        }
        if (answer.tablespaces.some(({ bytes }) => bytes === null))
          unknown.push({ what: 'the size of its tablespaces is hidden', node, grant: grant('pg_read_all_stats') });
      }
    return conclude({
      differences,
      remedies,
      remarks,
      unknown,
      pass: 'no node keeps more WAL than its checkpoints need',
    });
  },
});

/** What is used, and how to see what is free. */
function roomWords({ tablespaces, walBytes, dataDirectory, service }: Disk): string {
  const used = tablespaces.map(({ name, bytes, location }) => {
    const place = location === '' ? '' : ` (${location})`;
    return `${bytes === null ? 'a hidden size' : formatBytes(bytes)} in ${name}${place}`;
  });
  if (walBytes !== null) used.push(`${formatBytes(walBytes)} of WAL`);
  const console = serviceOf(service);
  const free = console
    ? `what is free the console of ${console} shows`
    : `what is free df -h shows there, for ${dataDirectory ?? 'its data directory'}`;
  return `${used.join(', ')}; ${free}`;
}

export const operationsDiskChecks: readonly Check[] = [disk];
