import { describe, expect, it } from 'vitest';
import { diagnose } from '../../../../src/plan/causes/diagnose';
import type { SideFacts } from '../../../../src/plan/causes/facts';
import { jitRules } from '../../../../src/plan/causes/jit';
import { readPlan } from '../../../../src/plan/read';
import { citusPlans, plan } from '../fixtures';
import { contextOf, diagnosisOf, ids } from './contexts';
import { contextOfRecorded, factsOf, recorded } from './single-server';

describe('jit.forced', () => {
  it('names the setting, its scope, and what it cost', () => {
    const diagnosis = diagnose(contextOfRecorded('jit-forced'));
    expect(ids(diagnosis)).toEqual(['jit.forced']);
    expect(diagnosis.sentence).toBe('100 % of the 179 ms is explained by 1 cause.');
    expect(diagnosis.causes[0]).toMatchObject({
      side: 'target',
      confidence: 'observed',
      title:
        'enable_nestloop = off (set for the role app) sets off 183 ms of JIT on the target: the plan costs 1.00e10, without the penalty 917.',
    });
    expect(diagnosis.causes[0]!.evidence).toContainEqual({
      what: 'enable_nestloop',
      source: 'on, built-in value',
      target: 'off, set for the role app',
      node: '10.0.0.2:5432',
    });
  });

  it('offers both ways out, each with its way back', () => {
    const { remedy } = diagnose(contextOfRecorded('jit-forced')).causes[0]!;
    expect(remedy!.steps.map(({ on, sql, rollback }) => [on, sql, rollback])).toEqual([
      ['coordinator', 'ALTER ROLE app SET jit = off;', 'ALTER ROLE app RESET jit;'],
      [
        'coordinator',
        '-- Or instead, so that the planner may choose freely:\nALTER ROLE app RESET enable_nestloop;',
        'ALTER ROLE app SET enable_nestloop = off;',
      ],
    ]);
  });

  it('offers experiments only with what differs', () => {
    const settings = (scenario: string) => jitRules[0]!.find(contextOfRecorded(scenario))[0]!.settings;
    expect(settings('jit-forced')).toEqual(['enable_nestloop', 'jit']);
    expect(settings('jit-forced-jit-on-both')).toEqual(['enable_nestloop']);
  });

  it('is seen in plans that were not executed', () => {
    const diagnosis = diagnose(contextOfRecorded('jit-forced-planned'));
    expect(ids(diagnosis)).toEqual(['jit.forced']);
    expect(diagnosis.sentence).toBe('Neither side was executed; 1 cause found.');
    expect(diagnosis.causes[0]!.explainedMs).toBeUndefined();
  });

  it('is told by the plan alone where settings could not be read', () => {
    const diagnosis = diagnose(contextOfRecorded('jit-forced', false));
    expect(ids(diagnosis)).toEqual(['jit.forced']);
    // EXPLAIN (SETTINGS) names the value, not who set it.
    expect(diagnosis.causes[0]!.title).toContain('enable_nestloop = off (scope not read)');
    expect(diagnosis.notes).toHaveLength(2);
  });

  it('counts when the source was not executed', () => {
    const { target } = recorded('jit-forced').plans;
    const planned = recorded('jit-forced-planned').plans.source;
    const diagnosis = diagnosisOf(planned, target);
    expect(ids(diagnosis)[0]).toBe('jit.forced');
    expect(diagnosis.sentence).toBe(
      "The source was not executed; of the target's 186 ms, 183 ms is explained by 1 cause.",
    );
  });

  it('is none from PostgreSQL 18 on, which counts disabled nodes apart', () => {
    const { plans } = recorded('jit-forced');
    const found = diagnosisOf(plans.source, plans.target, { majors: { source: 15, target: 18 } });
    expect(ids(found)).not.toContain('jit.forced');
  });

  it('is found in the tasks of Citus, with steps for the workers', () => {
    const { plans } = recorded('citus-jit-forced');
    const nodes = (value: string, source: string): SideFacts => ({
      ...factsOf(
        { node: '10.0.0.2:5432', settings: [['enable_nestloop', value, source]] },
        { node: '10.0.0.3:5432', role: 'worker', settings: [['enable_nestloop', value, source]] },
      ),
      scoped: [{ node: '10.0.0.3:5432', scope: 'role', owner: '"App"', name: 'enable_nestloop', value }],
    });
    const facts = { source: nodes('on', 'default'), target: nodes('off', 'user') };
    const diagnosis = diagnosisOf(plans.source, plans.target, { facts });
    expect(ids(diagnosis)).toEqual(['jit.forced']);
    const [cause] = diagnosis.causes;
    expect(cause!.explainedMs).toBeGreaterThan(0.5 * diagnosis.differenceMs!);
    expect(cause!.evidence.find(({ what }) => what === 'JIT of a task')?.node).toMatch(/^127\.0\.0\.1:\d+$/);
    expect(cause!.evidence.filter(({ what }) => what === 'Tasks shown that compile')).not.toEqual([]);
    expect(cause!.remedy!.steps.map(({ on, sql }) => [on, sql]).slice(0, 2)).toEqual([
      ['coordinator', 'ALTER ROLE "App" SET jit = off;'],
      ['workers', 'SET citus.enable_ddl_propagation = off;\nALTER ROLE "App" SET jit = off;'],
    ]);
  });

  it('is none where both sides compile alike', () => {
    const { target } = recorded('jit-forced').plans;
    expect(jitRules.flatMap(rule => rule.find(contextOf(target, target)))).toEqual([]);
    const slower = readPlan(
      JSON.stringify([{ Plan: { 'Node Type': 'Result' }, 'Execution Time': 1000, 'Planning Time': 1 }]),
    ).plan;
    expect(ids(diagnosisOf(slower, target))).toEqual([]);
  });
});

