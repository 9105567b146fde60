/** Statements of PostgreSQL's grammar that are hard to cut: each exactly one, from its first token to its last. */
export const corpus: readonly string[] = [
  'SELECT 1',
  'select',
  'TABLE pg_class',
  "VALUES (1, 'a;b'), (2, 'c''d;')",
  '(SELECT 1) UNION ALL (SELECT 2)',
  'SELECT -1 - -2 + +3',
  'SELECT a/b, a*/* not; */b FROM t',
  "SELECT 'it''s; fine', 'back\\slash', ''",
  "SELECT E'it\\'s; escaped', e'\\\\', E'a''b;'",
  "SELECT E'first'\n  'second \\' ; still'",
  "SELECT E'first'\n\n\t'; \\' still' AS x",
  "SELECT 'first'\n'second;'",
  "SELECT N'national;', B'1010', X'1F'",
  'SELECT U&\'d\\0061t\\+000061;\', U&"d\\0061t;a" FROM (SELECT 1 AS data) AS t("data")',
  'SELECT "a;b", "c""d;", "--no", "/*no" FROM "t;"',
  'SELECT $$a;b$$, $tag$ $$ ; $other$ $tag$, $t1$;$t1$',
  'SELECT $été$;$ ;$été$',
  'SELECT a$b$c FROM t$x$',
  'SELECT $1, $2::int',
  'SELECT 1 /* one; /* two; */ still; */ + 2',
  'SELECT 1 -- one; two\n + 2',
  'SELECT 1 --\n',
  "SELECT '--', '/*', $$/*$$, $$--$$",
  'SELECT \'😀;é\', "ключ;" FROM naïve',
  'SELECT a[1:2], b[:], c[1:], (d)[2][3:n] FROM t',
  "SELECT '{\"a\": 1}'::jsonb #>> '{a}', j -> 'x' @? '$.a ? (@ > 1)', x::text COLLATE \"C\"",
  "SELECT JSON_OBJECT('a': 1, 'b': c) FROM t",
  'SELECT CASE WHEN a THEN 1 ELSE 2 END AS end FROM t',
  'WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 10) SELECT * FROM r',
  'WITH d AS (DELETE FROM t WHERE a = 1 RETURNING *) INSERT INTO archive SELECT * FROM d',
  'SELECT * FROM generate_series(1, 3) WITH ORDINALITY AS g(n, o), LATERAL (SELECT n) AS l',
  "INSERT INTO t (a, b) VALUES (1, 'x;') ON CONFLICT (a) DO UPDATE SET b = excluded.b WHERE t.b <> excluded.b RETURNING *",
  'UPDATE t SET (a, b) = (SELECT 1, 2) FROM s WHERE t.id = s.id',
  'DELETE FROM ONLY t USING s WHERE t.id = s.id',
  'MERGE INTO t USING s ON t.id = s.id WHEN MATCHED AND s.x THEN UPDATE SET a = 1 WHEN NOT MATCHED THEN INSERT VALUES (1)',
  'TRUNCATE a, b RESTART IDENTITY CASCADE',
  "COPY (SELECT 1, ';') TO STDOUT WITH (FORMAT csv, DELIMITER ';')",
  'CALL create_rollup(now(), $$;$$)',
  "DO $do$ BEGIN RAISE NOTICE ';'; EXECUTE $q$SELECT 1;$q$; END $do$",
  "DO LANGUAGE plpgsql 'BEGIN NULL; END;'",
  `CREATE OR REPLACE FUNCTION add(a int, b int) RETURNS int LANGUAGE sql AS $$
  SELECT a + b;
$$`,
  "CREATE FUNCTION old_style() RETURNS int AS 'BEGIN\nSELECT ''x;'';\nEND;' LANGUAGE plpgsql",
  `CREATE FUNCTION atomic(a int) RETURNS int LANGUAGE sql
BEGIN ATOMIC
  SELECT 1;
  SELECT CASE WHEN a > 1 THEN CASE a WHEN 2 THEN 3 END ELSE 4 END;
  SELECT (CASE WHEN true THEN 1 END) AS end;
  INSERT INTO log VALUES ('END;');
END`,
  `create procedure p(inout x int) begin atomic update t set a = 1; select x.end, "end" from x; end`,
  'CREATE FUNCTION empty_body() RETURNS void BEGIN ATOMIC END',
  'CREATE FUNCTION one(a int DEFAULT 1) RETURNS int RETURN CASE WHEN a = 1 THEN 2 END',
  `CREATE OR REPLACE RULE r AS ON INSERT TO t DO INSTEAD (
  INSERT INTO log VALUES ('a;');
  UPDATE s SET n = n + 1;
  SELECT (1)
)`,
  'CREATE RULE nothing AS ON DELETE TO t DO INSTEAD NOTHING',
  'CREATE TABLE t (id bigint GENERATED ALWAYS AS IDENTITY, "case" int, CHECK (id > 0)) PARTITION BY RANGE (id)',
  'CREATE TABLE copy AS SELECT * FROM t WITH NO DATA',
  "CREATE VIEW v AS SELECT CASE WHEN true THEN ';' END",
  'CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW WHEN (new.a > 0) EXECUTE FUNCTION f()',
  'CREATE OPERATOR @#@ (LEFTARG = int8, RIGHTARG = int8, PROCEDURE = numeric_add)',
  'SELECT 1 @#@ 2, a <-> b, c |/ 4, d !~~* e, f ?| g, h <@ i',
  'SELECT 0x1F, 1_000, 1.5e-3, .5, 5., 1e10',
  'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY',
  'END',
  "SET search_path TO a, 'b;c'",
  'PREPARE q (int) AS SELECT $1',
  'EXECUTE q(1)',
  'DECLARE c CURSOR WITH HOLD FOR SELECT 1',
  'EXPLAIN (ANALYZE, FORMAT JSON) SELECT 1',
  'EXPLAIN ANALYZE VERBOSE DELETE FROM t',
  "COMMENT ON TABLE t IS 'says; this'",
  'GRANT SELECT ON ALL TABLES IN SCHEMA s TO PUBLIC',
  "ALTER TABLE t ADD CONSTRAINT c CHECK (a ~ '^[;]+$') NOT VALID",
  'VACUUM (ANALYZE, PARALLEL 2) t',
  'SELECT\f1\v,\t2',
];

