import type { Evidence } from '../../shared/diagnosis';
import { formatCount, formatMs } from '../../shared/format';
import type { PlanNode } from '../model';
import { nodeName } from '../operator';
import { evidence, pairs, places, workerOf } from './evidence';
import type { CauseContext, FoundCause, Rule } from './rule';
import { differingSettings, type SettingDifference, settingRemedy, settingWords } from './setting-facts';
import { isLess } from './setting-values';
import { type Place, placeOf } from './shape-changes';

/** What decides whether workers are planned (PostgreSQL documentation, "When Can Parallel Query Be Used?"). */
const planningSettings = [
  'max_parallel_workers_per_gather',
  'parallel_setup_cost',
  'parallel_tuple_cost',
  'min_parallel_table_scan_size',
  'min_parallel_index_scan_size',
  'enable_parallel_append',
  'enable_parallel_hash',
  'enable_gathermerge',
  'dynamic_shared_memory_type',
];

/** What decides whether those planned are there when they are wanted. */
const launchingSettings = ['max_parallel_workers', 'max_worker_processes'];

function isGather(node: PlanNode | undefined): node is PlanNode {
  return node?.type === 'Gather' || node?.type === 'Gather Merge';
}

interface Workers {
  planned: number;
  /** Undefined when not executed. */
  launched: number | undefined;
}

function workers(node: PlanNode | undefined): Workers {
  if (!isGather(node)) return { planned: 0, launched: undefined };
  return {
    planned: node.properties.number('Workers Planned') ?? 0,
    launched: node.properties.number('Workers Launched'),
  };
}

/** How many processes worked, or would. */
function working({ planned, launched }: Workers): number {
  return launched ?? planned;
}

function words({ planned, launched }: Workers): string {
  if (planned === 0) return 'none planned';
  if (launched === undefined) return `${formatCount(planned)} planned`;
  return `${formatCount(planned)} planned, ${formatCount(launched)} launched`;
}

const lost: Rule = {
  id: 'parallel.lost',
  meaning: 'Work that several processes share on the faster side is done by fewer on the slower side.',
  reference: 'PostgreSQL documentation, "Parallel Query"',
  supersedes: ['index.unused'],
  find(context) {
    const found = new Map<number, FoundCause>();
    for (const { row, slower, faster } of pairs(context)) {
      if (!isGather(faster) || places(context.plans[context.faster]).overlapped[faster.index]) continue;
      const [here, there] = [workers(slower), workers(faster)];
      // Workers that were planned and not launched are missed whatever the other side launched.
      if (working(here) >= working(there) || isReplaced(context, faster)) continue;
      const place = placeOf(context, row);
      if (place && !found.has(place.row))
        found.set(place.row, lostFinding(context, { slower, faster }, [here, there], place, row));
    }
    return [...found.values()];
  },
};

/** The slower side gathers elsewhere in the plan as many as were lost here. */
function isReplaced({ plans, slower, faster, matches }: CauseContext, lostGather: PlanNode): boolean {
  const partners = slower === 'source' ? matches.ofSource : matches.ofTarget;
  const isAlone = (node: PlanNode): boolean => isGather(node) && (partners[node.index] ?? -1) < 0;
  const wanted = working(workers(lostGather));
  const inTask = workerOf(plans[faster], lostGather) !== undefined;
  return plans[slower].nodes.some(
    node =>
      isAlone(node) && working(workers(node)) >= wanted && (workerOf(plans[slower], node) !== undefined) === inTask,
  );
}

function lostFinding(
  context: CauseContext,
  pair: { slower: PlanNode | undefined; faster: PlanNode },
  [here, there]: [Workers, Workers],
  place: Place,
  row: number,
): FoundCause {
  const { slower, faster, plans } = context;
  const worker = workerOf(plans[faster], pair.faster);
  const notLaunched = here.planned > 0 && here.planned >= there.planned;
  const settings = differingSettings(context).filter(
    ({ name, on, slower: a, faster: b }) =>
      (on === 'coordinator') === (worker === undefined) &&
      (notLaunched ? launchingSettings : [...planningSettings, ...launchingSettings]).includes(name) &&
      makesFewer(name, a?.value, b?.value),
  );
  const cost = place.ms === undefined ? '' : `, which costs ${formatMs(place.ms)} more`;
  const count = (side: Workers): string =>
    `${working(side) === 0 ? 'no' : formatCount(working(side))} parallel ${working(side) === 1 ? 'worker' : 'workers'}`;
  const found: FoundCause = {
    title:
      `${count(here)} on the ${slower}, ${formatCount(working(there))} on the ${faster}${because(settings, notLaunched)}${cost}.`.replace(
        /^n/,
        'N',
      ),
    confidence: settings.length > 0 ? 'observed' : 'derived',
    explainedMs: place.ms,
    account: `row ${place.row}`,
    evidence: [
      evidence(context, `Workers of ${nodeName(pair.faster)}`, words(here), words(there)),
      ...settings.map(setting => settingEvidence(context, setting)),
      ...(settings.length === 0 ? [otherReason(context, notLaunched)] : []),
    ],
    rows: [...new Set([row, place.row])],
    settings: settings.map(({ name }) => name),
  };
  if (settings[0]) found.remedy = settingRemedy(context, settings[0]);
  return found;
}

/** Costs and sizes keep workers away when they are higher, numbers of workers when they are lower. */
function makesFewer(name: string, ofSlower: string | undefined, ofFaster: string | undefined): boolean {
  if (name.startsWith('max_')) return isLess(ofSlower, ofFaster);
  return /_(cost|size)$/.test(name) ? isLess(ofFaster, ofSlower) : true;
}

function because(settings: readonly SettingDifference[], notLaunched: boolean): string {
  const main = settings[0];
  if (main)
    return `: ${main.name} = ${main.slower?.value ?? 'built-in'} instead of ${main.faster?.value ?? 'built-in'}`;
  return notLaunched ? ': no process was free' : '';
}

function settingEvidence(context: CauseContext, { name, slower, faster }: SettingDifference): Evidence {
  const words = [settingWords(context, context.slower, slower), settingWords(context, context.faster, faster)] as const;
  return evidence(context, name, words[0], words[1], slower?.node);
}

/** No setting that was read tells: the reasons that remain. */
function otherReason(context: CauseContext, notLaunched: boolean): Evidence {
  const reason = notLaunched
    ? 'other sessions had taken the worker processes of max_parallel_workers or max_worker_processes'
    : 'a function marked PARALLEL UNSAFE or RESTRICTED, another size of the table, or parallel_workers of the table';
  return evidence(context, 'What can be the reason', reason, undefined);
}

export const parallelRules: readonly Rule[] = [lost];
