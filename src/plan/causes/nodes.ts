import { formatCount, formatMs } from '../../shared/format';
import { taskDistribution } from '../tasks';
import { findExhausted, findNetwork } from './coordinator-waits';
import { bothTimed, evidence, matters } from './evidence';
import { layoutEvidence, layoutRemedy } from './layout';
import type { CauseContext, FoundCause, Rule } from './rule';
import { findSlowNode } from './slow-node';
import { isEvenWork, rowOfNode, tasksBelow } from './task-work';

/** The slowest of several tasks is worth a word when it takes this many times the median … */
const skewFactor = 2;

/** … and that is this much more than on the other side. */
const skewGrowth = 1.5;

export const nodeRules: readonly Rule[] = [
  {
    id: 'task.slow-node',
    meaning: 'One worker of the slower side takes longer than its fellows for the same amount of work.',
    reference:
      'Citus documentation, "Diagnostic Queries"; tasks run at the same time, so the slowest decides (measured on 11.1 and 13.2).',
    supersedes: ['cpu.slower'],
    find: findSlowNode,
  },
  {
    id: 'tasks.skewed',
    meaning: 'One shard or one worker of the slower side carries most of the work while the others are done early.',
    reference: 'Citus documentation, "Choosing Distribution Column" and "Rebalance Shards without Downtime".',
    supersedes: [],
    find: context => [...findSkewedShards(context), ...findSkewedWorkers(context)],
  },
  {
    id: 'connections.exhausted',
    meaning:
      'The slower side runs tasks one after the other that the faster side runs at the same time, for want of connections.',
    reference:
      'Citus documentation, configuration reference: citus.max_adaptive_executor_pool_size, citus.max_shared_pool_size; "Connection Management".',
    supersedes: ['network.share'],
    find: findExhausted,
  },
  {
    id: 'network.share',
    meaning:
      'The coordinator of the slower side waits while no worker works: the time goes into connections and the network.',
    reference: 'Citus documentation, "Query Performance Tuning", section "Network Overhead".',
    supersedes: [],
    find: findNetwork,
  },
];

/** One shard holds most of the work. */
function findSkewedShards(context: CauseContext): FoundCause[] {
  const { plans, slower: side, faster: other } = context;
  const [here, there] = [taskDistribution(plans[side]), taskDistribution(plans[other])];
  if (here?.slowestMs === undefined || here.medianMs === undefined || here.timed < 3) return [];
  const slowest = plans[side].nodes[here.slowestTask!]!;
  const skew = here.slowestMs / Math.max(0.001, here.medianMs);
  const reference = there?.medianMs === undefined ? 1 : there.slowestMs! / Math.max(0.001, there.medianMs);
  if (skew < skewFactor || skew < skewGrowth * reference) return [];
  const tasks = tasksBelow(plans[side], plans[side].nodes[slowest.parent]!);
  const own = tasks.find(({ task }) => task === slowest);
  const work = tasks.map(task => task.work).sort((a, b) => a - b);
  const medianWork = work[work.length >> 1]!;
  // As much work as the others: that is no skew of the data.
  if (!own || own.work < skewFactor * Math.max(1, medianWork)) return [];
  // With the work evenly spread, what the slowest does beyond the average would be gone.
  const evenMs = here.totalMs! / here.count;
  const otherMs = there?.slowestMs ?? 0;
  const lostMs = here.slowestMs - (bothTimed(context) ? Math.max(evenMs, otherMs) : evenMs);
  if (!matters(context, lostMs, 0)) return [];
  const spread = (slowestMs: number | undefined, medianMs: number | undefined): string | undefined =>
    slowestMs === undefined || medianMs === undefined ? undefined : `${formatMs(slowestMs)} and ${formatMs(medianMs)}`;
  const share = own.work / work.reduce((sum, each) => sum + each, 0);
  const found: FoundCause = {
    title: `One of ${here.count} tasks does ${Math.round(share * 100)} % of the work on the ${side}: it takes ${formatMs(here.slowestMs)}, half of them less than ${formatMs(here.medianMs)}.`,
    confidence: 'observed',
    explainedMs: lostMs,
    account: 'tasks',
    evidence: [
      evidence(
        context,
        'slowest and median task',
        spread(here.slowestMs, here.medianMs),
        spread(there?.slowestMs, there?.medianMs),
      ),
      evidence(
        context,
        'rows and pages of the slowest and the median task',
        `${formatCount(own.work)} and ${formatCount(medianWork)}`,
        undefined,
        own.node,
      ),
      ...layoutEvidence(context),
    ],
    rows: rowOfNode(context, slowest),
    settings: [],
  };
  const remedy = layoutRemedy(context);
  if (remedy) found.remedy = remedy;
  return [found];
}

