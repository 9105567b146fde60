import { useCallback, useEffect, useMemo, useRef } from 'preact/hooks';
import type { PlanDiffView } from '../../src/shared/plan-diff';
import { sides } from '../../src/shared/side';
import { TreeGrid } from '../common/tree-grid';
import type { Host } from './app';
import { Details } from './details';
import type { Layout } from './layout';
import { columns, foldedBelow, planRow, type RowContext } from './plan-row';
import { PlanToolbar } from './plan-toolbar';
import {
  type Arrangement,
  ancestors,
  type FoldBase,
  isFolded,
  matchingRows,
  searchTexts,
  siblings,
  type TreeRows,
  treeRows,
  visibleRows,
  withFolded,
} from './tree-rows';

interface PlanTabProps {
  host: Host;
  view: PlanDiffView;
  layout: Layout;
  arrange(change: Partial<Layout>): void;
  keepScroll(scrollTop: number): void;
}

export function PlanTab({ host, view, layout, arrange, keepScroll }: PlanTabProps) {
  const tree = useMemo(() => treeRows(view.rows), [view]);
  const texts = useMemo(() => searchTexts(view.rows), [view]);
  const longestMs = useMemo(() => longestBarMs(view, tree), [view, tree]);
  const alone = aloneSide(view);
  const onlyDifferences = layout.onlyDifferences && alone === undefined;
  const { foldBase, toggled } = layout;
  const arrangement: Arrangement = useMemo(
    () => ({ base: foldBase, toggled: new Set(toggled), onlyDifferences }),
    [foldBase, toggled, onlyDifferences],
  );
  const visible = useMemo(() => visibleRows(tree, arrangement), [tree, arrangement]);
  const positions = useMemo(() => new Map(visible.map((row, position) => [row, position])), [visible]);
  const matches = useMemo(
    () => matchingRows(tree, texts, layout.find, onlyDifferences),
    [tree, texts, layout.find, onlyDifferences],
  );
  const selectedRow = useMemo(
    () => (layout.selected === undefined ? -1 : tree.keys.indexOf(layout.selected)),
    [tree, layout.selected],
  );

  const context: RowContext = useMemo(
    () => ({
      analyzed: view.analyzed,
      longestMs,
      alone,
      find: layout.find.trim().toLowerCase(),
      labels: { source: view.source.label, target: view.target.label },
    }),
    [view, longestMs, alone, layout.find],
  );
  const shownColumns = useMemo(() => columns(context), [context]);
  const row = useCallback(
    (position: number) => {
      const index = visible[position]!;
      const folded = isFolded(tree, arrangement, index) ? foldedBelow(view.rows, index) : undefined;
      return planRow(view.rows[index]!, context, folded);
    },
    [tree, arrangement, visible, context, view],
  );

  const fold = (indexes: Iterable<number>, folded: boolean) =>
    arrange({ toggled: [...withFolded(tree, arrangement, indexes, folded)] });
  const foldAll = (base: FoldBase) => arrange({ foldBase: base, toggled: [] });
  const select = (index: number) => arrange({ selected: tree.keys[index]! });
  const reveal = (index: number) =>
    arrange({
      selected: tree.keys[index]!,
      toggled: [...withFolded(tree, arrangement, ancestors(tree, index), false)],
    });

  // Another run of the same statement has the selected row again; another statement starts at its top.
  const scrollTop = layout.id === view.id || selectedRow >= 0 ? layout.scrollTop : 0;
  const grid = useRef<HTMLDivElement>(null);
  const focusGrid = () => grid.current?.querySelector<HTMLElement>('[role=treegrid]')?.focus();
  useEffect(() => {
    if (layout.id !== view.id) arrange({ id: view.id, scrollTop });
  }, [view.id, layout.id, scrollTop, arrange]);

  if (view.rows.length === 0) {
    return (
      <div class="pane">
        <p>There is no plan on either side; what went wrong stands above.</p>
      </div>
    );
  }
  return (
    <div class="plan">
      <PlanToolbar
        find={layout.find}
        matches={matches}
        selectedRow={selectedRow}
        onFind={find => arrange({ find })}
        onGo={reveal}
        onLeave={focusGrid}
        onFoldAll={foldAll}
        onlyDifferences={onlyDifferences}
        onOnlyDifferences={alone === undefined ? only => arrange({ onlyDifferences: only }) : undefined}
      />
      <div class="plan-grid" ref={grid}>
        {visible.length === 0 ? (
          <p class="pane">The two plans do not differ in any row.</p>
        ) : (
          <TreeGrid
            label={alone === undefined ? 'Plans side by side' : `Plan of the ${alone}`}
            className={`plans ${alone === undefined ? '' : 'alone'} ${view.analyzed ? '' : 'estimates'}`}
            columns={shownColumns}
            rowCount={visible.length}
            row={row}
            selected={positions.get(selectedRow) ?? -1}
            onSelect={position => select(visible[position]!)}
            onActivate={() => arrange({ detailsOpen: !layout.detailsOpen })}
            scrollTop={scrollTop}
            onScroll={keepScroll}
            tree={{
              parent: position => positions.get(tree.parents[visible[position]!]!) ?? -1,
              toggle: (position, expanded) => fold([visible[position]!], !expanded),
              expandSiblings: position => fold(siblings(tree, visible[position]!), false),
            }}
            typeAheadText={position =>
              sides.flatMap(side => {
                const cell = view.rows[visible[position]!]![side];
                return cell ? [cell.name] : [];
              })
            }
          />
        )}
      </div>
      <Details
        host={host}
        view={view}
        row={selectedRow}
        alone={alone}
        open={layout.detailsOpen}
        heightPx={layout.detailsHeightPx}
        arrange={arrange}
      />
    </div>
  );
}

function aloneSide(view: PlanDiffView) {
  const [source, target] = sides.map(side => view.rows.some(row => row[side] !== undefined));
  if (source === target) return undefined;
  return source ? 'source' : 'target';
}

/** What bars are drawn to: it stays when the user folds, so that bars do not change their length under the eyes. */
function longestBarMs(view: PlanDiffView, tree: TreeRows): number {
  let longest = 0;
  for (const [i, row] of view.rows.entries()) {
    const folded = tree.foldedByDefault[i] === 1 ? foldedBelow(view.rows, i).selfMs : undefined;
    for (const side of sides) longest = Math.max(longest, folded?.[side] ?? row[side]?.selfMs ?? 0);
  }
  return longest;
}
