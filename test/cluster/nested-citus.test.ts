import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readAutoExplainAccess, runWithAutoExplain } from '../../src/cluster/nested-auto-explain';
import { Session } from '../../src/cluster/session';
import type { ExplainJob } from '../../src/diagnosis/explain-job';
import { type CallResult, explainCall } from '../../src/diagnosis/nested';
import { callViewSchema } from '../../src/shared/nested';
import { planDiffViewSchema } from '../../src/shared/plan-diff';
import { type Side, sides } from '../../src/shared/side';
import { whyNoCitus } from '../lab/installations';
import { type LabPair, startCitusPair } from '../lab/lab';
import { appOwner } from '../lab/scenarios/rollup';
import { jobOn } from './job-on';
import { limits, profileOf } from './profile-of';

const missing = await whyNoCitus();
if (missing) console.warn(`SKIPPED: nested statements on Citus. ${missing}`);

let pair: LabPair;
beforeAll(async () => {
  if (missing) return;
  pair = await startCitusPair({ scenario: 'rollup' });
  for (const side of sides)
    for (const sql of [
      `CREATE FUNCTION analytics.rename(week date) RETURNS int LANGUAGE plpgsql AS $$
       DECLARE busiest int; renamed int;
       BEGIN
         SELECT e.tenant_id INTO busiest FROM analytics.events e WHERE e.created_at >= week GROUP BY e.tenant_id ORDER BY count(*) DESC LIMIT 1;
         UPDATE analytics.tenants SET name = 'busiest' WHERE tenant_id = busiest;
         GET DIAGNOSTICS renamed = ROW_COUNT;
         IF renamed > 1 THEN DELETE FROM analytics.tenants; END IF;
         RETURN renamed;
       END $$`,
      `GRANT EXECUTE ON FUNCTION analytics.rename(date) TO ${appOwner}`,
      'CREATE TABLE analytics.local_log (id int, note text)',
      `GRANT ALL ON analytics.local_log TO ${appOwner}`,
      `CREATE PROCEDURE analytics.nightly(week date) LANGUAGE plpgsql AS $$
       DECLARE n int; remark text := 'week of ' || week;
       BEGIN
         FOR i IN 1..5 LOOP
           INSERT INTO analytics.events VALUES (i, 20000000 + i, 1, week, 10, 10, 1);
         END LOOP;
         EXECUTE format('DELETE FROM analytics.tenants WHERE name = %L AND tenant_id = %s', remark, 3);
         INSERT INTO analytics.local_log SELECT count(*), remark FROM analytics.tenants;
         INSERT INTO analytics.tenants SELECT 1000 + e.app_id, 'app' FROM analytics.events e WHERE e.created_at < week + 1 GROUP BY e.app_id ORDER BY 1 LIMIT 3;
         BEGIN
           INSERT INTO analytics.tenants VALUES (1, 'twice');
         EXCEPTION WHEN unique_violation THEN
           n := 1;
         END;
         UPDATE analytics.tenants SET name = 'again' WHERE tenant_id = n;
       END $$`,
      `GRANT EXECUTE ON PROCEDURE analytics.nightly(date) TO ${appOwner}`,
    ])
      await pair[side].coordinator.query(sql);
});
afterAll(() => pair?.stop());

const jobFor = (sql: string, changes: Partial<ExplainJob> = {}): ExplainJob =>
  jobOn(pair, { user: appOwner, sourceProtected: false }, sql, changes);

const call = `CALL analytics.create_rollup('2024-01-08', date '2024-01-08' + 7)`;

function check(result: CallResult): void {
  expect(planDiffViewSchema.parse(result.view)).toEqual(result.view);
  expect(callViewSchema.parse(result.call)).toEqual(result.call);
}

/** Everything the calls may change, and what a lost transaction would leave. */
const contents = (side: Side) =>
  pair[side].coordinator.query(
    `SELECT (SELECT count(*)::int FROM analytics.rollups) AS rollups, (SELECT sum(events)::text FROM analytics.rollups) AS events,
            (SELECT count(*)::int FROM analytics.events) AS event_rows, (SELECT count(*)::int FROM analytics.local_log) AS logged,
            (SELECT string_agg(name, ',' ORDER BY tenant_id) FROM analytics.tenants) AS names,
            (SELECT string_agg(result, ',') FROM run_command_on_all_nodes('SELECT count(*) FROM pg_prepared_xacts')) AS prepared`,
  );
