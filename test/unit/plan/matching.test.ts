import { describe, expect, it } from 'vitest';
import { matchPlans } from '../../../src/plan/align';
import type { Plan } from '../../../src/plan/model';
import { nodeName } from '../../../src/plan/operator';
import { readPlan } from '../../../src/plan/read';
import { placeTasks, type Shards } from '../../../src/plan/shards';
import type { PlanDiffView } from '../../../src/shared/plan-diff';
import { citusPlans, explainJson, node, postgresqlPlans } from './fixtures';
import { viewOf } from './views';

type Said = Record<string, unknown>;

const read = (root: object): Plan => readPlan(explainJson(root, { 'Planning Time': 1, 'Execution Time': 1000 })).plan;
const scan = (relation: string, more: Said = {}) =>
  node('Seq Scan', { 'Relation Name': relation, Alias: relation, ...more });
const index = (relation: string, name: string, more: Said = {}) =>
  node('Index Scan', { 'Relation Name': relation, Alias: relation, 'Index Name': name, ...more });
const outer = (of: object): object => ({ ...of, 'Parent Relationship': 'Outer' });
const inner = (of: object): object => ({ ...of, 'Parent Relationship': 'Inner' });
const join = (type: string, left: object, right: object) => node(type, {}, outer(left), inner(right));
const hashed = (of: object) => node('Hash', {}, outer(of));
const member = (of: object): object => ({ ...of, 'Parent Relationship': 'Member' });

/** Matched nodes as `source = target`, the unmatched as `- source` and `+ target`. */
function matched(source: Plan, target: Plan): string[] {
  const { ofSource, ofTarget } = matchPlans(source, target);
  const name = (plan: Plan, at: number): string => nodeName(plan.nodes[at]!);
  return [
    ...source.nodes.map(({ index: at }) =>
      ofSource[at]! < 0 ? `- ${name(source, at)}` : `${name(source, at)} = ${name(target, ofSource[at]!)}`,
    ),
    ...target.nodes.flatMap(({ index: at }) => (ofTarget[at]! < 0 ? [`+ ${name(target, at)}`] : [])),
  ];
}

const listed = ({ differences }: PlanDiffView): string[] =>
  differences.map(({ kind, title, source, target }) => `${kind}: ${title}: ${source} → ${target}`);

/** A Citus node over tasks, each the plan of a shard. */
function citus(
  tasks: { plan: object; ms?: number; worker?: number }[],
  more: Said = {},
  subplans: object[] = [],
): object {
  const ran = tasks.some(task => task.ms !== undefined);
  return node('Custom Scan', {
    'Custom Plan Provider': 'Citus Adaptive',
    ...(ran ? { time: [0, 900] } : {}),
    'Distributed Query': {
      ...(subplans.length > 0 ? { Subplans: subplans.map(plan => ({ PlannedStmt: [{ Plan: plan }] })) } : {}),
      Job: {
        'Task Count': tasks.length,
        'Tasks Shown': 'All',
        Tasks: tasks.map(({ plan, ms, worker = 1 }) => ({
          Node: `host=w${worker} port=1 dbname=d`,
          'Remote Plan': [[{ Plan: plan, ...(ms === undefined ? {} : { 'Execution Time': ms }) }]],
        })),
      },
    },
    ...more,
  });
}

const shardMap = (shards: Record<string, [table: string, range?: string]>): Shards =>
  new Map(
    Object.entries(shards).map(([name, [table, range]]) => [name, range === undefined ? { table } : { table, range }]),
  );

function placed(root: object, shards: Record<string, [table: string, range?: string]>): Plan {
  const plan = read(root);
  placeTasks(plan, shardMap(shards));
  return plan;
}

