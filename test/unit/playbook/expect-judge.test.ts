import fc from 'fast-check';
import { describe, expect, it, test, vi } from 'vitest';
import { judge } from '../../../src/playbook/expect/judge';
import { parseExpect } from '../../../src/playbook/expect/parse';
import { visibleText } from '../../../src/playbook/visible';
import {
  type CheckProblem,
  checkPlaces,
  checkVerdicts,
  judgementSchema,
  type NodeAnswer,
} from '../../../src/shared/check';
import { answer, both, judged, type Rows } from './expect-answers';

// Properties try thousands of cases, and the machine may be busy.
vi.setConfig({ testTimeout: 120_000 });

const oneRow: Rows = [['a', '1']];
const twoRows: Rows = [
  ['a', '1'],
  ['b', '2'],
];
const columns = 'name, n int4';

describe('rows of each node', () => {
  test.for([
    ['empty', [], [], 'pass', 'both sides: no rows'],
    ['empty', oneRow, [], 'fail', 'source 1 row, target no rows'],
    ['not empty', oneRow, [], 'fail', 'source 1 row, target no rows'],
    ['rows > 0', oneRow, twoRows, 'pass', 'source 1 row, target 2 rows'],
    ['rows > 0', [], twoRows, 'fail', 'source no rows, target 2 rows'],
    ['rows = 2', twoRows, twoRows, 'pass', 'both sides: 2 rows'],
    ['rows * 2 <= 3', oneRow, oneRow, 'pass', 'both sides: 1 row × 2 = 2 ≤ 3'],
    ['target.rows >= source.rows', oneRow, twoRows, 'pass', 'target 2 rows ≥ source 1 row'],
    ['target.rows >= source.rows', twoRows, oneRow, 'fail', 'target 1 row < source 2 rows'],
    ['rows > 0 and rows < 2', oneRow, twoRows, 'fail', 'source 1 row, target 2 rows'],
    ['rows = 1 or target.n = 2', oneRow, [['x', '3']], 'pass', 'both sides: 1 row'],
  ] as const)('%s', ([text, source, target, verdict, summary]) => {
    expect(judged(text, both(columns, source as Rows, target as Rows))).toMatchObject({ verdict, summary });
  });

  it('shows the rows that should not be', () => {
    const rows: Rows = Array.from({ length: 23 }, (_, i) => [`r${i}`, null]);
    const { details } = judged('empty', both(columns, [], rows));
    expect(details).toHaveLength(21);
    expect(details[0]).toBe('target: name r0, n NULL');
    expect(details[20]).toBe('… and 3 more');
  });
});

describe('the only value', () => {
  test.for([
    ['true', 'bool', [['t']], 'pass', 'source true'],
    ['true', 'text', [['on']], 'pass', 'source true'],
    ['true', 'bool', [['f']], 'fail', 'source false'],
    ['false', 'bool', [['f']], 'pass', 'source false'],
    ['not true', 'bool', [['f']], 'pass', 'source false'],
    ['true', 'bool', [[null]], 'unknown', 'The value is NULL on source.'],
    ['true', 'bool', [], 'unknown', 'There is no row on source.'],
    ['true', 'bool', [['t'], ['t']], 'error', 'One row is needed, and source has 2 rows.'],
    ['true', 'int4', [['1']], 'error', 'The value on source is 1, neither true nor false.'],
    ['source > 5', 'int4', [['6'], ['7']], 'error', 'One row is needed, and source has 2 rows.'],
    ['source > 5', 'int4', [], 'unknown', 'There is no row on source.'],
    ['source > 5', 'int4', [['6']], 'pass', 'source 6 > 5'],
    ['source.x > 5', 'int4', [['5']], 'fail', 'source x 5 ≤ 5'],
  ] as const)('%s of %s %j', ([text, type, rows, verdict, summary]) => {
    expect(judged(text, [answer('source', `x ${type}`, rows as unknown as Rows)], 'source')).toMatchObject({
      verdict,
      summary,
    });
  });

  it('is one column', () => {
    const answers = [answer('source', columns, oneRow)];
    expect(judged('true', answers, 'source')).toMatchObject({
      verdict: 'error',
      summary: '`true` is for one value, and source has 2 columns.',
    });
    expect(judged('source > 1', answers, 'source').summary).toBe(
      '`source` is for one value, and source has 2 columns. Name one, as `source.name`.',
    );
  });
});

