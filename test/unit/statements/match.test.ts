import { beforeAll, describe, expect, it } from 'vitest';
import { loadSqlParser, type SqlParser } from '../../../src/sql/parser';
import { StatementsEngine } from '../../../src/statements/engine';
import type { UserMatches } from '../../../src/statements/match';
import type { CatalogNames } from '../../../src/statements/reading';
import { node, reading, type TestRow } from './reading-rows';

let parser: SqlParser;
beforeAll(async () => {
  parser = await loadSqlParser();
});

const counted = { calls: 10, totalMs: 100 };
const rows = (...given: (string | TestRow)[]): TestRow[] =>
  given.map(row => ({ figures: counted, ...(typeof row === 'string' ? { sql: row } : row) }));

function compare(source: TestRow[], target: TestRow[], user?: UserMatches, names?: Partial<CatalogNames>) {
  const engine = new StatementsEngine(parser);
  const side = (label: string, given: TestRow[]) => {
    const catalog = {
      searchPaths: { '': 'analytics, public' },
      ambiguous: {},
      volatileFunctions: [],
      shards: {},
      ...names,
    };
    return { label, color: '', read: { reading: reading([node(given)], { names: catalog }), origin: 'live' } };
  };
  const view = engine.load('eu', { source: side('old', source), target: side('new', target) }, user);
  return { engine, rows: view.rows, summary: view.summary };
}
const matches = (source: TestRow[], target: TestRow[]) =>
  compare(source, target).rows.map(row => row.match ?? row.verdict);

describe('pairs', () => {
  it.each([
    ['SELECT a FROM t WHERE b = $1', 'select a from t\nwhere b = $2', ['exact']],
    ['SELECT a FROM analytics.t', 'SELECT a FROM t', ['exact']],
    ['SELECT a FROM t WHERE b IN ($1, $2)', 'SELECT a FROM t WHERE b IN ($1 /*, ... */)', ['exact']],
    ['UPDATE t SET a = $1 WHERE b = $2', 'UPDATE t t SET a = $1::text WHERE (t.b = $2)', ['tree']],
    ['SELECT count(*) FROM t', 'SELECT count(*) AS count FROM t', ['tree']],
    ['SELECT a FROM t LIMIT $1', 'SELECT a FROM t OFFSET $1', ['fingerprint']],
    ['SELECT a, b FROM t', 'SELECT b, a FROM t', ['fingerprint']],
    ['SELECT a FROM t', 'SELECT c FROM u', ['onlyTarget', 'onlySource']],
  ])('%s with %s', (source, target, wanted) => {
    expect(matches(rows(source), rows(target))).toEqual(wanted);
  });

  it('are of one role, or of another when there is only one', () => {
    const sql = 'SELECT a FROM t';
    expect(matches(rows({ sql, user: 'a' }), rows({ sql, user: 'b' }))).toEqual(['exactOtherRole']);
    expect(matches(rows({ sql, user: 'a' }, { sql, user: 'b' }), rows({ sql, user: 'c' }))).toEqual([
      'onlyTarget',
      'onlySource',
      'onlySource',
    ]);
  });

  it('do not join what is nested with what a client sent', () => {
    const sql = 'SELECT a FROM t';
    expect(matches(rows({ sql, toplevel: false }), rows(sql))).toEqual(['onlyTarget', 'onlySource']);
  });

  it('fold what differs in layout into one statement', () => {
    const {
      rows: [row],
    } = compare(rows('SELECT a FROM t', 'select  a from t'), rows('select a from t'));
    expect(row).toMatchObject({ match: 'exact', source: { calls: 20, totalMs: 200 }, target: { calls: 10 } });
  });
});

describe('the user', () => {
  it('pins what nobody would pair, and splits what is the same', () => {
    const [source, target] = [rows('SELECT a FROM t'), rows('SELECT c FROM u')];
    const { engine, rows: alone } = compare(source, target);
    const idOf = (side: 'source' | 'target') =>
      alone.flatMap(({ id }) => engine.entry(id)[side]?.statement.id ?? []).at(0)!;
    const pair = [idOf('source'), idOf('target')] as const;
    expect(engine.rematch({ pinned: [pair], split: [] }).rows.map(({ match }) => match)).toEqual(['pinned']);

    const same = compare(rows('SELECT a FROM t'), rows('SELECT a FROM t'));
    const { statement } = same.engine.entry(same.rows[0]!.id).source!;
    const split = [statement.id, same.engine.entry(same.rows[0]!.id).target!.statement.id] as const;
    expect(same.engine.rematch({ pinned: [], split: [split] }).rows.map(({ verdict }) => verdict)).toEqual([
      'onlyTarget',
      'onlySource',
    ]);
  });
});

describe('reads and writes', () => {
  const slow = { calls: 10, totalMs: 1000, stddevMs: 1 };
  it('have totals of their own, and the sentence says which would be missed', () => {
    const reads = (figures: TestRow['figures']) => ({ sql: 'SELECT a FROM t', figures: figures! });
    const writes = (figures: TestRow['figures']) => ({ sql: 'DELETE FROM t', figures: figures! });
    const { summary, rows: ranked } = compare(
      rows(reads(counted), writes(counted)),
      rows(reads(counted), writes(slow)),
    );
    expect(summary.writes).toMatchObject({ pairs: 1, regressions: 1, extraMs: 900 });
    expect(summary.reads).toMatchObject({ pairs: 1, regressions: 0, extraMs: 0 });
    expect(summary.sentence).toMatch(/^Writes alone are slower.*who looks at reads alone sees nothing/);
    expect(ranked[0]).toMatchObject({ class: 'write', verdict: 'regression' });
  });

  it('are told by WAL where a function may do anything', () => {
    const call = (walRecords: number) => rows({ sql: 'SELECT f($1)', figures: { ...counted, walRecords } });
    const names = { volatileFunctions: ['f'] };
    const kind = (wal: number) => compare(call(0), call(wal), undefined, names).rows[0]!.class;
    expect([kind(0), kind(5)]).toEqual(['read', 'write']);
    expect(compare(rows('SELECT g($1)'), rows('SELECT g($1)')).rows[0]!.class).toBe('read');
  });
});

it('finds statements by their words, wherever they stand', () => {
  const long = `SELECT ${'a, '.repeat(200)}needle FROM t`;
  const { engine, rows: all } = compare(rows(long, 'SELECT 1'), rows(long));
  expect(all.find(({ title }) => title.includes('needle'))).toBeUndefined();
  expect(engine.search('NEEDLE from')).toHaveLength(1);
  expect(engine.details(engine.search('needle')[0]!).source!.sql).toBe(long);
});
