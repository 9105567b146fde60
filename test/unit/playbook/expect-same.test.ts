import { describe, expect, it, test } from 'vitest';
import { answer, both, judged, type Rows } from './expect-answers';

describe('which rows are the same', () => {
  test.for([
    ['the same', 'x', [['a'], ['b']], [['a'], ['b']], 'pass', 'both sides: 2 rows'],
    ['in another order', 'x', [['a'], ['b']], [['b'], ['a']], 'pass', 'both sides: 2 rows'],
    ['none', 'x', [], [], 'pass', 'both sides: no rows'],
    ['NULL', 'x', [[null]], [[null]], 'pass', 'both sides: NULL'],
    ['NULL beside nothing', 'x', [[null]], [['']], 'fail', "source NULL, target ''"],
    ['NULL beside its name', 'x', [[null]], [['NULL']], 'fail', "source NULL, target 'NULL'"],
    ['twice beside once', 'x', [['a'], ['a']], [['a']], 'fail', 'source 2 rows, target 1 row'],
    ['equal numbers', 'x numeric', [['1.50']], [['1.5']], 'pass', 'source 1.50, target 1.5'],
    [
      'numbers that doubles cannot tell apart',
      'x int8',
      [['9007199254740993']],
      [['9007199254740992']],
      'fail',
      'source 9007199254740993, target 9007199254740992',
    ],
    ['NaN', 'x float8', [['NaN']], [['NaN']], 'pass', 'both sides: NaN'],
    [
      'one moment in two time zones',
      'x timestamptz',
      [['2026-01-01 00:00:00+00']],
      [['2026-01-01 01:00:00+01']],
      'pass',
      expect.any(String),
    ],
    ['equal intervals', 'x interval', [['1 mon']], [['30 days']], 'pass', expect.any(String)],
    ['texts of numbers', 'x', [['1.50']], [['1.5']], 'fail', 'source 1.50, target 1.5'],
    ['a space', 'x', [['a']], [['a ']], 'fail', "source a, target 'a '"],
    ['line ends', 'x', [['a\nb']], [['a\r\nb']], 'fail', 'source a␊b, target a␍␊b'],
    [
      'versions',
      'server_version, citus',
      [['15.4', '11.1.7']],
      [['15.4', '11.1.7']],
      'pass',
      'both sides: server_version 15.4, citus 11.1.7',
    ],
    [
      'one of two',
      'server_version, citus',
      [['15.4', '11.1.7']],
      [['15.6', '11.1.7']],
      'fail',
      'server_version: 15.4 ↔ 15.6',
    ],
  ] as const)('%s', ([, columns, source, target, verdict, summary]) => {
    const answers = both(columns, source as unknown as Rows, target as unknown as Rows);
    expect(judged('same', answers)).toMatchObject({ verdict, summary });
  });

  it('takes columns by their names', () => {
    const source = answer('source', 'a, b', [['1', '2']]);
    expect(judged('same', [source, answer('target', 'b, a', [['2', '1']])]).verdict).toBe('pass');
    expect(judged('same', [source, answer('target', 'a, c', [['1', '2']])])).toMatchObject({
      verdict: 'fail',
      details: ['column b only on the source', 'column c only on the target'],
    });
    // Of two with one name the first is the first.
    expect(judged('same', both('a, a', [['1', '2']], [['1', '2']])).verdict).toBe('pass');
    expect(judged('same', both('a, a', [['1', '2']], [['2', '1']])).verdict).toBe('fail');
    expect(judged('same', [answer('source', 'a, a', []), answer('target', 'a', [])]).verdict).toBe('fail');
  });

  it('says where types differ while the rows do not', () => {
    const answers = [answer('source', 'n int4', [['1']]), answer('target', 'n int8', [['1']])];
    expect(judged('same', answers)).toMatchObject({
      verdict: 'pass',
      details: ['column n is int4 on source, int8 on target'],
    });
  });

  it('needs two to compare', () => {
    expect(judged('same', [answer('source', 'x', [])], 'source')).toMatchObject({
      verdict: 'error',
      summary: '`same` compares nodes, and only the source was asked. Write on=both or on=workers.',
    });
  });
});

