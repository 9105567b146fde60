/** Faults in what belongs to a table of the target: its indexes, its statistics, its rows. */
import type { FaultScenario } from './scenario';
import { fillOrders, ordersTable, shop } from './tables';

const byCustomer = 'SELECT count(*), sum(amount) FROM orders WHERE customer_id = 4711';
const customerIndex = 'CREATE INDEX orders_customer_id_idx ON orders (customer_id)';
const indexed = [...shop(250_000), customerIndex];

const indexMissing: FaultScenario = {
  name: 'index_missing',
  cluster: 'plain',
  fault: 'The index of the condition was not created.',
  expected: 'index.missing',
  tables: indexed,
  inject: async target => {
    await target.run('DROP INDEX orders_customer_id_idx');
    return undefined;
  },
  statement: byCustomer,
};

const indexInvalid: FaultScenario = {
  name: 'index_invalid',
  cluster: 'plain',
  fault: 'The index is not valid, as CREATE INDEX CONCURRENTLY leaves it when it fails.',
  expected: 'index.invalid',
  tables: indexed,
  inject: async ({ cluster, role }) => {
    await cluster.coordinator.query(
      `UPDATE pg_index SET indisvalid = false WHERE indexrelid = '${role}.orders_customer_id_idx'::regclass`,
    );
    return undefined;
  },
  statement: byCustomer,
};

const indexUnused: FaultScenario = {
  name: 'index_unused',
  cluster: 'plain',
  fault: 'The column has an ICU collation instead of C, so that its index cannot serve LIKE.',
  expected: 'index.unused',
  tables: [...shop(250_000), 'CREATE INDEX orders_reference_idx ON orders (reference)'],
  inject: async target => {
    await target.run('ALTER TABLE orders ALTER reference TYPE text COLLATE "und-x-icu"', 'VACUUM (ANALYZE) orders');
    return undefined;
  },
  statement: `SELECT count(*), sum(amount) FROM orders WHERE reference LIKE 'abcd%'`,
};

const visits = `CREATE TABLE visits (visit_id bigint PRIMARY KEY, page integer NOT NULL, country text NOT NULL, device text NOT NULL)`;
const pages = [
  `CREATE TABLE pages (page integer PRIMARY KEY, title text NOT NULL)`,
  `INSERT INTO pages SELECT i, 'page ' || i % 50 FROM generate_series(1, 20000) AS i`,
];
const visitsByTitle = (country: string, device: string) => `SELECT p.title, count(*)
FROM visits v JOIN pages p ON p.page = v.page WHERE v.country = '${country}' AND v.device = '${device}' GROUP BY p.title`;

/** Nearly all are from one country and by one device. */
const fillVisits = (first: number, last: number) => `INSERT INTO visits SELECT i, 1 + i * 7919 % 20000,
CASE WHEN i % 100 = 0 THEN 'DE' ELSE 'FR' END, CASE WHEN i % 100 = 0 THEN 'tv' ELSE 'phone' END
FROM generate_series(${first}::bigint, ${last}) AS i`;

const statsMissing: FaultScenario = {
  name: 'stats_missing',
  cluster: 'plain',
  fault: 'The table was vacuumed and never analysed since it was loaded.',
  expected: 'stats.missing',
  alsoTrue: ['estimate.off'],
  settings: ['max_parallel_workers_per_gather = 0', 'jit = off'],
  tables: [...pages, visits, fillVisits(1, 150_000)],
  inject: async target => {
    await target.run('DROP TABLE visits', visits, fillVisits(1, 150_000), 'VACUUM visits');
    return undefined;
  },
  statement: visitsByTitle('FR', 'phone'),
};

/** None of the first tenth is from the country that all the others are from. */
const fillGrown = (first: number, last: number) => `INSERT INTO visits SELECT i, 1 + i * 7919 % 20000,
CASE WHEN i <= 15000 THEN 'DE' ELSE 'FR' END, 'phone' FROM generate_series(${first}::bigint, ${last}) AS i`;

const statsStale: FaultScenario = {
  name: 'stats_stale',
  cluster: 'plain',
  fault: 'The table was analysed after a tenth of its rows, and vacuumed after all of them.',
  expected: 'stats.stale',
  alsoTrue: ['estimate.off'],
  settings: ['max_parallel_workers_per_gather = 0', 'jit = off'],
  tables: [...pages, visits, fillGrown(1, 150_000)],
  inject: async target => {
    await target.run('DROP TABLE visits', visits, fillGrown(1, 15_000), 'ANALYZE visits', fillGrown(15_001, 150_000));
    await target.run('VACUUM visits');
    return undefined;
  },
  statement: visitsByTitle('FR', 'phone'),
};

const estimateOff: FaultScenario = {
  name: 'estimate_off',
  cluster: 'plain',
  fault: 'The extended statistics of columns that depend on one another were not created.',
  expected: 'estimate.off',
  settings: ['max_parallel_workers_per_gather = 0', 'jit = off'],
  tables: [
    `CREATE TABLE cars (page integer NOT NULL, maker text NOT NULL, model text NOT NULL, engine text NOT NULL)`,
    `INSERT INTO cars SELECT 1 + i % 1000, 'maker ' || i % 60, 'model ' || i % 60, 'engine ' || i % 60
FROM generate_series(1, 60000) AS i`,
    `CREATE TABLE pages (page integer NOT NULL, title text NOT NULL)`,
    `INSERT INTO pages SELECT i, 'page ' || i FROM generate_series(1, 1000) AS i`,
    'CREATE STATISTICS cars_maker_model_engine (dependencies, mcv) ON maker, model, engine FROM cars',
  ],
  inject: async target => {
    await target.run('DROP STATISTICS cars_maker_model_engine');
    return undefined;
  },
  statement: `SELECT p.title, count(*) FROM cars c JOIN pages p ON p.page = c.page
WHERE c.maker = 'maker 7' AND c.model = 'model 7' AND c.engine = 'engine 7' GROUP BY p.title`,
};

const visibilityMap: FaultScenario = {
  name: 'visibility_map',
  cluster: 'plain',
  fault: 'The table was analysed and never vacuumed since it was loaded.',
  expected: 'visibility.map',
  settings: ['max_parallel_workers_per_gather = 0', 'jit = off', 'enable_seqscan = off', 'enable_bitmapscan = off'],
  tables: indexed,
  inject: async target => {
    await target.run('DROP TABLE orders', ordersTable, fillOrders(1, 250_000), customerIndex, 'ANALYZE orders');
    return undefined;
  },
  statement: 'SELECT count(*) FROM orders WHERE customer_id <= 8000',
};

const rowsDiffer: FaultScenario = {
  name: 'rows_differ',
  cluster: 'plain',
  fault: 'The table holds five times the rows.',
  expected: 'rows.differ',
  settings: ['max_parallel_workers_per_gather = 0', 'jit = off'],
  tables: shop(80_000),
  inject: async target => {
    await target.run(fillOrders(80_001, 400_000), 'VACUUM (ANALYZE) orders');
    return undefined;
  },
  statement: `SELECT c.region, count(*), sum(o.amount) FROM orders o JOIN customers c USING (customer_id) GROUP BY c.region`,
};

export const relationFaults: readonly FaultScenario[] = [
  indexMissing,
  indexInvalid,
  indexUnused,
  statsMissing,
  statsStale,
  estimateOff,
  visibilityMap,
  rowsDiffer,
];
