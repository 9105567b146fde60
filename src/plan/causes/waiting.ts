import type { Evidence } from '../../shared/diagnosis';
import { formatCount, formatMs } from '../../shared/format';
import type { Side } from '../../shared/side';
import type { Plan, PlanStatement } from '../model';
import { Properties } from '../properties';
import { planningDiffers } from './context';
import { bothTimed, evidence, excessMs, matters, pairs, places, workerOf } from './evidence';
import type { CauseContext, FoundCause, Rule } from './rule';
import { differingSettings, hasWorkers, settingRemedy, settingWords } from './setting-facts';
import { waitShare } from './thresholds';

/** Statements whose time somebody waits for: the one asked for, subplans', and those of the slowest tasks. */
function awaited({ plans }: CauseContext, side: Side): PlanStatement[] {
  const plan = plans[side];
  const { overlapped } = places(plan);
  return plan.statements.filter(({ container }) => container < 0 || !overlapped[container]);
}

const blockersQuery = `SELECT pid, pg_blocking_pids(pid), state, xact_start, query FROM pg_stat_activity
WHERE cardinality(pg_blocking_pids(pid)) > 0 OR pid IN (SELECT unnest(pg_blocking_pids(pid)) FROM pg_stat_activity);`;

/** Settings that make the planner try more, or know more to try it with. */
const planningSettings = [
  'join_collapse_limit',
  'from_collapse_limit',
  'geqo',
  'geqo_threshold',
  'geqo_effort',
  'default_statistics_target',
  'plan_cache_mode',
  'enable_partitionwise_join',
  'enable_partitionwise_aggregate',
  'enable_partition_pruning',
  'constraint_exclusion',
];

const planning: Rule = {
  id: 'planning.time',
  meaning:
    'Choosing the plan takes longer: larger statistics, more partitions or orders of joins to try, or catalogs that are not in memory.',
  reference: 'PostgreSQL documentation, "Using EXPLAIN" (Planning Time) and "Query Planning: Other Planner Options"',
  supersedes: [],
  find(context) {
    const { slower, faster, planningMs } = context;
    const tasks = { source: taskPlanningMs(context.plans.source), target: taskPlanningMs(context.plans.target) };
    const own = planningDiffers(planningMs) ? planningMs[slower]! - planningMs[faster]! : 0;
    const remote = planningDiffers(tasks) ? tasks[slower] - tasks[faster] : 0;
    const ms = Math.max(0, own) + Math.max(0, remote);
    if (!bothTimed(context) || !matters(context, ms, 0)) return [];
    const settings = differingSettings(context).filter(({ name }) => planningSettings.includes(name));
    const found: FoundCause = {
      title: `Planning takes ${formatMs((planningMs[slower] ?? 0) + tasks[slower])} on the ${slower}, ${formatMs((planningMs[faster] ?? 0) + tasks[faster])} on the ${faster}.`,
      confidence: 'observed',
      explainedMs: ms,
      account: 'planning',
      evidence: [
        evidence(context, 'Planning Time', formatMs(planningMs[slower] ?? 0), formatMs(planningMs[faster] ?? 0)),
        ...(remote > 0
          ? [evidence(context, 'Planning of a task', formatMs(tasks[slower]), formatMs(tasks[faster]))]
          : []),
        ...planningPages(context),
        ...settings.map(({ name, slower: a, faster: b }) =>
          evidence(context, name, settingWords(context, slower, a), settingWords(context, faster, b), a?.node),
        ),
      ],
      rows: [],
      settings: settings.map(({ name }) => name),
    };
    if (settings[0]) found.remedy = settingRemedy(context, settings[0]);
    return [found];
  },
};

/**
 * Planning of a task is part of the execution, as the coordinator sees it. The median of all: where one node alone plans
 * slowly, it is the node.
 */
function taskPlanningMs({ statements, nodes }: Plan): number {
  const all = statements
    .filter(({ container }) => nodes[container]?.kind === 'task')
    .map(({ planningMs = 0 }) => planningMs)
    .sort((a, b) => a - b);
  return all[Math.floor((all.length - 1) / 2)] ?? 0;
}

/** Pages of the catalogs that planning read from disk: a cold server, not a costly plan. */
function planningPages(context: CauseContext): Evidence[] {
  const read = (side: Side): number | undefined => {
    const told = context.plans[side].statements[0]?.properties.get('Planning');
    return told instanceof Properties ? told.number('Shared Read Blocks') : undefined;
  };
  const [a, b] = [read(context.slower), read(context.faster)];
  if (a === undefined || b === undefined || a <= b) return [];
  return [evidence(context, 'Pages read while planning', formatCount(a), formatCount(b))];
}