describe('another way to do the same work', () => {
  it('swapped join sides match and are named', () => {
    const source = read(join('Hash Join', scan('a'), hashed(scan('b'))));
    const target = read(join('Hash Join', scan('b'), hashed(scan('a'))));
    expect(matched(source, target).filter(line => /^[-+]/.test(line))).toEqual([]);
    expect(listed(viewOf(source, target))).toEqual(['structure: Hash Join: join sides: a with b → b with a']);
  });

  it('another join order is named where it differs, and rows of other joins are not compared', () => {
    const rows = { time: [0, 1] as [number, number] };
    const sized = (relation: string) => scan(relation, { ...rows, rows: 10 });
    const top = (left: object, right: object, count: number) =>
      node(
        'Hash Join',
        { ...rows, rows: 5 },
        outer(node('Hash Join', { ...rows, rows: count }, ...(left as [object, object]))),
        inner(right),
      );
    const source = read(top([outer(sized('a')), inner(sized('b'))], sized('c'), 100_000));
    const target = read(top([outer(sized('a')), inner(sized('c'))], sized('b'), 10));
    expect(listed(viewOf(source, target))).toEqual([
      'structure: Hash Join: join order: (a, b) with c → (a, c) with b',
      'structure: Hash Join: joined relations: a with b → a with c',
    ]);
  });

  it('another join method is one difference, the Hash that goes with it none', () => {
    const source = read(join('Hash Join', scan('a'), hashed(scan('b'))));
    const target = read(join('Nested Loop', scan('a'), index('b', 'b_pkey')));
    expect(listed(viewOf(source, target))).toEqual([
      'structure: Hash Join: join: Hash Join → Nested Loop',
      'structure: Seq Scan on b: scan: Seq Scan → Index Scan',
      'structure: Seq Scan on b: index: none → b_pkey',
    ]);
  });

  it('seq scan, index scan and bitmap scan are one scan, by the index they use', () => {
    const bitmap = (...indexes: string[]) => {
      const parts = indexes.map(name => member(node('Bitmap Index Scan', { 'Index Name': name })));
      const below = parts.length === 1 ? parts[0]! : node('BitmapAnd', {}, ...parts);
      return read(node('Bitmap Heap Scan', { 'Relation Name': 'a', Alias: 'a' }, outer(below)));
    };
    const changes = (source: Plan, target: Plan) =>
      listed(viewOf(source, target)).map(text => text.replace(/.*?on a: /, ''));
    expect(changes(read(scan('a')), bitmap('i'))).toEqual(['scan: Seq Scan → Bitmap Heap Scan', 'index: none → i']);
    expect(changes(read(index('a', 'i')), bitmap('i'))).toEqual(['scan: Index Scan → Bitmap Heap Scan']);
    expect(changes(bitmap('i', 'k'), read(index('a', 'i')))).toEqual([
      'scan: Bitmap Heap Scan → Index Scan',
      'index: i + k → i',
    ]);
    expect(listed(viewOf(bitmap('i'), bitmap('k')))).toEqual(['structure: Bitmap Index Scan on i: index: i → k']);
  });

  it('an added Sort, Gather, Materialize or Memoize unmatches nothing', () => {
    const source = read(node('Limit', {}, outer(join('Nested Loop', scan('a'), scan('b')))));
    for (const added of ['Sort', 'Gather', 'Materialize', 'Memoize', 'Incremental Sort', 'Gather Merge']) {
      const target = read(
        node(
          'Limit',
          {},
          outer(node(added, {}, outer(join('Nested Loop', scan('a'), node(added, {}, outer(scan('b'))))))),
        ),
      );
      expect(matched(source, target).filter(line => /^[-+]/.test(line))).toEqual([`+ ${added}`, `+ ${added}`]);
    }
  });
});

