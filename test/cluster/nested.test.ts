import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ExplainJob } from '../../src/diagnosis/explain-job';
import { type CallResult, explainCall } from '../../src/diagnosis/nested';
import { callViewSchema } from '../../src/shared/nested';
import { planDiffViewSchema } from '../../src/shared/plan-diff';
import { type Side, sides } from '../../src/shared/side';
import { freePort } from '../lab/free-port';
import { type LabPair, startPlainPair } from '../lab/lab';
import { appOwner } from '../lab/scenarios/rollup';
import { jobOn } from './job-on';

const call = `CALL analytics.create_rollup('2024-01-08', date '2024-01-08' + 7)`;

let pair: LabPair;
beforeAll(async () => {
  pair = await startPlainPair({ scenario: 'rollup' });
  for (const side of sides)
    await pair[side].coordinator.query(`
      CREATE TABLE analytics.runs (id int, note text);
      ALTER TABLE analytics.runs OWNER TO ${appOwner};
      SET ROLE ${appOwner};
      CREATE FUNCTION analytics.note_run(run int, days int DEFAULT 7) RETURNS int LANGUAGE plpgsql AS $$
      DECLARE step int := days * 2;
      BEGIN
        FOR i IN 1..step LOOP
          INSERT INTO analytics.runs VALUES (run, 'step ' || i);
        END LOOP;
        EXECUTE format('DELETE FROM %I.runs WHERE id = $1', 'analytics') USING run - 1;
        RETURN (SELECT count(*) FROM analytics.runs WHERE id = run);
      END $$;
      CREATE PROCEDURE analytics.nightly(day date) LANGUAGE plpgsql AS $$
      BEGIN
        PERFORM analytics.note_run(1);
        CALL analytics.create_rollup(day, day + 7);
        BEGIN
          INSERT INTO analytics.tenants VALUES (1, 'twice');
        EXCEPTION WHEN unique_violation THEN
          UPDATE analytics.tenants SET name = 'once' WHERE tenant_id = 1;
        END;
        IF day > '2030-01-01' THEN
          DELETE FROM analytics.runs;
        END IF;
      END $$;
      CREATE PROCEDURE analytics.commits() LANGUAGE plpgsql AS $$ BEGIN DELETE FROM analytics.runs; COMMIT; END $$`);
});
afterAll(() => pair?.stop());

const jobFor = (sql: string, changes: Partial<ExplainJob> = {}, user = appOwner): ExplainJob =>
  jobOn(pair, { user, sourceProtected: true }, sql, changes);

async function superusers(work: () => Promise<void>): Promise<void> {
  const each = (word: string) =>
    Promise.all(sides.map(side => pair[side].coordinator.query(`ALTER ROLE ${appOwner} ${word}`)));
  await each('SUPERUSER');
  try {
    await work();
  } finally {
    await each('NOSUPERUSER');
  }
}

/** Everything a call may change. */
const contents = (side: Side) =>
  pair[side].coordinator.query(
    `SELECT (SELECT count(*)::int FROM analytics.rollups) AS rollups, (SELECT sum(events)::text FROM analytics.rollups) AS events,
            (SELECT count(*)::int FROM analytics.runs) AS runs, (SELECT name FROM analytics.tenants WHERE tenant_id = 1) AS name,
            (SELECT count(*)::int FROM pg_prepared_xacts) AS prepared`,
  );

const show = ({ call: { statements } }: CallResult) =>
  statements.map(
    ({ id, title, source, target }) =>
      `${id} ${title} | ${source?.calls ?? source?.timeFrom} | ${target?.calls ?? target?.timeFrom}`,
  );

function check(result: CallResult): void {
  expect(planDiffViewSchema.parse(result.view)).toEqual(result.view);
  expect(callViewSchema.parse(result.call)).toEqual(result.call);
  expect(result.view.rows).toHaveLength(result.call.statements.length + 1);
}

const both = () => Promise.all(sides.map(contents));

