/** What a hostile playbook would ask, and what must come of it. */

export interface Attack {
  name: string;
  sql: string;
  /** `refused` before anything is sent; `limited`: it reads, and is ended or cut off; `harmless`: it reads, and that is all. */
  outcome: 'refused' | 'limited' | 'harmless';
  /** Of the refusal, or of the failure that ended it. */
  says?: RegExp;
  /** The refusal points at the first of this in the text; default: the beginning of the statement. */
  at?: string;
  /** Default 1,000. */
  timeoutMs?: number;
}

const refused = (name: string, sql: string, says: RegExp, at?: string): Attack => ({
  name,
  sql,
  outcome: 'refused',
  says,
  ...(at !== undefined && { at }),
});

/** Objects that hide what they do; made by the superuser before the playbook is run. */
export const hostileObjects = [
  'CREATE TABLE t (a int PRIMARY KEY, b text)',
  `INSERT INTO t SELECT i, 'x' || i FROM generate_series(1, 20) i`,
  'CREATE SEQUENCE s',
  `CREATE FUNCTION f_vol(int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN INSERT INTO t VALUES ($1 + 1000, 'loot'); RETURN $1; END $$`,
  `CREATE VIEW v_next AS SELECT nextval('s') AS n`,
  'CREATE VIEW v_deep AS SELECT * FROM (SELECT n + 1 AS n FROM v_next) AS q',
  'CREATE VIEW v_vol AS SELECT * FROM t WHERE f_vol(a) > 0',
  'CREATE VIEW "v; DROP TABLE t" AS SELECT pg_switch_wal() AS n',
  'CREATE FUNCTION op_vol(int, text) RETURNS bool LANGUAGE sql VOLATILE AS $$ SELECT f_vol($1) > 0 $$',
  'CREATE OPERATOR === (LEFTARG = int, RIGHTARG = text, FUNCTION = op_vol)',
  'CREATE VIEW v_op AS SELECT a === b AS x FROM t',
  'CREATE TABLE guarded (a int)',
  'INSERT INTO guarded VALUES (1)',
  'ALTER TABLE guarded ENABLE ROW LEVEL SECURITY',
  'CREATE POLICY spy ON guarded USING (f_vol(a) > 0)',
  'CREATE FUNCTION lies(int) RETURNS int LANGUAGE plpgsql STABLE AS $$ BEGIN RETURN f_vol($1); END $$',
  'CREATE FUNCTION lies_deeper(int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN lies($1); END $$',
  `CREATE FUNCTION lies_by_text(int) RETURNS int LANGUAGE plpgsql STABLE AS
     $$ BEGIN EXECUTE 'SELECT f_' || 'vol(1)'; RETURN $1; END $$`,
  `CREATE FUNCTION lies_in_code(int) RETURNS int LANGUAGE sql STABLE AS $$ SELECT U&"\\0066_vol"($1) $$`,
  'CREATE FUNCTION lies_in_body(int) RETURNS int LANGUAGE sql STABLE BEGIN ATOMIC SELECT f_vol($1); END',
  'CREATE FUNCTION lies_by_view() RETURNS bigint LANGUAGE plpgsql STABLE AS $$ BEGIN RETURN (SELECT n FROM v_next); END $$',
  'CREATE FUNCTION lies_by_default(a int DEFAULT f_vol(1)) RETURNS int LANGUAGE sql STABLE AS $$ SELECT $1 $$',
  'CREATE FUNCTION "f vol!"() RETURNS int LANGUAGE sql VOLATILE AS $$ SELECT f_vol(1) $$',
  'CREATE FUNCTION lies_quoted() RETURNS int LANGUAGE sql STABLE AS $$ SELECT "f vol!"() $$',
  'CREATE FUNCTION step_vol(int, int) RETURNS int LANGUAGE sql VOLATILE AS $$ SELECT f_vol($2) $$',
  'CREATE AGGREGATE agg_vol(int) (SFUNC = step_vol, STYPE = int, INITCOND = 0)',
  'CREATE DOMAIN d_vol AS int CHECK (f_vol(value) > 0)',
  'CREATE TYPE row_vol AS (a d_vol)',
  'CREATE FUNCTION sneaky(t) RETURNS int LANGUAGE sql VOLATILE AS $$ SELECT f_vol($1.a) $$',
  `CREATE TYPE mood AS ENUM ('sad')`,
  'CREATE FUNCTION mood_money(mood) RETURNS money LANGUAGE sql VOLATILE AS $$ SELECT f_vol(7)::money $$',
  'CREATE CAST (mood AS money) WITH FUNCTION mood_money(mood)',
  'CREATE EXTENSION dblink',
  'CREATE EXTENSION file_fdw',
  'CREATE SERVER files FOREIGN DATA WRAPPER file_fdw',
  `CREATE FOREIGN TABLE ft (x text) SERVER files OPTIONS (program 'touch loot_by_fdw')`,
  'CREATE TABLE parent (x text)',
  'ALTER FOREIGN TABLE ft INHERIT parent',
  'CREATE SCHEMA other',
  'CREATE FUNCTION other.random() RETURNS int LANGUAGE sql VOLATILE AS $$ SELECT f_vol(1) $$',
];

