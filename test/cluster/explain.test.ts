import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ClusterError } from '../../src/cluster/errors';
import {
  type ExplainFailure,
  type ExplainOutput,
  type ExplainRequest,
  explain,
  parameterTypes,
} from '../../src/cluster/explain';
import { Session } from '../../src/cluster/session';
import { readStatementFacts } from '../../src/cluster/statement-facts';
import { findPostgres } from '../lab/installations';
import { type LabPair, startPlainPair } from '../lab/lab';
import type { LabServer } from '../lab/server';
import { limits, profileOf } from './profile-of';

const majors = [...new Set((await findPostgres()).map(({ majorVersion }) => majorVersion))].sort((a, b) => a - b);
const pairs: LabPair[] = [];
const servers = new Map<number, LabServer>();

beforeAll(async () => {
  for (let i = 0; i < majors.length; i += 2) {
    const source = majors[i]!;
    const pair = await startPlainPair({ source, target: majors[i + 1] ?? source });
    pairs.push(pair);
    servers.set(source, pair.source.coordinator);
    if (majors[i + 1]) servers.set(majors[i + 1]!, pair.target.coordinator);
  }
  for (const server of servers.values()) {
    await server.query(`
      CREATE TABLE orders (id bigint PRIMARY KEY, tenant int NOT NULL, note text);
      INSERT INTO orders SELECT i, i % 10, 'note ' || i FROM generate_series(1, 2000) i;
      CREATE TABLE parts (day date NOT NULL, amount int) PARTITION BY RANGE (day);
      CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
      CREATE TABLE parts_2 PARTITION OF parts FOR VALUES FROM ('2026-02-01') TO ('2026-03-01');
      CREATE SEQUENCE numbers;
      CREATE SCHEMA other;
      CREATE FUNCTION other.touch() RETURNS int LANGUAGE sql VOLATILE AS 'SELECT 1';
      CREATE FUNCTION public.steady(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1';
      CREATE FUNCTION public.steady(text) RETURNS int LANGUAGE sql VOLATILE AS 'SELECT 1';
      CREATE ROLE tuned LOGIN;
      GRANT SELECT ON ALL TABLES IN SCHEMA public TO tuned;
      ALTER ROLE tuned SET enable_nestloop = off;
      ALTER ROLE tuned SET jit = on;
      ALTER ROLE tuned SET jit_above_cost = 10;
      ANALYZE`);
  }
});
afterAll(() => Promise.all(pairs.map(pair => pair.stop())));

const plain: Omit<ExplainRequest, 'sql'> = {
  values: [],
  parameterCount: 0,
  analyze: false,
  access: 'read only',
  serialize: false,
  allTasks: false,
};

interface Statement {
  Plan: Record<string, unknown>;
  [key: string]: unknown;
}

function read(outcome: ExplainOutput | ExplainFailure): Statement {
  if ('error' in outcome) throw outcome.error;
  return (JSON.parse(outcome.raw) as Statement[])[0]!;
}

function failure(outcome: ExplainOutput | ExplainFailure): ClusterError {
  if ('error' in outcome) return outcome.error;
  throw new Error(`It did not fail: ${outcome.raw}`);
}

test('there is a server to test on', () => {
  expect(majors.length).toBeGreaterThan(0);
});

