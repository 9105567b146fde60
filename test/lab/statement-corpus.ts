/**
 * Statements in families of look-alikes, each to be told from its neighbours, in spellings that all mean the same. They are run
 * on real servers by `record-statements.mjs`, which keeps what pg_stat_statements makes of them.
 */

/** `;` at the ends of lines alone. Each statement by itself: some are Citus's. */
export const schema = `CREATE SCHEMA shop;
CREATE SCHEMA archive;
CREATE TABLE shop.orders (id bigint, customer_id bigint, status text, total numeric, created_at timestamptz DEFAULT now(), note text, tags text[], doc jsonb);
CREATE TABLE archive.orders (LIKE shop.orders);
CREATE TABLE shop.customers (id bigint PRIMARY KEY, name text, email text, country text, active boolean);
CREATE TABLE shop.items (customer_id bigint, order_id bigint, product_id int, quantity int, price numeric, PRIMARY KEY (customer_id, order_id, product_id));
CREATE TABLE shop.products (id int PRIMARY KEY, name text, price numeric);
CREATE TABLE shop.events_2023 (id bigint, tenant_id int, kind text, at timestamptz, payload jsonb);
CREATE TABLE shop.events_2024 (LIKE shop.events_2023);
CREATE TABLE shop.a_table_with_a_name_so_long_that_no_shard_of_it_has_room_here (id bigint, n int);
CREATE TABLE shop."user" (id bigint, name text);
CREATE TABLE shop."Order Lines" (id bigint, "Unit Price" numeric);
CREATE VIEW shop.open_orders AS SELECT * FROM shop.orders WHERE status = 'open';
CREATE FUNCTION shop.tax(numeric) RETURNS numeric LANGUAGE sql IMMUTABLE AS 'SELECT $1 * 0.2';
CREATE FUNCTION shop.fee(numeric) RETURNS numeric LANGUAGE sql IMMUTABLE AS 'SELECT $1 * 0.1';
CREATE PROCEDURE shop.refresh(text, int) LANGUAGE sql AS 'SELECT 1';
CREATE PROCEDURE shop.rebuild(text, int) LANGUAGE sql AS 'SELECT 1';
ALTER DATABASE app SET search_path = shop, public`;

export const distribution = `SELECT create_distributed_table('shop.orders', 'customer_id', shard_count => 4);
SELECT create_distributed_table('shop.customers', 'id', colocate_with => 'shop.orders');
SELECT create_distributed_table('shop.items', 'customer_id', colocate_with => 'shop.orders');
SELECT create_distributed_table('shop.events_2023', 'tenant_id', shard_count => 4);
SELECT create_distributed_table('shop.events_2024', 'tenant_id', shard_count => 4);
SELECT create_distributed_table('shop.a_table_with_a_name_so_long_that_no_shard_of_it_has_room_here', 'id', shard_count => 4);
SELECT create_distributed_table('archive.orders', 'customer_id', shard_count => 4);
SELECT create_reference_table('shop.products')`;

const tables = [
  ...['orders', 'customers', 'items', 'products', 'events_2023', 'events_2024', 'open_orders'],
  'a_table_with_a_name_so_long_that_no_shard_of_it_has_room_here',
];

/** A statement, or several spellings of one. `{list}` stands for constants of which there may be more or fewer. */
type Spellings = string | string[];

