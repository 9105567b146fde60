/** Numbers 76 and 77 of the list, beyond `replication.lag`. */
import * as z from 'zod/mini';
import { quoted } from '../../plan/causes/relations';
import { formatCount } from '../../shared/format';
import { eachSide, type Side, sides } from '../../shared/side';
import { type Answered, answered, unanswered } from '../answers';
import {
  type Check,
  type CheckDifference,
  type CheckQuery,
  type CheckRemedyStep,
  type CheckUnknown,
  defineCheck,
} from '../check';
import { conclude } from '../conclude';
import { literal } from '../literal';
import { coordinatorOf, joinSteps, valueOn } from '../nodes';
import { serviceOf, serviceRoleQuery } from '../services';

const maxStandbys = 50;

const standbysSchema = z.strictObject({
  /** State and sync_state are null where the role may not see them. */
  standbys: z.array(z.strictObject({ name: z.string(), state: z.nullable(z.string()), sync: z.nullable(z.string()) })),
  /** synchronous_standby_names; null: hidden. */
  wanted: z.nullable(z.string()),
  commit: z.string(),
  service: z.nullable(z.string()),
  seesAll: z.boolean(),
});

/** A subscriber and a base backup are no standbys. */
const standbyStates: CheckQuery<z.infer<typeof standbysSchema>> = {
  name: 'standbyStates',
  nodes: 'every',
  sql: () => `SELECT json_build_object(
  'standbys', (SELECT coalesce(json_agg(s), '[]') FROM (
     SELECT coalesce(nullif(r.application_name, ''), r.pid::text) AS name, r.state, r.sync_state AS sync FROM pg_stat_replication r
      WHERE r.state IS DISTINCT FROM 'backup'
        AND NOT EXISTS (SELECT FROM pg_get_replication_slots() s WHERE s.active_pid = r.pid AND s.slot_type = 'logical')
      ORDER BY 1 LIMIT ${maxStandbys}) AS s),
  'wanted', (SELECT setting FROM pg_settings WHERE name = 'synchronous_standby_names'),
  'commit', current_setting('synchronous_commit'),
  'service', ${serviceRoleQuery},
  'seesAll', pg_has_role(session_user, 'pg_read_all_stats', 'USAGE'))`,
  answer: standbysSchema,
};
type Standbys = z.infer<typeof standbysSchema>;

const standbys = defineCheck({
  id: 'operations.standbys',
  group: 'operations',
  title: 'Standbys',
  question: 'Has the target as many standbys as the source, and does every commit that waits for one find it?',
  why: 'A target without a standby has nothing to fail over to. With synchronous_standby_names set and none of them there, every commit waits for ever.',
  reference: 'PostgreSQL documentation, "High Availability" and "Synchronous Replication"',
  severity: 'high',
  sides,
  queries: { standbys: standbyStates },
  judge({ source, target }) {
    const nodes = { source: answered(source.answers.standbys), target: answered(target.answers.standbys) };
    const differences: CheckDifference[] = [];
    const remedies: CheckRemedyStep[] = [];
    const remarks: string[] = [];
    const unknown: CheckUnknown[] = unanswered(source.answers.standbys, target.answers.standbys);
    for (const role of ['coordinator', 'worker'] as const) {
      const of = (side: Side) => nodes[side].filter(each => each.role === role);
      const most = Math.max(0, ...of('source').map(({ answer }) => answer.standbys.length));
      for (const { node, answer } of most > 0 ? of('target') : []) {
        if (answer.standbys.length >= most) continue;
        const service = serviceOf(answer.service);
        if (service !== undefined)
          remarks.push(`${node}: ${service} keeps its standbys out of sight: see its console for high availability`);
        else
          differences.push({
            what: 'standbys',
            node,
            source: formatCount(most),
            target: formatCount(answer.standbys.length),
          });
      }
    }
    for (const [side, { user }] of eachSide({ source, target }))
      for (const { node, answer } of nodes[side]) {
        for (const { name, state, sync } of answer.standbys)
          if (state !== null) remarks.push(`${side}: ${name} of ${node}: ${state}, ${sync}`);
        if (!answer.seesAll && answer.standbys.some(({ state }) => state === null)) {
          unknown.push({
            what: 'the state of its standbys is hidden',
            node,
            grant: `GRANT pg_read_all_stats TO ${quoted(user)}`,
          });
          continue;
        }
        const fault = unmetSync(answer);
        if (fault === undefined) continue;
        differences.push({ what: 'commits wait for a standby that is not there', node, ...valueOn(side, fault) });
        remedies.push({
          side,
          nodes: [node],
          sql: 'ALTER SYSTEM RESET synchronous_standby_names;\nSELECT pg_reload_conf();',
          lock: 'none; commits that wait go on. Until the standby is back a failover may lose the last of them',
          rollback: `ALTER SYSTEM SET synchronous_standby_names = ${literal(answer.wanted ?? '')}; SELECT pg_reload_conf();`,
          verify: 'SELECT application_name, sync_state FROM pg_stat_replication;',
        });
      }
    return conclude({
      differences,
      remedies: joinSteps(remedies),
      remarks,
      unknown,
      pass: 'the target has as many standbys as the source, and no commit waits for one that is not there',
    });
  },
});

