/** Faults that are a setting of the target: of its role, its database or its configuration. */
import type { LabServer } from '../../server';
import type { FaultScenario, FaultTarget, Undo } from './scenario';
import { bands, documents, shop, slowLookup } from './tables';

const ofRole =
  (...settings: string[]) =>
  async ({ cluster, role }: FaultTarget): Promise<undefined> => {
    for (const setting of settings) await cluster.coordinator.query(`ALTER ROLE ${role} SET ${setting}`);
  };

/** Into the configuration of one server; the settings must be those a reload suffices for. */
export async function configure(server: LabServer, settings: Record<string, string>): Promise<Undo> {
  const write = async (all: Record<string, string | undefined>) => {
    for (const [name, value] of Object.entries(all))
      await server.query(value === undefined ? `ALTER SYSTEM RESET ${name}` : `ALTER SYSTEM SET ${name} = '${value}'`);
    await server.query('SELECT pg_reload_conf()');
  };
  const names = Object.keys(settings);
  const rows = await server.query<{ name: string; setting: string }>(
    'SELECT name, setting FROM pg_file_settings WHERE name = ANY ($1) AND applied',
    [names],
  );
  const before = Object.fromEntries(names.map(name => [name, rows.find(row => row.name === name)?.setting]));
  await write(settings);
  return () => write(before);
}

export const lowJitCosts = { jit_above_cost: '100', jit_inline_above_cost: '100', jit_optimize_above_cost: '100' };

const noFault: FaultScenario = {
  name: 'no_fault',
  cluster: 'plain',
  fault: 'None: the same data, settings and statistics on both sides.',
  expected: undefined,
  tables: shop(300_000),
  statement: `SELECT c.region, count(*), sum(o.amount), max(o.reference)
FROM orders o JOIN customers c USING (customer_id) GROUP BY c.region`,
};

const harmless: FaultScenario = {
  ...noFault,
  name: 'harmless_setting',
  fault: 'None that shows: the role has effective_cache_size = 1GB instead of 4GB, and the plan stays what it is.',
  inject: ofRole(`effective_cache_size = '1GB'`),
};

const jitForced: FaultScenario = {
  name: 'jit_forced',
  cluster: 'plain',
  fault: 'The role has enable_nestloop = off, and only a nested loop can do the join.',
  expected: 'jit.forced',
  alsoTrue: ['nestloop.unavoidable'],
  needs: { jit: true, atMostMajor: 17 },
  tables: [...shop(20_000), ...bands],
  inject: ofRole('enable_nestloop = off'),
  statement: `SELECT b.band, count(*), sum(o.amount)
FROM orders o JOIN bands b ON o.amount >= b.low AND o.amount < b.high GROUP BY b.band`,
};

const jitCompiles: FaultScenario = {
  name: 'jit_compiles',
  cluster: 'plain',
  fault: 'The configuration lets JIT compile, inline and optimise from a cost of 100.',
  expected: 'jit.compiles',
  needs: { jit: true },
  tables: shop(20_000),
  inject: ({ cluster }) => configure(cluster.coordinator, lowJitCosts),
  statement: `SELECT c.region, count(*), sum(o.amount), avg(o.amount), max(o.reference)
FROM orders o JOIN customers c USING (customer_id) WHERE o.amount % 7 <> 3 GROUP BY c.region`,
};

const hashAggregateOff: FaultScenario = {
  name: 'hash_aggregate_off',
  cluster: 'plain',
  fault: 'The database has enable_hashagg = off.',
  expected: 'settings.planner',
  settings: [`work_mem = '256MB'`, 'max_parallel_workers_per_gather = 0', 'jit = off'],
  tables: shop(200_000),
  inject: async ({ cluster: { coordinator } }) => {
    await coordinator.query(`ALTER DATABASE ${coordinator.database} SET enable_hashagg = off`);
    return async () => {
      await coordinator.query(`ALTER DATABASE ${coordinator.database} RESET enable_hashagg`);
    };
  },
  statement: `SELECT 'customer ' || customer_id AS customer, count(*), sum(amount) FROM orders GROUP BY 1`,
};

