import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SessionKeeper } from '../../src/cluster/session-keeper';
import { prove } from '../../src/diagnosis/prove';
import type { NodeFacts, SideFacts } from '../../src/plan/causes/facts';
import { diagnosisSchema, type Proving } from '../../src/shared/diagnosis';
import { type LabPair, startPlainPair } from '../lab/lab';
import { appOwner, rollupStatement } from '../lab/scenarios/rollup';
import { compareWith, experimentWith, jobFor } from './prove-subject';

let pair: LabPair;
let rollup: string;
beforeAll(async () => {
  rollup = await rollupStatement();
  pair = await startPlainPair({ scenario: 'rollup' });
});
afterAll(() => pair?.stop());

/** What a proof could leave behind on the target. */
async function traces() {
  const server = pair.target.coordinator;
  const [sessions, settings, rollups] = await Promise.all([
    server.query(`SELECT pid FROM pg_stat_activity WHERE application_name = 'cutover'`),
    server.query(`SELECT setrole, setdatabase, setconfig::text FROM pg_db_role_setting ORDER BY 1, 2`),
    server.query('SELECT count(*), sum(events) FROM analytics.rollups'),
  ]);
  return { sessions: sessions.length, settings, rollups };
}

/** As if the nodes had said so. */
function facts(settings: Record<string, string>): SideFacts {
  const entries = Object.entries(settings).map(
    ([name, value]) => [name, { value, source: 'user', builtIn: undefined }] as const,
  );
  const node: NodeFacts = {
    node: 'server:5432',
    role: 'coordinator',
    groupId: undefined,
    versionNum: undefined,
    jitAvailable: undefined,
    settings: new Map(entries),
    error: undefined,
  };
  return { nodes: [node], scoped: [], relations: [], waits: undefined, connections: [], unread: [] };
}

const refusal = (job: ReturnType<typeof jobFor>, timed: boolean) => async () =>
  prove(job, await compareWith(jobFor(pair, job.sql), 'jit.forced', ['enable_nestloop']), { timed });

