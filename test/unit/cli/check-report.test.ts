import { readFile, writeFile } from 'node:fs/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as z from 'zod/mini';
import { chooseChecks } from '../../../src/cli/check-choice';
import { checkJunit } from '../../../src/cli/check-junit';
import { checkReport } from '../../../src/cli/check-report';
import { closingText, resultText } from '../../../src/cli/check-text';
import { displayWidth } from '../../../src/cli/terminal';
import { readPlaybook } from '../../../src/playbook/playbook';
import type { CheckVerdict } from '../../../src/shared/check';
import { checkReportSchema } from '../../../src/shared/check-report';
import { aReport, aResult, hostile } from './a-check-report';
import { readXml } from './read-xml';

const plain = { width: 80, color: false };
// biome-ignore lint/suspicious/noControlCharactersInRegex: they must not be there
const controls = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202e]/;

const document = `---
cutover: 1
migration: eu
---
# Move

\`\`\`sql check id=above on=both expect=same
SELECT 1
\`\`\`

## Comparison analysis
### Versions
\`\`\`sql check id=a on=both expect=same
SELECT 1
\`\`\`
<!-- cutover:result a pass 2026-11-22T18:00:00Z of=another -->
> ✓ **pass** · both sides: 1
<!-- /cutover:result -->

\`\`\`sql check on=both expect=same
SELECT 1
\`\`\`

## Compare again
\`\`\`sql check id=twice on=both expect=same
SELECT 1
\`\`\`
\`\`\`sql check id=twice on=source expect=empty
SELECT 1
\`\`\`

## Go live
`;
const playbook = readPlaybook(document);
const choose = (about: { phase?: string; ids?: string[] }) =>
  chooseChecks(playbook, { file: 'eu.playbook.md', ids: [], ...about });
const namesOf = (about: Parameters<typeof choose>[0]) => choose(about).chosen.map(({ asked }) => asked.id);

describe('which checks are asked', () => {
  it('is all of them, each once; what cannot be asked among them', () => {
    const { chosen, others } = choose({});
    expect(chosen.map(({ asked }) => `${asked.id} ${asked.kind}`)).toEqual([
      'above sql',
      'a sql',
      'line 20 malformed',
      'twice malformed',
    ]);
    expect(chosen.at(-1)!.asked).toMatchObject({ message: expect.stringContaining('on lines 25 and 28') });
    expect(others).toEqual([]);
  });

  it('is those of a phase, by its title or a beginning that fits one alone', () => {
    expect(namesOf({ phase: 'comparison ANALYSIS' })).toEqual(['a', 'line 20']);
    expect(namesOf({ phase: 'compare' })).toEqual(['twice']);
    expect(choose({ phase: 'compare' }).others.map(({ id }) => id?.value)).toEqual(['above', 'a', undefined]);
  });

  it('is those with an id', () => {
    expect(namesOf({ ids: ['a', 'above'] })).toEqual(['above', 'a']);
  });

  it.each([
    [{ phase: 'Monitor' }, 'no phase Monitor', 'Comparison analysis; Compare again; Go live'],
    [{ phase: 'compar' }, 'Several phases', 'There are: Comparison analysis; Compare again.'],
    [{ phase: 'go live' }, 'has no checks', 'Name another'],
    [{ ids: ['twise'] }, 'no check twise', 'Do you mean twice? There are above, a, line 20, twice.'],
  ])('%j is refused: %s', (about, message, next) => {
    expect(() => choose(about)).toThrow(
      expect.objectContaining({ message: expect.stringContaining(message), next: expect.stringContaining(next) }),
    );
  });

  it('is never none', () => {
    expect(() => chooseChecks(readPlaybook('# Empty'), { file: 'x.md', ids: [] })).toThrow('x.md has no checks');
  });
});

describe('the report', () => {
  const reportOf = (verdicts: Record<string, CheckVerdict>) => {
    const results = new Map(Object.entries(verdicts).map(([id, verdict]) => [id, aResult({ id, verdict })]));
    const about = { playbook: 'eu.playbook.md', migration: 'eu', settings: undefined };
    return checkReport(
      { choice: choose({ ids: ['a', 'above', 'twice'] }), results, ...about },
      Date.parse('2026-12-01'),
    );
  };

  it('fits its schema, which is published', async () => {
    const report = reportOf({ a: 'pass', above: 'fail' });
    expect(checkReportSchema.parse(JSON.parse(JSON.stringify(report)))).toEqual(report);
    expect(report).toMatchObject({
      verdict: 'fail',
      counts: { pass: 1, fail: 1, unknown: 0, error: 0 },
      checks: [
        { id: 'above', phase: null, line: 7 },
        { id: 'a', phase: 'Comparison analysis', step: 'Versions', line: 13 },
      ],
      notAsked: [
        { id: 'line 20', why: 'notChosen', last: null },
        { id: 'twice', why: 'cancelled' },
      ],
    });
    const file = new URL('../../../docs/check-report.schema.json', import.meta.url);
    const schema = `${JSON.stringify(z.toJSONSchema(checkReportSchema), null, 2)}\n`;
    // `UPDATE_SCHEMA=1` publishes it.
    if (process.env.UPDATE_SCHEMA) await writeFile(file, schema);
    expect(await readFile(file, 'utf8')).toBe(schema);
  });

  it.each<[CheckVerdict, Record<string, CheckVerdict>]>([
    ['pass', { a: 'pass', above: 'pass' }],
    ['unknown', { a: 'pass', above: 'unknown' }],
    ['error', { a: 'unknown', above: 'error', twice: 'pass' }],
    ['fail', { a: 'error', above: 'fail', twice: 'unknown' }],
    ['unknown', {}],
  ])('is %s of %j', (verdict, verdicts) => {
    expect(reportOf(verdicts).verdict).toBe(verdict);
  });

  it('says which results no longer count', () => {
    const results = new Map([['above', aResult({ id: 'above' })]]);
    const about = { playbook: 'x', migration: undefined, settings: undefined };
    const { notAsked } = checkReport({ choice: choose({ ids: ['above'] }), results, ...about }, Date.now());
    expect(notAsked[0]).toMatchObject({
      id: 'a',
      last: { verdict: 'pass' },
      stale: 'The check was changed since it ran.',
    });
  });
});

