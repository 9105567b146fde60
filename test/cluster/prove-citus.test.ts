import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { distributedTable, type SettingChange, workersProbe } from '../../src/cluster/changed-settings';
import { type ExplainRequest, explain } from '../../src/cluster/explain';
import { Session } from '../../src/cluster/session';
import { explainBothSides } from '../../src/diagnosis/explain-both-sides';
import { prove } from '../../src/diagnosis/prove';
import { readPlan } from '../../src/plan/read';
import { relationsInTasks } from '../../src/plan/shards';
import { diagnosisSchema } from '../../src/shared/diagnosis';
import { sides } from '../../src/shared/side';
import { whyNoCitus } from '../lab/installations';
import { type LabPair, startCitusPair } from '../lab/lab';
import { appOwner, rollupStatement } from '../lab/scenarios/rollup';
import { limits, profileOf } from './profile-of';
import { experimentWith, jobFor } from './prove-subject';

const missing = await whyNoCitus();
if (missing) console.warn(`SKIPPED: experiments on Citus. ${missing}`);

let pair: LabPair;
let rollup: string;
beforeAll(async () => {
  if (missing) return;
  rollup = await rollupStatement();
  pair = await startCitusPair({ scenario: 'rollup' });
});
afterAll(() => pair?.stop());

const request: Omit<ExplainRequest, 'sql'> = {
  values: [],
  parameterCount: 0,
  analyze: false,
  access: 'read only',
  serialize: false,
  allTasks: false,
};

describe.skipIf(missing)('settings changed on Citus', () => {
  test.each(sides)('the workers of the %s say whether they heard', async side => {
    const session = await Session.open(profileOf(pair[side].coordinator, { user: appOwner }), undefined, limits);
    const settings: SettingChange[] = [
      { name: 'work_mem', value: '17MB' },
      { name: 'enable_hashagg', value: 'off' },
    ];
    try {
      const table = 'analytics.events';
      const sql = `SELECT app_id, count(*) FROM ${table} GROUP BY 1`;
      const heard = await explain(session, { ...request, sql, settings, askWorkers: table });
      if ('error' in heard) throw heard.error;
      expect(heard.workersHeard).toBe(true);
      // Not at the coordinator alone: the plans of the tasks are made without hashing.
      const plan = readPlan(heard.raw).plan;
      expect(plan.nodes.filter(({ strategy }) => strategy === 'Hashed')).toEqual([]);
      expect(await distributedTable(session, relationsInTasks(plan))).toBe(table);

      // Without the propagation they hear nothing, and say so.
      const deaf = await session.transaction([
        { text: "SET LOCAL work_mem = '17MB'", simple: true },
        ...workersProbe(table, settings.slice(0, 1)),
      ]);
      expect(deaf.results.slice(-2).map(({ rows }) => rows.length)).toEqual([0, 1]);

      // An empty table says nothing either way.
      await pair[side].coordinator.query(
        `CREATE TABLE IF NOT EXISTS analytics.nothing (id int); GRANT SELECT ON analytics.nothing TO ${appOwner}`,
      );
      await pair[side].coordinator.query(`SELECT create_distributed_table('analytics.nothing', 'id')`);
      const silent = await explain(session, { ...request, sql, settings, askWorkers: 'analytics.nothing' });
      expect(silent).toMatchObject({ workersHeard: undefined });
      // Whatever becomes of the question, the plan is there.
      const lost = await explain(session, { ...request, sql, settings, askWorkers: 'analytics.nowhere' });
      expect(lost).toMatchObject({ raw: expect.stringContaining('Citus Adaptive'), workersHeard: undefined });
    } finally {
      await session.close();
    }
  });

  test('verifies what made the rollup slow, through the workers', async () => {
    if (!pair.jit) return console.warn('SKIPPED: this PostgreSQL has no JIT.');
    const job = jobFor(pair, rollup);
    const result = await explainBothSides(job);
    const before = await leftovers();
    const diagnosis = diagnosisSchema.parse(await prove(job, result, { timed: true }));
    expect(diagnosis.causes[0]).toMatchObject({ id: 'jit.forced', confidence: 'verified' });
    expect(experimentWith(diagnosis, 'enable_nestloop')).toMatchObject({
      planChanged: true,
      workersHeard: true,
      outcome: 'explains',
    });
    expect(await leftovers()).toEqual(before);
  }, 240_000);
});

/** On every node of the target: what was written, and what is still under way or prepared. */
async function leftovers() {
  const { coordinator, workers } = pair.target;
  const rows = await coordinator.query('SELECT count(*), sum(events) FROM analytics.rollups');
  const prepared = await Promise.all(workers.map(worker => worker.query('SELECT gid FROM pg_prepared_xacts')));
  const sessions = await coordinator.query(`SELECT pid FROM pg_stat_activity WHERE application_name = 'cutover'`);
  return { rows, prepared, sessions: sessions.length };
}
