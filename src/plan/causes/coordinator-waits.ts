import type { Remedy } from '../../shared/diagnosis';
import { formatCount, formatMs } from '../../shared/format';
import type { Plan, PlanNode } from '../model';
import { bothTimed, evidence, excessMs, matters } from './evidence';
import { citusNodes } from './layout';
import type { CauseContext, FoundCause } from './rule';
import { differing, differingSettings, settingOf, settingRemedy, settingWords } from './setting-facts';
import { rowOfNode, tasksBelow } from './task-work';

/** Work of the sides is about the same up to this factor: beyond it the tasks themselves are to blame. */
const sameWork = 1.5;

/** Tasks run one after the other when the time they take together and the coordinator's wait agree up to this share. */
const serialShare = 0.8;

/**
 * Opening a connection, and coming to an end, takes now more, now less by this many milliseconds; there may be one connection
 * for each task. Between equal runs on a busy machine 64 ms were seen with eight tasks.
 */
const connectingMs = 15;

/** A coordinator's wait for its workers, in milliseconds. */
interface Wait {
  node: PlanNode;
  whole: number;
  slowest: number;
  /** Of the worker that has most to do, its tasks together: more than that is nobody's work, however they were queued. */
  busiest: number;
  tasks: number;
  /** Of the most tasks on one worker. */
  queued: number;
  received: string | undefined;
}

function waits(plan: Plan): Wait[] {
  return citusNodes(plan).flatMap(node => {
    const tasks = tasksBelow(plan, node);
    // Of tasks that are not shown nobody knows how long they took.
    if (node.totalMs === undefined || tasks.length === 0 || tasks.length < (node.job!.taskCount ?? 1)) return [];
    const byWorker = new Map<string, { ms: number; count: number }>();
    for (const { node: worker, task } of tasks) {
      const sum = byWorker.get(worker) ?? { ms: 0, count: 0 };
      byWorker.set(worker, { ms: sum.ms + task.totalMs!, count: sum.count + 1 });
    }
    const sums = [...byWorker.values()];
    return [
      {
        node,
        whole: node.totalMs,
        slowest: Math.max(...tasks.map(({ task }) => task.totalMs!)),
        busiest: Math.max(...sums.map(({ ms }) => ms)),
        tasks: tasks.length,
        queued: Math.max(...sums.map(({ count }) => count)),
        received: node.job!.properties.text('Tuple data received from nodes'),
      },
    ];
  });
}

/** Waits of the slower side with those of the same node on the faster one; without one there nothing is waited for. */
function waitPairs(context: CauseContext): { here: Wait; there: Wait | undefined }[] {
  const { plans, rows, slower, faster } = context;
  const others = waits(plans[faster]);
  return waits(plans[slower]).map(here => {
    const row = rows.find(candidate => candidate[slower] === here.node.index);
    return { here, there: others.find(({ node }) => node.index === row?.[faster]) };
  });
}

/**
 * Time in which the coordinator waits and no worker works. Certain is what goes beyond all tasks of the busiest worker together;
 * where the tasks of both sides take as long, also what goes beyond the slowest, as far as it grew.
 */
export function findNetwork(context: CauseContext): FoundCause[] {
  return waitPairs(context).flatMap(({ here, there }) => {
    const certain = [
      Math.max(0, here.whole - here.busiest),
      there ? Math.max(0, there.whole - there.slowest) : 0,
    ] as const;
    const possible = [here.whole - here.slowest, there ? there.whole - there.slowest : 0] as const;
    const isAlike =
      there !== undefined && here.busiest <= sameWork * there.busiest && here.slowest <= sameWork * there.slowest;
    const isWorth = ([mine, theirs]: readonly [number, number]): boolean =>
      mine - theirs >= connectingMs * (1 + here.tasks) && matters(context, mine, theirs);
    const isCertain = isWorth(certain);
    if (!isCertain && !(isAlike && isWorth(possible))) return [];
    const [mine, theirs] = isCertain ? certain : possible;
    return [
      {
        title: `The coordinator of the ${context.slower} waits ${formatMs(mine)} beside the work of the workers${there ? `, ${formatMs(theirs)} on the ${context.faster}` : ''}.`,
        confidence: isCertain ? 'derived' : 'suspected',
        explainedMs: excessMs(context, mine, theirs),
        account: 'network',
        evidence: [
          evidence(context, 'distributed query and its slowest task', pair(here), there && pair(there)),
          ...(here.received === undefined
            ? []
            : [evidence(context, 'data received from the workers', here.received, there?.received)]),
          evidence(context, 'tasks', formatCount(here.tasks), there && formatCount(there.tasks)),
        ],
        remedy: {
          summary:
            'Measure the way between coordinator and workers: latency, bandwidth, TLS, and how long a new connection takes.',
          side: context.slower,
          steps: [],
          verify: 'The distributed query takes little longer than its slowest task.',
        },
        rows: rowOfNode(context, here.node),
        settings: differing(context, ['citus.enable_binary_protocol', 'citus.executor_slow_start_interval']),
      },
    ];
  });
}