const families: Spellings[][] = [
  [
    [
      'SELECT id, total FROM orders WHERE customer_id = 5 LIMIT 10',
      'SELECT id, total FROM orders WHERE (customer_id = 5) LIMIT 10',
      'SELECT orders.id, orders.total FROM orders WHERE orders.customer_id = 5 LIMIT 10',
      'SELECT o.id, o.total FROM orders o WHERE o.customer_id = 5 LIMIT 10',
      'SELECT id AS id, total AS total FROM orders WHERE customer_id = 5 LIMIT 10',
    ],
    'SELECT id, total FROM orders WHERE customer_id = 5 OFFSET 10',
    'SELECT id, total FROM orders WHERE customer_id IN (5) LIMIT 10',
    'SELECT id, total FROM orders WHERE customer_id IN ({list}) LIMIT 10',
    'SELECT id, total FROM orders WHERE customer_id NOT IN ({list}) LIMIT 10',
    'SELECT total, id FROM orders WHERE customer_id = 5 LIMIT 10',
    'SELECT id, total FROM archive.orders WHERE customer_id = 5 LIMIT 10',
    'SELECT id, total FROM open_orders WHERE customer_id = 5 LIMIT 10',
    'SELECT id FROM orders WHERE customer_id = 5 LIMIT 10',
    'SELECT DISTINCT id, total FROM orders WHERE customer_id = 5 LIMIT 10',
    'SELECT id, total FROM orders WHERE customer_id > 5 LIMIT 10',
    [
      'SELECT id, total FROM orders WHERE customer_id <> 5 LIMIT 10',
      'SELECT id, total FROM orders WHERE customer_id != 5 LIMIT 10',
    ],
    'SELECT id, total FROM orders WHERE id = 5 LIMIT 10',
    'SELECT id, total FROM orders WHERE customer_id = 5 LIMIT 10 FOR UPDATE',
    'SELECT id, total FROM orders WHERE customer_id = 5 LIMIT 10 FOR SHARE',
    'SELECT id, total FROM orders WHERE customer_id = 5 LIMIT 10 OFFSET 20',
    'SELECT id, total AS sum FROM orders WHERE customer_id = 5 LIMIT 10',
  ],
  [
    ['SELECT count(*) FROM orders', 'SELECT count(*) AS count FROM orders', 'SELECT pg_catalog.count(*) FROM orders'],
    'SELECT count(*) FROM archive.orders',
    'SELECT count(*) FROM customers',
    'SELECT count(id) FROM orders',
    'SELECT count(DISTINCT id) FROM orders',
    'SELECT max(id) FROM orders',
    'SELECT min(id) FROM orders',
    "SELECT count(*) FILTER (WHERE status = 'open') FROM orders",
    "SELECT count(*) FROM orders WHERE status = 'open'",
    "SELECT count(*) FROM orders WHERE status LIKE 'o%'",
    "SELECT count(*) FROM orders WHERE status ILIKE 'o%'",
    "SELECT count(*) FROM orders WHERE status ~ 'o'",
    "SELECT count(*) FROM orders WHERE status ~* 'o'",
    'SELECT count(*) FROM orders WHERE status IS NULL',
    'SELECT count(*) FROM orders WHERE status IS NOT NULL',
    'SELECT count(*) FROM ONLY orders',
  ],
  [
    'SELECT id FROM events_2023 WHERE tenant_id = 1',
    'SELECT id FROM events_2024 WHERE tenant_id = 1',
    'SELECT id FROM events_2024 WHERE tenant_id = 1 ORDER BY at',
    [
      'SELECT id FROM events_2024 WHERE tenant_id = 1 ORDER BY at DESC',
      'SELECT e.id FROM events_2024 AS e WHERE e.tenant_id = 1 ORDER BY e.at DESC',
    ],
    'SELECT id FROM events_2024 WHERE tenant_id = 1 ORDER BY at DESC NULLS LAST',
    'SELECT id FROM events_2024 WHERE tenant_id = 1 ORDER BY at NULLS FIRST',
    'SELECT id FROM events_2024 WHERE tenant_id = 1 ORDER BY kind',
    "SELECT id FROM events_2024 WHERE tenant_id = 1 AND kind = 'x'",
    "SELECT id FROM events_2024 WHERE tenant_id = 1 OR kind = 'x'",
    "SELECT id FROM events_2024 WHERE kind = 'x' AND tenant_id = 1",
    "SELECT payload -> 'a' FROM events_2024 WHERE tenant_id = 1",
    "SELECT payload ->> 'a' FROM events_2024 WHERE tenant_id = 1",
    "SELECT payload #>> '{a}' FROM events_2024 WHERE tenant_id = 1",
    "SELECT id FROM events_2024 WHERE payload @> '{}'",
    "SELECT id FROM events_2024 WHERE payload <@ '{}'",
    "SELECT id FROM events_2024 WHERE payload ? 'a'",
    'SELECT id FROM events_2024 WHERE tenant_id BETWEEN 1 AND 2',
    'SELECT id FROM events_2024 WHERE tenant_id NOT BETWEEN 1 AND 2',
  ],
  [
    [
      'SELECT o.id, c.name FROM orders o JOIN customers c ON c.id = o.customer_id WHERE c.country = $$de$$',
      'SELECT o.id, c.name FROM orders AS o INNER JOIN customers AS c ON (c.id = o.customer_id) WHERE (c.country = $$de$$)',
    ],
    [
      'SELECT o.id, c.name FROM orders o LEFT JOIN customers c ON c.id = o.customer_id WHERE c.country = $$de$$',
      'SELECT o.id, c.name FROM orders o LEFT OUTER JOIN customers c ON c.id = o.customer_id WHERE c.country = $$de$$',
    ],
    'SELECT o.id, c.name FROM orders o RIGHT JOIN customers c ON c.id = o.customer_id WHERE c.country = $$de$$',
    'SELECT o.id, c.name FROM orders o FULL JOIN customers c ON c.id = o.customer_id WHERE c.country = $$de$$',
    'SELECT o.id, o.name FROM customers o JOIN orders c ON c.customer_id = o.id WHERE o.country = $$de$$',
    'SELECT o.id, c.name FROM orders o, customers c WHERE c.id = o.customer_id AND c.country = $$de$$',
    'SELECT o.id, c.email FROM orders o JOIN customers c ON c.id = o.customer_id WHERE c.country = $$de$$',
    'SELECT o.id, c.name FROM orders o JOIN customers c ON c.id = o.id WHERE c.country = $$de$$',
    'SELECT o.id FROM orders o WHERE EXISTS (SELECT 1 FROM customers c WHERE c.id = o.customer_id)',
    'SELECT o.id FROM orders o WHERE NOT EXISTS (SELECT 1 FROM customers c WHERE c.id = o.customer_id)',
    'SELECT o.id FROM orders o WHERE o.customer_id IN (SELECT c.id FROM customers c)',
    'SELECT a.id FROM orders a JOIN orders b ON a.customer_id = b.customer_id WHERE a.id = 1',
    'SELECT b.id FROM orders a JOIN orders b ON a.customer_id = b.customer_id WHERE a.id = 1',
  ],
  [
    ["INSERT INTO customers (id, name, email) VALUES (100, 'a', 'b') ON CONFLICT DO NOTHING"],
    "INSERT INTO customers (id, email, name) VALUES (100, 'a', 'b') ON CONFLICT DO NOTHING",
    "INSERT INTO customers (id, name, country) VALUES (100, 'a', 'b') ON CONFLICT DO NOTHING",
    "INSERT INTO customers (id, name, email) VALUES (100, 'a', 'b') ON CONFLICT (id) DO UPDATE SET name = excluded.name",
    "INSERT INTO customers (id, name, email) VALUES (100, 'a', 'b') ON CONFLICT (id) DO UPDATE SET email = excluded.email",
    "INSERT INTO customers (id, name, email) VALUES (100, 'a', 'b'), (101, 'c', 'd') ON CONFLICT DO NOTHING",
    "INSERT INTO orders (id, customer_id, status) VALUES (1, 2, 'open')",
    "INSERT INTO archive.orders (id, customer_id, status) VALUES (1, 2, 'open')",
    "INSERT INTO orders (id, customer_id, status) VALUES (1, 2, 'open') RETURNING id",
    'INSERT INTO orders (id, customer_id, status) VALUES (1, 2, NULL)',
    'INSERT INTO orders (id, customer_id, status) SELECT 1, 2, $$x$$',
    'INSERT INTO archive.orders SELECT * FROM orders WHERE customer_id = 7',
    'INSERT INTO orders SELECT * FROM archive.orders WHERE customer_id = 7',
  ],
  [
    [
      "UPDATE orders SET status = 'paid' WHERE customer_id = 3 AND id = 4",
      "UPDATE orders o SET status = 'paid' WHERE o.customer_id = 3 AND o.id = 4",
      "UPDATE orders SET status = 'paid' WHERE ((customer_id = 3) AND (id = 4))",
    ],
    "UPDATE orders SET note = 'paid' WHERE customer_id = 3 AND id = 4",
    "UPDATE archive.orders SET status = 'paid' WHERE customer_id = 3 AND id = 4",
    "UPDATE orders SET status = 'paid' WHERE id = 3 AND customer_id = 4",
    "UPDATE orders SET status = 'paid' WHERE customer_id = 3",
    'UPDATE orders SET status = NULL WHERE customer_id = 3 AND id = 4',
    "UPDATE orders SET status = 'paid', note = 'x' WHERE customer_id = 3 AND id = 4",
    "UPDATE orders SET note = 'paid', status = 'x' WHERE customer_id = 3 AND id = 4",
    'UPDATE orders SET total = total + 1 WHERE customer_id = 3',
    'UPDATE orders SET total = total - 1 WHERE customer_id = 3',
    'UPDATE orders SET total = -1 WHERE customer_id = 3',
    'UPDATE orders SET total = DEFAULT WHERE customer_id = 3',
    "UPDATE orders SET status = 'paid' WHERE customer_id = 3 AND id = 4 RETURNING id",
  ],
  [
    'DELETE FROM orders WHERE customer_id = 9',
    'DELETE FROM archive.orders WHERE customer_id = 9',
    'DELETE FROM orders WHERE id = 9',
    'DELETE FROM orders WHERE customer_id = 9 RETURNING id',
    'DELETE FROM orders WHERE customer_id < 0',
    'DELETE FROM customers WHERE id = 9',
    'DELETE FROM events_2023 WHERE tenant_id = 9',
    'DELETE FROM events_2024 WHERE tenant_id = 9',
  ],
  [
    'SELECT id, name FROM "user"',
    'SELECT user, current_date',
    'SELECT session_user, current_date',
    'SELECT user AS name FROM customers',
    'SELECT "user" FROM "user"',
    'SELECT "user".id FROM "user"',
    'SELECT "Unit Price" FROM "Order Lines"',
    'SELECT id FROM "Order Lines"',
    'SELECT id AS "Id" FROM "Order Lines"',
  ],
  [
    [
      'SELECT tax(total) FROM orders',
      'SELECT shop.tax(total) FROM orders',
      'SELECT tax(orders.total) AS tax FROM orders',
    ],
    'SELECT fee(total) FROM orders',
    'SELECT tax(total) + fee(total) FROM orders',
    'SELECT fee(total) + tax(total) FROM orders',
    'SELECT tax(fee(total)) FROM orders',
    'SELECT lower(status) FROM orders',
    'SELECT upper(status) FROM orders',
    'SELECT coalesce(status, note) FROM orders',
    'SELECT coalesce(note, status) FROM orders',
    'SELECT greatest(id, customer_id) FROM orders',
    'SELECT least(id, customer_id) FROM orders',
    ['SELECT id::text FROM orders', 'SELECT CAST(id AS text) FROM orders', 'SELECT (id)::text FROM orders'],
    'SELECT id::int FROM orders',
    'SELECT CASE WHEN id > 1 THEN total ELSE 0 END FROM orders',
    'SELECT CASE WHEN id > 1 THEN 0 ELSE total END FROM orders',
    "SELECT date_trunc('day', created_at) FROM orders",
    "SELECT date_part('day', created_at) FROM orders",
  ],
  [
    'SELECT customer_id, sum(total) FROM orders GROUP BY customer_id',
    'SELECT customer_id, min(total) FROM orders GROUP BY customer_id',
    'SELECT customer_id, sum(total) FROM orders GROUP BY customer_id HAVING sum(total) > 10',
    'SELECT customer_id, sum(total) FROM orders GROUP BY customer_id HAVING sum(total) < 10',
    'SELECT customer_id, sum(total) FROM orders GROUP BY customer_id ORDER BY 2',
    'SELECT customer_id, sum(total) FROM orders GROUP BY customer_id ORDER BY 1',
    'SELECT customer_id, sum(total) FROM orders GROUP BY ROLLUP (customer_id)',
    'SELECT customer_id, sum(total) FROM orders GROUP BY CUBE (customer_id)',
    'SELECT customer_id, rank() OVER (ORDER BY total) FROM orders',
    'SELECT customer_id, rank() OVER (ORDER BY total DESC) FROM orders',
    'SELECT customer_id, rank() OVER (PARTITION BY status ORDER BY total) FROM orders',
    'SELECT customer_id, dense_rank() OVER (ORDER BY total) FROM orders',
  ],
  [
    'SELECT id FROM orders UNION SELECT id FROM customers',
    'SELECT id FROM orders UNION ALL SELECT id FROM customers',
    'SELECT id FROM orders EXCEPT SELECT id FROM customers',
    'SELECT id FROM customers EXCEPT SELECT id FROM orders',
    'SELECT id FROM orders INTERSECT SELECT id FROM customers',
    'WITH x AS (SELECT id FROM orders) SELECT * FROM x',
    'WITH x AS MATERIALIZED (SELECT id FROM orders) SELECT * FROM x',
    'WITH x AS (SELECT id FROM customers) SELECT * FROM x',
    'WITH RECURSIVE x(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM x WHERE n < 5) SELECT n FROM x',
    'SELECT id FROM (SELECT id FROM orders) s',
    'SELECT * FROM orders TABLESAMPLE system (10)',
    'SELECT * FROM orders TABLESAMPLE bernoulli (10)',
  ],
  [
    'SELECT id FROM orders WHERE tags = ARRAY[$$a$$, $$b$$]',
    'SELECT id FROM orders WHERE tags && ARRAY[$$a$$, $$b$$]',
    'SELECT id FROM orders WHERE id = ANY(ARRAY[{list}])',
    'SELECT id FROM orders WHERE id <> ALL(ARRAY[{list}])',
    'SELECT tags[1] FROM orders',
    'SELECT tags[1:2] FROM orders',
    'SELECT id FROM orders WHERE (id, customer_id) IN ((1, 2), (3, 4))',
    'SELECT id FROM orders WHERE id IN ({list}) AND status IN ($$a$$, $$b$$)',
    'SELECT id FROM orders WHERE id IN (1, 2) AND status = $$a$$',
  ],
  [
    'SELECT p.name, i.quantity FROM items i JOIN products p ON p.id = i.product_id WHERE i.customer_id = 4',
    'SELECT p.name, i.quantity FROM items i JOIN products p ON p.id = i.product_id WHERE i.order_id = 4',
    'SELECT p.price, i.quantity FROM items i JOIN products p ON p.id = i.product_id WHERE i.customer_id = 4',
    'SELECT i.price, i.quantity FROM items i JOIN products p ON p.id = i.product_id WHERE i.customer_id = 4',
    'SELECT name FROM products WHERE id = 4',
    'SELECT price FROM products WHERE id = 4',
    'UPDATE products SET price = price * 1.1 WHERE id = 4',
    'UPDATE products SET price = price / 1.1 WHERE id = 4',
  ],
  [
    'SELECT n FROM a_table_with_a_name_so_long_that_no_shard_of_it_has_room_here WHERE id = 1',
    'SELECT id FROM a_table_with_a_name_so_long_that_no_shard_of_it_has_room_here WHERE id = 1',
    'SELECT n FROM a_table_with_a_name_so_long_that_no_shard_of_it_has_room_here WHERE n = 1',
    'DELETE FROM a_table_with_a_name_so_long_that_no_shard_of_it_has_room_here WHERE id = 1',
  ],
  [
    'SET enable_seqscan = on',
    'SET enable_seqscan = off',
    'SET enable_hashjoin = off',
    'SET LOCAL enable_seqscan = off',
    "SET work_mem = '8MB'",
    "SET work_mem = '16MB'",
    'RESET enable_seqscan',
    'SHOW work_mem',
    'BEGIN',
    'BEGIN ISOLATION LEVEL SERIALIZABLE',
    'COMMIT',
    'ROLLBACK',
    ["CALL refresh('a', 1)", "CALL refresh('b', 2)", 'CALL refresh($$c$$, 30)'],
    "CALL rebuild('a', 1)",
    'VACUUM products',
    'ANALYZE products',
    'VALUES (1, 2)',
    'VALUES (1, 2), (3, 4)',
  ],
];

