import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readOnlyQuery } from '../../src/cluster/read-only-query';
import { Session } from '../../src/cluster/session';
import { judge } from '../../src/playbook/expect/judge';
import { parseExpect } from '../../src/playbook/expect/parse';
import { sides } from '../../src/shared/side';
import { type LabPair, startPlainPair } from '../lab/lab';
import { limits, profileOf } from './profile-of';

let pair: LabPair;
let session: Session;
beforeAll(async () => {
  pair = await startPlainPair();
  session = await Session.open(profileOf(pair.source.coordinator), undefined, limits);
});
afterAll(async () => {
  await session?.close();
  await pair?.stop();
});

async function judged(text: string, sql: string) {
  const read = parseExpect(text);
  if (!read.ok) throw new Error(read.message);
  const answer = await readOnlyQuery(session, { side: 'source', node: 'a:1', role: 'coordinator' }, sql);
  if (answer.problem) throw new Error(answer.problem.message);
  return judge(read.expectation, [answer], 'source');
}

/** Values of one type; PostgreSQL says how each compares with each. */
const values: Record<string, string[]> = {
  interval: [
    ...['0', '1 mon', '30 days', '720 hours', '-1 day 23:59:59.999999', '1 year -3 days 04:05:06.789', '-00:00:00.5'],
    ...['1 day -12:00', '100 years', '-2 mons', '2562047788:00:54', '1 week'],
  ],
  timestamptz: [
    ...['2026-01-01 00:00+00', '2026-01-01 05:30+05:30', '1900-01-01', '0001-01-01 BC', 'infinity', '-infinity'],
    ...['2026-03-29 02:30+01', '2026-10-25 02:30:00.000001+02', '9999-12-31'],
  ],
  timestamp: ['2026-01-01', '2026-01-01 00:00:00.000001', '0044-03-15 BC', 'infinity', '99999-01-01'],
  date: ['2026-01-01', '2026-02-28', '0044-03-15 BC', '-infinity'],
  numeric: ['0', '0.10', '0.1', '1e400', '9007199254740993', '9007199254740992.5', '-1e-30', 'NaN'],
  int8: ['9223372036854775807', '9223372036854775806', '-9223372036854775808'],
  float8: ['0.1', '1e308', '5e-324', '-0', 'Infinity', '-Infinity', '1e22', '0.30000000000000004'],
  float4: ['0.1', '16777217', '3.4e38'],
  pg_lsn: ['0/0', '16/B374D848', 'FFFFFFFF/FFFFFFFF', '16/B374D849'],
  bool: ['t', 'f'],
  text: ['', ' ', 'a', 'A', "it's", 'NULL'],
};

describe('values are compared as PostgreSQL compares them', () => {
  const styles = ['postgres', 'postgres_verbose', 'iso_8601'];
  const zones = ['UTC', 'Asia/Kolkata', 'America/St_Johns', 'Africa/Monrovia'];
  const cases = Object.keys(values).flatMap(type =>
    (type === 'interval' ? styles : type === 'timestamptz' ? zones : ['']).map(setting => ({ type, setting })),
  );
  test.for(cases)('$type $setting', async ({ type, setting }) => {
    const name = type === 'interval' ? 'IntervalStyle' : 'TimeZone';
    if (setting) await session.query(`SET ${name} = '${setting}'`);
    const literals = values[type]!.map(value => `('${value.replaceAll("'", "''")}'::${type})`).join(', ');
    const operators = ['=', '<>', ...(type === 'text' || type === 'bool' ? [] : ['<', '<=', '>', '>='])];
    for (const operator of operators) {
      // NaN has a place in PostgreSQL's order, and none in an expectation.
      const where = type === 'numeric' && !['=', '<>'].includes(operator) ? `WHERE 'NaN' NOT IN (a, b)` : '';
      const sql = `SELECT a, b, a ${operator} b AS holds FROM (VALUES ${literals}) x (a), (VALUES ${literals}) y (b) ${where}`;
      expect(
        await judged(`(a ${operator} b and holds = true) or (not a ${operator} b and holds = false)`, sql),
      ).toMatchObject({ verdict: 'pass', details: [] });
      // The test can fail: the other way round nothing holds.
      expect((await judged(`not (a ${operator} b) and holds = true`, sql)).verdict).toBe('fail');
    }
    await session.query(`RESET ${name}`);
  });
});

describe('what PostgreSQL computes', () => {
  test.for([
    ['lag < 10 s', `SELECT interval '9.5 s' AS lag`],
    ['size = 8 kB', `SELECT pg_size_bytes('8 kB') AS size`],
    ['setting = 16 MB', `SELECT current_setting('work_mem') AS setting`],
    ['setting = 200 ms', `SELECT '200ms' AS setting`],
    ['lag = 16 MB', `SELECT pg_wal_lsn_diff('0/2000000', '0/1000000') AS lag`],
    ['b - a = 16 MB', `SELECT '0/1000000'::pg_lsn AS a, '0/2000000'::pg_lsn AS b`],
    ['b - a = 90 min', `SELECT '2026-01-01'::timestamptz AS a, '2026-01-01 01:30'::timestamptz AS b`],
    ['source * 8 = 1', 'SELECT 1 / 8.0 AS x'],
    ['true', 'SELECT bool_and(true)'],
    ['empty', 'SELECT 1 WHERE false'],
    ['n = 1 and t = 1 and o = 1', `SELECT 1::int2 AS n, 1::numeric(4, 2) AS t, 1::oid AS o`],
  ] as const)('%s of %s', async ([text, sql]) => {
    expect(await judged(text, sql)).toMatchObject({ verdict: 'pass' });
  });
});

test('both sides are the same until one differs', async () => {
  const read = parseExpect('same');
  if (!read.ok) throw new Error(read.message);
  const sql = `SELECT name, setting FROM pg_settings WHERE name IN ('work_mem', 'random_page_cost', 'enable_nestloop')`;
  const ask = async () => {
    const answers = [];
    for (const side of sides) {
      const asked = await Session.open(profileOf(pair[side].coordinator), undefined, limits);
      answers.push(await readOnlyQuery(asked, { side, node: `${side}:1`, role: 'coordinator' }, sql));
      await asked.close();
    }
    return judge(read.expectation, answers, 'both');
  };
  expect(await ask()).toMatchObject({ verdict: 'pass', summary: 'both sides: 3 rows' });
  await pair.target.coordinator.query(`ALTER SYSTEM SET work_mem = '64MB'`);
  await pair.target.coordinator.query('SELECT pg_reload_conf()');
  await expect
    .poll(ask)
    .toMatchObject({ verdict: 'fail', summary: 'work_mem: 16384 ↔ 65536', details: ['work_mem: 16384 ↔ 65536'] });
});
