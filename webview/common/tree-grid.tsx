// biome-ignore-all lint/a11y/useSemanticElements: rows are placed one by one, which a <table> does not allow
// biome-ignore-all lint/a11y/useKeyWithClickEvents: the grid has the keys
// biome-ignore-all lint/a11y/useFocusableInteractive: the grid holds the focus and names its active row
// biome-ignore-all lint/a11y/useAriaPropsSupportedByRole: the role is one of two, the linter sees neither
// biome-ignore-all lint/a11y/noStaticElementInteractions: the role is one of two, the linter sees neither
/**
 * A grid or tree grid that draws only the rows in view. Keyboard and roles follow the WAI-ARIA Authoring Practices,
 * "Treegrid Pattern": one tab stop, the active row named by aria-activedescendant; headers that sort are another.
 */
import { Component, type ComponentChildren } from 'preact';
import { useEffect, useId, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { GridHead } from './grid-head';
import { contentHeightPx, mostRows, scrollToRow, windowAt } from './viewport';

export interface Column {
  id: string;
  header: ComponentChildren;
  /** Numbers stand right. */
  numeric?: boolean;
  title?: string;
  /** The least width. Given for all columns, or for none, whose widths the style sheet then says. */
  widthPx?: number;
  /** Takes what room is left. */
  grows?: boolean;
  /** Makes a button of the header. */
  sort?: ColumnSort;
}

export interface ColumnSort {
  direction?: 'ascending' | 'descending' | undefined;
  /** 1 for the column that is sorted by first; 0 when it is the only one, or none. */
  place: number;
  /** With `add` the other columns go on counting. */
  onSort(add: boolean): void;
}

/** What stands in a cell beside its text. Each element less in a row is felt when ten rows come into view per frame. */
export interface GridCell {
  content: ComponentChildren;
  title?: string | undefined;
  className?: string;
}

export interface GridRow {
  /** What a screen reader says for the row, shortest useful first. */
  label: string;
  className?: string;
  /** 1 for the top. Tree grids only. */
  level?: number;
  /** Absent: nothing lies below this row. */
  expanded?: boolean;
  /** One per column; a text is all that most cells have. */
  cells: (GridCell | string)[];
}

export interface TreeGridProps {
  label: string;
  columns: readonly Column[];
  rowCount: number;
  /** A new function means new rows: what it answered is remembered until then. */
  row(index: number): GridRow;
  /** Index of the selected row, −1 for none. */
  selected: number;
  /** What brings the selected row into view when it changes; the index itself unless rows change their places. */
  revealKey?: unknown;
  onSelect(index: number, by: 'key' | 'pointer'): void;
  /** Enter, or a double click. */
  onActivate(index: number): void;
  className?: string;
  scrollTop?: number;
  onScroll?(scrollTop: number): void;
  /** Present for a tree grid. */
  tree?: {
    parent(index: number): number;
    toggle(index: number, expanded: boolean): void;
    expandSiblings(index: number): void;
  };
  /** What typing letters jumps by. */
  typeAheadText(index: number): string[];
}

export const rowHeightPx = 24;
const overscan = 6;
const typeAheadMs = 700;
/** Scrolling that pauses for so long has come to its end. */
const settleMs = 150;

export function TreeGrid(props: TreeGridProps) {
  const { columns, rowCount, row, selected, tree } = props;
  const wide = useMemo(() => wideColumns(columns), [columns]);
  const classNames = useMemo(
    () => columns.map(({ id, numeric }) => `cell ${id}${numeric ? ' numeric' : ''}`),
    [columns],
  );
  const id = useId();
  const scroller = useRef<HTMLDivElement>(null);
  const [heightPx, setHeight] = useState(0);
  const [widthPx, setWidth] = useState(Number.POSITIVE_INFINITY);
  const [scrollTop, setScrollTop] = useState(props.scrollTop ?? 0);
  // Moving an element makes the browser lay it out from nothing, so order waits until scrolling has come to its end.
  const [firstSettled, setFirstSettled] = useState(0);
  const typed = useRef({ text: '', at: 0 });
  const viewport = { rowHeightPx, rowCount, heightPx };

  // A new row function is what empties the cache.
  const drawn = useMemo(() => new Map<number, GridRow>(), [row, rowCount]);
  const rowAt = (index: number): GridRow => {
    let found = drawn.get(index);
    if (!found) {
      found = row(index);
      drawn.set(index, found);
    }
    return found;
  };

  useLayoutEffect(() => {
    const element = scroller.current!;
    const measure = () => {
      setHeight(Math.max(0, element.clientHeight - rowHeightPx));
      setWidth(element.clientWidth);
    };
    measure();
    if (props.scrollTop) element.scrollTop = props.scrollTop;
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  // Where the page was scrolled to outlives a reload; only a row selected since then is brought into view.
  const revealKey = props.revealKey ?? selected;
  const revealed = useRef(revealKey);
  useEffect(() => {
    if (revealKey === revealed.current) return;
    revealed.current = revealKey;
    const element = scroller.current!;
    if (selected < 0 || heightPx === 0) return;
    const wanted = scrollToRow(viewport, element.scrollTop, selected);
    if (Math.abs(wanted - element.scrollTop) >= 1) element.scrollTop = wanted;
  }, [revealKey, selected, rowCount, heightPx]);

  const onScroll = () => {
    const top = scroller.current!.scrollTop;
    setScrollTop(top);
    props.onScroll?.(top);
  };

  const select = (index: number) => {
    if (rowCount > 0) props.onSelect(Math.max(0, Math.min(rowCount - 1, index)), 'key');
  };

  // Arriving by keyboard there must be an active row; a click is about to name one itself.
  const onFocus = () => {
    if (selected < 0 && scroller.current!.matches(':focus-visible')) select(windowAt(viewport, scrollTop, 0).first);
  };

  const jumpToTyped = (key: string) => {
    const now = performance.now();
    const text = (now - typed.current.at < typeAheadMs ? typed.current.text : '') + key.toLowerCase();
    typed.current = { text, at: now };
    const start = text.length > 1 ? Math.max(selected, 0) : selected + 1;
    for (let i = 0; i < rowCount; i++) {
      const index = (start + i) % rowCount;
      if (props.typeAheadText(index).some(name => name.toLowerCase().startsWith(text))) return select(index);
    }
  };

  const onClick = (event: MouseEvent) => {
    const index = indexOf(event);
    if (index < 0) return;
    const { expanded } = rowAt(index);
    const twistie = (event.target as Element).closest('.twistie');
    if (twistie && expanded !== undefined) tree?.toggle(index, !expanded);
    else props.onSelect(index, 'pointer');
  };

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey || rowCount === 0) return;
    const page = Math.max(1, Math.floor(heightPx / rowHeightPx) - 1);
    const current = selected < 0 ? undefined : rowAt(selected);
    const key = event.key;
    if (key === 'ArrowDown') select(selected + 1);
    else if (key === 'ArrowUp') select(selected - 1);
    else if (key === 'PageDown') select(selected + page);
    else if (key === 'PageUp') select(selected - page);
    else if (key === 'Home') select(0);
    else if (key === 'End') select(rowCount - 1);
    else if (key === 'Enter' && selected >= 0) props.onActivate(selected);
    else if (key === 'ArrowRight' && tree && current) {
      if (current.expanded === false) tree.toggle(selected, true);
      else if (current.expanded) select(selected + 1);
    } else if (key === 'ArrowLeft' && tree && current) {
      if (current.expanded) tree.toggle(selected, false);
      else if (tree.parent(selected) >= 0) select(tree.parent(selected));
    } else if (key === ' ' && tree && current && current.expanded !== undefined)
      tree.toggle(selected, !current.expanded);
    else if (key === '*' && tree && current) tree.expandSiblings(selected);
    else if (key.length === 1 && key !== ' ') jumpToTyped(key);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };

  const { first, end, topPx } = windowAt(viewport, scrollTop, overscan);
  const pool = mostRows(viewport, overscan);
  // Not on `scrollend`, which follows every single step that a script or a key scrolls by.
  useEffect(() => {
    const timer = setTimeout(() => setFirstSettled(first), settleMs);
    return () => clearTimeout(timer);
  }, [first]);
  const slots = inSlots(first, end, pool, firstSettled);
  // The active row exists for assistive technology even when it is scrolled out of sight.
  const selectedOutside = selected >= 0 && selected < rowCount && (selected < first || selected >= end);
  const rowId = (index: number) => `${id}-${index}`;

  return (
    <div
      ref={scroller}
      role={tree ? 'treegrid' : 'grid'}
      aria-label={props.label}
      aria-rowcount={rowCount + 1}
      aria-colcount={columns.length}
      aria-activedescendant={selected >= 0 && selected < rowCount ? rowId(selected) : undefined}
      tabIndex={0}
      class={`grid ${wide ? `wide ${widthPx < wide.widthPx ? 'sideways' : ''}` : ''} ${props.className ?? ''}`}
      style={wide && { '--columns': wide.tracks, '--least-width': `${wide.widthPx}px` }}
      onScroll={onScroll}
      onKeyDown={onKeyDown}
      onFocus={onFocus}
    >
      <GridHead columns={columns} classNames={classNames} leave={() => scroller.current!.focus()} />
      <div
        role="rowgroup"
        class="grid-body"
        style={{ height: `${contentHeightPx(viewport)}px` }}
        // A double click opens the details; it is not meant to select a word.
        onMouseDown={event => event.detail > 1 && event.preventDefault()}
        onClick={onClick}
        onDblClick={event => {
          const index = indexOf(event);
          if (index >= 0) props.onActivate(index);
        }}
      >
        {slots.map(index => (
          <RowElement
            // An element serves again as soon as its row has left: nothing is made, thrown away or moved while scrolling.
            key={index % pool}
            id={index === selected ? rowId(index) : undefined}
            index={index}
            row={rowAt(index)}
            classNames={classNames}
            titled={first === firstSettled}
            topPx={Math.round(topPx + (index - first) * rowHeightPx)}
          />
        ))}
        {selectedOutside && (
          <div
            key="selected"
            role="row"
            id={rowId(selected)}
            class="visually-hidden"
            aria-rowindex={selected + 2}
            aria-selected
            aria-level={rowAt(selected).level}
            aria-expanded={rowAt(selected).expanded}
            aria-label={rowAt(selected).label}
          />
        )}
      </div>
    </div>
  );
}

/** One layout for the header and all rows, and what they need at least; undefined where the style sheet has the widths. */
function wideColumns(columns: readonly Column[]): { tracks: string; widthPx: number } | undefined {
  if (columns.some(column => column.widthPx === undefined)) return undefined;
  return {
    tracks: columns.map(({ widthPx, grows }) => (grows ? `minmax(${widthPx}px, 1fr)` : `${widthPx}px`)).join(' '),
    widthPx: columns.reduce((sum, column) => sum + column.widthPx!, 0),
  };
}

/**
 * The rows from `first` to `end` in the order of their elements: from top to bottom, as assistive technology reads them,
 * when `firstSettled` is `first`; otherwise rows that came into view stand where those that left stood.
 */
function inSlots(first: number, end: number, pool: number, firstSettled: number): number[] {
  const slots: number[] = [];
  const offset = (((first - firstSettled) % pool) + pool) % pool;
  for (let i = 0; i < pool; i++) {
    const index = first + ((i - offset + pool) % pool);
    if (index < end) slots.push(index);
  }
  return slots;
}

/** The row an event happened in, −1 for none. One listener serves all rows. */
function indexOf(event: Event): number {
  const row = (event.target as Element).closest('[role=row]');
  return row ? Number(row.ariaRowIndex) - 2 : -1;
}

interface RowProps {
  /** Of the selected row: it alone is named elsewhere. */
  id: string | undefined;
  index: number;
  row: GridRow;
  /** One per column. */
  classNames: readonly string[];
  /** Titles restyle their cells, and nobody can read them while the rows fly past. */
  titled: boolean;
  topPx: number;
}

class RowElement extends Component<RowProps> {
  /** Rows that merely stay in view while others scroll past cost nothing. */
  override shouldComponentUpdate(next: RowProps): boolean {
    const now = this.props;
    return (
      next.row !== now.row ||
      next.index !== now.index ||
      next.topPx !== now.topPx ||
      (next.titled && !now.titled) ||
      next.id !== now.id ||
      next.classNames !== now.classNames
    );
  }

  override render() {
    const { id, index, row, classNames, titled, topPx } = this.props;
    const selected = id !== undefined;
    return (
      <div
        role="row"
        id={id}
        aria-rowindex={index + 2}
        aria-selected={selected}
        aria-level={row.level}
        aria-expanded={row.expanded}
        aria-label={row.label}
        class={`grid-row${row.className ? ` ${row.className}` : ''}${selected ? ' selected' : ''}`}
        style={{ transform: `translateY(${topPx}px)` }}
      >
        {row.cells.map((cell, i) =>
          typeof cell === 'string' ? (
            <div key={i} role="gridcell" class={classNames[i]}>
              {cell}
            </div>
          ) : (
            <div
              key={i}
              role="gridcell"
              class={cell.className ? `${classNames[i]} ${cell.className}` : classNames[i]}
              title={titled ? cell.title : undefined}
            >
              {cell.content}
            </div>
          ),
        )}
      </div>
    );
  }
}
