/** Numbers 71 and, of 70, the background jobs of the list. */
import * as z from 'zod/mini';
import { formatCount } from '../../shared/format';
import { eachSide, type Side, sides } from '../../shared/side';
import { answered, unanswered } from '../answers';
import { type Check, type CheckDifference, type CheckQuery, type CheckRemedyStep, defineCheck } from '../check';
import { conclude } from '../conclude';
import { literal } from '../literal';
import { coordinatorOf, joinSteps, valueOn } from '../nodes';

/** Names beyond these are compared as one digest. */
const maxObjects = 500;

const digest = z.tuple([z.number(), z.nullable(z.string())]);
const metadataSchema = z.strictObject({
  /** Number of rows and their digest, by what a row is of. */
  tables: digest,
  shards: digest,
  placements: digest,
  nodes: digest,
  objects: digest,
  /** The first of the distributed objects, in order. */
  names: z.array(z.string()),
});
type Metadata = z.infer<typeof metadataSchema>;

const digestOf = (value: string, from: string): string =>
  `(SELECT json_build_array(count(*), md5(string_agg(md5(${value}), '' ORDER BY md5(${value})))) FROM ${from})`;

/** By name and shard number: object ids differ from node to node. Dropped objects have no identity, and are left out. */
const metadataDigests: CheckQuery<Metadata> = {
  name: 'metadataDigests',
  nodes: 'every',
  sql: ({ citus }) =>
    citus
      ? `WITH named AS MATERIALIZED (
  SELECT c.oid, concat_ws('.', n.nspname, c.relname) AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE c.oid IN (SELECT logicalrelid::oid FROM pg_dist_partition)
), objects AS MATERIALIZED (
  SELECT concat(i.type, ' ', i.identity) AS name
    FROM pg_dist_object o CROSS JOIN LATERAL pg_identify_object(o.classid, o.objid, o.objsubid) AS i WHERE i.identity IS NOT NULL
)
SELECT json_build_object(
  'tables', ${digestOf(`concat_ws(' ', t.name, p.partmethod, p.colocationid, p.repmodel)`, 'pg_dist_partition p JOIN named t ON t.oid = p.logicalrelid::oid')},
  'shards', ${digestOf(`concat_ws(' ', s.shardid, t.name, s.shardminvalue, s.shardmaxvalue)`, 'pg_dist_shard s JOIN named t ON t.oid = s.logicalrelid::oid')},
  'placements', ${digestOf(`concat_ws(' ', p.shardid, p.groupid)`, 'pg_dist_placement p WHERE p.shardstate = 1')},
  'nodes', ${digestOf(`concat_ws(' ', d.nodeid, d.groupid, d.nodename, d.nodeport, d.isactive, d.noderole, d.shouldhaveshards)`, 'pg_dist_node d')},
  'objects', ${digestOf('o.name', 'objects o')},
  'names', (SELECT coalesce(json_agg(name ORDER BY name COLLATE "C"), '[]') FROM (SELECT name FROM objects ORDER BY name COLLATE "C" LIMIT ${maxObjects}) AS o))`
      : undefined,
  answer: metadataSchema,
};

const compared = ['nodes', 'tables', 'shards', 'placements', 'objects'] as const;

const metadata = defineCheck({
  id: 'topology.metadata',
  group: 'topology',
  title: 'Metadata on every node',
  question:
    'Does every worker know the tables, shards, placements, nodes and distributed objects that its coordinator knows?',
  why: 'Any node may plan a statement: one with other metadata reads the wrong shards or none. A function or type that a worker does not have fails only where it is needed.',
  reference: 'Citus documentation, "Metadata" and "start_metadata_sync_to_node"',
  severity: 'critical',
  sides,
  queries: { metadata: metadataDigests },
  judge({ source, target }) {
    const differences: CheckDifference[] = [];
    const remedies: CheckRemedyStep[] = [];
    for (const [side, { answers }] of eachSide({ source, target })) {
      const found = answered(answers.metadata);
      const own = coordinatorOf(found);
      for (const { node, answer } of own ? found : []) {
        const other = compared.filter(what => answer[what][1] !== own!.answer[what][1]);
        for (const what of other)
          differences.push({
            what: `${what} other than on the coordinator`,
            node,
            ...valueOn(side, wordsOf(what, own!.answer, answer)),
          });
        if (other.length === 0) continue;
        remedies.push(metadataSync(side, own!.node, node));
      }
    }
    const known = coordinatorOf(answered(target.answers.metadata)) ?? coordinatorOf(answered(source.answers.metadata));
    return conclude({
      differences,
      remedies: joinSteps(remedies),
      unknown: unanswered(source.answers.metadata, target.answers.metadata),
      pass: known
        ? `all nodes know the same ${formatCount(known.answer.shards[0])} shards and ${formatCount(known.answer.objects[0])} objects`
        : 'neither side has Citus',
    });
  },
});

/** Sends a worker what its coordinator knows, and the distributed objects with it: missing ones, and those that it has otherwise. */
export function metadataSync(side: Side, coordinator: string, worker: string): CheckRemedyStep {
  const colon = worker.lastIndexOf(':');
  return {
    side,
    nodes: [coordinator],
    sql: `SELECT start_metadata_sync_to_node(${literal(worker.slice(0, colon))}, ${worker.slice(colon + 1)});`,
    lock: 'metadata: DDL and changes of nodes wait until all of it is sent',
    rollback: 'Nothing needs to be taken back.',
    // Measured on 11.1 and 13.2.
    verify:
      'Run this check again, and roles.grants: grants on views, and what was revoked from PUBLIC, do not come along. Where it stays, the object is there under another name or owner.',
  };
}

