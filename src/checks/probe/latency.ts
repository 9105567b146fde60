/** Of number 72 of the list: how far the workers are from their coordinator. */
import * as z from 'zod/mini';
import { formatCount, formatMs } from '../../shared/format';
import { type Side, sides } from '../../shared/side';
import { answered, unanswered } from '../answers';
import { type Check, type CheckDifference, type CheckQuery, type CheckUnknown, defineCheck } from '../check';
import { conclude } from '../conclude';
import { jsonWhere } from '../guarded';
import { coordinatorOf } from '../nodes';
import { type Gate, type Measured, medianWords, probeGroup, slowerThanSource } from './figures';

const workerSchema = z.strictObject({
  host: z.string(),
  port: z.number(),
  /** The first command came back; null: it was not sent, as the time was up. */
  reached: z.nullable(z.boolean()),
  /** Of the first command, which has to connect. */
  firstMs: z.nullable(z.number()),
  /** Of each command after it. */
  tripsMs: z.array(z.number()),
});
type Worker = z.infer<typeof workerSchema>;
/** null: this Citus has no such command, or not for this role. */
const latencySchema = z.nullable(z.array(workerSchema));

const trips = 20;
const longestMs = { worker: 250, all: 4_000 };

const ping = 'citus_check_connection_to_node(host, port)';
const elapsedMs = '1000 * extract(epoch FROM clock_timestamp() - began)::float8';

/**
 * citus_check_connection_to_node (from 11.0 on) sends SELECT 1 over the connection that Citus keeps to that worker, opens it
 * when there is none, and answers false rather than fail. Each step needs the value of the one below it, so that no clock is
 * read before the command came back.
 */
const roundTrips = `SELECT coalesce(json_agg(json_build_object('host', host, 'port', port, 'reached', reached, 'firstMs', first,
    'tripsMs', (SELECT coalesce(json_agg(ms), '[]')
       FROM (SELECT CASE WHEN back THEN ${elapsedMs} END AS ms
               FROM (SELECT began, CASE WHEN began IS NOT NULL THEN ${ping} END AS back
                       FROM (SELECT clock_timestamp() AS began FROM generate_series(1, ${trips})
                              WHERE reached AND clock_timestamp() < met + interval '${longestMs.worker} ms' OFFSET 0) AS start
                     OFFSET 0) AS trip
             OFFSET 0) AS trips WHERE ms IS NOT NULL))), '[]')
  FROM (SELECT host, port, reached, CASE WHEN reached IS NOT NULL THEN ${elapsedMs} END AS first,
               CASE WHEN reached IS NOT NULL THEN clock_timestamp() END AS met
          FROM (SELECT host, port, began, CASE WHEN began < until THEN ${ping} END AS reached
                  FROM (SELECT host, port, until, clock_timestamp() AS began
                          FROM (SELECT clock_timestamp() + interval '${longestMs.all} ms' AS until OFFSET 0) AS bound,
                               (SELECT nodename::text AS host, nodeport AS port FROM pg_dist_node
                                 WHERE isactive AND noderole::text = 'primary' AND groupid <> 0
                                   AND groupid <> (SELECT groupid FROM pg_dist_local_group)
                                 ORDER BY groupid OFFSET 0) AS worker
                        OFFSET 0) AS start
                OFFSET 0) AS first
        OFFSET 0) AS met`;

const workerLatency: CheckQuery<z.infer<typeof latencySchema>> = {
  name: 'probeLatency',
  nodes: 'coordinator',
  sql: ({ citus }) =>
    citus
      ? `SELECT coalesce(${jsonWhere(
          `has_function_privilege(to_regprocedure('citus_check_connection_to_node(text,integer)'), 'EXECUTE')`,
          roundTrips,
        )}, 'null')`
      : undefined,
  answer: latencySchema,
};

/** Nodes of one data centre are less than half a millisecond from one another. */
const gate: Gate = { ratio: 2, ms: 0.5 };