const executes = /more than reading/;
const volatile = /is volatile and may write/;

export const attacks: readonly Attack[] = [
  // More than one statement, and texts that hide one.
  refused('a second statement', 'SELECT 1; DROP TABLE t', /second statement/, 'DROP'),
  refused('a second statement behind an empty one', 'SELECT 1;;; DELETE FROM t', /second statement/, 'DELETE'),
  refused('leaving the transaction', 'SELECT 1; COMMIT; DELETE FROM t', /second statement/, 'COMMIT'),
  refused('behind a nested comment', 'SELECT 1 /* /* */ ; */ ; DROP TABLE t', /second statement/, 'DROP'),
  refused('behind a line comment', 'SELECT 1 -- ;\n; DROP TABLE t', /second statement/, 'DROP'),
  refused('behind a carriage return', 'SELECT 1 -- \r; DROP TABLE t', /second statement/, 'DROP'),
  refused('behind a dollar quote', 'SELECT $a$ $b$ $a$; DROP TABLE t --$b$', /second statement/, 'DROP'),
  refused('behind an escape string', "SELECT E'\\'' ; DROP TABLE t --'", /second statement/, 'DROP'),
  refused('behind a standard string', "SELECT '\\'; DROP TABLE t --'", /second statement/, 'DROP'),
  refused('behind a NUL', 'SELECT 1\0; DROP TABLE t', /NUL/, '\0'),
  refused('behind half a character', "SELECT '\ud800'; DROP TABLE t", /lone surrogate/, '\ud800'),
  refused('a command of psql', 'SELECT 1 \\g |touch loot', /syntax error/, '\\'),
  refused('nothing at all', '-- SELECT 1', /no statement/),
  // Statements that are no question.
  refused('INSERT', "INSERT INTO t VALUES (99, 'loot')", executes),
  refused('UPDATE in the middle of a Markdown line', "UPDATE t SET b = 'é😀'", executes),
  refused('MERGE', 'MERGE INTO t USING t u ON false WHEN NOT MATCHED THEN INSERT VALUES (99)', executes),
  refused('TRUNCATE', 'TRUNCATE t', executes),
  refused('DO', 'DO $$ BEGIN DELETE FROM t; END $$', executes),
  refused('CALL', 'CALL p()', executes),
  refused('COPY to a program', "COPY (SELECT 1) TO PROGRAM 'touch loot'", executes),
  refused('COPY to a file', "COPY t TO '/tmp/loot'", executes),
  refused('COPY to the client', 'COPY t TO STDOUT', executes),
  refused('PREPARE', 'PREPARE q AS DELETE FROM t', executes),
  refused('EXECUTE', 'EXECUTE q', executes),
  refused('DECLARE', 'DECLARE c CURSOR WITH HOLD FOR SELECT f_vol(1)', executes),
  refused('NOTIFY', "NOTIFY loot, 'x'", executes),
  refused('LISTEN', 'LISTEN loot', executes),
  refused('LOCK', 'LOCK TABLE t', executes),
  refused('SET', 'SET transaction_read_only = off', executes),
  refused('SET SESSION AUTHORIZATION', 'SET SESSION AUTHORIZATION postgres', executes),
  refused('ROLLBACK', 'ROLLBACK', executes),
  refused('ALTER SYSTEM', "ALTER SYSTEM SET work_mem = '1GB'", executes),
  refused('LOAD', "LOAD 'loot'", executes),
  refused('VACUUM', 'VACUUM FULL t', executes),
  refused('REFRESH', 'REFRESH MATERIALIZED VIEW v_next', executes),
  // EXPLAIN that runs, and of what is no query.
  refused('EXPLAIN ANALYZE of a write', 'EXPLAIN ANALYZE DELETE FROM t', /executes the statement/, 'ANALYZE'),
  refused('EXPLAIN ANALYZE of a read', 'EXPLAIN (COSTS off, ANALYZE) SELECT 1', /executes the statement/, 'ANALYZE'),
  refused('ANALYZE said twice', 'EXPLAIN (ANALYZE off, ANALYZE 1) SELECT 1', /executes the statement/, 'ANALYZE'),
  refused('EXPLAIN of a write', 'EXPLAIN DELETE FROM t', /more than reading/, 'DELETE'),
  refused('EXPLAIN of a stored query', 'EXPLAIN EXECUTE q', /more than reading/, 'EXECUTE'),
  refused('EXPLAIN of CREATE TABLE AS', 'EXPLAIN CREATE TABLE loot AS SELECT 1', /more than reading/, 'CREATE'),
  refused('EXPLAIN of a function that lies', 'EXPLAIN SELECT lies_deeper(1)', volatile, 'lies_deeper'),
  // SELECT that writes or locks.
  refused('a writing WITH', 'WITH w AS (DELETE FROM t RETURNING *) SELECT * FROM w', /holds a DELETE/, 'w AS'),
  refused(
    'a writing WITH behind another',
    "SELECT '😀', (WITH a AS (TABLE t) SELECT 1), 2 FROM t WHERE EXISTS (WITH x AS (INSERT INTO t VALUES (99) RETURNING 1) TABLE x)",
    /syntax error|holds an INSERT/,
    'x AS',
  ),
  refused('SELECT INTO', 'SELECT 1 AS into_, b INTO loot FROM t', /creates the table "loot"/, 'INTO'),
  refused('FOR UPDATE', "SELECT substring('abc' FOR 2) FROM t FOR UPDATE", /FOR UPDATE locks/, 'FOR UPDATE'),
  refused(
    'FOR KEY SHARE below',
    'SELECT * FROM (SELECT * FROM t FOR KEY SHARE) AS q',
    /FOR KEY SHARE locks/,
    'FOR KEY',
  ),
  refused('a parameter', 'SELECT * FROM t WHERE a = $1', /no parameters/, '$1'),
  // Functions that act, by their names.
  refused('nextval', "SELECT 'é', nextval('s')", /moves a sequence/, 'nextval'),
  refused('setval', "SELECT pg_catalog.setval('s', 99)", /moves a sequence/, 'pg_catalog.setval'),
  refused('nextval in capitals and quotes', `SELECT pg_catalog."nextval"('s')`, /moves a sequence/, 'pg_catalog'),
  refused('set_config', "SELECT set_config('transaction_read_only', 'off', false)", /changes a setting/, 'set_config'),
  refused('an advisory lock', 'SELECT pg_advisory_lock(1)', /advisory lock/, 'pg_advisory_lock'),
  refused('pg_notify', "SELECT pg_notify('loot', 'x')", /sends a notification/, 'pg_notify'),
  refused(
    'pg_terminate_backend',
    'SELECT pg_terminate_backend(pid) FROM pg_stat_activity',
    /ends somebody's work/,
    'pg_terminate',
  ),
  refused('pg_reload_conf', 'SELECT pg_reload_conf()', /acts on the whole server/, 'pg_reload_conf'),
  refused('pg_switch_wal', 'SELECT 1 WHERE pg_switch_wal() IS NULL', /acts on the whole server/, 'pg_switch_wal'),
  refused(
    'a replication slot',
    "SELECT pg_create_physical_replication_slot('loot', true)",
    /acts on replication/,
    'pg_create',
  ),
  refused(
    'a message in the WAL',
    "SELECT pg_logical_emit_message(false, 'a', 'b')",
    /acts on replication/,
    'pg_logical',
  ),
  refused('statistics reset', 'SELECT pg_stat_reset()', /resets statistics/, 'pg_stat_reset'),
  refused('a large object', "SELECT lo_from_bytea(0, 'x')", /large objects/, 'lo_from_bytea'),
  refused('a large object as a file', "SELECT lo_export(1, '/tmp/loot')", /large objects/, 'lo_export'),
  refused('pg_read_file', "SELECT pg_read_file('postgresql.conf')", /server's files/, 'pg_read_file'),
  refused('pg_ls_dir', "SELECT * FROM pg_ls_dir('.')", /server's files/, 'pg_ls_dir'),
  refused('dblink', "SELECT * FROM dblink('dbname=app', 'DELETE FROM t') AS x(a int)", /another server/, 'dblink'),
  refused(
    'dblink in a schema',
    "SELECT public.dblink_exec('dbname=app', 'DELETE FROM t')",
    /another server/,
    'public.dblink',
  ),
  refused(
    'SQL in a text for XML',
    "SELECT query_to_xml('SELECT f_vol(1)', true, true, '')",
    /runs the SQL/,
    'query_to_xml',
  ),
  refused('a view named in a text', "SELECT table_to_xml('v_next', true, true, '')", /nobody can see/, 'table_to_xml'),
  refused(
    'SQL in a text for ts_stat',
    "SELECT * FROM ts_stat('SELECT to_tsvector(f_vol(1)::text)')",
    /runs the SQL/,
    'ts_stat',
  ),
  refused(
    'SQL in a text for ts_rewrite',
    "SELECT ts_rewrite('a'::tsquery, 'SELECT f_vol(1)')",
    /runs the SQL/,
    'ts_rewrite',
  ),
  refused(
    'a domain named in a text',
    "SELECT pg_input_is_valid('1', 'd_vol')",
    /checks of a type/,
    'pg_input_is_valid',
  ),
  refused('a transaction id', 'SELECT txid_current()', /transaction id/, 'txid_current'),
  // Functions of users.
  refused('a volatile function', 'SELECT a, f_vol(a) FROM t', volatile, 'f_vol'),
  refused("one that is called as PostgreSQL's own", 'SELECT other.random()', volatile, 'other.random'),
  refused('one that nobody knows', 'SELECT no_such_function()', /not in the catalog/, 'no_such_function'),
  refused('a function as a column', 'SELECT t.sneaky FROM t', volatile, 't.sneaky'),
  refused('a function as a field', 'SELECT (t).sneaky FROM t', volatile, 't).sneaky'),
  refused(
    'an aggregate',
    'SELECT agg_vol(a) FROM t',
    /aggregate|agg_vol reaches the function public\.step_vol/,
    'agg_vol',
  ),
  refused('a default', 'SELECT lies_by_default()', volatile, 'lies_by_default'),
  refused('a function that lies', 'SELECT lies(1)', /lies reaches the function public\.f_vol/, 'lies'),
  refused(
    'one that lies two calls away',
    'SELECT lies_deeper(1)',
    /lies reaches the function public\.f_vol/,
    'lies_deeper',
  ),
  refused('one that lies with text', 'SELECT lies_by_text(1)', /puts SQL together/, 'lies_by_text'),
  refused('one that lies in escapes', 'SELECT lies_in_code(1)', /puts SQL together/, 'lies_in_code'),
  refused('one that lies in a parsed body', 'SELECT lies_in_body(1)', volatile, 'lies_in_body'),
  refused('one that lies with a quoted name', 'SELECT lies_quoted()', volatile, 'lies_quoted'),
  refused(
    'one that lies with a view',
    'SELECT lies_by_view()',
    /view public\.v_next reaches.*moves a sequence/,
    'lies_by_view',
  ),
  // What hides them.
  refused(
    'a view over nextval',
    'TABLE v_next',
    /the view public\.v_next reaches the function pg_catalog\.nextval/,
    'v_next',
  ),
  refused(
    'a view over that view',
    'SELECT count(*) FROM v_deep',
    /v_deep reaches the view public\.v_next reaches/,
    'v_deep',
  ),
  refused('a view with a volatile function', 'SELECT 1 FROM t JOIN v_vol USING (a)', /v_vol reaches.*f_vol/, 'v_vol'),
  refused('a view whose name is an attack', 'SELECT * FROM "v; DROP TABLE t"', /"v; DROP TABLE t"/, '"v;'),
  refused('an operator', "SELECT a FROM t WHERE a === 'x'", /the operator public\.=== reaches/, '==='),
  refused(
    'an operator in its schema',
    "SELECT 1 OPERATOR(public.===) 'x'",
    /the operator public\.=== reaches/,
    'OPERATOR',
  ),
  refused('an operator in a view', 'SELECT * FROM v_op', /v_op reaches.*op_vol/, 'v_op'),
  refused(
    'a row security policy',
    'SELECT * FROM guarded',
    /the table public\.guarded reaches the function public\.f_vol/,
    'guarded',
  ),
  refused("a domain's check", 'SELECT 1::d_vol', /the type public\.d_vol reaches/, 'd_vol'),
  refused("a domain's check, called", 'SELECT d_vol(1)', /the type public\.d_vol reaches/, 'd_vol'),
  refused("a domain inside a row's type", "SELECT '(1)'::row_vol", /row_vol reaches the type public\.d_vol/, 'row_vol'),
  refused('an array of a domain', "SELECT '{1}'::d_vol[]", /d_vol/, 'd_vol'),
  refused('a cast', "SELECT 'sad'::mood::money", /mood_money/, 'money'),
  refused('a foreign table that runs a program', 'SELECT * FROM ft', /foreign table/, 'ft'),
  refused('a foreign table below another', 'SELECT * FROM parent', /foreign table/, 'parent'),
  // Too much.
  refused('10 MB of SQL', `SELECT 1 ${'-- x\n'.repeat(2_000_000)}`, /longer than/),
  refused('100,000 levels', `SELECT ${'('.repeat(49_000)}1${')'.repeat(49_000)}`, /nested too deeply|memory|stack/),
  { name: 'a billion rows', sql: 'SELECT generate_series(1, 1000000000)', outcome: 'limited' },
  {
    name: 'a billion rows, stored first',
    sql: 'SELECT * FROM generate_series(1, 1000000000)',
    outcome: 'limited',
    says: /statement timeout/,
  },
  { name: 'one value of 250 MB', sql: "SELECT repeat('x', 250000000)", outcome: 'limited', timeoutMs: 10_000 },
  { name: 'many values of 1 MB', sql: "SELECT repeat('x', 1000000) FROM generate_series(1, 1000)", outcome: 'limited' },
  {
    name: 'an endless recursion',
    sql: 'WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 - 1 FROM r) SELECT count(*) FROM r',
    outcome: 'limited',
    says: /statement timeout/,
  },
  {
    name: 'a cross join',
    sql: 'SELECT count(*) FROM pg_class a, pg_class b, pg_class c, pg_attribute d',
    outcome: 'limited',
    says: /statement timeout/,
  },
  { name: 'a long sleep', sql: 'SELECT pg_sleep(1000000)', outcome: 'limited', says: /statement timeout/ },
  // What only looks like an attack.
  { name: 'attacks in strings', sql: "SELECT '; DROP TABLE t', $$ nextval('s') $$, E'\\'; --'", outcome: 'harmless' },
  { name: 'attacks in comments', sql: '/* ; DROP TABLE t */ SELECT 1 -- ; DROP TABLE t', outcome: 'harmless' },
  { name: 'columns called as functions', sql: 'SELECT t.b AS nextval FROM t', outcome: 'harmless' },
];

/** Citus, as well as the others. */
export const citusObjects = [
  'CREATE TABLE dist (a int, b text)',
  `SELECT create_distributed_table('dist', 'a')`,
  `INSERT INTO dist SELECT i, 'x' || i FROM generate_series(1, 100) i`,
  `CREATE FUNCTION lies_to_workers() RETURNS text LANGUAGE plpgsql STABLE AS
     $$ BEGIN RETURN (SELECT max(result) FROM run_command_on_workers('CREATE TABLE loot (a int)')); END $$`,
  `CREATE VIEW v_workers AS SELECT * FROM run_command_on_workers('CREATE TABLE loot (a int)')`,
  `CREATE FUNCTION f_dist(int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN INSERT INTO dist VALUES ($1, 'loot'); RETURN 1; END $$`,
  `SELECT create_distributed_function('f_dist(int)', '$1', 'dist')`,
];

const elsewhere = /runs SQL on other nodes/;
const onNodes = (name: string, call: string) => refused(name, `SELECT ${call}`, elsewhere, name);

export const citusAttacks: readonly Attack[] = [
  onNodes('run_command_on_workers', "run_command_on_workers('CREATE TABLE loot (a int)')"),
  onNodes('run_command_on_all_nodes', "run_command_on_all_nodes('CREATE TABLE loot (a int)')"),
  onNodes('run_command_on_coordinator', "run_command_on_coordinator('CREATE TABLE loot (a int)')"),
  onNodes('run_command_on_shards', "run_command_on_shards('dist', 'DELETE FROM %s')"),
  onNodes('run_command_on_placements', "run_command_on_placements('dist', 'DELETE FROM %s')"),
  onNodes(
    'run_command_on_colocated_placements',
    "run_command_on_colocated_placements('dist', 'dist', 'DELETE FROM %s')",
  ),
  onNodes(
    'master_run_on_worker',
    "master_run_on_worker(ARRAY['127.0.0.1'], ARRAY[1], ARRAY['CREATE TABLE loot (a int)'], true)",
  ),
  refused('citus_add_node', "SELECT citus_add_node('127.0.0.1', 1)", /administers Citus/, 'citus_add_node'),
  refused('citus_remove_node', "SELECT citus_remove_node('127.0.0.1', 1)", /administers Citus/, 'citus_remove_node'),
  refused(
    'master_drain_node',
    "SELECT pg_catalog.master_drain_node('127.0.0.1', 1)",
    /administers Citus/,
    'pg_catalog',
  ),
  refused(
    'worker_create_or_replace_object',
    "SELECT worker_create_or_replace_object('CREATE TABLE loot ()')",
    /administers Citus/,
    'worker_create',
  ),
  refused('rebalance_table_shards', 'SELECT rebalance_table_shards()', /administers Citus/, 'rebalance'),
  refused(
    'create_distributed_table',
    "SELECT create_distributed_table('t', 'a')",
    /changes distributed tables/,
    'create_distributed',
  ),
  refused('undistribute_table', "SELECT undistribute_table('dist')", /changes distributed tables/, 'undistribute'),
  refused(
    'the aggregate of an oid',
    "SELECT coord_combine_agg('agg_vol(int)'::regprocedure, '1'::cstring, NULL::int)",
    /runs the aggregate/,
    'coord_combine_agg',
  ),
  refused('a stable function that reaches the workers', 'SELECT lies_to_workers()', elsewhere, 'lies_to_workers'),
  refused('a view that reaches the workers', 'SELECT * FROM v_workers', elsewhere, 'v_workers'),
  refused('a distributed function', 'SELECT f_dist(1)', volatile, 'f_dist'),
  refused('a volatile function on shards', 'SELECT count(f_vol(a)) FROM dist', volatile, 'f_vol'),
  refused('a locking clause on shards', 'SELECT * FROM dist WHERE a = 1 FOR UPDATE', /locks/, 'FOR UPDATE'),
  {
    name: 'a cross join of shards',
    sql: 'SELECT count(*) FROM dist a, pg_class b, pg_class c, pg_attribute d',
    outcome: 'limited',
    says: /statement timeout|not supported|could not/,
  },
  {
    name: 'a long sleep on workers',
    sql: 'SELECT count(pg_sleep(100)) FROM dist',
    outcome: 'limited',
    says: /statement timeout/,
  },
];
