import type { ComparedCheck, Comparison } from '../shared/comparison';
import type { ComparisonReport, ReportEvidence, ReportPlain } from '../shared/comparison-report';

const remarkStart = 'remark: ';

/** What every list of a report says of a check. */
export function aboutCheck({ id, group, severity, title, summary, details }: ComparedCheck): ReportPlain {
  const remarks = details.filter(line => line.startsWith(remarkStart)).map(line => line.slice(remarkStart.length));
  return { id, group, severity, title, summary, remarks };
}

export function reportEvidence({ what, node, source, target }: ComparedCheck['evidence'][number]): ReportEvidence {
  return { what, node: node ?? null, source: source ?? null, target: target ?? null };
}

export function reportSide({ label, address }: Comparison['source']): ComparisonReport['source'] {
  return { label, address: address ?? null };
}