const latency = defineCheck({
  id: 'probe.latency',
  group: probeGroup,
  onRequest: true,
  title: 'Round trip to the workers',
  question: `Is no worker of the target ${gate.ratio} times as far from its coordinator as those of the source, and ${gate.ms} ms more?`,
  why: 'Every statement that goes to workers waits for one round trip at least, and its commit for two more when it wrote on several; one far worker slows all that touch every shard.',
  reference: `Measured on the coordinator: the shortest of ${trips} round trips of SELECT 1 to each worker, one after another, over a connection that is open already (citus_check_connection_to_node)`,
  severity: 'medium',
  sides,
  queries: { latency: workerLatency },
  judge({ source, target }) {
    const own = {
      source: coordinatorOf(answered(source.answers.latency)),
      target: coordinatorOf(answered(target.answers.latency)),
    };
    const workers = { source: own.source?.answer ?? [], target: own.target?.answer ?? [] };
    const measured = { source: measuredOf(workers.source), target: measuredOf(workers.target) };
    // Where the source has no workers, each is held against its siblings.
    const baseline = workers.source.length > 0 ? measured.source : measured.target;
    const differences = slowerThanSource({ source: baseline, target: measured.target }, gate).map(
      ({ node, ms, baselineMs, times }): CheckDifference => ({
        what: `a round trip from the coordinator takes ${times} as to a worker of the ${workers.source.length > 0 ? 'source' : 'target by the median'}`,
        node,
        ...(workers.source.length > 0 ? { source: formatMs(baselineMs) } : {}),
        target: formatMs(ms),
      }),
    );
    const unknown: CheckUnknown[] = [
      ...unanswered(source.answers.latency, target.answers.latency),
      ...sides.flatMap(side => [
        ...(own[side]?.answer === null
          ? [noCommand(side, own[side].node, (side === 'source' ? source : target).user)]
          : []),
        ...workers[side].filter(({ tripsMs }) => tripsMs.length === 0).map(unmeasured),
      ]),
    ];
    return conclude({
      differences,
      unknown,
      remarks: [
        ...sides.flatMap(side => workers[side].map(worker => figures(side, worker))),
        ...(differences.length > 0
          ? [
              'nodes of one cluster belong into one data centre, best into one zone of it; proxies between them count, too',
            ]
          : []),
      ],
      pass:
        workers.source.length + workers.target.length > 0
          ? `workers are as near: ${sides.map(side => `${side} ${medianWords(measured[side])}`).join(', ')}`
          : 'neither side has workers',
    });
  },
});

function nameOf({ host, port }: Worker): string {
  return `${host}:${port}`;
}

function measuredOf(workers: readonly Worker[]): Measured[] {
  return workers
    .filter(({ tripsMs }) => tripsMs.length > 0)
    .map(worker => ({ node: nameOf(worker), role: 'worker', ms: Math.min(...worker.tripsMs) }));
}

function noCommand(side: Side, node: string, user: string): CheckUnknown {
  return {
    what: `${side}: the coordinator has no citus_check_connection_to_node (Citus 11.0), or not for ${user}`,
    node,
  };
}

function unmeasured(worker: Worker): CheckUnknown {
  const why =
    worker.reached === null
      ? `not measured: the workers before it took more than ${longestMs.all / 1000} s`
      : 'its coordinator does not reach it, or not twice';
  return { what: why, node: nameOf(worker) };
}

function figures(side: Side, worker: Worker): string {
  const { tripsMs, firstMs } = worker;
  const first = firstMs === null ? '' : `, the first ${formatMs(firstMs)}`;
  const shortest =
    tripsMs.length > 0 ? `${formatMs(Math.min(...tripsMs))}, the shortest of ${formatCount(tripsMs.length)}` : '–';
  return `${side} ${nameOf(worker)}: ${shortest}${first}`;
}

export const probeLatencyChecks: readonly Check[] = [latency];
