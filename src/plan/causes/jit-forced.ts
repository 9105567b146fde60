import type { Evidence } from '../../shared/diagnosis';
import { formatCost, formatMs } from '../../shared/format';
import type { PlanNode } from '../model';
import { disableCost, disabledNodesMajor } from '../thresholds';
import { enableSetting } from './enable-settings';
import { evidence, pairs } from './evidence';
import {
  type Compilation,
  compilationEvidence,
  jitExcess,
  jitOff,
  jitSettingEvidence,
  jitSettings,
  mostPlaces,
  placesWords,
  totalMs,
} from './jit-compilations';
import type { CauseContext, Rule } from './rule';
import { differing, isOff, type Setting, scopeWords, settingOf } from './setting-facts';

/** The cost from which a statement is compiled when nobody says otherwise (PostgreSQL documentation, "JIT: Configuration"). */
const builtInJitAboveCost = 100_000;

/** A statement compiled only because a node that a setting forbids was charged 1e10 for being used anyway. */
interface Forced extends Compilation {
  cost: number;
  /** What the plan would cost without the penalty. */
  withoutPenalty: number;
  threshold: Setting | undefined;
  /** Nodes in use although forbidden: the lowest ones, as those above cannot be told (disabled.ts). */
  forbidden: PlanNode[];
  settings: { name: string; inForce: Setting | undefined }[];
}

function forced(context: CauseContext, compilation: Compilation): Forced | undefined {
  const plan = context.plans[context.slower];
  const statement = plan.statements[compilation.node.statement]!;
  const cost = plan.nodes[statement.root]?.totalCost;
  if (cost === undefined || cost < disableCost) return undefined;
  const withoutPenalty = cost - Math.floor(cost / disableCost) * disableCost;
  const threshold = settingOf(context, context.slower, 'jit_above_cost', compilation.worker);
  if (withoutPenalty >= Number(threshold?.value ?? builtInJitAboveCost)) return undefined;
  const { index: at, subtreeSize } = plan.nodes[statement.root]!;
  const forbidden = plan.nodes
    .slice(at, at + subtreeSize)
    .filter(node => node.disabled && node.statement === statement.index);
  const suspects = [...new Set(forbidden.flatMap(node => enableSetting(node) ?? []))];
  const settings = suspects.map(name => ({
    name,
    inForce: settingOf(context, context.slower, name, compilation.worker) ?? functionSetting(context, name),
  }));
  const off = settings.filter(({ inForce }) => inForce && isOff(inForce.value));
  return { ...compilation, cost, withoutPenalty, threshold, forbidden, settings: off.length > 0 ? off : settings };
}

/** A function's own SET clause shows in no setting of the session. */
function functionSetting(context: CauseContext, name: string): Setting | undefined {
  const entry = context.facts[context.slower]?.scoped.find(found => found.scope === 'function' && found.name === name);
  return entry && { name, value: entry.value, node: entry.node, source: undefined };
}

export const forcedRule: Rule = {
  id: 'jit.forced',
  meaning:
    'A setting forbids a kind of node that the statement cannot do without; up to PostgreSQL 17 using it anyway adds 1e10 to the cost, and that cost, not the work, sets off JIT with inlining and optimization.',
  reference:
    'PostgreSQL\'s costsize.c, disable_cost (up to 17); documentation, "Just-in-Time Compilation: When to JIT?"; measured on 15: 56 ms without, 1,323 ms with, 82 ms with jit = off',
  supersedes: ['jit.compiles', 'settings.planner', 'nestloop.unavoidable'],
  find(context) {
    const more = jitExcess(context);
    if (!more || (context.majors[context.slower] ?? 0) >= disabledNodesMajor) return [];
    const list = more.list.flatMap(compilation => forced(context, compilation) ?? []);
    const main = list[0];
    if (!main) return [];
    const ms = more.ms === undefined ? undefined : Math.min(more.ms, totalMs(list));
    const { name, inForce } = main.settings[0] ?? { name: 'a planner setting', inForce: undefined };
    const isSeen = inForce !== undefined && isOff(inForce.value);
    const { slower } = context;
    const scope = isSeen ? ` (${scopeWords(context, slower, inForce)})` : '';
    const does = ms === undefined ? 'sets off JIT' : `sets off ${formatMs(ms)} of JIT`;
    return [
      {
        title: `${name} = off${scope} ${does} on the ${slower}${placesWords(list)}: the plan costs ${formatCost(main.cost)}, without the penalty ${formatCost(main.withoutPenalty)}.`,
        confidence: isSeen ? 'observed' : 'derived',
        explainedMs: ms,
        account: 'jit',
        evidence: forcedEvidence(context, main, list),
        remedy: jitOff(context, inForce),
        rows: rowsOf(context, list),
        settings: differing(context, [...main.settings.map(setting => setting.name), ...jitSettings]),
      },
    ];
  },
};

function forcedEvidence(context: CauseContext, main: Forced, list: readonly Forced[]): Evidence[] {
  const { plans } = context;
  const top = plans[context.slower].statements[main.node.statement]!.root;
  const root = pairs(context).find(({ slower }) => slower?.index === top)?.faster;
  const names = [...main.settings.map(({ name }) => name), 'jit', 'jit_above_cost'];
  return [
    ...compilationEvidence(context, list),
    evidence(
      context,
      'Total cost',
      `${formatCost(main.cost)}; without the penalty ${formatCost(main.withoutPenalty)}`,
      root?.totalCost === undefined ? undefined : formatCost(root.totalCost),
      main.worker,
    ),
    ...main.forbidden
      .slice(0, mostPlaces)
      .map(node => evidence(context, 'Used although forbidden', node.type, undefined, main.worker)),
    ...jitSettingEvidence(context, names, main.worker),
    ...(main.worker === undefined ? [] : jitSettingEvidence(context, names.slice(0, -2), undefined)),
  ];
}

function rowsOf(context: CauseContext, list: readonly Forced[]): number[] {
  const forbidden = new Set(list.flatMap(({ forbidden }) => forbidden.map(({ index }) => index)));
  const rows = pairs(context).filter(({ slower }) => slower && forbidden.has(slower.index));
  return [...list.map(({ pair }) => pair.row), ...rows.map(({ row }) => row)];
}
