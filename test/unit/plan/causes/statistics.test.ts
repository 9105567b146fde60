import { describe, expect, it } from 'vitest';
import { statisticsRules } from '../../../../src/plan/causes/statistics';
import { readPlan } from '../../../../src/plan/read';
import { explainJson, node } from '../fixtures';
import { contextOf } from './contexts';
import { contextOfPair, distribution, findings, recorded, steps, tables, twice } from './recorded-pairs';

const found = (name: string, bundle = tables) => findings(statisticsRules, contextOfPair(recorded(bundle, name)));

describe('stats.missing', () => {
  it('is found in shards nobody analysed after the copy, which changed the join', () => {
    const { 'stats.missing': causes, ...others } = found('citus-stats-missing', distribution);
    expect(Object.keys(others).filter(id => id !== 'estimate.off')).toEqual([]);
    expect(causes).toHaveLength(1);
    const [cause] = causes!;
    expect(cause!.title).toBe(
      'The target has never analysed analytics.copied (8 of 8 shards), analytics.kinds (8 of 8 shards); the planner guesses how many rows there are.',
    );
    expect(cause!.confidence).toBe('derived');
    expect(cause!.explainedMs).toBeGreaterThan(200);
    expect(cause!.explainedMs).toBeLessThan(350);
    expect(cause!.evidence).toContainEqual({
      what: 'rows of copied estimated and found',
      source: '80,000 and 80,000',
      target: '315 and 80,000',
    });
    expect(cause!.evidence).toContainEqual(
      expect.objectContaining({ what: 'chosen instead', target: 'Index Scan', source: 'Seq Scan' }),
    );
    expect(steps(causes).map(({ on, sql }) => [on, sql])).toEqual([
      ['coordinator', 'ANALYZE "analytics"."copied";'],
      ['coordinator', 'ANALYZE "analytics"."kinds";'],
    ]);
  });

  it('is no cause where the plan is the same all the same', () => {
    // Seen so: without statistics the target chose the same hash join.
    expect(found('stats-missing')['stats.missing']).toBeUndefined();
  });

  it('is no cause when the other side was never analysed either', () => {
    const pair = recorded(distribution, 'citus-stats-missing');
    pair.facts.source = pair.facts.target;
    expect(findings(statisticsRules, contextOfPair(pair))['stats.missing']).toBeUndefined();
  });

  it('is gone once the tables were analysed', () => {
    expect(found('citus-stats-repaired', distribution)).toEqual({});
    expect(found('stats-repaired')).toEqual({});
  });

  it('leaves out shards without rows', () => {
    const pair = recorded(distribution, 'citus-stats-missing');
    for (const { statistics } of pair.facts.target.relations) {
      for (const shard of statistics) Object.assign(shard, { liveTuples: 0, sizeBytes: 0 });
    }
    expect(findings(statisticsRules, contextOfPair(pair))['stats.missing']).toBeUndefined();
  });
});

describe('stats.stale', () => {
  it('is found when most rows changed since ANALYZE and the estimate is off', () => {
    const { 'stats.stale': causes, ...others } = found('stats-stale');
    expect(others).toEqual({});
    expect(causes).toMatchObject([{ confidence: 'derived' }]);
    expect(causes![0]!.title).toBe('99 % of the rows of shop.orders changed since the target analysed it.');
    expect(causes![0]!.explainedMs).toBeGreaterThan(600);
    expect(causes![0]!.evidence).toContainEqual({
      what: 'rows of orders estimated and found',
      source: '264,080 and 264,000',
      target: '1 and 264,000',
    });
    expect(steps(causes)[0]!.sql).toBe('ANALYZE "shop"."orders";');
  });

  it('is none when both changed as much', () => {
    const pair = recorded(tables, 'stats-stale');
    pair.facts.source = pair.facts.target;
    expect(findings(statisticsRules, contextOfPair(pair))['stats.stale']).toBeUndefined();
  });

  it('cannot be told without counters', () => {
    const pair = recorded(tables, 'stats-stale');
    for (const { statistics } of pair.facts.target.relations)
      for (const each of statistics) each.modifiedSinceAnalyze = undefined;
    expect(findings(statisticsRules, contextOfPair(pair))['stats.stale']).toBeUndefined();
  });
});

