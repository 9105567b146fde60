import type { Evidence } from '../../shared/diagnosis';
import { formatMs } from '../../shared/format';
import type { PlanNode } from '../model';
import { enableSetting } from './enable-settings';
import { evidence, pairs, places, workerOf } from './evidence';
import type { CauseContext, FoundCause, Rule } from './rule';
import {
  differing,
  differingSettings,
  isOff,
  type SettingDifference,
  settingOf,
  settingRemedy,
  settingWords,
} from './setting-facts';
import { joinOrderChange, nodeWords, type Place, placeOf, type ShapeChange, shapeChanges } from './shape-changes';

type ChangeKind = ShapeChange['kind'];

const anyShape: readonly ChangeKind[] = ['access', 'join', 'order', 'strategy', 'added', 'removed'];

/**
 * Which changes of a plan a setting can bring about (PostgreSQL documentation, "Query Planning"). Not here: the settings of
 * JIT, of parallel query and of spilling, which have rules of their own, and enable_*, which name a kind of node.
 */
const brings: Record<string, readonly ChangeKind[]> = {
  random_page_cost: ['access', 'join'],
  seq_page_cost: ['access', 'join'],
  effective_cache_size: ['access', 'join'],
  cpu_index_tuple_cost: ['access', 'join'],
  cpu_tuple_cost: anyShape,
  cpu_operator_cost: anyShape,
  join_collapse_limit: ['order'],
  from_collapse_limit: ['order'],
  geqo: ['order'],
  geqo_threshold: ['order'],
  geqo_effort: ['order'],
  geqo_pool_size: ['order'],
  geqo_generations: ['order'],
  geqo_seed: ['order'],
  default_statistics_target: ['estimate'],
  plan_cache_mode: anyShape,
  constraint_exclusion: ['added'],
  enable_partition_pruning: ['added'],
  enable_partitionwise_join: ['added', 'removed', 'order'],
  enable_partitionwise_aggregate: ['added', 'removed', 'strategy'],
  enable_parallel_append: ['added', 'removed', 'strategy'],
  enable_presorted_aggregate: ['added', 'removed', 'strategy'],
  enable_self_join_elimination: ['added', 'removed'],
  enable_group_by_reordering: ['added', 'removed', 'strategy'],
};

/** Settings that can have brought about a change, with the change and what it costs. */
interface Suspicion {
  place: Place;
  changes: ShapeChange[];
  settings: SettingDifference[];
  /** A kind of node that one side forbids and the other uses: no other setting need be looked for. */
  isForbidden: boolean;
}

function suspicions(context: CauseContext): Suspicion[] {
  const differences = differingSettings(context);
  if (differences.length === 0) return [];
  const byRow = new Map<number, Suspicion>();
  const ofNode = {
    coordinator: differences.filter(({ on }) => on === 'coordinator'),
    workers: differences.filter(({ on }) => on === 'workers'),
  };
  const reordered = differences.some(({ name }) => brings[name]?.includes('order')) && joinOrderChange(context);
  for (const change of [...shapeChanges(context), ...(reordered ? [reordered] : [])]) {
    const settings = ofNode[plannedOn(context, change)];
    const forbidden = settings.filter(difference => forbids(difference, change));
    const fitting =
      forbidden.length > 0 ? forbidden : settings.filter(({ name }) => brings[name]?.includes(change.kind));
    if (fitting.length === 0 || isWithoutIndex(context, change)) continue;
    const place = placeOf(context, change.row);
    if (!place) continue;
    const isForbidden = forbidden.length > 0;
    const same = byRow.get(place.row);
    if (!same || (isForbidden && !same.isForbidden)) {
      byRow.set(place.row, { place, changes: [change], settings: fitting, isForbidden });
    } else if (same.isForbidden === isForbidden) {
      same.changes.push(change);
      same.settings.push(...fitting.filter(({ name }) => !same.settings.some(known => known.name === name)));
    }
  }
  return outermost(context, [...byRow.values()]);
}

/** Who planned the part that changed: a worker its tasks, the coordinator the rest. */
function plannedOn({ plans, slower, faster }: CauseContext, change: ShapeChange): SettingDifference['on'] {
  const [plan, node] = change.slower ? [plans[slower], change.slower] : [plans[faster], change.faster!];
  return places(plan).tasks[node.index]! < 0 ? 'coordinator' : 'workers';
}

/** One side forbids a kind of node, and the other uses it here. */
function forbids({ name, slower, faster }: SettingDifference, change: ShapeChange): boolean {
  const uses = (node: PlanNode | undefined): boolean => node !== undefined && enableSetting(node) === name;
  if (uses(change.slower) === uses(change.faster)) return false;
  const [ofSlower, ofFaster] = [isOff(slower?.value), isOff(faster?.value)];
  return ofSlower !== ofFaster && uses(change.faster) === ofSlower;
}

/** The index in use on the faster side is not there at all on the slower one: no setting brings it back. */
function isWithoutIndex({ facts, slower, faster, plans }: CauseContext, change: ShapeChange): boolean {
  const relation = change.faster?.relation;
  if (change.kind !== 'access' || relation === undefined) return false;
  const used = indexName(change.faster!, plans[faster].nodes);
  if (used === undefined) return false;
  const inTask = workerOf(plans[faster], change.faster!) !== undefined;
  const plain = (name: string): string => (inTask ? name.replace(/_\d+$/, '') : name);
  const table = facts[slower]?.relations.find(({ name }) => name === plain(relation));
  return table !== undefined && !table.indexes.some(({ name, valid }) => valid && name === plain(used));
}

function indexName({ indexName: own, index, subtreeSize }: PlanNode, nodes: readonly PlanNode[]): string | undefined {
  return own ?? nodes.slice(index, index + subtreeSize).find(node => node.indexName !== undefined)?.indexName;
}

