/**
 * When a difference between the sides is one: the one place with the gates against noise. All four must let it pass, and rows
 * per call must not say that the work itself differs. Set after the rule that found regressions on 50 clusters and was quiet
 * otherwise (PerformanceMonitor #3798: ratio, least difference, calls), with the spread in place of its 20 calls: a rollup runs
 * once a night, and three runs that all take thrice the time are no chance.
 */
import { formatMs, formatRatio, formatRows } from '../shared/format';
import type { MatchMethod, StatementVerdict } from '../shared/statements';
import { isProposed } from '../shared/statements';
import { at, type Figures, figureOf, meanMsOf } from './figures';

export const gates = {
  /** Slower mean over quicker mean. */
  ratio: 1.5,
  /** Between the means, milliseconds; */
  differenceMs: 0.1,
  /** and what all calls on the target make of it, milliseconds. */
  impactMs: 10,
  calls: 3,
  /** Welch's test at 95 %, two sigmas of many calls: the difference is beyond what their spread explains. */
  confidence: 0.95,
  /** Rows per call, more over fewer. */
  rows: 1.25,
} as const;

export interface Comparison {
  verdict: StatementVerdict;
  ratio: number | undefined;
  impactMs: number;
  /** Why, one sentence each. */
  reasons: string[];
}

export function compareFigures(source: Figures, target: Figures, match: MatchMethod): Comparison {
  const [sourceMs, targetMs] = [meanMsOf(source), meanMsOf(target)];
  const ratio = sourceMs > 0 ? targetMs / sourceMs : undefined;
  const impactMs = target[at.calls]! * (targetMs - sourceMs);
  const said = (verdict: StatementVerdict, ...reasons: string[]): Comparison => ({ verdict, ratio, impactMs, reasons });
  const means = `${formatMs(targetMs)} a call on the target, ${formatMs(sourceMs)} on the source`;
  if (isProposed(match))
    return said(
      'unconfirmed',
      'It is not certain that the two are the same statement: confirm or split them.',
      `${means}.`,
    );
  if (ratio === undefined) return said('same', `${means}.`);
  const rows = rowsDiffer(source, target);
  const factor = ratio >= 1 ? ratio : 1 / ratio;
  if (factor < gates.ratio) return said('same', `${means}: less than ${formatRatio(gates.ratio)} apart.`, ...rows);
  const differenceMs = Math.abs(targetMs - sourceMs);
  if (differenceMs < gates.differenceMs || Math.abs(impactMs) < gates.impactMs)
    return said('same', `${means}: ${formatMs(Math.abs(impactMs))} over all calls, too little to matter.`, ...rows);
  if (rows.length > 0) return said('differentData', ...rows, `${means}.`);
  const fewest = Math.min(source[at.calls]!, target[at.calls]!);
  if (fewest < gates.calls)
    return said(
      'noise',
      `${means}, but ${fewest === 1 ? 'one call' : `${fewest} calls`} on one side are too few to tell.`,
    );
  const chance = withinSpread(source, target, differenceMs);
  if (chance) return said('noise', `${means}, but ${chance}`);
  return said(
    ratio > 1 ? 'regression' : 'improvement',
    `${means}: ${formatRatio(factor)} ${ratio > 1 ? 'slower' : 'quicker'}.`,
  );
}

function rowsDiffer(source: Figures, target: Figures): string[] {
  const [before, after] = [source[at.rows]! / source[at.calls]!, target[at.rows]! / target[at.calls]!];
  const [fewer, more] = [Math.min(before, after), Math.max(before, after)];
  if (!(more - fewer >= 0.5) || more < gates.rows * fewer) return [];
  return [
    `${formatRows(after)} rows a call on the target, ${formatRows(before)} on the source: the data or the work differ, not the cluster alone.`,
  ];
}

/** Why the difference may be chance; undefined when it is not. */
function withinSpread(source: Figures, target: Figures, differenceMs: number): string | undefined {
  const [a, b] = [sampleVariance(source), sampleVariance(target)];
  if (a === undefined || b === undefined) return undefined;
  const standardError = Math.sqrt(a.ofMean + b.ofMean);
  if (standardError === 0) return undefined;
  const degrees = (a.ofMean + b.ofMean) ** 2 / (a.ofMean ** 2 / (a.calls - 1) + b.ofMean ** 2 / (b.calls - 1));
  if (differenceMs / standardError >= criticalT(degrees)) return undefined;
  return `calls vary by ± ${formatMs(Math.sqrt(a.variance))} on the source and ± ${formatMs(Math.sqrt(b.variance))} on the target: with so few of them that may be chance.`;
}

/** PostgreSQL keeps the deviation of the population. */
function sampleVariance(figures: Figures) {
  const stddev = figureOf(figures, 'stddevMs');
  const calls = figures[at.calls]!;
  if (stddev === undefined) return undefined;
  const variance = (stddev ** 2 * calls) / (calls - 1);
  return { variance, ofMean: variance / calls, calls };
}

/** Two-sided 95 % quantiles of Student's t, by degrees of freedom. */
const quantiles: readonly (readonly [degrees: number, t: number])[] = [
  [2, 4.303],
  [3, 3.182],
  [4, 2.776],
  [5, 2.571],
  [6, 2.447],
  [8, 2.306],
  [10, 2.228],
  [15, 2.131],
  [20, 2.086],
  [30, 2.042],
  [60, 2.0],
  [120, 1.98],
];

/** Of the next fewer degrees in the table: never too small. */
function criticalT(degrees: number): number {
  let t = 12.706;
  for (const [least, quantile] of quantiles) if (degrees >= least) t = quantile;
  return degrees > 1000 ? 1.96 : t;
}
