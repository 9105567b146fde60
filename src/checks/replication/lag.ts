/** Of number 76 of the list: slots, and how far behind is what reads from them. */
import * as z from 'zod/mini';
import { quoted } from '../../plan/causes/relations';
import { formatBytes } from '../../shared/format';
import { eachSide, type Side, sides } from '../../shared/side';
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
import { literal } from '../literal';
import { valueOn } from '../nodes';

/** More than this is behind, not on its way. */
const lagLimitBytes = 100 * 2 ** 20;
const lagLimitSeconds = 60;

const amount = z.nullable(z.number());
const slotSchema = z.strictObject({
  name: z.string(),
  type: z.string(),
  active: z.boolean(),
  /** wal_status, from 13 on. */
  status: z.nullable(z.string()),
  lagBytes: amount,
  /** safe_wal_size, from 13 on: what may still be written before the slot loses its WAL; null: no limit. */
  safeBytes: amount,
  /** From 16 on: why it can no longer be used. */
  invalid: z.nullable(z.string()),
  /** From 17 on: it is to be kept on standbys, and it is there as such. */
  failover: z.nullable(z.boolean()),
  synced: z.nullable(z.boolean()),
});
type Slot = z.infer<typeof slotSchema>;
const lagSchema = z.strictObject({
  slots: z.array(slotSchema),
  standbys: z.array(
    z.strictObject({
      name: z.string(),
      state: z.nullable(z.string()),
      lagBytes: amount,
      lagSeconds: amount,
      /** Not the reader of a logical slot. */
      physical: z.boolean(),
    }),
  ),
  /** max_slot_wal_keep_size; null: no limit. */
  keptBytes: amount,
  subscriptions: z.array(z.strictObject({ name: z.string(), enabled: z.boolean(), running: z.boolean() })),
  /** Of a standby: received and not yet replayed. */
  replayBytes: amount,
  seesAll: z.boolean(),
});

/** Subscriptions are joined by name: up to 13 an ordinary role may not read their ids. */
const replicationState: CheckQuery<z.infer<typeof lagSchema>> = {
  name: 'replicationState',
  nodes: 'every',
  sql: () => `WITH here AS (
  SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END AS lsn
)
SELECT json_build_object(
  'slots', (SELECT coalesce(json_agg(json_build_object('name', s.slot_name, 'type', s.slot_type, 'active', s.active,
       'status', to_jsonb(s) ->> 'wal_status', 'safeBytes', (to_jsonb(s) ->> 'safe_wal_size')::bigint,
       'invalid', coalesce(to_jsonb(s) ->> 'invalidation_reason', CASE WHEN (to_jsonb(s) ->> 'conflicting')::boolean THEN 'in conflict with recovery' END),
       'failover', (to_jsonb(s) ->> 'failover')::boolean, 'synced', (to_jsonb(s) ->> 'synced')::boolean,
       'lagBytes', pg_wal_lsn_diff(h.lsn, coalesce(s.confirmed_flush_lsn, s.restart_lsn))) ORDER BY s.slot_name), '[]')
     FROM pg_get_replication_slots() s, here h WHERE NOT s.temporary),
  'standbys', (SELECT coalesce(json_agg(json_build_object('name', coalesce(nullif(r.application_name, ''), r.pid::text), 'state', r.state,
       'lagBytes', pg_wal_lsn_diff(h.lsn, r.replay_lsn), 'lagSeconds', extract(epoch FROM r.replay_lag),
       'physical', NOT EXISTS (SELECT FROM pg_get_replication_slots() s WHERE s.active_pid = r.pid AND s.slot_type = 'logical'))), '[]')
     FROM pg_stat_replication r, here h WHERE r.state IS DISTINCT FROM 'backup'),
  'keptBytes', (SELECT setting::bigint * 1048576 FROM pg_settings WHERE name = 'max_slot_wal_keep_size' AND setting <> '-1'),
  'subscriptions', (SELECT coalesce(json_agg(json_build_object('name', u.subname, 'enabled', u.subenabled, 'running',
       EXISTS (SELECT FROM pg_stat_subscription w WHERE w.subname = u.subname AND w.relid IS NULL AND w.pid IS NOT NULL)) ORDER BY u.subname), '[]')
     FROM pg_subscription u WHERE u.subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())),
  'replayBytes', CASE WHEN pg_is_in_recovery() THEN pg_wal_lsn_diff(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()) END,
  'seesAll', pg_has_role(session_user, 'pg_read_all_stats', 'USAGE'))`,
  answer: lagSchema,
};

