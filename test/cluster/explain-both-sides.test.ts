import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SessionKeeper } from '../../src/cluster/session-keeper';
import { explainBothSides, prepareExplain } from '../../src/diagnosis/explain-both-sides';
import type { ExplainJob } from '../../src/diagnosis/explain-job';
import { planDiffViewSchema } from '../../src/shared/plan-diff';
import { type Side, sides } from '../../src/shared/side';
import { freePort } from '../lab/free-port';
import { findPostgres } from '../lab/installations';
import { type LabPair, startPlainPair } from '../lab/lab';
import type { LabServer } from '../lab/server';
import { jobOn } from './job-on';

/** Oldest and newest of what this machine has, so that the two sides differ. */
const majors = (await findPostgres()).map(({ majorVersion }) => majorVersion).sort((a, b) => a - b);
const source = majors[0]!;
const target = majors.at(-1)!;

let pair: LabPair;
beforeAll(async () => {
  pair = await startPlainPair({ source, target });
  for (const server of servers())
    await server.query(`
      CREATE TABLE orders (id bigint PRIMARY KEY, tenant int NOT NULL, note text);
      INSERT INTO orders SELECT i, i % 10, 'note ' || i FROM generate_series(1, 2000) i;
      CREATE FUNCTION record_visit() RETURNS int LANGUAGE plpgsql VOLATILE AS
        $$ BEGIN INSERT INTO orders VALUES (-1, 1, 'visit'); RETURN 1; END $$;
      ANALYZE orders`);
});
afterAll(() => pair?.stop());

const servers = (): LabServer[] => [pair.source.coordinator, pair.target.coordinator];

const jobFor = (sql: string, changes: Partial<ExplainJob> = {}): ExplainJob =>
  jobOn(pair, { sourceProtected: true }, sql, changes);

async function down(job: ExplainJob, side: Side): Promise<ExplainJob> {
  return { ...job, [side]: { ...job[side], settings: { ...job[side].settings, port: await freePort() } } };
}

const rows = async () =>
  Promise.all(servers().map(async server => (await server.query('SELECT count(*)::int AS n FROM orders'))[0]!.n));
const active = async () =>
  (
    await Promise.all(
      servers().map(server =>
        server.query(`SELECT query FROM pg_stat_activity WHERE application_name = 'cutover' AND state = 'active'`),
      ),
    )
  ).flat();

