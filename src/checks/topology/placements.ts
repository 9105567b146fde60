/** Number 68 of the list. */
import * as z from 'zod/mini';
import { quoted } from '../../plan/causes/relations';
import { formatBytes, formatCount, formatRatio } from '../../shared/format';
import { eachSide, type Side, sides } from '../../shared/side';
import { type Answered, answered, unanswered } from '../answers';
import { type Check, type CheckDifference, type CheckQuery, type CheckRemedyStep, defineCheck } from '../check';
import { conclude } from '../conclude';
import { coordinatorOf, joinSteps, valueOn } from '../nodes';
import { statesUnknown, type TableState, tableStates, tableTotals, totalBytes } from '../tables/state';

const maxListed = 20;

const strayTable = z.strictObject({ schema: z.string(), name: z.string(), bytes: z.nullable(z.number()) });
const placementsSchema = z.strictObject({
  /** Placements that the metadata has on this node, and those of them that are not active. */
  placements: z.number(),
  inactive: z.number(),
  /** Shards that should be here, and have no table. */
  lost: z.array(z.string()),
  lostCount: z.number(),
  /** Tables named as shards of a distributed table, which the metadata does not have here. */
  stray: z.array(strayTable),
  strayCount: z.number(),
  /** Of the coordinator alone: what waits to be dropped, and whether shards are being moved. */
  toCleanUp: z.number(),
  moving: z.boolean(),
});
type Placements = z.infer<typeof placementsSchema>;

/**
 * Shards are told by the number at the end of their name: a long name is cut before it. NOT IN, as it is hashed, while an
 * anti-join of CTEs is nested for want of statistics (measured: 2,000 shards, 40 ms instead of 4 s).
 */
const shardPlacements: CheckQuery<Placements> = {
  name: 'shardPlacements',
  nodes: 'every',
  sql: ({ citus }) =>
    citus
      ? `WITH placed AS MATERIALIZED (
  SELECT p.shardid, p.shardstate, l.relname, l.relnamespace
    FROM pg_dist_placement p JOIN pg_dist_shard s ON s.shardid = p.shardid JOIN pg_class l ON l.oid = s.logicalrelid::oid
   WHERE p.groupid = (SELECT groupid FROM pg_dist_local_group)
), here AS MATERIALIZED (
  SELECT c.oid, c.relname, c.relnamespace, substring(c.relname FROM '^(.*)_[0-9]{5,18}$') AS shell,
         substring(c.relname FROM '_([0-9]{5,18})$')::bigint AS shardid
    FROM pg_class c WHERE c.relkind IN ('r', 'p', 'f') AND c.relname ~ '_[0-9]{5,18}$'
), lost AS MATERIALIZED (
  SELECT relname, shardid FROM placed
   WHERE shardstate = 1 AND (shardid, relnamespace) NOT IN (SELECT shardid, relnamespace FROM here)
), unplaced AS MATERIALIZED (
  SELECT * FROM here WHERE shardid NOT IN (SELECT shardid FROM placed)
), stray AS MATERIALIZED (
  SELECT u.oid, n.nspname AS schema, u.relname AS name FROM unplaced u JOIN pg_namespace n ON n.oid = u.relnamespace
   WHERE EXISTS (SELECT FROM pg_dist_partition d JOIN pg_class l ON l.oid = d.logicalrelid::oid
                  WHERE l.relnamespace = u.relnamespace AND l.relname::text = u.shell)
)
SELECT json_build_object(
  'placements', (SELECT count(*) FROM placed), 'inactive', (SELECT count(*) FROM placed WHERE shardstate <> 1),
  'lostCount', (SELECT count(*) FROM lost), 'strayCount', (SELECT count(*) FROM stray),
  'lost', (SELECT coalesce(json_agg(concat(relname, '_', shardid)), '[]') FROM (SELECT * FROM lost ORDER BY shardid LIMIT ${maxListed}) AS l),
  'stray', (SELECT coalesce(json_agg(json_build_object('schema', schema, 'name', name,
       'bytes', CASE WHEN NOT EXISTS (SELECT FROM pg_locks k WHERE k.relation = s.oid AND k.mode = 'AccessExclusiveLock') THEN pg_relation_size(oid) END)), '[]')
     FROM (SELECT * FROM stray ORDER BY schema, name LIMIT ${maxListed}) AS s),
  'toCleanUp', (SELECT count(*) FROM pg_dist_cleanup),
  'moving', EXISTS (SELECT FROM pg_dist_background_task WHERE status IN ('running', 'cancelling')))`
      : undefined,
  answer: placementsSchema,
};

/** As citus_rebalance_start improves, and where it pays. */
const nodeSkew = 1.5;
const shardSkew = 5;
const skewBytes = 16 * 2 ** 20;

