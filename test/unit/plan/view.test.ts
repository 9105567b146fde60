import { describe, expect, it } from 'vitest';
import { readPlan } from '../../../src/plan/read';
import { rowDetails } from '../../../src/plan/view';
import { planDiffMarkdown } from '../../../src/playbook/plan-diff-markdown';
import { citusPlans, explainJson, node, plan, postgresqlPlans } from './fixtures';
import { viewOf } from './views';

const timed = (ms: number, more: object = {}, statement: object = {}) =>
  readPlan(
    explainJson(
      node('Seq Scan', {
        time: [0, ms],
        rows: 10,
        'Relation Name': 't',
        Alias: 't',
        'Shared Hit Blocks': 500,
        ...more,
      }),
      { 'Planning Time': 1, 'Execution Time': ms, ...statement },
    ),
  ).plan;
const costed = (cost: number, more: object = {}) =>
  readPlan(explainJson({ ...node('Nested Loop', {}), 'Total Cost': cost, ...more })).plan;

describe('the verdict', () => {
  it.each([
    [321, 2799, 'Target is 8.7× slower: 2,799 ms against 321 ms. The same rows, the same pages read.', 'slower'],
    [100, 25, 'Target is 4.0× faster: 25 ms against 100 ms. The same rows, the same pages read.', 'faster'],
    [100, 109, 'Target is about as fast: 109 ms against 100 ms. The same rows, the same pages read.', 'equal'],
    [109, 100, 'Target is about as fast: 100 ms against 109 ms. The same rows, the same pages read.', 'equal'],
    [0.02, 0.11, 'Target is about as fast: 0.11 ms against 0.02 ms. The same rows, the same pages read.', 'equal'],
  ] as const)('compares %s ms with %s ms', (source, target, sentence, tone) => {
    expect(viewOf(timed(source), timed(target)).verdict).toEqual({
      sentence,
      tone,
      basis: 'executionMs',
      ratio: target / source,
    });
  });

  it('says when the work was not the same', () => {
    const more = timed(200, { rows: 40, 'Shared Hit Blocks': 1700 });
    expect(viewOf(timed(100), more).verdict.sentence).toBe(
      'Target is 2.0× slower: 200 ms against 100 ms. 40 rows against 10, 3.4× the pages read.',
    );
    expect(viewOf(more, timed(100)).verdict.sentence).toBe(
      'Target is 2.0× faster: 100 ms against 200 ms. 10 rows against 40, 3.4× fewer pages read.',
    );
  });

  it('compares costs without the penalty that PostgreSQL up to 17 puts on forbidden nodes', () => {
    const view = viewOf(costed(2619), costed(10_000_002_700), {
      source: { postgresVersion: '15.4' },
      target: { postgresVersion: '15.4' },
    });
    expect(view.verdict).toMatchObject({ basis: 'totalCost', tone: 'equal' });
    expect(view.verdict.ratio).toBeCloseTo(2700 / 2619, 4);
    expect(view.notes.join()).toMatch(/enable_nestloop = off.*1e10.*jit_above_cost/);
    const dearer = viewOf(costed(2619), costed(20_000_026_190));
    expect(dearer.verdict.sentence).toContain('10× more expensive');
    expect(dearer.verdict.tone).toBe('slower');
    // PostgreSQL 18 counts disabled nodes apart: there such a cost is a cost.
    const counted = viewOf(costed(2619), costed(10_000_002_700), {
      source: { postgresVersion: '18.1' },
      target: { postgresVersion: '18.1' },
    });
    expect(counted.verdict.ratio).toBeGreaterThan(1e6);
    const acrossVersions = viewOf(costed(10_000_002_700), costed(2619), { target: { postgresVersion: '18.1' } });
    expect(acrossVersions.verdict).toMatchObject({ basis: 'none', tone: 'unknown' });
    expect(acrossVersions.verdict.sentence).toContain('PostgreSQL 18 counts beside the cost');
  });

  it('does not compare a run with an estimate', () => {
    const view = viewOf(timed(100), costed(12));
    expect(view.verdict).toMatchObject({ basis: 'none', tone: 'unknown' });
    expect(view.verdict.sentence).toContain('Source was executed in 100 ms');
  });

  it('shows the other side when one failed', () => {
    const error = { reason: 'syntax', message: 'relation "t" does not exist', sqlstate: '42P01' };
    const view = viewOf(timed(100), undefined, { target: { error } });
    expect(view.verdict.sentence).toBe('Source took 100 ms; the target failed: relation "t" does not exist.');
    expect(view.target).toMatchObject({ status: 'error', error, composition: [] });
    expect(view.rows).toHaveLength(1);
    expect(viewOf(undefined, undefined).verdict.tone).toBe('unknown');
  });

  it('is about the tasks on Citus, where the whole has no cost', () => {
    const [source, target] = ['source', 'target'].map(
      side => readPlan(plan(citusPlans, `${side}/multi_shard_order_limit.json`)).plan,
    );
    const view = viewOf(source, target);
    expect(view.verdict.basis).toBe('totalCost');
    expect(view.notes.join()).toContain('that of a task');
  });
});

