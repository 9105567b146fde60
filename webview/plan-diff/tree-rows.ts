/** Which rows of the aligned trees are on show: folding, filtering and finding. Loops only: a plan may be 10,000 deep. */
import type { Row } from '../../src/shared/plan-diff';

/** What folding starts from; rows the user toggled since are the exceptions. */
export type FoldBase = 'default' | 'folded' | 'unfolded';

export interface TreeRows {
  readonly rows: readonly Row[];
  /** Index of the row above in the tree, −1 for a root. */
  readonly parents: Int32Array;
  /** Names a row by the names on its path, so that it is found again in another run of the same statement. */
  readonly keys: readonly string[];
  /** Rows folded until the user says otherwise. */
  readonly foldedByDefault: Uint8Array;
}

/** A plan that fits one screen shows everything; a longer one folds subtrees in which nothing differs. */
const rowsOfAScreen = 30;

/** How many rows a subtree must hide to be worth folding: the longer the plan, the fewer. */
function rowsWorthFolding(rowCount: number): number {
  return rowCount > 10 * rowsOfAScreen ? 1 : 8;
}

export function treeRows(rows: readonly Row[]): TreeRows {
  const parents = parentsOf(rows);
  const foldedByDefault = new Uint8Array(rows.length);
  if (rows.length > rowsOfAScreen) {
    const worthFolding = rowsWorthFolding(rows.length);
    for (const [i, row] of rows.entries()) {
      const parent = parents[i]!;
      // Only the top of an equal subtree: unfolding it shows all of it. A plan that is equal throughout stays open.
      const top = parent >= 0 && !rows[parent]!.equal;
      if (row.equal && top && row.descendants >= worthFolding) foldedByDefault[i] = 1;
    }
  }
  return { rows, parents, keys: keysOf(rows, parents), foldedByDefault };
}

function parentsOf(rows: readonly Row[]): Int32Array {
  const parents = new Int32Array(rows.length).fill(-1);
  const open: { index: number; last: number }[] = [];
  for (const [i, row] of rows.entries()) {
    while (open.length > 0 && open.at(-1)!.last < i) open.pop();
    parents[i] = open.at(-1)?.index ?? -1;
    if (row.descendants > 0) open.push({ index: i, last: i + row.descendants });
  }
  return parents;
}

function keysOf(rows: readonly Row[], parents: Int32Array): string[] {
  const keys: string[] = [];
  const seen = new Map<string, number>();
  for (const [i, row] of rows.entries()) {
    const above = parents[i]! >= 0 ? keys[parents[i]!]! : '';
    const path = hash(`${above}/${row.source?.name ?? ''}|${row.target?.name ?? ''}`);
    const ordinal = seen.get(path) ?? 0;
    seen.set(path, ordinal + 1);
    keys.push(ordinal === 0 ? path : `${path}.${ordinal}`);
  }
  return keys;
}

/** FNV-1a over UTF-16 units, twice with different seeds: 64 bits are enough not to confuse rows of one plan. */
function hash(text: string): string {
  let a = 0x811c9dc5;
  let b = 0x1000193;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    a = Math.imul(a ^ unit, 0x01000193);
    b = Math.imul(b ^ unit, 0x85ebca6b);
  }
  return (a >>> 0).toString(36) + (b >>> 0).toString(36);
}

export interface Arrangement {
  base: FoldBase;
  /** Keys of rows that stand contrary to `base`. */
  toggled: ReadonlySet<string>;
  onlyDifferences: boolean;
}

export function isFolded(tree: TreeRows, { base, toggled }: Arrangement, index: number): boolean {
  if (tree.rows[index]!.descendants === 0) return false;
  // "Fold all" leaves the roots open: a single line would say nothing.
  const folded =
    base === 'default' ? tree.foldedByDefault[index] === 1 : base === 'folded' && tree.parents[index]! >= 0;
  return folded !== toggled.has(tree.keys[index]!);
}

/** Indexes of the rows on show, in order. */
export function visibleRows(tree: TreeRows, arrangement: Arrangement): number[] {
  const visible: number[] = [];
  for (let i = 0; i < tree.rows.length; i++) {
    const row = tree.rows[i]!;
    if (arrangement.onlyDifferences && row.equal) {
      i += row.descendants;
      continue;
    }
    visible.push(i);
    if (isFolded(tree, arrangement, i)) i += row.descendants;
  }
  return visible;
}

/** `toggled` changed so that these rows are folded, or are not. */
export function withFolded(
  tree: TreeRows,
  arrangement: Arrangement,
  indexes: Iterable<number>,
  folded: boolean,
): ReadonlySet<string> {
  const toggled = new Set(arrangement.toggled);
  for (const index of indexes) {
    if (tree.rows[index]!.descendants === 0 || isFolded(tree, arrangement, index) === folded) continue;
    const key = tree.keys[index]!;
    if (!toggled.delete(key)) toggled.add(key);
  }
  return toggled;
}

/** Everything above a row, nearest first. */
export function* ancestors(tree: TreeRows, index: number): Generator<number> {
  for (let above = tree.parents[index]!; above >= 0; above = tree.parents[above]!) yield above;
}

/** The rows with the same parent, the row itself included. */
export function* siblings(tree: TreeRows, index: number): Generator<number> {
  const parent = tree.parents[index]!;
  const end = parent < 0 ? tree.rows.length : parent + 1 + tree.rows[parent]!.descendants;
  for (let i = parent + 1; i < end; i += 1 + tree.rows[i]!.descendants) yield i;
}

/** Lower-cased words of every row, for finding. */
export function searchTexts(rows: readonly Row[]): string[] {
  return rows.map(({ source, target, changes }) =>
    [source?.name, source?.detail, source?.error, target?.name, target?.detail, target?.error, ...changes]
      .filter(text => text !== undefined)
      .join('\n')
      .toLowerCase(),
  );
}

/** Rows that contain the text, hidden by folds or not; rows filtered away do not count. */
export function matchingRows(
  tree: TreeRows,
  texts: readonly string[],
  find: string,
  onlyDifferences: boolean,
): number[] {
  const needle = find.trim().toLowerCase();
  if (needle === '') return [];
  const found: number[] = [];
  for (const [i, text] of texts.entries()) {
    if (text.includes(needle) && !(onlyDifferences && tree.rows[i]!.equal)) found.push(i);
  }
  return found;
}