const placements = defineCheck({
  id: 'topology.placements',
  group: 'topology',
  title: 'Placements of shards',
  question: 'Is every shard where the metadata says, are none left over, and do all nodes hold about as much?',
  why: 'A statement takes as long as its slowest node: one that holds twice as much sets the pace. A shard without its table fails every statement that needs it; tables left over keep the disk.',
  reference: 'Citus documentation, "Cluster Management: Rebalance Shards" and "citus_cleanup_orphaned_resources"',
  severity: 'high',
  sides,
  queries: { placements: shardPlacements, states: tableStates },
  judge({ source, target }) {
    const differences: CheckDifference[] = [];
    const remedies: CheckRemedyStep[] = [];
    const remarks: string[] = [];
    for (const [side, { answers }] of eachSide({ source, target })) {
      const found = answered(answers.placements);
      const own = coordinatorOf(found);
      // A shard that was moved away is dropped some seconds later.
      const settled = own?.answer.moving === false && own.answer.toCleanUp === 0;
      for (const each of found) judgeNode(side, each, settled, differences, remedies);
      if (!own) continue;
      if (own.answer.moving) remarks.push(`${side}: shards are being moved: tables left over were not looked for`);
      if (own.answer.toCleanUp > 0)
        remarks.push(
          `${side}: ${formatCount(own.answer.toCleanUp)} shards or slots wait to be cleaned up; CALL citus_cleanup_orphaned_resources() does it at once`,
        );
      judgeSkew(side, own.node, answered(answers.states), differences, remedies, remarks);
    }
    return conclude({
      differences,
      remedies: joinSteps(remedies),
      remarks,
      unknown: [
        ...unanswered(source.answers.placements, target.answers.placements),
        ...statesUnknown(source.answers.states, target.answers.states),
      ],
      pass: 'every shard is in its place, and no node holds much more than the others',
    });
  },
});

function judgeNode(
  side: Side,
  { node, answer }: Answered<Placements>,
  settled: boolean,
  differences: CheckDifference[],
  remedies: CheckRemedyStep[],
): void {
  const more = (count: number, listed: readonly unknown[]) =>
    count > listed.length ? ` and ${formatCount(count - listed.length)} more` : '';
  if (answer.inactive > 0)
    differences.push({
      what: 'placements that are not active',
      node,
      ...valueOn(side, formatCount(answer.inactive)),
    });
  if (answer.lostCount > 0)
    differences.push({
      what: 'shards without their tables',
      node,
      ...valueOn(side, `${answer.lost.join(', ')}${more(answer.lostCount, answer.lost)}`),
    });
  if (answer.strayCount === 0 || !settled) return;
  differences.push({
    what: 'tables of shards that the metadata does not have there',
    node,
    ...valueOn(
      side,
      `${answer.stray
        .map(({ schema, name, bytes }) => `${schema}.${name}${bytes === null ? '' : ` (${formatBytes(bytes)})`}`)
        .join(', ')}${more(answer.strayCount, answer.stray)}`,
    ),
  });
  remedies.push({
    side,
    nodes: [node],
    sql: answer.stray.map(({ schema, name }) => `DROP TABLE ${quoted(schema, name)};`).join('\n'),
    lock: 'ACCESS EXCLUSIVE on tables that no statement of Citus uses',
    rollback: 'There is none: look into each first; a move that still runs would need it.',
    verify: 'Run this check again.',
  });
}

function judgeSkew(
  side: Side,
  coordinator: string,
  nodes: readonly Answered<{ tables: TableState[]; more: number }>[],
  differences: CheckDifference[],
  remedies: CheckRemedyStep[],
  remarks: string[],
): void {
  const shared = nodes.map(({ node, role, answer }) => ({
    node,
    role,
    bytes: answer.tables
      .filter(({ spread }) => spread === 'distributed')
      .reduce((sum, table) => sum + totalBytes(table), 0),
  }));
  const holding = shared.filter(({ role, bytes }) => role === 'worker' || bytes > 0);
  const mean = holding.reduce((sum, { bytes }) => sum + bytes, 0) / Math.max(holding.length, 1);
  const heavy = holding.filter(({ bytes }) => bytes > nodeSkew * mean && bytes - mean > skewBytes);
  for (const { node, bytes } of heavy)
    differences.push({
      what: 'holds more than its share of the shards',
      node,
      ...valueOn(side, `${formatBytes(bytes)}, ${formatRatio(bytes / mean)} the mean of ${formatBytes(mean)}`),
    });
  if (heavy.length > 0)
    remedies.push({
      side,
      nodes: [coordinator],
      sql: 'SELECT citus_rebalance_start();',
      lock: 'writes to a shard wait for a moment when it is moved; needs the replica identity of topology.moves',
      rollback: 'SELECT citus_rebalance_stop(); what was moved stays where it is.',
      verify: 'SELECT nodename, nodeport, sum(shard_size) FROM citus_shards GROUP BY 1, 2;',
    });
  for (const { words, spread, largestBytes, medianBytes, stored } of tableTotals(nodes).values()) {
    if (spread !== 'distributed' || stored < 2 || largestBytes - medianBytes <= skewBytes) continue;
    if (largestBytes > shardSkew * medianBytes)
      remarks.push(
        `${side}: the largest shard of ${words} has ${formatBytes(largestBytes)}, that in the middle ${formatBytes(medianBytes)}: a big tenant; isolate_tenant_to_new_shard gives it a shard of its own`,
      );
  }
}

export const topologyPlacementsChecks: readonly Check[] = [placements];
