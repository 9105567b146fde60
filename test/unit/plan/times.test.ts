import { describe, expect, it } from 'vitest';
import type { Plan, PlanNode } from '../../../src/plan/model';
import { readPlan } from '../../../src/plan/read';
import { composition, executionMs } from '../../../src/plan/side-view';
import { citusPlans, explainJson, node, plan, postgresqlPlans } from './fixtures';

function read(root: object, statement: object = { 'Execution Time': 1000 }): PlanNode[] {
  return readPlan(explainJson(root, statement)).plan.nodes;
}

function times(nodes: readonly PlanNode[]): [type: string, self: number | undefined, total: number | undefined][] {
  const rounded = (ms: number | undefined) => (ms === undefined ? undefined : Math.round(ms * 1000) / 1000);
  return nodes.map(each => [each.type, rounded(each.selfMs), rounded(each.totalMs)]);
}

describe('self and total time', () => {
  it('multiplies by loops', () => {
    const nodes = read(
      node(
        'Nested Loop',
        { time: [0, 100] },
        node('Seq Scan', { time: [0, 10], rows: 50 }),
        node('Index Scan', { time: [0, 1.5], loops: 50 }),
      ),
    );
    expect(times(nodes)).toEqual([
      ['Nested Loop', 15, 100],
      ['Seq Scan', 10, 10],
      ['Index Scan', 75, 75],
    ]);
  });

  it('flags what rounding cannot explain, and never says a negative', () => {
    // 20,000 loops of 0.001 ms may be anything between 10 and 30 ms.
    const drift = read(
      node(
        'Nested Loop',
        { time: [0, 15] },
        node('Seq Scan', { time: [0, 1] }),
        node('Index Scan', { time: [0, 0.001], loops: 20_000 }),
      ),
    );
    expect(drift[0]).toMatchObject({ selfMs: 0, inconsistent: false });
    const wrong = read(node('Sort', { time: [0, 15] }, node('Seq Scan', { time: [0, 40] })));
    expect(wrong[0]).toMatchObject({ selfMs: 0, inconsistent: true });
  });

  it('says 0 of what never ran, and nothing where times were not measured', () => {
    const never = read(node('Append', { time: [0, 3] }, node('Seq Scan', { time: [0, 0], loops: 0 })));
    expect(times(never)[1]).toEqual(['Seq Scan', 0, 0]);
    const { plan: untimed } = readPlan(plan(postgresqlPlans, '15/joins.notiming.json'));
    expect(untimed.nodes.every(each => each.selfMs === undefined && each.actualRows !== undefined)).toBe(true);
    expect(untimed.analyzed).toBe(true);
    expect(executionMs(untimed)).toBeGreaterThan(0);
  });
});

