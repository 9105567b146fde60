import type { Plan } from '../../../src/plan/model';
import { planDiffView, type SideInput } from '../../../src/plan/view';
import { type PlanDiffView, planDiffViewSchema } from '../../../src/shared/plan-diff';

export function side(name: 'source' | 'target', plan: Plan | undefined, more: Partial<SideInput> = {}): SideInput {
  const input: SideInput = { side: name, label: name, color: 'charts.blue', sent: [], notices: [], ...more };
  return plan ? { ...input, plan } : input;
}

/** The view of two plans, checked against the schema the page parses it with. */
export function viewOf(
  source: Plan | undefined,
  target: Plan | undefined,
  more: { source?: Partial<SideInput>; target?: Partial<SideInput> } = {},
): PlanDiffView {
  const view = planDiffView({
    id: '1',
    at: '2026-11-22T18:00:00.000Z',
    migration: 'eu',
    analyzed: source?.analyzed === true && target?.analyzed === true,
    statement: { sql: 'SELECT 1', title: 'SELECT 1', class: 'read', parameters: [] },
    source: side('source', source, more.source),
    target: side('target', target, more.target),
  });
  return planDiffViewSchema.parse(view);
}