describe('the sides', () => {
  it("say EXPLAIN's own figures", () => {
    const text = plan(citusPlans, 'target/insert_select_pushdown_upsert.analyze.json');
    const raw = JSON.parse(text)[0];
    const view = viewOf(undefined, readPlan(text).plan);
    expect(view.target).toMatchObject({
      planningMs: raw['Planning Time'],
      executionMs: raw['Execution Time'],
      rowsActual: 0,
      settings: raw.Settings,
      jit: { functions: 10, inlining: true, optimization: true },
      tasks: { total: 8, nodes: 1, shown: 'One of 8' },
    });
    const remote = raw.Plan['Distributed Query'].Job.Tasks[0]['Remote Plan'][0][0];
    expect(view.target.jit!.totalMs).toBe(remote.JIT.Timing.Total);
    expect(view.target.tasks!.list).toEqual([
      { node: '127.0.0.1:5613', executionMs: remote['Execution Time'], jitMs: remote.JIT.Timing.Total },
    ]);
    expect(view.target.buffers!.sharedHit).toBe(raw.Plan['Shared Hit Blocks'] + remote.Plan['Shared Hit Blocks']);
    expect(view.target.composition.find(part => part.category === 'jit')!.ms).toBeGreaterThan(1500);
  });

  it('count triggers that run after the plan as writing', () => {
    const { plan: read } = readPlan(plan(postgresqlPlans, '15/insert_fk.analyze.json'));
    const trigger = read.statements[0]!.triggers.find(each => each.constraint !== undefined)!;
    const view = viewOf(undefined, read);
    const write = view.target.composition.find(part => part.category === 'write')!;
    expect(write.ms).toBeGreaterThanOrEqual(read.nodes[0]!.selfMs! + trigger.timeMs! * 0.99);
  });

  it('say what a task answered instead of a plan', () => {
    const task = { Node: 'host=10.0.0.5 port=5432 dbname=app', Error: 'Could not get remote plan.' };
    const root = node('Custom Scan', {
      'Custom Plan Provider': 'Citus Adaptive',
      'Distributed Query': { Job: { 'Task Count': 1, 'Tasks Shown': 'All', Tasks: [task] } },
    });
    const view = viewOf(undefined, readPlan(explainJson(root)).plan);
    expect(view.target.tasks!.list).toEqual([{ node: '10.0.0.5:5432', error: 'Could not get remote plan.' }]);
    expect(view.rows[1]!.target).toMatchObject({
      name: 'Task',
      detail: '10.0.0.5:5432',
      error: 'Could not get remote plan.',
    });
    expect(view.notes).toEqual(['Target: one task has no plan: Could not get remote plan.']);
    const text =
      'Custom Scan (Citus Adaptive)  (cost=0.00..0.00 rows=0 width=0)\n  Task Count: 1\n  Tasks Shown: All\n  ->  Task\n        Error: Could not get remote plan.\n';
    expect(viewOf(undefined, readPlan(text).plan).rows[1]!.target!.error).toBe('Could not get remote plan.');
  });
});

