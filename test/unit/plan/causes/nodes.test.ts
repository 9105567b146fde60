import { describe, expect, it } from 'vitest';
import { nodeRules } from '../../../../src/plan/causes/nodes';
import { contextOfPair, distribution, findings, recorded, steps, tables, twice } from './recorded-pairs';

const found = (name: string) => findings(nodeRules, contextOfPair(recorded(distribution, name)));

describe('tasks.skewed', () => {
  it('is found where one shard holds most rows', () => {
    const { 'tasks.skewed': causes, ...others } = found('skew');
    expect(others).toEqual({});
    expect(causes).toMatchObject([{ confidence: 'observed', account: 'tasks' }]);
    expect(causes![0]!.title).toBe(
      'One of 8 tasks does 91 % of the work on the target: it takes 477 ms, half of them less than 6.8 ms.',
    );
    expect(causes![0]!.explainedMs).toBeCloseTo(361, 0);
    expect(causes![0]!.evidence).toContainEqual({
      what: 'analytics.visits',
      source: 'distributed by visitor_id in 8 shards',
      target: 'distributed by region in 8 shards',
    });
  });

  it('is found where one worker has all shards', () => {
    const pair = recorded(distribution, 'one-node');
    const { 'tasks.skewed': causes, ...others } = findings(nodeRules, contextOfPair(pair));
    expect(others).toEqual({});
    expect(causes).toHaveLength(1);
    expect(causes![0]!.title).toMatch(/^127\.0\.0\.1:\d+ runs 8 of the 8 tasks on the target\.$/);
    expect(causes![0]!.evidence[0]).toMatchObject({
      source: '4 of 8 tasks on one of 2 workers',
      target: '8 of 8 tasks on one of 2 workers',
    });
    expect(steps(causes)[0]!.sql).toBe('SELECT citus_rebalance_start();');
  });
});

describe('task.slow-node', () => {
  it('is found where a worker takes longer for the same work', () => {
    const pair = recorded(distribution, 'slow-node');
    const { 'task.slow-node': causes, ...others } = findings(nodeRules, contextOfPair(pair));
    expect(Object.keys(others)).not.toContain('tasks.skewed');
    expect(causes).toMatchObject([{ confidence: 'derived', account: 'cpu' }]);
    const slow = pair.facts.target.nodes[2]!.node;
    expect(causes![0]!.title).toContain(`${slow} takes 1.5× as long`);
    expect(causes![0]!.evidence.some(({ node }) => node === slow)).toBe(true);
  });
});

describe('network.share', () => {
  it('is found where the line to the workers is slow', () => {
    const { 'network.share': causes, ...others } = found('network');
    expect(others).toEqual({});
    expect(causes).toMatchObject([{ confidence: 'derived', account: 'network' }]);
    expect(causes![0]!.title).toBe(
      'The coordinator of the target waits 94 ms beside the work of the workers, 9.5 ms on the source.',
    );
    expect(causes![0]!.explainedMs).toBeCloseTo(85, 0);
  });
});

describe('connections.exhausted', () => {
  it('is found where tasks wait for one connection, with the setting that limits them', () => {
    const { 'connections.exhausted': causes } = found('connections');
    expect(causes).toMatchObject([
      { confidence: 'derived', account: 'network', settings: ['citus.max_adaptive_executor_pool_size'] },
    ]);
    expect(causes![0]!.title).toBe('The target runs the 4 tasks of a worker one after the other.');
    expect(causes![0]!.explainedMs).toBeCloseTo(301, 0);
    expect(causes![0]!.evidence).toContainEqual(
      expect.objectContaining({ what: 'citus.max_adaptive_executor_pool_size', target: '1, set in the session' }),
    );
  });

  it('is mended where the limit was set for the role', () => {
    const pair = recorded(distribution, 'connections');
    const [coordinator] = pair.facts.target.nodes;
    const name = 'citus.max_adaptive_executor_pool_size';
    const set = { value: '1', source: 'user', builtIn: '16' };
    coordinator!.settings = new Map([...coordinator!.settings, [name, set]]);
    pair.facts.target.scoped = [{ node: coordinator!.node, scope: 'role', owner: 'app', name, value: '1' }];
    const { 'connections.exhausted': causes } = findings(nodeRules, contextOfPair(pair));
    expect(steps(causes)).toMatchObject([{ on: 'coordinator', sql: `ALTER ROLE app SET ${name} = 16;` }]);
  });

  it('says so when a worker has no connections left', () => {
    const pair = recorded(distribution, 'connections');
    pair.facts.target.connections[1]!.used = pair.facts.target.connections[1]!.limit;
    const { 'connections.exhausted': causes } = findings(nodeRules, contextOfPair(pair));
    expect(causes![0]!.title).toMatch(/127\.0\.0\.1:\d+ has 200 of 200 connections in use\.$/);
  });

  it('stands for the wait that it explains', () => {
    const rule = nodeRules.find(({ id }) => id === 'connections.exhausted')!;
    expect(rule.supersedes).toContain('network.share');
  });
});

describe('nothing about nodes', () => {
  it.each(Object.keys(distribution))('is said of %s against itself', name => {
    for (const side of ['source', 'target'] as const) {
      expect(findings(nodeRules, twice(recorded(distribution, name), side))).toEqual({});
    }
  });

  it('is said of other faults, or of plain servers', () => {
    for (const name of [
      'citus-same',
      'citus-same-join',
      'connections-same',
      'citus-index-missing',
      'citus-index-invalid',
      'citus-stats-missing',
      'citus-stats-repaired',
      'repartition',
      'subplan-same',
    ]) {
      expect([name, found(name)]).toEqual([name, {}]);
    }
    for (const name of Object.keys(tables)) {
      expect(findings(nodeRules, contextOfPair(recorded(tables, name)))).toEqual({});
    }
  });
});
