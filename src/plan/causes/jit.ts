import type { Evidence, Remedy } from '../../shared/diagnosis';
import { formatCost, formatMs } from '../../shared/format';
import type { Side } from '../../shared/side';
import type { Jit, Plan, PlanNode } from '../model';
import { disableCost, disabledNodesMajor } from '../thresholds';
import { enableSetting } from './enable-settings';
import { bothTimed, evidence, excessMs, matters, type Pair, pairs, places, workerOf } from './evidence';
import type { CauseContext, FoundCause, Rule } from './rule';
import {
  differing,
  differingSettings,
  isOff,
  type Setting,
  scopedSetting,
  scopeWords,
  settingOf,
  settingRemedy,
  settingSteps,
  settingWords,
  verifySetting,
} from './setting-facts';

/** The cost from which a statement is compiled when nobody says otherwise (PostgreSQL documentation, "JIT: Configuration"). */
const builtInJitAboveCost = 100_000;

/** Settings that decide whether and how much is compiled. */
const jitSettings = ['jit', 'jit_above_cost', 'jit_inline_above_cost', 'jit_optimize_above_cost'];

/** More places than this say nothing new. */
const mostPlaces = 4;

/** Just-in-time compilation of one statement: the one asked for, a subplan's, or a task's on its worker. */
interface Compilation {
  pair: Pair;
  node: PlanNode;
  jit: Jit;
  /** `host:port`; undefined at the coordinator. */
  worker: string | undefined;
  /** Wall-clock, 0 when not executed. */
  ms: number;
}

/** Compilations that somebody waits for, the longest first. */
function compilations(context: CauseContext, side: Side): Compilation[] {
  const plan = context.plans[side];
  const ofSide = (pair: Pair): PlanNode | undefined => (side === context.slower ? pair.slower : pair.faster);
  return pairs(context)
    .flatMap(pair => {
      const node = ofSide(pair);
      const jit = node?.kind === 'jit' ? plan.statements[node.statement]!.jit : undefined;
      if (!node || !jit || places(plan).overlapped[node.index]) return [];
      return [{ pair, node, jit, worker: workerOf(plan, node), ms: node.totalMs ?? 0 }];
    })
    .sort((a, b) => b.ms - a.ms);
}

function total(list: readonly Compilation[]): number {
  return list.reduce((sum, { ms }) => sum + ms, 0);
}

/** More than the other side compiles: by time where both were executed, else by what is compiled. */
function excess(context: CauseContext): { list: Compilation[]; ms: number | undefined } | undefined {
  const list = compilations(context, context.slower);
  const others = compilations(context, context.faster);
  if (list.length === 0) return undefined;
  if (bothTimed(context)) {
    if (!matters(context, total(list), total(others))) return undefined;
  } else if (strongest(list) <= strongest(others)) return undefined;
  else if (context.executionMs[context.slower] !== undefined && !matters(context, total(list), 0)) return undefined;
  return { list, ms: excessMs(context, total(list), total(others)) };
}

/** Inlining and optimization are what costs; without them compilation takes a few milliseconds. */
function strongest(list: readonly Compilation[]): number {
  const strength = ({ jit }: Compilation): number => 1 + Number(jit.inlining) + Number(jit.optimization);
  return list.reduce((most, compilation) => Math.max(most, strength(compilation)), 0);
}

/** `10 functions, inlined, optimized`. */
function jitWords({ functions, inlining, optimization }: Jit): string {
  const count = `${functions} ${functions === 1 ? 'function' : 'functions'}`;
  return [count, ...(inlining ? ['inlined'] : []), ...(optimization ? ['optimized'] : [])].join(', ');
}

