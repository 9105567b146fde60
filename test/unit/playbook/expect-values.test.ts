import fc from 'fast-check';
import { describe, expect, it, test, vi } from 'vitest';
import { readInterval, readLsn, readTimestamp } from '../../../src/playbook/expect/quantities';
import {
  add,
  compare,
  decimalText,
  divide,
  multiply,
  numberKey,
  rational,
  readRational,
  subtract,
} from '../../../src/playbook/expect/rational';
import { answer, judged, judgedValue } from './expect-answers';

// Properties try thousands of cases, and the machine may be busy.
vi.setConfig({ testTimeout: 120_000 });

describe('values of each type', () => {
  test.for([
    ['x = 9007199254740993', 'int8', '9007199254740993', 'pass'],
    ['x = 9007199254740992', 'int8', '9007199254740993', 'fail'],
    ['x > 9007199254740992.00000000000000000001', 'numeric(40,20)', '9007199254740992.00000000000000000002', 'pass'],
    ['x * 3 = 0.3', 'numeric', '0.1', 'pass'],
    ['x / 3 * 3 = 1', 'int4', '1', 'pass'],
    ['x = 15e-1', 'double precision', '1.5', 'pass'],
    ['x = 5 %', 'numeric', '0.05', 'pass'],
    ['x = -1', 'int4', '-1', 'pass'],
    ['- x = 1', 'int4', '-1', 'pass'],
    ['x < 5', 'float8', 'NaN', 'unknown'],
    ['x = 5', 'float8', 'NaN', 'fail'],
    ['x > 1e300', 'float8', 'Infinity', 'pass'],
    ['x < 0', 'float8', '-Infinity', 'pass'],
    ['x - x = 0', 'float8', 'Infinity', 'fail'],
    ['1 / x = 0', 'float8', '-Infinity', 'pass'],
    ['1 / x > 0', 'int4', '0', 'error'],
    ['x = 1', 'int4', null, 'unknown'],
    ['x + 1 > 0', 'int4', null, 'unknown'],
    ['x is null', 'int4', null, 'pass'],
    ['x + 1 is null', 'int4', null, 'pass'],
    ['x is not null', 'int4', null, 'fail'],
    ['x is null', 'text', '', 'fail'],
    ["x = 'on'", 'text', 'on', 'pass'],
    ["x <> 'on'", 'text', 'On', 'pass'],
    ["x = ''", 'text', '', 'pass'],
    ["x = 'it''s'", 'text', "it's", 'pass'],
    ['x = 15', 'text', '15', 'pass'],
    ['x = 15', 'text', 'fifteen', 'error'],
    ["x < '15'", 'text', '9', 'pass'],
    ["x < '15.10'", 'text', '15.4', 'error'],
    ["x = '5432'", 'int4', '5432', 'pass'],
    ["x = 'postgres'", 'int4', '5432', 'error'],
    ['x = true', 'bool', 't', 'pass'],
    ['x = false', 'boolean', 't', 'fail'],
    ['x = true', 'text', 'on', 'pass'],
    ["x = 'off'", 'bool', 'f', 'pass'],
    ['x = true', 'int4', '1', 'error'],
    ['x > false', 'bool', 't', 'error'],
    ['x + 1 = 2', 'bool', 't', 'error'],
    ['x < 10 s', 'interval', '00:00:09.999999', 'pass'],
    ['x < 10 s', 'interval', '1 day -23:59:50.000001', 'pass'],
    ['x < 10 s', 'interval', '-1 days +00:00:20', 'pass'],
    ['x = 30 d', 'interval', '1 mon', 'pass'],
    ['x >= 0', 'interval', '-00:00:01', 'fail'],
    ['x < 10', 'interval', '00:00:01', 'error'],
    ['x < 10 MB', 'interval', '00:00:01', 'error'],
    ["x < '1 hour 1 second'", 'interval', '01:00:00', 'pass'],
    ['x * 2 = 1 min', 'interval', '00:00:30', 'pass'],
    ['x / 10 s = 3', 'interval', '00:00:30', 'pass'],
    ['x = 64 MB', 'text', '64MB', 'pass'],
    ['x = 65536 kB', 'text', '64MB', 'pass'],
    ['x < 1 s', 'text', '200 ms', 'pass'],
    ['x > 64', 'text', '64MB', 'error'],
    ['x > 1 s', 'text', '64MB', 'error'],
    ['x < 1 GB', 'int8', '1073741823', 'pass'],
    ['x < 10 s', 'int8', '9', 'error'],
    ["x >= '0/16B3748'", 'pg_lsn', '0/16B3748', 'pass'],
    ["x > 'FFFFFFFF/FFFFFFFF'", 'pg_lsn', 'A/0', 'fail'],
    ["x - '0/0' = 16 MB", 'pg_lsn', '0/1000000', 'pass'],
    ['x > 5', 'pg_lsn', '0/1000000', 'error'],
    ["x >= '2026-01-01 00:00:00+00'", 'timestamptz', '2026-01-01 01:00:00+01', 'pass'],
    ["x - '2026-01-01 00:00:00+00' < 2 h", 'timestamptz', '2026-01-01 01:00:00.5+00', 'pass'],
    ["x + 1 h = '2026-01-01 01:00'", 'timestamp(3) without time zone', '2026-01-01 00:00:00', 'pass'],
    ["x < 'yesterday'", 'date', '2026-01-01', 'error'],
    ["x = '{1,2}'", '_int4', '{1,2}', 'pass'],
    [`x = 1e-9999`, 'numeric', `0.${'0'.repeat(12_000)}1`, 'error'],
  ] as const)('%s, %s %s: %s', ([text, type, value, verdict]) => {
    expect(judgedValue(text, type, value).verdict).toBe(verdict);
  });

  it('takes a unit from the name of a column', () => {
    const columns = 'mean_ms float8, age_s int4, age_minutes int4, size_mb int4, lag_bytes int8';
    const answers = [answer('source', columns, [['1500', '90', '2', '3', '4096']])];
    for (const text of [
      'mean_ms = 1.5 s',
      'mean_ms * 2 = 3 s',
      'age_s > 1 min',
      'age_minutes = 120 s',
      'size_mb < 4 MB',
      'lag_bytes = 4 kB',
    ])
      expect(judged(text, answers, 'source')).toMatchObject({ verdict: 'pass' });
    expect(judged('size_mb < 4 s', answers, 'source').verdict).toBe('error');
    // A ratio has no unit, whatever its numbers had.
    expect(judged('mean_ms / mean_ms < 10 s', answers, 'source').verdict).toBe('error');
  });

  it('says which value on which node does not fit', () => {
    expect(judgedValue('x > 15', 'text', 'abc').summary).toBe('x of source is abc, which does not read as a number.');
    expect(judgedValue('x > 15', 'int4', null).summary).toBe('x of source is NULL.');
    expect(judgedValue('x < 10 s', 'int8', '9').summary).toBe(
      'x of source is a number without a unit, 10 s is a time. ' +
        'Let the name of the column end with its unit, as in AS lag_ms or AS lag_s, or compare with a number.',
    );
    expect(judgedValue('x < 10', 'interval', '00:00:09').summary).toBe(
      '10 is a number without a unit, x of source is a time. Write it with a unit, as 10 s.',
    );
    expect(judgedValue('1 / x > 0', 'int4', '0').summary).toBe('Division by zero: x of source is 0.');
  });
});

