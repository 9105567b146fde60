/** Which rows of two answers differ. */
import type { NodeAnswer } from '../../shared/check';
import { nearness, numberIn } from './nearness';
import { compare, decimalText, isFiniteNumber, numberKey } from './rational';
import { shownCell, shownPair, shownRow } from './shown';
import type { Tolerance } from './syntax';
import { type Family, familyOf } from './value';

type Cells = readonly (string | null)[];

/** A row whose cells have equal keys where PostgreSQL would call them equal. */
export interface Comparable {
  cells: Cells;
  keys: string[];
}

export interface Column {
  name: string;
  type: string;
  family: Family;
}

interface AlignedPair {
  /** In the left's order. */
  columns: Column[];
  left: Comparable[];
  right: Comparable[];
  /** Columns of other types that hold the same values nevertheless. */
  typeNotes: string[];
}

/** Columns by name; of several with one name the first with the first. No pair when one side has a column more. */
export function alignColumns(
  left: NodeAnswer,
  right: NodeAnswer,
  labels: readonly [string, string],
): { pair?: AlignedPair; onlyLeft: string[]; onlyRight: string[] } {
  const placesRight = new Map(right.columns.map((_, i) => [occurrence(right, i), i]));
  const places = left.columns.map((_, i) => placesRight.get(occurrence(left, i)));
  const onlyLeft = left.columns.filter((_, i) => places[i] === undefined).map(column => column.name);
  const taken = new Set(places);
  const onlyRight = right.columns.filter((_, i) => !taken.has(i)).map(column => column.name);
  if (onlyLeft.length + onlyRight.length > 0) return { onlyLeft, onlyRight };
  const typeNotes: string[] = [];
  const columns = left.columns.map((column, i): Column => {
    const other = right.columns[places[i]!]!;
    const family = familyOf(column.type);
    if (column.type !== other.type)
      typeNotes.push(
        `column ${shownCell(column.name)} is ${shownCell(column.type)} on ${labels[0]}, ${shownCell(other.type)} on ${labels[1]}`,
      );
    return { ...column, family: familyOf(other.type) === family ? family : 'text' };
  });
  const comparable = (cells: Cells): Comparable => ({
    cells,
    keys: cells.map((cell, i) => keyOf(cell, columns[i]!.family)),
  });
  return {
    pair: {
      columns,
      left: left.rows.map(row => comparable(columns.map((_, i) => row[i] ?? null))),
      right: right.rows.map(row => comparable(places.map(place => row[place!] ?? null))),
      typeNotes,
    },
    onlyLeft,
    onlyRight,
  };
}

/** A name, and which of its namesakes from the left it is. */
function occurrence({ columns }: NodeAnswer, at: number): string {
  const { name } = columns[at]!;
  return JSON.stringify([name, columns.slice(0, at).filter(column => column.name === name).length]);
}

function keyOf(cell: string | null, family: Family): string {
  if (cell === null) return '';
  if (family === 'number') return `=${numberKey(cell) ?? cell}`;
  if (family !== 'interval' && family !== 'timestamptz') return `=${cell}`;
  const value = numberIn(cell, family);
  if (!value) return `=${cell}`;
  // PostgreSQL keeps microseconds; 30 digits hold them all.
  return `=${isFiniteNumber(value) ? decimalText(value, 30).text : value.numerator}`;
}

export interface RowDifferences {
  lines: string[];
  /** Columns that rows were told apart by. */
  key: number[];
}

/**
 * Rows as a multiset, each equal one with its like. Of the rest those that are told apart by the same words are shown as one
 * that differs. With a tolerance, what identifies a row is compared exactly; where nothing does, rows are compared in the order
 * of their numbers.
 */
export function compareRows(
  columns: readonly Column[],
  left: readonly Comparable[],
  right: readonly Comparable[],
  labels: readonly [string, string],
  tolerance?: Tolerance,
): RowDifferences {
  const all = columns.map((_, i) => i);
  const isNear = tolerance ? all.map(i => nearness(columns[i]!, tolerance)) : [];
  const words = all.filter(i => !isNear[i]);
  const key = identifyingColumns(all, words, left, right, tolerance !== undefined);
  const inOrder = tolerance !== undefined && !key;
  const [restLeft, restRight] = inOrder ? [[...left], [...right]] : withoutEqual(left, right);
  const pairedBy = key ?? (inOrder ? words : all);
  if (inOrder) for (const rows of [restLeft, restRight]) rows.sort((a, b) => compareNumbers(a, b, columns));
  const { pairs, onlyLeft, onlyRight } = pairUp(restLeft, restRight, pairedBy);
  const lines = pairs.flatMap(([a, b]) => {
    const differing = all.filter(i => a.keys[i] !== b.keys[i] && !isNear[i]?.(a.cells[i]!, b.cells[i]!));
    return differing.length > 0 ? pairLines(columns, pairedBy, differing, a, b) : [];
  });
  lines.push(...onlyLines(columns, onlyLeft, labels[0]), ...onlyLines(columns, onlyRight, labels[1]));
  if (inOrder && lines.length > 0 && left.length > 1)
    lines.push('No column tells the rows apart, so that they were compared in the order of their numbers.');
  return { lines, key: pairedBy };
}

