/** How findings look in the view. No editor here. */
import type { ComparedCheck, Severity } from '../../shared/comparison';
import type { IgnoredEntry } from '../../shared/comparison-report';

/** What a check is to the reader. */
export type CheckState = 'finding' | 'ignored' | 'unknown' | 'passed';

export function stateOf({ id, verdict }: ComparedCheck, ignored: readonly IgnoredEntry[]): CheckState {
  if (verdict === 'pass') return 'passed';
  if (verdict !== 'fail') return 'unknown';
  return ignored.some(entry => entry.id === id) ? 'ignored' : 'finding';
}

/** Codicon and colour. */
export const severityIcons: Record<Severity, readonly [icon: string, color: string]> = {
  critical: ['flame', 'list.errorForeground'],
  high: ['error', 'list.errorForeground'],
  medium: ['warning', 'list.warningForeground'],
  low: ['info', 'charts.blue'],
  info: ['circle-small', 'descriptionForeground'],
};
