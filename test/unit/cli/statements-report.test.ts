import { readFile, writeFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import * as z from 'zod/mini';
import { statementsText } from '../../../src/cli/statements-text';
import { displayWidth } from '../../../src/cli/terminal';
import { statementsReportSchema } from '../../../src/shared/statements-report';
import { loadSqlParser } from '../../../src/sql/parser';
import { readingFromCsv } from '../../../src/statements/csv-reading';
import { StatementsEngine } from '../../../src/statements/engine';
import { exportText } from '../../../src/statements/export';

const head = 'rolname,datname,queryid,query,calls,total_time,min_time,max_time,mean_time,stddev_time,rows';
const source = [head, 'app,shop,1,"UPDATE t SET a = $1",10,100,9,11,10,1,10', 'app,shop,2,"=cmd()",4,8,2,2,2,0,4'];
const target = [
  head,
  'app,shop,7,"update t set a = $1 ",10,900,80,99,90,5,10',
  'app,shop,8,"SELECT ""x"", 1",1,3,3,3,3,0,1',
];

async function loaded() {
  const engine = new StatementsEngine(await loadSqlParser());
  const side = (label: string, lines: string[]) => ({
    label,
    color: '',
    read: { reading: readingFromCsv(lines.join('\n'), { label, at: new Date(0) }), origin: `${label}.csv` },
  });
  const view = engine.load('eu', { source: side('old', source), target: side('new', target) });
  return { engine, view, ids: view.rows.map(({ id }) => id) };
}

it('fits its schema, which is published', async () => {
  const { engine, ids } = await loaded();
  const report = statementsReportSchema.parse(JSON.parse(exportText(engine, 'json', ids)));
  expect(report.pairs).toMatchObject([
    { query: 'update t set a = $1 ', class: 'write', match: 'exact', verdict: 'regression', ratio: 9, impactMs: 800 },
  ]);
  expect(report.onlySource.map(({ query }) => query)).toEqual(['=cmd()']);
  expect(report.onlyTarget.map(({ query }) => query)).toEqual(['SELECT "x", 1']);
  const file = new URL('../../../docs/statements-report.schema.json', import.meta.url);
  const schema = `${JSON.stringify(z.toJSONSchema(statementsReportSchema), null, 2)}\n`;
  // `UPDATE_SCHEMA=1` publishes it.
  if (process.env.UPDATE_SCHEMA) await writeFile(file, schema);
  expect(await readFile(file, 'utf8')).toBe(schema);
});

it('writes CSV that a spreadsheet takes for text', async () => {
  const { engine, ids } = await loaded();
  const lines = exportText(engine, 'csv', ids).trimEnd().split('\n');
  expect(lines).toHaveLength(4);
  expect(lines[1]).toMatch(/^regression,write,client,exact,app,,9,800,10,100,10,/);
  expect(lines.find(line => line.startsWith('onlySource'))).toMatch(/,'=cmd\(\)$/);
  expect(lines.find(line => line.startsWith('onlyTarget'))).toMatch(/,"SELECT ""x"", 1"$/);
});

it('writes Markdown whose table has a row for each', async () => {
  const { engine, ids } = await loaded();
  const text = exportText(engine, 'markdown', ids);
  expect(text).toMatch(/\| 9\.0× \|/);
  expect(text.split('\n').filter(line => line.startsWith('|'))).toHaveLength(5);
});

it.each([60, 80, 120])('fits %i columns', async width => {
  const { view, ids } = await loaded();
  const text = statementsText(view, ids, { width, color: false });
  for (const line of text.split('\n')) expect(displayWidth(line), line).toBeLessThanOrEqual(width);
  expect(text).toMatch(/^slower +10 +10 +90 +9\.0×/m);
  expect(text).toContain('Only on the source:');
});

it('puts a statement below its figures where there is no room beside them', async () => {
  const { view, ids } = await loaded();
  const line = (width: number) =>
    statementsText(view, ids, { width, color: false })
      .split('\n')
      .find(each => each.includes('update t set'));
  expect(line(80)).toBe('    update t set a = $1');
  expect(line(120)).toMatch(/^slower .*→ – {2}update t set a = \$1$/);
});

it('colours on demand only, and resets what it set', async () => {
  const { view, ids } = await loaded();
  const colored = statementsText(view, ids, { width: 100, color: true });
  expect(colored).toContain('\u001b[31mslower');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the codes are what is looked at
  expect(colored.replace(/\u001b\[\d+m/g, '')).toBe(statementsText(view, ids, { width: 100, color: false }));
});

it('lets no text of a server drive the terminal', async () => {
  const { view, ids } = await loaded();
  const hostile = '\u001b[2J\u009b31m\r\n\u202e';
  for (const row of view.rows) row.title = hostile + row.title;
  const { summary } = view;
  summary.sentence += hostile;
  summary.source.label = hostile;
  summary.target.error = { reason: 'x', message: hostile };
  summary.notes.push({ tone: 'info', node: hostile, text: hostile, remedy: hostile });
  const text = statementsText(view, ids, { width: 100, color: false });
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they must not be there
  expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
});
