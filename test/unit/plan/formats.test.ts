import { describe, expect, it } from 'vitest';
import { PlanError } from '../../../src/plan/model';
import { operatorName } from '../../../src/plan/operator';
import { readPlan } from '../../../src/plan/read';
import { citusPlans, explainJson, node, plan, postgresqlPlans } from './fixtures';
import { viewOf } from './views';

describe('FORMAT TEXT', () => {
  it('says the same as FORMAT JSON of the same plan, on PostgreSQL 15, 17 and 18', () => {
    let compared = 0;
    for (const name of Object.keys(postgresqlPlans)) {
      const match = /^(\d+\/.*?)(\.verbose)?\.json$/.exec(name);
      // Grouping sets: a tree in JSON, lines in text, which do not compare.
      if (
        !match ||
        name.includes('/grouping.') ||
        name.includes('.analyze') ||
        name.includes('.notiming') ||
        name.includes('.serialize')
      )
        continue;
      const [json, text] = [plan(postgresqlPlans, name), plan(postgresqlPlans, name.replace(/json$/, 'txt'))];
      const view = viewOf(readPlan(json).plan, readPlan(text).plan);
      expect(view.differences, name).toEqual([]);
      expect(
        view.rows.filter(row => row.mark !== 'same'),
        name,
      ).toEqual([]);
      compared++;
    }
    expect(compared).toBeGreaterThan(300);
  });

  it('says the same as FORMAT JSON of the same Citus plan', () => {
    let compared = 0;
    for (const name of Object.keys(citusPlans)) {
      // prepared_*, explain_*: the text has what the JSON leaves out; merge and insert_select: another wording.
      if (!/^(?:source|target)\/[^.]*\.json$/.test(name) || /grouping|explain_dist|merge_rep|insert_select/.test(name))
        continue;
      const text = citusPlans[name.replace(/json$/, 'txt')];
      if (text === undefined) continue;
      const view = viewOf(readPlan(plan(citusPlans, name)).plan, readPlan(text).plan);
      expect(
        view.rows.filter(row => row.mark !== 'same'),
        name,
      ).toEqual([]);
      compared++;
    }
    expect(compared).toBeGreaterThan(120);
  });

  it('reads the same figures as FORMAT JSON where a task shows its plan', () => {
    const { plan: read } = readPlan(plan(citusPlans, 'target/multi_shard_group_by_dist_limit.analyze.txt'));
    const task = read.nodes.find(each => each.kind === 'task')!;
    const remote = read.statements.find(statement => statement.container === task.index)!;
    expect(remote.jit).toMatchObject({ functions: 19, inlining: true, optimization: true, totalMs: 1745.618 });
    expect(remote.planningMs).toBe(0.653);
    expect(remote.executionMs).toBeGreaterThan(1000);
    expect(read.statements[0]!.executionMs).toBeGreaterThan(remote.executionMs!);
    expect(read.nodes.filter(each => each.type === 'Gather Merge')).toHaveLength(1);
  });
});

