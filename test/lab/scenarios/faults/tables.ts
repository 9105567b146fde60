/** What several scenarios load. Every row follows from its number, so that both sides and every run hold the same. */

/** Twenty thousand customers in fifty regions, and orders of theirs. */
export const shop = (orders: number): string[] => [
  `CREATE TABLE customers (customer_id integer PRIMARY KEY, region integer NOT NULL, name text NOT NULL)`,
  `INSERT INTO customers SELECT i, i % 50, 'customer ' || i FROM generate_series(1, 20000) AS i`,
  ordersTable,
  fillOrders(1, orders),
];

export const ordersTable = `CREATE TABLE orders (
  order_id bigint PRIMARY KEY,
  customer_id integer NOT NULL,
  amount integer NOT NULL,
  reference text NOT NULL
)`;

export const fillOrders = (first: number, last: number): string => `INSERT INTO orders
SELECT i, 1 + i * 7919 % 20000, i * 48271 % 10007, md5(i::text) FROM generate_series(${first}::bigint, ${last}) AS i`;

/** Rows of one and a half kilobytes, five to a page. */
export const documents = (count: number): string[] => [
  `CREATE TABLE documents (document_id integer PRIMARY KEY, kind integer NOT NULL, words integer NOT NULL, body text NOT NULL)`,
  'ALTER TABLE documents ALTER body SET STORAGE PLAIN',
  `INSERT INTO documents SELECT i, i % 5, i * 7919 % 20011, repeat(md5(i::text), 45) FROM generate_series(1, ${count}) AS i`,
];

/** Price bands, for a join that only a nested loop can do. */
export const bands: string[] = [
  `CREATE TABLE bands (band integer PRIMARY KEY, low integer NOT NULL, high integer NOT NULL)`,
  `INSERT INTO bands SELECT i, i * 1000, (i + 1) * 1000 FROM generate_series(0, 10) AS i`,
];

/** A lookup that waits rather than computes, as one that asks another service: its time is the same on any machine. */
export const slowLookup = (ms: number): string => `CREATE FUNCTION rate_of(item integer) RETURNS integer
LANGUAGE plpgsql STABLE PARALLEL SAFE COST 10000
AS $$ BEGIN PERFORM pg_sleep(${ms / 1000}); RETURN item % 100; END $$`;
