// biome-ignore-all lint/a11y/useSemanticElements: rows are placed one by one, which a <table> does not allow
// biome-ignore-all lint/a11y/useFocusableInteractive: the grid and the buttons take the focus
/** The header of a grid. Those columns that sort have a button; together they are one stop of the tab key. */
import { useRef, useState } from 'preact/hooks';
import type { Column, ColumnSort } from './tree-grid';

interface GridHeadProps {
  columns: readonly Column[];
  classNames: readonly string[];
  /** To the rows. */
  leave(): void;
}

export function GridHead({ columns, classNames, leave }: GridHeadProps) {
  const head = useRef<HTMLDivElement>(null);
  const [wanted, setWanted] = useState<string>();
  const sorters = columns.filter(({ sort }) => sort);
  const stop = sorters.find(({ id }) => id === wanted) ?? sorters[0];

  const onKeyDown = (event: KeyboardEvent) => {
    // What the keys do to rows they do not do from up here.
    event.stopPropagation();
    const at = sorters.indexOf(stop!);
    const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: sorters.length - 1 }[event.key];
    if (event.key === 'ArrowDown') leave();
    else if (to !== undefined) {
      const buttons = head.current!.querySelectorAll<HTMLElement>('.sorter');
      buttons[Math.max(0, Math.min(to, buttons.length - 1))]?.focus();
    } else return;
    event.preventDefault();
  };

  return (
    <div role="rowgroup" class="grid-head" ref={head} onKeyDown={sorters.length > 0 ? onKeyDown : undefined}>
      <div role="row" aria-rowindex={1} class="grid-row">
        {columns.map((column, i) => (
          <div
            key={column.id}
            role="columnheader"
            // Of one column only, says ARIA: the first.
            aria-sort={column.sort && column.sort.place <= 1 ? column.sort.direction : undefined}
            title={column.title}
            class={classNames[i]}
          >
            {column.sort ? (
              <button
                type="button"
                class="sorter"
                tabIndex={column === stop ? 0 : -1}
                onFocus={() => setWanted(column.id)}
                onClick={event => column.sort!.onSort(event.shiftKey)}
              >
                <span class="sorter-name">{column.header}</span>
                <SortMark sort={column.sort} />
              </button>
            ) : (
              column.header
            )}
          </div>
        ))}
      </div>
    </div>
  );
}

function SortMark({ sort: { direction, place } }: { sort: ColumnSort }) {
  if (!direction) return null;
  return (
    <>
      <span class="sort-mark" aria-hidden>
        {`${direction === 'ascending' ? '↑' : '↓'}${place > 0 ? place : ''}`}
      </span>
      {place > 1 && <span class="visually-hidden">{`, key ${place}, ${direction}`}</span>}
    </>
  );
}
