import { describe, expect, it } from 'vitest';
import { LogReader } from '../../../src/sql/log-statements';
import { type LoggedStatement, SampleValues } from '../../../src/sql/sample-values';

function valuesFor(normalised: string, sql: string, parameters: [string, string | null][] = []) {
  const samples = new SampleValues();
  samples.add({ sql, parameters: new Map(parameters) });
  return samples.valuesFor(normalised);
}

describe('values for a normalised text', () => {
  it.each([
    ['SELECT * FROM t WHERE a = $1 AND b = $2', "select * from t where a=5 and b='it''s'", { $1: '5', $2: "it's" }],
    ['SELECT a FROM t WHERE b = $1 LIMIT $2', 'SELECT a FROM t WHERE b = -1.5 LIMIT 10', { $1: '-1.5', $2: '10' }],
    ['SELECT a - $1 FROM t', 'SELECT a - 3 FROM t', { $1: '3' }],
    ['SELECT now() - interval $1', "SELECT now() - interval '1 day'", { $1: '1 day' }],
    ['UPDATE t SET a = $1 WHERE b IS NULL', 'UPDATE t SET a = NULL WHERE b IS NULL', { $1: null }],
    [
      'SELECT a FROM t WHERE b IN ($1 /*, ... */) AND c = $2',
      'SELECT a FROM t WHERE b IN (7) AND c = 9',
      { $1: '7', $2: '9' },
    ],
    ['SELECT $1', "SELECT E'a\\nb'", { $1: 'a\nb' }],
    ['SELECT $2, $1', "SELECT 'one', 'two'", { $2: 'one', $1: 'two' }],
  ])('%s from %s', (normalised, sql, wanted) => {
    expect(valuesFor(normalised, sql)).toEqual(wanted);
  });

  it('come from the parameters of a prepared statement, and from its constants', () => {
    const prepared = 'SELECT a FROM t WHERE b = $1 AND c > 5';
    expect(valuesFor('SELECT a FROM t WHERE b = $1 AND c > $2', prepared, [['$1', 'x']])).toEqual({ $1: 'x', $2: '5' });
    expect(valuesFor('SELECT a FROM t WHERE b = $1 AND c > $2', prepared)).toBeUndefined();
  });

  it.each([
    ['SELECT a FROM t WHERE b = $1', 'SELECT a FROM u WHERE b = 1'],
    ['SELECT a FROM t LIMIT $1', 'SELECT a FROM t OFFSET 1'],
    ['SELECT a FROM t', 'SELECT a FROM t'],
  ])('are none for %s from %s', (normalised, sql) => {
    expect(valuesFor(normalised, sql)).toBeUndefined();
  });
});

function statementsIn(log: string): [string, Record<string, string | null>][] {
  const found: LoggedStatement[] = [];
  const reader = new LogReader(each => found.push(each));
  for (const line of log.split('\n')) reader.line(line);
  reader.finish();
  return found.map(({ sql, parameters }) => [sql, Object.fromEntries(parameters)]);
}

describe('statements of a log', () => {
  it('are those of log_statement and of durations, over several lines, with their parameters', () => {
    const log = `2026-11-29 05:00:00 UTC [77] app@shop LOG:  statement: SELECT 1
2026-11-29 05:00:01 UTC [77] app@shop LOG:  duration: 12.3 ms  execute <unnamed>: SELECT a
\tFROM t WHERE b = $1 AND c = $2
2026-11-29 05:00:01 UTC [77] app@shop DETAIL:  parameters: $1 = 'it''s, $2 = no', $2 = NULL
2026-11-29 05:00:02 UTC [77] app@shop ERROR:  relation "x" does not exist
2026-11-29 05:00:02 UTC [77] app@shop STATEMENT:  SELECT * FROM x
2026-11-29 05:00:03 UTC [77] app@shop LOG:  duration: 0.1 ms
2026-11-29 05:00:03 UTC [78] app@shop LOG:  execute s1: SELECT $1
2026-11-29 05:00:03 UTC [78] app@shop DETAIL:  Parameters: $1 = 'cut...'
`;
    expect(statementsIn(log)).toEqual([
      ['SELECT 1', {}],
      ['SELECT a\nFROM t WHERE b = $1 AND c = $2', { $1: "it's, $2 = no", $2: null }],
      ['SELECT $1', {}],
    ]);
  });

  it('are read from JSON, too, and what is cut off is passed over', () => {
    const log = `${JSON.stringify({ message: 'execute x: SELECT $1', detail: "parameters: $1 = '5'" })}\n{"message":"stat`;
    expect(statementsIn(log)).toEqual([['SELECT $1', { $1: '5' }]]);
  });
});