const lock: Rule = {
  id: 'lock.wait',
  meaning: 'Another session holds a lock that the statement has to wait for; nothing is wrong with its plan.',
  reference: 'PostgreSQL documentation, "Explicit Locking" and "pg_stat_activity: Wait Events of Type Lock"',
  supersedes: [],
  find(context) {
    const { slower, faster, executionMs } = context;
    const [here, there] = [lockMs(context, slower), lockMs(context, faster)];
    const waits = context.facts[slower]?.waits;
    if (!waits || here.ms === 0) return [];
    const ms = excessMs(context, Math.min(here.ms, executionMs[slower] ?? 0), there.ms);
    if (ms === undefined || !matters(context, ms, 0)) return [];
    const blockers = [...new Set(waits.blockers)];
    const words = (of: typeof here): string =>
      of.samples === 0 ? 'not sampled' : `${formatMs(of.ms)}; ${Math.round(of.share * 100)} % of ${of.samples} samples`;
    return [
      {
        title: `The ${slower} waited ${formatMs(ms)} for a lock${blockers[0] ? `, held by ${blockers[0]}` : ''}.`,
        confidence: 'observed',
        explainedMs: ms,
        account: 'lock',
        evidence: [
          evidence(context, 'Waiting for locks', words(here), words(there)),
          ...blockers.slice(0, 4).map(blocker => evidence(context, 'Held by', blocker, undefined)),
        ],
        remedy: {
          summary: 'Let the other session end its transaction, then run the statement again.',
          side: slower,
          steps: [
            {
              on: 'coordinator',
              sql: hasWorkers(context, slower) ? 'SELECT * FROM citus_lock_waits;' : blockersQuery,
              lock: 'none',
              rollback: 'Nothing to take back: it only looks.',
            },
          ],
          verify: 'Explain again while nobody else writes: the time without waiting is the statement’s own.',
        },
        rows: [],
        settings: [],
      },
    ];
  },
};

interface LockTime {
  ms: number;
  share: number;
  samples: number;
}

/** As long as a lock was seen to be waited for; the share of samples when that says more. */
function lockMs({ facts, executionMs }: CauseContext, side: Side): LockTime {
  const waits = facts[side]?.waits;
  if (!waits || waits.samples === 0) return { ms: 0, share: 0, samples: 0 };
  let share = 0;
  for (const [wait, of] of waits.shares) if (wait.startsWith('Lock/')) share += of;
  if (share < waitShare) return { ms: 0, share, samples: waits.samples };
  return { ms: Math.max(waits.lockMs, share * (executionMs[side] ?? 0)), share, samples: waits.samples };
}

interface TriggerTime {
  name: string;
  ms: number;
  calls: number;
  isConstraint: boolean;
  worker: string | undefined;
}

/** A shard's triggers carry its number, as `RI_ConstraintTrigger_c_17203` carries an OID. */
function triggers(context: CauseContext, side: Side): TriggerTime[] {
  const plan = context.plans[side];
  return awaited(context, side).flatMap(statement => {
    const worker = statement.container < 0 ? undefined : workerOf(plan, plan.nodes[statement.container]!);
    return statement.triggers.map(({ name, constraint, relation, timeMs = 0, calls = 0 }) => ({
      name: `${constraint ?? name}${relation ? ` on ${relation}` : ''}`,
      ms: timeMs,
      calls,
      isConstraint: constraint !== undefined,
      worker,
    }));
  });
}

/** Milliseconds spent in triggers that somebody waited for. */
export function triggerMs(context: CauseContext, side: Side): number {
  return triggers(context, side).reduce((sum, { ms }) => sum + ms, 0);
}

const trigger: Rule = {
  id: 'trigger.time',
  meaning: 'Triggers, foreign keys among them, take the time, not the statement itself.',
  reference: 'PostgreSQL documentation, "Using EXPLAIN": triggers; "Overview of Trigger Behavior"',
  supersedes: [],
  find(context) {
    const { slower, faster } = context;
    const [here, there] = [triggerMs(context, slower), triggerMs(context, faster)];
    if (!matters(context, here, bothTimed(context) ? there : 0)) return [];
    const ms = excessMs(context, here, there);
    if (ms === undefined) return [];
    const others = triggers(context, faster);
    const heaviest = triggers(context, slower).sort((a, b) => b.ms - a.ms);
    const main = heaviest[0]!;
    const words = ({ ms: time, calls }: TriggerTime): string => `${formatMs(time)}, ${formatCount(calls)} calls`;
    const constraint = main.isConstraint ? 'The foreign key' : 'The trigger';
    return [
      {
        title: `${constraint} ${main.name} takes ${formatMs(main.ms)} on the ${slower}; triggers cost ${formatMs(ms)} more there.`,
        // What the other side's triggers take shows only where it was executed.
        confidence: bothTimed(context) ? 'observed' : 'suspected',
        explainedMs: ms,
        account: 'trigger',
        evidence: heaviest.slice(0, 4).map(one => {
          const other = others.find(({ name }) => name === one.name);
          return evidence(context, `Trigger ${one.name}`, words(one), other ? words(other) : 'none', one.worker);
        }),
        rows: pairs(context)
          .filter(({ slower: node }) => node?.type === 'ModifyTable')
          .map(({ row }) => row),
        settings: [],
      },
    ];
  },
};

export const waitingRules: readonly Rule[] = [lock, trigger, planning];