describe('sides beside one another', () => {
  test.for([
    ['target <= source * 1.2', '10.9', '12.4', 'pass', 'target 12.4 ≤ source 10.9 × 1.2 = 13.08'],
    ['target <= source * 1.2', '10.9', '13.09', 'fail', 'target 13.09 > source 10.9 × 1.2 = 13.08'],
    ['target <= source / 3', '10.9', '4', 'fail', 'target 4 > source 10.9 ÷ 3 ≈ 3.63333'],
    ['(target - source) * 2 = 3', '1', '2.5', 'pass', '(target 2.5 − source 1) × 2 = 3'],
    ['target <> source', '1', '1.0', 'fail', 'target 1.0 = source 1'],
    ['target <= source', null, '1', 'unknown', 'x of source is NULL.'],
    ['target / source < 2', '0', '1', 'error', 'Division by zero: x of source is 0.'],
    ['source = 0 or target / source < 2', '0', '1', 'pass', 'source 0'],
    ['source > 0 and target / source < 2', '0', '1', 'fail', 'source 0 ≤ 0'],
  ] as const)('%s of %s and %s', ([text, source, target, verdict, summary]) => {
    expect(judged(text, both('x numeric', [[source]], [[target]]))).toMatchObject({ verdict, summary });
  });

  it('needs what it names', () => {
    const source = answer('source', 'x int4', [['1']]);
    expect(judged('target > 1', [source], 'source')).toMatchObject({
      verdict: 'error',
      summary: 'The expectation names the target, which was not asked. Write on=both.',
    });
    const worker = answer('source', 'x int4', [['1']], { node: 'w1:5432', role: 'worker' });
    expect(judged('source > 1', [source, worker], 'workers')).toMatchObject({
      verdict: 'error',
      summary: expect.stringContaining('2 nodes of the source were asked. Name columns without a side'),
    });
    expect(judged('true', [])).toMatchObject({ verdict: 'error', summary: 'No node was asked.' });
  });
});

describe('a column in every row', () => {
  const slots = 'slot, lag_bytes int8';
  test.for([
    ['lag_bytes = 0', [['a', '0']], [['b', '0']], 'pass', 'both sides: lag_bytes 0'],
    [
      'lag_bytes < 1 kB',
      [
        ['a', '0'],
        ['c', '1'],
      ],
      [['b', '5']],
      'pass',
      'source 2 rows as expected, target lag_bytes 5 < 1 kB',
    ],
    [
      'lag_bytes = 0',
      [
        ['a', '0'],
        ['c', '1'],
      ],
      [['b', '0']],
      'fail',
      'source 1 of 2 rows fail: lag_bytes 1 ≠ 0, target lag_bytes 0',
    ],
    [
      'lag_bytes = 0',
      [
        ['a', '0'],
        ['c', null],
      ],
      [['b', '0']],
      'unknown',
      'lag_bytes of source is NULL. (1 of 2 rows)',
    ],
    [
      'lag_bytes = 0',
      [
        ['a', '1'],
        ['c', null],
      ],
      [['b', '0']],
      'fail',
      'source 1 of 2 rows fail: lag_bytes 1 ≠ 0, target lag_bytes 0',
    ],
    [
      'lag_bytes = 0',
      [],
      [['b', '0']],
      'unknown',
      'There is no row on source to judge. Write `empty or …` if there need be none.',
    ],
    ['lag_bytes = 0', [], [['b', '1']], 'fail', 'target lag_bytes 1 ≠ 0'],
    ['empty or lag_bytes = 0', [], [['b', '0']], 'pass', 'source no rows, target lag_bytes 0'],
    [
      "slot = 'a' or lag_bytes = 0",
      [
        ['a', '5'],
        ['b', '0'],
      ],
      [['a', '9']],
      'pass',
      'source 2 rows as expected, target slot a',
    ],
    ['lag_byte = 0', [], [], 'error', 'There is no column lag_byte on source. Did you mean lag_bytes?'],
    ['row = 0', [], [], 'error', 'There is no column row on source. Did you mean rows?'],
    ['LAG_BYTES = 0', [['a', '0']], [['b', '0']], 'pass', 'both sides: lag_bytes 0'],
    [
      '"LAG_BYTES" = 0',
      [['a', '0']],
      [['b', '0']],
      'error',
      'There is no column LAG_BYTES on source. Did you mean lag_bytes?',
    ],
    ['missing = 0', [['a', '0']], [], 'error', 'There is no column missing on source. It has slot, lag_bytes.'],
  ] as const)('%s %j %j', ([text, source, target, verdict, summary]) => {
    const answers = both(slots, source as unknown as Rows, target as unknown as Rows);
    expect(judged(text, answers)).toMatchObject({ verdict, summary });
  });

  it('names the node and the row', () => {
    const rows: Rows = [
      ['a', '0'],
      ['b', '7'],
      ['c', null],
    ];
    expect(judged('lag_bytes = 0', both(slots, [], rows)).details).toEqual([
      'target: lag_bytes 7 ≠ 0 (slot b, lag_bytes 7)',
      'target: lag_bytes of target is NULL. (slot c, lag_bytes NULL)',
    ]);
    const nodes = ['w1:1', 'w2:2', 'w3:3'].map((node, i) => answer('target', slots, [['a', `${i}`]], { node }));
    expect(judged('lag_bytes < 2', nodes, 'workers')).toMatchObject({
      verdict: 'fail',
      summary: 'target w3:3: lag_bytes 2 ≥ 2',
    });
    expect(judged('lag_bytes < 3 and rows = 1', nodes.slice(0, 1).concat(nodes[0]!), 'workers').summary).toBe(
      'all 2 nodes: lag_bytes 0 < 3, 1 row',
    );
  });

  it('is one column', () => {
    const answers = [answer('source', 'x int4, x int4', [['1', '2']])];
    expect(judged('x = 1', answers, 'source')).toMatchObject({
      verdict: 'error',
      summary: 'More than one column on source is named x. Rename one with AS.',
    });
  });
});

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

