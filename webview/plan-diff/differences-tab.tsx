import { useCallback, useState } from 'preact/hooks';
import type { Difference, PlanDiffView } from '../../src/shared/plan-diff';
import { type Column, type GridRow, TreeGrid } from '../common/tree-grid';
import type { Layout } from './layout';
import { showInPlan } from './show-in-plan';

const kindWords: Record<Difference['kind'], string> = {
  structure: 'structure',
  setting: 'setting',
  spill: 'spill',
  estimate: 'estimate',
  work: 'work',
  time: 'time',
};

export function DifferencesTab({ view, arrange }: { view: PlanDiffView; arrange(change: Partial<Layout>): void }) {
  const [selected, setSelected] = useState(-1);
  const columns: Column[] = [
    { id: 'kind', header: 'kind' },
    { id: 'title', header: 'difference' },
    { id: 'source-value', header: 'source', title: view.source.label },
    { id: 'target-value', header: 'target', title: view.target.label },
  ];
  const row = useCallback(
    (index: number): GridRow => {
      const { kind, title, source, target } = view.differences[index]!;
      return {
        label: `${kindWords[kind]}: ${title}. Source: ${source}. Target: ${target}.`,
        cells: [
          { content: <span class="tag">{kindWords[kind]}</span> },
          { content: title, title },
          { content: source, title: source },
          { content: target, title: target },
        ],
      };
    },
    [view],
  );
  const show = (index: number) => {
    const at = view.differences[index]!.row;
    if (at !== undefined) arrange(showInPlan(view, at));
  };
  if (view.differences.length === 0) {
    const both = view.source.status === 'ok' && view.target.status === 'ok';
    return (
      <div class="pane">
        <p>
          {both
            ? 'Nothing differs between the two plans but what lies within the noise.'
            : 'There are no two plans to compare.'}
        </p>
      </div>
    );
  }
  return (
    <div class="pane flush">
      <TreeGrid
        label="Differences"
        className="differences"
        columns={columns}
        rowCount={view.differences.length}
        row={row}
        selected={selected}
        onSelect={setSelected}
        onActivate={show}
        typeAheadText={index => [view.differences[index]!.title]}
      />
      <p class="hint dim">Enter or a double click shows the place in the plan.</p>
    </div>
  );
}
