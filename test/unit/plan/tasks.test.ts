import { describe, expect, it } from 'vitest';
import { readPlan } from '../../../src/plan/read';
import { taskDistribution } from '../../../src/plan/tasks';
import { citusPlans, explainJson, node, plan } from './fixtures';

describe('the distribution of tasks', () => {
  it('has what a recorded plan of all tasks says', () => {
    const read = readPlan(plan(citusPlans, 'target/multi_shard_agg.analyze-alltasks.json')).plan;
    const text = plan(citusPlans, 'target/multi_shard_agg.analyze-alltasks.json');
    const times = [...text.matchAll(/"Execution Time": ([\d.]+)/g)].map(match => Number(match[1])).slice(0, -1);
    expect(times).toHaveLength(8);
    const sorted = [...times].sort((a, b) => a - b);
    const found = taskDistribution(read)!;
    expect(found).toMatchObject({
      count: 8,
      timed: 8,
      slowestMs: sorted[7],
      medianMs: (sorted[3]! + sorted[4]!) / 2,
    });
    expect(found.totalMs).toBeCloseTo(times.reduce((a, b) => a + b));
    expect(read.nodes[found.slowestTask!]!.totalMs).toBe(sorted[7]);
    expect(found.workers.map(worker => worker.count)).toEqual([4, 4]);
    expect(found.workers[0]!.totalMs! + found.workers[1]!.totalMs!).toBeCloseTo(found.totalMs!);
    expect(found.workers[0]!.totalMs).toBeGreaterThanOrEqual(found.workers[1]!.totalMs!);
  });

  it('knows the slowest alone where Citus shows one task', () => {
    const read = readPlan(plan(citusPlans, 'target/multi_shard_agg.analyze.json')).plan;
    const found = taskDistribution(read)!;
    expect(found).toMatchObject({ count: 8, timed: 1, medianMs: undefined, totalMs: undefined });
    expect(found.slowestMs).toBeGreaterThan(0);
  });

  it('has no times of what was not executed, and none at all without tasks', () => {
    const read = readPlan(plan(citusPlans, 'source/multi_shard_agg.json')).plan;
    expect(taskDistribution(read)).toMatchObject({ count: 8, timed: 0, slowestMs: undefined, slowestTask: undefined });
    expect(taskDistribution(readPlan(explainJson(node('Result', {}))).plan)).toBeUndefined();
  });
});