/** More leading columns than that are no name of a row. */
const mostKeyColumns = 8;

function identifyingColumns(
  all: readonly number[],
  words: number[],
  left: readonly Comparable[],
  right: readonly Comparable[],
  hasTolerance: boolean,
): number[] | undefined {
  if (left.length === 1 && right.length === 1) return [];
  const identifies = (key: readonly number[]): boolean =>
    [left, right].every(rows => new Set(rows.map(row => keyIn(row, key))).size === rows.length);
  if (hasTolerance && words.length > 0 && words.length < all.length && identifies(words)) return words;
  for (let count = 1; count < Math.min(all.length, mostKeyColumns + 1); count++)
    if (identifies(all.slice(0, count))) return all.slice(0, count);
  return undefined;
}

function keyIn(row: Comparable, key: readonly number[]): string {
  return JSON.stringify(key.map(i => row.keys[i]));
}

function withoutEqual(left: readonly Comparable[], right: readonly Comparable[]): [Comparable[], Comparable[]] {
  const counts = new Map<string, number>();
  const keyOfRow = (row: Comparable): string => JSON.stringify(row.keys);
  for (const row of right) counts.set(keyOfRow(row), (counts.get(keyOfRow(row)) ?? 0) + 1);
  const isMatched = (row: Comparable): boolean => {
    const count = counts.get(keyOfRow(row)) ?? 0;
    if (count > 0) counts.set(keyOfRow(row), count - 1);
    return count > 0;
  };
  const restLeft = left.filter(row => !isMatched(row));
  // What is still counted found no partner: of several equal rows the last ones.
  const restRight = [...right].reverse().filter(isMatched).reverse();
  return [restLeft, restRight];
}

function pairUp(left: readonly Comparable[], right: readonly Comparable[], key: readonly number[]) {
  const waiting = new Map<string, Comparable[]>();
  for (const row of [...right].reverse()) {
    const of = keyIn(row, key);
    const rows = waiting.get(of);
    if (rows) rows.push(row);
    else waiting.set(of, [row]);
  }
  const pairs: [Comparable, Comparable][] = [];
  const onlyLeft: Comparable[] = [];
  for (const row of left) {
    const partner = waiting.get(keyIn(row, key))?.pop();
    if (partner) pairs.push([row, partner]);
    else onlyLeft.push(row);
  }
  const paired = new Set(pairs.map(pair => pair[1]));
  return { pairs, onlyLeft, onlyRight: right.filter(row => !paired.has(row)) };
}

/** `work_mem: 4MB ↔ 64MB`; of rows without a name a line for each column. */
function pairLines(
  columns: readonly Column[],
  key: readonly number[],
  differing: readonly number[],
  a: Comparable,
  b: Comparable,
): string[] {
  const isOnly = columns.length - key.length === 1;
  const change = (i: number): string => shownPair(a.cells[i]!, b.cells[i]!).join(' ↔ ');
  if (key.length === 0)
    return differing.map(i => (isOnly ? change(i) : `${shownCell(columns[i]!.name)}: ${change(i)}`));
  const changes = differing.map(i => (isOnly ? change(i) : `${shownCell(columns[i]!.name)} ${change(i)}`));
  return [`${key.map(i => shownCell(a.cells[i]!)).join(', ')}: ${changes.join(', ')}`];
}

function onlyLines(columns: readonly Column[], rows: readonly Comparable[], label: string): string[] {
  const counts = new Map<string, number>();
  const names = columns.map(column => column.name);
  for (const { cells } of rows) {
    const shown = columns.length === 1 ? shownCell(cells[0]!) : shownRow(names, cells);
    counts.set(shown, (counts.get(shown) ?? 0) + 1);
  }
  return [...counts].map(([shown, count]) => `only on ${label}: ${shown}${count > 1 ? ` (${count} times)` : ''}`);
}

function compareNumbers(a: Comparable, b: Comparable, columns: readonly Column[]): number {
  for (let i = 0; i < columns.length; i++) {
    if (a.keys[i] === b.keys[i]) continue;
    const [x, y] = [a, b].map(({ cells }) => numberIn(cells[i] ?? null, columns[i]!.family));
    if (x && y) return compare(x, y);
    return x || (!y && a.keys[i]! < b.keys[i]!) ? -1 : 1;
  }
  return 0;
}
