import { describe, expect, it } from 'vitest';
import { displayWidth } from '../../../src/cli/terminal';
import { formatText } from '../../../src/cli/text';
import { cause, diagnosis } from '../playbook/example-diagnosis';
import { exampleView } from '../playbook/example-view';

const plain = (width: number) => ({ width, color: false });

describe('formatText', () => {
  it('says the verdict, the figures, the plans and what differs', () => {
    expect(`\n${formatText(exampleView(), plain(100))}`).toMatchInlineSnapshot(`
      "
      Target is 24× slower: 1,323 ms against 56 ms.
      INSERT INTO analytics.rollups SELECT app_id, count(*) FROM…
      eu-analytics · EXPLAIN ANALYZE · 2026-11-22T18:00:00.000Z

                              Citus Cloud on AWS       Hyperscale (Citus) on Azure  target/source
      Server             10.0.0.1:5432/analytics           10.1.0.1:5432/analytics
      PostgreSQL                            15.4                              15.4
      Citus                               11.1.7                            11.1.7
      Planning                           0.42 ms                           0.51 ms           1.2×
      Execution                            56 ms                          1,323 ms            24×
      Total cost                           2,619                           1.00e10
      Rows estimated                         100                               100          1.00×
      Rows                                    50                                50          1.00×
      Shared pages hit                     1,204                             1,204          1.00×
      Shared pages read                        0                                12
      JIT                                   none  681 ms (14 functions, inlining,…
      Tasks                                    –                8, shown: One of 8

        Plan                                                  src self ms  tgt self ms  src rows  tgt rows
      ≠ Insert on rollups                                             1.0          1.0         0         0
      ≠   Nested Loop                                                  50          640        50        50
            Seq Scan on events                                        5.0          5.0        10        10
      +     JIT, 14 functions                                                      681                   ·
      ≠ changed  - only Citus Cloud on AWS (src)  + only Hyperscale (Citus) on Azure (tgt)

      What differs (source → target)
        enable_nestloop: default → off
        JIT: none → 681 ms

      Notes
        Citus Cloud on AWS: executed and rolled back.
      "
    `);
  });

  it('shows costs and estimates where nothing was executed', () => {
    const view = { ...exampleView(), analyzed: false };
    const text = formatText(view, plain(100));
    expect(text).toContain('src cost  tgt cost  src rows est.  tgt rows est.');
    expect(text).not.toContain('self ms');
  });

  it('keeps to the width of the terminal', () => {
    for (const width of [40, 60, 80, 133]) {
      const view = exampleView();
      view.rows[1]!.depth = 5000;
      view.rows[2]!.source!.name =
        'Index Scan using 漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字 on t';
      for (const line of formatText(view, plain(width)).split('\n')) {
        expect(displayWidth(line), line).toBeLessThanOrEqual(Math.max(width, 56));
      }
    }
  });

  it('colours on demand only, and resets what it set', () => {
    const colored = formatText(exampleView(), { width: 100, color: true });
    expect(colored).toContain('\u001b[31m');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the codes are what is looked at
    expect(colored.replace(/\u001b\[\d+m/g, '')).toBe(formatText(exampleView(), plain(100)));
    expect(colored.split('\n').every(line => !line.includes('\u001b') || line.endsWith('\u001b[0m'))).toBe(true);
  });

  it('lets no text of a server drive the terminal', () => {
    const json = JSON.stringify(exampleView()).replace(
      /"(name|title|label|sentence|migration|at)":"/g,
      '"$1":"\\u001b[2J\\u009b31m\\r\\n',
    );
    const view = JSON.parse(json);
    view.notes = ['\u001b]0;x\u0007'];
    view.target.error = { reason: 'x', message: '\u001b[2J', detail: '\u0007', hint: '\u0008', position: 3 };
    view.statement.sql = 'a\u001b[2Jb';
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they must not be there
    expect(formatText(view, plain(100))).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
  });

  it('shows the error of a side with its place in the statement', () => {
    const view = exampleView();
    view.statement.sql = 'SELECT 1,\n\tlänge(x)\nFROM t';
    view.target = {
      ...{ side: 'target', label: 'B', color: 'c', status: 'error', composition: [], sent: [], notices: [] },
      error: {
        reason: 'undefined',
        message: 'function länge(integer) does not exist',
        sqlstate: '42883',
        position: 12,
        hint: 'No function matches.',
        next: 'Create it on the target.',
      },
    };
    expect(formatText(view, plain(100))).toContain(
      [
        'B failed: function länge(integer) does not exist (SQLSTATE 42883)',
        '  LINE 2:  länge(x)',
        '           ^',
        '  Hint: No function matches.',
        '  Create it on the target.',
      ].join('\n'),
    );
  });

  it('folds what is equal in a large plan', () => {
    const view = exampleView();
    const [root, , leaf] = view.rows;
    view.rows = [
      { ...root!, descendants: 101 },
      { ...leaf!, depth: 1, descendants: 99 },
      ...Array.from({ length: 99 }, () => ({ ...leaf!, depth: 2 })),
      { ...view.rows[3]!, depth: 1 },
    ];
    const text = formatText(view, plain(100));
    expect(text).toContain('Seq Scan on events (+99 equal)');
    expect(text.match(/Seq Scan/g)).toHaveLength(1);
    expect(text).toContain('JIT, 14 functions');
  });

  it('names the causes with evidence and fix, and no line of a rollback could be run by mistake', () => {
    const step = { ...cause.remedy!.steps[0]!, rollback: 'RESET ALL;\nDROP ROLE app_owner;' };
    const causes = [{ ...cause, remedy: { ...cause.remedy!, steps: [step] } }];
    const text = formatText({ ...exampleView(), diagnosis: { ...diagnosis, causes } }, plain(100));
    expect(text).toContain('[jit.forced: verified,');
    expect(text).toContain('     jit: off → on (10.1.0.1:5432)\n');
    expect(text).toContain('         ALTER ROLE app_owner SET jit = off;\n');
    expect(text).toContain('         -- DROP ROLE app_owner;\n');
    expect(text).toContain('jit = off: explains it, 1,326 ms → 83 ms');
  });
});