describe('partitions', () => {
  const partitions = (relation: string, from: number, to: number) =>
    node(
      'Append',
      {},
      ...Array.from({ length: to - from }, (_, i) =>
        member(scan(`${relation}_p${from + i}`, { Alias: `${relation}_${i + 1}` })),
      ),
    );
  const joined = (left: object) => node('Aggregate', {}, outer(join('Hash Join', left, hashed(scan('t')))));

  it('match by their own name, and what stands above whatever their number', () => {
    const source = read(joined(partitions('m', 0, 4)));
    const target = read(joined(partitions('m', 2, 5)));
    expect(matched(source, target)).toEqual([
      'Aggregate = Aggregate',
      'Hash Join = Hash Join',
      'Append = Append',
      '- Seq Scan on m_p0 m_1',
      '- Seq Scan on m_p1 m_2',
      'Seq Scan on m_p2 m_3 = Seq Scan on m_p2 m_1',
      'Seq Scan on m_p3 m_4 = Seq Scan on m_p3 m_2',
      'Hash = Hash',
      'Seq Scan on t = Seq Scan on t',
      '+ Seq Scan on m_p4 m_3',
    ]);
    expect(listed(viewOf(source, target))).toEqual([
      'structure: Append: branches: 4 → 3',
      'structure: Seq Scan below Append (2 times): yes → none',
      'structure: Seq Scan on m_p4 m_3: none → yes',
    ]);
  });

  it('match when pruning left one, without an Append', () => {
    const source = read(joined(partitions('m', 0, 4)));
    const target = read(joined(scan('m_p3', { Alias: 'm' })));
    expect(matched(source, target)).toEqual(
      expect.arrayContaining([
        'Hash Join = Hash Join',
        'Aggregate = Aggregate',
        'Seq Scan on m_p3 m_4 = Seq Scan on m_p3 m',
      ]),
    );
  });

  it('never stand in for one another, joined by partition or not', () => {
    const pairs = (from: number) =>
      node(
        'Append',
        {},
        ...[0, 1].map(i =>
          member(
            join(
              'Hash Join',
              scan(`e${from + i}`, { Alias: `e_${i + 1}` }),
              hashed(scan(`t${from + i}`, { Alias: `t_${i + 1}` })),
            ),
          ),
        ),
      );
    expect(matched(read(pairs(0)), read(pairs(2))).filter(line => line.includes(' = '))).toEqual(['Append = Append']);
  });
});