describe('texts of PostgreSQL', () => {
  const day = 86_400_000;
  test.for([
    ['00:00:00', 0],
    ['-00:00:01.5', -1500],
    ['1 year 2 mons -3 days +04:05:06.789', (12 + 2) * 30 * day - 3 * day + 14_706_789],
    ['@ 1 hour 2 mins 3.5 secs ago', -3_723_500],
    ['P1Y2M-3DT4H5M6.789S', (12 + 2) * 30 * day - 3 * day + 14_706_789],
    ['PT-1.5S', -1500],
    ['P0D', 0],
    ['1000000:00:00', 3_600_000_000_000],
  ] as const)('interval %s is %d ms', ([text, ms]) => {
    expect(compare(readInterval(text)!, rational(BigInt(ms)))).toBe(0);
  });

  test.for(['', 'P', 'PT', '@', 'ago', '3', '3 parsecs', '1:2:3:4', '1 day x'])('no interval: %j', text => {
    expect(readInterval(text)).toBeUndefined();
  });

  test.for([
    ['1970-01-01 00:00:00+00', 0, true],
    ['1970-01-01 05:30:00+05:30', 0, true],
    ['1969-12-31 23:59:59.999-00', -1, true],
    ['1970-01-02', day, false],
    ['1970-01-01T00:00:01Z', 1000, true],
    ['0099-03-01 00:00:00', Date.parse('0099-03-01T00:00:00Z'), false],
    ['0001-01-01 00:00:00 BC', Date.parse('0000-01-01T00:00:00Z'), false],
  ] as const)('timestamp %s', ([text, ms, zoned]) => {
    const read = readTimestamp(text)!;
    expect([decimalText(read.value, 40).text, read.zoned]).toEqual([`${ms}`, zoned]);
  });

  test.for(['2026-02-30', '2026-13-01', '01/02/2026', 'now'])('no timestamp: %s', text => {
    expect(readTimestamp(text)).toBeUndefined();
  });

  it('reads positions in WAL', () => {
    expect(readLsn('16/B374D848')).toEqual(rational(0x16b374d848n));
    for (const text of ['', '16', '/', 'G/0', '0/123456789']) expect(readLsn(text)).toBeUndefined();
  });
});

