/** Statements of both sides: what it comes to, the table, the plot, and one statement in detail. */
import { useCallback, useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { StatementRow } from '../../src/shared/statements';
import { Button } from '../common/controls';
import { themeColor } from '../common/format';
import type { Message } from '../common/messages';
import { Splitter } from '../common/splitter';
import { TreeGrid } from '../common/tree-grid';
import type { Act, Host, Reading } from './app';
import {
  choicesOf,
  filterRows,
  filtersShowing,
  nextSort,
  possibleFilters,
  type SortValues,
  sortRows,
  sortValues,
} from './arrange';
import { chosenColumns, columnsAfterStatement, statementColumn } from './columns';
import { Details } from './details';
import { type Filters, noFilters, type Presence } from './filters';
import { Head } from './head';
import type { Layout } from './layout';
import { largestImpactMs, statementRow } from './row';
import { presenceOf, type Rows } from './rows';
import { Scatter } from './scatter';
import { useSearch } from './search';
import { Banner, Sides } from './summary';
import { Toolbar } from './toolbar';
import { presenceTitles } from './words';

interface ReadyProps {
  host: Host;
  reading: Reading;
  message: Message | undefined;
  layout: Layout;
  arrange(change: Partial<Layout>): void;
  keepScroll(scrollTop: number): void;
  act: Act;
  /** Id of the row that is to be seen, whatever is filtered. */
  wanted: string | undefined;
  onShown(): void;
}

/** A statement of one side whose partner the user looks for. */
interface Pinning {
  from: string;
  /** Where the partner is. */
  among: Presence;
  candidate?: string;
}

export function Ready(props: ReadyProps) {
  const { host, act, reading, layout, arrange, wanted } = props;
  const { rows, summary, revision } = reading;
  const [pinningWanted, setPinning] = useState<Pinning>();
  const [reveals, setReveals] = useState(0);
  const grid = useRef<HTMLDivElement>(null);
  const focusGrid = useCallback(() => grid.current?.querySelector<HTMLElement>('[role=grid]')?.focus(), []);

  // Another reading may have found the partner by itself.
  const pinning = pinningWanted && partnersOf(rows, pinningWanted.from) ? pinningWanted : undefined;
  const choices = useMemo(() => choicesOf(rows), [rows]);
  const among = pinning?.among;
  const filters = useMemo(
    () => possibleFilters(among ? { ...layout.filters, presence: among } : layout.filters, choices),
    [layout.filters, choices, among],
  );
  const found = useSearch(host, filters.find, revision, act);
  const shown = useMemo(() => filterRows(rows, filters, found), [rows, filters, found]);
  const valuesOf = useMemo(() => rememberedValues(rows), [rows]);
  const order = useMemo(() => {
    const keys = layout.sort.flatMap(({ column, direction }) => {
      const values = valuesOf(column);
      return values ? [{ values, direction }] : [];
    });
    return keys.length === 0 ? shown.rows : sortRows(shown.rows, keys);
  }, [shown, layout.sort, valuesOf]);

  const selectedRow = positionOf(rows, layout.selected);
  const gridRow = pinning ? positionOf(rows, pinning.candidate) : selectedRow;
  const selected = useMemo(() => (gridRow < 0 ? -1 : order.indexOf(gridRow)), [order, gridRow]);
  const idAt = (position: number) => rows.list[order[position]!]!.id;
  const filter = (change: Partial<Filters>) => arrange({ filters: { ...layout.filters, ...change } });

  const startPinning = (row: StatementRow) => {
    setPinning({ from: row.id, among: presenceOf(row) === 'onlySource' ? 'onlyTarget' : 'onlySource' });
    requestAnimationFrame(focusGrid);
  };
  const endPinning = useCallback(() => {
    setPinning(undefined);
    requestAnimationFrame(focusGrid);
  }, [focusGrid]);
  const pinWith = (id: string) => {
    const { from, among } = pinning!;
    const [source, target] = among === 'onlySource' ? [id, from] : [from, id];
    act(host.request('pin', { source, target }), () => 'Pinned.');
    endPinning();
  };

  useEffect(() => {
    if (wanted === undefined || !rows.positions.has(wanted)) return;
    setPinning(undefined);
    arrange({ selected: wanted, detailsOpen: true, filters: filtersShowing(rows, wanted, layout.filters) });
    setReveals(now => now + 1);
    props.onShown();
  }, [wanted, rows]);

  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      const command = (event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey;
      if (command && event.key.toLowerCase() === 'f') document.getElementById('find')?.focus();
      else if (event.key === 'Escape' && pinningWanted) endPinning();
      else return;
      event.preventDefault();
    };
    window.addEventListener('keydown', onKeyDown);
    return () => window.removeEventListener('keydown', onKeyDown);
  }, [pinningWanted, endPinning]);

  const chosen = useMemo(() => chosenColumns(layout.columns), [layout.columns]);
  const context = useMemo(() => ({ columns: chosen, largestImpactMs: largestImpactMs(rows.list) }), [chosen, rows]);
  const columns = useMemo(() => {
    const several = layout.sort.length > 1;
    return chosen.map(({ id, header, title, numeric, widthPx }) => {
      const at = layout.sort.findIndex(key => key.column === id);
      const onSort = (add: boolean) => arrange({ sort: nextSort(layout.sort, id, numeric, add) });
      const sort = { direction: layout.sort[at]?.direction, place: several ? at + 1 : 0, onSort };
      return { id, header, title, numeric, widthPx, grows: id === 'statement', sort };
    });
  }, [chosen, layout.sort, arrange]);
  const row = useCallback(
    (position: number) => statementRow(rows.list[order[position]!]!, context),
    [rows, order, context],
  );

  const select = (id: string) => (pinning ? setPinning({ ...pinning, candidate: id }) : arrange({ selected: id }));
  const sideColors = {
    '--source': themeColor(summary.source.color, 'source'),
    '--target': themeColor(summary.target.color, 'target'),
  };
  const partners = selectedRow < 0 ? undefined : partnersOf(rows, layout.selected!);
  return (
    <main class="page statements-page" style={sideColors}>
      <Head
        host={host}
        act={act}
        filters={filters}
        filter={filter}
        shown={shown}
        refreshing={reading.refreshing}
        shownIds={() => order.map(position => rows.list[position]!.id)}
        leave={focusGrid}
      />
      <Banner summary={summary} notesOpen={rows.list.length === 0} message={props.message} />
      <Sides summary={summary} />
      <Toolbar
        filters={filters}
        filter={filter}
        choices={choices}
        shown={shown}
        columns={layout.columns}
        chooseColumns={ids =>
          arrange({
            columns: ids,
            sort: layout.sort.filter(({ column }) => column === 'statement' || ids.includes(column)),
          })
        }
        pinning={
          pinning && {
            title: rows.list[positionOf(rows, pinning.from)]!.title,
            side: pinning.among === 'onlySource' ? 'source' : 'target',
          }
        }
        cancelPinning={endPinning}
      />
      <div class="statements-grid" ref={grid}>
        {order.length === 0 ? (
          <Nothing
            shownElsewhere={[...shown.presences].map(([presence, count]) => `${presenceTitles[presence]}: ${count}`)}
            any={rows.list.length > 0}
            clear={() =>
              filter({
                ...noFilters,
                presence: filters.presence,
                class: undefined,
                user: undefined,
                database: undefined,
                node: undefined,
                verdict: undefined,
              })
            }
          />
        ) : (
          <TreeGrid
            label={pinning ? 'Statements to pin with' : 'Statements'}
            className="statements"
            columns={columns}
            rowCount={order.length}
            row={row}
            selected={selected}
            revealKey={`${reveals} ${gridRow < 0 ? '' : rows.list[gridRow]!.id}`}
            onSelect={(position, by) =>
              pinning && by === 'pointer' ? pinWith(idAt(position)) : select(idAt(position))
            }
            onActivate={position => (pinning ? pinWith(idAt(position)) : arrange({ detailsOpen: !layout.detailsOpen }))}
            scrollTop={layout.scrollTop}
            onScroll={props.keepScroll}
            typeAheadText={position => [rows.list[order[position]!]!.title]}
          />
        )}
      </div>
      {layout.detailsOpen ? (
        <>
          <Splitter heightPx={layout.detailsHeightPx} resize={height => arrange({ detailsHeightPx: height })} />
          <div class="bottom" style={{ height: `${layout.detailsHeightPx}px` }}>
            <section class="details" aria-label="Details of the selected statement">
              <Details
                host={host}
                act={act}
                row={rows.list[selectedRow]}
                revision={revision}
                all={layout.allFigures}
                showAll={all => arrange({ allFigures: all })}
                pin={
                  partners && choices.presences.has(partners) ? () => startPinning(rows.list[selectedRow]!) : undefined
                }
                close={() => arrange({ detailsOpen: false })}
              />
            </section>
            <Scatter
              list={rows.list}
              shown={shown.rows}
              selected={selectedRow}
              select={position => {
                arrange({ selected: rows.list[position]!.id });
                setReveals(now => now + 1);
              }}
            />
          </div>
        </>
      ) : (
        <div class="details-closed">
          <Button appearance="secondary" aria-expanded="false" onClick={() => arrange({ detailsOpen: true })}>
            Details
          </Button>
          <span class="dim">
            Enter or a double click on a row shows its text and figures, and where it lies among the others.
          </span>
        </div>
      )}
    </main>
  );
}

