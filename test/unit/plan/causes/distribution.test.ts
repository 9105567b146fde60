import { describe, expect, it } from 'vitest';
import { distributionRules } from '../../../../src/plan/causes/distribution';
import { readPlan } from '../../../../src/plan/read';
import { citusPlans, plan } from '../fixtures';
import { contextOf } from './contexts';
import { contextOfPair, distribution, findings, recorded, steps, tables, twice } from './recorded-pairs';

const found = (name: string, told: Parameters<typeof contextOfPair>[1] = true) =>
  findings(distributionRules, contextOfPair(recorded(distribution, name), told));

const layout = {
  what: 'analytics.events',
  source: 'distributed by tenant_id in 8 shards',
  target: 'distributed by event_id in 8 shards',
};
const redistribute = `SELECT alter_distributed_table('"analytics"."events"', distribution_column := 'tenant_id');`;

describe('pruning.lost', () => {
  it('is found with the distribution columns that explain it', () => {
    const { 'pruning.lost': causes, ...others } = found('pruning-lost');
    expect(others).toEqual({});
    expect(causes).toMatchObject([{ confidence: 'observed', account: 'network' }]);
    expect(causes![0]!.title).toBe('The target asks 8 shards where the source asks 1.');
    expect(causes![0]!.explainedMs).toBeCloseTo(8.04, 1);
    expect(causes![0]!.evidence).toEqual(
      expect.arrayContaining([{ what: 'tasks', source: '1, of 8 shards', target: '8, of 8 shards' }, layout]),
    );
    expect(steps(causes)[1]?.sql).toBe('ANALYZE "analytics"."events";');
    expect(steps(causes)[0]).toMatchObject({
      sql: redistribute,
      rollback: redistribute.replace('tenant_id', 'event_id'),
      lock: expect.stringMatching(/^ACCESS EXCLUSIVE/),
    });
  });

  it('is found in plans that were not executed, without a time', () => {
    expect(found('pruning-lost-plain')).toMatchObject({ 'pruning.lost': [{ explainedMs: undefined }] });
  });

  it('needs no catalogs to be seen, and then has no remedy', () => {
    const { 'pruning.lost': causes } = found('pruning-lost', false);
    expect(causes).toHaveLength(1);
    expect(causes![0]!.remedy).toBeUndefined();
  });

  it('is none where the single task reads an intermediate result', () => {
    const { plans, facts } = recorded(distribution, 'pushdown-subquery');
    const context = contextOf(plans.target, plans.source, { facts: { source: facts.target, target: facts.source } });
    const slow = {
      ...context,
      slower: 'target' as const,
      faster: 'source' as const,
      executionMs: { source: 100, target: 300 },
    };
    expect(findings(distributionRules, slow)['pruning.lost']).toBeUndefined();
  });

  it('is none where more shards are all of them', () => {
    const pair = recorded(distribution, 'citus-same');
    const job = pair.plans.source.nodes.find(node => node.job)!.job!;
    job.taskCount = 4;
    for (const table of pair.facts.source.relations) table.shardCount = 4;
    expect(findings(distributionRules, contextOfPair(pair))).toEqual({});
  });
});

describe('pushdown.lost', () => {
  it('is found where a subquery became a subplan', () => {
    const { 'pushdown.lost': causes, ...others } = found('pushdown-subquery');
    expect(others).toEqual({});
    expect(causes).toMatchObject([{ confidence: 'observed' }]);
    expect(causes![0]!.title).toBe(
      'The target runs a subplan first and sends the result on; the source does that work inside the shards.',
    );
    expect(causes![0]!.explainedMs).toBeCloseTo(33.8, 1);
    expect(causes![0]!.evidence).toEqual(
      expect.arrayContaining([{ what: 'intermediate results', source: 'none', target: '35 kB' }, layout]),
    );
  });

  it('is found where INSERT … SELECT goes through the coordinator', () => {
    const { 'pushdown.lost': causes, ...others } = found('insert-select');
    expect(others).toEqual({});
    expect(causes).toMatchObject([{ confidence: 'observed', account: 'row 0', explainedMs: undefined }]);
    expect(causes![0]!.evidence[0]).toEqual({
      what: 'way of the write',
      source: 'inside the shards',
      target: 'pull to coordinator',
    });
    expect(steps(causes)[0]!.sql).toBe(redistribute);
  });

  it('ranks repartitioning between the two', () => {
    const of = (name: string) => readPlan(plan(citusPlans, name)).plan;
    const pulled = of('target/insert_select_coordinator.json');
    const repartitioned = of('target/merge_repartition.json');
    const title = (a: typeof pulled, b: typeof pulled) =>
      findings(distributionRules, contextOf(a, b))['pushdown.lost']?.map(cause => cause.title);
    expect(title(repartitioned, pulled)).toEqual([
      'The target writes by way of the coordinator, the source by repartitioning.',
    ]);
    expect(title(pulled, repartitioned)).toBeUndefined();
  });
});

