import { describe, expect, it, test } from 'vitest';
import { answer, both, judged, type Rows } from './expect-answers';

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

describe('joined conditions', () => {
  const answers = [answer('source', 'x int4', [[null]])];
  const say = { pass: 'rows = 1', fail: 'rows = 2', unknown: 'x = 1', error: 'y = 1' };
  type Verdict = keyof typeof say;
  test.for([
    [
      'and',
      ['pass', 'pass', 'pass'],
      ['pass', 'fail', 'fail'],
      ['fail', 'pass', 'fail'],
      ['unknown', 'pass', 'unknown'],
    ],
    ['and', ['pass', 'unknown', 'unknown'], ['unknown', 'fail', 'fail'], ['fail', 'unknown', 'fail']],
    ['and', ['fail', 'error', 'fail'], ['error', 'fail', 'error'], ['unknown', 'error', 'error']],
    [
      'or',
      ['fail', 'fail', 'fail'],
      ['pass', 'fail', 'pass'],
      ['fail', 'pass', 'pass'],
      ['unknown', 'fail', 'unknown'],
    ],
    ['or', ['fail', 'unknown', 'unknown'], ['unknown', 'pass', 'pass'], ['pass', 'unknown', 'pass']],
    ['or', ['pass', 'error', 'pass'], ['error', 'pass', 'error'], ['unknown', 'error', 'error']],
  ] as [string, ...[Verdict, Verdict, Verdict][]][])('%s: %j %j %j', ([joined, ...cases]) => {
    for (const [a, b, verdict] of cases)
      expect([a, b, judged(`${say[a]} ${joined} ${say[b]}`, answers, 'source').verdict]).toEqual([a, b, verdict]);
  });

  test.for([
    ['pass', 'fail'],
    ['fail', 'pass'],
    ['unknown', 'unknown'],
    ['error', 'error'],
  ] as const)('not %s: %s', ([of, verdict]) => {
    expect(judged(`not ${say[of]}`, answers, 'source').verdict).toBe(verdict);
  });
});
