import type { Remedy } from '../../shared/diagnosis';
import { formatMs } from '../../shared/format';
import { grownScans } from './data';
import { bothTimed, evidence, isSameWork, matters, pairs, places } from './evidence';
import {
  compilationEvidence,
  compilations,
  jitExcess,
  jitOff,
  jitSettingEvidence,
  jitSettings,
  jitWords,
  placesWords,
  totalMs,
} from './jit-compilations';
import { forcedRule } from './jit-forced';
import type { CauseContext, FoundCause, Rule } from './rule';
import { differing, differingSettings, settingRemedy } from './setting-facts';
import { joinOrderChange, shapeChanges } from './shape-changes';

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
    const more = jitExcess(context);
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
        evidence: [
          ...compilationEvidence(context, list),
          ...jitSettingEvidence(context, ['jit', 'jit_above_cost'], list[0]!.worker),
        ],
        remedy: compileLess(context, list[0]!.worker),
        rows: list.map(({ pair }) => pair.row),
        settings: differing(context, jitSettings),
      },
    ];
  },
};

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
    // Whatever else differs takes time for reasons of its own.
    if (shapeChanges(context).length > 0 || grownScans(context).length > 0) return [];
    const { slower } = context;
    const statements = new Set(list.map(({ node }) => node.statement));
    const gaining = pairs(context).filter(
      ({ slower: a, faster: b }) =>
        a?.kind === 'operator' &&
        b !== undefined &&
        statements.has(b.statement) &&
        places(context.plans[slower]).overlapped[a.index] === 0 &&
        isSameWork(context, a, b) &&
        matters(context, a.selfMs ?? 0, b.selfMs ?? 0),
    );
    const ms = gaining.reduce((sum, { slower: a, faster: b }) => sum + a!.selfMs! - b!.selfMs!, -totalMs(list));
    if (gaining.length === 0 || !matters(context, ms, 0) || joinOrderChange(context)) return [];
    const available = context.facts[slower]?.nodes.some(node => node.jitAvailable === false);
    const found: FoundCause = {
      title: `The ${context.faster} compiles the statement and gains ${formatMs(ms)}; the ${slower} ${available ? 'has no JIT' : 'does not'}.`,
      confidence: 'suspected',
      explainedMs: ms,
      account: 'cpu',
      evidence: [
        evidence(context, 'JIT', 'none', `${formatMs(totalMs(list))}, ${jitWords(list[0]!.jit)}`, list[0]!.worker),
        ...jitSettingEvidence(context, ['jit', 'jit_above_cost'], list[0]!.worker),
      ],
      rows: gaining.map(({ row }) => row),
      settings: differing(context, jitSettings),
    };
    return [found];
  },
};

export const jitRules: readonly Rule[] = [forcedRule, compiles, absent];
