import { describe, expect, it, test } from 'vitest';
import { visibleText } from '../../../src/playbook/visible';
import type { CheckProblem } from '../../../src/shared/check';
import { answer, judged, type Rows } from './expect-answers';

const columns = 'name, n int4';

describe('nodes that gave no answer', () => {
  const unreachable: CheckProblem = { kind: 'unreachable', message: 'connection refused', next: 'Start the server.' };
  const refused: CheckProblem = { kind: 'refused', message: 'nextval() writes.' };
  const failed = (sqlstate: string): CheckProblem => ({ kind: 'failed', message: 'it failed', sqlstate });
  const line = 'target target.example:5432: not reached: connection refused. Start the server.';
  const beside = (text: string, problem: CheckProblem, rows: Rows = [['a', '1']]) =>
    judged(text, [answer('source', columns, rows), answer('target', '', [], { problem })]);

  it('leave it unknown, unless another fails already', () => {
    for (const text of ['rows > 0', 'n = 1', 'same', 'target.n = 1', 'source.n = 1'])
      expect(beside(text, unreachable)).toMatchObject({
        verdict: 'unknown',
        summary: line,
        details: [line, ...(text === 'same' || text === 'target.n = 1' ? [] : [expect.any(String)])],
      });
    expect(beside('rows = 0', unreachable)).toMatchObject({
      verdict: 'fail',
      summary: 'source 1 row',
      details: [line],
    });
    expect(beside('rows = 0', { kind: 'cancelled', message: 'cancelled' }, [])).toMatchObject({ verdict: 'unknown' });
  });

  it('are an error where the check itself is wrong', () => {
    expect(beside('rows = 0', refused)).toMatchObject({
      verdict: 'error',
      summary: 'target target.example:5432: refused: nextval() writes.',
    });
    expect(beside('rows > 0', failed('42P01'))).toMatchObject({ verdict: 'error' });
    expect(beside('rows > 0', failed('22012'))).toMatchObject({ verdict: 'error' });
    for (const sqlstate of ['42501', '57014', '53300', '08006', '28000', 'XX000'])
      expect(beside('rows > 0', failed(sqlstate))).toMatchObject({ verdict: 'unknown' });
  });

  it('do not hide what the others differ in', () => {
    const answers = [
      answer('source', 'x', [['a']]),
      answer('source', 'x', [['b']], { node: 'w1:5432' }),
      answer('target', '', [], { problem: unreachable }),
    ];
    expect(judged('same', answers, 'workers')).toMatchObject({
      verdict: 'fail',
      summary: 'source source.example:5432: a, source w1:5432: b',
    });
    expect(
      judged(
        'same',
        answers.filter(({ node }) => node !== 'w1:5432'),
        'workers',
      ).verdict,
    ).toBe('unknown');
  });

  it('say when nobody answered', () => {
    const answers = [
      answer('source', '', [], { problem: unreachable }),
      answer('target', '', [], { problem: unreachable }),
    ];
    expect(judged('empty', answers)).toMatchObject({
      verdict: 'unknown',
      summary: expect.stringMatching(/^source .*\(and 1 more\)$/),
    });
  });
});

describe('answers of which not all was read', () => {
  const cutShort = (rows: Rows) => [answer('source', 'x int4', rows, { truncated: true })];
  const three: Rows = [['1'], ['2'], ['3']];
  test.for([
    ['empty', three, 'fail'],
    ['empty', [], 'fail'],
    ['rows > 0', three, 'pass'],
    ['rows > 0', [], 'pass'],
    ['rows > 2', three, 'pass'],
    ['rows >= 3', three, 'pass'],
    ['rows > 3', three, 'unknown'],
    ['rows = 3', three, 'unknown'],
    ['rows = 2', three, 'fail'],
    ['rows <> 2', three, 'pass'],
    ['rows < 3', three, 'fail'],
    ['rows <= 3', three, 'unknown'],
    ['2 < rows', three, 'pass'],
    ['3 < rows', three, 'unknown'],
    ['rows - 1 > 0', three, 'unknown'],
    ['rows >= source.rows', three, 'unknown'],
    ['x > 0', three, 'unknown'],
    ['x > 1', three, 'fail'],
    ['source > 0', [['1']], 'error'],
    ['source > 0', [], 'unknown'],
  ] as const)('%s %j: %s', ([text, rows, verdict]) => {
    expect(judged(text, cutShort(rows as unknown as Rows), 'source').verdict).toBe(verdict);
  });

  it('cannot be the same', () => {
    expect(judged('same', [...cutShort(three), answer('target', 'x int4', three)])).toMatchObject({
      verdict: 'unknown',
      summary: 'source more than 3 rows, of which not all were read',
    });
  });
});

it('shows what a terminal would obey, and cuts what is long', () => {
  const hostile = `\u001b[2J\u202e${'x'.repeat(5000)}`;
  const answers = [answer('source', `${hostile.replaceAll(',', '')} text`, [[hostile]], { node: hostile })];
  for (const text of ['empty', "source = 'x'", 'source > 5', 'rows > 1', 'y = 1']) {
    const { summary, details } = judged(text, answers, 'source');
    for (const line of [summary, ...details]) expect(line).toBe(visibleText(line).replaceAll('\n', ' '));
    expect(summary.length).toBeLessThanOrEqual(200);
  }
});