const both = () => Promise.all(sides.map(contents));

/** What every node would have logged had auto_explain been there, or had a transaction been lost on a worker. */
async function expectQuietLogs(): Promise<void> {
  const servers = sides.flatMap(side => [pair[side].coordinator, ...pair[side].workers]);
  const logs = await Promise.all(servers.map(server => server.log()));
  expect(logs.join('\n')).not.toMatch(
    /auto_explain|could not determine data type|failed to commit|prepared transaction/,
  );
}

describe.skipIf(missing)('a call on Citus', () => {
  test('shows its statements, the workers by themselves, and the cause in the tasks', async () => {
    const before = await both();
    const result = await explainCall(jobFor(call, { mode: 'analyze', analyzeWrites: ['source', 'target'] }));
    check(result);
    expect(await both()).toEqual(before);
    await expectQuietLogs();
    const [insert] = result.call.statements;
    expect(result.call.statements).toHaveLength(1);
    expect(insert).toMatchObject({ routine: 'analytics.create_rollup(date,date)', class: 'write', unresolved: [] });
    for (const side of sides) {
      expect(result.call[side]).toMatchObject({
        executed: true,
        how: [
          'the source of its routines',
          "the workers' pg_stat_statements",
          'the commands that Citus sent to the workers',
        ],
      });
      const own = insert![side]!;
      expect(own.nodes).toHaveLength(2);
      // Eight shards, four on each worker.
      expect(own.nodes!.map(({ calls }) => calls)).toEqual([4, 4]);
      expect(own.share).toBeGreaterThan(0.5);
      expect(insert!.view![side].tasks).toMatchObject({ total: 8, nodes: 2 });
      // auto_explain never came near.
      expect(result.view[side].sent.join('\n')).not.toContain('auto_explain');
      expect(insert!.view![side].sent.join('\n')).not.toContain('auto_explain');
    }
    const { causes } = insert!.view!.diagnosis!;
    if (pair.jit) {
      expect(insert!.target!.jitMs).toBeGreaterThan(0);
      expect(insert!.target!.nodes![0]!.jitMs).toBeGreaterThan(0);
      expect(insert!.source!.nodes!.map(({ jitMs }) => jitMs)).toEqual([0, 0]);
      expect(causes[0]).toMatchObject({ id: 'jit.forced', side: 'target' });
    }
  });

  test('counts nested statements where the role may, and reads values off what Citus sent', async () => {
    const target = pair.target.coordinator;
    await target.query(`GRANT SET ON PARAMETER pg_stat_statements.track TO ${appOwner}`);
    const before = await both();
    const sql = `SELECT analytics.rename('2024-01-08')`;
    const result = await explainCall(jobFor(sql, { mode: 'analyze', analyzeWrites: ['target'] }));
    check(result);
    expect(await both()).toEqual(before);
    expect(result.call.target).toMatchObject({ executed: true, missing: [] });
    expect(result.call.target.how).toContain('nested rows of pg_stat_statements');
    expect(result.call.source).toMatchObject({ executed: false });
    const [select, update, ...more] = result.call.statements;
    // Not the DELETE of the branch that was not taken.
    expect(more).toEqual([]);
    expect(select!.target).toMatchObject({ timeFrom: 'statistics', calls: 1 });
    expect(update!.target).toMatchObject({ timeFrom: 'statistics', calls: 1, nodes: [{ calls: 1 }] });
    // Tenant 1 has ten times the events of others; only the routine knew, and what Citus sent.
    expect(update!.explained).toBe(`UPDATE analytics.tenants SET name = 'busiest' WHERE tenant_id = 1::int`);
    expect(update!.unresolved).toEqual([]);
    expect(update!.view!.source.tasks).toMatchObject({ total: 1 });
    expect(update!.view!.target.tasks).toMatchObject({ total: 1 });
    expect(update!.view!.source.executionMs).toBeUndefined();
    const sent = sides.flatMap(side => [
      ...result.view[side].sent,
      ...result.call.statements.flatMap(({ view }) => view?.[side].sent ?? []),
    ]);
    expect(sent.join('\n')).not.toContain('auto_explain');
  });

  test('follows loops, EXECUTE, local tables, rows pulled to the coordinator, and exceptions', async () => {
    for (const side of sides)
      await pair[side].coordinator.query(`GRANT SET ON PARAMETER pg_stat_statements.track TO ${appOwner}`);
    const before = await both();
    const sql = `CALL analytics.nightly('2024-01-08')`;
    const result = await explainCall(jobFor(sql, { mode: 'analyze', analyzeWrites: ['source', 'target'] }));
    check(result);
    expect(await both()).toEqual(before);
    await expectQuietLogs();
    expect(
      result.call.statements.map(({ title, source, target }) => [title.slice(0, 40), source?.calls, target?.calls]),
    ).toEqual([
      ['INSERT INTO analytics.events VALUES (i, ', 5, 5],
      ['DELETE FROM analytics.tenants WHERE name', 1, 1],
      ['INSERT INTO analytics.local_log SELECT c', 1, 1],
      ['INSERT INTO analytics.tenants SELECT 100', 1, 1],
      ["UPDATE analytics.tenants SET name = 'aga", 1, 1],
    ]);
    const [loop, dynamic, local, pulled, update] = result.call.statements;
    expect(loop!.explained).toBe(
      `INSERT INTO analytics.events VALUES (1::integer, 20000000 + 1::integer, 1, '2024-01-08'::date, 10, 10, 1)`,
    );
    expect(loop!.unresolved).toEqual(['Explained with the first of 5 values of i that Citus sent.']);
    expect(dynamic!.explained).toBe(
      `DELETE FROM analytics.tenants WHERE name = 'week of 2024-01-08' AND tenant_id = 3`,
    );
    expect(local!.view).toMatchObject({ analyzed: true, source: { status: 'ok' }, target: { status: 'ok' } });
    // Citus does not execute it under EXPLAIN.
    expect(pulled!.view!.notes.join('\n')).toContain('planned only');
    expect(update!.explained).toBe(`UPDATE analytics.tenants SET name = 'again' WHERE tenant_id = 1::int`);
    for (const side of sides) {
      const shares = result.call.statements.map(statement => statement[side]!.share!);
      expect(shares.reduce((sum, share) => sum + share, 0)).toBeLessThanOrEqual(1.01);
      expect(result.view[side].error).toBeUndefined();
    }
  });

  test('plans without executing on both sides', async () => {
    const before = await both();
    const result = await explainCall(jobFor(call));
    check(result);
    expect(result.call.statements).toMatchObject([
      { unresolved: [], view: { analyzed: false, source: { status: 'ok' }, target: { status: 'ok' } } },
    ]);
    expect(await both()).toEqual(before);
  });

  test('warns of an auto_explain that was there before', async () => {
    const job = jobFor(`SELECT analytics.rename('2024-01-08')`, { mode: 'analyze', analyzeWrites: ['target'] });
    expect((await explainCall(job)).call.notes.join()).not.toContain('auto_explain');
    const target = pair.target.coordinator;
    // Loaded, but it never logs: no statement takes that long.
    const settings = {
      session_preload_libraries: 'auto_explain',
      'auto_explain.log_min_duration': '1h',
      'auto_explain.log_nested_statements': 'on',
    };
    for (const [name, value] of Object.entries(settings))
      await target.query(`ALTER ROLE ${appOwner} SET ${name} = '${value}'`);
    try {
      expect((await explainCall(job)).call.notes.join()).toContain('auto_explain is switched on for nested statements');
    } finally {
      for (const name of Object.keys(settings)) await target.query(`ALTER ROLE ${appOwner} RESET ${name}`);
    }
  });

  test.each(sides)('refuses auto_explain on the %s, whoever asks', async side => {
    const before = await both();
    const session = await Session.open(profileOf(pair[side].coordinator), undefined, limits);
    try {
      await expect(readAutoExplainAccess(session)).rejects.toMatchObject({ reason: 'refused' });
      const request = { sql: call, values: [], access: 'read write' } as const;
      await expect(runWithAutoExplain(session, 'load', request)).rejects.toMatchObject({ reason: 'refused' });
      // Even a session that does not know where it is: the server's own word counts.
      delete session.server.citus;
      await expect(runWithAutoExplain(session, 'load', request)).rejects.toMatchObject({ reason: 'refused' });
      const { rows } = await session.query(`SELECT count(*) FROM pg_settings WHERE name LIKE 'auto_explain.%'`);
      expect(rows).toEqual([['0']]);
    } finally {
      await session.close();
    }
    expect(await both()).toEqual(before);
  });
});