function pair({ whole, slowest }: Wait): string {
  return `${formatMs(whole)} and ${formatMs(slowest)}`;
}

const poolSettings = [
  'citus.max_adaptive_executor_pool_size',
  'citus.executor_slow_start_interval',
  'citus.force_max_query_parallelization',
  'citus.max_cached_conns_per_worker',
];

/** Set for the whole server: no experiment in a transaction can change them. */
const serverSettings = ['citus.max_shared_pool_size', 'citus.max_client_connections', 'max_connections'];

/** Connections in use from which a node is called full. */
const fullShare = 0.9;

/** Tasks that take together what the coordinator waited, while on the other side they overlapped. */
export function findExhausted(context: CauseContext): FoundCause[] {
  const { slower: side, faster: other, facts } = context;
  return waitPairs(context).flatMap(({ here, there }) => {
    if (here.queued < 2 || !isSerial(here) || (there && isSerial(there))) return [];
    if (bothTimed(context) && there && here.busiest > sameWork * there.busiest) return [];
    const [mine, theirs] = [here.whole - here.slowest, there ? there.whole - there.slowest : 0];
    if (!matters(context, mine, theirs)) return [];
    const differ = differing(context, [...poolSettings, ...serverSettings]);
    const full = facts[side]?.connections.filter(({ used, limit }) => used >= fullShare * limit) ?? [];
    const overlap = ({ busiest, whole }: Wait): string => `${formatMs(busiest)} of work in ${formatMs(whole)}`;
    const settings = differ.filter(name => poolSettings.includes(name));
    const found: FoundCause = {
      title: `The ${side} runs the ${here.queued} tasks of a worker one after the other${full.length > 0 ? `; ${full[0]!.node} has ${full[0]!.used} of ${full[0]!.limit} connections in use` : ''}.`,
      confidence: full.length > 0 || differ.length > 0 ? 'derived' : 'suspected',
      explainedMs: excessMs(context, mine, theirs),
      account: 'network',
      evidence: [
        evidence(context, 'tasks of the busiest worker together', overlap(here), there && overlap(there)),
        ...full.map(({ node, used, limit }) =>
          evidence(context, 'connections in use', `${used} of ${limit}`, undefined, node),
        ),
        ...differ.map(name => {
          const [a, b] = [settingOf(context, side, name), settingOf(context, other, name)];
          return evidence(context, name, settingWords(context, side, a), settingWords(context, other, b), a?.node);
        }),
      ],
      rows: rowOfNode(context, here.node),
      settings,
    };
    const remedy = poolRemedy(context, differ);
    if (remedy) found.remedy = remedy;
    return [found];
  });
}

/** The coordinator waited about as long as the busiest worker's tasks take together, and much longer than for the slowest. */
function isSerial({ whole, slowest, busiest }: Wait): boolean {
  return busiest >= serialShare * whole && busiest <= whole / serialShare && busiest >= sameWork * slowest;
}

/** Gives the coordinator the faster one's limits, where they are set; max_connections is no matter of a moment. */
function poolRemedy(context: CauseContext, differ: readonly string[]): Remedy | undefined {
  const { slower: side, faster: other } = context;
  const steps = differingSettings(context)
    .filter(({ name, on }) => on === 'coordinator' && name !== 'max_connections' && differ.includes(name))
    .flatMap(difference => settingRemedy(context, difference)?.steps.filter(({ on }) => on !== 'workers') ?? [])
    .map(step => ({ ...step, on: 'coordinator' as const }));
  if (steps.length === 0) return undefined;
  return {
    summary: `Let the coordinator open as many connections as that of the ${other}. Workers must allow them: tasks at a time × statements at a time.`,
    side,
    steps,
    verify: 'Explain the statement again: the distributed query takes about as long as its slowest task.',
  };
}
