/** Numbers 66, 69 and, of 72, the clocks of the list. */
import * as z from 'zod/mini';
import { formatCount } from '../../shared/format';
import { type Side, sides } from '../../shared/side';
import { type Answered, answered, unanswered } from '../answers';
import { type Check, type CheckDifference, type CheckQuery, type CheckRemedyStep, defineCheck } from '../check';
import { conclude } from '../conclude';
import { literal } from '../literal';
import { coordinatorOf, valueOn } from '../nodes';

/** More nodes than this are counted. */
const maxNodes = 1_000;

const memberSchema = z.strictObject({
  host: z.string(),
  port: z.number(),
  group: z.number(),
  role: z.string(),
  active: z.boolean(),
  hasMetadata: z.boolean(),
  synced: z.nullable(z.boolean()),
  takesShards: z.boolean(),
  placements: z.number(),
  /** Of them, of distributed tables: a reference table is on every node. */
  shards: z.number(),
});
type Member = z.infer<typeof memberSchema>;
const membersSchema = z.strictObject({
  members: z.array(memberSchema),
  more: z.number(),
  strategy: z.nullable(z.string()),
});

const clusterMembers: CheckQuery<z.infer<typeof membersSchema>> = {
  name: 'clusterMembers',
  nodes: 'coordinator',
  sql: ({ citus }) =>
    citus
      ? `SELECT json_build_object(
  'more', (SELECT greatest(count(*) - ${maxNodes}, 0) FROM pg_dist_node),
  'strategy', (SELECT name FROM pg_dist_rebalance_strategy WHERE default_strategy LIMIT 1),
  'members', (SELECT coalesce(json_agg(json_build_object('host', n.nodename, 'port', n.nodeport, 'group', n.groupid, 'role', n.noderole,
       'active', n.isactive, 'hasMetadata', n.hasmetadata, 'synced', n.metadatasynced, 'takesShards', n.shouldhaveshards,
       'placements', coalesce(p.placements, 0), 'shards', coalesce(p.shards, 0)) ORDER BY n.groupid, n.nodeid), '[]')
     FROM (SELECT * FROM pg_dist_node ORDER BY groupid, nodeid LIMIT ${maxNodes}) AS n
     LEFT JOIN (SELECT p.groupid, count(*) AS placements, count(*) FILTER (WHERE t.partmethod <> 'n') AS shards
                  FROM pg_dist_placement p JOIN pg_dist_shard s ON s.shardid = p.shardid JOIN pg_dist_partition t ON t.logicalrelid = s.logicalrelid
                 GROUP BY p.groupid) AS p ON p.groupid = n.groupid))`
      : undefined,
  answer: membersSchema,
};

const nodes = defineCheck({
  id: 'topology.nodes',
  group: 'topology',
  title: 'Nodes of Citus',
  question: 'Is every node of both clusters active, in step with the metadata, and given shards?',
  why: 'An inactive node is left out of reads and writes; one whose metadata is old refuses or misroutes statements; one that takes no shards leaves its load to the others.',
  reference: 'Citus documentation, "pg_dist_node" and "citus_set_node_property"',
  severity: 'high',
  sides,
  queries: { members: clusterMembers },
  judge({ source, target }) {
    const own = {
      source: coordinatorOf(answered(source.answers.members)),
      target: coordinatorOf(answered(target.answers.members)),
    };
    const differences: CheckDifference[] = [];
    const remedies: CheckRemedyStep[] = [];
    const remarks: string[] = [];
    for (const side of sides) {
      const found = own[side];
      if (!found) continue;
      for (const member of found.answer.members) {
        const fault = faultOf(member, meanShards(found.answer.members));
        if (!fault) continue;
        differences.push({ what: fault.what, node: nameOf(member), ...valueOn(side, fault.value) });
        remedies.push(stepOf(side, found, member, fault));
      }
      remarks.push(...remarksOf(side, found.answer.members));
    }
    if (own.source && own.target && own.source.answer.strategy !== own.target.answer.strategy)
      remarks.push(
        `default rebalance strategy: source ${own.source.answer.strategy}, target ${own.target.answer.strategy}`,
      );
    return conclude({
      differences,
      remedies,
      remarks,
      unknown: [
        ...unanswered(source.answers.members, target.answers.members),
        ...sides.flatMap(side => {
          const more = own[side]?.answer.more ?? 0;
          return more > 0 ? [{ what: `${side}: ${formatCount(more)} more nodes were not looked at` }] : [];
        }),
      ],
      pass: own.source || own.target ? 'every node is active, in step, and takes shards' : 'neither side has Citus',
    });
  },
});

function nameOf({ host, port }: Member): string {
  return `${host}:${port}`;
}

interface Fault {
  what: string;
  value: string;
  sql: string;
  lock: string;
  rollback: string;
}

/** Shards of a node that has any, on average; 0 where they are too few for all. */
function meanShards(members: readonly Member[]): number {
  const taking = members.filter(({ role, takesShards }) => role === 'primary' && takesShards);
  const total = taking.reduce((sum, { shards }) => sum + shards, 0);
  return total < taking.length ? 0 : total / taking.filter(({ shards }) => shards > 0).length;
}

