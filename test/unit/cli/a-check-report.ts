/** A report with each kind of outcome, and texts that a server would like to do harm with. */
import type { CheckResult } from '../../../src/shared/check';
import type { CheckReport, NotAsked, ReportCheck } from '../../../src/shared/check-report';

export const hostile = '\u001b[2J\u0000\u0001]]>"\'<a href="x">&\r\n\t\u202e\ufffe\uffff\ud800';

const at = '2026-11-22T18:00:00Z';

export function aResult(changes: Partial<CheckResult> = {}): CheckResult {
  return {
    ...{ id: 'versions', verdict: 'pass', summary: 'both sides: 15.4', details: [], at, elapsedMs: 12 },
    ...changes,
  } as CheckResult;
}

function check(line: number, changes: Partial<ReportCheck>): ReportCheck {
  const { id, verdict, summary, details, elapsedMs } = aResult();
  const absent = { expected: null, actual: null, remedy: null, source: null, target: null };
  const place = { phase: 'Comparison analysis', step: 'Same versions', line };
  return { id, verdict, summary, details, at, elapsedMs, ...absent, ...place, ...changes };
}

function other(line: number, changes: Partial<NotAsked>): NotAsked {
  return {
    ...{ id: `other${line}`, phase: null, step: null, line, why: 'notChosen', last: null, stale: null },
    ...changes,
  };
}

export function aReport(): CheckReport {
  return {
    version: 1,
    at,
    playbook: 'eu.playbook.md',
    migration: 'eu',
    settings: null,
    verdict: 'fail',
    counts: { pass: 1, fail: 1, unknown: 1, error: 1 },
    checks: [
      check(3, {}),
      check(9, {
        ...{ id: 'rows', verdict: 'fail', summary: hostile, details: [hostile, 'second'], elapsedMs: 1500 },
        remedy: "SELECT setval('a', 1);\nSELECT '<b>';",
      }),
      check(20, { id: 'lag', verdict: 'unknown', phase: 'Go <live> & "more"', step: null }),
      check(24, { id: 'line 24', verdict: 'error', phase: null, step: null }),
    ],
    notAsked: [
      other(30, { why: 'cancelled' }),
      other(40, { last: { verdict: 'pass', at }, stale: 'The check was changed since it ran.' }),
      other(50, { last: { verdict: 'fail', at } }),
      other(60, {}),
    ],
  };
}
