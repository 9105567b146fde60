import { expect, it } from 'vitest';
import { loadSqlParser } from '../../../src/sql/parser';
import { CsvError, readingFromCsv } from '../../../src/statements/csv-reading';
import { StatementsEngine } from '../../../src/statements/engine';

const about = { label: 'old', at: new Date('2026-11-01T00:00:00Z') };
const head =
  'rolname,datname,userid,dbid,queryid,query,calls,total_time,min_time,max_time,mean_time,stddev_time,rows,shared_blks_hit,shared_blks_read';

const csv = (...rows: string[]) => `${[head, ...rows].join('\n')}\n`;

it('reads what psql wrote, with the roles’ names, quotes and line breaks', async () => {
  const reading = readingFromCsv(
    csv(
      'app,shop,10,5,-77,"SELECT ""a""\nFROM t WHERE b = $1",4,40,8,12,10,1,4,100,1',
      'app,other,10,6,78,SELECT 1,1,0.5,0.5,0.5,0.5,0,1,0,0',
      'app,shop,10,5,,<insufficient privilege>,1,1,1,1,1,0,1,0,0',
    ),
    about,
  );
  expect(reading).toMatchObject({ database: 'shop', label: 'old', at: '2026-11-01T00:00:00.000Z' });
  const engine = new StatementsEngine(await loadSqlParser());
  const side = { label: 'old', color: '', read: { reading, origin: 'old.csv' } };
  const { rows, summary } = engine.load('eu', { source: side, target: side });
  expect(rows).toHaveLength(2);
  expect(rows[0]).toMatchObject({ match: 'exact', user: 'app', database: '', ratio: 1 });
  expect(rows[0]!.source).toMatchObject({ calls: 4, totalMs: 40, meanMs: 10, pagesHit: 25, rows: 1 });
  expect(summary.notes.map(({ text }) => text).join(' ')).toMatch(/1 of its statements were hidden.*lacks 10 columns/s);
});

it.each([
  ['', /no columns of pg_stat_statements/],
  ['a,b\n1,2\n', /no columns of pg_stat_statements/],
  [csv('app,shop,10,5,1,SELECT 1,many,1,1,1,1,0,1,0,0'), /"many" in column calls/],
  ['"a\n', /no CSV/],
])('says what is wrong with %j', (text, message) => {
  expect(() => readingFromCsv(text, about)).toThrow(CsvError);
  expect(() => readingFromCsv(text, about)).toThrow(message);
});
