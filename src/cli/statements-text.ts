/** Both sides' statements for a terminal: the sentence, reads and writes apart, then the rows. */
import { visibleText } from '../playbook/visible';
import { formatMs, formatMsFigure, formatNumber, formatRatio, formatShare } from '../shared/format';
import { sides } from '../shared/side';
import { type ClassTotal, isProposed, type StatementRow, type StatementsView } from '../shared/statements';
import { rowsOf } from '../statements/report';
import { cut, displayWidth, padEnd, padStart, paint, type Style, truncate, wrap } from './terminal';

export function statementsText({ summary, rows }: StatementsView, ids: readonly string[], style: Style): string {
  const shown = rowsOf(rows, ids);
  const lines = [
    ...wrap(summary.sentence, style.width).map(line => paint(line, 'bold', style)),
    '',
    ...sides.map(side => sideLine(summary, side, style)),
    totalLine('Writes', summary.writes),
    totalLine('Reads', summary.reads),
  ];
  const pairs = shown.filter(({ match }) => match !== undefined);
  if (pairs.length > 0) lines.push('', ...table(pairs, style));
  for (const [title, verdict] of [
    ['Only on the target', 'onlyTarget'],
    ['Only on the source', 'onlySource'],
  ] as const) {
    const alone = shown.filter(row => row.verdict === verdict);
    if (alone.length > 0) lines.push('', `${title}:`, ...alone.map(row => aloneLine(row, style)));
  }
  if (summary.notes.length > 0) lines.push('', 'Notes:');
  for (const { side, node, text, remedy } of summary.notes) {
    const where = [side, node].filter(Boolean).join(' ');
    lines.push(...wrap(`- ${where ? `${where}: ` : ''}${text}`, style.width, '  '));
    if (remedy !== undefined) lines.push(...wrap(remedy, style.width, '      '));
  }
  return `${lines.map(visibleText).join('\n')}\n`;
}

function sideLine({ source, target }: StatementsView['summary'], side: 'source' | 'target', style: Style): string {
  const { label, address, postgresVersion, citusVersion, window, statements, error } = { source, target }[side];
  const facts = error
    ? [label, `could not be read: ${error.message}`]
    : [
        label === side ? undefined : label,
        address,
        postgresVersion && `PostgreSQL ${postgresVersion}`,
        citusVersion && `Citus ${citusVersion}`,
        window?.words,
        `${statements} statements`,
      ];
  return truncate(`${padEnd(side, 7)} ${facts.filter(Boolean).join(', ')}`, style.width);
}

function totalLine(name: string, { pairs, regressions, targetMs, sourceMs, extraMs }: ClassTotal): string {
  const change = `${extraMs < 0 ? '−' : '+'}${formatMs(Math.abs(extraMs))}`;
  return `${padEnd(name, 7)} ${change} (${formatMs(targetMs)} in place of ${formatMs(sourceMs)}), regressions: ${regressions} of ${pairs} pairs`;
}

const heads = ['', 'calls', 'source ms', 'target ms', 'ratio', 'impact ms', 'JIT'];

function table(rows: readonly StatementRow[], style: Style): string[] {
  const cells = rows.map(cellsOf);
  const widths = heads.map((head, i) => Math.max(displayWidth(head), ...cells.map(each => displayWidth(each[i]!))));
  const line = (each: readonly string[], statement: string) =>
    `${each.map((cell, i) => (i === 0 ? padEnd(cell, widths[i]!) : padStart(cell, widths[i]!))).join('  ')}  ${statement}`;
  const head = line(heads, 'statement');
  const body = rows.map((row, i) => {
    // Not truncated: that takes the blanks away which the columns stand by.
    const text = cut(line(cells[i]!, visibleText(row.title)), style.width);
    return row.verdict === 'regression' ? paint(text, 'red', style) : text;
  });
  return [paint(cut(head, style.width), 'dim', style), ...body];
}

const marks: Partial<Record<StatementRow['verdict'], string>> = {
  regression: 'slower',
  improvement: 'quicker',
  noise: 'noise',
  differentData: 'other data',
  unconfirmed: 'proposed',
};

function cellsOf({ verdict, source, target, ratio, impactMs = 0, match }: StatementRow): string[] {
  const share = (value: number | undefined) => (value === undefined ? '–' : formatShare(value));
  return [
    isProposed(match) ? marks.unconfirmed! : (marks[verdict] ?? ''),
    formatNumber(target!.calls),
    formatMsFigure(source!.meanMs),
    formatMsFigure(target!.meanMs),
    ratio === undefined ? '–' : ratio < 0.995 ? `${formatNumber(ratio, 2)}×` : formatRatio(ratio),
    Math.abs(impactMs) < 0.5 ? '0' : `${impactMs < 0 ? '−' : '+'}${formatNumber(Math.abs(impactMs))}`,
    `${share(source!.jitShare)} → ${share(target!.jitShare)}`,
  ];
}

function aloneLine({ source, target, title }: StatementRow, style: Style): string {
  const { calls, totalMs } = (target ?? source)!;
  return cut(`  ${formatNumber(calls)} calls, ${formatMs(totalMs)}: ${visibleText(title)}`, style.width);
}
