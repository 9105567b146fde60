import type { BySide, Side } from '../../shared/side';
import type { AlignedRow, Matches } from '../align';
import { type Plan, topStatements } from '../model';
import { executionMs } from '../side-view';
import { factor, isNoise, noiseMs } from '../thresholds';
import type { SideFacts } from './facts';
import type { CauseContext } from './rule';
import { planningFactor, planningMs as planningNoiseMs } from './thresholds';

export interface CauseInput {
  plans: BySide<Plan | undefined>;
  /** Of the two plans, as {@link matchPlans} found them. */
  matches: Matches;
  /** Of the same matches, as {@link alignPlans} lays them out; causes name rows by their index. */
  rows: readonly AlignedRow[];
  /** Major versions, as 15. */
  majors: BySide<number | undefined>;
  facts: BySide<SideFacts | undefined>;
}

/** What the rules look at; undefined when a side gave no plan, since there is nothing to compare then. */
export function causeContext({ plans, matches, rows, majors, facts }: CauseInput): CauseContext | undefined {
  const { source, target } = plans;
  if (!source || !target) return undefined;
  const executed = { source: executionMs(source), target: executionMs(target) };
  const planned = { source: planning(source), target: planning(target) };
  const difference = timeDifference(executed, planned);
  const slower: Side =
    difference === undefined
      ? executed.source === undefined
        ? 'target'
        : 'source'
      : difference < 0
        ? 'source'
        : 'target';
  return {
    slower,
    faster: slower === 'source' ? 'target' : 'source',
    plans: { source, target },
    executionMs: executed,
    planningMs: planned,
    differenceMs: difference === undefined ? undefined : Math.abs(difference),
    matches,
    rows,
    majors,
    facts,
  };
}

function planning(plan: Plan): number | undefined {
  const given = topStatements(plan).flatMap(statement => statement.planningMs ?? []);
  return given.length === 0 ? undefined : given.reduce((total, ms) => total + ms, 0);
}

/** Target minus source: the executions, and the planning where it differs by more than cold catalog caches do. */
function timeDifference(executed: BySide<number | undefined>, planned: BySide<number | undefined>): number | undefined {
  if (executed.source === undefined || executed.target === undefined) return undefined;
  const execution = executed.target - executed.source;
  return planningDiffers(planned) ? execution + planned.target! - planned.source! : execution;
}

export function planningDiffers({ source, target }: BySide<number | undefined>): boolean {
  if (source === undefined || target === undefined) return false;
  return Math.abs(target - source) >= planningNoiseMs && factor(source, target) >= planningFactor;
}

/** Both sides were timed and neither is slower. */
export function isWithinNoise({ executionMs: { source, target }, planningMs }: CauseContext): boolean {
  if (source === undefined || target === undefined) return false;
  return isNoise(source, target, noiseMs) && !planningDiffers(planningMs);
}
