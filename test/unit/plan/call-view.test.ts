import { describe, expect, test } from 'vitest';
import { diagnoseCall } from '../../../src/plan/call-diagnosis';
import { callAsPlanDiff } from '../../../src/plan/call-view';
import { planDiffView } from '../../../src/plan/view';
import type { Cause } from '../../../src/shared/diagnosis';
import type { CallView, NestedStatement } from '../../../src/shared/nested';
import { type PlanDiffView, planDiffViewSchema } from '../../../src/shared/plan-diff';

const side = (name: 'source' | 'target') => ({ side: name, label: name, color: 'charts.blue', sent: [], notices: [] });
const base = {
  id: 'x',
  at: '2026-11-23T00:00:00Z',
  migration: 'eu',
  analyzed: true,
  source: side('source'),
  target: side('target'),
};
const statementOf = (sql: string): PlanDiffView['statement'] => ({ sql, title: sql, class: 'write', parameters: [] });

const jit = (explainedMs: number): Cause => ({
  id: 'jit.forced',
  side: 'target',
  title: `JIT took ${explainedMs} ms.`,
  meaning: 'A setting sets off JIT.',
  confidence: 'observed',
  explainedMs,
  evidence: [],
  reference: 'costsize.c',
  rows: [4],
});

function nested(
  id: string,
  sourceMs: number,
  targetMs: number,
  changes: Partial<NestedStatement> & { causes?: Cause[] } = {},
): NestedStatement {
  const { causes, ...rest } = changes;
  const sql = `INSERT ${id}`;
  const view = planDiffView({ ...base, statement: statementOf(sql) });
  const diagnosis =
    causes && ({ slower: 'target', sentence: '', causes, experiments: [], notes: ['from a statement'] } as const);
  const parent = id.includes('.') ? { parent: id.slice(0, id.lastIndexOf('.')) } : {};
  return {
    id,
    ...parent,
    depth: id.split('.').length - 1,
    sql,
    title: sql,
    class: 'write',
    source: { timeFrom: 'autoExplain', calls: 1, executionMs: sourceMs, share: sourceMs / 100 },
    target: { timeFrom: 'autoExplain', calls: 1, executionMs: targetMs, share: targetMs / 400 },
    unresolved: [],
    ...(diagnosis
      ? {
          view: {
            ...view,
            diagnosis: { ...diagnosis, causes: [...causes], experiments: [], notes: [...diagnosis.notes] },
          },
        }
      : {}),
    ...rest,
  };
}

const ran = (executionMs: number) => ({ executed: true, executionMs, how: [], missing: [] });
const callOf = (statements: NestedStatement[], source: CallView['source'] = ran(100), target = ran(400)): CallView => ({
  source,
  target,
  statements,
  notes: ['a note'],
});

describe('a call as a plan diff', () => {
  test('has a row for the call and one for each statement, with times of their own', () => {
    const call = callOf([nested('1', 60, 60), nested('1.1', 50, 20), nested('2', 30, 300)]);
    delete call.statements[2]!.source;
    const view = callAsPlanDiff({ ...base, statement: statementOf('CALL p()'), call });
    expect(planDiffViewSchema.parse(view)).toEqual(view);
    expect(view.rows.map(({ depth, descendants, mark }) => [depth, descendants, mark])).toEqual([
      [0, 3, 'same'],
      [1, 1, 'same'],
      [2, 0, 'same'],
      [1, 0, 'targetOnly'],
    ]);
    expect(view.rows.map(({ target }) => [target!.totalMs, target!.selfMs])).toEqual([
      [400, 40],
      [60, 40],
      [20, 20],
      [300, 300],
    ]);
    expect(view.rows[3]!.target!.detail).toBe('75 % of the call');
    expect(view.verdict).toMatchObject({
      ratio: 4,
      tone: 'slower',
      sentence: 'Target is 4.0× slower: 400 ms against 100 ms, 3 statements inside it.',
    });
    expect(view.source).toMatchObject({ status: 'ok', executionMs: 100 });
    expect(view.notes).toContain('a note');
  });

  test('compares no times where a side did not run it', () => {
    const call = callOf([], { executed: false, how: [], missing: [] });
    const { verdict } = callAsPlanDiff({ ...base, statement: statementOf('CALL p()'), call });
    expect(verdict).toMatchObject({ basis: 'none', tone: 'unknown' });
    expect(verdict.sentence).toContain('Target ran the call in 400 ms; it did not run on the source');
  });
});

describe('why a call is slower', () => {
  test('is said once for all its statements, with the time in the call', () => {
    const loop = nested('2', 10, 90, {
      causes: [jit(20)],
      target: { timeFrom: 'statistics', calls: 10, executionMs: 90 },
    });
    const diagnosis = diagnoseCall(callOf([nested('1', 60, 200, { causes: [jit(120)] }), loop]))!;
    // Ten calls of 20 ms would be more than the 90 ms they took.
    expect(diagnosis).toMatchObject({
      slower: 'target',
      differenceMs: 300,
      explainedShare: 0.7,
      sentence: '70 % of the 300 ms is explained by 1 cause in its statements.',
      notes: ['from a statement'],
      causes: [
        {
          title: 'JIT took 120 ms. The same in 1 more of its statements.',
          explainedMs: 210,
          explainedShare: 0.7,
          rows: [1, 2],
        },
      ],
    });
  });

  test('is not asked when the calls took about as long, nor told when nothing was diagnosed', () => {
    const statements = [nested('1', 60, 200, { causes: [jit(120)] })];
    expect(diagnoseCall(callOf(statements, ran(400), ran(401)))).toMatchObject({
      causes: [],
      sentence: 'Nothing differs beyond noise.',
    });
    expect(diagnoseCall(callOf([nested('1', 1, 1)]))).toBeUndefined();
  });
});