describe('the rows', () => {
  it('say what changed, structure before figures', () => {
    const side = (type: string, index: string, rows: number, ms: number) =>
      readPlan(
        explainJson(
          node(
            'Sort',
            {
              time: [ms, ms],
              rows,
              'Sort Method': ms > 50 ? 'external merge' : 'quicksort',
              'Sort Space Used': 300,
              'Sort Space Type': ms > 50 ? 'Disk' : 'Memory',
              'Temp Read Blocks': ms > 50 ? 78 : 0,
            },
            node(type, {
              time: [0, ms / 4],
              rows,
              'Relation Name': 't',
              Alias: 't',
              'Index Name': index,
              'Index Cond': '(a > $1)',
            }),
          ),
          { 'Execution Time': ms },
        ),
      ).plan;
    const view = viewOf(side('Index Scan', 't_pkey', 1000, 40), side('Index Only Scan', 't_a_idx', 5000, 400));
    expect(view.rows.map(row => [row.mark, ...row.changes])).toEqual([
      ['changed', 'spill none → 300 kB on disk', 'rows 1,000 → 5,000', 'time 30 ms → 300 ms'],
      [
        'changed',
        'scan Index Scan → Index Only Scan',
        'index t_pkey → t_a_idx',
        'rows 1,000 → 5,000',
        'time 10 ms → 100 ms',
      ],
    ]);
    expect(view.differences.map(each => each.kind)).toEqual([
      'structure',
      'structure',
      'spill',
      'work',
      'work',
      'time',
      'time',
    ]);
    expect(view.rows[0]!.target).toMatchObject({
      name: 'Sort',
      detail: 'external merge, 300 kB disk',
      category: 'sort',
      tempPages: 78,
      selfMs: 300,
    });
  });

  it('take no version, no shard and no parameter number for a change', () => {
    const scan = (filter: string) =>
      readPlan(explainJson(node('Seq Scan', { 'Relation Name': 't', Alias: 't', Filter: filter }))).plan;
    expect(viewOf(scan('(a = $0)'), scan('(a = $7)')).rows[0]!.mark).toBe('same');
    expect(viewOf(scan('(a = $0)'), scan('(a = (InitPlan 1).col1)')).rows[0]!.mark).toBe('same');
    expect(viewOf(scan('(a = 1)'), scan('(a = 2)')).rows[0]!.changes).toEqual(['Filter (a = 1) → (a = 2)']);
  });

  it('say what a setting forbids, by the cost up to PostgreSQL 17 and as 18 says it', () => {
    const of = (major: number) => readPlan(plan(postgresqlPlans, `${major}/nestloop_off.json`)).plan;
    for (const major of [15, 17, 18]) {
      const forbidden = of(major).nodes.filter(each => each.disabled);
      expect(
        forbidden.map(each => each.type),
        `PostgreSQL ${major}`,
      ).toEqual(['Nested Loop']);
    }
    expect(viewOf(of(15), of(18)).differences.map(each => each.title)).toEqual(['JIT']);
    expect(viewOf(of(15), of(18)).rows.some(row => row.target?.detail === 'disabled by a setting')).toBe(true);
  });

  it('fold what is equal, and say what never ran', () => {
    const scan = (loops: number) => node('Seq Scan', { time: [0, 1], loops, 'Relation Name': 't', Alias: 't' });
    const side = (loops: number) =>
      readPlan(
        explainJson(node('Append', { time: [0, 5] }, node('Limit', { time: [0, 2] }, scan(1)), scan(loops)), {
          'Execution Time': 100,
        }),
      ).plan;
    const view = viewOf(side(1), side(0));
    expect(view.rows.map(row => [row.equal, row.mark])).toEqual([
      [false, 'same'],
      [true, 'same'],
      [true, 'same'],
      [false, 'changed'],
    ]);
    expect(view.rows[3]!.target!.neverExecuted).toBe(true);
    expect(view.rows[3]!.changes).toEqual(['executed yes → never']);
  });

  it('give everything both nodes said, what differs first, also of JIT and of the statement', () => {
    const text = plan(citusPlans, 'target/insert_select_pushdown_upsert.analyze.json');
    const [source, target] = [
      readPlan(plan(citusPlans, 'source/insert_select_pushdown_upsert.analyze.json')).plan,
      readPlan(text).plan,
    ];
    const view = viewOf(source, target);
    const jit = view.rows.findIndex(row => row.target?.name === 'JIT');
    const details = rowDetails(view, jit, source, target);
    expect(details.map(each => each.name)).toEqual([
      'Functions',
      'Options · Inlining',
      'Options · Optimization',
      'Options · Expressions',
      'Options · Deforming',
      'Timing · Generation',
      'Timing · Inlining',
      'Timing · Optimization',
      'Timing · Emission',
      'Timing · Total',
    ]);
    const root = rowDetails(view, 0, source, target);
    expect(root.find(each => each.name === 'Task Count')).toEqual({
      name: 'Task Count',
      source: '8',
      target: '8',
      differs: false,
    });
    expect(root.find(each => each.name === 'Settings · jit')).toMatchObject({ source: 'off', differs: true });
    const firstSame = root.findIndex(each => !each.differs);
    expect(root.slice(firstSame).every(each => !each.differs)).toBe(true);
    expect(root.map(each => each.name)).toContain('Query Identifier');
    expect(() => rowDetails(view, 999, source, target)).toThrow(RangeError);
  });
});

