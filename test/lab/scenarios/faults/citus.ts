/** Faults of a Citus cluster: where the rows of the target lie, what its workers do, and what lies between. */
import type { LabServer } from '../../server';
import type { FaultScenario } from './scenario';
import { configure, lowJitCosts } from './settings';
import { slowDownNetwork } from './slow-network';
import { bands, slowLookup } from './tables';
import { throttle } from './throttle';

type EventColumn = 'tenant_id' | 'event_id' | 'visitor_id';

const emptyEvents = (distributedBy: EventColumn): string[] => [
  `CREATE TABLE events (
  tenant_id integer NOT NULL,
  event_id bigint NOT NULL,
  visitor_id integer NOT NULL,
  amount integer NOT NULL,
  note text NOT NULL
)`,
  `SELECT create_distributed_table('events', '${distributedBy}')`,
];

const events = (distributedBy: EventColumn, count: number): string[] => [
  ...emptyEvents(distributedBy),
  `INSERT INTO events SELECT 1 + i % 100, i, i * 7919 % 50021, i * 48271 % 10007, md5(i::text)
FROM generate_series(1::bigint, ${count}) AS i`,
];

const redistribute = (table: string, column: string): string[] => [
  `SELECT alter_distributed_table('${table}', distribution_column := '${column}')`,
  `VACUUM (ANALYZE) ${table}`,
];

const noFault: FaultScenario = {
  name: 'citus_no_fault',
  cluster: 'citus',
  fault: 'None: the same data, settings, statistics and placement on both sides.',
  expected: undefined,
  tables: events('tenant_id', 200_000),
  statement: 'SELECT tenant_id, count(*), sum(amount), max(note) FROM events GROUP BY tenant_id',
};

const jitForced: FaultScenario = {
  name: 'citus_jit_forced',
  cluster: 'citus',
  fault: 'The role has enable_nestloop = off on every node, and only a nested loop can do the join of each task.',
  expected: 'jit.forced',
  alsoTrue: ['nestloop.unavoidable'],
  needs: { jit: true, atMostMajor: 17 },
  tables: [...events('tenant_id', 40_000), ...bands, `SELECT create_reference_table('bands')`],
  inject: async ({ cluster, role }) => {
    await cluster.coordinator.query(`ALTER ROLE ${role} SET enable_nestloop = off`);
    return undefined;
  },
  statement: `SELECT tenant_id, b.band, count(*)
FROM events e JOIN bands b ON e.amount >= b.low AND e.amount < b.high GROUP BY tenant_id, b.band`,
};

const jitOnWorkers: FaultScenario = {
  name: 'citus_jit_on_workers',
  cluster: 'citus',
  fault:
    'The configuration of the workers, not of the coordinator, lets JIT compile, inline and optimise from a cost of 100.',
  expected: 'jit.compiles',
  needs: { jit: true },
  tables: events('tenant_id', 40_000),
  inject: async ({ cluster }) => {
    const undo = await Promise.all(cluster.workers.map(worker => configure(worker, lowJitCosts)));
    return async () => {
      for (const step of undo) await step();
    };
  },
  statement: 'SELECT tenant_id, count(*), sum(amount), max(note) FROM events WHERE amount % 7 <> 3 GROUP BY tenant_id',
};

const pruningLost: FaultScenario = {
  name: 'citus_pruning_lost',
  cluster: 'citus',
  fault: 'The table is distributed by another column than that of the condition.',
  expected: 'pruning.lost',
  tables: ['SET citus.shard_count = 32', ...events('tenant_id', 200_000), 'CREATE INDEX ON events (tenant_id)'],
  inject: async target => {
    await target.run(...redistribute('events', 'event_id'));
    return undefined;
  },
  statement: 'SELECT count(*), sum(amount), max(note) FROM events WHERE tenant_id = 7',
};