describe('decimals', () => {
  const places = 12;
  const one = 10n ** BigInt(places);
  /** A number of that many billionths of a thousandth, as PostgreSQL writes it. */
  const textOf = (scaled: bigint): string => {
    const digits = (scaled < 0n ? -scaled : scaled).toString().padStart(places + 1, '0');
    return `${scaled < 0n ? '-' : ''}${digits.slice(0, -places)}.${digits.slice(-places)}`;
  };
  const scaled = fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n });
  const number = (value: bigint) => readRational(textOf(value))!;

  it('compute as integers of the last place do', () => {
    fc.assert(
      fc.property(scaled, scaled, (a, b) => {
        const [x, y] = [number(a), number(b)];
        expect(compare(x, y)).toBe(a < b ? -1 : a > b ? 1 : 0);
        expect(compare(add(x, y), rational(a + b, one))).toBe(0);
        expect(compare(subtract(x, y), rational(a - b, one))).toBe(0);
        expect(compare(multiply(x, y), rational(a * b, one * one))).toBe(0);
        if (b !== 0n) expect(compare(multiply(divide(x, y), y), x)).toBe(0);
        expect(numberKey(textOf(a)) === numberKey(textOf(b))).toBe(a === b);
      }),
    );
  });

  it('are written exactly where the digits reach, and rounded by half a place at most elsewhere', () => {
    fc.assert(
      fc.property(scaled, fc.integer({ min: 1, max: 60 }), (a, digits) => {
        const { text, exact } = decimalText(number(a), digits);
        const back = readRational(text)!;
        expect(exact).toBe(compare(back, number(a)) === 0);
        if (digits >= 54) expect(exact).toBe(true);
        // To so many significant digits: off by half of the last one.
        const off = Math.abs(Number(text) / Number(textOf(a)) - 1);
        if (a !== 0n) expect(off).toBeLessThanOrEqual(0.5 * 10 ** (1 - digits) + 1e-14);
      }),
    );
  });

  test.for([
    ['1.50', '15e-1', true],
    ['-0.0', '0', true],
    ['1e3', '1000', true],
    ['NaN', 'nan', true],
    ['Infinity', '-Infinity', false],
    ['0.1', '0.10000000000000000001', false],
  ] as const)('%s and %s', ([a, b, equal]) => {
    expect(numberKey(a) === numberKey(b)).toBe(equal);
  });

  test.for(['', '.', 'e5', '1e', '0x10', '1_000', '--1', ' '])('no number: %j', text => {
    expect([readRational(text), numberKey(text)]).toEqual([undefined, undefined]);
  });
});
