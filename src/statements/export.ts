/** The rows as a file: for spreadsheets, programs and people. */
import { codeSpan, escapeMarkdown, markdownTable, type TableColumn } from '../playbook/escape';
import { formatMs, formatNumber, formatRatio } from '../shared/format';
import { formatJson } from '../shared/json';
import { sides } from '../shared/side';
import { matchWords, type RowFigures, type StatementRow, type StatementsView } from '../shared/statements';
import type { EntryLookup } from './report';
import { rowsOf, statementsReport } from './report';

/** What knows the view and the texts behind it, as the engine does. */
export interface Exportable extends EntryLookup {
  view: StatementsView | undefined;
}

export function exportText(from: Exportable, format: 'csv' | 'json' | 'markdown', ids: readonly string[]): string {
  const { view } = from;
  if (!view) throw new Error('There is nothing to export yet.');
  if (format === 'json') return formatJson(statementsReport(view, from, ids));
  return format === 'csv' ? exportCsv(view, from, ids) : exportMarkdown(view, ids);
}

const figureColumns = [
  'calls',
  'totalMs',
  'meanMs',
  'stddevMs',
  'callsPerSecond',
  'rows',
  'jitShare',
  'pagesHit',
  'pagesRead',
  'pagesDirtied',
  'tempPages',
  'walBytes',
  'planMs',
  'parallelLaunched',
] as const satisfies readonly (keyof RowFigures)[];

/** RFC 4180, with LF; a first line of names. Figures of both sides beside one another, empty where a server does not keep one. */
export function exportCsv(view: StatementsView, lookup: EntryLookup, ids: readonly string[]): string {
  const head = ['verdict', 'class', 'scope', 'match', 'user', 'database', 'ratio', 'impactMs'];
  const figures = sides.flatMap(side => figureColumns.map(name => `${side}.${name}`));
  const lines = rowsOf(view.rows, ids).map(row => {
    const { source, target } = lookup.entry(row.id);
    const texts = [row.verdict, row.class, row.scope, row.match ?? '', row.user, row.database];
    const numbers = [
      row.ratio,
      row.impactMs,
      ...sides.flatMap(side => figureColumns.map(name => row[side]?.[name])),
    ].map(value => (value === undefined ? '' : String(value)));
    return [...texts.map(textCell), ...numbers, textCell((target ?? source)!.statement.sql)].join(',');
  });
  return `${[[...head, ...figures, 'query'].join(','), ...lines].join('\n')}\n`;
}

/** A spreadsheet would run what begins like a formula (OWASP, "CSV Injection"). */
function textCell(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

const left = (title: string): TableColumn => ({ title, align: 'left' });
const right = (title: string): TableColumn => ({ title, align: 'right' });

export function exportMarkdown({ summary, rows }: StatementsView, ids: readonly string[]): string {
  const windows = sides.map(side => {
    const { label, window } = summary[side];
    return `- ${escapeMarkdown([side, label, window?.words ?? summary[side].error?.message].filter(Boolean).join(', '))}`;
  });
  const columns = [left('Statement'), left('Class'), right('Calls'), right(summary.source.label)];
  const table = markdownTable(
    [...columns, right(summary.target.label), right('Ratio'), right('Impact'), left('Match')],
    rowsOf(rows, ids).map(markdownRow),
  );
  const notes = summary.notes.map(({ side, node, text, remedy }) => {
    const where = [side, node].filter(Boolean).join(' ');
    return `- ${escapeMarkdown(where ? `${where}: ${text}` : text)}${remedy === undefined ? '' : ` ${codeSpan(remedy)}`}`;
  });
  const parts = [escapeMarkdown(summary.sentence), windows.join('\n'), table, notes.join('\n')];
  return `${parts.filter(Boolean).join('\n\n')}\n`;
}

function markdownRow({ title, class: kind, source, target, ratio, impactMs, match, verdict }: StatementRow): string[] {
  const mean = (figures: RowFigures | undefined) => (figures ? formatMs(figures.meanMs) : '–');
  return [
    title,
    kind,
    formatNumber((target ?? source)!.calls),
    mean(source),
    mean(target),
    ratio === undefined ? verdict : formatRatio(ratio),
    impactMs === undefined ? '' : formatMs(impactMs),
    match ? matchWords[match] : '',
  ];
}