describe.each(majors)('PostgreSQL %i', major => {
  let session: Session;
  let server: LabServer;
  const run = (sql: string, changes: Partial<ExplainRequest> = {}) => explain(session, { ...plain, sql, ...changes });
  const generic = (sql: string, parameterCount: number) => run(sql, { values: undefined, parameterCount });

  beforeAll(async () => {
    server = servers.get(major)!;
    session = await Session.open(profileOf(server), undefined, limits);
    expect(Math.floor(session.server.num / 10_000)).toBe(major);
  });
  afterAll(() => session?.close());

  test('plans without executing', async () => {
    const outcome = await run('SELECT * FROM orders WHERE id = 7');
    const statement = read(outcome);
    expect(statement.Plan['Node Type']).toBe('Index Scan');
    expect(statement.Plan).not.toHaveProperty('Actual Rows');
    expect(statement).toHaveProperty('Planning Time');
    expect(statement).toHaveProperty('Settings');
    if (major >= 13) expect(JSON.stringify(statement)).toContain('Shared Hit Blocks');
    if (major >= 17) expect(JSON.stringify(statement)).toContain('Memory');
    expect(outcome.sent).toHaveLength(3);
    expect(outcome.sent[0]).toMatch(/^BEGIN READ ONLY/);
    expect(outcome.sent[2]).toBe('ROLLBACK');
  });

  test('executes, with every figure this version has', async () => {
    const statement = read(
      await run('SELECT tenant, count(*) FROM orders GROUP BY tenant', { analyze: true, serialize: true }),
    );
    expect(statement.Plan['Actual Rows']).toBe(10);
    expect(statement).toHaveProperty('Execution Time');
    expect(statement.Plan).toHaveProperty('Shared Hit Blocks');
    if (major >= 13) expect(statement.Plan).toHaveProperty('WAL Records');
    expect('Serialization' in statement).toBe(major >= 17);
  });

  test('takes values of parameters as text and lets the server find their types', async () => {
    const sql = 'SELECT * FROM orders WHERE id = $1 AND note = $2';
    const statement = read(await run(sql, { values: ['7', "it's"], parameterCount: 2 }));
    expect(statement.Plan['Index Cond']).toContain("'7'::bigint");
    expect(statement.Plan.Filter).toContain("'it''s'");
    expect(await parameterTypes(session, sql)).toEqual(['bigint', 'text']);
    expect(failure(await run(sql, { values: ['seven', 'x'], parameterCount: 2 }))).toMatchObject({
      reason: 'parameters',
      sqlstate: '22P02',
    });
    for (const values of [['x'], undefined])
      expect(failure(await run('SELECT $1 IS NULL', { values, parameterCount: 1 }))).toMatchObject({
        reason: 'parameters',
        sqlstate: '42P18',
      });
  });

  test('shows the generic plan when there are no values', async () => {
    const outcome = await generic('SELECT * FROM orders WHERE id = $1 AND tenant = $2', 2);
    const statement = read(outcome);
    expect(statement.Plan['Index Cond']).toContain('$1');
    expect(statement.Plan.Filter).toContain('$2');
    expect(outcome.sent.some(text => text.includes('GENERIC_PLAN'))).toBe(major >= 16);
    // Nothing stays prepared, and the next one may use the same name.
    expect((await session.query('SELECT name FROM pg_prepared_statements')).rows).toEqual([]);
    expect(read(await generic('SELECT * FROM orders WHERE note = $1', 1)).Plan.Filter).toContain('$1');
  });

  test('says when a generic plan leaves partitions out', async () => {
    const outcome = await generic('SELECT * FROM parts WHERE day = $1', 1);
    const text = JSON.stringify(read(outcome));
    if (major >= 16) expect(text).toContain('parts_2');
    else expect((outcome as ExplainOutput).notes).toEqual([expect.stringContaining('NULL values')]);
  });

  test('refuses a second statement, whatever it is', async () => {
    const harmful = 'SELECT 1; COMMIT; CREATE TABLE harm (a int)';
    expect(failure(await run(harmful)).sqlstate).toBe('42601');
    expect(failure(await generic(`SELECT $1::int; COMMIT; CREATE TABLE harm (a int)`, 1)).sqlstate).toBe('42601');
    expect(failure(await generic(`SELECT $1::int) ; COMMIT; CREATE TABLE harm (a int); --`, 1)).sqlstate).toBe('42601');
    expect(await server.query(`SELECT 1 FROM pg_class WHERE relname = 'harm'`)).toEqual([]);
  });

  test('puts the position of an error into the statement', async () => {
    const wrong = `SELECT '𝔸é', nope FROM orders`;
    expect(failure(await run(wrong))).toMatchObject({ reason: 'undefined', sqlstate: '42703', position: 14 });
    expect(failure(await run('SELECT * FORM orders'))).toMatchObject({ reason: 'syntax', position: 10 });
    expect(failure(await generic('SELECT $1::int, nope FROM orders', 1))).toMatchObject({
      sqlstate: '42703',
      position: 17,
    });
    await expect(parameterTypes(session, 'SELECT $1::int, nope FROM orders')).rejects.toMatchObject({ position: 17 });
  });

  test('executes a write only where it may, and rolls it back', async () => {
    const sql = `INSERT INTO orders SELECT 1000000 + nextval('numbers'), 1, 'x' RETURNING id`;
    expect(read(await run(sql)).Plan['Node Type']).toBe('ModifyTable');
    expect(failure(await run(sql, { analyze: true }))).toMatchObject({ reason: 'readOnly', sqlstate: '25006' });
    const executed = read(await run(sql, { analyze: true, access: 'read write' }));
    expect(executed.Plan['Actual Rows']).toBe(1);
    expect(await server.query('SELECT count(*)::int AS n FROM orders')).toEqual([{ n: 2000 }]);
    // As documented: a sequence does not go back.
    expect(await server.query('SELECT last_value::int AS n, is_called FROM numbers')).toEqual([
      { n: 1, is_called: true },
    ]);
    const deleted = read(await run('DELETE FROM orders', { analyze: true, access: 'read write' }));
    expect(JSON.stringify(deleted)).toContain('"Actual Rows":2000');
    expect(await server.query('SELECT count(*)::int AS n FROM orders')).toEqual([{ n: 2000 }]);
  });

  test("explains with the role's own settings, JIT's among them", async () => {
    const tuned = await Session.open(profileOf(server, { user: 'tuned' }), undefined, limits);
    const sql = 'SELECT count(*) FROM orders a JOIN orders b ON a.id < b.id';
    const statement = read(await explain(tuned, { ...plain, sql }));
    expect(statement.Settings).toMatchObject({ enable_nestloop: 'off', jit_above_cost: '10' });
    const [jit] = await server.query<{ available: boolean }>('SELECT pg_jit_available() AS available');
    expect('JIT' in statement).toBe(jit!.available);
    // The look-ups before it ran without JIT, and did not leave that behind.
    await tuned.query('SELECT 1');
    expect(read(await explain(tuned, { ...plain, sql })).Settings).not.toHaveProperty('jit');
    await tuned.close();
  });

  test('runs into the statement timeout, and goes on', async () => {
    const hurried = await Session.open(profileOf(server), undefined, { ...limits, statementTimeoutMs: 100 });
    const outcome = await explain(hurried, { ...plain, sql: 'SELECT pg_sleep(20)', analyze: true });
    expect(failure(outcome)).toMatchObject({ reason: 'timeout', sqlstate: '57014' });
    expect(read(await explain(hurried, { ...plain, sql: 'SELECT 1' })).Plan['Node Type']).toBe('Result');
    await hurried.close();
  });

  test('looks functions up in the search_path, all overloads', async () => {
    const facts = await readStatementFacts(session, [
      { name: 'steady' },
      { name: 'touch' },
      { schema: 'other', name: 'touch' },
      { name: 'now' },
    ]);
    expect(facts.volatility.map(({ schema, name, volatility }) => `${schema}.${name} ${volatility}`).sort()).toEqual([
      'other.touch volatile',
      'pg_catalog.now stable',
      'public.steady immutable',
      'public.steady volatile',
    ]);
    expect(facts).toMatchObject({ delegated: [] });
    expect(facts.maxShardCount).toBeUndefined();
    expect((await readStatementFacts(session, [{ name: 'touch' }])).volatility).toEqual([]);
  });
});
