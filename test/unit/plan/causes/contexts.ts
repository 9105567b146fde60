import { alignPlans, matchPlans } from '../../../../src/plan/align';
import { causeContext } from '../../../../src/plan/causes/context';
import { diagnose } from '../../../../src/plan/causes/diagnose';
import type { SideFacts } from '../../../../src/plan/causes/facts';
import type { CauseContext } from '../../../../src/plan/causes/rule';
import type { Plan } from '../../../../src/plan/model';
import type { Diagnosis } from '../../../../src/shared/diagnosis';
import type { BySide } from '../../../../src/shared/side';

export interface Given {
  majors?: BySide<number | undefined>;
  facts?: Partial<BySide<SideFacts | undefined>>;
}

export function contextOf(source: Plan, target: Plan, { majors, facts }: Given = {}): CauseContext {
  return causeContext({
    plans: { source, target },
    matches: matchPlans(source, target),
    rows: alignPlans(source, target),
    majors: majors ?? { source: 15, target: 15 },
    facts: { source: facts?.source, target: facts?.target },
  })!;
}

export function diagnosisOf(source: Plan, target: Plan, given: Given = {}): Diagnosis {
  return diagnose(contextOf(source, target, given));
}

export function ids({ causes }: Diagnosis): string[] {
  return causes.map(({ id }) => id);
}