describe('shards', () => {
  const remote = (shard: string, more: Said = {}) => scan(shard, { Alias: 'e', ...more });
  const one = (plan: object) => citus([{ plan }]);

  it('are the same table when the metadata says so, with their indexes', () => {
    const target = index('events_102771', 'events_pkey_102771', { Alias: 'e', 'Index Cond': '(events_102771.id = 1)' });
    const source = index('events_102009', 'events_pkey_102009', { Alias: 'e', 'Index Cond': '(events_102009.id = 1)' });
    const view = viewOf(
      placed(one(source), { events_102009: ['events', '0..9'] }),
      placed(one(target), { events_102771: ['events', '0..9'] }),
    );
    expect(listed(view)).toEqual([]);
    expect(view.rows.every(row => row.mark === 'same')).toBe(true);
  });

  it('are not, whatever their digits look like, when the metadata says otherwise', () => {
    const source = placed(one(scan('log_2023_102009', { Alias: 'l' })), { log_2023_102009: ['log_2023', '0..9'] });
    const target = placed(one(scan('log_2024_102771', { Alias: 'l' })), { log_2024_102771: ['log_2024', '0..9'] });
    expect(matched(source, target)).toEqual([
      'Citus Adaptive = Citus Adaptive',
      'Task = Task',
      '- Seq Scan on log_2023_102009 l',
      '+ Seq Scan on log_2024_102771 l',
    ]);
    const local = [11, 12].map(id => placed(one(scan(`t_${id}`)), {})) as [Plan, Plan];
    expect(matched(...local)).toContain('- Seq Scan on t_11');
  });

  it('without metadata match by alias, and a note says so', () => {
    const source = read(one(index('events_102009', 'events_pkey_102009', { Alias: 'e' })));
    const target = read(one(index('events_102771', 'events_pkey_102771', { Alias: 'e' })));
    const view = viewOf(source, target);
    expect(view.rows.every(row => row.mark === 'same')).toBe(true);
    expect(view.notes.join('\n')).toMatch(/not known without the metadata of either side/);
    const known = placed(one(remote('events_102009')), { events_102009: ['events', '0..9'] });
    const half = viewOf(known, read(one(remote('events_102771'))));
    expect(half.rows.every(row => row.mark === 'same')).toBe(true);
    expect(half.notes.join('\n')).toMatch(/without the metadata of the target/);
    expect(viewOf(known, known).notes).toEqual([]);
  });

  it('tasks go by table and range, though another Citus node comes first', () => {
    const names = { a_1: ['a', '0..4'], a_2: ['a', '5..9'], b_3: ['b', '0..4'], b_4: ['b', '5..9'] } as const;
    const tasks = (...shards: string[]) => citus(shards.map(shard => ({ plan: scan(shard, { Alias: shard[0] }) })));
    const shards = names as unknown as Record<string, [string, string]>;
    const source = placed(join('Nested Loop', tasks('a_1', 'a_2'), tasks('b_3', 'b_4')), shards);
    const target = placed(join('Nested Loop', tasks('b_4', 'b_3'), tasks('a_2', 'a_1')), shards);
    expect(matched(source, target).filter(line => line.includes('Scan on') && line.includes('='))).toEqual([
      'Seq Scan on a_1 a = Seq Scan on a_1 a',
      'Seq Scan on a_2 a = Seq Scan on a_2 a',
      'Seq Scan on b_3 b = Seq Scan on b_3 b',
      'Seq Scan on b_4 b = Seq Scan on b_4 b',
    ]);
  });

  it('subplans go by what they read, in whatever order', () => {
    const shards = { a_1: ['a', '0..9'], b_2: ['b', '0..9'], c_3: ['c', '0..9'] } as Record<string, [string, string]>;
    const sub = (shard: string) => one(scan(shard, { Alias: shard[0] }));
    const source = placed(citus([{ plan: scan('c_3', { Alias: 'c' }) }], {}, [sub('a_1'), sub('b_2')]), shards);
    const target = placed(citus([{ plan: scan('c_3', { Alias: 'c' }) }], {}, [sub('b_2'), sub('a_1')]), shards);
    expect(matched(source, target).filter(line => /^[-+]/.test(line))).toEqual([]);
    expect(listed(viewOf(source, target))).toEqual([]);
  });

  it('of other counts are compared as a whole: how many, the slowest, all together', () => {
    const tasks = (times: number[], first: number) =>
      citus(times.map((ms, i) => ({ plan: remote(`events_${first + i}`, { time: [0, ms], rows: 10 * ms }), ms })));
    const ranges = (count: number, first: number) =>
      Object.fromEntries(
        Array.from({ length: count }, (_, i) => [`events_${first + i}`, ['events', `${i * count}/${count}`]]),
      ) as Record<string, [string, string]>;
    const source = placed(tasks([100, 110, 90, 100], 10), ranges(4, 10));
    const target = placed(tasks([500, 60], 20), ranges(2, 20));
    const lines = listed(viewOf(source, target));
    expect(lines).toContain('structure: Citus Adaptive: tasks: 4 → 2');
    expect(lines).toContain('time: Citus Adaptive: slowest task: 110 ms → 500 ms');
    expect(lines).toContain('time: Citus Adaptive: all tasks together: 400 ms → 560 ms');
    expect(lines.filter(line => /Seq Scan on events e: (?:rows|time)/.test(line))).toEqual([]);
  });

  it('work that is no longer pushed down is named', () => {
    const source = read(citus([{ plan: node('Aggregate', {}, outer(remote('e_1'))) }]));
    const target = read(
      node('Aggregate', {}, outer(citus([{ plan: remote('e_1') }], {}, [one(scan('s_1', { Alias: 's' }))]))),
    );
    expect(listed(viewOf(source, target))[0]).toBe(
      'structure: not pushed down to the workers: none → 1 subplan, Aggregate',
    );
  });
});

