/** One row of the table: what stands in its cells, and what a screen reader says of it. */
import { formatCount, formatMs } from '../../src/shared/format';
import { isProposed, type StatementRow } from '../../src/shared/statements';
import { shortRatio } from '../common/format';
import type { GridCell, GridRow } from '../common/tree-grid';
import type { StatementColumn } from './columns';
import { signedSeconds, verdictWords } from './words';

export interface RowContext {
  columns: readonly StatementColumn[];
  /** The longest bar: of all rows, so that bars stay as they are while rows are filtered. */
  largestImpactMs: number;
}

/** Largest impact, gained or lost, among those that count. */
export function largestImpactMs(list: readonly StatementRow[]): number {
  let largest = 0;
  for (const { impactMs, match } of list) {
    if (impactMs !== undefined && !isProposed(match)) largest = Math.max(largest, Math.abs(impactMs));
  }
  return largest;
}

export function statementRow(row: StatementRow, { columns, largestImpactMs }: RowContext): GridRow {
  const cells = columns.map((column): GridCell | string => {
    if (column.id === 'statement') return titleCell(row);
    if (column.id === 'ratio') return ratioCell(row);
    if (column.id === 'impact') return impactCell(row, largestImpactMs);
    const text = column.text!(row);
    if (column.id === 'calls') return { content: text, title: callsTitle(row) };
    // Words can be longer than their column.
    return column.numeric ? text : { content: text, title: text };
  });
  return { label: spoken(row), className: row.verdict, cells };
}

function titleCell(row: StatementRow): GridCell {
  if (!isProposed(row.match)) return { content: row.title, title: row.title };
  return {
    title: `${row.title}\n\nA proposed pair: confirm or split it in the details; until then it counts nowhere.`,
    content: [
      <span class="proposed" aria-hidden>
        ?
      </span>,
      row.title,
    ],
  };
}

function callsTitle({ source, target }: StatementRow): string {
  return `${formatCount(source?.calls ?? 0)} on the source, ${formatCount(target?.calls ?? 0)} on the target`;
}

/** From how many times slower, or quicker, on a step of colour begins; only what counts has any. */
const heatSteps = [1.1, 1.5, 2, 3];

function ratioCell({ ratio, verdict }: StatementRow): GridCell | string {
  if (ratio === undefined) return '—';
  const times = ratio >= 1 ? ratio : 1 / ratio;
  const heat = heatSteps.filter(step => times >= step).length;
  if (heat === 0) return shortRatio(ratio);
  const direction = ratio > 1 ? 'slower' : 'quicker';
  const counts = verdict === 'regression' || verdict === 'improvement';
  return {
    className: counts ? `heat ${direction} heat-${heat}` : '',
    title: `the target is ${direction}${counts ? '' : `; ${verdictWords[verdict]}`}`,
    content: `${ratio > 1 ? '▲' : '▼'} ${shortRatio(ratio)}`,
  };
}

function impactCell({ impactMs, match }: StatementRow, largest: number): GridCell | string {
  if (impactMs === undefined) return '—';
  const percent = largest > 0 ? Math.min(100, (100 * Math.abs(impactMs)) / largest) : 0;
  return {
    className: isProposed(match) ? 'dim' : '',
    content: [
      signedSeconds(impactMs),
      <span
        class={`bar impact-bar ${impactMs < 0 ? 'less' : 'more'}`}
        style={{ backgroundSize: `${percent.toFixed(1)}% 100%` }}
        aria-hidden
      />,
    ],
  };
}

function spoken(row: StatementRow): string {
  const { source, target, ratio, impactMs } = row;
  return [
    `${row.title}.`,
    `${row.class}, ${verdictWords[row.verdict]}.`,
    source && `source: ${formatMs(source.meanMs)}.`,
    target && `target: ${formatMs(target.meanMs)}.`,
    ratio !== undefined && `${shortRatio(ratio)}.`,
    impactMs !== undefined && `impact ${signedSeconds(impactMs)}.`,
  ]
    .filter(Boolean)
    .join(' ');
}
