import { stepScript } from '../checks/conclude';
import { fence, markdownTable, type TableColumn } from '../playbook/escape';
import type { ReportEvidence, ReportFinding } from '../shared/comparison-report';
import type { BySide } from '../shared/side';

const left = (title: string): TableColumn => ({ title, align: 'left' });

/** Both sides, node by node. Empty without evidence. */
export function evidenceMarkdown(evidence: readonly ReportEvidence[], labels: BySide<string>): string {
  if (evidence.length === 0) return '';
  const onNodes = evidence.some(({ node }) => node !== null);
  const columns = [
    left('What'),
    ...(onNodes ? [left('Node')] : []),
    left(`Source: ${labels.source}`),
    left(`Target: ${labels.target}`),
  ];
  const rows = evidence.map(({ what, node, source, target }) => [
    what,
    ...(onNodes ? [node ?? ''] : []),
    source ?? '—',
    target ?? '—',
  ]);
  return markdownTable(columns, rows);
}

/** The steps as one script to run by hand; nothing without any. */
export function remedyMarkdown(remedy: ReportFinding['remedy']): string[] {
  if (remedy.length === 0) return [];
  return ['To mend it, never run by Cutover:', fence(remedy.map(stepScript).join('\n\n'), 'sql')];
}