function faultOf(member: Member, mean: number): Fault | undefined {
  const { host, port, group, role, active, hasMetadata, synced, takesShards, placements, shards } = member;
  if (role !== 'primary') return undefined;
  const address = `${literal(host)}, ${port}`;
  if (!active)
    return {
      what: 'inactive',
      value: `isactive = false, ${formatCount(placements)} placements`,
      sql: `SELECT citus_activate_node(${address});`,
      lock: 'metadata: DDL and changes of nodes wait; reference tables are copied to it',
      rollback: `SELECT citus_disable_node(${address}, true);`,
    };
  if (hasMetadata && synced === false)
    return {
      what: 'metadata is not in step',
      value: 'metadatasynced = false',
      sql: `SELECT start_metadata_sync_to_node(${address});`,
      lock: 'metadata: DDL and changes of nodes wait until all of it is sent',
      rollback: 'Nothing needs to be taken back.',
    };
  // As of a node that was added, and no rebalance since.
  if (takesShards && shards === 0 && mean > 0)
    return {
      what: 'a node that takes shards and has none',
      value: `0 shards, while the others have ${formatCount(Math.round(mean))} on average`,
      sql: 'SELECT citus_rebalance_start();',
      lock: 'writes to a shard wait for a moment when it is moved; needs the replica identity of topology.moves',
      rollback: 'SELECT citus_rebalance_stop(); what was moved stays where it is.',
    };
  if (group !== 0 && !takesShards && shards === 0)
    return {
      what: 'a worker without shards that is given none',
      value: 'shouldhaveshards = false',
      sql: `SELECT citus_set_node_property(${address}, 'shouldhaveshards', true);`,
      lock: 'metadata for a moment; citus_rebalance_start() moves shards to it afterwards',
      rollback: `SELECT citus_set_node_property(${address}, 'shouldhaveshards', false);`,
    };
  return undefined;
}

function stepOf(
  side: Side,
  { node }: Answered<unknown>,
  member: Member,
  { sql, lock, rollback }: Fault,
): CheckRemedyStep {
  const verify = `SELECT isactive, metadatasynced, shouldhaveshards FROM pg_dist_node WHERE nodename = ${literal(member.host)} AND nodeport = ${member.port};`;
  return { side, nodes: [node], sql, lock, rollback, verify };
}

function remarksOf(side: Side, members: readonly Member[]): string[] {
  const workers = members.filter(({ group, role }) => group !== 0 && role === 'primary').length;
  const coordinator = members.find(({ group }) => group === 0);
  const others = members.filter(({ role }) => role !== 'primary').length;
  return [
    `${side}: ${formatCount(workers)} workers${others > 0 ? `, ${formatCount(others)} secondaries` : ''}`,
    ...(coordinator || workers === 0
      ? []
      : [
          `${side}: the coordinator is not in pg_dist_node, so that local tables and distributed ones do not meet: citus_set_coordinator_host() adds it`,
        ]),
    ...(coordinator?.takesShards && workers > 0 ? [`${side}: the coordinator holds shards, too`] : []),
  ];
}

const clockSchema = z.strictObject({ epochSeconds: z.number() });

const clockReadings: CheckQuery<z.infer<typeof clockSchema>> = {
  name: 'clockReadings',
  nodes: 'every',
  sql: () => `SELECT json_build_object('epochSeconds', extract(epoch FROM clock_timestamp())::float8)`,
  answer: clockSchema,
};

/** All are asked within the time that one statement may take, so that less than this is no difference of clocks. */
const clockLimitSeconds = 30;

const clocks = defineCheck({
  id: 'topology.clocks',
  group: 'topology',
  title: 'Clocks',
  question: `Do the clocks of all nodes agree within ${clockLimitSeconds} seconds?`,
  why: 'now() of another node writes another time; time-ordered keys, expiry and jobs go wrong with it, and logs cannot be laid side by side.',
  reference: `PostgreSQL documentation, "Current Date/Time". Read without a common clock: what differs less than ${clockLimitSeconds} s may be the time it took to ask`,
  severity: 'medium',
  sides,
  queries: { clocks: clockReadings },
  judge({ source, target }) {
    const readings = { source: answered(source.answers.clocks), target: answered(target.answers.clocks) };
    const reference = coordinatorOf(readings.source) ?? coordinatorOf(readings.target);
    const differences: CheckDifference[] = [];
    for (const side of sides)
      for (const { node, answer } of readings[side]) {
        const ahead = answer.epochSeconds - (reference ?? { answer }).answer.epochSeconds;
        if (Math.abs(ahead) <= clockLimitSeconds) continue;
        differences.push({
          what: `clock other than that of ${reference!.node}`,
          node,
          ...valueOn(side, `${formatCount(Math.abs(ahead))} s ${ahead > 0 ? 'ahead' : 'behind'}`),
        });
      }
    return conclude({
      differences,
      unknown: unanswered(source.answers.clocks, target.answers.clocks),
      remarks: differences.length > 0 ? ['time is set by the system (chrony, ntpd), not by PostgreSQL'] : [],
      pass: `the clocks of all nodes agree within ${clockLimitSeconds} s`,
    });
  },
});

export const topologyNodesChecks: readonly Check[] = [nodes, clocks];
