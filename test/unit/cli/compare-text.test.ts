import { describe, expect, it } from 'vitest';
import { compareText } from '../../../src/cli/compare-text';
import { evidenceLines } from '../../../src/cli/evidence-text';
import { displayWidth } from '../../../src/cli/terminal';
import { comparisonReport } from '../../../src/comparison/report';
import type { ComparedCheck } from '../../../src/shared/comparison';
import { aCheck, aComparison, aFinding } from '../comparison/a-comparison';

const plain = { width: 80, color: false };
const textOf = (checks: ComparedCheck[], { remedies = false, style = plain, since = [] as ComparedCheck[] } = {}) =>
  compareText(comparisonReport(aComparison(checks), since.length > 0 ? { since: aComparison(since) } : {}), style, {
    remedies,
  });

describe('compareText', () => {
  it('shows groups worst first, each check with its mark, and closes with the counts', () => {
    const gap = { what: 'may not be read', node: 'w1:5432', grant: 'GRANT pg_monitor TO "me"' };
    const text = textOf([
      aCheck({ id: 'versions.citus', details: ['remark: the move is an upgrade'] }),
      aCheck({ id: 'roles.passwords', verdict: 'unknown', unknown: [gap] }),
      aFinding({ id: 'tables.sizes', severity: 'low' }),
      aCheck({ id: 'settings.odd', verdict: 'error' }),
      aFinding({ unknown: [gap] }),
    ]);
    expect(text).toBe(`source  old, source.example:5432/app
target  new, target.example:5432/app

settings
✗ settings.roles (high): Title of settings.roles
                     source  target
    jit of role app  off     not set
    It bites.
    remark: it is a role setting
    w1:5432: may not be read; as a superuser:
      GRANT pg_monitor TO "me"
! settings.odd: summary of settings.odd

tables
✗ tables.sizes (low): Title of tables.sizes
                     source  target
    jit of role app  off     not set
    It bites.
    remark: it is a role setting

roles
? roles.passwords (high): could not be judged
    w1:5432: may not be read; as a superuser:
      GRANT pg_monitor TO "me"

versions
✓ versions.citus: summary of versions.citus
    remark: the move is an upgrade

5 checks in 1,200 ms: 2 failed (1 high, 1 low), 1 in error, 1 unknown, 1 passed.
--remedies shows the SQL that mends 2 of them.
`);
  });

  it('shows SQL when asked to, never wrapped', () => {
    const long = `ALTER ROLE "app" SET search_path = ${'a_schema, '.repeat(20)}public;`;
    const [remedy] = aFinding().remedies;
    const text = textOf([aFinding({ remedies: [{ ...remedy!, sql: long }] })], { remedies: true });
    expect(text).toContain(`      ${long}\n      -- Rollback: ALTER ROLE "app" RESET jit;\n`);
    expect(text).not.toContain('--remedies');
  });

  it('tells what several checks lack once', () => {
    const down = [{ what: 'Nothing listens there.', node: 'target' }];
    const text = textOf([
      aCheck({ id: 'jit.a', verdict: 'unknown', unknown: down }),
      aCheck({ id: 'jit.b', verdict: 'unknown', unknown: [] }),
      aCheck({ id: 'jit.c', verdict: 'unknown', unknown: down, severity: 'low' }),
    ]);
    expect(text).toContain(
      'jit\n? jit.a (high), jit.c (low): could not be judged\n    target: Nothing listens there.\n? jit.b (high): could not be judged\n\n',
    );
  });

  it('names the nodes that lack the same together, and counts those too many for a screen', () => {
    const grant = 'GRANT pg_monitor TO "me"';
    const gaps = Array.from({ length: 10 }, (_, i) => ({ what: 'hidden', node: `w${i}:5432`, grant }));
    const others = [
      { what: 'hidden', node: 'w0:5432' },
      { what: 'hidden', grant },
    ];
    const text = textOf([aCheck({ verdict: 'unknown', unknown: [...gaps, ...others] })]);
    expect(text).toContain(
      `    w0:5432, w1:5432, w2:5432, w3:5432, w4:5432, w5:5432, w6:5432, w7:5432 and 2
    more: hidden; as a superuser:
      ${grant}
    w0:5432: hidden
    hidden; as a superuser:
      ${grant}
`,
    );
  });

  it('says what changed', () => {
    const text = textOf([aFinding()], { since: [aCheck(), aFinding({ id: 'a.gone' })] });
    expect(text).toContain(
      'since 2026-11-29T10:00:00Z\n+ settings.roles appeared (high): summary of settings.roles\n  Findings: 1 appeared.\n  Asked then and not now: a.gone.\n\n1 check in',
    );
  });

  it.each([40, 60, 80, 120])('fits %i columns', width => {
    const long = 'words and words '.repeat(20);
    const evidence = [
      { what: long, node: 'n'.repeat(200), source: 'x'.repeat(500), target: '漢字'.repeat(100) },
      { what: 'a', source: 'line\nline\tline', target: 'b' },
    ];
    const checks = [
      aFinding({ title: long, why: long, evidence, details: [`remark: ${long}`], remedies: [] }),
      aCheck({ id: 'a.b', verdict: 'unknown', unknown: [{ what: long }] }),
      aCheck({ id: 'a.c', summary: long }),
    ];
    const text = textOf(checks, { style: { width, color: false }, since: [aCheck()] });
    for (const line of text.split('\n')) expect(displayWidth(line), line).toBeLessThanOrEqual(width);
  });

  it('lets no name drive the terminal', () => {
    const evil = 'a\u001b[2J\u202eb';
    const [remedy] = aFinding().remedies;
    const finding = aFinding({
      ...{ id: evil, group: evil, title: evil, why: evil, summary: evil, details: [`remark: ${evil}`] },
      evidence: [{ what: evil, node: evil, source: evil, target: evil }],
      unknown: [{ what: evil, node: evil, grant: evil }],
      remedies: [{ ...remedy!, sql: evil }],
    });
    const text = textOf([finding], { remedies: true, since: [aCheck()] });
    expect(text).toContain('␛[2J\\u202e');
    for (const control of ['\u001b', '\u202e']) expect(text).not.toContain(control);
  });
});

