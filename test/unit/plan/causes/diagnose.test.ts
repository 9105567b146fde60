import { describe, expect, it } from 'vitest';
import { causeContext } from '../../../../src/plan/causes/context';
import { diagnoseInDetail } from '../../../../src/plan/causes/diagnose';
import type { FoundCause, Rule } from '../../../../src/plan/causes/rule';
import { readPlan } from '../../../../src/plan/read';
import { diagnosisSchema } from '../../../../src/shared/diagnosis';
import { explainJson, node } from '../fixtures';
import { generatePlan } from '../generated-plans';
import { contextOf, diagnosisOf } from './contexts';

const scan = (ms: number, executionMs = ms, planningMs = 1) =>
  readPlan(
    explainJson(node('Seq Scan', { 'Relation Name': 't', Alias: 't', time: [0, ms], rows: 10 }), {
      'Planning Time': planningMs,
      'Execution Time': executionMs,
    }),
  ).plan;

function rule(id: string, found: Partial<FoundCause>, supersedes: string[] = []): Rule {
  const whole: FoundCause = {
    title: `${id} found.`,
    confidence: 'observed',
    explainedMs: undefined,
    account: id,
    evidence: [],
    rows: [],
    settings: [],
    ...found,
  };
  return { id, meaning: 'It means something.', reference: 'A book', supersedes, find: () => [whole] };
}

describe('diagnose', () => {
  const context = contextOf(scan(100), scan(1300));

  it('finds the slower side and the difference', () => {
    expect(context).toMatchObject({ slower: 'target', faster: 'source', differenceMs: 1200 });
    expect(contextOf(scan(1300), scan(100))).toMatchObject({ slower: 'source', differenceMs: 1200 });
  });

  it('has nothing to compare without one of the plans', () => {
    const parts = { matches: context.matches, rows: [], majors: context.majors, facts: context.facts };
    expect(causeContext({ plans: { source: undefined, target: scan(1) }, ...parts })).toBeUndefined();
  });

  it('says of equal times that they are', () => {
    const { diagnosis } = diagnoseInDetail(contextOf(scan(100), scan(105)), [rule('a', { explainedMs: 5 })]);
    expect(diagnosis).toEqual({ sentence: 'Nothing differs beyond noise.', causes: [], experiments: [], notes: [] });
  });

  it('counts planning when it differs by more than cold caches', () => {
    expect(contextOf(scan(10, 10, 3), scan(10, 10, 1)).differenceMs).toBe(0);
    expect(contextOf(scan(10, 10, 300), scan(10, 10, 1))).toMatchObject({ slower: 'source', differenceMs: 299 });
  });

  it('counts what shares an account once and puts first what explains most', () => {
    const { diagnosis, found } = diagnoseInDetail(context, [
      rule('little', { explainedMs: 150, settings: ['work_mem'] }),
      rule('unproven', { explainedMs: 606, account: 'jit', confidence: 'suspected' }),
      rule('most', { explainedMs: 606, account: 'jit' }),
      rule('untold', {}),
    ]);
    expect(diagnosis.causes.map(({ id }) => id)).toEqual(['most', 'unproven', 'little', 'untold']);
    expect(diagnosis.explainedShare).toBeCloseTo(756 / 1200);
    expect(diagnosis.sentence).toBe('63 % of the 1.2 s is explained by 3 causes; 37 % is not.');
    expect(found[2]!.settings).toEqual(['work_mem']);
  });

  it('leaves out what goes without saying', () => {
    const general = rule('general', { account: 'jit', explainedMs: 500 });
    const other = rule('general', { account: 'row 0', explainedMs: 400 });
    const special = rule('special', { account: 'jit', explainedMs: 500 }, ['general']);
    const { diagnosis } = diagnoseInDetail(context, [general, other, special]);
    expect(diagnosis.causes.map(({ id, explainedMs }) => [id, explainedMs])).toEqual([
      ['special', 500],
      ['general', 400],
    ]);
  });

  it('never explains more than there is', () => {
    const { diagnosis } = diagnoseInDetail(context, [rule('a', { explainedMs: 900 }), rule('b', { explainedMs: 900 })]);
    expect(diagnosis.explainedShare).toBe(1);
    expect(diagnosis.sentence).toBe('100 % of the 1.2 s is explained by 2 causes.');
  });

  it('goes on when a rule fails, and says so', () => {
    const failing: Rule = {
      ...rule('broken', {}),
      find: () => {
        throw new Error('no such thing');
      },
    };
    const { diagnosis } = diagnoseInDetail(context, [failing, rule('sound', { explainedMs: 10 })]);
    expect(diagnosis.causes.map(({ id }) => id)).toEqual(['sound']);
    expect(diagnosis.notes).toContain('The rule broken failed and says nothing: no such thing');
  });

  it('suspects the side that was executed when only one was', () => {
    const planned = readPlan(explainJson(node('Seq Scan', { 'Relation Name': 't', Alias: 't' }))).plan;
    expect(diagnosisOf(planned, scan(500)).sentence).toMatch(/^The source was not executed/);
    expect(contextOf(scan(500), planned).slower).toBe('source');
    const { diagnosis } = diagnoseInDetail(contextOf(planned, scan(500)), [rule('a', { explainedMs: 400 })]);
    expect(diagnosis.sentence).toBe(
      "The source was not executed; of the target's 500 ms, 400 ms is explained by 1 cause.",
    );
    expect(diagnosis.differenceMs).toBeUndefined();
    expect(contextOf(planned, planned).slower).toBe('target');
  });

  it('takes any two plans', () => {
    for (let seed = 1; seed <= 25; seed++) {
      const plans = [seed, seed % 3 ? seed + 1000 : seed].map(
        (s, i) => readPlan(JSON.stringify(generatePlan(1 + ((seed * 7) % 90) + i, s, (seed % 10) / 10))).plan,
      );
      const diagnosis = diagnosisOf(plans[0]!, plans[1]!);
      expect(diagnosisSchema.parse(diagnosis)).toEqual(diagnosis);
      expect(diagnosis.notes.filter(note => note.includes('failed'))).toEqual([]);
      const mirrored = diagnosisOf(plans[1]!, plans[0]!);
      expect(mirrored.causes.map(({ id }) => id).sort()).toEqual(diagnosis.causes.map(({ id }) => id).sort());
      expect(diagnosisOf(plans[0]!, plans[0]!).causes).toEqual([]);
    }
  });
});