function unmetSync({ wanted, commit, standbys: all }: Standbys): string | undefined {
  if (!wanted || commit === 'off' || commit === 'local') return undefined;
  const met = all.some(({ sync }) => sync === 'sync' || sync === 'quorum');
  return met ? undefined : `synchronous_standby_names = ${wanted}, and none of them replicates`;
}

const archivingSchema = z.strictObject({
  mode: z.nullable(z.string()),
  /** A command or a library is set; null: hidden. */
  target: z.nullable(z.boolean()),
  archived: z.number(),
  failed: z.number(),
  lastFailed: z.nullable(z.string()),
  /** Seconds since. */
  lastArchivedAge: z.nullable(z.number()),
  lastFailedAge: z.nullable(z.number()),
  service: z.nullable(z.string()),
});
type Archiving = z.infer<typeof archivingSchema>;

/** archive_library came with 15. An archive_command shows as `(disabled)` while archive_mode is off. */
const archivingStates: CheckQuery<Archiving> = {
  name: 'archivingStates',
  nodes: 'every',
  sql: () => `SELECT json_build_object('mode', (SELECT setting FROM pg_settings WHERE name = 'archive_mode'),
  'target', (SELECT bool_or(setting NOT IN ('', '(disabled)')) FROM pg_settings WHERE name IN ('archive_command', 'archive_library')),
  'archived', archived_count, 'failed', failed_count, 'lastFailed', last_failed_wal,
  'lastArchivedAge', round(extract(epoch FROM now() - last_archived_time)::numeric, 3),
  'lastFailedAge', round(extract(epoch FROM now() - last_failed_time)::numeric, 3),
  'service', ${serviceRoleQuery})
  FROM pg_stat_archiver`,
  answer: archivingSchema,
};

const archiving = defineCheck({
  id: 'operations.archiving',
  group: 'operations',
  title: 'Archiving of WAL',
  question: 'Is the WAL of the target archived as that of the source, and does archiving succeed on both?',
  why: 'Without it there is no recovery to a point in time on the day that needs one; where it fails, WAL is kept until the disk is full and the server stops.',
  reference: 'PostgreSQL documentation, "Continuous Archiving" and "pg_stat_archiver"',
  severity: 'high',
  sides,
  queries: { archiving: archivingStates },
  judge({ source, target }) {
    const nodes = { source: answered(source.answers.archiving), target: answered(target.answers.archiving) };
    const differences: CheckDifference[] = [];
    const remedies: CheckRemedyStep[] = [];
    const remarks: string[] = [];
    for (const side of sides)
      for (const { node, answer } of nodes[side]) {
        const fault = archivingFault(answer);
        if (fault !== undefined) differences.push({ what: 'archiving', node, ...valueOn(side, fault) });
        else if (answer.archived > 0)
          remarks.push(`${side}: ${node} archived last ${formatCount(Math.round(answer.lastArchivedAge ?? 0))} s ago`);
      }
    const archives = ({ answer }: Answered<Archiving>) => isOn(answer);
    const from = coordinatorOf(nodes.source);
    for (const each of from && archives(from) ? nodes.target : []) {
      const { node, answer } = each;
      if (archives(each)) continue;
      const service = serviceOf(answer.service);
      if (service !== undefined) {
        remarks.push(`${node}: ${service} takes backups of its own: see its console for how far back they reach`);
        continue;
      }
      differences.push({ what: 'archiving', node, source: 'on', target: `archive_mode = ${answer.mode ?? 'hidden'}` });
      remedies.push({
        side: 'target',
        nodes: [node],
        sql: 'ALTER SYSTEM SET archive_mode = on;\n-- then set archive_command to that of the backup tool, and restart the server',
        lock: 'a restart of the server',
        rollback: 'ALTER SYSTEM RESET archive_mode; then a restart.',
        verify: 'SELECT archived_count, last_failed_wal FROM pg_stat_archiver;',
      });
    }
    return conclude({
      differences,
      remedies: joinSteps(remedies),
      remarks,
      unknown: unanswered(source.answers.archiving, target.answers.archiving),
      pass: from && archives(from) ? 'the WAL of both sides is archived' : 'the source does not archive its WAL',
    });
  },
});

function isOn({ mode }: Archiving): boolean {
  return mode === 'on' || mode === 'always';
}

function archivingFault(answer: Archiving): string | undefined {
  if (!isOn(answer)) return undefined;
  if (answer.target === false) return 'archive_mode is on, and no archive_command is set: all WAL is kept';
  const { lastFailedAge, lastArchivedAge } = answer;
  if (lastFailedAge === null || (lastArchivedAge !== null && lastArchivedAge < lastFailedAge)) return undefined;
  return `fails: ${answer.lastFailed} ${formatCount(Math.round(lastFailedAge))} s ago, ${formatCount(answer.failed)} failures in all; last success ${lastArchivedAge === null ? 'never' : `${formatCount(Math.round(lastArchivedAge))} s ago`}`;
}

export const operationsAvailabilityChecks: readonly Check[] = [standbys, archiving];
