/** One row of the aligned trees: what stands in its cells, and what a screen reader says of it. */

import type { ComponentChildren } from 'preact';
import { formatCost, formatCount, formatMs, formatMsFigure } from '../../src/shared/format';
import type { Cell, Row } from '../../src/shared/plan-diff';
import { type Side, sides } from '../../src/shared/side';
import { plural } from '../common/format';
import type { Column, GridCell, GridRow } from '../common/tree-grid';
import { estimateAndActual, markSigns, markWords, pages } from './format';

/** What is the same for all rows of a view. */
export interface RowContext {
  analyzed: boolean;
  /** Longest self time among all nodes: the full bar. */
  longestMs: number;
  /** The only side that has a plan, if one has none. */
  alone: Side | undefined;
  /** Lower-cased text to highlight, empty for none. */
  find: string;
  labels: Record<Side, string>;
}

export function columns({ analyzed, alone, labels }: RowContext): Column[] {
  const ofSide = (side: Side): Column[] => {
    const node = { id: `${side}-node`, header: `${side}: node`, title: labels[side] };
    if (!analyzed) {
      return [
        node,
        { id: `${side}-cost`, header: 'cost', numeric: true, title: 'Estimated total cost, with everything below' },
        { id: `${side}-rows`, header: 'rows est', numeric: true, title: 'Estimated rows' },
      ];
    }
    return [
      node,
      {
        id: `${side}-self`,
        header: 'self ms',
        numeric: true,
        title: 'Time in the node itself, without what lies below',
      },
      { id: `${side}-rows`, header: 'rows est → actual', numeric: true, title: 'Estimated and actual rows' },
      { id: `${side}-pages`, header: 'pages', numeric: true, title: 'Shared pages hit or read; temporary pages' },
    ];
  };
  if (alone !== undefined) return ofSide(alone);
  return [...ofSide('source'), { id: 'mark', header: <span class="visually-hidden">mark</span> }, ...ofSide('target')];
}

/** What a folded row hides. */
export interface Folded {
  rows: number;
  selfMs: Record<Side, number | undefined>;
}

export function foldedBelow(rows: readonly Row[], index: number): Folded {
  const { descendants } = rows[index]!;
  const selfMs: Folded['selfMs'] = { source: undefined, target: undefined };
  for (let i = index; i <= index + descendants; i++) {
    for (const side of sides) {
      const own = rows[i]![side]?.selfMs;
      if (own !== undefined) selfMs[side] = (selfMs[side] ?? 0) + own;
    }
  }
  return { rows: descendants, selfMs };
}

export function planRow(row: Row, context: RowContext, folded: Folded | undefined): GridRow {
  const { alone } = context;
  const sidesShown = alone === undefined ? sides : [alone];
  const mark = alone === undefined ? row.mark : 'same';
  const cells = sidesShown.map(side => cellsOf(row, side, context, folded));
  const markCell =
    mark === 'same' ? (
      ''
    ) : (
      <span role="img" class="sign" aria-label={markWords[mark]} title={[markWords[mark], ...row.changes].join('\n')}>
        {markSigns[mark]}
      </span>
    );
  const grid: GridRow = {
    label: [
      mark === 'same' ? '' : `${markWords[mark]}.`,
      ...sidesShown.map(side => spoken(side, row[side], context)),
      folded ? `${plural(folded.rows, 'row')} folded.` : '',
      ...(mark === 'same' ? [] : row.changes),
    ]
      .filter(Boolean)
      .join(' '),
    className: mark,
    level: row.depth + 1,
    cells: alone === undefined ? [...cells[0]!, { content: markCell }, ...cells[1]!] : cells[0]!,
  };
  if (row.descendants > 0) grid.expanded = folded === undefined;
  return grid;
}