describe('estimate.off', () => {
  it('is found where columns hang together and one side alone knows', () => {
    const { 'estimate.off': causes, ...others } = found('estimate-off');
    expect(others).toEqual({});
    expect(causes).toHaveLength(1);
    expect(causes![0]!.title).toBe('Seq Scan on orders o: the target expected 1,485 rows and found 100,000.');
    expect(causes![0]!.confidence).toBe('derived');
    expect(steps(causes).map(({ sql }) => sql)).toEqual([
      'CREATE STATISTICS "shop"."orders_a_b_c_d_stat" ON "a", "b", "c", "d" FROM "shop"."orders";',
      'ANALYZE "shop"."orders";',
    ]);
  });

  it('is left to the statistics where those are missing or stale', () => {
    expect(found('citus-stats-missing', distribution)['estimate.off']).toBeUndefined();
    expect(found('stats-stale')['estimate.off']).toBeUndefined();
  });

  it('is only suspected when the catalogs were not read', () => {
    const { 'estimate.off': causes } = findings(
      statisticsRules,
      contextOfPair(recorded(tables, 'estimate-off'), false),
    );
    expect(causes).toMatchObject([{ confidence: 'suspected' }]);
  });

  it('says nothing of nodes that a limit stopped early', () => {
    const limited = (type: string, planRows: number, ms: number) => {
      const scan = {
        ...node(type, { 'Relation Name': 't', Alias: 't', time: [0, ms], rows: 1 }),
        'Plan Rows': planRows,
      };
      const root = node('Limit', { time: [0, ms], rows: 1 }, scan);
      return readPlan(explainJson(root, { 'Planning Time': 1, 'Execution Time': ms })).plan;
    };
    const context = contextOf(limited('Index Scan', 1, 1), limited('Seq Scan', 100_000, 500));
    expect(findings(statisticsRules, context)).toEqual({});
  });
});

describe('visibility.map', () => {
  it('is found where the planner gave up an index-only scan', () => {
    const { 'visibility.map': causes, ...others } = found('visibility-lost');
    expect(others).toEqual({});
    expect(causes).toMatchObject([{ confidence: 'derived', account: 'row 1' }]);
    expect(causes![0]!.title).toBe(
      'The target gave up the index-only scan of orders for a Seq Scan: its visibility map covers 23 % of the pages.',
    );
    expect(causes![0]!.evidence).toContainEqual({
      what: 'all-visible part of orders',
      source: '100 % of the pages',
      target: '23 % of the pages',
    });
    expect(steps(causes)[0]).toMatchObject({ on: 'coordinator', sql: 'VACUUM (ANALYZE) "shop"."orders";' });
  });

  it('is found where an index-only scan looks up rows', () => {
    const { 'visibility.map': causes, ...others } = found('visibility-heap-fetches');
    expect(others).toEqual({});
    expect(causes).toMatchObject([{ confidence: 'observed', account: 'row 1' }]);
    expect(causes![0]!.explainedMs).toBeCloseTo(68.8, 1);
    expect(causes![0]!.title).toBe(
      'Index-only scans of orders looked up 389,001 rows in the table on the target, 0 on the source.',
    );
  });
});

describe('nothing about statistics', () => {
  it.each(Object.keys(tables))('is said of %s against itself', name => {
    for (const side of ['source', 'target'] as const) {
      expect(findings(statisticsRules, twice(recorded(tables, name), side))).toEqual({});
    }
  });

  it('is said where both sides do the same', () => {
    expect(found('same')).toEqual({});
    for (const name of ['citus-same', 'citus-same-join', 'citus-index-missing', 'skew', 'network', 'slow-node']) {
      expect(found(name, distribution)).toEqual({});
    }
  });
});
