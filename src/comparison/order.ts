/** In which order a comparison is read. */
import type { CheckVerdict } from '../shared/check';
import { type ComparedCheck, type Severity, severities } from '../shared/comparison';
import type { ComparisonReport, ReportGroup, VerdictCounts } from '../shared/comparison-report';
import { severityWords } from './sentence';

const verdictRanks: Record<CheckVerdict, number> = { fail: 0, error: 1, unknown: 1, pass: 2 };

/** Findings first, then what could not be judged, then what passed; each by severity, then as the catalogue has it. */
export function worstFirst<Item extends Pick<ComparedCheck, 'verdict' | 'severity'>>(items: readonly Item[]): Item[] {
  return [...items].sort(
    (a, b) =>
      verdictRanks[a.verdict] - verdictRanks[b.verdict] ||
      severities.indexOf(a.severity) - severities.indexOf(b.severity),
  );
}

export function isAtLeast(severity: Severity, least: Severity): boolean {
  return severities.indexOf(severity) <= severities.indexOf(least);
}

export function countVerdicts(checks: readonly Pick<ComparedCheck, 'verdict'>[]): VerdictCounts {
  const counts = { fail: 0, unknown: 0, error: 0, pass: 0 };
  for (const { verdict } of checks) counts[verdict]++;
  return counts;
}

/** In the catalogue's order, which is that of the checks. */
export function groupsOf(checks: readonly ComparedCheck[]): ReportGroup[] {
  return [...new Set(checks.map(({ group }) => group))].map(group => {
    const own = checks.filter(check => check.group === group);
    const [worst] = worstFirst(own);
    return { group, worst: worst?.verdict === 'fail' ? worst.severity : null, ...countVerdicts(own) };
  });
}

/** Groups with the worst finding first, then those of which something is not known. */
export function groupsWorstFirst(groups: readonly ReportGroup[]): ReportGroup[] {
  const rank = ({ worst, error, unknown }: ReportGroup): number =>
    worst === null ? severities.length + (error + unknown > 0 ? 0 : 1) : severities.indexOf(worst);
  return [...groups].sort((a, b) => rank(a) - rank(b));
}

/** `2 failed (1 high, 1 medium), 3 unknown, 19 passed`; empty of none. */
export function countWords({ counts, findings }: Pick<ComparisonReport, 'counts' | 'findings'>): string {
  const parts: [count: number, words: string][] = [
    [counts.fail, `failed (${severityWords(findings)})`],
    [counts.error, 'in error'],
    [counts.unknown, 'unknown'],
    [counts.pass, 'passed'],
  ];
  return parts.flatMap(([count, words]) => (count > 0 ? [`${count} ${words}`] : [])).join(', ');
}
