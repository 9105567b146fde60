import { describe, expect, it } from 'vitest';
import { type AlignedRow, alignPlans } from '../../../src/plan/align';
import type { Plan } from '../../../src/plan/model';
import { nodeName, operatorName } from '../../../src/plan/operator';
import { readPlan } from '../../../src/plan/read';
import { citusPlans, explainJson, node, plan, postgresqlPlans } from './fixtures';
import { chainPlan, generatePlan, seededRandom } from './generated-plans';
import { viewOf } from './views';

function read(root: object): Plan {
  return readPlan(explainJson(root)).plan;
}

const scan = (relation: string, more: object = {}) =>
  node('Seq Scan', { 'Relation Name': relation, Alias: relation, ...more });
const join = (type: string, ...children: object[]) => node(type, {}, ...children);

/** One line per row, indented: `Sort`, `+ Sort` (target only), `- Sort` (source only), `Hash Join → Nested Loop`. */
function drawn(source: Plan, target: Plan): string[] {
  return alignPlans(source, target).map(row => {
    const a = row.source === undefined ? undefined : nodeName(source.nodes[row.source]!);
    const b = row.target === undefined ? undefined : nodeName(target.nodes[row.target]!);
    const text = a === undefined ? `+ ${b}` : b === undefined ? `- ${a}` : a === b ? a : `${a} → ${b}`;
    return '  '.repeat(row.depth) + text;
  });
}

function expectEveryNodeOnce(rows: readonly AlignedRow[], source: Plan | undefined, target: Plan | undefined): void {
  const indexes = (of: 'source' | 'target') => rows.flatMap(row => row[of] ?? []).sort((a, b) => a - b);
  const all = (of: Plan | undefined) => (of?.nodes ?? []).map(each => each.index);
  expect(indexes('source')).toEqual(all(source));
  expect(indexes('target')).toEqual(all(target));
  for (const [i, row] of rows.entries()) {
    if (i > 0 && row.depth > rows[i - 1]!.depth + 1)
      throw new Error(`row ${i} is ${row.depth} deep below ${rows[i - 1]!.depth}`);
    const next = rows.findIndex((other, at) => at > i && other.depth <= row.depth);
    if (row.descendants !== (next < 0 ? rows.length : next) - i - 1) throw new Error(`descendants of row ${i}`);
  }
}