function positionOf(rows: Rows, id: string | undefined): number {
  return id === undefined ? -1 : (rows.positions.get(id) ?? -1);
}

/** Where a partner of the statement can be; undefined when it has one, or is gone. */
function partnersOf(rows: Rows, id: string): Presence | undefined {
  const row = rows.list[positionOf(rows, id)];
  if (!row || presenceOf(row) === 'pairs') return undefined;
  return presenceOf(row) === 'onlySource' ? 'onlyTarget' : 'onlySource';
}

const allColumns = [statementColumn, ...columnsAfterStatement];

/** What rows are sorted by, worked out once for each column. */
function rememberedValues({ list }: Rows): (column: string) => SortValues | undefined {
  const remembered = new Map<string, SortValues>();
  return id => {
    const column = allColumns.find(each => each.id === id);
    if (column && !remembered.has(id)) remembered.set(id, sortValues(list, column.value));
    return remembered.get(id);
  };
}

interface NothingProps {
  /** There are statements, but none of them is meant. */
  any: boolean;
  shownElsewhere: string[];
  clear(): void;
}

function Nothing({ any, shownElsewhere, clear }: NothingProps) {
  if (!any) {
    return (
      <div class="nothing" role="status">
        <p>There is no statement on either side. The notes above say what was read, and what could not be.</p>
      </div>
    );
  }
  return (
    <div class="nothing" role="status">
      <p>
        No statement matches.
        {shownElsewhere.length > 0 && <span class="dim">{` ${shownElsewhere.join(', ')}.`}</span>}
      </p>
      <Button appearance="secondary" onClick={clear}>
        Clear Filters
      </Button>
    </div>
  );
}
