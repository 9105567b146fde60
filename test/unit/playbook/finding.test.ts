import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { readBlocks } from '../../../src/playbook/blocks';
import { applyEdits } from '../../../src/playbook/edits';
import { explainFinding, findingId, severityOf, severityRatios } from '../../../src/playbook/finding';
import { recordFinding } from '../../../src/playbook/record';
import { readRegions } from '../../../src/playbook/regions';
import type { PlanDiffView } from '../../../src/shared/plan-diff';
import { exampleView } from './example-view';

// Properties try hundreds of documents, and the machine may be busy.
vi.setConfig({ testTimeout: 120_000 });

describe('explainFinding', () => {
  it('holds both sides’ figures, the statement, the plan lines and what differs', () => {
    expect(explainFinding(exampleView())).toMatchInlineSnapshot(`
      {
        "body": "Target is 24× slower: 1,323 ms against 56 ms.

      Migration \`eu-analytics\`, EXPLAIN ANALYZE, 2026-11-22T18:00:00.000Z

      |  | Citus Cloud on AWS | Hyperscale (Citus) on Azure | Target / source |
      | --- | ---: | ---: | ---: |
      | Server | 10.0.0.1:5432/analytics | 10.1.0.1:5432/analytics |  |
      | PostgreSQL | 15.4 | 15.4 |  |
      | Citus | 11.1.7 | 11.1.7 |  |
      | Planning | 0.42 ms | 0.51 ms | 1.2× |
      | Execution | 56 ms | 1,323 ms | 24× |
      | Total cost | 2,619 | 1.00e10 |  |
      | Rows estimated | 100 | 100 | 1.00× |
      | Rows | 50 | 50 | 1.00× |
      | Shared pages hit | 1,204 | 1,204 | 1.00× |
      | Shared pages read | 0 | 12 |  |
      | JIT | none | 681 ms (14 functions, inlining, optimization) |  |
      | Tasks | – | 8, shown: One of 8 |  |

      \`\`\`sql
      INSERT INTO analytics.rollups
      SELECT app_id, count(*) FROM analytics.events -- all
      WHERE created_at >= $1 GROUP BY 1
      ON CONFLICT DO NOTHING
      \`\`\`

      | Parameter | Value |
      | --- | --- |
      | \\$1 | 2026-11-01 |

      Plan lines that differ (\`-\` Citus Cloud on AWS, \`+\` Hyperscale (Citus) on Azure):

      \`\`\`diff
      - Insert on rollups (rows 0 of 100 estimated, self 1.0 ms)
      + Insert on rollups (rows 0 of 100 estimated, self 1.0 ms)
      -   Nested Loop (cost 2,619, rows 50 of 100 estimated, self 50 ms)
      +   Nested Loop (cost 1.00e10, rows 50 of 100 estimated, self 640 ms)
      +     JIT, 14 functions (self 681 ms)
      \`\`\`

      | What differs | Citus Cloud on AWS | Hyperscale (Citus) on Azure |
      | --- | --- | --- |
      | enable_nestloop | default | off |
      | JIT | none | 681 ms |

      - Citus Cloud on AWS: executed and rolled back.

      *Recorded by Cutover. Recording it again replaces what stands between the two comments; notes below stay.*",
        "confidence": "observed",
        "heading": "Plans of \`INSERT INTO analytics.rollups SELECT app_id, count(*) FROM…\` on both sides",
        "id": "plan.diff/insert-into-analytics-rollups-select-app-59f6740240",
        "severity": "high",
      }
    `);
  });

  it('shows an error of one side with all the server said', () => {
    const view = exampleView();
    view.target = {
      ...{ side: 'target', label: 'B', color: 'c', status: 'error', composition: [], sent: [], notices: [] },
      error: {
        reason: 'undefined',
        message: 'relation "x" does not exist',
        sqlstate: '42P01',
        position: 15,
        hint: 'Look.',
      },
    };
    const { body } = explainFinding(view);
    expect(body).toContain('B failed: relation "x" does not exist (SQLSTATE 42P01, at character 15)\n\n- Hint: Look.');
    expect(body).toContain('| Execution | 56 ms | – |  |');
  });

  it('cuts a long plan', () => {
    const view = exampleView();
    view.rows = Array.from({ length: 100 }, () => view.rows[3]!);
    const { body } = explainFinding(view);
    expect(body.match(/^\+ .*JIT/gm)).toHaveLength(60);
    expect(body).toContain('… and 40 more rows that differ');
  });
});

