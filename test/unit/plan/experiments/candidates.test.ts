import { describe, expect, it } from 'vitest';
import type { NodeFacts, SideFacts } from '../../../../src/plan/causes/facts';
import { actsThroughPlan, candidates, settingsOf } from '../../../../src/plan/experiments/candidates';
import { readPlan } from '../../../../src/plan/read';

function node(role: NodeFacts['role'], settings: Record<string, string>): NodeFacts {
  return {
    node: `${role}:5432`,
    role,
    groupId: role === 'worker' ? 1 : 0,
    versionNum: 150018,
    jitAvailable: true,
    settings: new Map(
      Object.entries(settings).map(([name, value]) => [name, { value, source: 'user', builtIn: undefined }]),
    ),
    error: undefined,
  };
}

function side(...nodes: NodeFacts[]): SideFacts {
  return { nodes, scoped: [], relations: [], waits: undefined, connections: [], unread: [] };
}

const noBuiltIns = new Map<string, string>();

function wanted(source: SideFacts, target: SideFacts, causes: { id: string; settings: string[] }[] = []) {
  const values = (facts: SideFacts) => settingsOf(facts, undefined, noBuiltIns);
  return candidates({ causes, slower: values(target), other: values(source) });
}

describe('candidates', () => {
  it('tries what the causes name first, then what else differs, each as it is on the other side', () => {
    const source = side(node('coordinator', { work_mem: '64MB', enable_nestloop: 'on', jit: 'off', geqo: 'on' }));
    const target = side(node('coordinator', { work_mem: '4MB', enable_nestloop: 'off', jit: 'on', geqo: 'on' }));
    const causes = [
      { id: 'jit.forced', settings: ['enable_nestloop'] },
      { id: 'jit.compiles', settings: ['jit', 'enable_nestloop', 'geqo'] },
    ];
    expect(wanted(source, target, causes)).toEqual({
      candidates: [
        { change: { name: 'enable_nestloop', from: 'off', to: 'on' }, tests: ['jit.forced', 'jit.compiles'] },
        { change: { name: 'jit', from: 'on', to: 'off' }, tests: ['jit.compiles'] },
        { change: { name: 'work_mem', from: '4MB', to: '64MB' }, tests: [] },
      ],
      fixed: [],
    });
  });
  it('sees what differs on the workers alone', () => {
    const source = side(node('coordinator', { jit: 'on' }), node('worker', { jit: 'off' }));
    const target = side(
      node('coordinator', { jit: 'off' }),
      node('worker', { jit: 'on' }),
      node('worker', { jit: 'on' }),
    );
    expect(wanted(source, target).candidates).toEqual([
      { change: { name: 'jit', from: 'off (workers: on)', to: 'off' }, tests: [] },
    ]);
  });
  it('tries no setting that the other version does not know, nor one that would change what the statement means', () => {
    const source = side(node('coordinator', { row_security: 'on', enable_gathermerge: 'on' }));
    const target = side(node('coordinator', { row_security: 'off', 'citus.enable_sorted_merge': 'off' }));
    expect(wanted(source, target)).toEqual({ candidates: [], fixed: [] });
  });
  it('names what cannot be tried without a restart', () => {
    const source = side(node('coordinator', { shared_buffers: '8GB' }));
    const target = side(node('coordinator', { shared_buffers: '128MB' }));
    expect(wanted(source, target)).toEqual({ candidates: [], fixed: ['shared_buffers'] });
  });
  it('takes what EXPLAIN said where the catalogs could not be read', () => {
    const plan = (settings: string) =>
      readPlan(`[{"Plan": {"Node Type": "Result"}, "Settings": ${settings}, "Planning Time": 0.1}]`).plan;
    const builtIns = new Map([
      ['jit', 'on'],
      ['enable_nestloop', 'on'],
    ]);
    const found = candidates({
      causes: [],
      slower: settingsOf(undefined, plan('{"enable_nestloop": "off"}'), builtIns),
      other: settingsOf(undefined, plan('{"jit": "off"}'), builtIns),
    });
    expect(found.candidates.map(({ change }) => change)).toEqual([
      { name: 'enable_nestloop', from: 'off', to: 'on' },
      { name: 'jit', from: 'on', to: 'off' },
    ]);
  });
});

describe('actsThroughPlan', () => {
  it('is so for what the planner alone reads', () => {
    for (const name of [
      'enable_nestloop',
      'jit',
      'jit_above_cost',
      'random_page_cost',
      'from_collapse_limit',
      'geqo_seed',
    ])
      expect(actsThroughPlan(name), name).toBe(true);
    for (const name of ['work_mem', 'jit_expressions', 'effective_io_concurrency', 'max_parallel_workers'])
      expect(actsThroughPlan(name), name).toBe(false);
  });
});
