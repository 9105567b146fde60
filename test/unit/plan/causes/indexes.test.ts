import { describe, expect, it } from 'vitest';
import type { RelationFacts } from '../../../../src/plan/causes/facts';
import { indexRules } from '../../../../src/plan/causes/indexes';
import type { Plan } from '../../../../src/plan/model';
import { readPlan } from '../../../../src/plan/read';
import { explainJson, node } from '../fixtures';
import { contextOf } from './contexts';
import { contextOfPair, distribution, findings, recorded, steps, tables, twice } from './recorded-pairs';

/** A table in partitions that each take 1 ms with their index and 10 ms without. */
function partitioned(count: number) {
  const names = Array.from({ length: count }, (_, i) => `p${i}`);
  const side = (type: string, ms: number): Plan => {
    const scans = names.map(name =>
      node(type, {
        'Relation Name': name,
        Schema: 's',
        Alias: name,
        time: [0, ms],
        ...(type === 'Index Scan' ? { 'Index Name': `${name}_day_idx` } : {}),
      }),
    );
    const whole = count * ms;
    return readPlan(
      explainJson(node('Append', { time: [0, whole] }, ...scans), { 'Planning Time': 1, 'Execution Time': whole }),
    ).plan;
  };
  const { facts } = recorded(tables, 'same');
  const relations = (hasIndex: boolean): RelationFacts[] =>
    names.map(name => {
      const definition = `CREATE INDEX ${name}_day_idx ON s.${name} USING btree (day)`;
      const index = { name: `${name}_day_idx`, definition, valid: true, unique: false, sizeBytes: 8192 };
      return { ...facts.source.relations[0]!, schema: 's', name, indexes: hasIndex ? [index] : [] };
    });
  return {
    plans: { source: side('Index Scan', 1), target: side('Seq Scan', 10) },
    facts: {
      source: { ...facts.source, relations: relations(true) },
      target: { ...facts.target, relations: relations(false) },
    },
  };
}

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

  it('is found where the shards of one worker lack it, and is made there', () => {
    const pair = recorded(distribution, 'index-missing-on-worker');
    const { 'index.missing': causes, ...others } = findings(indexRules, contextOfPair(pair));
    expect(others).toEqual({});
    expect(causes).toMatchObject([{ confidence: 'derived' }]);
    const worker = pair.facts.target.nodes[1]!.node;
    expect(causes![0]!.title).toBe(
      `The shards of events on ${worker} lack the index events_created_at_idx on the target; they are read by Seq Scan.`,
    );
    const [made, ...more] = steps(causes);
    expect(more).toEqual([]);
    expect(made!.on).toBe('workers');
    expect(made!.sql.split('\n')).toEqual([
      `-- On ${worker} alone`,
      'SET citus.enable_manual_changes_to_shards = on;',
      ...['102019', '102021', '102023', '102025'].map(
        shard =>
          `CREATE INDEX CONCURRENTLY IF NOT EXISTS "events_created_at_idx_${shard}" ON "analytics"."events_${shard}" USING btree (created_at);`,
      ),
    ]);
  });

  it('counts the join that has to look for what the index found', () => {
    const { 'index.missing': causes, ...others } = findings(
      indexRules,
      contextOfPair(recorded(distribution, 'index-missing-in-join')),
    );
    expect(others).toEqual({});
    expect(causes).toMatchObject([{ confidence: 'derived' }]);
    expect(causes![0]!.title).toMatch(/^The shards of events on .* lack the index events_note_idx on the target/);
    expect(causes![0]!.explainedMs).toBeCloseTo(404, 0);
    expect(causes![0]!.evidence.map(({ what }) => what)).toContain('time in scans of events and their join');
  });

  it('is one finding for partitions that are too small each', () => {
    const { plans, facts } = partitioned(40);
    const { 'index.missing': causes } = findings(indexRules, contextOf(plans.source, plans.target, { facts }));
    expect(causes).toHaveLength(1);
    expect(causes![0]!.title).toMatch(/So it is with 39 more of its kind\.$/);
    expect(causes![0]!.explainedMs).toBeCloseTo(40 * 9, 5);
    expect(causes![0]!.rows).toHaveLength(40);
    expect(steps(causes)).toHaveLength(40);
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