describe('repartition', () => {
  it('is found with its jobs and its time', () => {
    const { repartition: causes, ...others } = found('repartition');
    expect(others).toEqual({});
    expect(causes).toMatchObject([{ confidence: 'observed', account: 'row 1' }]);
    expect(causes![0]!.explainedMs).toBeCloseTo(1463.5, 0);
    expect(causes![0]!.evidence).toEqual(
      expect.arrayContaining([
        {
          what: 'repartitioned',
          source: 'nothing',
          target: '8 map and 12 merge tasks; 8 map and 12 merge tasks',
        },
      ]),
    );
  });

  it('is none where both sides repartition alike', () => {
    const of = (side: string) => readPlan(plan(citusPlans, `${side}/repartition_join_single.analyze.json`)).plan;
    expect(findings(distributionRules, contextOf(of('source'), of('target')))).toEqual({});
  });
});

describe('subplan.heavy', () => {
  it('is found where the larger of two tables is the one that is sent', () => {
    const { 'subplan.heavy': causes, ...others } = found('subplan-heavy');
    expect(others).toEqual({});
    expect(causes).toMatchObject([{ confidence: 'observed', settings: ['citus.local_table_join_policy'] }]);
    expect(causes![0]!.title).toBe(
      'A subplan of the target makes 4232 kB of intermediate results, 200 bytes on the source.',
    );
    expect(causes![0]!.explainedMs).toBeCloseTo(1586, 0);
  });

  it('is found where a local table is sent that the other side has on every node', () => {
    const { 'subplan.heavy': causes, ...others } = found('subplan-added');
    expect(others).toEqual({});
    expect(causes?.[0]?.title).toBe(
      'The target sends 1699 kB of a local table to the shards for each execution; the source has nothing to send.',
    );
    expect(causes![0]!.explainedMs).toBeCloseTo(444.6, 0);
    expect(causes![0]!.evidence).toContainEqual({
      what: 'analytics.visitors',
      source: 'reference table',
      target: 'on one node',
    });
    expect(steps(causes).map(({ sql, rollback }) => [sql, rollback])).toEqual([
      [
        `SELECT create_reference_table('"analytics"."visitors"');`,
        `SELECT undistribute_table('"analytics"."visitors"');`,
      ],
      ['ANALYZE "analytics"."visitors";', expect.any(String)],
    ]);
  });
});

describe('local-execution.lost', () => {
  it('is found where the coordinator has no reference tables any more', () => {
    const pair = recorded(distribution, 'local-lost');
    const { 'local-execution.lost': causes, ...others } = findings(distributionRules, contextOfPair(pair));
    expect(others).toEqual({});
    expect(causes).toMatchObject([{ confidence: 'derived', account: 'network' }]);
    expect(causes![0]!.explainedMs).toBeCloseTo(7.2, 1);
    const [ran] = causes![0]!.evidence;
    expect(ran!.source).toBe(`${pair.facts.source.nodes[0]!.node}, the coordinator`);
    expect(steps(causes)[0]!.sql).toMatch(/citus_set_coordinator_host.*\n.*replicate_reference_tables/);
  });

  it('is found where the coordinator connects to itself', () => {
    const pair = recorded(distribution, 'local-lost');
    pair.plans.target = pair.plans.source;
    pair.facts.target = structuredClone(pair.facts.source);
    const off = { value: 'off', source: 'user', builtIn: 'on' };
    const [coordinator] = pair.facts.target.nodes;
    coordinator!.settings = new Map([...coordinator!.settings, ['citus.enable_local_execution', off]]);
    const context = contextOfPair(pair);
    const { 'local-execution.lost': causes } = findings(distributionRules, {
      ...context,
      slower: 'target',
      faster: 'source',
      executionMs: { source: undefined, target: 8 },
    });
    expect(causes).toMatchObject([{ settings: ['citus.enable_local_execution'] }]);
    expect(causes![0]!.title).toMatch(/^The coordinator of the target connects to itself/);
    expect(steps(causes)[0]?.sql).toBe('ALTER ROLE CURRENT_USER SET citus.enable_local_execution = on;');
  });

  it('cannot be told without knowing which node is which', () => {
    expect(found('local-lost', false)).toEqual({});
  });
});

describe('nothing about distribution', () => {
  it.each(Object.keys(distribution))('is said of %s against itself', name => {
    for (const side of ['source', 'target'] as const) {
      expect(findings(distributionRules, twice(recorded(distribution, name), side))).toEqual({});
    }
  });

  it('is said of other faults, or of plain servers', () => {
    for (const name of [
      'citus-same',
      'citus-same-join',
      'citus-index-missing',
      'citus-stats-missing',
      'network',
      'slow-node',
      'connections',
      'subplan-same',
    ]) {
      expect(found(name)).toEqual({});
    }
    for (const name of Object.keys(tables)) {
      expect(findings(distributionRules, contextOfPair(recorded(tables, name)))).toEqual({});
    }
  });
});
