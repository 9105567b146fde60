import * as z from 'zod/mini';
import { quoted } from '../plan/causes/relations';
import { formatBytes, formatCount } from '../shared/format';
import { type Side, sides } from '../shared/side';
import { answered, unanswered } from './answers';
import {
  type Check,
  type CheckDifference,
  type CheckQuery,
  type CheckRemedyStep,
  type CheckUnknown,
  defineCheck,
} from './check';
import { conclude } from './conclude';
import { literal } from './literal';
import { coordinatorOf, valueOn } from './nodes';
import { isUsers } from './tables-sql';

const maxTables = 500;

const identitySchema = z.strictObject({
  tables: z.array(
    z.strictObject({
      schema: z.string(),
      name: z.string(),
      /** Of pg_class.relreplident. */
      identity: z.string(),
      /** A unique index that could serve: over columns that are NOT NULL, whole, not deferrable. */
      candidate: z.nullable(z.string()),
      /** Rows changed since the statistics were reset; null on Citus, where shards count them. */
      changed: z.nullable(z.number()),
    }),
  ),
  more: z.number(),
  full: z.array(z.string()),
});

const identities: CheckQuery<z.infer<typeof identitySchema>> = {
  name: 'replicaIdentities',
  nodes: 'coordinator',
  sql: ({ citus }) => `WITH ordinary AS (
  SELECT c.oid, n.nspname AS schema, c.relname AS name, c.relreplident AS identity${citus ? ', p.logicalrelid IS NOT NULL AS distributed' : ', false AS distributed'}
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    ${
      citus
        ? `LEFT JOIN pg_dist_partition p ON p.logicalrelid::oid = c.oid
    LEFT JOIN (pg_dist_shard s JOIN pg_class l ON l.oid = s.logicalrelid::oid)
      ON s.shardid = substring(c.relname FROM '_([0-9]{1,18})$')::bigint AND l.relnamespace = c.relnamespace`
        : ''
    }
   WHERE c.relkind = 'r' AND c.relpersistence = 'p' AND ${isUsers('n.nspname')}${citus ? ' AND s.shardid IS NULL' : ''}
     AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = 'pg_class'::regclass AND e.objid = c.oid AND e.deptype = 'e')
), without AS (
  SELECT * FROM ordinary o
   WHERE o.identity = 'n'
      OR o.identity = 'd' AND NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = o.oid AND i.indisprimary)
      OR o.identity = 'i' AND NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = o.oid AND i.indisreplident)
)
SELECT json_build_object('more', (SELECT greatest(count(*) - ${maxTables}, 0) FROM without),
  'full', (SELECT coalesce(json_agg(concat(schema, '.', name)), '[]') FROM (SELECT * FROM ordinary WHERE identity = 'f' ORDER BY schema, name LIMIT ${maxTables}) f),
  'tables', coalesce(json_agg(json_build_object('schema', w.schema, 'name', w.name, 'identity', w.identity,
    'changed', CASE WHEN NOT w.distributed THEN pg_stat_get_tuples_updated(w.oid) + pg_stat_get_tuples_deleted(w.oid) END,
    'candidate', (SELECT x.relname FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid
       WHERE i.indrelid = w.oid AND i.indisunique AND i.indimmediate AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL
         AND NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = w.oid AND a.attnum = ANY (i.indkey) AND NOT a.attnotnull)
       ORDER BY i.indnatts, x.relname LIMIT 1))), '[]'))
  FROM (SELECT * FROM without ORDER BY schema, name LIMIT ${maxTables}) AS w`,
  answer: identitySchema,
};