describe('the list of differences', () => {
  it('names settings, and what several tasks have in common once', () => {
    const [source, target] = ['source', 'target'].map(
      side => readPlan(plan(citusPlans, `${side}/multi_shard_agg.analyze-alltasks.json`)).plan,
    );
    const view = viewOf(source, target);
    const titles = view.differences.map(each => `${each.title} ${each.source} ${each.target}`);
    expect(new Set(titles).size).toBe(titles.length);
    const kinds = view.differences.map(each => each.kind);
    expect(kinds).toEqual(
      [...kinds].sort(
        (a, b) =>
          ['structure', 'setting', 'spill', 'estimate', 'work', 'time'].indexOf(a) -
          ['structure', 'setting', 'spill', 'estimate', 'work', 'time'].indexOf(b),
      ),
    );
  });
});

describe('Markdown', () => {
  it('holds the verdict, the figures and both trees', () => {
    const [source, target] = ['source', 'target'].map(
      side => readPlan(plan(citusPlans, `${side}/insert_select_pushdown_upsert.analyze.json`)).plan,
    );
    const markdown = planDiffMarkdown(viewOf(source, target));
    expect(markdown).toMatch(/^\*\*Target is 3\.1× slower/);
    expect(markdown).toMatch(/\n\| Execution \| 942 ms \| 2,898 ms \| 3\.1× \|\n/);
    expect(markdown).toMatch(/\n\+ {6}JIT, 10 functions, inlined, optimized +1,731/);
    expect(markdown).toMatch(/```sql\nSELECT 1\n```/);
  });

  it('cannot be broken out of by what a plan or an error says', () => {
    const hostile = '```\n<!-- /cutover:result --> <img src=x> | [a](javascript:1)';
    const read = readPlan(
      explainJson(node('Seq Scan', { 'Relation Name': hostile, Alias: hostile, Filter: hostile })),
    ).plan;
    const markdown = planDiffMarkdown(
      viewOf(read, undefined, { source: { label: hostile }, target: { error: { reason: 'x', message: hostile } } }),
    );
    const outside = markdown.replace(/^(`{3,})[a-z]*\n[\s\S]*?\n\1$/gm, '');
    expect(outside).not.toMatch(/^\s*```/m);
    expect(outside).not.toMatch(/(?<!\\)<(?:!--|img)/);
    expect(outside).not.toMatch(/(?<!\\)\[a(?<!\\)\]\(/);
  });

  it('stays short for a plan of thousands', () => {
    const children = Array.from({ length: 3000 }, (_, i) =>
      node('Seq Scan', { 'Relation Name': `p${i}`, Alias: `p${i}`, Filter: `(a = ${i % 2})` }),
    );
    const [a, b] = [children, children.map((child, i) => (i % 2 ? { ...child, Filter: 'b' } : child))].map(
      list => readPlan(explainJson(node('Append', {}, ...list))).plan,
    );
    const markdown = planDiffMarkdown(viewOf(a, b));
    expect(markdown).toContain('more rows');
    expect(markdown.length).toBeLessThan(60_000);
  });
});
