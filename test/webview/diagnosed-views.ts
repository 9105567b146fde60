/** The rollup's view with causes and experiments, checked against the schema the host speaks. */
import type { Cause, Diagnosis, Experiment } from '../../src/shared/diagnosis';
import { type CallView, callViewSchema } from '../../src/shared/nested';
import { type PlanDiffView, planDiffViewSchema } from '../../src/shared/plan-diff';
import { rollupSql, rollupView } from './views';

const jitForced: Cause = {
  id: 'jit.forced',
  side: 'target',
  title:
    'JIT compiles in every task of the target, 2,161 ms of 2,799 ms; the penalty of enable_nestloop = off (role app_owner) forces it',
  meaning:
    'A setting forbids the only plan there is; the penalty in its cost makes JIT compile what needs no compiling.',
  confidence: 'observed',
  explainedMs: 2161,
  explainedShare: 0.87,
  evidence: [
    { what: 'JIT of the slowest task', source: 'none', target: '2,161 ms, inlined, optimized', node: '10.0.2.11:5432' },
    { what: 'enable_nestloop', source: 'on', target: 'off (role app_owner)', node: '10.0.2.10:5432' },
    { what: 'cost without the penalty', source: '2,619', target: '2,619 of 1.00e10' },
  ],
  remedy: {
    summary: 'Switch JIT off for the role, as it is on the source.',
    side: 'target',
    steps: [
      {
        on: 'coordinator',
        sql: 'ALTER ROLE "app_owner" SET jit = off;',
        lock: 'none; new sessions have it',
        rollback: 'ALTER ROLE "app_owner" RESET jit;',
      },
      {
        on: 'workers',
        sql: 'ALTER ROLE "app_owner" SET jit = off;',
        lock: 'none; new sessions have it',
        rollback: 'ALTER ROLE "app_owner" RESET jit;',
      },
    ],
    verify: 'Explain Analyze again: no line JIT in any task.',
  },
  reference: 'PostgreSQL documentation, 32.2 When to JIT?',
  rows: [1],
};

const spill: Cause = {
  id: 'spill.sort',
  side: 'target',
  title: 'The sort of one task spills to disk: work_mem is 4MB on the target, 64MB on the source',
  meaning: 'A sort that does not fit into work_mem goes through temporary files.',
  confidence: 'derived',
  explainedMs: 173,
  explainedShare: 0.07,
  evidence: [{ what: 'Sort Method', source: 'quicksort, 197 kB', target: 'external merge, 312 kB' }],
  reference: 'PostgreSQL documentation, 20.4.1 Memory: work_mem',
  rows: [4],
};

const proven: Experiment = {
  side: 'target',
  changed: [{ name: 'jit', from: 'on', to: 'off' }],
  tests: ['jit.forced'],
  planChanged: true,
  workersHeard: true,
  unchangedMs: [2799, 2834, 2912, 2765, 2803],
  changedMs: [390, 402, 377, 410, 395],
  unchanged: { median: 2803, low: 2765, high: 2912 },
  changedTo: { median: 395, low: 377, high: 410 },
  ratio: { median: 0.141, low: 0.13, high: 0.148 },
  explainedShare: 0.97,
  outcome: 'explains',
};

const refuted: Experiment = {
  side: 'target',
  changed: [{ name: 'random_page_cost', from: '1.1', to: '4' }],
  tests: [],
  planChanged: false,
  workersHeard: true,
  unchangedMs: [],
  changedMs: [],
  outcome: 'planOnly',
  note: 'The plan stays the same: nothing to time.',
};

/** The rollup with its causes named. */
export function diagnosedView(): PlanDiffView {
  const diagnosis: Diagnosis = {
    slower: 'target',
    differenceMs: 2478,
    explainedShare: 0.94,
    sentence: '94 % of the 2,478 ms is explained by 2 causes.',
    causes: [jitForced, spill],
    experiments: [],
    notes: ['pg_stats of analytics.events on 10.0.2.12:5432: GRANT SELECT ON analytics.events TO app_reader'],
  };
  return planDiffViewSchema.parse({ ...rollupView(), diagnosis });
}

/** The same after Prove. */
export function provenView(): PlanDiffView {
  const view = diagnosedView();
  const [first, ...others] = view.diagnosis!.causes;
  const causes = [{ ...first!, confidence: 'verified' as const }, ...others];
  return { ...view, diagnosis: { ...view.diagnosis!, causes, experiments: [proven, refuted] } };
}

/** What runs inside `CALL analytics.create_rollup(…)`, measured on the target and planned on the source. */
export function rollupCall(): CallView {
  return callViewSchema.parse({
    source: { executed: false, how: ['read from the body of analytics.create_rollup(date,date)'], missing: [] },
    target: {
      executed: true,
      executionMs: 2840,
      how: ['citus.log_remote_commands', 'pg_stat_statements of the coordinator and 2 workers'],
      missing: [],
    },
    statements: [
      {
        id: '1',
        depth: 0,
        sql: rollupSql,
        title: 'INSERT INTO analytics.rollups …',
        class: 'write',
        routine: 'analytics.create_rollup(date,date)',
        line: 4,
        source: { executionMs: 321, timeFrom: 'explainAnalyze' },
        target: {
          calls: 1,
          executionMs: 2799,
          share: 0.985,
          timeFrom: 'statistics',
          jitMs: 2161,
          nodes: [{ node: '10.0.2.11:5432', calls: 4, totalMs: 11_100, jitMs: 8_400 }],
        },
        view: rollupView(),
        unresolved: [],
      },
      {
        id: '1.1',
        parent: '1',
        depth: 1,
        sql: 'UPDATE analytics.rollup_state SET last = $1',
        title: 'UPDATE analytics.rollup_state SET last = $1',
        class: 'write',
        target: { calls: 8, executionMs: 0.8, share: 0.0003, timeFrom: 'statistics' },
        unresolved: ['The value of $1 is not known.'],
      },
    ],
    notes: [],
  });
}