describe('aligning by the work done', () => {
  it('goes on below a Sort, a Gather, a Memoize that only one side has', () => {
    const source = read(node('Limit', {}, join('Hash Join', scan('a'), node('Hash', {}, scan('b')))));
    const target = read(
      node(
        'Limit',
        {},
        node(
          'Sort',
          {},
          node('Gather', {}, join('Hash Join', scan('a'), node('Hash', {}, node('Memoize', {}, scan('b'))))),
        ),
      ),
    );
    expect(drawn(source, target)).toEqual([
      'Limit',
      '  + Sort',
      '    + Gather',
      '      Hash Join',
      '        Seq Scan on a',
      '        Hash',
      '          + Memoize',
      '            Seq Scan on b',
    ]);
    expect(drawn(target, source)).toEqual(drawn(source, target).map(line => line.replace('+', '-')));
  });

  it('matches joins by what they join, however', () => {
    const source = read(join('Hash Join', scan('a'), node('Hash', {}, scan('b'))));
    const target = read(
      join('Nested Loop', scan('b'), node('Index Scan', { 'Relation Name': 'a', Alias: 'a', 'Index Name': 'a_pkey' })),
    );
    expect(drawn(source, target)).toEqual([
      'Hash Join → Nested Loop',
      '  Seq Scan on a → Index Scan on a',
      '  - Hash',
      '    Seq Scan on b',
    ]);
  });

  it('keeps scans together when the join order changes', () => {
    const source = read(join('Hash Join', join('Hash Join', scan('a'), scan('b')), scan('c')));
    const target = read(join('Hash Join', join('Hash Join', scan('a'), scan('c')), scan('b')));
    const rows = drawn(source, target);
    expect(rows.filter(row => /^\s*Seq Scan on \w$/.test(row))).toHaveLength(3);
    expect(rows).toHaveLength(5);
  });

  it('tells the same table apart by alias, and matches another alias when that is all there is', () => {
    const source = read(join('Hash Join', scan('t', { Alias: 'x' }), scan('t', { Alias: 'y', Filter: 'f' })));
    const target = read(join('Hash Join', scan('t', { Alias: 'y', Filter: 'f' }), scan('t', { Alias: 'x' })));
    expect(viewOf(source, target).rows.every(row => row.mark === 'same')).toBe(true);
    expect(drawn(read(scan('t', { Alias: 'x' })), read(scan('t', { Alias: 'z' })))).toEqual([
      'Seq Scan on t x → Seq Scan on t z',
    ]);
  });

  it('never takes the scan of one table for the scan of another', () => {
    expect(drawn(read(node('Limit', {}, scan('a'))), read(node('Limit', {}, scan('b'))))).toEqual([
      'Limit',
      '  - Seq Scan on a',
      '  + Seq Scan on b',
    ]);
  });

  it('keeps to CTEs, InitPlans and SubPlans, and follows a CTE that was inlined', () => {
    const cte = (root: object) => ({ ...root, 'Parent Relationship': 'InitPlan', 'Subplan Name': 'CTE c' });
    const source = read(
      join(
        'Hash Join',
        cte(node('Aggregate', {}, scan('t'))),
        node('CTE Scan', { 'CTE Name': 'c', Alias: 'c' }),
        scan('u'),
      ),
    );
    const target = read(join('Hash Join', node('Aggregate', {}, scan('t')), scan('u')));
    const rows = drawn(source, target);
    expect(rows).toContain('  Aggregate');
    expect(rows).toContain('    Seq Scan on t');
    expect(rows).toContain('  - CTE Scan on c');
    const both = read(node('Limit', {}, cte(scan('t')), scan('t')));
    expect(drawn(both, both)).toEqual(['Limit', '  Seq Scan on t', '  Seq Scan on t']);
  });

  it('shows one side alone, and none', () => {
    const only = read(node('Limit', {}, scan('a')));
    expect(alignPlans(only, undefined)).toEqual([
      { source: 0, depth: 0, descendants: 1 },
      { source: 1, depth: 1, descendants: 0 },
    ]);
    expect(alignPlans(undefined, only).map(row => row.target)).toEqual([0, 1]);
    expect(alignPlans(undefined, undefined)).toEqual([]);
  });
});

describe('aligning Citus plans', () => {
  it('matches tasks slowest with slowest, whatever shard and node they are of', () => {
    const [source, target] = ['source', 'target'].map(
      side => readPlan(plan(citusPlans, `${side}/multi_shard_agg.analyze-alltasks.json`)).plan,
    ) as [Plan, Plan];
    const rows = alignPlans(source, target);
    expectEveryNodeOnce(rows, source, target);
    const tasks = rows.filter(row => source.nodes[row.source ?? -1]?.kind === 'task');
    const bySlowness = (read: Plan) =>
      read.nodes
        .filter(each => each.kind === 'task')
        .sort((a, b) => b.totalMs! - a.totalMs! || a.index - b.index)
        .map(each => each.index);
    expect(new Map(tasks.map(row => [row.source, row.target]))).toEqual(
      new Map(bySlowness(source).map((at, i) => [at, bySlowness(target)[i]])),
    );
    const view = viewOf(source, target);
    expect(view.rows.flatMap(row => row.changes).filter(text => /\d{6}/.test(text))).toEqual([]);
  });

  it('puts JIT under its task, first', () => {
    const [source, target] = ['source', 'target'].map(
      side => readPlan(plan(citusPlans, `${side}/insert_select_pushdown_upsert.analyze.json`)).plan,
    ) as [Plan, Plan];
    expect(drawn(source, target)).toEqual([
      'Citus Adaptive',
      '  Task',
      '    + JIT',
      '    Insert on rollups_102024 r',
      '      GroupAggregate',
      '        Sort',
      '          Seq Scan on events_102016 events',
    ]);
  });

  it('matches a plain table with its shard', () => {
    const remote = { Plan: scan('events_102009', { Alias: 'events' }) };
    const distributed = node('Custom Scan', {
      'Custom Plan Provider': 'Citus Adaptive',
      'Distributed Query': {
        Job: {
          'Task Count': 1,
          'Tasks Shown': 'All',
          Tasks: [{ Node: 'host=a port=1 dbname=d', 'Remote Plan': [[remote]] }],
        },
      },
    });
    const rows = alignPlans(read(distributed), read(distributed));
    expect(rows).toHaveLength(3);
    expect(rows.every(row => row.source === row.target)).toBe(true);
  });
});