describe('explaining on both sides', () => {
  test('shows both plans, what was sent and by whom', async () => {
    const done: Side[] = [];
    const { view, plans, raw, classification } = await explainBothSides(
      jobFor('SELECT * FROM orders WHERE tenant = 3', { onSideDone: side => done.push(side) }),
    );
    expect(planDiffViewSchema.parse(view)).toEqual(view);
    expect(done.sort()).toEqual(['source', 'target']);
    expect(classification).toMatchObject({ class: 'read', command: 'SELECT' });
    for (const side of sides) {
      const server = pair[side].coordinator;
      expect(view[side]).toMatchObject({
        status: 'ok',
        label: `The ${side}`,
        address: `${server.host}:${server.port}/${server.database}`,
        postgresVersion: expect.stringMatching(new RegExp(`^${server.majorVersion}\\.`)),
      });
      expect(view[side].sent.join('\n')).toMatch(/BEGIN READ ONLY.*EXPLAIN.*SELECT \* FROM orders.*ROLLBACK$/s);
      expect(view[side].totalCost).toBe(JSON.parse(raw[side]!)[0].Plan['Total Cost']);
      expect(plans[side]).toBeDefined();
    }
    expect(view.analyzed).toBe(false);
    expect(view.rows.some(row => row.source?.name.includes('Seq Scan') && row.target?.name.includes('Seq Scan'))).toBe(
      true,
    );
  });

  test('executes a read on both sides', async () => {
    const { view, raw } = await explainBothSides(
      jobFor('SELECT tenant, count(*) FROM orders GROUP BY 1', { mode: 'analyze' }),
    );
    for (const side of sides) {
      expect(view[side].executionMs).toBe(JSON.parse(raw[side]!)[0]['Execution Time']);
      expect(view[side].rowsActual).toBe(10);
    }
    // What only one side can measure is not measured.
    const both = servers().every(({ majorVersion }) => majorVersion >= 17);
    expect(raw.target!.includes('"Serialization"')).toBe(both);
  });

  test('takes named parameters and the EXPLAIN that the user wrote', async () => {
    const sql = `EXPLAIN ANALYZE SELECT * FROM orders WHERE tenant = :tenant AND note = :'note'`;
    const parameters = { ':tenant': '3', ":'note'": "it's" };
    const { view, raw } = await explainBothSides(jobFor(sql, { parameters }));
    expect(raw.source).toContain("'it''s'::text");
    expect(view.analyzed).toBe(false);
    expect(view.statement.parameters).toEqual([
      { name: ':tenant', value: '3' },
      { name: ":'note'", value: "it's" },
    ]);
    const generic = await explainBothSides(jobFor(sql));
    for (const side of sides) expect(generic.raw[side]).toContain('$1');
    await expect(explainBothSides(jobFor(sql, { parameters: { ':tenant': '3' } }))).rejects.toMatchObject({
      reason: 'parameters',
      message: expect.stringContaining(":'note'"),
    });
    await expect(explainBothSides(jobFor(sql, { mode: 'analyze' }))).rejects.toMatchObject({ reason: 'parameters' });
  });

  test.each(sides)('shows the other side when the %s is down', async side => {
    const other = side === 'source' ? 'target' : 'source';
    const { view, plans } = await explainBothSides(await down(jobFor('SELECT 1'), side));
    expect(view[side]).toMatchObject({ status: 'error', error: { reason: 'unreachable', next: expect.any(String) } });
    expect(view[side].address).toMatch(/^127\.0\.0\.1:\d+\/app$/);
    expect(view[other].status).toBe('ok');
    expect(plans[other]).toBeDefined();
    expect(planDiffViewSchema.parse(view)).toEqual(view);
  });

  test('shows both errors when both are down', async () => {
    const { view } = await explainBothSides(await down(await down(jobFor('SELECT 1'), 'source'), 'target'));
    expect(view.source.error?.reason).toBe('unreachable');
    expect(view.target.error?.reason).toBe('unreachable');
    expect(view.rows).toEqual([]);
  });

  test('puts an error where the user wrote it', async () => {
    const sql = `SELECT '𝔸', :tenant::int, nope FROM orders`;
    const { view } = await explainBothSides(jobFor(sql, { parameters: { ':tenant': '3' } }));
    const position = [...sql.slice(0, sql.indexOf('nope'))].length + 1;
    for (const side of sides)
      expect(view[side].error).toMatchObject({ reason: 'undefined', sqlstate: '42703', position });
    const broken = await explainBothSides(jobFor('EXPLAIN SELECT * FORM orders'));
    expect(broken.view.source.error).toMatchObject({ reason: 'syntax', position: 18 });
  });

  test.each([
    ['CALL create_rollup()', 'CALL'],
    ['CREATE INDEX ON orders (tenant)', 'CREATE'],
    ['SELECT 1; DELETE FROM orders', 'one statement'],
    ['', 'no statement'],
  ])('refuses %j before it connects', async (sql, part) => {
    const job = await down(await down(jobFor(sql), 'source'), 'target');
    await expect(explainBothSides(job)).rejects.toMatchObject({
      reason: 'refused',
      message: expect.stringContaining(part),
    });
  });
});

