// biome-ignore-all lint/a11y/useSemanticElements: rows are placed one by one, which a <table> does not allow
// biome-ignore-all lint/a11y/useKeyWithClickEvents: the grid has the keys
// biome-ignore-all lint/a11y/useFocusableInteractive: the grid holds the focus and names its active row
// biome-ignore-all lint/a11y/useAriaPropsSupportedByRole: the role is one of two, the linter sees neither
// biome-ignore-all lint/a11y/noStaticElementInteractions: the role is one of two, the linter sees neither
/**
 * A grid or tree grid that draws only the rows in view. Keyboard and roles follow the WAI-ARIA Authoring Practices,
 * "Treegrid Pattern": one tab stop, the active row named by aria-activedescendant.
 */
import { Component, type ComponentChildren } from 'preact';
import { useCallback, useEffect, useId, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { contentHeightPx, mostRows, scrollToRow, windowAt } from './viewport';

export interface Column {
  id: string;
  header: ComponentChildren;
  /** Numbers stand right. */
  numeric?: boolean;
  title?: string;
}

export interface GridRow {
  /** What a screen reader says for the row, shortest useful first. */
  label: string;
  className?: string;
  /** 1 for the top. Tree grids only. */
  level?: number;
  /** Absent: nothing lies below this row. */
  expanded?: boolean;
  /** One per column. */
  cells: ComponentChildren[];
}

export interface TreeGridProps {
  label: string;
  columns: readonly Column[];
  rowCount: number;
  /** A new function means new rows: what it answered is remembered until then. */
  row(index: number): GridRow;
  /** Index of the selected row, −1 for none. */
  selected: number;
  onSelect(index: number): void;
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

export function TreeGrid(props: TreeGridProps) {
  const { columns, rowCount, row, selected, tree } = props;
  const id = useId();
  const scroller = useRef<HTMLDivElement>(null);
  const [heightPx, setHeight] = useState(0);
  const [scrollTop, setScrollTop] = useState(props.scrollTop ?? 0);
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
    const measure = () => setHeight(Math.max(0, element.clientHeight - rowHeightPx));
    measure();
    if (props.scrollTop) element.scrollTop = props.scrollTop;
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  // Where the page was scrolled to outlives a reload; only a row selected since then is brought into view.
  const revealed = useRef(selected);
  useEffect(() => {
    if (selected === revealed.current) return;
    revealed.current = selected;
    const element = scroller.current!;
    if (selected < 0 || heightPx === 0) return;
    const wanted = scrollToRow(viewport, element.scrollTop, selected);
    if (Math.abs(wanted - element.scrollTop) >= 1) element.scrollTop = wanted;
  });

  const onScroll = () => {
    const top = scroller.current!.scrollTop;
    setScrollTop(top);
    props.onScroll?.(top);
  };

  const select = (index: number) => {
    if (rowCount > 0) props.onSelect(Math.max(0, Math.min(rowCount - 1, index)));
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
  const indexes: number[] = [];
  for (let index = first; index < end; index++) indexes.push(index);
  // The active row exists for assistive technology even when it is scrolled out of sight.
  const selectedOutside = selected >= 0 && selected < rowCount && (selected < first || selected >= end);
  const rowId = useCallback((index: number) => `${id}-${index}`, [id]);

  return (
    <div
      ref={scroller}
      role={tree ? 'treegrid' : 'grid'}
      aria-label={props.label}
      aria-rowcount={rowCount + 1}
      aria-colcount={columns.length}
      aria-activedescendant={selected >= 0 && selected < rowCount ? rowId(selected) : undefined}
      tabIndex={0}
      class={`grid ${props.className ?? ''}`}
      onScroll={onScroll}
      onKeyDown={onKeyDown}
      onFocus={onFocus}
    >
      <div role="rowgroup" class="grid-head">
        <div role="row" aria-rowindex={1} class="grid-row">
          {columns.map(column => (
            <div
              key={column.id}
              role="columnheader"
              title={column.title}
              class={`cell ${column.id} ${column.numeric ? 'numeric' : ''}`}
            >
              {column.header}
            </div>
          ))}
        </div>
      </div>
      <div role="rowgroup" class="grid-body" style={{ height: `${contentHeightPx(viewport)}px` }}>
        {indexes.map(index => (
          <RowElement
            // An element serves again as soon as its row has left: nothing is made or thrown away while scrolling.
            key={index % pool}
            id={rowId(index)}
            index={index}
            row={rowAt(index)}
            columns={columns}
            selected={index === selected}
            topPx={Math.round(topPx + (index - first) * rowHeightPx)}
            onSelect={props.onSelect}
            onActivate={props.onActivate}
            onToggle={tree?.toggle}
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

interface RowProps {
  id: string;
  index: number;
  row: GridRow;
  columns: readonly Column[];
  selected: boolean;
  topPx: number;
  onSelect(index: number): void;
  onActivate(index: number): void;
  onToggle: ((index: number, expanded: boolean) => void) | undefined;
}

class RowElement extends Component<RowProps> {
  /** Rows that merely stay in view while others scroll past cost nothing. */
  override shouldComponentUpdate(next: RowProps): boolean {
    const now = this.props;
    return next.row !== now.row || next.selected !== now.selected || next.topPx !== now.topPx || next.id !== now.id;
  }

  override render() {
    const { id, index, row, columns, selected, topPx } = this.props;
    return (
      <div
        role="row"
        id={id}
        aria-rowindex={index + 2}
        aria-selected={selected}
        aria-level={row.level}
        aria-expanded={row.expanded}
        aria-label={row.label}
        class={`grid-row ${row.className ?? ''} ${selected ? 'selected' : ''}`}
        style={{ transform: `translateY(${topPx}px)` }}
        // A double click opens the details; it is not meant to select a word.
        onMouseDown={event => event.detail > 1 && event.preventDefault()}
        onClick={event => {
          const twistie = (event.target as Element).closest('.twistie');
          if (twistie && row.expanded !== undefined) this.props.onToggle?.(index, !row.expanded);
          else this.props.onSelect(index);
        }}
        onDblClick={() => this.props.onActivate(index)}
      >
        {row.cells.map((cell, i) => (
          <div
            key={columns[i]!.id}
            role="gridcell"
            class={`cell ${columns[i]!.id} ${columns[i]!.numeric ? 'numeric' : ''}`}
          >
            {cell}
          </div>
        ))}
      </div>
    );
  }
}