// Times decide: what else runs on the machine may spoil a try.
describe('proving on plain PostgreSQL', { retry: 2 }, () => {
  test('verifies what made the rollup slow, and leaves nothing changed', async () => {
    if (!pair.jit) return console.warn('SKIPPED: this PostgreSQL has no JIT.');
    const before = await traces();
    const job = jobFor(pair, rollup);
    const seen: Proving[] = [];
    const result = await compareWith(job, 'jit.forced', ['enable_nestloop']);
    const diagnosis = diagnosisSchema.parse(
      await prove(job, result, { timed: true, onProgress: each => seen.push(each) }),
    );

    expect(diagnosis.causes).toMatchObject([{ id: 'jit.forced', confidence: 'verified' }]);
    const nestloop = experimentWith(diagnosis, 'enable_nestloop')!;
    expect(nestloop).toMatchObject({ side: 'target', planChanged: true, outcome: 'explains', tests: ['jit.forced'] });
    expect(nestloop).not.toHaveProperty('workersHeard');
    expect(nestloop.changed).toEqual([{ name: 'enable_nestloop', from: 'off', to: 'on' }]);
    expect(nestloop.unchangedMs.length).toBeGreaterThanOrEqual(5);
    expect(nestloop.changedMs).toHaveLength(nestloop.unchangedMs.length);
    expect(nestloop.ratio!.high).toBeLessThan(1);
    expect(diagnosis.sentence).toMatch(/^Found\. Proven: with \S+ = \S+ it takes \d+ ms instead of [\d,]+ ms/);
    // jit differs as well; no cause names it here, so it comes after.
    expect(diagnosis.experiments.map(({ changed }) => changed[0]!.name)).toEqual(['enable_nestloop', 'jit']);

    expect(seen).toContainEqual({ changing: 'jit = off', experiment: 2, experiments: 2 });
    expect(seen).toContainEqual({
      changing: 'enable_nestloop = on',
      experiment: 1,
      experiments: 2,
      run: 12,
      runs: 12,
    });
    expect(await traces()).toEqual(before);
  });

  test('looks at plans alone when nothing may be executed', async () => {
    const job = jobFor(pair, rollup, { mode: 'plain', analyzeWrites: [] });
    const before = await pair.target.coordinator.query('SELECT sum(n_tup_ins) FROM pg_stat_user_tables');
    const diagnosis = await prove(job, await compareWith(job, 'jit.forced', ['enable_nestloop']), { timed: false });
    expect(diagnosis.experiments).toMatchObject([
      { outcome: 'planOnly', planChanged: true, unchangedMs: [], changedMs: [] },
      { outcome: 'planOnly', changed: [{ name: 'jit' }], planChanged: pair.jit },
    ]);
    expect(diagnosis.causes[0]!.confidence).toBe('observed');
    expect(await pair.target.coordinator.query('SELECT sum(n_tup_ins) FROM pg_stat_user_tables')).toEqual(before);
  });

  test('holds the effect against the claim where the source must not execute it', async () => {
    if (!pair.jit) return console.warn('SKIPPED: this PostgreSQL has no JIT.');
    const job = jobFor(pair, rollup, { analyzeWrites: ['target'] });
    job.source.protected = true;
    const result = await compareWith(job, 'jit.forced', ['enable_nestloop'], 100);
    const diagnosis = await prove(job, result, { timed: true });
    const nestloop = experimentWith(diagnosis, 'enable_nestloop')!;
    expect(nestloop).toMatchObject({ outcome: 'explains', note: expect.stringContaining('was not executed') });
    expect(nestloop.explainedShare).toBeUndefined();
    // No cause claims a time for jit: it may help, more cannot be said.
    expect(experimentWith(diagnosis, 'jit')!.outcome).toBe('helps');
    expect(diagnosis.causes).toMatchObject([{ id: 'jit.forced', confidence: 'verified' }]);
  }, 120_000);

  test('refuses a protected side, and to execute what was not consented to', async () => {
    const guarded = jobFor(pair, rollup);
    guarded.target.protected = true;
    await expect(refusal(guarded, false)).rejects.toMatchObject({
      reason: 'refused',
      message: expect.stringContaining('protected'),
    });
    for (const changes of [{ mode: 'plain' }, { analyzeWrites: ['source'] }] as const)
      await expect(refusal(jobFor(pair, rollup, changes as object), true)).rejects.toMatchObject({ reason: 'refused' });
  });

  test('a cancellation ends the statement, keeps what was seen and leaves nothing', async () => {
    const before = await traces();
    const job = jobFor(pair, rollup, { sessions: new SessionKeeper() });
    const result = await compareWith(job, 'jit.forced', ['enable_nestloop']);
    const cancel = new AbortController();
    const proving = prove(job, result, {
      timed: true,
      signal: cancel.signal,
      onProgress: ({ run, changing }) => {
        if (run === 4 && changing.startsWith('enable_nestloop')) setTimeout(() => cancel.abort(), 50);
      },
    });
    const { experiments, notes, causes } = await proving;
    expect(experiments.map(({ outcome }) => outcome)).toEqual(['cancelled', 'planOnly']);
    expect(experiments[0]!.unchangedMs).not.toEqual([]);
    expect(notes).toContain('The experiments were cancelled.');
    expect(causes[0]!.confidence).toBe('observed');
    await job.sessions!.dispose();
    expect(await traces()).toEqual(before);
  });

  test('says what a role may not set, and goes on', async () => {
    const job = jobFor(pair, 'SELECT count(*) FROM analytics.apps');
    const result = await compareWith(job, 'settings.planner', ['jit_dump_bitcode', 'enable_nestloop']);
    result.facts = {
      source: facts({ jit_dump_bitcode: 'on', enable_nestloop: 'on' }),
      target: facts({ jit_dump_bitcode: 'off', enable_nestloop: 'off' }),
    };
    const { experiments } = await prove(job, result, { timed: true });
    expect(experiments).toMatchObject([
      { changed: [{ name: 'jit_dump_bitcode' }], outcome: 'failed', note: expect.stringContaining('42501') },
      { changed: [{ name: 'enable_nestloop' }], outcome: 'noEffect', note: expect.stringContaining('Not timed') },
    ]);
  });

  test('finds two settings that explain only together', async () => {
    const set = async (side: 'source' | 'target', settings: string[]) => {
      for (const setting of settings) await pair[side].coordinator.query(`ALTER ROLE ${appOwner} SET ${setting}`);
    };
    // The quick way is a nested loop of index scans; the target lacks both.
    const both = ['jit = off', 'enable_bitmapscan = off', 'enable_indexonlyscan = off'];
    await set('source', both);
    await set('target', [...both, 'enable_nestloop = off', 'enable_indexscan = off', 'geqo = off', `work_mem = '5MB'`]);
    try {
      const sql = `SELECT count(*) FROM analytics.tenants t
                     JOIN analytics.events e ON e.tenant_id = t.tenant_id AND e.event_id = 17 WHERE t.tenant_id < 5`;
      const job = jobFor(pair, sql);
      const { experiments, causes } = await prove(job, await compareWith(job, 'settings.planner', []), { timed: true });
      const explaining = experiments.filter(({ outcome }) => outcome === 'explains').map(({ changed }) => changed);
      const names = explaining.map(changed => changed.map(({ name }) => name));
      expect(names).toEqual([
        ['enable_indexscan', 'enable_nestloop', 'geqo', 'work_mem'],
        ['enable_indexscan', 'enable_nestloop'],
      ]);
      expect(causes[0]).toMatchObject({ id: 'settings.planner', confidence: 'verified' });
    } finally {
      for (const side of ['source', 'target'] as const)
        await pair[side].coordinator.query(`ALTER ROLE ${appOwner} RESET ALL`);
      await set('source', ['jit = off']);
      await set('target', ['enable_nestloop = off']);
    }
  });

  test('stops where the difference does not come again', async () => {
    // The source, whose role has JIT off, is the slower one; the diagnosis says otherwise.
    const sql = `SELECT pg_sleep(CASE WHEN current_setting('jit') = 'off' THEN 0.2 ELSE 0.02 END)`;
    const job = jobFor(pair, sql);
    const result = await compareWith(job, 'settings.planner', ['enable_nestloop']);
    const setting = facts({ work_mem: '8MB', temp_buffers: '8MB' });
    result.facts = { source: setting, target: facts({ work_mem: '9MB', temp_buffers: '9MB' }) };
    const { experiments, notes } = await prove(job, result, { timed: true });
    expect(experiments.map(({ unchangedMs }) => unchangedMs.length > 0)).toEqual([true, false]);
    expect(notes.join()).toContain('no slower');
  });
});