function wordsOf(what: (typeof compared)[number], own: Metadata, other: Metadata): string {
  const counts = `${formatCount(other[what][0])}, the coordinator has ${formatCount(own[what][0])}`;
  if (what !== 'objects' || Math.max(own.objects[0], other.objects[0]) > maxObjects) return counts;
  const listed = (label: string, names: readonly string[], others: readonly string[]) => {
    const there = new Set(others);
    const only = names.filter(name => !there.has(name));
    if (only.length === 0) return [];
    return [`${label} ${only.slice(0, 5).join(', ')}${only.length > 5 ? ` and ${only.length - 5} more` : ''}`];
  };
  return [counts, ...listed('without', own.names, other.names), ...listed('besides', other.names, own.names)].join(
    '; ',
  );
}

const jobSchema = z.strictObject({
  id: z.number(),
  state: z.string(),
  kind: z.string(),
  description: z.string(),
  /** Of a task of it. */
  message: z.nullable(z.string()),
  retries: z.number(),
});
const jobsSchema = z.strictObject({ jobs: z.array(jobSchema), more: z.number() });

const maxJobs = 20;

/** What ended long ago stays in the table for ever. */
const backgroundJobs: CheckQuery<z.infer<typeof jobsSchema>> = {
  name: 'backgroundJobs',
  nodes: 'coordinator',
  sql: ({ citus }) =>
    citus
      ? `WITH wanted AS (
  SELECT * FROM pg_dist_background_job
   WHERE state IN ('scheduled', 'running', 'cancelling', 'failing') OR state = 'failed' AND coalesce(finished_at, now()) > now() - interval '7 days'
)
SELECT json_build_object('more', (SELECT greatest(count(*) - ${maxJobs}, 0) FROM wanted),
  'jobs', (SELECT coalesce(json_agg(json_build_object('id', j.job_id, 'state', j.state, 'kind', j.job_type, 'description', j.description,
       'message', (SELECT left(t.message, 500) FROM pg_dist_background_task t WHERE t.job_id = j.job_id AND t.message <> '' ORDER BY t.task_id DESC LIMIT 1),
       'retries', (SELECT coalesce(max(t.retry_count), 0) FROM pg_dist_background_task t WHERE t.job_id = j.job_id)) ORDER BY j.job_id DESC), '[]')
     FROM (SELECT * FROM wanted ORDER BY job_id DESC LIMIT ${maxJobs}) AS j))`
      : undefined,
  answer: jobsSchema,
};

const jobs = defineCheck({
  id: 'topology.jobs',
  group: 'topology',
  title: 'Background jobs',
  question: 'Has no rebalance or other background job of Citus failed of late, and does none hang?',
  why: 'A failed rebalance leaves the shards half moved; one that runs moves them while both sides are compared, and takes I/O from the load.',
  reference: 'Citus documentation, "citus_rebalance_start" and "pg_dist_background_job"',
  severity: 'medium',
  sides,
  queries: { jobs: backgroundJobs },
  judge({ source, target }) {
    const differences: CheckDifference[] = [];
    const remedies: CheckRemedyStep[] = [];
    const remarks: string[] = [];
    for (const [side, { answers }] of eachSide({ source, target })) {
      const own = coordinatorOf(answered(answers.jobs));
      for (const { id, state, kind, description, message, retries } of own?.answer.jobs ?? []) {
        const words = `${state}${retries > 0 ? `, tried ${formatCount(retries + 1)} times` : ''}${message === null ? '' : `: ${message}`}`;
        const what = `job ${id} (${kind}, ${description})`;
        if (state !== 'failed' && state !== 'failing' && retries === 0) {
          remarks.push(`${side}: ${what}: ${words}`);
          continue;
        }
        differences.push({ what, node: own!.node, ...valueOn(side, words) });
        if (state !== 'failed')
          remedies.push({
            side,
            nodes: [own!.node],
            sql: `SELECT citus_job_cancel(${id});`,
            lock: 'none',
            rollback: 'SELECT citus_rebalance_start(); begins anew.',
            verify: `SELECT state FROM pg_dist_background_job WHERE job_id = ${id};`,
          });
        else if (kind === 'rebalance')
          remedies.push({
            side,
            nodes: [own!.node],
            sql: 'SELECT citus_rebalance_start();',
            lock: 'writes to a shard wait for a moment when it is moved',
            rollback: 'SELECT citus_rebalance_stop();',
            verify: 'SELECT * FROM citus_rebalance_status();',
          });
      }
      if (own && own.answer.more > 0) remarks.push(`${side}: ${formatCount(own.answer.more)} more jobs`);
    }
    return conclude({
      differences,
      remedies: joinSteps(remedies),
      remarks,
      unknown: unanswered(source.answers.jobs, target.answers.jobs),
      pass: remarks.length > 0 ? 'no background job failed' : 'no background job runs, and none failed in 7 days',
    });
  },
});

export const topologyMetadataChecks: readonly Check[] = [metadata, jobs];