function compilationEvidence(context: CauseContext, list: readonly Compilation[]): Evidence[] {
  return list.slice(0, mostPlaces).map(({ pair, node, worker }) => {
    const { faster } = pair;
    const words = (plan: Plan, of: PlanNode): string => {
      const { executionMs: whole, jit } = plan.statements[of.statement]!;
      const time = of.totalMs === undefined ? [] : [`${formatMs(of.totalMs)}${whole ? ` of ${formatMs(whole)}` : ''}`];
      return [...time, ...(jit ? [jitWords(jit)] : [])].join(', ');
    };
    return evidence(
      context,
      worker === undefined ? 'JIT' : 'JIT of a task',
      words(context.plans[context.slower], node),
      faster ? words(context.plans[context.faster], faster) : 'none',
      worker,
    );
  });
}

function share(context: CauseContext, ms: number | undefined): string {
  const whole = context.executionMs[context.slower];
  return ms === undefined || !whole ? '' : ` ${Math.round(Math.min(1, ms / whole) * 100)} % of its execution`;
}

const compiles: Rule = {
  id: 'jit.compiles',
  meaning: 'The statement is compiled to machine code first, which pays for long calculations only.',
  reference: 'PostgreSQL documentation, "Just-in-Time Compilation: When to JIT?"',
  supersedes: [],
  find(context) {
    const more = excess(context);
    if (!more) return [];
    const { list, ms } = more;
    const { slower } = context;
    const where = placesWords(list);
    return [
      {
        title:
          ms === undefined
            ? `JIT compiles on the ${slower}${where}.`
            : `JIT compilation takes ${formatMs(ms)} on the ${slower}${where},${share(context, ms)}.`,
        confidence: 'observed',
        explainedMs: ms,
        account: 'jit',
        evidence: [...compilationEvidence(context, list), ...settingEvidence(context, jitSettings, list[0]!.worker)],
        remedy: compileLess(context, list[0]!.worker),
        rows: list.map(({ pair }) => pair.row),
        settings: differing(context, jitSettings),
      },
    ];
  },
};

function placesWords(list: readonly Compilation[]): string {
  const workers = new Set(list.flatMap(({ worker }) => worker ?? []));
  if (workers.size === 0) return '';
  return workers.size === 1 ? ` in the task on ${[...workers][0]}` : ` in tasks on ${workers.size} nodes`;
}

function settingEvidence(context: CauseContext, names: readonly string[], worker: string | undefined): Evidence[] {
  const { slower, faster } = context;
  return names.flatMap(name => {
    const ofSlower = settingOf(context, slower, name, worker);
    const ofFaster = settingOf(context, faster, name, worker) ?? settingOf(context, faster, name);
    if (!ofSlower && !ofFaster) return [];
    const words = [settingWords(context, slower, ofSlower), settingWords(context, faster, ofFaster)] as const;
    return [evidence(context, name, words[0], words[1], ofSlower?.node)];
  });
}

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
  const forbidden = plan.nodes.filter(node => node.disabled && node.statement === statement.index);
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

const forcedRule: Rule = {
  id: 'jit.forced',
  meaning:
    'A setting forbids a kind of node that the statement cannot do without; up to PostgreSQL 17 using it anyway adds 1e10 to the cost, and that cost, not the work, sets off JIT with inlining and optimization.',
  reference:
    'PostgreSQL\'s costsize.c, disable_cost (up to 17); documentation, "Just-in-Time Compilation: When to JIT?"; measured on 15: 56 ms without, 1,323 ms with, 82 ms with jit = off',
  supersedes: ['jit.compiles', 'settings.planner', 'nestloop.unavoidable'],
  find(context) {
    const more = excess(context);
    if (!more || (context.majors[context.slower] ?? 0) >= disabledNodesMajor) return [];
    const list = more.list.flatMap(compilation => forced(context, compilation) ?? []);
    const main = list[0];
    if (!main) return [];
    const ms = more.ms === undefined ? undefined : Math.min(more.ms, total(list));
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
  const names = [...main.settings.map(({ name }) => name), ...jitSettings];
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
    ...settingEvidence(context, names, main.worker),
    ...(main.worker === undefined ? [] : settingEvidence(context, names.slice(0, -3), undefined)),
  ];
}

