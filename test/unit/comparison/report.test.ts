import { readFile, writeFile } from 'node:fs/promises';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as z from 'zod/mini';
import { countWords, isAtLeast, worstFirst } from '../../../src/comparison/order';
import { comparisonReport } from '../../../src/comparison/report';
import { comparisonReportSchema } from '../../../src/shared/comparison-report';
import { aCheck, aComparison, aFinding, anyComparison } from './a-comparison';

const ids = (list: readonly { id: string }[]) => list.map(({ id }) => id);

describe('order', () => {
  it('puts findings by severity first, then what is not judged, then what passes', () => {
    const checks = [
      aCheck({ id: 'a.pass', severity: 'critical' }),
      aCheck({ id: 'a.unknown', verdict: 'unknown', severity: 'low' }),
      aCheck({ id: 'b.error', verdict: 'error', severity: 'high' }),
      aFinding({ id: 'b.low', severity: 'low' }),
      aFinding({ id: 'c.first', severity: 'critical' }),
      aFinding({ id: 'c.second', severity: 'critical' }),
    ];
    expect(ids(worstFirst(checks))).toEqual(['c.first', 'c.second', 'b.low', 'b.error', 'a.unknown', 'a.pass']);
    expect([isAtLeast('high', 'high'), isAtLeast('critical', 'high'), isAtLeast('medium', 'high')]).toEqual([
      true,
      true,
      false,
    ]);
    const report = comparisonReport(aComparison(checks));
    expect(report.groups).toEqual([
      { group: 'a', worst: null, fail: 0, unknown: 1, error: 0, pass: 1 },
      { group: 'b', worst: 'low', fail: 1, unknown: 0, error: 1, pass: 0 },
      { group: 'c', worst: 'critical', fail: 2, unknown: 0, error: 0, pass: 0 },
    ]);
    expect(countWords(report)).toBe('3 failed (2 critical, 1 low), 1 in error, 1 unknown, 1 passed');
  });
});

describe('comparisonReport', () => {
  it('fits its schema, which is published', async () => {
    fc.assert(
      fc.property(anyComparison, anyComparison, (since, now) => {
        const report = comparisonReport(now, { since, ignore: [{ id: 'a.one', reason: 'known', at: 'then' }] });
        expect(comparisonReportSchema.parse(JSON.parse(JSON.stringify(report)))).toEqual(report);
      }),
    );
    const file = new URL('../../../docs/comparison-report.schema.json', import.meta.url);
    const schema = `${JSON.stringify(z.toJSONSchema(comparisonReportSchema), null, 2)}\n`;
    // `UPDATE_SCHEMA=1` publishes it.
    if (process.env.UPDATE_SCHEMA) await writeFile(file, schema);
    expect(await readFile(file, 'utf8')).toBe(schema);
  });

  it('has each check once, and again where a finding could not be judged in full', () => {
    const gap = { what: 'no answer', node: 'w1:5432', grant: 'GRANT pg_monitor TO "me"' };
    const report = comparisonReport(
      aComparison([
        aFinding({ id: 'a.finding', unknown: [gap] }),
        aCheck({ id: 'a.unknown', verdict: 'unknown', unknown: [{ what: 'no answer' }] }),
        aCheck({ id: 'a.error', verdict: 'error' }),
        aCheck({ id: 'a.pass', details: ['remark: the move is an upgrade'] }),
      ]),
    );
    expect([ids(report.findings), ids(report.errors), ids(report.passed)]).toEqual([
      ['a.finding'],
      ['a.error'],
      ['a.pass'],
    ]);
    expect(report.findings[0]).toMatchObject({
      confidence: 'observed',
      evidence: [{ what: 'jit of role app', node: null, source: 'off', target: 'not set' }],
      remarks: ['it is a role setting'],
      remedy: [{ side: 'target', nodes: ['target.example:5432'] }],
    });
    expect(report.unknown).toMatchObject([
      { id: 'a.finding', verdict: 'fail', gaps: [gap] },
      { id: 'a.unknown', verdict: 'unknown', gaps: [{ what: 'no answer', node: null, grant: null }] },
    ]);
    expect(report.passed[0]!.remarks).toEqual(['the move is an upgrade']);
  });

  it('counts no finding that is ignored, lists it with its reason, and takes it for no news', () => {
    const entry = (id: string, reason: string) => ({ id, reason, at: '2026-11-01T00:00:00Z' });
    const ignore = [entry('a.known', 'first'), entry('a.known', 'since 2019'), entry('a.unknown', 'why not')];
    const since = aComparison([aCheck({ id: 'a.known' }), aFinding({ id: 'a.unknown' })]);
    const now = aComparison([
      aFinding({ id: 'a.known', severity: 'critical' }),
      aCheck({ id: 'a.unknown', verdict: 'unknown' }),
    ]);
    const report = comparisonReport(now, { ignore, since });
    expect(report.counts).toEqual({ fail: 0, unknown: 1, error: 0, pass: 0 });
    expect(report.groups).toMatchObject([{ worst: null, fail: 0, unknown: 1 }]);
    expect(report.findings).toEqual([]);
    expect(report.ignored).toMatchObject([{ id: 'a.known', reason: 'since 2019' }]);
    expect(report.changes).toMatchObject({ appeared: [], onlyBefore: [], undecided: [{ id: 'a.unknown' }] });
    // Mended, it is good news.
    const mended = comparisonReport(since, { ignore, since: now });
    expect(mended.changes!.vanished).toMatchObject([{ id: 'a.known' }]);
  });
});