describe('what differs', () => {
  it('is shown row by row, by what names the row', () => {
    const source: Rows = [
      ['jit', 'off'],
      ['work_mem', '4MB'],
      ['only_here', '1'],
      ['same', '1'],
    ];
    const target: Rows = [
      ['same', '1'],
      ['work_mem', '64MB'],
      ['jit', 'on'],
      ['only_there', '1'],
    ];
    expect(judged('same', both('name, setting', source, target))).toEqual({
      verdict: 'fail',
      summary: '4 differences, the first: jit: off ↔ on',
      details: [
        'jit: off ↔ on',
        'work_mem: 4MB ↔ 64MB',
        'only on source: name only_here, setting 1',
        'only on target: name only_there, setting 1',
      ],
      expected: 'name        setting\njit         off\nwork_mem    4MB\nonly_here   1\nsame        1',
      actual: 'name        setting\njit         on\nwork_mem    64MB\nsame        1\nonly_there  1',
    });
  });

  it('names rows by as many leading columns as needed, and the column that differs', () => {
    const source: Rows = [
      ['a', '1', 'x', 'y'],
      ['a', '2', 'x', 'y'],
    ];
    const target: Rows = [
      ['a', '1', 'x', 'y'],
      ['a', '2', 'x2', 'y2'],
    ];
    expect(judged('same', both('s, t, u, v', source, target)).details).toEqual(['a, 2: u x ↔ x2, v y ↔ y2']);
  });

  it('counts rows that nothing names', () => {
    const source: Rows = [
      ['a', '1'],
      ['a', '1'],
      ['a', '1'],
    ];
    const target: Rows = [
      ['a', '1'],
      ['a', '2'],
    ];
    expect(judged('same', both('s, t', source, target)).details).toEqual([
      'only on source: s a, t 1 (2 times)',
      'only on target: s a, t 2',
    ]);
  });

  it('is cut where long texts differ', () => {
    const long = 'x'.repeat(500);
    expect(judged('same', both('x', [[`${long}1`]], [[`${long}2`]])).details).toEqual([
      `…${'x'.repeat(20)}1 ↔ …${'x'.repeat(20)}2`,
    ]);
  });

  it('is at most some twenty lines', () => {
    const rows = (value: string): Rows => Array.from({ length: 30 }, (_, i) => [`r${i}`, value]);
    const { summary, details } = judged('same', both('name, v', rows('1'), rows('2')));
    expect(summary).toBe('30 differences, the first: r0: 1 ↔ 2');
    expect([details.length, details[20]]).toEqual([21, '… and 10 more']);
  });

  it('is named with its node where every node is asked', () => {
    const answers = [
      answer('source', 'name, v', [['jit', 'off']], { node: 'c:1' }),
      answer('source', 'name, v', [['jit', 'off']], { node: 'w:2', role: 'worker' }),
      answer('target', 'name, v', [['jit', 'on']], { node: 'c:3' }),
      answer('target', 'name, v', [['jit', 'on']], { node: 'w:4', role: 'worker' }),
    ];
    expect(judged('same', answers, 'workers')).toMatchObject({
      verdict: 'fail',
      summary: 'target c:3: v: off ↔ on (and 1 more node)',
      details: ['Compared with source c:1:', 'target c:3: v: off ↔ on', 'target w:4: v: off ↔ on'],
    });
    expect(judged('same', answers.slice(0, 2), 'workers')).toMatchObject({
      verdict: 'pass',
      summary: 'all 2 nodes: name jit, v off',
    });
  });
});

describe('numbers that may differ', () => {
  test.for([
    ['5 %', 'n int8', [['100']], [['105']], 'pass'],
    ['5 %', 'n int8', [['100']], [['106']], 'fail'],
    ['5 %', 'n int8', [['-100']], [['-95']], 'pass'],
    ['5 %', 'n int8', [['0']], [['1']], 'fail'],
    ['10', 'n numeric', [['1']], [['11.0']], 'pass'],
    ['10', 'n numeric', [['1']], [['11.01']], 'fail'],
    ['10', 'n numeric', [[null]], [['1']], 'fail'],
    ['10', 'n numeric', [['NaN']], [['NaN']], 'pass'],
    ['10', 'n numeric', [['NaN']], [['1']], 'fail'],
    ['10', 'n text', [['1']], [['2']], 'fail'],
    ['10 s', 'n interval', [['00:00:01']], [['00:00:11']], 'pass'],
    ['10 s', 'n interval', [['00:00:01']], [['00:00:11.1']], 'fail'],
    ['10 s', 'n timestamptz', [['2026-01-01 00:00:00+00']], [['2026-01-01 01:00:10+01']], 'pass'],
    ['10 s', 'n_ms int8', [['1']], [['10001']], 'pass'],
    ['10 s', 'n_ms int8', [['1']], [['10002']], 'fail'],
    ['10 s', 'n int8', [['1']], [['2']], 'fail'],
    ['1 MB', 'n int8', [['0']], [['1048576']], 'pass'],
    ['1 MB', 'n pg_lsn', [['0/0']], [['0/100000']], 'pass'],
    ['10', 'n interval', [['00:00:01']], [['00:00:02']], 'fail'],
    // Words name the row, wherever they stand.
    [
      '5 %',
      'n int8, name',
      [
        ['100', 'a'],
        ['200', 'b'],
      ],
      [
        ['210', 'b'],
        ['99', 'a'],
      ],
      'pass',
    ],
    [
      '5 %',
      'n int8, name',
      [
        ['100', 'a'],
        ['200', 'b'],
      ],
      [
        ['100', 'b'],
        ['200', 'a'],
      ],
      'fail',
    ],
    // A leading number that names the row is no measure.
    [
      '50 %',
      'id int8, n int8',
      [
        ['1', '10'],
        ['2', '20'],
      ],
      [
        ['1', '11'],
        ['2', '21'],
      ],
      'pass',
    ],
    [
      '50 %',
      'id int8, n int8',
      [
        ['10', '10'],
        ['20', '20'],
      ],
      [
        ['11', '10'],
        ['20', '20'],
      ],
      'fail',
    ],
    // Nothing names these: they are compared in the order of their numbers.
    ['1', 'n int8', [['1'], ['2'], ['2']], [['3'], ['2'], ['3']], 'pass'],
    ['1', 'n int8', [['1'], ['2'], ['2']], [['4'], ['2'], ['3']], 'fail'],
    ['1', 'n int8', [['1'], ['2']], [['1']], 'fail'],
  ] as const)('within %s, %s %j %j: %s', ([tolerance, columns, source, target, verdict]) => {
    const answers = both(columns, source as unknown as Rows, target as unknown as Rows);
    expect(judged(`same within ${tolerance}`, answers).verdict).toBe(verdict);
  });

  it('are said with the tolerance', () => {
    expect(judged('same within 5 %', both('n int8', [['100']], [['103']])).summary).toBe(
      'source 100, target 103, within 5 %',
    );
    expect(judged('same within 5 %', both('n int8', [['1'], ['1'], ['2']], [['1'], ['9'], ['1']])).details).toEqual([
      '2 ↔ 9',
      'No column tells the rows apart, so that they were compared in the order of their numbers.',
    ]);
  });
});