function rowsOf(context: CauseContext, list: readonly Forced[]): number[] {
  const forbidden = new Set(list.flatMap(({ forbidden }) => forbidden.map(({ index }) => index)));
  const rows = pairs(context).filter(({ slower }) => slower && forbidden.has(slower.index));
  return [...list.map(({ pair }) => pair.row), ...rows.map(({ row }) => row)];
}

/** Switches JIT off for the role; where a setting forced it, that may be taken back instead. */
function jitOff(context: CauseContext, inForce: Setting | undefined): Remedy {
  const { slower } = context;
  const entry = inForce && scopedSetting(context, slower, inForce);
  const role = entry?.scope === 'role' || entry?.scope === 'roleInDatabase' ? entry : undefined;
  const off: Remedy = {
    summary: 'Switch JIT off for the role.',
    side: slower,
    steps: settingSteps(context, { name: 'jit' }, 'off', role),
    verify: verifySetting(context, 'jit'),
  };
  if (!inForce) return off;
  const instead = settingSteps(context, inForce, undefined, entry).map(step => ({
    ...step,
    sql: `-- Or instead, so that the planner may choose freely:\n${step.sql}`,
  }));
  return {
    ...off,
    summary: `Switch JIT off for the role, or take back ${inForce.name} = off; either suffices.`,
    steps: [...off.steps, ...instead],
  };
}

/** Thresholds as the other side has them, when it is they that differ; else JIT off. */
function compileLess(context: CauseContext, worker: string | undefined): Remedy {
  const on = worker === undefined ? 'coordinator' : 'workers';
  const different = differingSettings(context).filter(found => found.on === on && jitSettings.includes(found.name));
  if (different.length === 0 || different.some(({ name }) => name === 'jit')) return jitOff(context, undefined);
  const remedies = different.map(difference => settingRemedy(context, difference));
  return {
    ...remedies[0]!,
    summary: `Give ${different.map(({ name }) => name).join(', ')} the ${context.faster}'s values.`,
    steps: remedies.flatMap(({ steps }) => steps),
  };
}

const absent: Rule = {
  id: 'jit.absent',
  meaning: 'The statement calculates long enough for JIT to pay, and this side does not compile it.',
  reference: 'PostgreSQL documentation, "Just-in-Time Compilation: When to JIT?"',
  supersedes: ['cpu.slower'],
  find(context) {
    if (!bothTimed(context)) return [];
    const list = compilations(context, context.faster);
    if (list.length === 0 || compilations(context, context.slower).length > 0) return [];
    const { slower } = context;
    const statements = new Set(list.map(({ node }) => node.statement));
    let ms = -total(list);
    const rows: number[] = [];
    for (const { row, slower: a, faster: b } of pairs(context)) {
      if (!a || !b || a.kind !== 'operator' || a.type !== b.type || !statements.has(b.statement)) continue;
      if (places(context.plans[slower]).overlapped[a.index] || a.selfMs === undefined || b.selfMs === undefined)
        continue;
      ms += a.selfMs - b.selfMs;
      if (matters(context, a.selfMs, b.selfMs)) rows.push(row);
    }
    if (!matters(context, ms, 0) || rows.length === 0) return [];
    const available = context.facts[slower]?.nodes.some(node => node.jitAvailable === false);
    const found: FoundCause = {
      title: `The ${context.faster} compiles the statement and gains ${formatMs(ms)}; the ${slower} ${available ? 'has no JIT' : 'does not'}.`,
      confidence: 'suspected',
      explainedMs: ms,
      account: 'cpu',
      evidence: [
        evidence(context, 'JIT', 'none', `${formatMs(total(list))}, ${jitWords(list[0]!.jit)}`, list[0]!.worker),
        ...settingEvidence(context, jitSettings, list[0]!.worker),
      ],
      rows,
      settings: differing(context, jitSettings),
    };
    return [found];
  },
};

export const jitRules: readonly Rule[] = [forcedRule, compiles, absent];
