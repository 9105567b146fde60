/** Number 74 of the list. */
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
import { literal } from '../literal';
import { coordinatorOf, joinSteps } from '../nodes';
import { tableSpreads } from './tables-sql';

const walLevelSchema = z.strictObject({
  walLevel: z.string(),
  /** output_plugin_libraries; null: hidden, or not known to this version, where every library may be used. */
  plugins: z.nullable(z.string()),
  holdsShards: z.boolean(),
});

const walLevels: CheckQuery<z.infer<typeof walLevelSchema>> = {
  name: 'walLevels',
  nodes: 'every',
  sql: ({ citus }) =>
    citus
      ? `SELECT json_build_object('walLevel', current_setting('wal_level'), 'plugins', (SELECT setting FROM pg_settings WHERE name = 'output_plugin_libraries'),
  'holdsShards', EXISTS (SELECT FROM pg_dist_placement WHERE groupid = (SELECT groupid FROM pg_dist_local_group)))`
      : undefined,
  answer: walLevelSchema,
};

/** The minor releases of August 2026 that brought output_plugin_libraries, which only some roles may read. */
const withPlugins: Readonly<Record<number, number>> = { 14: 24, 15: 19, 16: 15, 17: 11, 18: 6 };

function limitsPlugins(versionNum: number): boolean {
  const major = Math.floor(versionNum / 10_000);
  const first = withPlugins[major];
  return first === undefined ? major > 18 : versionNum % 10_000 >= first;
}

const moves = defineCheck({
  id: 'topology.moves',
  group: 'topology',
  title: 'Online moves of shards',
  question: 'Can the target move and split every shard while it is written to?',
  why: 'A move or split copies by logical replication: without an identity of rows, or wal_level = logical, it is refused, for all tables of the colocation group, or blocks writes. A split uses an output plugin named citus, which newer minor versions must be told to allow.',
  reference:
    'Citus documentation, "citus_move_shard_placement" and "citus_rebalance_start"; measured on 11.1.7 and 13.2.2: 0A000 "cannot use logical replication to transfer shards"; citusdata/citus#8777: output_plugin_libraries',
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
    const splits = own?.answer.tables.some(({ kind }) => kind === 'distributed') ?? false;
    const unknown: CheckUnknown[] = unanswered(target.answers.spreads, target.answers.levels);
    for (const { node, versionNum, answer } of answered(target.answers.levels)) {
      const { plugins, holdsShards } = answer;
      const limited = splits && holdsShards && limitsPlugins(versionNum);
      if (limited && plugins === null)
        unknown.push({
          what: 'whether the output plugin of splits is allowed is hidden',
          node,
          grant: `GRANT pg_read_all_settings TO ${quoted(target.user)}`,
        });
      const allowed = (plugins ?? '').split(',').map(plugin => plugin.trim().replaceAll('"', ''));
      if (limited && plugins !== null && !allowed.includes('citus')) {
        differences.push({
          what: 'output plugin of splits is not allowed',
          node,
          target: `output_plugin_libraries = ${plugins}`,
        });
        remedies.push(allowPlugins(node, allowed));
      }
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
      unknown,
      pass: own ? 'every shard of the target can be moved while it is written to' : 'the target has no Citus',
    });
  },
});

function allowPlugins(node: string, allowed: readonly string[]): CheckRemedyStep {
  const set = (plugins: readonly string[]) =>
    `ALTER SYSTEM SET output_plugin_libraries = ${plugins.map(literal).join(', ')};`;
  return {
    side: 'target',
    nodes: [node],
    sql: `${set([...allowed, 'citus'])}\nSELECT pg_reload_conf();`,
    lock: 'none',
    rollback: `${set(allowed)} SELECT pg_reload_conf();`,
    verify: 'SHOW output_plugin_libraries;',
  };
}

export const topologyMovesChecks: readonly Check[] = [moves];
