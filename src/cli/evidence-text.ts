/** Evidence for a terminal: source and target in columns of their own, node by node. */
import { visibleText } from '../playbook/visible';
import type { ReportEvidence } from '../shared/comparison-report';
import { cut, displayWidth, padEnd, paint, type Style, truncate } from './terminal';

const gap = 2;
/** A screen is read by people; programs get all. */
const [maxRows, maxCellLines] = [40, 6];

export function evidenceLines(evidence: readonly ReportEvidence[], indent: string, style: Style): string[] {
  const rows = evidence.slice(0, maxRows);
  const nodes = [...new Set(rows.map(({ node }) => node))];
  const widths = columnWidths(rows, style.width - indent.length);
  const line = (cells: readonly string[]) =>
    indent +
    cells
      .map((cell, i) => padEnd(cell, widths[i]!))
      .join('  ')
      .trimEnd();
  const lines = rows.length > 0 ? [paint(line(['', 'source', 'target']), 'dim', style)] : [];
  for (const node of nodes) {
    if (node !== null) lines.push(indent + truncate(`on ${node}`, style.width - indent.length));
    for (const { what, source, target } of rows.filter(row => row.node === node)) {
      const cells = [what, source ?? '–', target ?? '–'].map((text, i) => cellLines(text, widths[i]!));
      const height = Math.max(...cells.map(({ length }) => length));
      for (let at = 0; at < height; at++) lines.push(line(cells.map(cell => cell[at] ?? '')));
    }
  }
  if (evidence.length > maxRows) lines.push(`${indent}… and ${evidence.length - maxRows} more, see --format json`);
  return lines;
}

/** Each as wide as it needs, as long as that fits; what is too wide shares what the others leave. */
function columnWidths(rows: readonly ReportEvidence[], room: number): number[] {
  const needed = [
    rows.map(({ what }) => what),
    ['source', ...rows.map(({ source }) => source ?? '–')],
    ['target', ...rows.map(({ target }) => target ?? '–')],
  ].map(texts => Math.max(0, ...texts.map(text => Math.max(...lineWidths(text)))));
  let left = room - 2 * gap;
  const widths = needed.map(() => 0);
  const narrowFirst = [0, 1, 2].sort((a, b) => needed[a]! - needed[b]!);
  narrowFirst.forEach((column, i) => {
    widths[column] = Math.max(6, Math.min(needed[column]!, Math.floor(left / (3 - i))));
    left -= widths[column]!;
  });
  return widths;
}

function lineWidths(text: string): number[] {
  return visibleText(text).split('\n').map(displayWidth);
}

/** Cut between words where there are any, within them where they are too long: a value must be seen whole. */
function cellLines(text: string, width: number): string[] {
  const lines = visibleText(text)
    .split('\n')
    .flatMap(line => wrapHard(line.replaceAll('\t', ' '), width));
  if (lines.length <= maxCellLines) return lines;
  return [...lines.slice(0, maxCellLines - 1), cut(`${lines[maxCellLines - 1]} …`, width)];
}

function wrapHard(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  let used = 0;
  for (const character of text) {
    const needs = displayWidth(character);
    if (used + needs > width) {
      const blank = line.lastIndexOf(' ');
      const rest = blank > 0 ? line.slice(blank + 1) : '';
      lines.push((blank > 0 ? line.slice(0, blank) : line).trimEnd());
      line = rest;
      used = displayWidth(rest);
    }
    if (line === '' && character === ' ' && lines.length > 0) continue;
    line += character;
    used += needs;
  }
  return [...lines, line];
}
