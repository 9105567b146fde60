import { describe, expect, it } from 'vitest';
import { fixScript } from '../../../src/comparison/fix-script';
import { comparisonSentence } from '../../../src/comparison/sentence';
import type { ComparedCheck } from '../../../src/shared/comparison';
import type { ComparisonReport } from '../../../src/shared/comparison-report';

const sides = {
  source: { label: 'Old', address: 'old:5432/app' },
  target: { label: 'New', address: 'new:5432/app' },
};
const step = (side: 'source' | 'target', nodes: string[], sql: string) => ({
  ...{ side, nodes, sql },
  ...{ lock: 'none', rollback: 'RESET it', verify: 'SHOW it' },
});
const check = (remedies: ComparedCheck['remedies'], summary = 'it differs'): ComparedCheck => ({
  ...{ id: 'settings.roles', group: 'settings', title: 'Roles', question: '?', why: '.', reference: '.' },
  ...{ verdict: 'fail', severity: 'high', evidence: [], unknown: [], details: [], summary, remedies },
});

describe('fixScript', () => {
  it('keeps source and target, coordinator and workers apart', () => {
    const script = fixScript(
      check([
        step('target', ['w1:5432', 'w2:5432'], 'SELECT 3'),
        step('target', ['new:5432'], 'SELECT 2'),
        step('source', ['old:5432'], 'SELECT 1'),
      ]),
      sides,
    )!;
    expect(script.split('\n').filter(line => /^(SELECT|-- ====|-- On)/.test(line))).toEqual([
      '-- ==== SOURCE (Old), coordinator ====',
      '-- On old:5432. Locks: none',
      'SELECT 1',
      '-- ==== TARGET (New), coordinator ====',
      '-- On new:5432. Locks: none',
      'SELECT 2',
      '-- ==== TARGET (New), workers ====',
      '-- On w1:5432, w2:5432. Locks: none',
      'SELECT 3',
    ]);
  });

  it('says no role of nodes on a side whose coordinator is not known', () => {
    const unknown = { ...sides, target: { label: 'New' } };
    expect(fixScript(check([step('target', ['w1:5432'], 'SELECT 1')]), unknown)).toContain('-- ==== TARGET (New) ====');
  });

  it('lets no name break out of a comment', () => {
    const hostile = 'x\nDROP TABLE a;\r\u2028DROP TABLE b;';
    const named = { ...sides, target: { label: hostile, address: 'new:5432/app' } };
    const script = fixScript(check([{ ...step('target', [hostile], 'SELECT 1'), lock: hostile }], hostile), named)!;
    const statements = script.split(/[\n\r\u2028\u2029\v\f]/).filter(line => line !== '' && !line.startsWith('-- '));
    expect(statements).toEqual(['SELECT 1']);
  });

  it('is nothing where there is no remedy', () => expect(fixScript(check([]), sides)).toBeUndefined());
});

describe('comparisonSentence', () => {
  const counts = { fail: 0, pass: 0, unknown: 0, error: 0 };
  const of = (severities: ComparedCheck['severity'][], more: Partial<typeof counts> = {}) =>
    comparisonSentence({
      findings: severities.map(severity => ({ severity })),
      counts: { ...counts, fail: severities.length, ...more },
    } as unknown as ComparisonReport);

  it.each([
    [
      of(['high', 'medium', 'medium'], { unknown: 1, error: 1 }),
      '3 differences that bite: 1 high, 2 medium; 2 checks could not be judged',
    ],
    [of(['low']), '1 difference that bites: 1 low'],
    [of([], { pass: 40 }), 'No difference that bites in 40 checks'],
    [of([], { unknown: 1 }), '1 check could not be judged'],
    [of([]), 'Nothing was asked'],
  ])('%s', (said, wanted) => expect(said).toBe(wanted));
});
