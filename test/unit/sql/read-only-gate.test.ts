import { describe, expect, test } from 'vitest';
import { loadSqlParser } from '../../../src/sql/parser';
import { gate } from '../../../src/sql/read-only-gate';
import { type Reach, type ReachedObject, refuseReach } from '../../../src/sql/statement-reach';

const parser = await loadSqlParser();

describe('lets pass', () => {
  test.each([
    'SELECT 1',
    '  -- a comment\n SELECT 1;  ',
    'TABLE t',
    'VALUES (1), (2)',
    'SHOW ALL',
    'EXPLAIN SELECT 1',
    'EXPLAIN (ANALYZE false, FORMAT json) TABLE t',
    'WITH RECURSIVE r AS (SELECT 1 UNION SELECT * FROM r) SELECT * FROM r',
    'SELECT \'FOR UPDATE\', "nextval" FROM t',
    "SELECT substring('abc' FOR 2)",
    'SELECT citus_version(), random(), currval($$s$$), my.nextval(1), worker_count(2)',
    "SELECT 'caf\u00e9 \u{1f600}'",
  ])('%s', sql => {
    expect(gate(parser, sql)).toMatchObject({ ok: true });
  });
});

/** `¦` stands before what is pointed at. */
describe('refuses', () => {
  test.each<[marked: string, reason: RegExp]>([
    ['SELECT 1; ¦SELECT 2', /second statement/],
    ["SELECT '\u{1f600}\u00e9'; ¦SELECT 2", /second statement/],
    ['¦', /no statement/],
    ['SELECT 1 FRM ¦t WHERE', /syntax error/],
    ['/* \u{1f600} */ ¦DELETE FROM t', /DELETE is more than reading/],
    ['¦BEGIN', /BEGIN is more/],
    ['EXPLAIN (VERBOSE, ¦ANALYZE) SELECT 1', /executes/],
    ['EXPLAIN ¦ANALYSE SELECT 1', /executes/],
    ['EXPLAIN (ANALYZE false) ¦UPDATE t SET a = 1', /more than reading/],
    ['EXPLAIN ¦WITH w AS (SELECT 1) INSERT INTO t TABLE w', /more than reading/],
    [
      "SELECT '\u{1f600}' FROM (WITH a AS (TABLE t), ¦w AS (UPDATE t SET a = 1 RETURNING *) TABLE w) q",
      /holds an UPDATE/,
    ],
    ["SELECT ' into x ' AS a ¦INTO TEMP loot FROM t", /creates the table "loot"/],
    ['SELECT 1 FROM t, (SELECT 1 FROM u ¦FOR SHARE) q', /FOR SHARE locks/],
    ['SELECT 1 FROM t ¦FOR NO KEY UPDATE', /FOR NO KEY UPDATE locks/],
    ["SELECT '\u{1f600}', ¦$1, $2", /no parameters/],
    ["SELECT '\u00e9', ¦nextval('s'), nextval('s')", /nextval moves a sequence/],
    ["SELECT lower(¦pg_catalog.set_config('a', 'b', true))", /pg_catalog\.set_config changes a setting/],
    ['SELECT * FROM ¦run_command_on_workers($$x$$)', /runs SQL on other nodes/],
    ['SELECT ¦master_run_on_worker(NULL, NULL, NULL, true)', /runs SQL on other nodes/],
    ["SELECT ¦my.dblink('a', 'b')", /another server/],
    ['EXPLAIN SELECT ¦pg_reload_conf()', /acts on the whole server/],
    ["SELECT '¦\ud800'", /lone surrogate/],
    ["SELECT '\u{1f600}¦\udc00'", /lone surrogate/],
    ['SELECT 1 ¦\0; DROP TABLE t', /NUL/],
  ])('%j', (marked, reason) => {
    const at = marked.indexOf('¦');
    expect(gate(parser, marked.replace('¦', ''))).toMatchObject({
      ok: false,
      reason: expect.stringMatching(reason),
      offset: at,
    });
  });

  test('a text that is too long, without reading it', () => {
    const began = performance.now();
    expect(gate(parser, `SELECT 1 ${' '.repeat(10_000_000)}`)).toMatchObject({ ok: false, offset: 100_000 });
    expect(performance.now() - began).toBeLessThan(100);
  });
});

describe('what is reached', () => {
  const object = (fields: Partial<ReachedObject> & Pick<ReachedObject, 'kind' | 'name'>): ReachedObject => ({
    oid: fields.name,
    label: `public.${fields.name}`,
    origin: null,
    ...fields,
  });
  const f = (name: string, fields: Partial<ReachedObject> = {}) =>
    object({ kind: 'function', name, volatility: 'stable', language: 'sql', ...fields });
  /** One chain, from the name in the statement to its end. */
  const chain = (...objects: ReachedObject[]): Reach => {
    const keys = objects.map(({ kind, oid }) => `${kind} ${oid}`);
    return {
      objects: new Map(objects.map((each, i) => [keys[i]!, each])),
      edges: keys.map((to, i) => ({ root: 3, to, via: keys[i - 1] ?? null })),
    };
  };

  test.each<[ReachedObject[], RegExp | undefined]>([
    [[f('a')], undefined],
    [[f('a', { volatility: 'volatile' })], /^the function public\.a is volatile and may write\.$/],
    [[f('random', { volatility: 'volatile', origin: 'postgres' })], undefined],
    [[f('random', { volatility: 'volatile' })], /may write/],
    [[f('random', { volatility: 'volatile', origin: 'my_extension' })], /may write/],
    [[f('pg_stat_statements', { volatility: 'volatile', origin: 'pg_stat_statements' })], undefined],
    [[f('pg_stat_statements', { volatility: 'volatile' })], /may write/],
    [[f('citus_table_size', { volatility: 'volatile', origin: 'citus' })], undefined],
    [[f('citus_add_node', { volatility: 'volatile', origin: 'citus' })], /administers Citus/],
    [[f('master_run_on_worker', { origin: 'citus' })], /runs SQL on other nodes/],
    [[f('txid_current', { origin: 'postgres' })], /transaction id/],
    [[f('a', { dynamic: true })], /puts SQL together/],
    [[f('a', { language: 'plperl' })], /written in plperl/],
    [[object({ kind: 'relation', name: 't', relkind: 'f' })], /foreign table/],
    [
      [
        object({ kind: 'relation', name: 'v', relkind: 'v' }),
        object({ kind: 'operator', name: '+' }),
        f('g', { volatility: 'volatile' }),
      ],
      /^the view public\.v reaches the operator public\.\+ reaches the function public\.g, which is volatile and may write\.$/,
    ],
  ])('%#', (objects, reason) => {
    const refusal = refuseReach(chain(...objects));
    if (reason === undefined) expect(refusal).toBeUndefined();
    else expect(refusal).toMatchObject({ root: 3, reason: expect.stringMatching(reason) });
  });

  test('in a circle ends', () => {
    const reach = chain(f('a'), f('b', { volatility: 'volatile' }));
    const edges = [...reach.edges, { root: 3, to: 'function a', via: 'function b' }];
    expect(refuseReach({ ...reach, edges })?.reason).toMatch(/^the function public\.a reaches the function public\.b,/);
  });
});