const cell = fc.oneof(
  fc.constant(null),
  fc.constantFrom('1', '2', '1.5', 'NaN', 'Infinity', 't', 'f', 'on', '4MB', '00:00:01', '0/1', '2026-01-01', ''),
  fc.string({ unit: 'binary', maxLength: 5 }),
);
const type = fc.constantFrom('int4', 'numeric', 'text', 'bool', 'interval', 'timestamptz', 'date', 'pg_lsn', 'x');
const problem = fc.record(
  {
    kind: fc.constantFrom('refused', 'failed', 'unreachable', 'cancelled'),
    message: fc.string(),
    sqlstate: fc.string(),
    next: fc.string(),
  },
  { requiredKeys: ['kind', 'message'] },
);
/** Also rows that have fewer or more cells than there are columns. */
const anyAnswer: fc.Arbitrary<NodeAnswer> = fc.record(
  {
    side: fc.constantFrom('source', 'target'),
    node: fc.string({ unit: 'binary', maxLength: 5 }),
    role: fc.constantFrom('coordinator', 'worker'),
    columns: fc.array(fc.record({ name: fc.oneof(fc.constantFrom('x', 'y'), fc.string()), type }), { maxLength: 3 }),
    rows: fc.array(fc.array(cell, { maxLength: 3 }), { maxLength: 4 }),
    truncated: fc.boolean(),
    elapsedMs: fc.constant(0),
    problem: problem as fc.Arbitrary<CheckProblem>,
  },
  { requiredKeys: ['side', 'node', 'role', 'columns', 'rows', 'truncated', 'elapsedMs'] },
);
/** Such as can be judged. */
const soundAnswers = fc
  .tuple(fc.constantFrom('1', '2', '3'), fc.constantFrom('1', '2', '3'))
  .map(([source, target]) => both('x int4', [[source]], [[target]]));
const operand = fc.constantFrom(
  ...['x', 'y', 'source', 'target', 'source.x', 'rows', 'target.rows', '1', '10 s', '4 MB', "'t'", 'true', "'0/1'"],
  ...['-x', 'x + 1', 'x - y', 'x * 2', '1 / x', 'source / target', "x - '2026-01-01'", 'x * x * 1e9000 * 1e9000'],
);
const comparison = fc.constantFrom('=', '<>', '<', '>=');
const condition = fc.oneof(
  fc.constantFrom('same', 'same within 5 %', 'same within 10', 'same within 1 s', 'empty', 'true', 'x is null'),
  fc.tuple(operand, comparison, operand).map(parts => parts.join(' ')),
);
const expectation = fc
  .tuple(condition, fc.constantFrom('', 'and', 'or', 'and not', 'or not'), condition)
  .map(([a, joined, b]) => (joined ? `${a} ${joined} ${b}` : a));

it('judges any answers, and never throws', () => {
  const seen = new Set<string>();
  fc.assert(
    fc.property(
      expectation,
      fc.oneof(fc.array(anyAnswer, { maxLength: 4 }), soundAnswers),
      fc.constantFrom(...checkPlaces),
      (text, answers, place) => {
        const read = parseExpect(text);
        if (!read.ok) return;
        const judgement = judge(read.expectation, answers, place);
        expect(judgementSchema.parse(judgement)).toEqual(judgement);
        expect(judgement.summary).not.toBe('');
        expect(judgement.summary).not.toContain('\n');
        seen.add(judgement.verdict);
      },
    ),
    { numRuns: 3000 },
  );
  expect([...seen].sort()).toEqual([...checkVerdicts].sort());
});