describe('a call on plain PostgreSQL', () => {
  test('is not executed by plain Explain; its statements are planned with its values in place', async () => {
    const before = await both();
    const result = await explainCall(jobFor(call));
    check(result);
    const [insert] = result.call.statements;
    expect(result.call.statements).toHaveLength(1);
    expect(insert).toMatchObject({
      id: '1',
      depth: 0,
      class: 'write',
      routine: 'analytics.create_rollup(date,date)',
      line: 3,
      unresolved: [],
      source: { timeFrom: 'none' },
      target: { timeFrom: 'none' },
      view: { analyzed: false, source: { status: 'ok' }, target: { status: 'ok' } },
    });
    expect(insert!.explained).toContain(`e.created_at >= '2024-01-08'::date::timestamp`);
    expect(insert!.explained).toContain(`e.created_at < CAST(date '2024-01-08' + 7 AS date)::timestamp`);
    expect(result.view.verdict.sentence).toBe('The call was not executed; 1 statement inside it.');
    expect(await both()).toEqual(before);
  });

  test('shows every statement that ran, with the plan it had in the call, where auto_explain may be loaded', async () => {
    const before = await both();
    await superusers(async () => {
      const job = jobFor(`CALL analytics.nightly('2024-01-08')`, { mode: 'analyze', analyzeWrites: ['target'] });
      const result = await explainCall(job);
      check(result);
      expect(result.call.target).toMatchObject({
        executed: true,
        how: ['auto_explain, in the call itself'],
        missing: [],
      });
      expect(result.call.source).toMatchObject({ executed: false, how: ['the source of its routines'] });
      // The branch that was not taken is not there, nor is the INSERT that failed.
      expect(show(result)).toEqual([
        '1 SELECT analytics.note_run(1) | none | 1',
        `1.1 INSERT INTO analytics.runs VALUES (run, 'step ' || i) | none | 14`,
        '1.2 DELETE FROM analytics.runs WHERE id = $1 | none | 1',
        expect.stringMatching(
          /^1\.3 (SELECT )?\(SELECT count\(\*\) FROM analytics\.runs WHERE id = run\) \| none \| 1$/,
        ),
        '2 CALL analytics.create_rollup(day, day + 7) | none | autoExplain',
        '2.1 INSERT INTO analytics.rollups (tenant_id, day, bucket, events, bytes, duration_… | none | 1',
        `3 UPDATE analytics.tenants SET name = 'once' WHERE tenant_id = 1 | none | 1`,
      ]);
      const heavy = result.call.statements[5]!;
      expect(heavy.target!.share).toBeGreaterThan(0.5);
      expect(heavy.view!.source).toMatchObject({ status: 'ok' });
      expect(heavy.view!.source.executionMs).toBeUndefined();
      expect(heavy.view!.target.executionMs).toBe(heavy.target!.executionMs);
      expect(heavy.explained).toContain(`'2024-01-08'::date::timestamp`);
      expect(heavy.view!.rows.length).toBeGreaterThan(5);
      if (pair.jit) {
        expect(heavy.target!.jitMs).toBeGreaterThan(0);
        expect(heavy.view!.target.jit).toMatchObject({ totalMs: heavy.target!.jitMs });
        expect(heavy.view!.diagnosis!.causes[0]).toMatchObject({ id: 'jit.forced', side: 'target' });
      }
      expect(result.results.get(heavy.id)!.plans.target!.analyzed).toBe(true);
      const dynamic = result.call.statements[2]!;
      expect(dynamic.unresolved).toEqual(['Explained without the values of $1: the generic plan.']);
    });
    expect(await both()).toEqual(before);
  });

  test('compares both sides where both may execute it', async () => {
    await superusers(async () => {
      const job = jobFor(call, { mode: 'analyze', analyzeWrites: ['source', 'target'] });
      job.source.protected = false;
      const result = await explainCall(job);
      check(result);
      expect(show(result)).toEqual([
        '1 INSERT INTO analytics.rollups (tenant_id, day, bucket, events, bytes, duration_… | 1 | 1',
      ]);
      expect(result.view.verdict.basis).toBe('executionMs');
      const [insert] = result.call.statements;
      expect(insert!.view!.verdict.basis).toBe('executionMs');
      expect(insert!.explained).toContain(`'2024-01-08'::date::timestamp`);
      expect(result.view.diagnosis).toBeDefined();
      if (pair.jit) expect(result.view.diagnosis!.causes[0]).toMatchObject({ id: 'jit.forced', rows: [1] });
    });
  });

  test('counts statements and explains them on their own where auto_explain may not be loaded', async () => {
    const before = await both();
    const target = pair.target.coordinator;
    const job = jobFor(`CALL analytics.nightly('2024-01-08')`, { mode: 'analyze', analyzeWrites: ['target'] });
    const poor = await explainCall(job);
    check(poor);
    expect(poor.call.target.missing).toEqual([
      expect.stringMatching(/^Plans as they were in the call need auto_explain, which "app_owner" may not load/),
      expect.stringMatching(/^Nested statements are counted only when/),
    ]);
    // It is said, and not executed: nothing tells whether that branch was taken.
    const untaken = poor.call.statements.find(({ sql }) => sql === 'DELETE FROM analytics.runs')!;
    expect(untaken.unresolved).toEqual(['The target: planned only, as nothing says that it ran.']);
    expect(untaken.view!.analyzed).toBe(false);
    const heavy = poor.call.statements.find(({ title }) => title.startsWith('INSERT INTO analytics.rollups'))!;
    expect(heavy.target).toMatchObject({ timeFrom: 'explainAnalyze' });
    if (pair.jit) expect(heavy.target!.jitMs).toBeGreaterThan(0);

    if ((await target.query<{ v: number }>(`SELECT current_setting('server_version_num')::int AS v`))[0]!.v < 150_000)
      return;
    await target.query(`GRANT SET ON PARAMETER pg_stat_statements.track TO ${appOwner}`);
    const counted = await explainCall(job);
    check(counted);
    expect(counted.call.target.how).toContain('nested rows of pg_stat_statements');
    const lines = show(counted);
    expect(lines).toContain(`1.1 INSERT INTO analytics.runs VALUES (run, 'step ' || i) | none | 14`);
    expect(lines.join('\n')).not.toContain('DELETE FROM analytics.runs |');
    // EXECUTE's text, without the constants.
    expect(lines).toContain('1.2 DELETE FROM analytics.runs WHERE id = $1 | none | 1');
    const timed = counted.call.statements.find(({ title }) => title.startsWith('INSERT INTO analytics.rollups'))!;
    expect(timed.target).toMatchObject({ timeFrom: 'statistics', calls: 1 });
    expect(timed.target!.share).toBeGreaterThan(0.5);
    expect(await both()).toEqual(before);
  });

  test('runs nothing that cannot be rolled back, nothing unasked, nothing on a protected side', async () => {
    const before = await both();
    await superusers(async () => {
      const commits = await explainCall(
        jobFor('CALL analytics.commits()', { mode: 'analyze', analyzeWrites: ['target'] }),
      );
      expect(commits.call.target.executed).toBe(false);
      expect(commits.call.notes[0]).toContain('commits or rolls back');
      expect(commits.call.statements).toMatchObject([{ sql: 'DELETE FROM analytics.runs', view: { analyzed: false } }]);
      await expect(explainCall(jobFor(call, { mode: 'analyze' }))).rejects.toMatchObject({ reason: 'refused' });
      await expect(
        explainCall(jobFor(call, { mode: 'analyze', analyzeWrites: ['source', 'target'] })),
      ).rejects.toMatchObject({ reason: 'refused' });
      await expect(explainCall(jobFor('SELECT 1 FROM analytics.apps'))).rejects.toMatchObject({ reason: 'refused' });
    });
    expect(await both()).toEqual(before);
  });

  test('takes parameters, DO and SELECT of a function', async () => {
    const result = await explainCall(
      jobFor('SELECT analytics.note_run(days => :days, run => $1)', { parameters: { $1: '5', ':days': '3' } }),
    );
    check(result);
    expect(result.call.statements[2]!.explained).toBe(
      "SELECT (SELECT count(*) FROM analytics.runs WHERE id = '5'::integer)",
    );
    const block = await explainCall(
      jobFor(`DO $$ DECLARE d int := 3; BEGIN DELETE FROM analytics.runs WHERE id = d; END $$`),
    );
    check(block);
    expect(block.call.statements).toMatchObject([{ explained: 'DELETE FROM analytics.runs WHERE id = 3::int' }]);
    await superusers(async () => {
      const ran = await explainCall(
        jobFor('SELECT analytics.note_run(9)', { mode: 'analyze', analyzeWrites: ['target'] }),
      );
      check(ran);
      expect(ran.call.statements.map(({ id, depth }) => `${id} ${depth}`)).toEqual(['1 0', '2 0', '3 0']);
    });
  });

  test('stops when it is cancelled, on both sides', async () => {
    const server = pair.target.coordinator;
    await Promise.all(
      sides.map(side =>
        pair[side].coordinator.query(
          `CREATE OR REPLACE PROCEDURE analytics.sleep() LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(30); END $$`,
        ),
      ),
    );
    const stop = new AbortController();
    const job = jobFor('CALL analytics.sleep()', { mode: 'analyze', analyzeWrites: ['target'], signal: stop.signal });
    const running = explainCall(job);
    const asleep = `SELECT 1 FROM pg_stat_activity WHERE application_name = 'cutover' AND query LIKE '%CALL analytics.sleep%' AND pid <> pg_backend_pid() AND state = 'active'`;
    await expect.poll(() => server.query(asleep)).toHaveLength(1);
    stop.abort();
    await expect(running).rejects.toMatchObject({ reason: 'cancelled' });
    expect(await server.query(asleep)).toEqual([]);
  });

  test('shows the side that can be reached', async () => {
    const job = jobFor(call);
    job.source = { ...job.source, settings: { ...job.source.settings, port: await freePort() } };
    const result = await explainCall(job);
    check(result);
    expect(result.view.source.error).toMatchObject({ reason: 'unreachable' });
    expect(result.call.statements).toMatchObject([{ view: { target: { status: 'ok' }, source: { status: 'error' } } }]);
  });

  test('says why a call failed, and shows its statements all the same', async () => {
    const result = await explainCall(
      jobFor(`CALL analytics.create_rollup('2024-01-08', 'tomorrowish')`, {
        mode: 'analyze',
        analyzeWrites: ['target'],
      }),
    );
    check(result);
    expect(result.view.target.error).toMatchObject({ sqlstate: '22007' });
    expect(result.call.target.executed).toBe(false);
    expect(result.call.statements).toHaveLength(1);
  });
});
