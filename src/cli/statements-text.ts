/**
 * Both sides' statements for a terminal: the sentence, reads and writes apart, then the rows. Every text of a server is made
 * visible before it is painted: afterwards the colours themselves would be.
 */
import { visibleLine, visibleText } from '../playbook/visible';
import { formatMs, formatMsFigure, formatNumber, formatRatio, formatShare } from '../shared/format';
import { sides } from '../shared/side';
import { type ClassTotal, isProposed, type StatementRow, type StatementsView } from '../shared/statements';
import { rowsOf } from '../statements/report';
import { cut, displayWidth, type Paint, padEnd, padStart, paint, type Style, truncate, wrap } from './terminal';

export function statementsText({ summary, rows }: StatementsView, ids: readonly string[], style: Style): string {
  const shown = rowsOf(rows, ids);
  const lines = [
    ...wrap(summary.sentence, style.width).map(line => paint(line, 'bold', style)),
    '',
    ...sides.map(side => sideLine(summary, side, style)),
    ...wrap(totalLine('Writes', summary.writes), style.width),
    ...wrap(totalLine('Reads', summary.reads), style.width),
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
  if (shown.some(({ scope }) => scope !== 'client')) lines.push('', ...wrap(scopeLegend, style.width));
  if (summary.notes.length > 0) lines.push('', 'Notes:');
  for (const { side, node, text, remedy } of summary.notes) {
    const where = [side, node].filter(Boolean).join(' ');
    lines.push(...wrap(`- ${where ? `${where}: ` : ''}${text}`, style.width, '  '));
    // Never cut nor wrapped: it is to be copied.
    if (remedy !== undefined) lines.push(...remedy.split('\n').map(line => `      ${visibleText(line)}`));
  }
  return `${lines.join('\n')}\n`;
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
/** With less room than this beside its figures a statement stands below them. */
const leastRoom = 30;

function table(rows: readonly StatementRow[], style: Style): string[] {
  const cells = rows.map(cellsOf);
  const widths = heads.map((head, i) => Math.max(displayWidth(head), ...cells.map(each => displayWidth(each[i]!))));
  const room = () => style.width - widths.reduce((sum, width) => sum + width + 2, 0);
  while (widths.length > 5 && room() < -2) widths.pop();
  const figures = (each: readonly string[]) =>
    widths.map((width, i) => (i === 0 ? padEnd(each[i]!, width) : padStart(each[i]!, width))).join('  ');
  const isBelow = room() < leastRoom;
  const head = isBelow ? figures(heads) : `${figures(heads)}  statement`;
  const body = rows.flatMap((row, i) => {
    const text = scopeMarks[row.scope] + visibleLine(row.title);
    const lines = isBelow
      ? [figures(cells[i]!), `    ${cut(text, style.width - 4)}`]
      : [`${figures(cells[i]!)}  ${cut(text, room())}`];
    return lines.map(line => paint(line.trimEnd(), paints[row.verdict], style));
  });
  return [paint(cut(head, style.width), 'dim', style), ...body];
}

const paints: Partial<Record<StatementRow['verdict'], Paint>> = { regression: 'red', improvement: 'green' };

/** What no client sent says so before its text. */
const scopeMarks: Record<StatementRow['scope'], string> = { client: '', nested: '↳ ', tasks: '⋮ ' };
const scopeLegend = '↳ inside a function or procedure, in the time of its caller; ⋮ seen on workers only';

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

function aloneLine({ source, target, title, scope }: StatementRow, style: Style): string {
  const { calls, totalMs } = (target ?? source)!;
  const text = `${formatNumber(calls)} ${calls === 1 ? 'call' : 'calls'}, ${formatMs(totalMs)}: `;
  return cut(`  ${text}${scopeMarks[scope]}${visibleLine(title)}`, style.width);
}
