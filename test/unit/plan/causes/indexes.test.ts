import { describe, expect, it } from 'vitest';
import { indexRules } from '../../../../src/plan/causes/indexes';
import { contextOfPair, distribution, findings, recorded, steps, tables, twice } from './recorded-pairs';

const found = (name: string, told: Parameters<typeof contextOfPair>[1] = true) =>
  findings(indexRules, contextOfPair(recorded(tables, name), told));

describe('index.missing', () => {
  it('is found on a plain server, with its time and the index to make', () => {
    const { 'index.missing': causes, ...others } = found('index-missing');
    expect(others).toEqual({});
    expect(causes).toHaveLength(1);
    const [cause] = causes!;
    expect(cause).toMatchObject({ confidence: 'observed', account: 'row 1', rows: [1] });
    expect(cause!.title).toBe(
      'The index orders_created_at_idx is missing on the target, which reads orders by Seq Scan.',
    );
    expect(cause!.explainedMs).toBeCloseTo(87.9, 1);
    expect(cause!.evidence).toContainEqual({
      what: 'index orders_created_at_idx',
      source: 'CREATE INDEX orders_created_at_idx ON shop.orders USING btree (created_at)',
      target: 'none',
    });
    expect(cause!.remedy?.side).toBe('target');
    expect(steps(causes)).toEqual([
      {
        on: 'coordinator',
        sql: 'CREATE INDEX CONCURRENTLY "orders_created_at_idx" ON "shop"."orders" USING btree (created_at);',
        lock: expect.stringMatching(/^SHARE UPDATE EXCLUSIVE/),
        rollback: 'DROP INDEX CONCURRENTLY "shop"."orders_created_at_idx";',
      },
    ]);
  });

  it('is found in the shards, where the slowest task counts', () => {
    const { 'index.missing': causes, ...others } = findings(
      indexRules,
      contextOfPair(recorded(distribution, 'citus-index-missing')),
    );
    expect(others).toEqual({});
    expect(causes).toHaveLength(1);
    expect(causes![0]!.rows).toHaveLength(8);
    expect(causes![0]!.explainedMs).toBeGreaterThan(60);
    expect(causes![0]!.explainedMs).toBeLessThan(100);
    expect(causes![0]!.remedy?.summary).toMatch(/shards of every worker/);
  });

  it('is found when an index of that name is another one, and takes another name then', () => {
    const { 'index.missing': causes } = found('index-other-definition');
    expect(causes![0]!.title).toMatch(/is another one on the target/);
    expect(causes![0]!.evidence[0]!.target).toMatch(/WHERE \(status = 'open'::text\)$/);
    expect(steps(causes)[0]!.sql).toMatch(/CONCURRENTLY "orders_created_at_idx_of_source" ON/);
  });

  it('is unknown when the catalogs were not read', () => {
    const { 'index.missing': causes, ...others } = found('index-missing', false);
    expect(others).toEqual({});
    expect(causes).toMatchObject([{ confidence: 'unknown', explainedMs: undefined }]);
    expect(causes![0]!.remedy).toBeUndefined();
  });

  it('is told without a definition when the faster side was not read', () => {
    const { 'index.missing': causes } = found('index-missing', 'target');
    expect(causes).toMatchObject([{ confidence: 'observed' }]);
    expect(causes![0]!.remedy).toBeUndefined();
  });

  it('makes the index of a partitioned table as that can be made', () => {
    const pair = recorded(tables, 'index-missing');
    const index = pair.facts.source.relations[0]!.indexes.find(({ name }) => name === 'orders_created_at_idx')!;
    index.definition = index.definition.replace(' ON ', ' ON ONLY ');
    const { 'index.missing': causes } = findings(indexRules, contextOfPair(pair));
    expect(steps(causes)[0]).toMatchObject({
      sql: 'CREATE INDEX "orders_created_at_idx" ON "shop"."orders" USING btree (created_at);',
      lock: expect.stringMatching(/^SHARE on the table/),
    });
  });

  it('quotes names that need it', () => {
    const pair = recorded(tables, 'index-missing');
    const text = JSON.stringify(pair.facts.source.relations[0]);
    pair.facts.source.relations[0] = JSON.parse(text.replaceAll('orders_created_at_idx', 'My \\"idx'));
    const source = pair.plans.source.nodes.find(node => node.indexName !== undefined)!;
    source.indexName = 'My "idx';
    const { 'index.missing': causes } = findings(indexRules, contextOfPair(pair));
    expect(steps(causes)[0]!.sql).toMatch(/^CREATE INDEX CONCURRENTLY "My ""idx" ON "shop"\."orders" USING/);
  });
});

describe('index.invalid', () => {
  it('is found on a plain server', () => {
    const { 'index.invalid': causes, ...others } = found('index-invalid');
    expect(others).toEqual({});
    expect(causes).toMatchObject([{ confidence: 'observed', account: 'row 1' }]);
    expect(steps(causes)[0]!.sql).toBe('REINDEX INDEX CONCURRENTLY "shop"."orders_created_at_idx";');
  });

  it('is found in the shards, with the nodes', () => {
    const pair = recorded(distribution, 'citus-index-invalid');
    const { 'index.invalid': causes, ...others } = findings(indexRules, contextOfPair(pair));
    expect(others).toEqual({});
    expect(causes![0]!.title).toMatch(/^The index events_created_at_idx is invalid in 8 of its shards on the target/);
    const workers = pair.facts.target.nodes.filter(({ role }) => role === 'worker').map(({ node }) => node);
    expect(new Set(causes![0]!.evidence.flatMap(({ node }) => node ?? []))).toEqual(new Set(workers));
  });
});

describe('index.unused', () => {
  it('is suspected, and names the settings that could tell', () => {
    const { 'index.unused': causes, ...others } = found('index-unused');
    expect(others).toEqual({});
    expect(causes).toMatchObject([{ confidence: 'suspected', settings: ['random_page_cost'] }]);
    expect(causes![0]!.evidence).toContainEqual(
      expect.objectContaining({ what: 'random_page_cost', source: '4', target: '4000' }),
    );
  });

  it('is none when the index has another name there and is used', () => {
    const pair = recorded(tables, 'same');
    const rename = (text: string): string => text.replaceAll('orders_created_at_idx', 'orders_by_day');
    pair.facts.target.relations = JSON.parse(rename(JSON.stringify(pair.facts.target.relations)));
    for (const node of pair.plans.target.nodes) if (node.indexName) node.indexName = rename(node.indexName);
    const context = { ...contextOfPair(pair), executionMs: { source: undefined, target: undefined } };
    expect(findings(indexRules, context)).toEqual({});
  });
});

describe('nothing about indexes', () => {
  it.each(Object.keys(tables))('is said of %s against itself', name => {
    for (const side of ['source', 'target'] as const) {
      expect(findings(indexRules, twice(recorded(tables, name), side))).toEqual({});
    }
  });

  it('is said where both sides do the same', () => {
    expect(found('same')).toEqual({});
    for (const name of ['citus-same', 'citus-same-join', 'pruning-lost', 'skew', 'network']) {
      expect(findings(indexRules, contextOfPair(recorded(distribution, name)))).toEqual({});
    }
  });
});