describe('evidenceLines', () => {
  it('puts both sides in columns, node by node', () => {
    const rows = [
      { what: 'work_mem', node: null, source: '4MB', target: '64MB' },
      { what: 'jit', node: 'w1:5432', source: 'off', target: null },
      { what: 'jit', node: 'w2:5432', source: null, target: 'on' },
    ];
    expect(evidenceLines(rows, '', plain)).toEqual([
      '          source  target',
      'work_mem  4MB     64MB',
      'on w1:5432',
      'jit       off     –',
      'on w2:5432',
      'jit       –       on',
    ]);
  });

  it('wraps what is too wide in its own column, and shows values whole', () => {
    const value = 'abcdefghij'.repeat(6);
    const lines = evidenceLines([{ what: 'x', node: null, source: value, target: 'one two three four' }], '', {
      width: 44,
      color: false,
    });
    const column = (from: number, to: number) =>
      lines
        .slice(1)
        .map(line => line.slice(from, to).trim())
        .join('');
    expect(column(8, 25)).toBe(value);
    expect(lines.slice(1, 3).map(line => line.slice(27))).toEqual(['one two three', 'four']);
  });

  it('gives the width that narrow values leave to what is wide', () => {
    const what = 'a name of sixty columns '.padEnd(60, 'x');
    const lines = evidenceLines([{ what, node: null, source: '4MB', target: '64MB' }], '', plain);
    expect(lines[1]).toBe(`${what}  4MB     64MB`);
  });

  it('counts what is too much for a screen', () => {
    const rows = Array.from({ length: 45 }, (_, i) => ({ what: `s${i}`, node: null, source: '1', target: '2' }));
    const lines = evidenceLines(rows, '', plain);
    expect(lines).toHaveLength(42);
    expect(lines.at(-1)).toBe('… and 5 more, see --format json');
  });
});
