import { describe, expect, it } from 'vitest';
import { catalogue } from '../../../../src/plan/causes/catalogue';
import { diagnose } from '../../../../src/plan/causes/diagnose';
import { spillRules } from '../../../../src/plan/causes/spills';
import { readPlan } from '../../../../src/plan/read';
import { diagnosisSchema } from '../../../../src/shared/diagnosis';
import { explainJson, node } from '../fixtures';
import { contextOf, diagnosisOf, ids } from './contexts';
import { contextOfRecorded, factsOf, mirrored, recorded, scenarios, twice, withSlowDisk } from './single-server';

const waits = (lockMs: number, share: number, blockers: string[] = []) => ({
  samples: 20,
  shares: new Map([
    ['Lock/transactionid', share],
    ['CPU', 1 - share],
  ]),
  lockMs,
  blockers,
});

/** What was injected, and what must be named: first of all, or in this order. */
const expected: Record<string, string[]> = {
  same: [],
  'no-fault': [],
  'jit-forced': ['jit.forced'],
  'jit-forced-jit-on-both': ['jit.forced'],
  'jit-forced-planned': ['jit.forced'],
  'jit-compiles': ['jit.compiles'],
  'jit-absent': ['jit.absent'],
  'settings-hashjoin': ['settings.planner'],
  'hash-aggregate-off': ['settings.planner'],
  'dear-random-pages': ['settings.planner'],
  'spill-sort': ['spill.sort', 'memory.setting'],
  'spill-hash': ['spill.hash', 'memory.setting'],
  'memory-setting': ['memory.setting'],
  'parallel-off': ['parallel.lost'],
  'parallel-not-launched': ['parallel.lost'],
  'parallel-unsafe': ['parallel.lost'],
  'planning-time': ['planning.time'],
  'trigger-time': ['trigger.time'],
  'rows-differ': ['rows.differ'],
  'cold-cache': ['cache.cold'],
  'slow-processor': ['cpu.slower'],
};

describe('a fault in one side', () => {
  it.each(Object.entries(expected))('%s', (scenario, causes) => {
    const diagnosis = diagnose(contextOfRecorded(scenario));
    expect(ids(diagnosis)).toEqual(causes);
    expect(diagnosisSchema.parse(diagnosis)).toEqual(diagnosis);
    expect(diagnosis.explainedShare ?? 0).toBeLessThanOrEqual(1);
  });

  it.each(scenarios())('%s: the same with the sides swapped', scenario => {
    const [diagnosis, other] = [diagnose(contextOfRecorded(scenario)), diagnose(mirrored(scenario))];
    // Where nothing was executed the target is under suspicion, whichever it is.
    if (diagnosis.differenceMs === undefined) return;
    const swapped = { source: 'target', target: 'source' } as const;
    expect(other.slower).toBe(diagnosis.slower && swapped[diagnosis.slower]);
    expect(ids(other)).toEqual(ids(diagnosis));
    expect(other.explainedShare).toBeCloseTo(diagnosis.explainedShare ?? 0, 6);
  });

  it.each(scenarios())('%s: none where both sides have it', scenario => {
    for (const context of twice(scenario)) {
      expect(diagnose(context).causes).toEqual([]);
      expect(catalogue.flatMap(rule => rule.find(context))).toEqual([]);
    }
  });
});

describe('spills', () => {
  it('say what goes to disk, and which setting differs', () => {
    const [sort, memory] = diagnose(contextOfRecorded('spill-sort')).causes;
    expect(sort!.title).toBe(
      'Sort does not fit into memory on the target (external merge, 20 MB on disk), which costs 63 ms more.',
    );
    expect(memory!.title).toContain('work_mem is 256kB on the target, 128MB on the source');
    expect(sort!.remedy!.steps[0]!.sql).toBe("ALTER ROLE app SET work_mem = '128MB';");
  });

  it('are suspected of a side that was not executed only if its memory differs', () => {
    const { plans } = recorded('spill-sort');
    const planned = readPlan(
      JSON.stringify([{ Plan: { 'Node Type': 'Limit', Plans: [{ 'Node Type': 'Sort' }] } }]),
    ).plan;
    const memory = (value: string) => factsOf({ node: 'a:1', settings: [['work_mem', value, 'user']] });
    const find = (other: string) => {
      const facts = { source: memory(other), target: memory('256kB') };
      return spillRules.flatMap(rule => rule.find(contextOf(planned, plans.target, { facts })));
    };
    expect(find('128MB')[1]).toMatchObject({ confidence: 'suspected', explainedMs: undefined });
    expect(find('256kB')).toEqual([]);
  });
});