describe('parallel plans', () => {
  const below = (loops: number) =>
    node(
      'Gather',
      { time: [0, 100], 'Workers Launched': 2 },
      node(
        'Hash Join',
        { time: [0, 90], loops },
        node('Seq Scan', { time: [0, 60], loops }),
        node('Hash', { time: [0, 20], loops }),
      ),
    );

  it('divides by the processes that took part', () => {
    expect(times(read(below(3)))).toEqual([
      ['Gather', 10, 100],
      ['Hash Join', 10, 90],
      ['Seq Scan', 60, 60],
      ['Hash', 20, 20],
    ]);
    // parallel_leader_participation = off: two loops, two processes.
    expect(times(read(below(2)))[1]).toEqual(['Hash Join', 10, 90]);
  });

  it('divides by the processes of the Gather, not by the loops, inside a nested loop', () => {
    const nodes = read(
      node(
        'Gather',
        { time: [0, 100] },
        node(
          'Nested Loop',
          { time: [0, 90], loops: 3 },
          node('Seq Scan', { time: [0, 30], loops: 3 }),
          node('Index Scan', { time: [0, 0.1], loops: 1500 }),
        ),
      ),
    );
    expect(times(nodes)[3]).toEqual(['Index Scan', 50, 50]);
    expect(times(nodes)[1]).toEqual(['Nested Loop', 10, 90]);
  });

  it('counts a bitmap in full: one process builds it, the others wait', () => {
    const nodes = read(
      node(
        'Gather',
        { time: [0, 100] },
        node(
          'Bitmap Heap Scan',
          { time: [40, 90], loops: 3, 'Parallel Aware': true },
          node('Bitmap Index Scan', { time: [39, 39], loops: 1 }),
        ),
      ),
    );
    expect(times(nodes)[2]).toEqual(['Bitmap Index Scan', 39, 39]);
    expect(times(nodes)[1]).toEqual(['Bitmap Heap Scan', 51, 90]);
  });

  it('counts a Gather that runs several times', () => {
    const nodes = read(
      node(
        'Nested Loop',
        { time: [0, 100] },
        node('Seq Scan', { time: [0, 10], rows: 4 }),
        node('Gather', { time: [0, 20], loops: 4 }, node('Seq Scan', { time: [0, 18], loops: 12 })),
      ),
    );
    expect(times(nodes)[3]).toEqual(['Seq Scan', 72, 72]);
    expect(times(nodes)[2]).toEqual(['Gather', 8, 80]);
  });
});

describe('CTEs, InitPlans, SubPlans', () => {
  it('takes a CTE off the scan that waits for it, not off the node that declares it', () => {
    const nodes = read(
      node(
        'Sort',
        { time: [0, 212] },
        node('Seq Scan', { time: [0, 180], 'Parent Relationship': 'InitPlan', 'Subplan Name': 'CTE x' }),
        node(
          'Hash Join',
          { time: [0, 200] },
          node('CTE Scan', { time: [0, 190], 'CTE Name': 'x' }),
          node('CTE Scan', { time: [0, 4], 'CTE Name': 'x', Alias: 'x_1' }),
        ),
      ),
    );
    expect(times(nodes)).toEqual([
      ['Sort', 12, 212],
      ['Seq Scan', 180, 180],
      ['Hash Join', 6, 200],
      ['CTE Scan', 10, 190],
      ['CTE Scan', 4, 4],
    ]);
    expect(nodes.reduce((sum, each) => sum + each.selfMs!, 0)).toBeCloseTo(212);
  });

  it('knows CTEs of one name apart by where they are declared', () => {
    const branch = (ms: number) =>
      node(
        'Aggregate',
        { time: [0, ms + 10] },
        node('Seq Scan', { time: [0, ms], 'Parent Relationship': 'InitPlan', 'Subplan Name': 'CTE x' }),
        node('CTE Scan', { time: [0, ms + 5], 'CTE Name': 'x' }),
      );
    const nodes = read(node('Append', { time: [0, 200] }, branch(30), branch(100)));
    expect(times(nodes).filter(([type]) => type === 'CTE Scan')).toEqual([
      ['CTE Scan', 5, 35],
      ['CTE Scan', 5, 105],
    ]);
  });

  it.each([
    ['up to PostgreSQL 16', (n: number) => `InitPlan ${n} (returns $${n - 1})`, (n: number) => `(a > $${n - 1})`],
    ['from PostgreSQL 17 on', (n: number) => `InitPlan ${n}`, (n: number) => `(a > (InitPlan ${n}).col1)`],
  ])('takes each of twelve InitPlans off the node that looks at it, %s', (_, name, filter) => {
    const count = 12;
    const plans = Array.from({ length: count }, (_, i) =>
      node('Result', { time: [0, 10], 'Parent Relationship': 'InitPlan', 'Subplan Name': name(i + 1) }),
    );
    const scans = Array.from({ length: count }, (_, i) =>
      node('Seq Scan', { time: [0, 10.5], 'Parent Relationship': 'Member', Filter: filter(i + 1) }),
    );
    const nodes = read(node('Append', { time: [0, 130] }, ...plans, ...scans));
    expect(nodes.filter(each => each.type === 'Seq Scan').map(each => each.selfMs)).toEqual(Array(count).fill(0.5));
    expect(nodes[0]!.selfMs).toBeCloseTo(4);
  });

  it('takes an InitPlan that nobody names off the node that has it', () => {
    const nodes = read(
      node(
        'Result',
        { time: [0, 50] },
        node('Seq Scan', {
          time: [0, 48],
          'Parent Relationship': 'InitPlan',
          'Subplan Name': 'InitPlan 1 (returns $0)',
        }),
      ),
    );
    expect(times(nodes)[0]).toEqual(['Result', 2, 50]);
  });

  it('takes a SubPlan off the node that evaluates it', () => {
    const nodes = read(
      node(
        'Seq Scan',
        { time: [0, 100], rows: 10 },
        node('Index Scan', { time: [0, 9], loops: 10, 'Parent Relationship': 'SubPlan', 'Subplan Name': 'SubPlan 1' }),
      ),
    );
    expect(times(nodes)[0]).toEqual(['Seq Scan', 10, 100]);
  });

  it('counts pages the same way', () => {
    const pages = (hit: number) => ({ 'Shared Hit Blocks': hit, 'Shared Read Blocks': 1 });
    const nodes = read(
      node(
        'Sort',
        { time: [0, 9], ...pages(100) },
        node('Seq Scan', { time: [0, 5], 'Parent Relationship': 'InitPlan', 'Subplan Name': 'CTE x', ...pages(70) }),
        node('CTE Scan', { time: [0, 6], 'CTE Name': 'x', ...pages(90) }),
      ),
    );
    expect(nodes.map(each => each.selfPages)).toEqual([10, 71, 20]);
  });
});