/** One worker holds most of the shards. */
function findSkewedWorkers(context: CauseContext): FoundCause[] {
  const { plans, slower: side, faster: other, facts } = context;
  const [here, there] = [taskDistribution(plans[side]), taskDistribution(plans[other])];
  const [busiest] = here?.workers ?? [];
  if (!here || !busiest || here.count < 3 || here.workers.reduce((sum, { count }) => sum + count, 0) < here.count)
    return [];
  const known = facts[side]?.nodes.filter(({ role }) => role === 'worker').length ?? here.workers.length;
  const workers = Math.max(known, here.workers.length);
  const most = Math.max(...here.workers.map(({ count }) => count));
  const mostThere = there ? Math.max(0, ...there.workers.map(({ count }) => count)) : 0;
  const fair = Math.ceil(here.count / workers);
  // The other side is as lopsided, or has no tasks to compare with.
  if (workers < 2 || most < skewFactor * fair || !there || most / here.count < skewGrowth * (mostThere / there.count))
    return [];
  if (!isEvenWork(plans[side])) return [];
  const loaded = here.workers.find(({ count }) => count === most)!;
  const lostMs = (here.slowestMs ?? 0) - (bothTimed(context) ? (there.slowestMs ?? 0) : 0);
  const isTimed = here.slowestMs !== undefined;
  if (isTimed && bothTimed(context) && !matters(context, context.executionMs[side]!, context.executionMs[other]!))
    return [];
  const words = (count: number, of: number, on: number): string => `${count} of ${of} tasks on one of ${on} workers`;
  return [
    {
      title: `${loaded.node} runs ${most} of the ${here.count} tasks on the ${side}.`,
      confidence: 'observed',
      explainedMs: isTimed && lostMs > 0 ? lostMs : undefined,
      account: 'tasks',
      evidence: [
        evidence(
          context,
          'tasks of the busiest worker',
          words(most, here.count, workers),
          words(mostThere, there.count, there.workers.length),
          loaded.node,
        ),
        ...(isTimed
          ? [
              evidence(
                context,
                'slowest task',
                formatMs(here.slowestMs!),
                there.slowestMs === undefined ? undefined : formatMs(there.slowestMs),
              ),
            ]
          : []),
      ],
      remedy: {
        summary: 'Spread the shards over all workers.',
        side,
        steps: [
          {
            on: 'coordinator',
            sql: 'SELECT citus_rebalance_start();',
            lock: 'Reads and writes go on while shards are copied; writes to a shard wait for a moment when it changes place. Tables need a primary key or replica identity.',
            rollback:
              'SELECT citus_rebalance_stop(); shards that were moved stay where they are, and citus_move_shard_placement moves them back.',
          },
        ],
        verify: 'SELECT nodename, nodeport, count(*) FROM citus_shards GROUP BY 1, 2 shows even counts.',
      },
      rows: here.slowestTask === undefined ? [] : rowOfNode(context, plans[side].nodes[here.slowestTask]!),
      settings: [],
    },
  ];
}