const dearRandomPages: FaultScenario = {
  name: 'dear_random_pages',
  cluster: 'plain',
  fault: 'The role has random_page_cost = 1000 in this database.',
  expected: 'settings.planner',
  alsoTrue: ['index.unused'],
  tables: [...shop(250_000), 'CREATE INDEX ON orders (customer_id)'],
  inject: async ({ cluster: { coordinator }, role }) => {
    await coordinator.query(`ALTER ROLE ${role} IN DATABASE ${coordinator.database} SET random_page_cost = 1000`);
    return undefined;
  },
  statement: 'SELECT count(*), sum(amount) FROM orders WHERE customer_id = 4711',
};

const spillSort: FaultScenario = {
  name: 'spill_sort',
  cluster: 'plain',
  fault: 'The role has work_mem = 64kB instead of 256MB: a sort goes to disk.',
  expected: 'spill.sort',
  alsoTrue: ['memory.setting'],
  settings: [`work_mem = '256MB'`, 'max_parallel_workers_per_gather = 0', 'jit = off'],
  tables: documents(20_000),
  inject: ofRole(`work_mem = '64kB'`),
  statement: 'SELECT * FROM documents ORDER BY words, document_id LIMIT 2000',
};

const spillHash: FaultScenario = {
  name: 'spill_hash',
  cluster: 'plain',
  fault: 'The configuration has work_mem = 64kB instead of 16MB: a hash goes to disk.',
  expected: 'spill.hash',
  alsoTrue: ['memory.setting'],
  settings: [
    'hash_mem_multiplier = 8',
    'max_parallel_workers_per_gather = 0',
    'jit = off',
    'enable_mergejoin = off',
    'enable_nestloop = off',
  ],
  tables: documents(20_000),
  inject: ({ cluster }) => configure(cluster.coordinator, { work_mem: '64kB' }),
  statement: `SELECT count(*), sum(octet_length(a.body) + octet_length(b.body))
FROM documents a JOIN documents b ON b.document_id = a.document_id + 1`,
};

const memorySetting: FaultScenario = {
  name: 'memory_setting',
  cluster: 'plain',
  fault: 'The role has work_mem = 64kB instead of 16MB: the list of NOT IN is no longer hashed.',
  expected: 'memory.setting',
  alsoTrue: ['settings.planner'],
  settings: ['max_parallel_workers_per_gather = 0', 'jit = off'],
  tables: shop(5_000),
  inject: ofRole(`work_mem = '64kB'`),
  statement: `SELECT count(*) FROM customers
WHERE customer_id <= 1500 AND customer_id NOT IN (SELECT customer_id FROM orders WHERE amount < 9000)`,
};

const parallelOff: FaultScenario = {
  name: 'parallel_off',
  cluster: 'plain',
  fault: 'The role has max_parallel_workers_per_gather = 0 instead of 2.',
  expected: 'parallel.lost',
  settings: ['parallel_setup_cost = 0', 'min_parallel_table_scan_size = 0', 'jit = off'],
  tables: [slowLookup(2), ...shop(400)],
  inject: ofRole('max_parallel_workers_per_gather = 0'),
  statement: 'SELECT sum(rate_of(amount)) FROM orders',
};

const parallelNotLaunched: FaultScenario = {
  ...parallelOff,
  name: 'parallel_not_launched',
  fault: 'The configuration has max_parallel_workers = 0: workers are planned and none is launched.',
  inject: ({ cluster }) => configure(cluster.coordinator, { max_parallel_workers: '0' }),
};

export const settingFaults: readonly FaultScenario[] = [
  noFault,
  harmless,
  jitForced,
  jitCompiles,
  hashAggregateOff,
  dearRandomPages,
  spillSort,
  spillHash,
  memorySetting,
  parallelOff,
  parallelNotLaunched,
];
