import { describe, expect, test } from 'vitest';
import { corruptionChecks } from '../../../src/checks/corruption';
import { objectCodeChecks } from '../../../src/checks/objects-code';
import { objectRestChecks } from '../../../src/checks/objects-rest';
import { objectTableChecks } from '../../../src/checks/objects-tables';
import { judge, type MadeNode, sideOf, silentSide } from './readings';

const all = [...objectTableChecks, ...objectCodeChecks, ...objectRestChecks, ...corruptionChecks];
const check = (id: string) => all.find(each => each.id === id);

type Row = [name: string, digest: string, definition: string | null, note: string | null];
const listed = (id: string, objects: Row[], more = 0, versionNum = 150_000): MadeNode => ({
  versionNum,
  answers: { [id]: { objects, more, hidden: [] } },
});
const row = (name: string, definition: string | null, note: string | null = null): Row => [
  name,
  definition ?? name,
  definition,
  note,
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
    const digest = (text: string): Row => ['v', text, null, null];
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
