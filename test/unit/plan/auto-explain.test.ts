import { describe, expect, test } from 'vitest';
import { ExecutionFold, readExecution } from '../../../src/plan/auto-explain';
import { readPlan } from '../../../src/plan/read';

/** As auto_explain of PostgreSQL 15 wrote it. */
function notice(sql: string, durationMs: number, jitMs?: number): string {
  const jit = jitMs === undefined ? '' : `,\n  "JIT": {"Functions": 3, "Options": {}, "Timing": {"Total": ${jitMs}}}`;
  return `duration: ${durationMs.toFixed(3)} ms  plan:\n{\n  "Query Text": ${JSON.stringify(sql)},\n  "Plan": {\n    "Node Type": "Result",\n    "Total Cost": 0.01,\n    "Actual Total Time": 0.001,\n    "Actual Rows": 1,\n    "Actual Loops": 1\n  }${jit}\n}`;
}

const inner = `SQL statement "INSERT INTO t
  SELECT 'PL/pgSQL'"
PL/pgSQL function fill(integer,integer) line 3 at SQL statement
SQL statement "SELECT fill(1, n)"
PL/pgSQL function work(integer) line 4 at PERFORM`;

describe('auto_explain', () => {
  test('reads the plan and where it stands', () => {
    const execution = readExecution(notice("INSERT INTO t\n  SELECT 'PL/pgSQL'", 12.5, 7), inner)!;
    expect(execution).toMatchObject({
      durationMs: 12.5,
      jitMs: 7,
      frames: [
        { routine: 'work(integer)', line: 4, statement: 'SELECT fill(1, n)' },
        { routine: 'fill(integer,integer)', line: 3, statement: "INSERT INTO t\n  SELECT 'PL/pgSQL'" },
      ],
    });
    const { plan } = readPlan(execution.plan);
    expect(plan.statements[0]).toMatchObject({ executionMs: 12.5 });
  });

  test('knows what is not its own', () => {
    expect(readExecution('seen: 5', '')).toBeUndefined();
    expect(readExecution('duration: 1.000 ms  plan:\nQuery Text: SELECT 1\nResult', '')).toBeUndefined();
    expect(readExecution('duration: 1.000 ms  plan:\n{broken', '')).toBeUndefined();
    expect(readExecution('duration: 1.000 ms  plan:\n{"Plan": {}}', '')).toBeUndefined();
  });

  test('tells a statement of the client from one inside a routine, whatever the language of the context', () => {
    expect(readExecution(notice('SELECT 1', 1), '')!.frames).toEqual([]);
    expect(readExecution(notice('SELECT 1', 1), 'SQL-Anweisung »SELECT 1«')!.frames).toEqual([{}]);
  });

  test('folds executions into a tree, around before inside, and keeps the slowest plan', () => {
    const fold = new ExecutionFold();
    const add = (sql: string, ms: number, context: string, jitMs?: number) =>
      fold.add(readExecution(notice(sql, ms, jitMs), context)!);
    add('INSERT INTO t', 2, inner, 1);
    add('INSERT  INTO t', 5, inner, 2);
    add('INSERT INTO t', 3, inner);
    add(
      'SELECT fill(1, n)',
      20,
      'SQL statement "SELECT fill(1, n)"\nPL/pgSQL function work(integer) line 4 at PERFORM',
    );
    add(
      'DELETE FROM t',
      1,
      'SQL statement "DELETE FROM t"\nPL/pgSQL function tidy() line 1 at SQL statement\nSQL statement "CALL tidy()"\nPL/pgSQL function work(integer) line 5 at CALL',
    );
    const statements = fold.statements();
    expect(statements.map(({ sql, parent }) => [sql, parent])).toEqual([
      ['SELECT fill(1, n)', -1],
      ['INSERT INTO t', 0],
      ['CALL tidy()', -1],
      ['DELETE FROM t', 2],
    ]);
    expect(statements[1]!.measured).toMatchObject({ calls: 3, totalMs: 10, jitMs: 3, slowestMs: 5 });
    expect(readPlan(statements[1]!.measured!.plan).plan.statements[0]!.executionMs).toBe(5);
    expect(statements[2]!.measured).toBeUndefined();
  });
});
