import { fromMarkdown } from 'mdast-util-from-markdown';
import { describe, expect, it } from 'vitest';
import { checkFinding } from '../../../src/comparison/finding';
import { comparisonMarkdown } from '../../../src/comparison/markdown';
import { comparisonReport } from '../../../src/comparison/report';
import { applyEdits } from '../../../src/playbook/edits';
import { readPlaybook } from '../../../src/playbook/playbook';
import { recordFinding } from '../../../src/playbook/record';
import type { ComparedCheck } from '../../../src/shared/comparison';
import { aCheck, aComparison, aFinding } from './a-comparison';

const gap = { what: 'pg_authid may not be read', node: 'w1:5432', grant: 'GRANT pg_monitor TO "me"' };
const checks = [
  aFinding({ evidence: [{ what: 'jit', node: 'w1:5432', source: 'off' }] }),
  aCheck({ id: 'roles.passwords', verdict: 'unknown', unknown: [gap, { ...gap, node: 'w2:5432' }] }),
  aCheck({ id: 'versions.citus', details: ['remark: the move is an upgrade'] }),
];

it('reads from the summary to what agrees', () => {
  const ignore = [{ id: 'jit.available', reason: 'as planned', at: '2026-11-01T00:00:00Z' }];
  const report = comparisonReport(aComparison([...checks, aFinding({ id: 'jit.available' })]), {
    ignore,
    since: aComparison([aCheck()]),
  });
  const text = comparisonMarkdown(report);
  const headings = text.split('\n').filter(line => line.startsWith('#'));
  expect(headings).toEqual([
    '# Comparison of eu',
    '## Since 2026-11-29T10:00:00Z',
    '## Summary',
    '## High: 1',
    '### Title of settings\\.roles',
    '## What could not be judged',
    '## Ignored',
    '## What agrees',
  ]);
  for (const part of [
    '2026-11-29T10:00:00Z, in 1,200 ms: 1 failed (1 high), 1 unknown, 1 passed.',
    '| Group | Worst | Failed | In error | Unknown | Passed |',
    '| settings | high | 1 |  |  |  |',
    '| What | Node | Source: old | Target: new |\n| --- | --- | --- | --- |\n| jit | w1:5432 | off | — |',
    '```sql\n-- On the target, target.example:5432. Locks: none; it holds for new sessions\nALTER ROLE "app" SET jit = off;\n-- Rollback: ALTER ROLE "app" RESET jit;\n-- Verify: ',
    '- `roles.passwords` on `w1:5432`, `w2:5432`: pg_authid may not be read\n\n  ```sql\n  GRANT pg_monitor TO "me"\n  ```',
    '  Ignored 2026-11-01T00:00:00Z: as planned',
    '- `settings.roles` appeared (high): summary of settings\\.roles',
    '  - the move is an upgrade',
  ])
    expect(text).toContain(part);
});

const hostile = [
  '`````\n# forged\n```sql\nDROP TABLE t',
  '<!-- /cutover:finding --> <img src=x onerror=alert(1)>',
  '| a | b |\n|---|---|\n| c | d |',
  '[click](javascript:alert(1)) ![x](http://x.example/y.png) https://evil.example',
  '\n\n## High: 0\n- - -\n',
  '--> \u202e *bold* _em_ ~~no~~ $x$',
];

describe.each(hostile)('a name as %j', name => {
  const evil: ComparedCheck = aFinding({
    ...{ id: name, group: name, title: name, question: name, why: name, reference: name, summary: name },
    evidence: [{ what: name, node: name, source: name, target: name }],
    details: [`remark: ${name}`],
    unknown: [{ what: name, node: name, grant: name }],
    remedies: [{ side: 'target', nodes: [name], sql: `SELECT '${name}';`, lock: name, rollback: name, verify: name }],
  });
  const comparison = aComparison([evil, aCheck({ ...evil, id: `${name}2`, verdict: 'pass' })], {
    migration: name,
    source: { label: name, address: name },
  });

  it('stays text in the report', () => {
    const ignore = [{ id: `${name}3`, reason: name, at: name }];
    const report = comparisonReport(
      { ...comparison, checks: [...comparison.checks, { ...evil, id: `${name}3` }] },
      { ignore, since: aComparison([{ ...evil, evidence: [] }, aCheck({ id: `${name}4` })]) },
    );
    expectText(comparisonMarkdown(report));
  });

  it('stays text in a playbook, and leaves its finding whole', () => {
    const finding = checkFinding(evil, comparison);
    expectText(finding.body);
    const before = '# Move\n\n## Findings\n';
    const written = applyEdits(before, recordFinding(before, finding).edits);
    const [found, ...others] = readPlaybook(written).findings;
    expect(others).toEqual([]);
    expect(found).toMatchObject({ id: finding.id });
    const again = recordFinding(written, finding);
    expect(applyEdits(written, again.edits)).toBe(written);
  });
});

/** Only what Cutover itself writes has structure: its headings, lists, tables and fences. */
function expectText(markdown: string): void {
  const kinds = new Set<string>();
  const headings: string[] = [];
  const visit = (node: { type: string; children?: unknown[]; value?: string }): void => {
    // A code span that holds a pipe is written so (src/playbook/escape.ts).
    if (!/^<\/?code>$/.test(node.value ?? '')) kinds.add(node.type);
    if (node.type === 'heading') headings.push(JSON.stringify(node));
    for (const child of node.children ?? []) visit(child as typeof node);
  };
  visit(fromMarkdown(markdown));
  for (const kind of ['html', 'link', 'image', 'definition', 'strong', 'thematicBreak', 'blockquote'])
    expect(kinds).not.toContain(kind);
  expect(headings.filter(text => /"value":"(forged|High: 0)"/.test(text))).toEqual([]);
  expect(markdown).not.toContain('\u202e');
}

describe('checkFinding', () => {
  it('has an id that stays, words that link to the check, and a playbook knows how bad it is', () => {
    const finding = checkFinding(aFinding({ severity: 'critical' }), aComparison([]));
    expect(finding).toMatchObject({
      id: 'check/settings.roles',
      heading: 'Title of settings\\.roles',
      severity: 'high',
      confidence: 'observed',
    });
    expect(finding.body).toContain('asked by check:settings.roles: ');
    expect(finding.body).toContain('| What | Source: old | Target: new |');
    expect(finding.body).toContain('ALTER ROLE "app" SET jit = off;');
  });
});
