import { describe, expect, test } from 'vitest';
import type { ExplainJob, SideConnection } from '../../../src/diagnosis/explain-job';
import { executions, readStatement, valuesOf } from '../../../src/diagnosis/statement';
import type { Side } from '../../../src/shared/side';

const side = (name: Side, guarded: boolean): SideConnection => ({
  side: name,
  settings: {},
  label: `The ${name}`,
  color: 'charts.blue',
  protected: guarded,
});

function job(changes: Partial<ExplainJob> = {}) {
  const base = { sql: 'SELECT 1', mode: 'analyze' as const, analyzeWrites: [] as Side[] };
  return { ...base, source: side('source', true), target: side('target', false), ...changes };
}

describe('what runs where', () => {
  const classOf = async (sql: string) => (await readStatement(sql)).classification;

  test.each([
    ['SELECT 1', 'plain', [], { source: 'plan', target: 'plan' }],
    ['DELETE FROM t', 'plain', ['target'], { source: 'plan', target: 'plan' }],
    ['SELECT 1', 'analyze', [], { source: 'execute', target: 'execute' }],
    ['DELETE FROM t', 'analyze', ['target'], { source: 'plan', target: 'executeWrite' }],
    [
      'WITH d AS (DELETE FROM t RETURNING *) SELECT * FROM d',
      'analyze',
      ['target'],
      { source: 'plan', target: 'executeWrite' },
    ],
    ['CREATE TABLE u AS SELECT 1', 'analyze', ['target'], { source: 'plan', target: 'executeWrite' }],
  ] as const)('%s, %s, writes on %j', async (sql, mode, analyzeWrites, expected) => {
    expect(executions(job({ mode, analyzeWrites: [...analyzeWrites] }), await classOf(sql))).toEqual(expected);
  });

  test('a write runs on an unprotected source only when it is named', async () => {
    const open = job({ source: side('source', false), analyzeWrites: ['source', 'target'] });
    expect(executions(open, await classOf('DELETE FROM t'))).toEqual({
      source: 'executeWrite',
      target: 'executeWrite',
    });
  });

  test.each([
    ['DELETE FROM t', []],
    ['DELETE FROM t', ['source', 'target']],
    ['DELETE FROM t', ['source']],
    // A lock is held, and row marks are written.
    ['SELECT * FROM t FOR UPDATE', []],
    ['EXECUTE prepared', []],
    ['SELECT this is not sql', []],
  ] as const)('refuses %s with writes on %j', async (sql, analyzeWrites) => {
    const classification = await classOf(sql);
    expect(() => executions(job({ analyzeWrites: [...analyzeWrites] }), classification)).toThrow(
      expect.objectContaining({ reason: 'refused', next: expect.stringMatching(/\w/) }),
    );
  });
});

describe('values', () => {
  const values = async (sql: string, parameters?: Record<string, string | null>, mode: ExplainJob['mode'] = 'plain') =>
    valuesOf({ sql, mode, parameters }, await readStatement(sql, parameters));

  test('stand in the order of their numbers', async () => {
    expect(await values('SELECT 1')).toEqual([]);
    expect(await values('SELECT $2, $1', { $1: 'a', $2: null })).toEqual(['a', null]);
    expect(await values("SELECT :a, :'b', :a", { ':a': '1', ":'b'": 'x' })).toEqual(['1', 'x']);
    expect(await values('SELECT $2', { $2: 'b' })).toEqual([null, 'b']);
  });

  test('are missing for the generic plan, which only planning can have', async () => {
    expect(await values('SELECT $1')).toBeUndefined();
    await expect(values('SELECT $1', undefined, 'analyze')).rejects.toMatchObject({ reason: 'parameters' });
    await expect(values('SELECT $1, $2', { $1: '1' })).rejects.toMatchObject({
      message: expect.stringContaining('$2'),
    });
  });

  test('of names are needed in any case', async () => {
    await expect(values('SELECT * FROM :"t"')).rejects.toMatchObject({
      reason: 'parameters',
      message: expect.stringContaining(':"t"'),
    });
    expect(await values('SELECT * FROM :"t"', { ':"t"': 'orders' })).toEqual([]);
  });
});

describe('the statement', () => {
  test("loses the user's own EXPLAIN, and errors stay where they were written", async () => {
    const { bound, classification } = await readStatement('EXPLAIN (ANALYZE) SELECT * FROM t WHERE a = :a');
    expect(bound.text).toBe('SELECT * FROM t WHERE a = $1');
    expect(bound.positionInOriginal(1)).toBe(19);
    expect(classification).toMatchObject({ command: 'SELECT', class: 'read' });
    expect((await readStatement('EXPLAIN SELECT * FORM t')).classification.error?.offset).toBe(17);
  });

  test.each([
    ['', undefined],
    ['SELECT 1; SELECT 2', 11],
    ['VACUUM t', undefined],
    ['CALL p()', undefined],
    ['DO $$ BEGIN END $$', undefined],
  ])('%j is refused', async (sql, position) => {
    const error = await readStatement(sql).catch(caught => caught);
    expect(error).toMatchObject({ reason: 'refused', next: expect.stringMatching(/\w/) });
    if (position !== undefined) expect(error.position).toBe(position);
  });
});
