/** A comparison as Markdown to print, mail or keep. All text of others is escaped. */
import { codeSpan, escapeMarkdown, fence, markdownTable, type TableColumn } from '../playbook/escape';
import { severities } from '../shared/comparison';
import type { ComparisonReport, ReportFinding, ReportUnknown } from '../shared/comparison-report';
import { formatMs } from '../shared/format';
import { type BySide, type Side, sides } from '../shared/side';
import { changesMarkdown } from './changes-markdown';
import { evidenceMarkdown, remedyMarkdown } from './evidence-table';
import { foldGaps } from './gaps';
import { countWords } from './order';

export function comparisonMarkdown(report: ComparisonReport): string {
  const { migration, at, elapsedMs, findings, unknown, errors, passed, ignored, changes } = report;
  const labels = { source: report.source.label, target: report.target.label };
  const parts = [
    `# ${escapeMarkdown(`Comparison of ${migration}`)}`,
    sides.map(side => sideLine(side, report)).join('\n'),
    `${escapeMarkdown(at)}, in ${formatMs(elapsedMs)}: ${countWords(report) || 'no checks'}.`,
    ...(changes ? changesMarkdown(changes) : []),
    '## Summary',
    groupTable(report),
    ...severities.flatMap(severity => {
      const own = findings.filter(finding => finding.severity === severity);
      return own.length > 0
        ? [`## ${titleCase(severity)}: ${own.length}`, ...own.flatMap(each => findingParts(each, labels))]
        : [];
    }),
    ...section('What could not be judged', unknown.flatMap(gapLines)),
    ...section('In error', errors.map(checkLine)),
    ...section(
      'Ignored',
      ignored.map(each => `${checkLine(each)}\n  Ignored ${escapeMarkdown(each.at)}: ${escapeMarkdown(each.reason)}`),
    ),
    ...section(
      'What agrees',
      passed.map(each => [checkLine(each), ...each.remarks.map(remark => `  - ${escapeMarkdown(remark)}`)].join('\n')),
    ),
  ];
  return `${parts.join('\n\n')}\n`;
}

function sideLine(side: Side, report: ComparisonReport): string {
  const { label, address } = report[side];
  return `- ${titleCase(side)}: ${escapeMarkdown(label)}${address === null ? ', not reached' : `, ${codeSpan(address)}`}`;
}

const right = (title: string): TableColumn => ({ title, align: 'right' });

function groupTable({ groups, counts }: ComparisonReport): string {
  const columns: TableColumn[] = [
    { title: 'Group', align: 'left' },
    { title: 'Worst', align: 'left' },
    ...['Failed', 'In error', 'Unknown', 'Passed'].map(right),
  ];
  const figures = ({ fail, error, unknown, pass }: ComparisonReport['counts']): string[] =>
    [fail, error, unknown, pass].map(count => (count === 0 ? '' : String(count)));
  return markdownTable(columns, [
    ...groups.map(group => [group.group, group.worst ?? '', ...figures(group)]),
    ['all', '', ...figures(counts)],
  ]);
}

function findingParts(finding: ReportFinding, labels: BySide<string>): string[] {
  const { id, group, title, summary, why, reference, evidence, remarks, remedy } = finding;
  return [
    `### ${escapeMarkdown(title)}`,
    `${codeSpan(id)}, group ${escapeMarkdown(group)}, ${finding.confidence}`,
    escapeMarkdown(summary),
    `Why it matters: ${escapeMarkdown(why)} Source: ${escapeMarkdown(reference)}.`.replace(/\.\.$/, '.'),
    evidenceMarkdown(evidence, labels),
    remarks.map(remark => `- ${escapeMarkdown(remark)}`).join('\n'),
    ...remedyMarkdown(remedy),
  ].filter(part => part !== '');
}

function gapLines({ id, gaps, summary }: ReportUnknown): string[] {
  if (gaps.length === 0) return [`- ${codeSpan(id)}: ${escapeMarkdown(summary)}`];
  return foldGaps(gaps).map(({ what, nodes, grant }) => {
    const where = nodes.length > 0 ? ` on ${nodes.map(codeSpan).join(', ')}` : '';
    const line = `- ${codeSpan(id)}${where}: ${escapeMarkdown(what)}`;
    return grant === null ? line : `${line}\n\n${indented(fence(grant, 'sql'))}\n`;
  });
}

/** As part of the list item above. */
function indented(text: string): string {
  return text
    .split('\n')
    .map(line => `  ${line}`)
    .join('\n');
}

function checkLine({ id, summary }: { id: string; summary: string }): string {
  return `- ${codeSpan(id)}: ${escapeMarkdown(summary)}`;
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length > 0 ? [`## ${title}`, lines.join('\n').trimEnd()] : [];
}

function titleCase(word: string): string {
  return word[0]!.toUpperCase() + word.slice(1);
}
