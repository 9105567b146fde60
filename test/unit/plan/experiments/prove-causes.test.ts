import { describe, expect, it } from 'vitest';
import { withExperiments } from '../../../../src/plan/experiments/prove-causes';
import { type Cause, type Diagnosis, diagnosisSchema, type Experiment } from '../../../../src/shared/diagnosis';

function cause(id: string): Cause {
  return {
    id,
    side: 'target',
    title: id,
    meaning: '',
    confidence: 'observed',
    evidence: [{ what: 'seen', target: '1' }],
    reference: '',
    rows: [],
  };
}

function experiment(name: string, tests: string[], outcome: Experiment['outcome'], changedMs = 600): Experiment {
  const around = (median: number) => ({ median, low: median * 0.9, high: median * 1.1 });
  return {
    side: 'target',
    changed: [{ name, from: 'off', to: 'on' }],
    tests,
    unchangedMs: [1600],
    changedMs: [changedMs],
    unchanged: around(1600),
    changedTo: around(changedMs),
    ratio: around(changedMs / 1600),
    explainedShare: (1600 - changedMs) / 1000,
    outcome,
  };
}

const diagnosis: Diagnosis = {
  slower: 'target',
  differenceMs: 1000,
  sentence: '40 % of the 1.0 s is explained by 1 cause; 60 % is not.',
  causes: [cause('spill.sort'), cause('jit.forced')],
  experiments: [],
  notes: ['said before'],
};

describe('withExperiments', () => {
  it('verifies what an experiment explains, puts it first and says so', () => {
    const made = [
      experiment('work_mem', ['spill.sort'], 'noEffect', 1590),
      experiment('enable_nestloop', ['jit.forced'], 'explains'),
    ];
    const proven = diagnosisSchema.parse(withExperiments(diagnosis, made, ['said now']));
    expect(proven.causes.map(({ id, confidence }) => [id, confidence])).toEqual([
      ['jit.forced', 'verified'],
      ['spill.sort', 'observed'],
    ]);
    expect(proven.causes.map(({ evidence }) => evidence.at(-1))).toEqual([
      { what: 'Experiment: enable_nestloop = on', target: '1,600 ms → 600 ms' },
      { what: 'Experiment: work_mem = on', target: '1,600 ms → 1,590 ms, no effect' },
    ]);
    expect(proven.sentence).toBe(
      '40 % of the 1.0 s is explained by 1 cause; 60 % is not. Proven: with enable_nestloop = on it takes 600 ms instead of 1,600 ms, 100 % of the difference.',
    );
    expect(proven.notes).toEqual(['said before', 'said now']);
    // Again: what the first proof said is replaced, not repeated.
    const again = withExperiments(proven, made, ['said now']);
    expect(again).toEqual(proven);
  });
  it('leaves causes as they are that only helped, or of which plans alone were looked at', () => {
    for (const outcome of ['helps', 'planOnly', 'unclear', 'failed', 'cancelled'] as const) {
      const { causes } = withExperiments(diagnosis, [experiment('jit', ['jit.forced'], outcome)], []);
      expect(causes.map(({ confidence }) => confidence)).toEqual(['observed', 'observed']);
    }
  });
  it('makes a cause of a setting that explains and that no rule named', () => {
    const { causes } = diagnosisSchema.parse(withExperiments(diagnosis, [experiment('geqo', [], 'explains')], []));
    expect(causes[0]).toMatchObject({
      id: 'settings.planner',
      side: 'target',
      confidence: 'verified',
      explainedMs: 1000,
    });
    expect(causes[0]!.evidence).toContainEqual({ what: 'geqo', target: 'off', source: 'on' });
    expect(causes).toHaveLength(3);
  });
});