const pushdownLost: FaultScenario = {
  name: 'citus_pushdown_lost',
  cluster: 'citus',
  fault: 'The table is distributed by another column than that of the subquery’s GROUP BY.',
  expected: 'pushdown.lost',
  alsoTrue: ['subplan.heavy'],
  tables: events('visitor_id', 200_000),
  inject: async target => {
    await target.run(...redistribute('events', 'tenant_id'));
    return undefined;
  },
  statement:
    'SELECT avg(visits), max(visits) FROM (SELECT visitor_id, count(*) AS visits FROM events GROUP BY visitor_id) AS v',
};

const repartition: FaultScenario = {
  name: 'citus_repartition',
  cluster: 'citus',
  fault: 'One of two joined tables is distributed by another column than the joined one.',
  expected: 'repartition',
  settings: ['citus.enable_repartition_joins = on'],
  tables: [
    ...events('event_id', 100_000),
    'CREATE TABLE payments (payment_id bigint NOT NULL, event_id bigint NOT NULL, paid integer NOT NULL)',
    `SELECT create_distributed_table('payments', 'event_id', colocate_with => 'events')`,
    'INSERT INTO payments SELECT i * 3, i, i % 100 FROM generate_series(1::bigint, 100000) AS i',
  ],
  inject: async target => {
    await target.run(...redistribute('payments', 'payment_id'));
    return undefined;
  },
  statement: 'SELECT count(*), sum(p.paid) FROM events e JOIN payments p ON p.event_id = e.event_id',
};

const localTable: FaultScenario = {
  name: 'citus_local_table',
  cluster: 'citus',
  fault:
    'A reference table has stayed a local one: its rows go through the coordinator to every worker for each execution.',
  expected: 'subplan.heavy',
  // The source reads the table inside the shards.
  alsoTrue: ['pushdown.lost'],
  tables: [
    ...events('tenant_id', 100_000),
    'CREATE TABLE visitors (visitor_id integer PRIMARY KEY, region integer NOT NULL, name text NOT NULL)',
    `INSERT INTO visitors SELECT i, i % 50, 'visitor ' || i FROM generate_series(0, 50020) AS i`,
    `SELECT create_reference_table('visitors')`,
  ],
  inject: async target => {
    await target.run(`SELECT undistribute_table('visitors')`, 'VACUUM (ANALYZE) visitors');
    return undefined;
  },
  statement: `SELECT v.region, count(*), max(v.name) FROM events e JOIN visitors v USING (visitor_id) GROUP BY v.region`,
};

/** Items that a lookup waits for, five milliseconds each; four of five belong to one tenant. */
const items = (distributedBy: 'tenant_id' | 'item_id'): string[] => [
  slowLookup(5),
  `SELECT create_distributed_function('rate_of(integer)')`,
  'CREATE TABLE items (tenant_id integer NOT NULL, item_id integer NOT NULL)',
  `SELECT create_distributed_table('items', '${distributedBy}')`,
  'INSERT INTO items SELECT CASE WHEN i % 5 = 0 THEN i ELSE 1 END, i FROM generate_series(1, 240) AS i',
];

const tasksSkewed: FaultScenario = {
  name: 'citus_tasks_skewed',
  cluster: 'citus',
  fault: 'The table is distributed by a column that holds one value in four of five rows.',
  expected: 'tasks.skewed',
  tables: items('item_id'),
  inject: async target => {
    await target.run(...redistribute('items', 'tenant_id'));
    return undefined;
  },
  statement: 'SELECT count(*), sum(rate_of(item_id)) FROM items',
};

const onlyOneConnection: FaultScenario = {
  name: 'citus_one_connection',
  cluster: 'citus',
  fault: 'The role has citus.max_adaptive_executor_pool_size = 1: the tasks of a worker run one after the other.',
  expected: 'connections.exhausted',
  tables: items('item_id'),
  inject: async ({ cluster, role }) => {
    await cluster.coordinator.query(`ALTER ROLE ${role} SET citus.max_adaptive_executor_pool_size = 1`);
    return undefined;
  },
  statement: 'SELECT count(*), sum(rate_of(item_id)) FROM items',
};

const slowNode: FaultScenario = {
  name: 'citus_slow_node',
  cluster: 'citus',
  fault: 'The processor of one worker gives it a sixteenth of its time.',
  expected: 'task.slow-node',
  alsoTrue: ['cpu.slower'],
  tables: events('tenant_id', 60_000),
  meanwhile: ({ cluster, role }) => throttle(cluster.workers[0]!, role),
  statement: 'SELECT tenant_id, max(md5(md5(note))) FROM events GROUP BY tenant_id',
};

