import { describe, expect, it } from 'vitest';
import { planShape } from '../../../../src/plan/experiments/plan-shape';
import { readPlan } from '../../../../src/plan/read';

const shape = (plan: object, more: object = {}) =>
  planShape(
    readPlan(
      JSON.stringify([{ Plan: { 'Node Type': 'Seq Scan', 'Relation Name': 't', Alias: 't', ...plan }, ...more }]),
    ).plan,
  );

describe('planShape', () => {
  it('is the same whatever the costs and estimates', () => {
    expect(shape({ 'Total Cost': 12.5, 'Plan Rows': 3 })).toBe(shape({ 'Total Cost': 1e10, 'Plan Rows': 900 }));
  });
  it('is another with another node, another way to do it, or JIT', () => {
    const plain = shape({});
    const jit = (inlining: boolean) => ({
      JIT: { Functions: 3, Options: { Inlining: inlining, Optimization: false } },
    });
    const others = [
      shape({ 'Node Type': 'Index Scan', 'Index Name': 't_pkey' }),
      shape({ Alias: 'other' }),
      shape({ 'Workers Planned': 2 }),
      shape({}, jit(false)),
      shape({}, jit(true)),
    ];
    expect(new Set([plain, ...others]).size).toBe(6);
  });
  it('is unknown where a task has no plan', () => {
    const job = { 'Task Count': 1, 'Tasks Shown': 'All', Tasks: [{ Error: 'Could not get remote plan.' }] };
    expect(
      shape({
        'Node Type': 'Custom Scan',
        'Custom Plan Provider': 'Citus Adaptive',
        'Distributed Query': { Job: job },
      }),
    ).toBeUndefined();
  });
});
