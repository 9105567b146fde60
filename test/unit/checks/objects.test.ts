import { describe, expect, test } from 'vitest';
import { catalogue } from '../../../src/checks/catalogue';
import { corruptionChecks } from '../../../src/checks/locale/corruption';
import { judge, type MadeNode, sideOf, silentSide } from './readings';

const all = [...catalogue.filter(({ group }) => group === 'objects'), ...corruptionChecks];
const check = (id: string) => all.find(each => each.id === id);

type Row = [
  name: string,
  digest: string,
  definition: string | null,
  note: string | null,
  created: string | null,
  dropped: string | null,
  place: number,
];
const listed = (id: string, objects: Row[], more = 0, versionNum = 150_000): MadeNode => ({
  versionNum,
  answers: { [id]: { objects, more, hidden: [] } },
});
const row = (name: string, definition: string | null, note: string | null = null): Row => [
  name,
  definition ?? name,
  definition,
  note,
  null,
  null,
  0,
];
const made = (name: string, created: string | null, place = 0, note: string | null = null): Row => [
  name,
  name,
  name,
  note,
  created,
  created === null ? null : `DROP ${name};`,
  place,
];

describe('objects of both sides', () => {
  const id = 'objects.views';
  const verdict = (source: MadeNode, target: MadeNode) => judge(check(id), sideOf(source), sideOf(target));

  test('where a side has more than it lists, names beyond are neither missing nor added', () => {
    const source = listed(id, [row('a', '1'), row('z', '1')]);
    const capped = listed(id, [row('a', '1'), row('b', '1')], 7);
    expect(verdict(source, capped)).toMatchObject({
      verdict: 'unknown',
      differences: [],
      unknown: [{ what: '7 more views were not compared' }],
      details: [expect.anything(), 'remark: on the target only: b'],
    });
    expect(verdict(capped, source).differences).toEqual([{ what: 'b', source: 'there', target: 'missing' }]);
  });

  test('two majors that write a view otherwise leave it open', () => {
    const [from, to] = [listed(id, [row('v', '1')]), listed(id, [row('v', '2')], 0, 170_000)];
    expect(verdict(from, to)).toMatchObject({
      verdict: 'unknown',
      unknown: [{ what: expect.stringContaining('PostgreSQL 15 and 17') }],
    });
    expect(verdict(from, listed(id, [], 0, 170_000))).toMatchObject({ verdict: 'fail' });
  });

  test('digests tell where definitions did not travel; many lines are counted', () => {
    const digest = (text: string): Row => ['v', text, null, null, null, null, 0];
    expect(verdict(listed(id, [digest('aaaaaaaaaa')]), listed(id, [digest('bbbbbbbbbb')])).differences).toEqual([
      { what: 'v', source: 'digest aaaaaaaa', target: 'digest bbbbbbbb' },
    ]);
    const many = Array.from({ length: 9 }, (_, i) => `${i}`).join('\n');
    expect(verdict(listed(id, [row('v', many)]), listed(id, [row('v', '8')])).differences).toEqual([
      { what: 'v', source: '0; 1; 2; 3 (and 4 more)', target: 'nothing of it' },
    ]);
  });

  test('a side that is silent, or says something else, is unknown', () => {
    for (const each of all) {
      expect(judge(each, silentSide, silentSide)).toMatchObject({ verdict: 'unknown', differences: [] });
      const odd = sideOf({ answers: Object.fromEntries(each.queries.map(({ name }) => [name, { odd: 1 }])) });
      expect(judge(each, odd, odd)).toMatchObject({ verdict: 'unknown', differences: [] });
    }
  });
});