const lag = defineCheck({
  id: 'replication.lag',
  group: 'replication',
  title: 'Replication lag',
  question: 'Are slots in use, and standbys and subscribers of both sides close behind?',
  why: 'An inactive slot keeps WAL until the disk is full; what lags at go-live is lost or waited for.',
  reference: 'PostgreSQL documentation, "pg_replication_slots", "pg_stat_replication" and "Replication Slots"',
  severity: 'high',
  sides,
  queries: { state: replicationState },
  judge({ source, target }) {
    const differences: CheckDifference[] = [];
    const remedies: CheckRemedyStep[] = [];
    const unknown: CheckUnknown[] = unanswered(source.answers.state, target.answers.state);
    const seen: string[] = [];
    for (const [side, { user, answers }] of eachSide({ source, target })) {
      for (const { node, answer } of answered(answers.state)) {
        const { slots, standbys, subscriptions, replayBytes, seesAll, keptBytes } = answer;
        const add = (what: string, value: string) => differences.push({ what, node, ...valueOn(side, value) });
        for (const slot of slots) {
          const kept = slot.lagBytes === null ? '' : `, ${formatBytes(slot.lagBytes)} behind`;
          seen.push(`slot ${slot.name} on ${node}${kept}`);
          const fault = slotFault(slot, keptBytes, kept);
          if (!fault) continue;
          add(`slot ${slot.name}`, fault.value);
          if (fault.mend === 'drop') remedies.push(dropSlot(side, node, slot.name));
          if (fault.mend === 'keep more' && keptBytes !== null) remedies.push(keepMore(side, node, keptBytes));
        }
        const atStandbys = standbys.some(({ physical }) => physical) ? slots.filter(isLostAtFailover) : [];
        if (atStandbys.length > 0)
          seen.push(
            `a failover of ${node} loses the slots ${atStandbys.map(({ name }) => name).join(', ')}: what reads from them has to be copied again (from 17 on a slot with failover = true, and sync_replication_slots on the standby, keep it)`,
          );
        let hidden = 0;
        for (const { name, state, lagBytes, lagSeconds } of standbys) {
          if (state === null && !seesAll) {
            hidden++;
            continue;
          }
          const words = `${state}, ${lagBytes === null ? 'not yet replaying' : `${formatBytes(lagBytes)} behind`}${lagSeconds === null ? '' : `, ${Math.round(lagSeconds)} s`}`;
          seen.push(`${name} of ${node}: ${words}`);
          if ((lagBytes ?? 0) > lagLimitBytes || (lagSeconds ?? 0) > lagLimitSeconds) add(`receiver ${name}`, words);
        }
        if (hidden > 0)
          unknown.push({
            what: 'the state of its receivers is hidden',
            node,
            grant: `GRANT pg_read_all_stats TO ${quoted(user)}`,
          });
        for (const { name, enabled, running } of subscriptions)
          if (!enabled || !running) add(`subscription ${name}`, enabled ? 'enabled, and no worker runs' : 'disabled');
          else seen.push(`subscription ${name} on ${node} runs`);
        if ((replayBytes ?? 0) > lagLimitBytes) add('replay of this standby', `${formatBytes(replayBytes!)} behind`);
      }
    }
    return conclude({
      differences,
      remedies,
      unknown,
      remarks: seen,
      pass: seen.length > 0 ? 'everything that replicates is close behind' : 'no slots, no standbys, no subscriptions',
    });
  },
});

/** Of what max_slot_wal_keep_size allows. */
const leastSafeShare = 0.2;

/** A slot that a standby keeps in step with its primary is not read from there. */
function slotFault(
  { status, invalid, active, synced, safeBytes, lagBytes }: Slot,
  keptBytes: number | null,
  behind: string,
): { value: string; mend?: 'drop' | 'keep more' } | undefined {
  const left = safeBytes === null ? '' : `, ${formatBytes(Math.max(safeBytes, 0))} before its WAL is removed`;
  if (invalid !== null || status === 'lost')
    return { value: `lost: ${invalid ?? 'its WAL is removed'}${behind}`, mend: 'drop' };
  if (status === 'unreserved')
    return { value: `WAL unreserved: the next checkpoint may remove it${behind}`, mend: 'keep more' };
  if (!active && synced !== true) return { value: `inactive: it keeps WAL${behind}${left}`, mend: 'drop' };
  if (safeBytes !== null && keptBytes !== null && safeBytes < leastSafeShare * keptBytes)
    return { value: `nearly lost${left}${behind}`, mend: 'keep more' };
  return (lagBytes ?? 0) > lagLimitBytes ? { value: behind.slice(2) } : undefined;
}

function isLostAtFailover({ type, failover, synced }: Slot): boolean {
  return type === 'logical' && failover !== true && synced !== true;
}

/** Until who reads from it has caught up. */
function keepMore(side: Side, node: string, keptBytes: number): CheckRemedyStep {
  const mb = Math.round(keptBytes / 2 ** 20);
  return {
    side,
    nodes: [node],
    sql: `ALTER SYSTEM SET max_slot_wal_keep_size = '${2 * mb}MB';\nSELECT pg_reload_conf();`,
    lock: 'none; the disk must have room for it',
    rollback: `ALTER SYSTEM SET max_slot_wal_keep_size = '${mb}MB'; SELECT pg_reload_conf();`,
    verify: 'SELECT slot_name, wal_status, safe_wal_size FROM pg_replication_slots;',
  };
}

function dropSlot(side: Side, node: string, name: string): CheckRemedyStep {
  return {
    side,
    nodes: [node],
    sql: `SELECT pg_drop_replication_slot(${literal(name)});`,
    lock: 'none',
    rollback:
      'There is none: its subscriber or standby has to be copied again. Start that one instead, if it is to live.',
    verify: 'SELECT slot_name, active FROM pg_replication_slots;',
  };
}

export const replicationLagChecks: readonly Check[] = [lag];