describe('text', () => {
  it.each([60, 80, 120])('fits %i columns', width => {
    const details = ['a detail of many words '.repeat(10)];
    const text = resultText(aResult({ summary: 'words and words '.repeat(20), details }), { width, color: false });
    for (const line of text.split('\n')) expect(displayWidth(line), line).toBeLessThanOrEqual(width);
    expect(text.split('\n').length).toBeGreaterThan(4);
  });

  it('has a mark for each verdict, evidence and the remedy below', () => {
    const result = aResult({ verdict: 'fail', details: ['one', 'two'], remedy: 'SELECT 1;\n\n  -- as it is' });
    expect(resultText(result, plain)).toBe(
      '✗ versions: both sides: 15.4\n    one\n    two\n    To mend it, not run:\n      SELECT 1;\n\n        -- as it is\n',
    );
    const marks = (['pass', 'fail', 'unknown', 'error'] as const).map(
      verdict => resultText(aResult({ verdict }), plain)[0],
    );
    expect(marks.join('')).toBe('✓✗?!');
    const many = resultText(aResult({ details: Array.from({ length: 30 }, (_, i) => `${i}`) }), plain);
    expect(many).toContain('    24\n    … and 5 more, see --format json\n');
  });

  it('closes with the counts, what was cancelled and what was not asked', () => {
    expect(closingText(aReport(), plain)).toBe(
      `
4 checks: 1 passed, 1 failed, 1 unknown, 1 in error.
Cancelled before they were answered: other30.
3 checks not asked: 1 stale (other40), 1 never ran (other60).
`,
    );
  });

  it('colours on demand only, and lets no text of a server drive the terminal', () => {
    const result = aResult({ id: hostile, summary: hostile, details: [hostile], remedy: hostile });
    expect(resultText(result, plain)).not.toMatch(controls);
    const report = aReport();
    report.notAsked[0]!.id = hostile;
    expect(closingText(report, plain)).not.toMatch(controls);
    expect(resultText(aResult(), { width: 80, color: true })).toBe('\u001b[32m✓\u001b[0m versions: both sides: 15.4\n');
  });
});

describe('JUnit', () => {
  it('is well-formed, a suite for each phase, a case for each check', () => {
    const root = readXml(checkJunit(aReport()));
    expect(root).toMatchObject({
      name: 'testsuites',
      attributes: { name: 'eu.playbook.md', tests: '5', failures: '1', errors: '2', skipped: '1', time: '1.536' },
    });
    const suites = root.children.map(({ attributes, children }) => [
      attributes.name,
      children.length,
      attributes.tests,
    ]);
    expect(suites).toEqual([
      ['Comparison analysis', 2, '2'],
      ['Go <live> & "more"', 1, '1'],
      ['Outside of phases', 2, '2'],
    ]);
    const [passed, failed] = root.children[0]!.children;
    expect(passed).toMatchObject({
      children: [],
      attributes: { classname: 'Same versions', name: 'versions', time: '0.012' },
    });
    expect(failed!.children).toMatchObject([{ name: 'failure', attributes: { type: 'fail' } }]);
    expect(failed!.children[0]!.text).toContain("SELECT setval('a', 1);\nSELECT '<b>';");
    expect(root.children[1]!.children[0]!.children[0]).toMatchObject({
      name: 'error',
      attributes: { type: 'unknown' },
    });
    expect(root.children[2]!.children.map(({ children }) => children[0]!.name)).toEqual(['error', 'skipped']);
  });

  it('stays so whatever servers say', () => {
    const unit = fc.oneof(
      fc.integer({ min: 0, max: 0xffff }),
      fc.constantFrom(...[...'<>&"\']\n\t\r'].map(c => c.charCodeAt(0))),
    );
    const anyText = fc.array(unit).map(codes => String.fromCharCode(...codes));
    fc.assert(
      fc.property(anyText, text => {
        const report = aReport();
        for (const check of report.checks)
          Object.assign(check, { id: text, summary: text, details: [text], step: text, phase: text });
        expect(readXml(checkJunit(report)).name).toBe('testsuites');
      }),
    );
  });
});