describe('parallel.lost', () => {
  const lost = (scenario: string) => diagnose(contextOfRecorded(scenario)).causes[0]!;

  it('says why', () => {
    expect(lost('parallel-off').title).toMatch(
      /^No parallel workers on the target, 2 on the source: max_parallel_workers_per_gather = 0 instead of 2, which costs [\d,]+ ms more\.$/,
    );
    expect(lost('parallel-not-launched').title).toContain(': max_parallel_workers = 0 instead of 8');
    expect(lost('parallel-not-launched').evidence[0]).toMatchObject({
      source: '2 planned, 2 launched',
      target: '2 planned, 0 launched',
    });
    expect(lost('parallel-not-launched').remedy!.steps[0]).toMatchObject({
      sql: 'ALTER SYSTEM SET max_parallel_workers = 8;\nSELECT pg_reload_conf();',
      rollback: 'ALTER SYSTEM SET max_parallel_workers = 0;\nSELECT pg_reload_conf();',
    });
  });

  it('names what remains when no setting differs', () => {
    expect(lost('parallel-unsafe')).toMatchObject({ confidence: 'derived' });
    expect(lost('parallel-unsafe').evidence.at(-1)!.target).toContain('PARALLEL UNSAFE');
  });
});

describe('pages', () => {
  it('are counted as cold with the time that reading took', () => {
    const [cause] = diagnose(contextOfRecorded('cold-cache')).causes;
    expect(cause!.confidence).toBe('observed');
    expect(cause!.title).toMatch(/^The target reads 10,010 pages that the source has in shared buffers, which takes /);
  });

  it('take longer one by one on a slower disk', () => {
    const { target } = recorded('cold-cache').plans;
    const { causes } = diagnosisOf(target, withSlowDisk(4));
    expect(causes).toMatchObject([{ id: 'io.slower', side: 'target', confidence: 'observed' }]);
    expect(causes[0]!.title).toMatch(/^Reading a page takes 4\.0× as long on the target, which costs /);
  });

  it('are not held against other data', () => {
    expect(ids(diagnose(contextOfRecorded('rows-differ')))).toEqual(['rows.differ']);
  });
});

describe('lock.wait', () => {
  it('names the session that held the lock', () => {
    const { plans, facts } = recorded('lock-wait');
    facts.target.waits = waits(650, 0.95, ['UPDATE dims SET name = name']);
    const diagnosis = diagnosisOf(plans.source, plans.target, { facts });
    expect(ids(diagnosis)).toEqual(['lock.wait']);
    expect(diagnosis.causes[0]!.title).toBe(
      'The target waited 651 ms for a lock, held by UPDATE dims SET name = name.',
    );
  });

  it('is none when both sides wait alike, and not made up when nobody looked', () => {
    const { plans, facts } = recorded('lock-wait');
    expect(ids(diagnosisOf(plans.source, plans.target, { facts }))).toEqual([]);
    facts.source.waits = facts.target.waits = waits(0, 0.02);
    expect(ids(diagnosisOf(plans.source, plans.target, { facts }))).toEqual([]);
  });
});

describe('rows.differ', () => {
  const job = (...shards: number[]) => {
    const task = (rows: number, at: number) => ({
      Node: 'host=10.0.0.1 port=5432 dbname=app',
      'Remote Plan': [
        [
          {
            Plan: node('Seq Scan', {
              'Relation Name': `events_10200${at}`,
              Alias: 'events',
              time: [0, rows / 10],
              rows,
            }),
            'Planning Time': 1,
            'Execution Time': rows / 10,
          },
        ],
      ],
    });
    const slowest = Math.max(...shards) / 10;
    const root = node('Custom Scan', {
      'Custom Plan Provider': 'Citus Adaptive',
      time: [0, slowest],
      'Distributed Query': {
        Job: { 'Task Count': shards.length, 'Tasks Shown': 'All', Tasks: shards.map(task) },
      },
    });
    return readPlan(explainJson(root, { 'Execution Time': slowest + 1 })).plan;
  };

  it('is said of a distributed table that grew', () => {
    const diagnosis = diagnosisOf(job(1000, 900), job(3000, 2800));
    expect(ids(diagnosis)[0]).toBe('rows.differ');
  });

  it('is not said of rows that only moved to another shard', () => {
    expect(ids(diagnosisOf(job(1000, 900), job(1750, 150)))).not.toContain('rows.differ');
  });
});
