import type { PlanDiffView } from '../shared/plan-diff';
import type { BySide } from '../shared/side';
import { matchPlans } from './align';
import { causeContext } from './causes/context';
import { type Diagnosed, diagnoseInDetail } from './causes/diagnose';
import type { SideFacts } from './causes/facts';
import { mergeRows } from './merge-rows';
import { type PlanDiffInput, planDiffView } from './view';

export interface ComparedPlans {
  /** Without a diagnosis. */
  view: PlanDiffView;
  /** Why one side is slower, as far as the plans and these facts show; undefined when a side has no plan. */
  diagnose(facts: BySide<SideFacts | undefined>): Diagnosed | undefined;
}

/** Two plans matched once, for the view and for its diagnosis. */
export function comparePlans(input: Omit<PlanDiffInput, 'aligned'>): ComparedPlans {
  const { source, target } = input;
  const plans = { source: source.plan, target: target.plan };
  const matches = matchPlans(plans.source, plans.target);
  const aligned = mergeRows(plans.source?.nodes ?? [], plans.target?.nodes ?? [], matches);
  const majors = { source: majorOf(source.postgresVersion), target: majorOf(target.postgresVersion) };
  return {
    view: planDiffView({ ...input, aligned }),
    diagnose(facts) {
      const context = causeContext({ plans, matches, rows: aligned, majors, facts });
      return context && diagnoseInDetail(context);
    },
  };
}

/** `15.18`, `18beta1`. */
function majorOf(version: string | undefined): number | undefined {
  const digits = /^\d+/.exec(version ?? '')?.[0];
  return digits === undefined ? undefined : Number(digits);
}
