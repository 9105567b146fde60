import * as z from 'zod/mini';
import { quoted } from '../../plan/causes/relations';
import { formatCount } from '../../shared/format';
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
import { coordinatorOf } from '../nodes';
import { isUsers } from '../tables/tables-sql';

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

export const replicationChecks: readonly Check[] = [identity];
