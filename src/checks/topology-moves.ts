/** Number 74 of the list. */
import * as z from 'zod/mini';
import { quoted } from '../plan/causes/relations';
import { formatCount } from '../shared/format';
import { answered, unanswered } from './answers';
import { type Check, type CheckDifference, type CheckQuery, type CheckRemedyStep, defineCheck } from './check';
import { conclude } from './conclude';
import { literal } from './literal';
import { coordinatorOf, joinSteps } from './nodes';
import { tableSpreads } from './topology-tables-sql';

const walLevelSchema = z.strictObject({ walLevel: z.string() });

const walLevels: CheckQuery<z.infer<typeof walLevelSchema>> = {
  name: 'walLevels',
  nodes: 'every',
  sql: ({ citus }) => (citus ? `SELECT json_build_object('walLevel', current_setting('wal_level'))` : undefined),
  answer: walLevelSchema,
};

const moves = defineCheck({
  id: 'topology.moves',
  group: 'topology',
  title: 'Online moves of shards',
  question: 'Can the target move and split every shard while it is written to?',
  why: 'A move or split copies by logical replication: without an identity of rows, or wal_level = logical, it is refused, for all tables of the colocation group, or blocks writes.',
  reference:
    'Citus documentation, "citus_move_shard_placement" and "citus_rebalance_start"; measured on 11.1.7 and 13.2.2: 0A000 "cannot use logical replication to transfer shards"',
  severity: 'medium',
  sides: ['target'],
  queries: { spreads: tableSpreads, levels: walLevels },
  judge({ target }) {
    const own = coordinatorOf(answered(target.answers.spreads));
    const differences: CheckDifference[] = [];
    const remedies: CheckRemedyStep[] = [];
    for (const table of own?.answer.tables ?? []) {
      if (table.identified || (table.kind !== 'distributed' && table.kind !== 'single-shard')) continue;
      differences.push({
        what: `${table.schema}.${table.name} without replica identity`,
        target: `with it all ${formatCount(own!.answer.tables.filter(({ colocation }) => colocation === table.colocation).length)} tables of its group stay where they are`,
      });
      const identity = table.candidate === null ? 'FULL' : `USING INDEX ${quoted(table.candidate)}`;
      remedies.push({
        side: 'target',
        nodes: [own!.node],
        sql: `ALTER TABLE ${quoted(table.schema, table.name)} REPLICA IDENTITY ${identity};`,
        lock: 'ACCESS EXCLUSIVE for a moment, on the table and each shard',
        rollback: `ALTER TABLE ${quoted(table.schema, table.name)} REPLICA IDENTITY DEFAULT;`,
        verify: 'Run this check again. A primary key is better: FULL searches for whole rows.',
      });
    }
    for (const { node, answer } of answered(target.answers.levels)) {
      if (answer.walLevel === 'logical') continue;
      differences.push({ what: 'wal_level', node, target: answer.walLevel });
      remedies.push({
        side: 'target',
        nodes: [node],
        sql: 'ALTER SYSTEM SET wal_level = logical;\n-- then restart the server',
        lock: 'a restart of the server',
        rollback: `ALTER SYSTEM SET wal_level = ${literal(answer.walLevel)}; then a restart.`,
        verify: 'SHOW wal_level;',
      });
    }
    return conclude({
      differences,
      remedies: joinSteps(remedies),
      unknown: unanswered(target.answers.spreads, target.answers.levels),
      pass: own ? 'every shard of the target can be moved while it is written to' : 'the target has no Citus',
    });
  },
});

export const topologyMovesChecks: readonly Check[] = [moves];