describe('JIT', () => {
  const jit = (generation: number, inlining: number, workers = 1) => ({
    'Execution Time': 723 * 2,
    JIT: {
      Functions: 6,
      Options: { Inlining: true, Optimization: true, Expressions: true, Deforming: true },
      Timing: {
        Generation: generation,
        Inlining: inlining,
        Optimization: 81 * workers,
        Emission: 37 * workers,
        Total: generation + inlining + 118 * workers,
      },
    },
  });

  it('is taken off the innocent scan it was billed to', () => {
    // Measured on PostgreSQL 15 with enable_nestloop = off: 50 rows, 680.5 ms.
    const nodes = read(
      node(
        'Nested Loop',
        { time: [681, 723] },
        node('Seq Scan', { time: [680.525, 680.534], rows: 50 }),
        node('Seq Scan', { time: [0.1, 0.8], loops: 50 }),
      ),
      jit(0.9, 563),
    );
    const line = nodes.at(-1)!;
    expect(line).toMatchObject({ kind: 'jit', parent: 0, type: 'JIT' });
    expect(line.selfMs).toBeCloseTo(681.9);
    expect(nodes[1]!.selfMs).toBeLessThan(1);
    expect(nodes[1]!.totalMs).toBeLessThan(1);
    // The root has the JIT line below it and keeps what EXPLAIN says.
    expect(nodes[0]!.totalMs).toBe(723);
  });

  it('is looked for in the least start-up that holds it, not in a Sort that is slow by itself', () => {
    const nodes = read(node('Sort', { time: [2000, 2100] }, node('Seq Scan', { time: [682, 700] })), jit(0.9, 563));
    expect(nodes[1]!.selfMs).toBeCloseTo(19);
    expect(nodes[0]!.selfMs).toBeCloseTo(1400);
  });

  it('is taken off no node when it was spent outside the tree', () => {
    const nodes = read(node('Nested Loop', { time: [0, 42] }, node('Seq Scan', { time: [0.01, 1] })), jit(0.9, 563));
    expect(nodes[0]!.selfMs).toBeCloseTo(41);
    expect(nodes.at(-1)!.selfMs).toBeCloseTo(681.9);
  });

  it('of parallel processes is their average', () => {
    const nodes = read(
      node('Gather', { time: [690, 700], 'Workers Launched': 2 }, node('Seq Scan', { time: [681.5, 690], loops: 3 })),
      jit(2.7, 563 * 3, 3),
    );
    expect(nodes.at(-1)!.selfMs).toBeCloseTo(681.9);
    expect(nodes[1]!.selfMs).toBeCloseTo(9);
  });

  it('is taken off in the tasks of Citus, workers apart, where a recording shows it', () => {
    const { plan: read } = readPlan(plan(citusPlans, 'target/multi_shard_group_by_dist_limit.analyze.json'));
    const task = read.nodes.find(each => each.kind === 'task')!;
    const inTask = read.nodes.slice(task.index, task.index + task.subtreeSize);
    const line = inTask.find(each => each.kind === 'jit')!;
    expect(line.parent).toBe(task.index);
    // 1,332 ms of which the leader compiled some 530, and the slowest worker some 460.
    expect(line.selfMs).toBeGreaterThan(900);
    const limit = inTask.find(each => each.type === 'Limit')!;
    expect(limit.actualTotalMs).toBeGreaterThan(1200);
    expect(limit.selfMs).toBeLessThan(1);
  });
});