describe('figures', () => {
  const time: [number, number] = [0, 100];
  const differences = (a: object, b: object) => listed(viewOf(read(a), read(b)));

  it('name spills before work, whatever wrote to disk', () => {
    const sort = (more: Said) => node('Sort', { time, ...more }, outer(scan('a', { time })));
    const memory = { 'Sort Method': 'quicksort', 'Sort Space Used': 500, 'Sort Space Type': 'Memory' };
    const disk = (kilobytes: number) => ({
      'Sort Method': 'external merge',
      'Sort Space Used': kilobytes,
      'Sort Space Type': 'Disk',
    });
    expect(differences(sort(memory), sort(disk(5000)))).toEqual(['spill: Sort: spill: none → 4.9 MB on disk']);
    expect(differences(sort(disk(5000)), sort(disk(5500)))).toEqual([]);
    expect(differences(sort(disk(5000)), sort(disk(50_000)))).toEqual([
      'spill: Sort: spill: 4.9 MB on disk → 49 MB on disk',
    ]);
    const hash = (batches: number) => node('Hash', { time, 'Hash Batches': batches }, outer(scan('a', { time })));
    expect(differences(hash(1), hash(8))).toEqual(['spill: Hash: spill: none → 8 batches on disk']);
    const aggregate = (kilobytes: number) =>
      node('Aggregate', {
        time,
        Strategy: 'Hashed',
        'HashAgg Batches': kilobytes > 0 ? 5 : 1,
        'Disk Usage': kilobytes,
      });
    expect(differences(aggregate(9000), aggregate(0))).toEqual([
      'spill: HashAggregate: spill: 5 batches on disk → none',
    ]);
  });

  it('tell pages found in memory from pages read, and put both before time', () => {
    const pages = (hit: number, missed: number, ms: number) =>
      scan('a', { time: [0, ms], 'Shared Hit Blocks': hit, 'Shared Read Blocks': missed });
    expect(differences(pages(0, 5000, 600), pages(5000, 0, 100))).toEqual([
      'work: Seq Scan on a: pages not in memory: 5,000 → 0',
      'time: Seq Scan on a: time: 600 ms → 100 ms',
    ]);
    expect(differences(pages(5000, 0, 100), pages(5005, 2, 104))).toEqual([]);
  });

  it('count WAL by its records', () => {
    const insert = (records: number) =>
      node('ModifyTable', {
        Operation: 'Insert',
        'Relation Name': 'a',
        Alias: 'a',
        time,
        'WAL Records': records,
        'WAL Bytes': 70 * records,
      });
    expect(differences(insert(1000), insert(5000))).toEqual(['work: Insert on a: WAL records: 1,000 → 5,000']);
  });

  it('never compare costs', () => {
    const cost = (total: number) => ({ ...scan('a'), 'Total Cost': total });
    expect(differences(cost(10), cost(1e10))).toEqual(['structure: Seq Scan on a: disabled by a setting: no → yes']);
    expect(differences(cost(10), cost(1000))).toEqual([]);
  });
});

describe('for every recorded plan', { timeout: 120_000 }, () => {
  const plans = Object.entries({ ...citusPlans, ...postgresqlPlans }).filter(
    ([name]) => name.endsWith('.json') && !/format_(?:xml|yaml)/.test(name),
  );

  it('nothing differs from itself', () => {
    for (const [i, [name, text]] of plans.entries()) {
      const { plan } = readPlan(text);
      const { ofSource } = matchPlans(plan, plan);
      expect([...ofSource], name).toEqual(plan.nodes.map(each => each.index));
      if (i % 6 === 0) expect(listed(viewOf(plan, plan)), name).toEqual([]);
    }
    expect(plans.length).toBeGreaterThan(500);
  });

  it('the sides can be exchanged, and the same is found again', () => {
    let pairs = 0;
    for (const [name, text] of plans) {
      const other = name.startsWith('source/')
        ? citusPlans[name.replace('source/', 'target/')]
        : name.startsWith('15/')
          ? postgresqlPlans[name.replace('15/', '18/')]
          : undefined;
      if (other === undefined) continue;
      const [source, target] = [readPlan(text).plan, readPlan(other).plan];
      const there = matchPlans(source, target);
      const back = matchPlans(target, source);
      expect([...back.ofTarget], name).toEqual([...there.ofSource]);
      expect([...back.ofSource], name).toEqual([...there.ofTarget]);
      expect(matchPlans(source, target), name).toEqual(there);
      pairs++;
    }
    expect(pairs).toBeGreaterThan(200);
  });
});
