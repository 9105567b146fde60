import type { ComparedCheck, Comparison } from '../shared/comparison';
import type { IgnoredEntry } from '../shared/comparison-report';

export interface IgnoredFinding {
  check: ComparedCheck;
  reason: string;
  at: string;
}

export interface Considered {
  /** Without the findings that are ignored. */
  comparison: Comparison;
  ignored: IgnoredFinding[];
}

/**
 * Takes out the findings that somebody decided to live with. Only a check that fails is ignored: that one cannot be told, or
 * passes, is said all the same. Of several entries for a check the last counts.
 */
export function setIgnoredApart(comparison: Comparison, entries: readonly IgnoredEntry[]): Considered {
  const byId = new Map(entries.map(entry => [entry.id, entry]));
  const ignored: IgnoredFinding[] = [];
  const checks = comparison.checks.filter(check => {
    const entry = check.verdict === 'fail' ? byId.get(check.id) : undefined;
    if (entry) ignored.push({ check, reason: entry.reason, at: entry.at });
    return entry === undefined;
  });
  return { comparison: { ...comparison, checks }, ignored };
}
