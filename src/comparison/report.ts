import type { CheckVerdict } from '../shared/check';
import type { ComparedCheck, Comparison } from '../shared/comparison';
import type { ComparisonReport, IgnoredEntry, ReportFinding } from '../shared/comparison-report';
import { aboutCheck, reportEvidence, reportSide } from './about-check';
import { changesSince } from './changes';
import { type IgnoredFinding, setIgnoredApart } from './ignored';
import { countVerdicts, groupsOf, worstFirst } from './order';

export interface ReportOptions {
  /** Findings to leave out, with the reasons. */
  ignore?: readonly IgnoredEntry[] | undefined;
  /** An earlier comparison to hold it against. */
  since?: Comparison | undefined;
}

/** Everything that is shown of a comparison, in reading order. */
export function comparisonReport(compared: Comparison, { ignore = [], since }: ReportOptions = {}): ComparisonReport {
  const { comparison, ignored } = setIgnoredApart(compared, ignore);
  const { at, elapsedMs, migration, source, target, checks } = comparison;
  const ordered = worstFirst(checks);
  const having = (verdict: CheckVerdict) => ordered.filter(check => check.verdict === verdict);
  return {
    version: 1,
    ...{ at, elapsedMs, migration },
    source: reportSide(source),
    target: reportSide(target),
    counts: countVerdicts(checks),
    groups: groupsOf(checks),
    findings: having('fail').map(reportFinding),
    unknown: ordered
      .filter(({ verdict, unknown }) => verdict === 'unknown' || unknown.length > 0)
      .map(check => ({ ...aboutCheck(check), verdict: check.verdict, gaps: check.unknown.map(reportGap) })),
    errors: having('error').map(aboutCheck),
    passed: having('pass').map(aboutCheck),
    ignored: ignored.map(({ check, reason, at }) => ({ ...aboutCheck(check), reason, at })),
    changes: since ? changesSince(without(since, ignored), comparison) : null,
  };
}

/** What is ignored now is no news, whatever it was then. */
function without(earlier: Comparison, ignored: readonly IgnoredFinding[]): Comparison {
  const ids = new Set(ignored.map(({ check }) => check.id));
  return { ...earlier, checks: earlier.checks.filter(({ id }) => !ids.has(id)) };
}

export function reportFinding(check: ComparedCheck): ReportFinding {
  const { question, why, reference, evidence, remedies } = check;
  return {
    ...aboutCheck(check),
    confidence: 'observed',
    ...{ question, why, reference },
    evidence: evidence.map(reportEvidence),
    remedy: remedies,
  };
}

function reportGap({ what, node, grant }: ComparedCheck['unknown'][number]) {
  return { what, node: node ?? null, grant: grant ?? null };
}