const identity = defineCheck({
  id: 'replication.identity',
  group: 'replication',
  title: 'Replica identities',
  question: 'Can every table of the source have its UPDATEs and DELETEs replicated?',
  why: 'Once a table without one is published, its UPDATEs and DELETEs fail at the source; Citus refuses to move its shards online.',
  reference:
    'PostgreSQL documentation, "Logical Replication: Publication"; Citus documentation, "citus_move_shard_placement"',
  severity: 'high',
  sides: ['source'],
  queries: { identities },
  judge({ source }) {
    const own = coordinatorOf(answered(source.answers.identities));
    const differences: CheckDifference[] = [];
    const remedies: CheckRemedyStep[] = [];
    for (const { schema, name, changed, candidate, identity: now } of own?.answer.tables ?? []) {
      const changes =
        changed === null
          ? ''
          : changed === 0
            ? ', no row changed since the statistics were reset'
            : `, ${formatCount(changed)} rows changed`;
      differences.push({
        what: `${schema}.${name} without replica identity`,
        source: `${now === 'n' ? 'REPLICA IDENTITY NOTHING' : 'no primary key'}${changes}`,
      });
      const table = quoted(schema, name);
      const to = candidate === null ? 'FULL' : `USING INDEX ${quoted(candidate)}`;
      remedies.push({
        side: 'source',
        nodes: [own!.node],
        sql: `ALTER TABLE ${table} REPLICA IDENTITY ${to};`,
        lock: 'ACCESS EXCLUSIVE for a moment: it waits for every transaction on the table, and others wait behind it',
        rollback: `ALTER TABLE ${table} REPLICA IDENTITY ${now === 'n' ? 'NOTHING' : 'DEFAULT'};`,
        verify: 'Run this check again. A primary key is better: FULL searches the target for whole rows.',
      });
    }
    const unknown: CheckUnknown[] = unanswered(source.answers.identities);
    const more = own?.answer.more ?? 0;
    if (more > 0) unknown.push({ what: `${formatCount(more)} more such tables are not listed` });
    const full = own?.answer.full ?? [];
    return conclude({
      differences,
      remedies,
      unknown,
      remarks: full.length > 0 ? [`REPLICA IDENTITY FULL, which is slow to apply: ${full.join(', ')}`] : [],
      pass: 'every table of the source has a replica identity',
    });
  },
});

/** More than this is behind, not on its way. */
const lagLimitBytes = 100 * 2 ** 20;
const lagLimitSeconds = 60;

const amount = z.nullable(z.number());
const lagSchema = z.strictObject({
  slots: z.array(
    z.strictObject({
      name: z.string(),
      type: z.string(),
      active: z.boolean(),
      status: z.nullable(z.string()),
      lagBytes: amount,
    }),
  ),
  standbys: z.array(
    z.strictObject({ name: z.string(), state: z.nullable(z.string()), lagBytes: amount, lagSeconds: amount }),
  ),
  subscriptions: z.array(z.strictObject({ name: z.string(), enabled: z.boolean(), running: z.boolean() })),
  /** Of a standby: received and not yet replayed. */
  replayBytes: amount,
  seesAll: z.boolean(),
});

/** Subscriptions are joined by name: up to 13 an ordinary role may not read their ids. */
const replicationState: CheckQuery<z.infer<typeof lagSchema>> = {
  name: 'replicationState',
  nodes: 'every',
  sql: ({ versionNum }) => `WITH here AS (
  SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END AS lsn
)
SELECT json_build_object(
  'slots', (SELECT coalesce(json_agg(json_build_object('name', s.slot_name, 'type', s.slot_type, 'active', s.active,
       'status', ${versionNum >= 130_000 ? 's.wal_status' : 'NULL'},
       'lagBytes', pg_wal_lsn_diff(h.lsn, coalesce(s.confirmed_flush_lsn, s.restart_lsn))) ORDER BY s.slot_name), '[]')
     FROM pg_get_replication_slots() s, here h WHERE NOT s.temporary),
  'standbys', (SELECT coalesce(json_agg(json_build_object('name', coalesce(nullif(r.application_name, ''), r.pid::text), 'state', r.state,
       'lagBytes', pg_wal_lsn_diff(h.lsn, r.replay_lsn), 'lagSeconds', extract(epoch FROM r.replay_lag))), '[]')
     FROM pg_stat_replication r, here h),
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
    for (const [side, { user, answers }] of [
      ['source', source],
      ['target', target],
    ] as const) {
      for (const { node, answer } of answered(answers.state)) {
        const { slots, standbys, subscriptions, replayBytes, seesAll } = answer;
        const add = (what: string, value: string) => differences.push({ what, node, ...valueOn(side, value) });
        for (const slot of slots) {
          const kept = slot.lagBytes === null ? '' : `, ${formatBytes(slot.lagBytes)} behind`;
          seen.push(`slot ${slot.name} on ${node}${kept}`);
          if (slot.status === 'lost' || slot.status === 'unreserved')
            add(`slot ${slot.name}`, `WAL ${slot.status}${kept}`);
          else if (!slot.active) {
            add(`slot ${slot.name}`, `inactive: it keeps WAL${kept}`);
            remedies.push(dropSlot(side, node, slot.name));
          } else if ((slot.lagBytes ?? 0) > lagLimitBytes) add(`slot ${slot.name}`, kept.slice(2));
        }
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

export const replicationChecks: readonly Check[] = [identity, lag];