describe('Citus', () => {
  it('counts the slowest of the tasks, which run at the same time', () => {
    const { plan: read } = readPlan(plan(citusPlans, 'source/multi_shard_agg.analyze-alltasks.json'));
    const citus = read.nodes.find(each => each.job)!;
    const tasks = read.nodes.filter(each => each.kind === 'task');
    const slowest = Math.max(...tasks.map(task => task.totalMs!));
    expect(tasks.length).toBe(8);
    expect(tasks.filter(task => !task.overlapped)).toHaveLength(1);
    expect(tasks.reduce((sum, task) => sum + task.totalMs!, 0)).toBeGreaterThan(citus.totalMs!);
    expect(citus.selfMs).toBeCloseTo(citus.totalMs! - slowest);
  });

  it('takes the time of a 13.2 subplan from its duration and its tasks', () => {
    const { plan: read } = readPlan(plan(citusPlans, 'target/cte_two_subplans.analyze.json'));
    const subplan = read.nodes.find(each => each.kind === 'subplan')!;
    const task = read.nodes.find(each => each.kind === 'task' && each.index > subplan.index)!;
    expect(subplan.totalMs).toBe(subplan.properties.number('Subplan Duration'));
    const between = read.nodes.slice(subplan.index + 1, task.index);
    expect(between.map(each => each.actualTotalMs)).toEqual([0, 0, 0]);
    expect(between.every(each => each.totalMs! >= task.totalMs! - 1)).toBe(true);
    // The root's own time does not hold the subplans; the statement's does.
    const statement: Plan['statements'][0] = read.statements[0]!;
    expect(read.nodes[0]!.totalMs).toBeLessThan(subplan.totalMs!);
    expect(statement.executionMs).toBeGreaterThan(subplan.totalMs!);
  });
});

describe('every analyzed plan of the recordings', { timeout: 60_000 }, () => {
  const all = Object.entries({ ...citusPlans, ...postgresqlPlans }).filter(
    ([name]) => name.includes('analyze.') || name.includes('analyze-'),
  );

  it('has a composition that sums to the execution time, no negative time, and no contradiction', () => {
    let checked = 0;
    for (const [name, text] of all) {
      const { plan: read } = readPlan(text);
      const whole = executionMs(read)!;
      const parts = composition(read);
      expect(
        parts.reduce((sum, part) => sum + part.ms, 0),
        name,
      ).toBeCloseTo(whole, 6);
      expect(
        parts.filter(part => part.ms < 0),
        name,
      ).toEqual([]);
      expect(
        read.nodes.filter(each => each.inconsistent || each.selfMs! < 0 || each.selfPages! < 0),
        name,
      ).toEqual([]);
      checked++;
    }
    expect(checked).toBeGreaterThan(700);
  });
});