const indexMissingOnWorker: FaultScenario = {
  name: 'citus_index_missing',
  cluster: 'citus',
  fault: 'One worker’s shards lack the index of the condition.',
  expected: 'index.missing',
  // The tasks of that worker are the slow ones.
  alsoTrue: ['task.slow-node', 'tasks.skewed'],
  // Only a nested loop is left: with the index it looks a code up, without it reads the whole shard again.
  settings: ['enable_hashjoin = off', 'enable_mergejoin = off'],
  tables: [
    ...events('tenant_id', 100_000),
    'CREATE INDEX events_note_idx ON events (note)',
    'CREATE TABLE codes (code text NOT NULL)',
    `INSERT INTO codes SELECT md5((i * 300)::text) FROM generate_series(1, 40) AS i`,
    `SELECT create_reference_table('codes')`,
  ],
  inject: async ({ cluster, role }) => {
    await dropShardIndexes(cluster.workers[0]!, role, 'events_note_idx');
    return undefined;
  },
  statement: 'SELECT count(*), sum(e.amount) FROM codes c JOIN events e ON e.note = c.code',
};

async function dropShardIndexes(worker: LabServer, schema: string, index: string): Promise<void> {
  await worker.query(`SET citus.override_table_visibility = off;
SET citus.enable_manual_changes_to_shards = on;
DO $$
DECLARE shard_index regclass;
BEGIN
  FOR shard_index IN SELECT oid::regclass FROM pg_class
    WHERE relnamespace = '${schema}'::regnamespace AND relkind = 'i' AND relname ~ '^${index}_[0-9]+$'
  LOOP EXECUTE 'DROP INDEX ' || shard_index; END LOOP;
END $$`);
}

const regions: string[] = [
  'CREATE TABLE regions (visitor_id integer PRIMARY KEY, region text NOT NULL)',
  `INSERT INTO regions SELECT i, 'region ' || i % 50 FROM generate_series(0, 4999) AS i`,
  `SELECT create_reference_table('regions')`,
];

const fillEvents = `INSERT INTO events
SELECT 1 + i % 100, i, i * 7919 % 5000, CASE WHEN i % 50 = 0 THEN 2 ELSE 1 END, CASE WHEN i % 50 = 0 THEN 'error' ELSE 'view' END
FROM generate_series(1::bigint, 240000) AS i`;

const statsMissing: FaultScenario = {
  name: 'citus_stats_missing',
  cluster: 'citus',
  fault: 'The shards were vacuumed and never analysed since they were loaded.',
  expected: 'stats.missing',
  alsoTrue: ['estimate.off'],
  tables: [...regions, ...emptyEvents('tenant_id'), fillEvents],
  inject: async target => {
    await target.run('DROP TABLE events', ...emptyEvents('tenant_id'), fillEvents, 'VACUUM events');
    return undefined;
  },
  statement: `SELECT r.region, count(*) FROM events e JOIN regions r USING (visitor_id)
WHERE e.note = 'view' AND e.amount = 1 GROUP BY r.region`,
};

const slowNetwork: FaultScenario = {
  name: 'citus_slow_network',
  cluster: 'citus',
  fault: 'Between the nodes every packet takes 20 ms more, and a connection carries 4 MB a second.',
  expected: 'network.share',
  tables: events('tenant_id', 60_000),
  inject: ({ cluster }) => slowDownNetwork(cluster, { delayMs: 20, bytesPerMs: 4_000 }),
  statement: 'SELECT tenant_id, event_id, visitor_id, amount, note FROM events',
};

export const citusFaults: readonly FaultScenario[] = [
  noFault,
  jitForced,
  jitOnWorkers,
  pruningLost,
  pushdownLost,
  repartition,
  localTable,
  tasksSkewed,
  onlyOneConnection,
  slowNode,
  indexMissingOnWorker,
  statsMissing,
  slowNetwork,
];
