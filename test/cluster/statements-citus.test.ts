import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readStatementStatistics } from '../../src/cluster/read-statements';
import { Session } from '../../src/cluster/session';
import { type Side, sides } from '../../src/shared/side';
import { loadSqlParser } from '../../src/sql/parser';
import { recordsOf } from '../../src/statements/delta';
import { StatementsEngine } from '../../src/statements/engine';
import { readingNotes } from '../../src/statements/notes';
import type { Reading } from '../../src/statements/reading';
import { whyNoCitus } from '../lab/installations';
import { type LabPair, startCitusPair } from '../lab/lab';
import { limits, profileOf } from './profile-of';

const missing = await whyNoCitus();
if (missing) console.warn(`SKIPPED: statements on Citus. ${missing}`);

let pair: LabPair;
beforeAll(async () => {
  if (!missing) pair = await startCitusPair({ scenario: 'rollup' });
});
afterAll(() => pair?.stop());

async function read(side: Side, user?: string): Promise<Reading> {
  const session = await Session.open(
    { ...profileOf(pair[side].coordinator), ...(user ? { user } : {}) },
    undefined,
    limits,
  );
  try {
    return await readStatementStatistics(session, side);
  } finally {
    await session.close();
  }
}

const notesOf = (reading: Reading) =>
  readingNotes(reading)
    .map(({ node, text, remedy }) => `${node}: ${text} ${remedy ?? ''}`)
    .join('\n');

async function compare() {
  const engine = new StatementsEngine(await loadSqlParser());
  const input = async (side: Side) => ({ label: side, color: '', read: { reading: await read(side), origin: 'live' } });
  const view = engine.load('eu', { source: await input('source'), target: await input('target') });
  return { engine, view };
}

describe.skipIf(missing)('on Citus', () => {
  test('shards are folded into their table, node by node, and tasks go to the statement that sent them', async () => {
    const { engine, view } = await compare();
    const insert = view.rows.find(({ title }) => title.startsWith('INSERT INTO analytics.events (tenant_id'))!;
    const { nodes } = engine.details(insert.id);
    for (const side of sides) {
      const { coordinator, workers } = pair[side];
      const ofSide = nodes.filter(each => each.side === side);
      expect(ofSide.find(({ as }) => as === 'statement')).toMatchObject({
        node: `${coordinator.host}:${coordinator.port}`,
        calls: 40,
      });
      const tasks = ofSide.filter(({ as }) => as === 'tasks');
      expect(tasks.map(({ node }) => node).sort()).toEqual(workers.map(({ host, port }) => `${host}:${port}`).sort());
      expect(tasks.reduce((sum, { calls }) => sum + calls, 0)).toBe(40);
      // Each shard has a row of its own on its worker.
      expect(tasks.some(({ rows }) => rows > 1)).toBe(true);
      for (const worker of workers) {
        const { host, port } = worker;
        const [counted] = await worker.query<{ calls: number; total: number }>(
          `SELECT sum(calls)::int AS calls, sum(total_exec_time) AS total FROM pg_stat_statements WHERE query LIKE 'INSERT INTO analytics.events\\_%'`,
        );
        expect(tasks.find(({ node }) => node === `${host}:${port}`)).toMatchObject({ calls: counted!.calls });
      }
    }
  });

  test.each(sides)('what Cutover asks is left out on every node: %s', async side => {
    await read(side);
    for (const node of (await read(side)).nodes)
      expect(recordsOf(node).filter(({ sql }) => /cutover|pg_stat_statements\(/.test(sql))).toEqual([]);
  });

  test('a role that may not see the texts is told on which nodes, and which grant would help', async () => {
    const { coordinator } = pair.target;
    await coordinator.query('CREATE ROLE monitor_plain LOGIN');
    const notes = notesOf(await read('target', 'monitor_plain'));
    for (const { host, port } of [coordinator, ...pair.target.workers]) expect(notes).toContain(`${host}:${port}`);
    expect(notes).toMatch(/hidden from monitor_plain.*GRANT pg_read_all_stats TO "monitor_plain"/);
  });

  test('executor and partition keys are joined where Citus tracks them', async () => {
    const { coordinator } = pair.target;
    await coordinator.query(
      `SET citus.stat_statements_track = 'all'; SELECT count(*) AS tracked FROM analytics.events WHERE tenant_id = 7`,
    );
    const { engine } = await compare();
    const [id] = engine.search('as tracked');
    expect(engine.details(id!).target!.citus).toMatchObject({ executors: ['adaptive'], partitionKeys: 1 });
  });

  test('a worker without the extension is named with its remedy, and the others are read', async () => {
    const [first, second] = pair.source.workers;
    await first!.query('SET citus.enable_ddl_propagation = off; DROP EXTENSION pg_stat_statements');
    const reading = await read('source');
    await first!.query('SET citus.enable_ddl_propagation = off; CREATE EXTENSION pg_stat_statements');
    const of = (port: number) => reading.nodes.find(({ node }) => node.endsWith(`:${port}`))!;
    expect(of(first!.port).problem).toMatchObject({ remedy: 'CREATE EXTENSION pg_stat_statements;' });
    expect(recordsOf(of(second!.port)).length).toBeGreaterThan(0);
  });

  test('workers with different versions of the extension are each read with the columns they have', async () => {
    const [first] = pair.source.workers;
    await first!.query(
      `SET citus.enable_ddl_propagation = off; DROP EXTENSION pg_stat_statements; CREATE EXTENSION pg_stat_statements VERSION '1.8'`,
    );
    const reading = await read('source');
    await first!.query('SET citus.enable_ddl_propagation = off; ALTER EXTENSION pg_stat_statements UPDATE');
    const versions = Object.fromEntries(reading.nodes.map(({ node, extension }) => [node, extension]));
    expect(versions[`${first!.host}:${first!.port}`]).toBe('1.8');
    expect(Object.values(versions).sort()).toEqual(['1.10', '1.10', '1.8']);
    for (const node of reading.nodes) expect(recordsOf(node).length).toBeGreaterThan(0);
    expect(notesOf(reading)).toMatch(/version 1\.8; the server brings 1\.10.*ALTER EXTENSION/);
  });

  test('a worker that is down is named, and the rest is read', async () => {
    const [first, second] = pair.target.workers;
    await first!.stop();
    try {
      const reading = await read('target');
      const of = (port: number) => reading.nodes.find(({ node }) => node.endsWith(`:${port}`))!;
      expect(of(first!.port).problem!.text).toMatch(/connect/);
      expect(recordsOf(of(second!.port)).length).toBeGreaterThan(0);
      expect(recordsOf(reading.nodes[0]!).length).toBeGreaterThan(0);
    } finally {
      await first!.start();
    }
  });
});
