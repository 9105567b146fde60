import type { Jit, Trigger } from './model';
import { type PlanValue, Properties } from './properties';

function object(value: PlanValue | undefined): Properties | undefined {
  return value instanceof Properties ? value : undefined;
}

/** A timing that PostgreSQL 17 and later split: `Generation` is `{Deform, Total}` there, a number before. */
function timing(timings: Properties | undefined, name: string): number | undefined {
  return timings?.number(name) ?? object(timings?.get(name))?.number('Total');
}

/** The `JIT` object of a statement or of one parallel worker (PostgreSQL documentation, "Just-in-Time Compilation"). */
export function readJit(jit: Properties): Jit {
  const options = object(jit.get('Options'));
  const timings = object(jit.get('Timing'));
  return {
    functions: jit.number('Functions') ?? 0,
    inlining: options?.text('Inlining') === 'true',
    optimization: options?.text('Optimization') === 'true',
    expressions: options?.text('Expressions') === 'true',
    deforming: options?.text('Deforming') === 'true',
    generationMs: timing(timings, 'Generation'),
    inliningMs: timing(timings, 'Inlining'),
    optimizationMs: timing(timings, 'Optimization'),
    emissionMs: timing(timings, 'Emission'),
    totalMs: timing(timings, 'Total'),
  };
}

export function readTriggers(statement: Properties): Trigger[] {
  const list = statement.get('Triggers');
  if (!Array.isArray(list)) return [];
  return list
    .filter(value => value instanceof Properties)
    .map(trigger => ({
      name: trigger.text('Trigger Name') ?? '',
      constraint: trigger.text('Constraint Name'),
      relation: trigger.text('Relation'),
      timeMs: trigger.number('Time'),
      calls: trigger.number('Calls'),
    }));
}
