/** A comparison for a terminal: groups and findings, worst first. Every text of a server is made visible before it is painted. */
import { stepScript } from '../checks/conclude';
import { changeLines, changesSentences } from '../comparison/changes-words';
import { foldGaps } from '../comparison/gaps';
import { countWords, groupsWorstFirst } from '../comparison/order';
import { visibleText } from '../playbook/visible';
import type {
  ComparisonChanges,
  ComparisonReport,
  ReportFinding,
  ReportGroup,
  ReportPlain,
  ReportUnknown,
} from '../shared/comparison-report';
import { formatMs } from '../shared/format';
import { sides } from '../shared/side';
import { evidenceLines } from './evidence-text';
import { type Paint, padEnd, paint, type Style, truncate, wrap } from './terminal';

const indent = '    ';

export function compareText(report: ComparisonReport, style: Style, { remedies }: { remedies: boolean }): string {
  const lines = sides.map(side => sideLine(side, report, style));
  for (const group of groupsWorstFirst(report.groups)) lines.push('', ...groupLines(group, report, remedies, style));
  if (report.changes) lines.push('', ...changesText(report.changes, style));
  return `${[...lines, '', ...closingLines(report, remedies, style)].join('\n')}\n`;
}

function sideLine(side: 'source' | 'target', report: ComparisonReport, style: Style): string {
  const { label, address } = report[side];
  const facts = [label === side ? undefined : label, address ?? 'not reached'];
  return truncate(`${padEnd(side, 7)} ${facts.filter(Boolean).join(', ')}`, style.width);
}

function groupLines({ group }: ReportGroup, report: ComparisonReport, remedies: boolean, style: Style): string[] {
  const own = <Item extends ReportPlain>(items: readonly Item[]) => items.filter(each => each.group === group);
  const [findings, passed] = [own(report.findings), own(report.passed)];
  const unknown = own(report.unknown).filter(({ verdict }) => verdict === 'unknown');
  return [
    paint(truncate(group, style.width), 'bold', style),
    ...findings.flatMap(finding => findingLines(finding, report, remedies, style)),
    ...own(report.errors).flatMap(each => marked('!', 'red', `${each.id}: ${each.summary}`, style)),
    ...unknownLines(unknown, style),
    ...passed.flatMap(each => [
      ...marked('✓', 'green', `${each.id}: ${each.summary}`, style),
      ...remarkLines(each, style),
    ]),
  ];
}

function marked(mark: string, how: Paint, text: string, style: Style): string[] {
  const [first, ...rest] = wrap(text, style.width, '  ');
  return [paint(mark, how, style) + first!.slice(1), ...rest];
}

function findingLines(finding: ReportFinding, report: ComparisonReport, remedies: boolean, style: Style): string[] {
  const { id, severity, title, why, evidence, remedy } = finding;
  const gaps = report.unknown.find(each => each.id === id);
  const lines = [
    ...marked('✗', 'red', `${id} (${severity}): ${title}`, style),
    ...evidenceLines(evidence, indent, style),
    ...wrap(why, style.width, indent),
    ...remarkLines(finding, style),
    ...(gaps ? gapLines(gaps, style) : []),
  ];
  if (remedies && remedy.length > 0)
    lines.push(`${indent}To mend it, not run:`, ...copied(remedy.map(stepScript).join('\n\n')));
  return lines;
}

function remarkLines({ remarks }: ReportPlain, style: Style): string[] {
  return remarks.flatMap(remark => wrap(`remark: ${remark}`, style.width, indent));
}

/** Checks that lack the same, as those of a server that is down, are told together. */
function unknownLines(unknown: readonly ReportUnknown[], style: Style): string[] {
  const byGaps = new Map<string, ReportUnknown[]>();
  for (const each of unknown) {
    const gaps = JSON.stringify(each.gaps);
    byGaps.set(gaps, [...(byGaps.get(gaps) ?? []), each]);
  }
  return [...byGaps.values()].flatMap(alike => {
    const names = alike.map(({ id, severity }) => `${id} (${severity})`).join(', ');
    return [...marked('?', 'yellow', `${names}: could not be judged`, style), ...gapLines(alike[0]!, style)];
  });
}

/** A screen is read by people; programs get all. */
const maxNodes = 8;

function gapLines({ gaps }: ReportUnknown, style: Style): string[] {
  return foldGaps(gaps).flatMap(({ what, nodes, grant }) => {
    const more = nodes.length > maxNodes ? ` and ${nodes.length - maxNodes} more` : '';
    const where = nodes.length > 0 ? `${nodes.slice(0, maxNodes).join(', ')}${more}: ` : '';
    const how = grant === null ? '' : '; as a superuser:';
    return [...wrap(`${where}${what}${how}`, style.width, indent), ...(grant === null ? [] : copied(grant))];
  });
}

/** Never cut nor wrapped: it is to be copied. */
function copied(text: string): string[] {
  return text.split('\n').map(line => (line === '' ? '' : `${indent}  ${visibleText(line)}`));
}

const changeMarks = {
  appeared: ['+', 'red'],
  changed: ['~', 'yellow'],
  vanished: ['-', 'green'],
  undecided: ['?', 'yellow'],
} as const satisfies Record<string, [string, Paint]>;

function changesText(changes: ComparisonChanges, style: Style): string[] {
  return [
    paint(truncate(`since ${changes.since}`, style.width), 'bold', style),
    ...changeLines(changes).flatMap(({ kind, id, words, evidence }) => [
      ...marked(changeMarks[kind][0], changeMarks[kind][1], `${id} ${words}`, style),
      ...evidence.flatMap(line => wrap(line, style.width, indent)),
    ]),
    ...changesSentences(changes).flatMap(sentence => wrap(sentence, style.width, '  ')),
  ];
}

function closingLines(report: ComparisonReport, remedies: boolean, style: Style): string[] {
  const { counts, findings, elapsedMs } = report;
  const checks = Object.values(counts).reduce((sum, count) => sum + count, 0);
  const words = countWords(report);
  const sentence = `${checks} ${checks === 1 ? 'check' : 'checks'} in ${formatMs(elapsedMs)}${words === '' ? '' : `: ${words}`}.`;
  const how = counts.fail > 0 ? 'red' : counts.error + counts.unknown > 0 ? 'yellow' : 'green';
  const lines = wrap(sentence, style.width).map(line => paint(paint(line, how, style), 'bold', style));
  const mendable = findings.filter(({ remedy }) => remedy.length > 0).length;
  if (!remedies && mendable > 0) lines.push(`--remedies shows the SQL that mends ${mendable} of them.`);
  return lines;
}