describe('what may write', () => {
  const write = 'DELETE FROM orders WHERE tenant = 3';
  const visit = 'SELECT record_visit()';

  test('is planned on both sides as anything else', async () => {
    const { view } = await explainBothSides(jobFor(write));
    expect(view.source.status).toBe('ok');
    expect(view.statement.class).toBe('write');
    const called = await explainBothSides(jobFor(visit));
    expect(called.view.statement.class).toBe('unknown');
    expect(await rows()).toEqual([2000, 2000]);
  });

  test.each([write, visit])('is not executed unless somebody says where: %s', async sql => {
    await expect(explainBothSides(jobFor(sql, { mode: 'analyze' }))).rejects.toMatchObject({
      reason: 'refused',
      message: expect.stringContaining('may write'),
    });
    expect(await rows()).toEqual([2000, 2000]);
  });

  test.each([write, visit])('is not executed on a protected side: %s', async sql => {
    const job = jobFor(sql, { mode: 'analyze', analyzeWrites: ['source', 'target'] });
    await expect(explainBothSides(job)).rejects.toMatchObject({
      reason: 'refused',
      message: expect.stringContaining('protected'),
    });
  });

  test.each([write, visit])('runs on the side that was named, and is rolled back: %s', async sql => {
    const { view, raw } = await explainBothSides(jobFor(sql, { mode: 'analyze', analyzeWrites: ['target'] }));
    expect(raw.target).toContain('"Execution Time"');
    expect(raw.source).not.toContain('"Execution Time"');
    expect(view.source.sent[0]).toMatch(/^BEGIN READ ONLY/);
    expect(view.target.sent[0]).toMatch(/^BEGIN READ WRITE/);
    expect(view.target.sent.at(-1)).toBe('ROLLBACK');
    expect(view.notes.join('\n')).toMatch(/The source: explained without executing/);
    expect(view.notes.join('\n')).toMatch(/The target: executed and rolled back/);
    expect(await rows()).toEqual([2000, 2000]);
  });

  test('counts what either catalog says', async () => {
    await pair.target.coordinator.query(
      'CREATE FUNCTION only_there() RETURNS int LANGUAGE sql VOLATILE AS $$ SELECT 1 $$',
    );
    await expect(explainBothSides(jobFor('SELECT only_there()', { mode: 'analyze' }))).rejects.toMatchObject({
      reason: 'refused',
    });
  });
});

test('a cancelled job leaves nothing running on either side', async () => {
  const controller = new AbortController();
  const running = explainBothSides(jobFor('SELECT pg_sleep(30)', { mode: 'analyze', signal: controller.signal }));
  for (let i = 0; (await active()).length < 2; i++) if (i > 200) throw new Error('It did not start on both sides.');
  controller.abort();
  await expect(running).rejects.toMatchObject({ reason: 'cancelled' });
  expect(await active()).toEqual([]);
});

test('sessions are kept between jobs when there is somebody to keep them', async () => {
  const sessions = new SessionKeeper();
  const backends = async () =>
    (
      await Promise.all(
        servers().map(server =>
          server.query(`SELECT pid FROM pg_stat_activity WHERE application_name = 'cutover' ORDER BY pid`),
        ),
      )
    ).flat();
  await explainBothSides(jobFor('SELECT 1', { sessions }));
  const first = await backends();
  expect(first).toHaveLength(2);
  await explainBothSides(jobFor('SELECT 2', { sessions, mode: 'analyze' }));
  expect(await backends()).toEqual(first);
  await sessions.dispose();
  await explainBothSides(jobFor('SELECT 3'));
  for (let i = 0; (await backends()).length > 0; i++) if (i > 100) throw new Error('Sessions were left open.');
});

test('a password is in nothing that comes back', async () => {
  for (const server of servers()) await server.query(`CREATE ROLE guarded LOGIN PASSWORD 'hunter2secret'`);
  const job = jobFor('SELECT 1');
  for (const side of sides) {
    job[side].password = 'hunter2secret';
    job[side].settings = { ...job[side].settings, user: 'guarded' };
  }
  const broken = await down(job, 'target');
  const result = await explainBothSides(broken);
  expect(result.view.source.status).toBe('ok');
  expect(inspect(result, { depth: 30, showHidden: true, maxStringLength: null })).not.toContain('hunter2secret');
});

describe('preparing', () => {
  test('says class and types', async () => {
    const sql = `SELECT * FROM orders WHERE id = :id AND note = :'note' AND tenant = $1`;
    expect(await prepareExplain(jobFor(sql))).toMatchObject({
      classification: { class: 'read' },
      parameters: [
        { name: ':id', type: 'bigint' },
        { name: ":'note'", type: 'text' },
        { name: '$1', type: 'integer' },
      ],
      problems: [],
    });
    expect((await prepareExplain(jobFor('SELECT record_visit()'))).classification.class).toBe('unknown');
  });

  test('does with one side, and says why the other is missing', async () => {
    const prepared = await prepareExplain(await down(jobFor('SELECT * FROM orders WHERE id = $1'), 'source'));
    expect(prepared.parameters).toEqual([{ name: '$1', type: 'bigint' }]);
    expect(prepared.problems).toMatchObject([{ side: 'source', error: { reason: 'unreachable' } }]);
  });

  test('refuses what cannot be explained', async () => {
    await expect(prepareExplain(jobFor('VACUUM orders'))).rejects.toMatchObject({ reason: 'refused' });
  });
});
