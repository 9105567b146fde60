import type { Remedy } from '../../shared/diagnosis';
import { formatMs } from '../../shared/format';
import type { Side } from '../../shared/side';
import type { Plan, PlanNode } from '../model';
import { taskAddress } from '../side-view';
import { bothTimed, evidence, excessMs, matters } from './evidence';
import { citusPairs } from './layout';
import { below } from './relations';
import type { CauseContext, FoundCause } from './rule';
import { differing, isOff, settingOf, settingRemedy, settingWords } from './setting-facts';

/** A task on the coordinator itself on the faster side, on another node on the slower one: told by the addresses in pg_dist_node. */
export function findLostLocal(context: CauseContext): FoundCause[] {
  const { plans, slower: side, faster: other, facts } = context;
  const addresses = (of: Side, role: 'coordinator' | 'worker'): Set<string> =>
    new Set((facts[of]?.nodes ?? []).filter(node => node.role === role).map(({ node }) => node));
  const [workers, coordinator] = [addresses(side, 'worker'), addresses(other, 'coordinator')];
  return citusPairs(context).flatMap(({ row, slower, faster }) => {
    const task = (plan: Plan, node: PlanNode): PlanNode[] =>
      below(plan, node).filter(({ kind, parent }) => kind === 'task' && parent === node.index);
    const [mine, theirs] = [task(plans[side], slower), task(plans[other], faster)];
    if (slower.job!.taskCount !== 1 || faster.job!.taskCount !== 1 || mine.length !== 1 || theirs.length !== 1)
      return [];
    const [here, there] = [taskAddress(mine[0]!), taskAddress(theirs[0]!)];
    const setting = settingOf(context, side, 'citus.enable_local_execution');
    const reference = settingOf(context, other, 'citus.enable_local_execution');
    // Switched off, the coordinator connects to itself.
    const isOffHere = isOff(setting?.value) && reference !== undefined && !isOff(reference.value);
    const isElsewhere = workers.has(here) && coordinator.has(there);
    const isItself = isOffHere && addresses(side, 'coordinator').has(here) && coordinator.has(there);
    if (!isElsewhere && !isItself) return [];
    const [hereMs, thereMs] = [
      (slower.totalMs ?? 0) - (mine[0]!.totalMs ?? 0),
      (faster.totalMs ?? 0) - (theirs[0]!.totalMs ?? 0),
    ];
    if (bothTimed(context) && !matters(context, hereMs, thereMs)) return [];
    const found: FoundCause = {
      title: isItself
        ? `The coordinator of the ${side} connects to itself for what that of the ${other} reads in its own process.`
        : `The coordinator of the ${side} asks ${here} for what the ${other} finds on the coordinator itself.`,
      confidence: 'derived',
      explainedMs: excessMs(context, slower.totalMs === undefined ? undefined : hereMs, thereMs),
      account: 'network',
      evidence: [
        evidence(
          context,
          'the task ran on',
          `${here}, ${isItself ? 'the coordinator, by a connection' : 'a worker'}`,
          `${there}, the coordinator`,
        ),
        ...(setting
          ? [
              evidence(
                context,
                setting.name,
                settingWords(context, side, setting),
                settingWords(context, other, reference),
              ),
            ]
          : []),
        ...(slower.totalMs === undefined
          ? []
          : [evidence(context, 'time beside the task', formatMs(hereMs), formatMs(thereMs))]),
      ],
      rows: [row],
      settings: differing(context, ['citus.enable_local_execution']),
    };
    const turnOn = isOffHere
      ? settingRemedy(context, { name: setting!.name, on: 'coordinator', slower: setting, faster: reference })
      : localRemedy(side);
    if (turnOn) found.remedy = turnOn;
    return [found];
  });
}

function localRemedy(side: Side): Remedy {
  return {
    summary: 'Make the coordinator a node of its own cluster, and give it the reference tables.',
    side,
    steps: [
      {
        on: 'coordinator',
        sql: "SELECT citus_set_coordinator_host('name of the coordinator that the workers reach it by', 5432);\nSELECT replicate_reference_tables();",
        lock: 'Writes to reference tables wait while these are copied; reads go on.',
        rollback: "SELECT citus_remove_node('name of the coordinator that the workers reach it by', 5432);",
      },
    ],
    verify:
      'SELECT * FROM pg_dist_node WHERE groupid = 0 has a row, and EXPLAIN shows the coordinator as the node of the task.',
  };
}