export interface CorpusText {
  /** `family.member`: what has the same is the same statement. */
  label: string;
  variant: string;
  sql: string;
}

/** Every statement in every spelling. */
export function corpusTexts(): CorpusText[] {
  return families.flatMap((family, i) => family.flatMap((spellings, j) => textsOf(`${i}.${j}`, [spellings].flat())));
}

function textsOf(label: string, [plain, ...others]: string[]): CorpusText[] {
  const base = plain!;
  const found = new Map<string, string>();
  const add = (variant: string, sql: string) => {
    if (variant === 'base' || ![...found.values()].includes(sql)) found.set(variant, sql);
  };
  add('base', list(base, 3));
  add('list of two', list(base, 2));
  add('list of seven', list(base, 7));
  const one = list(base, 3);
  add(
    'layout',
    outsideQuotes(one, text => text.replaceAll(' ', '\n\t ')),
  );
  add(
    'no blanks',
    outsideQuotes(one, text =>
      text
        .replaceAll(', ', ',')
        .replace(/ ([=<>]+) /g, '$1')
        .replaceAll(' (', '('),
    ),
  );
  add('comments', `/* trace=4711 */ ${outsideQuotes(one, text => text.replaceAll(' ', ' /* why; */ '))} -- end`);
  add(
    'upper case',
    outsideQuotes(one, text => text.toUpperCase()),
  );
  add(
    'lower case',
    outsideQuotes(one, text => text.toLowerCase()),
  );
  add(
    'schema',
    named(one, name => `shop.${name}`),
  );
  add(
    'quotes',
    named(one, name => `"${name}"`),
  );
  add(
    'quotes and schema',
    named(one, name => `"shop"."${name}"`),
  );
  others.forEach((sql, i) => {
    add(`spelling ${i + 1}`, sql);
  });
  return [...found].map(([variant, sql]) => ({ label, variant, sql }));
}

function list(sql: string, length: number): string {
  return sql.replaceAll('{list}', Array.from({ length }, (_, i) => String(i + 11)).join(', '));
}

function outsideQuotes(sql: string, change: (text: string) => string): string {
  return sql
    .split(/('[^']*'|"[^"]*"|\$\$[^$]*\$\$)/)
    .map((part, i) => (i % 2 === 0 ? change(part) : part))
    .join('');
}

/** Tables' names where tables are named. */
function named(sql: string, write: (name: string) => string): string {
  const places = new RegExp(`\\b(FROM|JOIN|INTO|UPDATE|ONLY|VACUUM|ANALYZE|o,) (${tables.join('|')})\\b(?!\\.)`, 'g');
  return outsideQuotes(sql, text =>
    text.replace(places, (_, before: string, name: string) => `${before} ${write(name)}`),
  );
}