describe('severityOf', () => {
  const severity = (change: (view: PlanDiffView) => void) => {
    const view = exampleView();
    change(view);
    return severityOf(view);
  };
  it('follows the ratio of the times', () => {
    const at = (ratio: number) => severity(view => Object.assign(view.verdict, { ratio }));
    expect([at(severityRatios.high), at(1.99), at(severityRatios.medium), at(1.19)]).toEqual([
      'high',
      'medium',
      'medium',
      'low',
    ]);
  });
  it('is information when the target is no slower', () => {
    for (const tone of ['faster', 'equal', 'unknown'] as const) {
      expect(severity(view => Object.assign(view.verdict, { tone }))).toBe('info');
    }
  });
  it('is never high by costs alone', () => {
    expect(severity(view => Object.assign(view.verdict, { basis: 'totalCost', ratio: 1e6 }))).toBe('medium');
  });
  it('is high when the statement fails on the target alone, and only for the statement’s own fault', () => {
    const fail = (side: 'source' | 'target', reason: string) => (view: PlanDiffView) =>
      Object.assign(view, {
        verdict: { sentence: '', basis: 'none', tone: 'unknown' },
        [side]: { ...view[side], status: 'error', error: { reason, message: 'm' } },
      });
    expect(severity(fail('target', 'undefined'))).toBe('high');
    expect(severity(fail('target', 'timeout'))).toBe('high');
    expect(severity(fail('target', 'unreachable'))).toBe('info');
    expect(severity(fail('source', 'undefined'))).toBe('low');
    expect(severity(view => fail('target', 'syntax')(fail('source', 'syntax')(view)))).toBe('medium');
  });
});

describe('findingId', () => {
  const id = (sql: string, migration = 'eu', title = 'SELECT 1 FROM "é"') =>
    findingId({ migration, statement: { sql, title, class: 'read', parameters: [] } });
  it('stays for the same statement, however it is written down', () => {
    const one = id('select a from t where b = $1');
    expect(one).toMatch(/^plan\.diff\/select-1-from-[0-9a-f]{10}$/);
    expect(id('-- why\nSELECT a\n  FROM T /* x */ WHERE b=$1;\n')).toBe(one);
  });
  it('differs for another statement or migration', () => {
    const ids = [id("select 'a'"), id("select 'A'"), id('select "a"'), id('select a'), id('select a', 'us')];
    expect(new Set(ids).size).toBe(ids.length);
  });
  it('is short and fit for a marker, whatever the title', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), title => {
        const each = id('select 1', 'eu', title);
        expect(each).toMatch(/^plan\.diff\/[a-z0-9-]+$/);
        expect(each).not.toContain('--');
        expect(each.length).toBeLessThan(70);
      }),
    );
  });
});

describe('a finding in a playbook', () => {
  it('is one region under Findings, whatever servers and users wrote', () => {
    const hostile = fc
      .array(
        fc.oneof(
          fc.constantFrom(
            ...['<!-- /cutover:finding -->', '<!-- cutover:finding x -->', '```', '````', '~~~', '\n', '\n\n', '\r'],
            ...[
              '## Findings',
              '---',
              '|',
              '<!--',
              '-->',
              '<pre>',
              '    ',
              '- ',
              '> ',
              '\\',
              '`',
              '[x](y)',
              '\u001b[2J',
            ],
          ),
          fc.string({ unit: 'binary', maxLength: 5 }),
        ),
        { maxLength: 8 },
      )
      .map(parts => parts.join(''));
    fc.assert(
      fc.property(fc.array(hostile, { minLength: 12, maxLength: 12 }), texts => {
        const view = exampleView();
        const text = () => texts.pop() ?? 'x';
        Object.assign(view, { migration: text(), at: text(), notes: [text()] });
        Object.assign(view.statement, { sql: text(), title: text(), parameters: [{ name: text(), value: text() }] });
        view.verdict.sentence = text();
        Object.assign(view.source, { label: text(), notices: [text()], postgresVersion: text() });
        Object.assign(view.target, {
          label: text(),
          status: 'error',
          error: { reason: 'x', message: text(), hint: text() },
        });
        Object.assign(view.rows[3]!.target!, { name: text(), detail: text() });
        view.rows[0]!.changes = [text()];
        view.differences = [{ kind: 'work', title: text(), source: text(), target: text() }];
        const finding = explainFinding(view);
        const template = '# Move\n\n## Findings\n';
        const document = applyEdits(template, recordFinding(template, finding).edits);
        expect(document.startsWith(template.trimEnd())).toBe(true);
        const blocks = readBlocks(document);
        expect(readRegions(blocks).map(region => [region.id, region.broken])).toEqual([[finding.id, undefined]]);
        const added = blocks.filter(block => block.start >= template.trimEnd().length);
        expect(added.filter(block => block.type === 'heading')).toHaveLength(1);
        expect(added.filter(block => block.type === 'html')).toHaveLength(2);
        expect(added.filter(block => block.type === 'code').length).toBeLessThanOrEqual(2);
        expect(recordFinding(document, finding).edits).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });
});