describe('what the target has not', () => {
  const missing = (id: string, ...rows: Row[]) =>
    judge(check(id), sideOf(listed(id, rows)), sideOf(listed(id, []))).remedies;

  test('is made in the order in which it was made; what no SQL makes comes last, in one step', () => {
    const id = 'objects.routines';
    const steps = missing(
      id,
      made('aggregate a()', null),
      made('function f()', 'CREATE f;', 9),
      made('function g()', 'CREATE g;', 3),
      made('aggregate b()', null),
    );
    expect(steps.map(({ sql, rollback }) => [sql, rollback])).toEqual([
      ['CREATE g;', 'DROP function g();'],
      ['CREATE f;', 'DROP function f();'],
      [expect.stringContaining('Keep these lines of contents: aggregate a(), aggregate b()'), 'DROP what was made.'],
    ]);
  });

  test('names never leave the comment nor the quotes of the shell', () => {
    const id = 'objects.tables';
    const [step] = missing(id, made(`s.it's "x" $(rm)`, null, 0, `s."it's ""x"" $(rm)"`));
    expect(step!.sql).toContain(`--table='s."it'\\''s ""x"" $(rm)"' --dbname`);
    const [broken] = missing(id, made('s.a\nDROP TABLE t;', null, 0, 's."a\nDROP TABLE t;"'));
    expect(broken!.sql).not.toContain('--table=');
    for (const { sql } of [step!, broken!])
      for (const line of sql.split('\n')) expect(line.startsWith('-- ')).toBe(true);
  });

  test('more tables than a command line should hold are named, not chosen', () => {
    const rows = Array.from({ length: 30 }, (_, i) => made(`s.t${i}`, null, 0, `s.t${i}`));
    const [step, ...others] = missing('objects.tables', ...rows);
    expect(others).toEqual([]);
    expect(step!.sql).toContain('and 10 more');
    expect(step!.sql).not.toContain('--table=');
  });
});

test('objects.routines: another body is replaced, but never another result or other arguments', () => {
  const id = 'objects.routines';
  const routine = (definition: string, created: string | null): Row => [
    'function f()',
    definition,
    definition,
    'FUNCTION f()',
    created,
    'DROP FUNCTION f();',
    1,
  ];
  const remedies = (source: Row, target: Row) =>
    judge(check(id), sideOf(listed(id, [source])), sideOf(listed(id, [target]))).remedies.map(each => [
      each.sql,
      each.rollback,
    ]);
  expect(remedies(routine('RETURNS int\nbody a', 'A;'), routine('RETURNS int\nbody b', 'B;'))).toEqual([['A;', 'B;']]);
  expect(remedies(routine('RETURNS int\nbody a', 'A;'), routine('RETURNS text\nbody b', 'B;'))).toEqual([]);
  expect(remedies(routine('arguments a int', 'A;'), routine('arguments b int', 'B;'))).toEqual([]);
  expect(remedies(routine('body a', null), routine('body b', 'B;'))).toEqual([]);
});

test('objects.tuning: values of options are quoted in the remedy, whatever they are', () => {
  const id = 'objects.tuning';
  const source = listed(id, [row('table t', "option x=1'); DROP TABLE u; --\noption y z=2", 'TABLE public.t')]);
  const found = judge(check(id), sideOf(source), sideOf(listed(id, [])));
  expect(found.remedies.map(({ sql, rollback }) => [sql, rollback])).toEqual([
    ["ALTER TABLE public.t SET (x = '1''); DROP TABLE u; --');", 'ALTER TABLE public.t RESET (x);'],
  ]);
});

test('objects.routines: a remedy only for what ALTER can set', () => {
  const id = 'objects.routines';
  const rows = (definition: string) => sideOf(listed(id, [row('function f()', definition, 'FUNCTION public.f()')]));
  const remedies = (source: string, target: string) => judge(check(id), rows(source), rows(target)).remedies;
  expect(remedies('STABLE\nCOST 100', 'VOLATILE\nCOST 100')).toMatchObject([
    { sql: 'ALTER FUNCTION public.f() STABLE;', rollback: 'ALTER FUNCTION public.f() VOLATILE;' },
  ]);
  expect(remedies('STABLE\nbody 1', 'VOLATILE\nbody 2')).toEqual([]);
  expect(remedies('COST 1; DROP', 'COST 2')).toEqual([]);
});

test('locale.checksum-failures: counted pages', () => {
  const side = (failures: number) =>
    sideOf({ answers: { checksumFailures: { enabled: true, failures, last: '2026-01-01 00:00:00', ignored: false } } });
  expect(judge(check('locale.checksum-failures'), side(0), side(3)).differences).toEqual([
    { what: 'pages with wrong checksums', node: 'node0:5432', target: '3, the last at 2026-01-01 00:00:00 UTC' },
  ]);
});
