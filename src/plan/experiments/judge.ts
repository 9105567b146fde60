import type { Experiment, Interval } from '../../shared/diagnosis';
import { isNoise, noiseMs, noiseShare } from '../thresholds';
import { enoughRuns, medianInterval, ratioInterval } from './statistics';

/** Execution times in the order they were taken, each pair one after the other, without the first of each. */
export interface Series {
  unchangedMs: readonly number[];
  changedMs: readonly number[];
}

/**
 * What an experiment is held against. `difference`: the other side was timed, `otherMs` is its time; what there is to
 * explain is the slower side's median minus that. `claimed`: the other side was not executed (it is protected, or its
 * write was not consented to), so the time that the tested causes account for stands in. `none`: there is neither, and
 * nothing can be said to be explained.
 */
export type Reference =
  | { kind: 'difference'; otherMs: number }
  | { kind: 'claimed'; explainedMs: number }
  | { kind: 'none' };

/** The share of the difference that must go away for an experiment to explain it. */
export const explainingShare = 0.5;

/** In this share of the pairs at least the changed run must be the quicker one: the effect repeats. */
const repeatingShare = 0.8;

type Judgement = Pick<Experiment, 'unchanged' | 'changedTo' | 'ratio' | 'explainedShare'> & {
  outcome: Extract<Experiment['outcome'], 'explains' | 'helps' | 'noEffect' | 'worse' | 'unclear'>;
};

/**
 * `explains`: quicker beyond noise, with an interval that excludes "as before", in nearly every pair, by at least half of
 * what is to be explained. `helps`: the same, but by less, or nothing is there to hold it against.
 */
export function judge(series: Series, reference: Reference): Judgement {
  const unchanged = medianInterval(series.unchangedMs);
  const changedTo = medianInterval(series.changedMs);
  const ratio = ratioInterval(series.unchangedMs, series.changedMs);
  if (!unchanged || !changedTo || !ratio) return { outcome: 'unclear' };
  const judgement: Judgement = { unchanged, changedTo, ratio, outcome: direction(series, unchanged, changedTo, ratio) };
  const toExplain = millisecondsToExplain(reference, unchanged.median);
  const share = toExplain === undefined ? undefined : (unchanged.median - changedTo.median) / toExplain;
  // The schema's share is of the difference between the sides; of a claim there is none.
  if (reference.kind === 'difference' && share !== undefined) judgement.explainedShare = share;
  if (judgement.outcome === 'helps' && share !== undefined && share >= explainingShare) judgement.outcome = 'explains';
  return judgement;
}

/** Undefined when there is nothing, or nothing beyond noise. */
export function millisecondsToExplain(reference: Reference, unchangedMs: number): number | undefined {
  if (reference.kind === 'none') return undefined;
  if (reference.kind === 'claimed') return reference.explainedMs > noiseMs ? reference.explainedMs : undefined;
  const { otherMs } = reference;
  return unchangedMs > otherMs && !isNoise(unchangedMs, otherMs, noiseMs) ? unchangedMs - otherMs : undefined;
}

function direction(series: Series, unchanged: Interval, changedTo: Interval, ratio: Interval): Judgement['outcome'] {
  const runs = Math.min(series.unchangedMs.length, series.changedMs.length);
  if (runs < enoughRuns) return 'unclear';
  const isWithinNoise = isNoise(unchanged.median, changedTo.median, noiseMs);
  if (ratio.low >= 1 - noiseShare && ratio.high <= 1 + noiseShare) return 'noEffect';
  if (ratio.high < 1) {
    if (isWithinNoise) return 'noEffect';
    return repeats(series, runs) ? 'helps' : 'unclear';
  }
  if (ratio.low > 1) return isWithinNoise ? 'noEffect' : 'worse';
  return 'unclear';
}

function repeats({ unchangedMs, changedMs }: Series, runs: number): boolean {
  let quicker = 0;
  for (let run = 0; run < runs; run++) if (changedMs[run]! < unchangedMs[run]!) quicker++;
  return quicker >= repeatingShare * runs;
}
