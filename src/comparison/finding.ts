import { escapeMarkdown } from '../playbook/escape';
import type { Finding, Severity as FindingSeverity } from '../playbook/record';
import type { ComparedCheck, Comparison, Severity } from '../shared/comparison';
import { evidenceMarkdown, remedyMarkdown } from './evidence-table';
import { reportFinding } from './report';

/** A playbook knows no worse than high: what stops a migration there stops it either way. */
const findingSeverities: Record<Severity, FindingSeverity> = {
  critical: 'high',
  high: 'high',
  medium: 'medium',
  low: 'low',
  info: 'info',
};

/** A check that fails, as a finding to record in a playbook. */
export function checkFinding(check: ComparedCheck, comparison: Comparison): Finding {
  const { id, severity, title, summary, why, reference, evidence, remedy, remarks } = reportFinding(check);
  const labels = { source: comparison.source.label, target: comparison.target.label };
  const addresses = [comparison.source, comparison.target].map(({ label, address }) =>
    address === undefined ? label : `${label} (${address})`,
  );
  const name = referable(id);
  const parts = [
    `${escapeMarkdown(summary)}.`.replace(/([.!?])\.$/, '$1'),
    `Why it matters: ${escapeMarkdown(why)} Source: ${escapeMarkdown(reference)}.`.replace(/\.\.$/, '.'),
    `Severity ${severity}, asked by check:${name}: ${escapeMarkdown(addresses.join(' and '))}, ${escapeMarkdown(comparison.at)}`,
    evidenceMarkdown(evidence, labels),
    remarks.map(remark => `- ${escapeMarkdown(remark)}`).join('\n'),
    ...remedyMarkdown(remedy),
    '*Recorded by Cutover. Recording it again replaces what stands between the two comments; notes below stay.*',
  ];
  return {
    id: `check/${name}`,
    heading: escapeMarkdown(title),
    severity: findingSeverities[severity],
    confidence: 'observed',
    body: parts.filter(part => part !== '').join('\n\n'),
  };
}

/** As a playbook's links and markers have it. Ids of the catalogue are so; one of a stored comparison may be anything. */
function referable(id: string): string {
  return id.replace(/[^A-Za-z0-9./]+/g, '-').replace(/^\W+/, '') || 'unnamed';
}
