/** A statement of pg_stat_statements as a finding: the figures of both sides and of every node. */
import { formatBytes, formatMs, formatNumber, formatRatio, formatRows, formatShare } from '../shared/format';
import { type Side, sides } from '../shared/side';
import { type DetailFigure, matchWords, type StatementDetails, type StatementsSummary } from '../shared/statements';
import { statementTitle } from '../sql/title';
import { codeSpan, escapeMarkdown, fence, markdownTable, type TableColumn } from './escape';
import { severityRatios } from './finding';
import type { Finding, Severity } from './record';

const left = (title: string): TableColumn => ({ title, align: 'left' });
const right = (title: string): TableColumn => ({ title, align: 'right' });

export function statementFinding(details: StatementDetails, summary: StatementsSummary): Finding {
  const sql = (details.target ?? details.source)!.sql;
  const title = statementTitle(sql, 80);
  return {
    id: `statements/${slugOf(title)}${details.row.id.replace(/\W/g, '').slice(-10)}`,
    heading: `Calls of ${codeSpan(title)} on both sides`,
    severity: severityOf(details),
    confidence: 'observed',
    body: bodyOf(details, summary, sql),
  };
}

function slugOf(title: string): string {
  let slug = '';
  for (const word of title.toLowerCase().match(/[a-z0-9]+/g) ?? []) {
    if (slug.length + word.length > 40) break;
    slug += `${word}-`;
  }
  return slug || 'statement-';
}

function severityOf({ row }: StatementDetails): Severity {
  if (row.verdict !== 'regression' || row.ratio === undefined) return 'info';
  return row.ratio >= severityRatios.high ? 'high' : 'medium';
}

function bodyOf(details: StatementDetails, summary: StatementsSummary, sql: string): string {
  const { row, reasons, classReasons, figures, nodes } = details;
  const parts = [
    ...reasons.map(escapeMarkdown),
    `Migration ${codeSpan(summary.migration)}, pg_stat_statements, ${escapeMarkdown(summary.at)}`,
    sides.map(side => windowText(summary, side)).join('\n'),
    figureTable(figures, summary),
  ];
  const facts = [`${row.class}, as ${codeSpan(row.user)}`];
  if (row.match) facts.push(`matched: ${matchWords[row.match]}`);
  parts.push([...facts, ...classReasons.map(escapeMarkdown)].map(fact => `- ${fact}`).join('\n'));
  parts.push(fence(sql, 'sql'));
  if (nodes.length > 2) {
    const rows = nodes.map(each => [
      summary[each.side].label,
      `${each.node} (${each.role}${each.as === 'tasks' ? ', tasks' : ''})`,
      formatNumber(each.calls),
      formatMs(each.meanMs),
      each.jitShare === undefined ? '' : formatShare(each.jitShare),
    ]);
    parts.push(markdownTable([left('Side'), left('Node'), right('Calls'), right('Mean'), right('JIT')], rows));
  }
  parts.push(
    '*Recorded by Cutover. Recording it again replaces what stands between the two comments; notes below stay.*',
  );
  return parts.join('\n\n');
}

function windowText(summary: StatementsSummary, side: Side): string {
  const { label, window, postgresVersion, citusVersion } = summary[side];
  const version = [postgresVersion && `PostgreSQL ${postgresVersion}`, citusVersion && `Citus ${citusVersion}`];
  const words = [
    side,
    label,
    ...version,
    window?.words,
    window && window.origin !== 'live' && `snapshot ${window.origin}`,
  ];
  return `- ${escapeMarkdown(words.filter(Boolean).join(', '))}`;
}

const formats: Record<DetailFigure['unit'], (value: number) => string> = {
  count: value => formatNumber(value, value < 10 ? 2 : 0),
  ms: formatMs,
  pages: value => formatNumber(value, value < 10 ? 2 : 0),
  bytes: formatBytes,
  rows: formatRows,
  share: formatShare,
};

/** Per call, and only what is more than nothing on a side. */
function figureTable(figures: readonly DetailFigure[], summary: StatementsSummary): string {
  const rows = figures.flatMap(({ title, unit, total, perCall }) => {
    const values = perCall ?? total;
    if (!values || !sides.some(side => values[side])) return [];
    const shown = (side: Side) => (values[side] === undefined ? '–' : formats[unit](values[side]));
    const { source, target } = values;
    const ratio = source && target !== undefined ? formatRatio(target / source) : '';
    const isSum = perCall && total && sides.some(side => perCall[side] !== total[side]);
    return [[isSum ? `${title} per call` : title, shown('source'), shown('target'), ratio]];
  });
  const columns = [left(''), right(summary.source.label), right(summary.target.label), right('Target / source')];
  return markdownTable(columns, rows);
}
