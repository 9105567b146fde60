/** Faults around the statement on the target: who else is there, what its pages, triggers and processor cost. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import type { FaultScenario, FaultTarget, Undo } from './scenario';
import { documents, shop } from './tables';
import { throttle } from './throttle';

const lockWait: FaultScenario = {
  name: 'lock_wait',
  cluster: 'plain',
  fault: 'Another session has updated the same row and takes its time before it ends.',
  expected: 'lock.wait',
  tables: shop(1_000),
  meanwhile: holdRow,
  statement: 'UPDATE orders SET amount = amount + 1 WHERE order_id = 7',
  writes: true,
};

const heldMs = 800;

/** Holds the row until the statement has waited for it for a while. */
async function holdRow({ cluster: { coordinator }, role }: FaultTarget): Promise<Undo> {
  const { host, port, database } = coordinator;
  const client = new Client({ host, port, database, user: role, application_name: 'another' });
  await client.connect();
  await client.query('BEGIN; UPDATE orders SET amount = 0 WHERE order_id = 7');
  let needed = true;
  const held = (async () => {
    const isWaiting = `SELECT 1 FROM pg_stat_activity WHERE usename = $1 AND wait_event_type = 'Lock'`;
    while (needed && (await coordinator.query(isWaiting, [role])).length === 0) await sleep(10);
    await sleep(heldMs);
    await client.query('ROLLBACK');
    await client.end();
  })();
  return async () => {
    needed = false;
    await held;
  };
}

const slowTrigger: FaultScenario = {
  name: 'slow_trigger',
  cluster: 'plain',
  fault: 'A trigger was added that takes a third of a millisecond for every row.',
  expected: 'trigger.time',
  tables: shop(10_000),
  inject: async target => {
    await target.run(
      `CREATE FUNCTION check_reference() RETURNS trigger LANGUAGE plpgsql
AS $$ BEGIN PERFORM max(md5(new.reference || i)) FROM generate_series(1, 400) AS i; RETURN new; END $$`,
      'CREATE TRIGGER check_reference BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION check_reference()',
    );
    return undefined;
  },
  statement: `INSERT INTO orders SELECT order_id + 1000000, customer_id, amount, reference FROM orders WHERE order_id <= 600`,
  writes: true,
};

const slowProcessor: FaultScenario = {
  name: 'slow_processor',
  cluster: 'plain',
  fault: 'The processor gives the target a sixteenth of its time.',
  expected: 'cpu.slower',
  settings: ['max_parallel_workers_per_gather = 0', 'jit = off'],
  tables: shop(30_000),
  meanwhile: ({ cluster, role }) => throttle(cluster.coordinator, role),
  statement: 'SELECT max(md5(md5(md5(reference)))) FROM orders',
};

const coldCache: FaultScenario = {
  name: 'cold_cache',
  cluster: 'plain',
  fault: 'The server was restarted: the pages that the source has in memory are to be read.',
  expected: 'cache.cold',
  // A fresh server plans its first statement from cold catalogs, too.
  alsoTrue: ['planning.time'],
  settings: ['random_page_cost = 1', 'max_parallel_workers_per_gather = 0', 'jit = off'],
  tables: [...documents(50_000), 'CREATE INDEX ON documents (kind)'],
  meanwhile: async ({ cluster: { coordinator } }) => {
    await coordinator.stop();
    await coordinator.start();
    return undefined;
  },
  statement: 'SELECT count(*), sum(words) FROM documents WHERE kind = 3',
};

const longPlanning: FaultScenario = {
  name: 'long_planning',
  cluster: 'plain',
  fault: 'The statistics of the joined columns are kept for 10000 values instead of 100.',
  expected: 'planning.time',
  settings: ['max_parallel_workers_per_gather = 0', 'jit = off'],
  tables: [
    `CREATE TABLE calls (call_id integer PRIMARY KEY, caller integer NOT NULL)`,
    `INSERT INTO calls SELECT i, i * 7919 % 9973 FROM generate_series(1, 50000) AS i`,
    `CREATE TABLE callers (caller integer NOT NULL, tariff integer NOT NULL)`,
    `INSERT INTO callers SELECT i % 9973, i % 7 FROM generate_series(1, 50000) AS i`,
  ],
  inject: async target => {
    for (const table of ['calls', 'callers'])
      await target.run(`ALTER TABLE ${table} ALTER caller SET STATISTICS 10000`, `ANALYZE ${table}`);
    return undefined;
  },
  statement: 'SELECT count(*), sum(b.tariff) FROM calls a JOIN callers b USING (caller) WHERE a.call_id <= 100',
};

export const circumstanceFaults: readonly FaultScenario[] = [
  lockWait,
  slowTrigger,
  slowProcessor,
  coldCache,
  longPlanning,
];
