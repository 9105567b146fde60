import { isAtLeast } from '../../src/comparison/order';
import type { ReportPlain } from '../../src/shared/comparison-report';
import type { Layout } from './layout';

type Filter = Pick<Layout, 'text' | 'group' | 'severity'>;
type Filtered = Pick<ReportPlain, 'id' | 'group' | 'severity' | 'title' | 'summary'> & { evidence?: readonly object[] };

/** Every word must be there, in any place and case; evidence counts. */
export function isShown({ text, group, severity }: Filter, check: Filtered): boolean {
  if (group !== undefined && check.group !== group) return false;
  if (severity !== undefined && !isAtLeast(check.severity, severity)) return false;
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return true;
  const evidence = (check.evidence ?? []).flatMap(each => Object.values(each));
  const all = [check.id, check.title, check.summary, ...evidence].join('\n').toLowerCase();
  return words.every(word => all.includes(word));
}
