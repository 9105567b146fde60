import type { Cause, Diagnosis } from '../../../src/shared/diagnosis';

export const cause: Cause = {
  id: 'jit.forced',
  side: 'target',
  title: 'enable_nestloop = off (role app_owner) sets off 680 ms of JIT',
  meaning: 'The penalty in its cost sets off JIT.',
  confidence: 'verified',
  explainedMs: 680,
  explainedShare: 0.54,
  evidence: [{ what: 'jit', source: 'off', target: 'on', node: '10.1.0.1:5432' }],
  remedy: {
    summary: 'Switch JIT off for the role.',
    side: 'target',
    steps: [
      {
        on: 'coordinator',
        sql: 'ALTER ROLE app_owner SET jit = off;',
        lock: 'none',
        rollback: 'ALTER ROLE app_owner RESET jit;',
      },
    ],
    verify: 'Explain again.',
  },
  reference: 'documentation, "When to JIT?"',
  rows: [],
};

/** Of the example view: half of its difference, proven. */
export const diagnosis: Diagnosis = {
  slower: 'target',
  differenceMs: 1267,
  explainedShare: 0.54,
  sentence: '54 % of the 1,267 ms is explained.',
  causes: [cause],
  experiments: [
    {
      side: 'target',
      changed: [{ name: 'jit', from: 'on', to: 'off' }],
      tests: ['jit.forced'],
      planChanged: true,
      unchangedMs: [1323, 1330],
      changedMs: [82, 84],
      unchanged: { median: 1326, low: 1323, high: 1330 },
      changedTo: { median: 83, low: 82, high: 84 },
      ratio: { median: 0.06, low: 0.06, high: 0.06 },
      explainedShare: 0.98,
      outcome: 'explains',
    },
  ],
  notes: [],
};
