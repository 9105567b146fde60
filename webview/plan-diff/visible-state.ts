import { visibleText } from '../../src/playbook/visible';
import type { PlanDiffState } from '../../src/shared/plan-diff';

/**
 * The state with every text made fit to be shown: names, plans and errors come from servers and may hold characters that
 * turn the writing direction or take no space, to look like something else. The statement itself stays as it is, because
 * error positions count its characters; it is made visible where it is drawn.
 */
export function visibleState(state: PlanDiffState): PlanDiffState {
  return visible(state) as PlanDiffState;
}

const untouched = new Set(['id', 'sql']);

// The schema bounds the depth; rows are flat.
function visible(value: unknown): unknown {
  if (typeof value === 'string') return visibleText(value);
  if (Array.isArray(value)) return value.map(visible);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [visibleText(key), untouched.has(key) ? each : visible(each)]),
  );
}
