import type { Evidence, Remedy } from '../../shared/diagnosis';
import { formatMs } from '../../shared/format';
import type { Side } from '../../shared/side';
import type { Jit, Plan, PlanNode } from '../model';
import { bothTimed, evidence, excessMs, matters, type Pair, pairs, places, workerOf } from './evidence';
import type { CauseContext } from './rule';
import { type Setting, scopedSetting, settingOf, settingSteps, settingWords, verifySetting } from './setting-facts';

/** Settings that decide whether and how much is compiled. */
export const jitSettings = ['jit', 'jit_above_cost', 'jit_inline_above_cost', 'jit_optimize_above_cost'];

/** More places than this say nothing new. */
export const mostPlaces = 4;

/** Just-in-time compilation of one statement: the one asked for, a subplan's, or a task's on its worker. */
export interface Compilation {
  pair: Pair;
  node: PlanNode;
  jit: Jit;
  /** `host:port`; undefined at the coordinator. */
  worker: string | undefined;
  /** Wall-clock, 0 when not executed. */
  ms: number;
}

/** Compilations that somebody waits for, the longest first. */
export function compilations(context: CauseContext, side: Side): Compilation[] {
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

export function totalMs(list: readonly Compilation[]): number {
  return list.reduce((sum, { ms }) => sum + ms, 0);
}

/** More than the other side compiles: by time where both were executed, else by what is compiled. */
export function jitExcess(context: CauseContext): { list: Compilation[]; ms: number | undefined } | undefined {
  const list = compilations(context, context.slower);
  const others = compilations(context, context.faster);
  if (list.length === 0) return undefined;
  if (bothTimed(context)) {
    if (!matters(context, totalMs(list), totalMs(others))) return undefined;
  } else if (strongest(list) <= strongest(others)) return undefined;
  else if (context.executionMs[context.slower] !== undefined && !matters(context, totalMs(list), 0)) return undefined;
  return { list, ms: excessMs(context, totalMs(list), totalMs(others)) };
}

/** Inlining and optimization are what costs; without them compilation takes a few milliseconds. */
function strongest(list: readonly Compilation[]): number {
  const strength = ({ jit }: Compilation): number => 1 + Number(jit.inlining) + Number(jit.optimization);
  return list.reduce((most, compilation) => Math.max(most, strength(compilation)), 0);
}

/** `10 functions, inlined, optimized`. */
export function jitWords({ functions, inlining, optimization }: Jit): string {
  const count = `${functions} ${functions === 1 ? 'function' : 'functions'}`;
  return [count, ...(inlining ? ['inlined'] : []), ...(optimization ? ['optimized'] : [])].join(', ');
}

export function compilationEvidence(context: CauseContext, list: readonly Compilation[]): Evidence[] {
  const ofEach = list.slice(0, mostPlaces).map(({ pair, node, worker }) => {
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
  return [...ofEach, ...perNodeEvidence(context)];
}

/** How many statements each node compiled, those included that ran beside a slower one. */
function perNodeEvidence(context: CauseContext): Evidence[] {
  const { plans, slower } = context;
  const nodes = new Map<string, { tasks: number; compiled: number; longest: number }>();
  for (const statement of plans[slower].statements) {
    const task = plans[slower].nodes[statement.container];
    if (task?.kind !== 'task') continue;
    const worker = workerOf(plans[slower], task)!;
    const node = nodes.get(worker) ?? { tasks: 0, compiled: 0, longest: 0 };
    node.tasks++;
    if (statement.jit) node.compiled++;
    node.longest = Math.max(node.longest, statement.jit?.totalMs ?? 0);
    nodes.set(worker, node);
  }
  return [...nodes].slice(0, mostPlaces).map(([worker, { tasks, compiled, longest }]) => {
    const at = longest > 0 ? `, at most ${formatMs(longest)}` : '';
    return evidence(context, 'Tasks shown that compile', `${compiled} of ${tasks}${at}`, undefined, worker);
  });
}

/** ` in the task on 10.0.0.7:5432`. */
export function placesWords(list: readonly Compilation[]): string {
  const workers = new Set(list.flatMap(({ worker }) => worker ?? []));
  if (workers.size === 0) return '';
  return workers.size === 1 ? ` in the task on ${[...workers][0]}` : ` in tasks on ${workers.size} nodes`;
}

/** Settings behind it; of those that matter less only what differs. */
export function jitSettingEvidence(
  context: CauseContext,
  always: readonly string[],
  worker: string | undefined,
): Evidence[] {
  const { slower, faster } = context;
  return [...new Set([...always, ...jitSettings])].flatMap(name => {
    const ofSlower = settingOf(context, slower, name, worker);
    const ofFaster = settingOf(context, faster, name, worker) ?? settingOf(context, faster, name);
    if (!ofSlower && !ofFaster) return [];
    if (!always.includes(name) && ofSlower?.value === ofFaster?.value) return [];
    const words = [settingWords(context, slower, ofSlower), settingWords(context, faster, ofFaster)] as const;
    return [evidence(context, name, words[0], words[1], ofSlower?.node)];
  });
}

/** Switches JIT off for the role; where a setting forced it, that may be taken back instead. */
export function jitOff(context: CauseContext, inForce: Setting | undefined): Remedy {
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
