import { describe, expect, it } from 'vitest';
import { diagnose } from '../../../../src/plan/causes/diagnose';
import { settingsRules } from '../../../../src/plan/causes/settings';
import { readPlan } from '../../../../src/plan/read';
import { explainJson, node } from '../fixtures';
import { contextOf, diagnosisOf, ids } from './contexts';
import { contextOfRecorded, factsOf, recorded } from './single-server';

describe('settings.planner', () => {
  it('names a kind of node that one side forbids', () => {
    const diagnosis = diagnose(contextOfRecorded('settings-hashjoin'));
    expect(ids(diagnosis)).toEqual(['settings.planner']);
    expect(diagnosis.causes[0]).toMatchObject({
      title:
        'With enable_hashjoin = off (source: on) the target has Nested Loop in place of Hash Join, which costs 149 ms more.',
      confidence: 'derived',
    });
  });

  it('names it by EXPLAIN (SETTINGS) when the catalogs were not read', () => {
    const diagnosis = diagnose(contextOfRecorded('settings-hashjoin', false));
    expect(diagnosis.causes[0]!.title).toContain('With enable_hashjoin = off (source: built-in)');
  });

  it('takes a setting of the database back there', () => {
    const [cause] = diagnose(contextOfRecorded('hash-aggregate-off')).causes;
    expect(cause!.id).toBe('settings.planner');
    expect(cause!.evidence[0]).toMatchObject({ what: 'enable_hashagg', target: 'off, set for the database lab' });
    expect(cause!.remedy!.steps).toMatchObject([
      { sql: 'ALTER DATABASE lab SET enable_hashagg = on;', rollback: 'ALTER DATABASE lab SET enable_hashagg = off;' },
    ]);
  });

  it('names a cost that moved the planner away from an index', () => {
    const [cause] = diagnose(contextOfRecorded('dear-random-pages')).causes;
    expect(cause!.id).toBe('settings.planner');
    expect(cause!.title).toMatch(/^With random_page_cost = 1000 \(source: 4\) the target has /);
    expect(cause!.remedy!.steps[0]!.sql).toBe('ALTER ROLE app IN DATABASE lab SET random_page_cost = 4;');
    expect(settingsRules[0]!.find(contextOfRecorded('dear-random-pages'))[0]!.settings).toEqual(['random_page_cost']);
  });

  it('says nothing of an index that is not there at all', () => {
    const { plans, facts } = recorded('dear-random-pages');
    facts.target.relations = facts.target.relations.map(facts => ({ ...facts, indexes: [] }));
    const context = contextOf(plans.source, plans.target, { facts });
    expect(settingsRules.flatMap(rule => rule.find(context))).toEqual([]);
  });

  it('needs a plan that shows it', () => {
    const { plans } = recorded('slow-processor');
    const costs = (value: string) => factsOf({ node: 'a:1', settings: [['random_page_cost', value, 'user']] });
    const context = contextOf(plans.source, plans.target, { facts: { source: costs('1.1'), target: costs('4') } });
    expect(settingsRules.flatMap(rule => rule.find(context))).toEqual([]);
  });

  it('sees another order of joins', () => {
    const scan = (name: string) => node('Seq Scan', { 'Relation Name': name, Alias: name, time: [0, 1], rows: 10 });
    const join = (ms: number, a: object, b: object) => node('Nested Loop', { time: [0, ms], rows: 10 }, a, b);
    const of = (ms: number, root: object) => readPlan(explainJson(root, { 'Execution Time': ms })).plan;
    const source = of(20, join(19, join(10, scan('a'), scan('b')), scan('c')));
    const target = of(200, join(199, join(190, scan('b'), scan('c')), scan('a')));
    const limit = (value: string) => factsOf({ node: 'a:1', settings: [['join_collapse_limit', value, 'user']] });
    const facts = { source: limit('8'), target: limit('1') };
    const diagnosis = diagnosisOf(source, target, { facts });
    expect(ids(diagnosis)).toEqual(['settings.planner']);
    expect(diagnosis.causes[0]!.title).toContain('joins in another order');
    expect(ids(diagnosisOf(source, target, { facts: { source: limit('8'), target: limit('8') } }))).toEqual([]);
  });
});

describe('nestloop.unavoidable', () => {
  it('goes without saying where it sets off JIT', () => {
    const context = contextOfRecorded('jit-forced');
    expect(settingsRules[1]!.find(context)).toMatchObject([{ account: 'jit', explainedMs: undefined }]);
    expect(ids(diagnose(context))).toEqual(['jit.forced']);
  });

  it('is named where the planner could not tell good plans from bad ones any more', () => {
    const inner = (ms: number) => node('Seq Scan', { 'Relation Name': 'b', Alias: 'b', time: [0, ms], rows: 9 });
    const outer = node('Seq Scan', { 'Relation Name': 'a', Alias: 'a', time: [0, 1], rows: 9 });
    const of = (ms: number, cost: number) =>
      readPlan(
        explainJson(
          { ...node('Nested Loop', { time: [0, ms] }, outer, inner(ms - 10)), 'Total Cost': cost },
          { 'Execution Time': ms },
        ),
      ).plan;
    const diagnosis = diagnosisOf(of(50, 900), of(800, 1e10 + 900));
    expect(diagnosis.causes).toMatchObject([{ id: 'nestloop.unavoidable', explainedMs: 750, confidence: 'observed' }]);
  });
});

describe('a remedy', () => {
  it('has no statement for what the connection itself sets', () => {
    const { plans } = recorded('settings-hashjoin');
    const of = (value: string, source: string) =>
      factsOf({ node: 'a:1', settings: [['enable_hashjoin', value, source]] });
    const facts = { source: of('on', 'default'), target: of('off', 'client') };
    const { remedy } = diagnosisOf(plans.source, plans.target, { facts }).causes[0]!;
    expect(remedy!.steps).toEqual([]);
    expect(remedy!.summary).toBe(
      "Give enable_hashjoin the source's value, on, in the options of the connection, which set it.",
    );
  });

  it('quotes what is no bare word', () => {
    const { plans } = recorded('spill-sort');
    const of = (value: string) => factsOf({ node: 'a:1', settings: [['work_mem', value, 'configuration file']] });
    const { causes } = diagnosisOf(plans.source, plans.target, {
      facts: { source: of("1'; DROP"), target: of('64kB') },
    });
    expect(causes[0]!.remedy!.steps[0]).toMatchObject({
      sql: "ALTER SYSTEM SET work_mem = '1''; DROP';\nSELECT pg_reload_conf();",
      rollback: "ALTER SYSTEM SET work_mem = '64kB';\nSELECT pg_reload_conf();",
    });
  });
});