/** A join that changed with the scans below it is one story, told at the join, if the same settings tell it. */
function outermost({ rows }: CauseContext, found: readonly Suspicion[]): Suspicion[] {
  const kept: Suspicion[] = [];
  // Those around the one looked at, from the outermost in.
  const around: Suspicion[] = [];
  for (const suspicion of [...found].sort((a, b) => a.place.row - b.place.row)) {
    const { row } = suspicion.place;
    const endOf = ({ place }: Suspicion): number => place.row + rows[place.row]!.descendants;
    while (around.length > 0 && endOf(around.at(-1)!) < row) around.pop();
    const isTold = ({ settings }: Suspicion): boolean =>
      settings.some(({ name }) => suspicion.settings.some(own => own.name === name));
    const same = around.find(isTold);
    if (same) {
      same.changes.push(...suspicion.changes);
      continue;
    }
    kept.push(suspicion);
    around.push(suspicion);
  }
  return kept;
}

const planner: Rule = {
  id: 'settings.planner',
  meaning: 'A planner setting differs between the sides, and the plans differ as that setting makes them.',
  reference: 'PostgreSQL documentation, "Server Configuration: Query Planning"',
  supersedes: ['index.unused'],
  find: context => suspicions(context).map(suspicion => plannerFinding(context, suspicion)),
};

function plannerFinding(context: CauseContext, { place, changes, settings, isForbidden }: Suspicion): FoundCause {
  const { slower, faster } = context;
  const main = settings[0]!;
  const change = changes[0]!;
  const differs = settings.map(
    ({ name, slower: a, faster: b }) => `${name} = ${a?.value ?? 'built-in'} (${faster}: ${b?.value ?? 'built-in'})`,
  );
  const cost = place.ms === undefined ? '' : `, which costs ${formatMs(place.ms)} more`;
  const what =
    change.kind === 'order'
      ? 'joins in another order'
      : `has ${nodeWords(change.slower)} in place of ${nodeWords(change.faster)}`;
  return {
    title: `With ${differs.join(' and ')} the ${slower} ${what}${cost}.`,
    confidence: isForbidden || settings.length === 1 ? 'derived' : 'suspected',
    explainedMs: place.ms,
    account: `row ${place.row}`,
    evidence: [
      ...settingsEvidence(context, settings),
      ...changes.slice(0, 4).map(found => changeEvidence(context, found)),
    ],
    remedy: settingRemedy(context, main),
    rows: [...new Set([place.row, ...changes.map(({ row }) => row)])],
    settings: settings.map(({ name }) => name),
  };
}

function settingsEvidence(context: CauseContext, settings: readonly SettingDifference[]): Evidence[] {
  const { slower, faster } = context;
  return settings.map(setting =>
    evidence(
      context,
      setting.name,
      settingWords(context, slower, setting.slower),
      settingWords(context, faster, setting.faster),
      setting.slower?.node,
    ),
  );
}

function changeEvidence(context: CauseContext, { kind, slower, faster }: ShapeChange): Evidence {
  const words: Record<ChangeKind, string> = {
    access: 'Access to the table',
    join: 'Join method',
    order: 'Join order',
    strategy: 'Strategy',
    forbidden: 'Used although forbidden',
    estimate: 'Estimate',
    added: 'Added',
    removed: 'Missing',
  };
  return evidence(context, words[kind], nodeWords(slower), nodeWords(faster));
}

const unavoidable: Rule = {
  id: 'nestloop.unavoidable',
  meaning:
    'A setting forbids a kind of node that the statement cannot do without: it is used all the same, with a cost that leaves the planner no way to tell good plans from bad ones.',
  reference: 'PostgreSQL\'s costsize.c, disable_cost (up to 17); documentation, "Planner Method Configuration"',
  supersedes: ['settings.planner'],
  find(context) {
    const { plans, slower, faster } = context;
    const found = new Map<string, FoundCause>();
    for (const { row, slower: node, faster: other } of pairs(context)) {
      if (!node?.disabled || other?.disabled || places(plans[slower]).overlapped[node.index]) continue;
      const name = enableSetting(node);
      if (name === undefined) continue;
      const isCompiled = plans[slower].statements[node.statement]!.jit !== undefined;
      const place = placeOf(context, row);
      if (!place && !isCompiled) continue;
      const worker = workerOf(plans[slower], node);
      const ofSlower = settingOf(context, slower, name, worker);
      const account = isCompiled && place?.ms === undefined ? 'jit' : `row ${place?.row ?? row}`;
      const weightier = (found.get(name + account)?.explainedMs ?? -1) >= (place?.ms ?? 0);
      if (weightier) continue;
      found.set(name + account, {
        title: `${nodeWords(node)} is used on the ${slower} although ${name} = off: there is no other way.`,
        confidence: 'observed',
        explainedMs: place?.ms,
        account,
        evidence: [
          evidence(
            context,
            'Used although forbidden',
            nodeWords(node),
            other ? `${nodeWords(other)}, allowed` : 'none',
            worker,
          ),
          evidence(
            context,
            name,
            settingWords(context, slower, ofSlower) ?? 'off',
            settingWords(context, faster, settingOf(context, faster, name, worker)),
            ofSlower?.node,
          ),
        ],
        remedy: settingRemedy(context, {
          name,
          on: worker === undefined ? 'coordinator' : 'workers',
          slower: ofSlower ?? { name, value: 'off', node: undefined, source: undefined },
          faster: settingOf(context, faster, name, worker),
        }),
        rows: [row],
        settings: differing(context, [name]),
      });
    }
    return [...found.values()];
  },
};

export const settingsRules: readonly Rule[] = [planner, unavoidable];