describe("psql's layouts", () => {
  for (const format of ['json', 'text'] as const) {
    it(`gives the same plan in every layout of ${format}`, () => {
      const bare = readPlan(plan(postgresqlPlans, `psql/tuples.${format}`)).plan;
      expect(bare.nodes.map(operatorName)).toEqual([
        'Sort',
        'HashAggregate',
        'Hash Join',
        'Seq Scan',
        'Hash',
        'Seq Scan',
      ]);
      for (const name of Object.keys(postgresqlPlans)) {
        if (!name.startsWith('psql/') || !name.endsWith(`.${format}`)) continue;
        const { plan: read, problems } = readPlan(plan(postgresqlPlans, name));
        expect(problems, name).toEqual([]);
        expect(
          read.nodes.map(each => [each.type, each.parent, each.totalCost]),
          name,
        ).toEqual(bare.nodes.map(each => [each.type, each.parent, each.totalCost]));
      }
    });
  }

  it('takes off what surrounds the plan: a prompt, CRLF, timing, a byte order mark', () => {
    const text =
      '\uFEFFdb=# explain select 1;\r\n                QUERY PLAN                \r\n------------------------------------------\r\n Result  (cost=0.00..0.01 rows=1 width=4)\r\n(1 row)\r\n\r\nTime: 0.345 ms\r\n';
    expect(readPlan(text).plan.nodes).toMatchObject([{ type: 'Result', totalCost: 0.01, planRows: 1, planWidth: 4 }]);
  });

  it('reads what auto_explain logged, in both formats', () => {
    const prefix = '2026-11-22 18:00:00.123 UTC [42] LOG:  duration: 12.345 ms  plan:\n';
    const text = `${prefix}\tQuery Text: select *\n\tfrom t\n\twhere a = 1;\n\tSeq Scan on t  (cost=0.00..1.00 rows=3 width=4) (actual time=0.010..0.011 rows=3 loops=1)\n\t  Filter: (a = 1)\n`;
    const { plan: fromText } = readPlan(text);
    expect(fromText.nodes).toMatchObject([{ relation: 't', actualRows: 3 }]);
    expect(fromText.nodes[0]!.properties.text('Filter')).toBe('(a = 1)');
    expect(fromText.statements[0]!.properties.text('Query Text')).toBe('select *\nfrom t\nwhere a = 1;');
    const json = `${prefix}\t{\n\t  "Query Text": "select 1;",\n\t  "Plan": {\n\t    "Node Type": "Result",\n\t    "Total Cost": 0.01\n\t  }\n\t}\n`;
    const { plan: fromJson } = readPlan(json);
    expect(fromJson.nodes).toMatchObject([{ type: 'Result', totalCost: 0.01 }]);
    expect(fromJson.statements[0]!.properties.text('Query Text')).toBe('select 1;');
  });
});

describe('a text that is no plan', () => {
  const reasonOf = (text: string): PlanError => {
    try {
      readPlan(text);
    } catch (error) {
      if (error instanceof PlanError) return error;
    }
    throw new Error('was read');
  };

  it('is refused with a reason and what to do', () => {
    expect(reasonOf(' \n ')).toMatchObject({ reason: 'empty' });
    expect(reasonOf(plan(citusPlans, 'target/format_xml.txt'))).toMatchObject({ reason: 'format', line: 1 });
    expect(reasonOf(plan(citusPlans, 'target/format_yaml.txt')).message).toMatch(/FORMAT YAML.*FORMAT JSON/);
    expect(reasonOf('[{"a": 1}]')).toMatchObject({ reason: 'noPlan' });
    expect(reasonOf('hello, world').message).toContain('"hello, world"');
    expect(reasonOf('{}')).toMatchObject({ reason: 'noPlan' });
    expect(reasonOf('SELECT * FROM t WHERE a = 1;')).toMatchObject({ reason: 'noPlan' });
    expect(reasonOf('ERROR:  relation "t" does not exist')).toMatchObject({ reason: 'noPlan' });
  });
});