function cellsOf(row: Row, side: Side, context: RowContext, folded: Folded | undefined): (GridCell | string)[] {
  const cell = row[side];
  const fold = row.descendants === 0 ? 'none' : folded ? 'closed' : 'open';
  // Deep plans keep room for names.
  const twistie = (
    <span class={`twistie ${fold}`} style={{ marginLeft: `min(${row.depth * 14}px, 45%)` }} aria-hidden />
  );
  if (!cell) {
    const other = row.source ?? row.target;
    const absent = other?.category === 'jit' ? 'no JIT' : '—';
    const content = [twistie, <span class="dim">{absent}</span>];
    return [{ className: 'node', content }, ...(context.analyzed ? ['', '', ''] : ['', ''])];
  }
  const node: GridCell = {
    className: 'node',
    title: [cell.name, cell.detail, cell.error].filter(Boolean).join('\n'),
    content: [
      folded && <span class="folded">{`${folded.rows} more`}</span>,
      twistie,
      <span class="name">
        {highlighted(cell.name, context.find)}
        {cell.detail !== undefined && <span class="detail"> {highlighted(cell.detail, context.find)}</span>}
        {cell.error !== undefined && <span class="node-error">{` ${cell.error}`}</span>}
      </span>,
    ],
  };
  if (!context.analyzed) return [node, costCell(cell), estimateAndActual(cell, false)];
  return [
    node,
    selfTime(cell, context, folded?.selfMs[side]),
    { content: cell.neverExecuted ? '' : estimateAndActual(cell, true), title: rowsTitle(cell) },
    pages(cell),
  ];
}

function costCell(cell: Cell): GridCell | string {
  if (cell.totalCost === undefined) return '';
  return { content: formatCost(cell.totalCost), title: `Total Cost: ${cell.totalCost}` };
}

function rowsTitle(cell: Cell): string | undefined {
  return cell.loops !== undefined && cell.loops > 1 ? `in ${formatCount(cell.loops)} loops` : undefined;
}

function selfTime(cell: Cell, { longestMs }: RowContext, folded: number | undefined): GridCell | string {
  if (cell.neverExecuted) {
    const content = ['never', <span class="if-wide"> executed</span>];
    return { className: 'dim never', title: 'never executed', content };
  }
  const selfMs = folded ?? cell.selfMs;
  if (selfMs === undefined) return '';
  const percent = longestMs > 0 ? 100 * Math.min(1, selfMs / longestMs) : 0;
  return {
    title: `${folded === undefined ? 'self' : 'with the folded rows'} ${selfMs} ms${cell.totalMs === undefined ? '' : `, total ${cell.totalMs} ms`}`,
    content: [
      `${folded === undefined ? '' : 'Σ '}${formatMsFigure(selfMs)}`,
      <span
        class={`bar part ${cell.category}`}
        style={{ backgroundSize: `max(1px, ${percent.toFixed(1)}%) 100%` }}
        aria-hidden
      />,
    ],
  };
}

function spoken(side: Side, cell: Cell | undefined, { analyzed }: RowContext): string {
  if (!cell) return `${side}: nothing.`;
  const parts = [cell.detail === undefined ? cell.name : `${cell.name}, ${cell.detail}`];
  if (cell.error !== undefined) parts.push(cell.error);
  if (cell.neverExecuted) parts.push('never executed');
  else if (analyzed && cell.selfMs !== undefined) parts.push(`self ${formatMs(cell.selfMs)}`);
  else if (!analyzed && cell.totalCost !== undefined) parts.push(`cost ${formatCost(cell.totalCost)}`);
  if (!cell.neverExecuted && cell.rowsActual !== undefined) parts.push(plural(cell.rowsActual, 'row'));
  return `${side}: ${parts.join(', ')}.`;
}

function highlighted(text: string, find: string): ComponentChildren {
  if (find === '') return text;
  const lower = text.toLowerCase();
  const parts: ComponentChildren[] = [];
  let from = 0;
  // Lower case of a few characters is longer than they are; then the marks would sit askew.
  if (lower.length === text.length) {
    for (let at = lower.indexOf(find); at >= 0; at = lower.indexOf(find, from)) {
      parts.push(text.slice(from, at), <mark>{text.slice(at, at + find.length)}</mark>);
      from = at + find.length;
    }
  }
  parts.push(text.slice(from));
  return parts;
}