/** Trivia that may stand between statements; with a comment in front it must not swallow what follows. */
export const gaps: readonly string[] = [
  ';',
  ';\n',
  ' ;\r\n\r\n',
  '\n;\n-- a comment; with a semicolon\n',
  '; /* a /* nested; */ comment */ ',
  ";;\n;\n-- it's unbalanced\n",
  ';\n/* "also\' unbalanced $$ */\n\t',
];

/** A small deterministic generator (mulberry32), so that a failure can be repeated from its seed. */
export function random(seed: number): (below: number) => number {
  let state = seed;
  return below => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

/** `count` random statements of the corpus with random gaps, and where each of them lies. */
export function concatenation(seed: number, count: number): { sql: string; ranges: { start: number; end: number }[] } {
  const below = random(seed);
  const ranges: { start: number; end: number }[] = [];
  let sql = below(4) === 0 ? '\ufeff' : '';
  if (below(2) === 0) sql += '-- header\n\n';
  for (let i = 0; i < count; i++) {
    const statement = corpus[below(corpus.length)]!.trimEnd();
    // Behind a line comment, only a line break ends the statement's last line.
    const gap = statement.endsWith('--') ? '\n;' : gaps[below(gaps.length)]!;
    const significant = statement.replace(/ --$/, '');
    ranges.push({ start: sql.length, end: sql.length + significant.length });
    sql += statement + (i < count - 1 || below(2) === 0 ? gap : '\n');
  }
  return { sql, ranges };
}