describe('jit.compiles', () => {
  it('suggests the thresholds when those differ', () => {
    const diagnosis = diagnose(contextOfRecorded('jit-compiles'));
    expect(ids(diagnosis)).toEqual(['jit.compiles']);
    expect(diagnosis.causes[0]!.title).toBe('JIT compilation takes 158 ms on the target, 88 % of its execution.');
    expect(diagnosis.causes[0]!.remedy!.steps[0]).toMatchObject({
      on: 'coordinator',
      sql: 'ALTER ROLE app SET jit_above_cost = 100000;',
      rollback: 'ALTER ROLE app SET jit_above_cost = 10;',
    });
  });

  it('is found on the workers of Citus where the coordinator compiles nothing', () => {
    const diagnosis = diagnose(contextOfRecorded('citus-jit-on-workers', false));
    expect(ids(diagnosis)).toEqual(['jit.compiles']);
    expect(diagnosis.causes[0]!.title).toMatch(/ in the task on 127\.0\.0\.1:\d+, \d+ % of its execution\.$/);
  });

  it('never exceeds the difference, in any recorded plan of Citus', () => {
    const names = Object.keys(citusPlans).filter(name => /^source\/.*analyze\.json$/.test(name));
    expect(names.length).toBeGreaterThan(20);
    let compiled = 0;
    for (const name of names) {
      const other = name.replace('source/', 'target/');
      if (citusPlans[other] === undefined) continue;
      const read = (from: string) => readPlan(plan(citusPlans, from)).plan;
      const diagnosis = diagnosisOf(read(name), read(other));
      if (ids(diagnosis).includes('jit.compiles')) compiled++;
      expect(diagnosis.notes.filter(note => note.includes('failed'))).toEqual([]);
      expect(diagnosis.explainedShare ?? 0).toBeLessThanOrEqual(1);
      const compiles = read(diagnosis.slower === 'source' ? name : other).statements.some(({ jit }) => jit);
      if (!compiles) expect(ids(diagnosis)).not.toContain('jit.compiles');
    }
    expect(compiled).toBeGreaterThan(5);
  });
});

describe('jit.absent', () => {
  it('is suspected where the other side gains by compiling', () => {
    const diagnosis = diagnose(contextOfRecorded('jit-absent'));
    expect(diagnosis.causes[0]).toMatchObject({ id: 'jit.absent', side: 'target', confidence: 'suspected' });
    expect(ids(diagnosis)).not.toContain('cpu.slower');
  });
});
