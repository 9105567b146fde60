import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { changesSince } from '../../../src/comparison/changes';
import { changeLines, changesSentences } from '../../../src/comparison/changes-words';
import type { ComparedCheck } from '../../../src/shared/comparison';
import { aCheck, aComparison, aFinding, anyComparison } from './a-comparison';

const between = (before: ComparedCheck[], after: ComparedCheck[]) =>
  changesSince(aComparison(before), aComparison(after));
const ids = (list: readonly { id: string }[]) => list.map(({ id }) => id);

describe('changesSince', () => {
  it('finds none between a comparison and itself', () => {
    fc.assert(
      fc.property(anyComparison, same => {
        const { appeared, vanished, changed, undecided, onlyBefore, onlyNow, otherSides, ...rest } = changesSince(
          same,
          same,
        );
        expect([appeared, vanished, changed, undecided, onlyBefore, onlyNow, otherSides].flat()).toEqual([]);
        const judged = ['pass', 'fail'];
        expect(ids(rest.unchanged)).toEqual(ids(same.checks.filter(({ verdict }) => verdict === 'fail')));
        expect(rest.untold).toEqual(ids(same.checks.filter(({ verdict }) => !judged.includes(verdict))));
      }),
    );
  });

  it('says the reverse of the reverse', () => {
    fc.assert(
      fc.property(anyComparison, anyComparison, (a, b) => {
        const there = changesSince(a, b);
        const back = changesSince(b, a);
        expect(ids(there.appeared).sort()).toEqual(ids(back.vanished).sort());
        expect(ids(there.vanished).sort()).toEqual(ids(back.appeared).sort());
        expect(ids(there.changed).sort()).toEqual(ids(back.changed).sort());
        expect(ids(there.undecided).sort()).toEqual(ids(back.undecided).sort());
        expect(there.onlyBefore).toEqual(back.onlyNow);
        for (const change of there.changed) {
          const reverse = back.changed.find(({ id }) => id === change.id)!;
          expect(change.evidenceAppeared).toEqual(reverse.evidenceVanished);
          expect(change.evidenceChanged.map(({ after }) => after)).toEqual(
            expect.arrayContaining(reverse.evidenceChanged.map(({ before }) => before)),
          );
          expect(change.severityBefore).toBe(reverse.severity);
        }
      }),
    );
  });

  it('loses no check', () => {
    fc.assert(
      fc.property(anyComparison, anyComparison, (a, b) => {
        const { appeared, vanished, changed, unchanged, undecided, untold, onlyBefore, onlyNow } = changesSince(a, b);
        const told = [...[appeared, vanished, changed, unchanged, undecided].flatMap(ids), ...untold];
        const passing = a.checks.filter(
          ({ id, verdict }) => verdict === 'pass' && b.checks.some(each => each.id === id && each.verdict === 'pass'),
        );
        const all = [...told, ...onlyBefore, ...onlyNow, ...ids(passing)];
        expect(all.sort()).toEqual([...new Set([...ids(a.checks), ...ids(b.checks)])].sort());
      }),
    );
  });

  it('tells a value that changed from one that came and one that went', () => {
    const before = aFinding({
      evidence: [
        { what: 'jit', node: 'w1:5432', source: 'on', target: 'off' },
        { what: 'work_mem', source: '4MB', target: '8MB' },
      ],
    });
    const after = aFinding({
      severity: 'low',
      evidence: [
        { what: 'jit', node: 'w1:5432', source: 'on', target: 'auto' },
        { what: 'jit', node: 'w2:5432', source: 'on', target: 'auto' },
      ],
      unknown: [{ what: 'no answer', node: 'w3:5432' }],
    });
    const { changed } = between([before], [after]);
    expect(changed).toMatchObject([{ severity: 'low', severityBefore: 'high', incomplete: true }]);
    expect(changeLines(between([before], [after]))).toEqual([
      {
        kind: 'changed',
        id: 'settings.roles',
        words: 'changed (high then, low now): summary of settings.roles',
        evidence: [
          'new: jit on w2:5432: source on, target auto',
          'gone: work_mem: source 4MB, target 8MB',
          'then jit on w1:5432: source on, target off; now source on, target auto',
          'not all of it could be judged, then or now: some may have changed unseen',
        ],
      },
    ]);
  });

  it('pairs no values where a thing stands several times on a node', () => {
    const jit = (target: string) => ({ what: 'jit', node: 'w1:5432', target });
    const { changed } = between([aFinding({ evidence: [jit('a'), jit('b')] })], [aFinding({ evidence: [jit('c')] })]);
    expect(changed).toMatchObject([
      {
        evidenceChanged: [],
        evidenceAppeared: [{ target: 'c' }],
        evidenceVanished: [{ target: 'a' }, { target: 'b' }],
      },
    ]);
  });

  it('tells a severity that changed alone', () => {
    const { changed, unchanged } = between([aFinding()], [aFinding({ severity: 'critical' })]);
    expect(changed).toMatchObject([{ severityBefore: 'high', severity: 'critical', evidenceAppeared: [] }]);
    expect(unchanged).toEqual([]);
  });

  it.each<[ComparedCheck['verdict'], ComparedCheck['verdict'], string]>([
    ['unknown', 'fail', 'undecided'],
    ['fail', 'unknown', 'undecided'],
    ['fail', 'error', 'undecided'],
    ['pass', 'unknown', 'undecided'],
    ['pass', 'fail', 'appeared'],
    ['fail', 'pass', 'vanished'],
  ])('%s then and %s now is %s', (before, after, kind) => {
    const lines = changeLines(between([aCheck({ verdict: before })], [aCheck({ verdict: after })]));
    expect(lines.map(line => line.kind)).toEqual([kind]);
  });

  it('says which checks only one of them asked, and that a side is another one', () => {
    const moved = { label: 'new', address: 'elsewhere:5432/app' };
    const changes = changesSince(
      aComparison([aFinding({ id: 'a.gone' }), aFinding({ id: 'a.same' })]),
      aComparison([aFinding({ id: 'a.same' }), aFinding({ id: 'a.come' })], { target: moved }),
    );
    expect(changesSentences(changes)).toEqual([
      'Findings: 1 still there as before.',
      'Still there: a.same.',
      'The target was another server or database then.',
      'Asked then and not now: a.gone.',
      'Asked now and not then: a.come.',
    ]);
    expect(changeLines(changes)).toEqual([]);
    expect(changesSince(aComparison([], { target: { label: 'new' } }), aComparison([])).otherSides).toEqual([]);
  });
});