describe('JSON', () => {
  it('keeps integers beyond 2^53, decimals as written, and repeated names', () => {
    const text =
      '[{"Plan": {"Node Type": "Sort", "Total Cost": 10.10, "Workers": [{"Worker Number": 0, "Sort Method": "quicksort"}], "Workers": [{"Worker Number": 0, "Actual Rows": 7}]}, "Query Identifier": -4469422116478940924}]';
    const { plan: read, problems } = readPlan(text);
    expect(problems).toEqual([]);
    expect(read.statements[0]!.queryIdentifier).toBe('-4469422116478940924');
    expect(read.nodes[0]!.properties.text('Total Cost')).toBe('10.10');
    expect(read.nodes[0]!.properties.names.filter(name => name === 'Workers')).toHaveLength(2);
  });

  it('reads escapes, numbers of all kinds and keys in any order', () => {
    const text =
      '{"JIT":{"Functions":2},"Plan":{"Plans":[{"Node Type":"Seq Scan","Relation Name":"caf\\u00e9 \\"x\\" \\\\","Filter":"(a = \'\\n\\t\')","Plan Rows":1e3,"Total Cost":-0.5}],"Node Type":"Limit"}}';
    const { plan: read } = readPlan(text);
    expect(read.nodes.map(each => each.type)).toEqual(['Limit', 'Seq Scan', 'JIT']);
    expect(read.nodes[1]).toMatchObject({ relation: 'café "x" \\', planRows: 1000, totalCost: -0.5, parent: 0 });
    expect(read.nodes[1]!.properties.text('Filter')).toBe("(a = '\n\t')");
    expect(read.nodes[2]).toMatchObject({ kind: 'jit', parent: 0 });
  });

  it('reads exactly the numbers JSON.parse reads', () => {
    for (const number of [
      '0',
      '-0.001',
      '123456.789',
      '0.1',
      '9007199254740993',
      '12345678901234567890',
      '1.7976931348623157e308',
      '5e-324',
      '99999999999999.95',
    ]) {
      const { plan: read } = readPlan(`[{"Plan":{"Node Type":"Result","Total Cost":${number}}}]`);
      expect(read.nodes[0]!.totalCost, number).toBe(JSON.parse(number));
    }
  });

  it('reads up to where a text was cut off, wherever that is, and says so', () => {
    const whole = plan(citusPlans, 'target/cte_two_subplans.analyze.json');
    for (let end = 60; end < whole.length - 3; end += 211) {
      const { plan: read, problems } = readPlan(whole.slice(0, end));
      expect(read.nodes.length, `cut at ${end}`).toBeGreaterThan(0);
      expect(problems.join(), `cut at ${end}`).toContain('ends early');
    }
  });

  it('reads several statements, as rules make them, and statements without a plan', () => {
    const { plan: read } = readPlan(plan(postgresqlPlans, '15/delete_rule.json'));
    expect(read.statements.map(statement => statement.container)).toEqual([-1, -1]);
    const { plan: text } = readPlan(plan(postgresqlPlans, '15/delete_rule.txt'));
    expect(text.nodes.map(each => each.type)).toEqual(read.nodes.map(each => each.type));
    const { plan: utility } = readPlan('["Utility Statement"]');
    expect(utility.nodes).toMatchObject([{ kind: 'utility', type: 'Utility Statement' }]);
  });

  it('reads the inside of Plan alone, and a list in a list', () => {
    expect(readPlan('{"Node Type": "Seq Scan", "Relation Name": "t"}').plan.nodes).toMatchObject([{ relation: 't' }]);
    expect(readPlan(`[${explainJson(node('Result', {}))}]`).plan.nodes).toHaveLength(1);
  });

  it('keeps names it does not know, and plans below them', () => {
    const root = {
      ...node('Custom Scan', {}),
      'New In 2031': { deep: [1, { er: true }] },
      'Some Query': [{ Plan: node('Seq Scan', { 'Relation Name': 't' }), 'Planning Time': 2 }],
    };
    const { plan: read } = readPlan(explainJson(root));
    expect(read.nodes.map(each => each.type)).toEqual(['Custom Scan', 'Seq Scan']);
    expect(read.statements[1]).toMatchObject({ container: 0, label: 'Some Query', planningMs: 2 });
    expect(read.nodes[0]!.properties.get('New In 2031')).toBeDefined();
  });

  it('reads a plan 100,000 deep', () => {
    const depth = 100_000;
    const text = `[{"Plan":${'{"Node Type":"Materialize","Plans":['.repeat(depth)}{"Node Type":"Result"}${']}'.repeat(depth)}}]`;
    const { plan: read, problems } = readPlan(text);
    expect(problems).toEqual([]);
    expect(read.nodes).toHaveLength(depth + 1);
    expect(read.nodes[depth]).toMatchObject({ depth, type: 'Result' });
  });
});