describe('for any two plans', { timeout: 60_000 }, () => {
  const seeds = Array.from({ length: 60 }, (_, i) => i + 1);
  const generated = (seed: number): Plan => {
    const random = seededRandom(seed * 7919);
    return readPlan(JSON.stringify(generatePlan(1 + Math.floor(random() * 120), seed, random() * 0.9))).plan;
  };

  it('a plan has no difference from itself', () => {
    for (const seed of seeds) {
      const one = generated(seed);
      const rows = alignPlans(one, one);
      expect(
        rows.map(row => row.source),
        `seed ${seed}`,
      ).toEqual(one.nodes.map(each => each.index));
      expect(
        rows.filter(row => row.source !== row.target),
        `seed ${seed}`,
      ).toEqual([]);
      expect(
        rows.map(row => row.depth),
        `seed ${seed}`,
      ).toEqual(one.nodes.map(each => each.depth));
      expect(
        viewOf(one, one).rows.filter(row => !row.equal),
        `seed ${seed}`,
      ).toEqual([]);
      expect(viewOf(one, one).differences, `seed ${seed}`).toEqual([]);
    }
  });

  it('every node is in exactly one row, and the sides can be exchanged', () => {
    for (const seed of seeds) {
      const [a, b] = [generated(seed), generated(seed + 1000)];
      const rows = alignPlans(a, b);
      expectEveryNodeOnce(rows, a, b);
      const pairs = (list: AlignedRow[], first: 'source' | 'target', second: 'source' | 'target') =>
        list
          .flatMap(row =>
            row.source === undefined || row.target === undefined ? [] : [`${row[first]} ${row[second]}`],
          )
          .sort();
      expect(pairs(alignPlans(b, a), 'target', 'source'), `seed ${seed}`).toEqual(pairs(rows, 'source', 'target'));
    }
  });

  it('every recorded pair of a source and a target lines up', () => {
    let pairs = 0;
    for (const [name, text] of Object.entries(citusPlans)) {
      const other = name.startsWith('source/') ? citusPlans[name.replace('source', 'target')] : undefined;
      if (other === undefined || /format_(?:xml|yaml)/.test(name)) continue;
      const [source, target] = [readPlan(text).plan, readPlan(other).plan];
      expectEveryNodeOnce(alignPlans(source, target), source, target);
      viewOf(source, target);
      pairs++;
    }
    expect(pairs).toBeGreaterThan(400);
  });

  it('lines up PostgreSQL 15 with 18', () => {
    for (const [name, text] of Object.entries(postgresqlPlans)) {
      if (!name.startsWith('15/')) continue;
      const [source, target] = [readPlan(text).plan, readPlan(plan(postgresqlPlans, name.replace('15/', '18/'))).plan];
      expectEveryNodeOnce(alignPlans(source, target), source, target);
      expect(viewOf(source, source).differences, name).toEqual([]);
    }
  });

  it('a chain of 10,000 is read, timed and aligned, also with another chain', () => {
    const types = ['Sort', 'Materialize', 'Limit', 'Unique'];
    const [a, b] = [
      chainPlan(10_000, level => types[level % 4]!),
      chainPlan(10_000, level => types[(level * 7) % 3]!),
    ].map(text => readPlan(text).plan) as [Plan, Plan];
    expect(a.nodes[0]).toMatchObject({ selfMs: 1, totalMs: 10_001 });
    expectChain(alignPlans(a, a), 10_001);
    expectChain(alignPlans(a, b), 10_001);
    expect(viewOf(a, b).rows.length).toBeGreaterThan(10_000);
    expect(operatorName(a.nodes[10_000]!)).toBe('Seq Scan');
  });
});

function expectChain(rows: readonly AlignedRow[], nodes: number): void {
  expect(rows.filter(row => row.source !== undefined)).toHaveLength(nodes);
  expect(rows.filter(row => row.target !== undefined)).toHaveLength(nodes);
}
