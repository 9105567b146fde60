import type { PlanDiffView } from '../../src/shared/plan-diff';
import type { Layout } from './layout';
import { ancestors, treeRows, withFolded } from './tree-rows';

/** The arrangement in which a row of the plan is selected and on the screen, with its details. */
export function showInPlan(view: PlanDiffView, row: number): Partial<Layout> {
  const tree = treeRows(view.rows);
  const arrangement = { base: 'default' as const, toggled: new Set<string>(), onlyDifferences: false };
  return {
    tab: 'plan',
    foldBase: 'default',
    toggled: [...withFolded(tree, arrangement, ancestors(tree, row), false)],
    selected: tree.keys[row]!,
    onlyDifferences: false,
    detailsOpen: true,
  };
}
