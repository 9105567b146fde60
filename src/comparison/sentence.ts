/** A comparison in one sentence, and its groups by name. */
import { type Severity, severities } from '../shared/comparison';
import type { ComparisonReport } from '../shared/comparison-report';

/** `3 differences that bite: 1 high, 2 medium; 2 checks could not be judged`. */
export function comparisonSentence({ findings, counts }: Pick<ComparisonReport, 'findings' | 'counts'>): string {
  const judged = counts.fail + counts.pass;
  const parts = [];
  if (findings.length > 0) {
    const differences = findings.length === 1 ? '1 difference that bites' : `${findings.length} differences that bite`;
    parts.push(`${differences}: ${severityWords(findings)}`);
  } else if (judged > 0) parts.push(`No difference that bites in ${judged} ${judged === 1 ? 'check' : 'checks'}`);
  const open = counts.unknown + counts.error;
  if (open > 0) parts.push(`${open} ${open === 1 ? 'check' : 'checks'} could not be judged`);
  return parts.join('; ') || 'Nothing was asked';
}

/** `1 high, 2 medium`. */
export function severityWords(findings: readonly { severity: Severity }[]): string {
  return severities
    .map(severity => ({ severity, count: findings.filter(each => each.severity === severity).length }))
    .filter(({ count }) => count > 0)
    .map(({ severity, count }) => `${count} ${severity}`)
    .join(', ');
}

/** `settings` is `Settings` for a reader. */
export function groupTitle(group: string): string {
  if (group === 'jit') return 'JIT';
  const title = group.replaceAll(/[-_]/g, ' ');
  return title.charAt(0).toUpperCase() + title.slice(1);
}
