import type { AlignedRow, Matches } from './align';
import type { PlanNode } from './model';

const none = -1;

/**
 * One tree of rows from two matched trees. The source's tree is the frame: every source node is a row, with its partner.
 * A target node without partner goes between its parent and its children where those are together in the frame too (an
 * added Sort, a Gather, a join over the same inputs), and otherwise below its parent's row. Worked from the leaves up, each
 * edge looked at once.
 */
export function mergeRows(source: readonly PlanNode[], target: readonly PlanNode[], matches: Matches): AlignedRow[] {
  const forest = new RowForest(source.length + target.length);
  // Row numbers: source nodes first, then target nodes; a matched pair is the source node's row.
  const rowOf = (at: number): number => {
    const partner = matches.ofTarget[at]!;
    return partner >= 0 ? partner : source.length + at;
  };
  for (const { index, parent, kind } of source) {
    if (kind === 'jit') forest.insertAfter(index, parent, none);
    else forest.append(index, parent);
  }
  const floating = new Uint8Array(target.length);
  // Parents of floating nodes: only there is something to place.
  const receives = new Uint8Array(target.length);
  for (let at = target.length - 1; at >= 0; at--) {
    const isMatched = matches.ofTarget[at]! >= 0;
    if (isMatched && !receives[at]) continue;
    const row = rowOf(at);
    const children = childrenOf(target, at);
    if (!isMatched) {
      const anchored = children.filter(child => !floating[child]).map(rowOf);
      const shared = anchored.length > 0 ? forest.parentOf(anchored[0]!) : none;
      const together = anchored.length > 0 && anchored.every(child => forest.parentOf(child) === shared);
      if (together) forest.insertAbove(row, anchored);
      else {
        floating[at] = 1;
        if (target[at]!.parent >= 0) receives[target[at]!.parent] = 1;
      }
    }
    if (receives[at]) placeFloating(forest, row, children, floating, target, rowOf);
  }
  let previousRoot = none;
  for (const { index, parent } of target) {
    if (parent >= 0) continue;
    const row = rowOf(index);
    if (floating[index]) forest.insertAfter(row, none, previousRoot);
    previousRoot = row;
  }
  return forest.rows((row, depth) => {
    if (row >= source.length) return { target: row - source.length, depth, descendants: 0 };
    const partner = matches.ofSource[row]!;
    if (partner < 0) return { source: row, depth, descendants: 0 };
    return { source: row, target: partner, depth, descendants: 0 };
  });
}

/** Children without an anchor go below their parent, among their siblings. */
function placeFloating(
  forest: RowForest,
  row: number,
  children: readonly number[],
  floating: Uint8Array,
  target: readonly PlanNode[],
  rowOf: (at: number) => number,
): void {
  // Those before the first that is in place stand before it; without any, all stand last.
  const inPlace = children.map(rowOf).find((child, i) => !floating[children[i]!] && forest.parentOf(child) === row);
  let before = inPlace === undefined ? forest.lastBelow(row) : forest.previousOf(inPlace);
  for (const child of children) {
    const childRow = rowOf(child);
    // EXPLAIN prints JIT last; it is read first.
    if (target[child]!.kind === 'jit') {
      if (floating[child]) forest.insertAfter(childRow, row, none);
    } else if (floating[child]) {
      forest.insertAfter(childRow, row, before);
      before = childRow;
    } else if (forest.parentOf(childRow) === row) before = childRow;
  }
}

function childrenOf(nodes: readonly PlanNode[], at: number): number[] {
  const children: number[] = [];
  const end = at + nodes[at]!.subtreeSize;
  for (let child = at + 1; child < end; child += nodes[child]!.subtreeSize) children.push(child);
  return children;
}

/** Trees as linked lists of siblings: moving a row costs the same wherever it stands. Row -1 is above all roots. */
class RowForest {
  readonly #parent: Int32Array;
  readonly #first: Int32Array;
  readonly #last: Int32Array;
  readonly #next: Int32Array;
  readonly #previous: Int32Array;
  readonly #count: number;

  constructor(count: number) {
    this.#count = count;
    this.#parent = new Int32Array(count).fill(-2);
    // One more than rows: the last place is the parent of all roots.
    this.#first = new Int32Array(count + 1).fill(none);
    this.#last = new Int32Array(count + 1).fill(none);
    this.#next = new Int32Array(count).fill(none);
    this.#previous = new Int32Array(count).fill(none);
  }

  #slot(row: number): number {
    return row < 0 ? this.#count : row;
  }

  parentOf(row: number): number {
    return this.#parent[row]!;
  }

  previousOf(row: number): number {
    return this.#previous[row]!;
  }

  lastBelow(row: number): number {
    return this.#last[this.#slot(row)]!;
  }

  append(row: number, parent: number): void {
    this.insertAfter(row, parent, this.#last[this.#slot(parent)]!);
  }

  /** After the sibling `before`, or first when there is none. */
  insertAfter(row: number, parent: number, before: number): void {
    const slot = this.#slot(parent);
    const after = before >= 0 ? this.#next[before]! : this.#first[slot]!;
    this.#parent[row] = parent;
    this.#previous[row] = before;
    this.#next[row] = after;
    if (before >= 0) this.#next[before] = row;
    else this.#first[slot] = row;
    if (after >= 0) this.#previous[after] = row;
    else this.#last[slot] = row;
  }

  #remove(row: number): void {
    const slot = this.#slot(this.#parent[row]!);
    const before = this.#previous[row]!;
    const after = this.#next[row]!;
    if (before >= 0) this.#next[before] = after;
    else this.#first[slot] = after;
    if (after >= 0) this.#previous[after] = before;
    else this.#last[slot] = before;
  }

  /** Puts `row` in the place of the first of `children`, which are siblings, and them below it. */
  insertAbove(row: number, children: readonly number[]): void {
    const first = children[0]!;
    this.insertAfter(row, this.#parent[first]!, this.#previous[first]!);
    for (const child of children) {
      this.#remove(child);
      this.append(child, row);
    }
  }

  /** All rows in preorder. */
  rows(rowAt: (row: number, depth: number) => AlignedRow): AlignedRow[] {
    const rows: AlignedRow[] = [];
    const open: number[] = [];
    let row = this.#first[this.#count]!;
    while (row >= 0) {
      open.push(rows.length);
      rows.push(rowAt(row, open.length - 1));
      if (this.#first[row]! >= 0) {
        row = this.#first[row]!;
        continue;
      }
      for (;;) {
        const position = open.pop()!;
        rows[position]!.descendants = rows.length - position - 1;
        if (this.#next[row]! >= 0) {
          row = this.#next[row]!;
          break;
        }
        row = this.#parent[row]!;
        if (row < 0) break;
      }
      if (row < 0) break;
    }
    return rows;
  }
}
