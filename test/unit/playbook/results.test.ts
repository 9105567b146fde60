import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { applyEdits } from '../../../src/playbook/edits';
import { readPlaybook } from '../../../src/playbook/playbook';
import { PlaybookError } from '../../../src/playbook/playbook-error';
import { recordFinding } from '../../../src/playbook/record';
import { recordResult } from '../../../src/playbook/results';
import type { CheckResult } from '../../../src/shared/check';
import { goodPlaybook } from './a-playbook';

const result: CheckResult = {
  id: 'versions',
  verdict: 'fail',
  summary: '1 row differs',
  details: ['version: 15.4 ↔ 16.1'],
  at: '2026-11-29T09:30:00Z',
  elapsedMs: 12,
  source: '10.0.0.1:5432/app',
  target: '10.0.0.2:5432/app',
};

function record(text: string, changes: Partial<CheckResult> = {}): string {
  const of = readPlaybook(text).checks.find(({ id }) => id?.value === (changes.id ?? result.id))?.definition ?? 'x';
  return applyEdits(text, recordResult(text, { ...result, ...changes }, of).edits);
}

function checkOf(text: string, id = 'versions') {
  return readPlaybook(text).checks.find(check => check.id?.value === id)!;
}

describe('a result', () => {
  test('replaces the one before, right below its block, and is read again', () => {
    const after = record(goodPlaybook);
    expect(checkOf(after).result).toEqual({
      verdict: 'fail',
      at: '2026-11-29T09:30:00Z',
      summary: '1 row differs',
      definition: checkOf(after).definition,
    });
    expect(after).toContain('> ✗ **fail** · 1 row differs\n>\n> - version: 15.4 ↔ 16.1\n<!-- /cutover:result -->');
    const region = /<!-- cutover:result versions[\s\S]*?<!-- \/cutover:result -->/;
    expect(after.replace(region, '')).toBe(goodPlaybook.replace(region, ''));
  });

  test('written twice is the same, and needs no edit', () => {
    const once = record(goodPlaybook);
    expect(recordResult(once, result, checkOf(once).definition).edits).toEqual([]);
  });

  test('of a check that never ran goes below its block', () => {
    const after = record(goodPlaybook, { id: 'settings.planner', verdict: 'pass', details: [] });
    expect(after).toContain('id: settings.planner\n```\n<!-- cutover:result settings.planner pass 2026');
    expect(checkOf(after, 'settings.planner').result!.verdict).toBe('pass');
    expect(checkOf(after).result!.verdict).toBe('pass');
  });

  test('keeps the line endings of the playbook', () => {
    const after = record(goodPlaybook.replaceAll('\n', '\r\n'));
    expect(after.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/);
    expect(checkOf(after).result!.verdict).toBe('fail');
  });

  test('is refused where it would have to guess', () => {
    const refusal = (text: string) => {
      try {
        record(text);
      } catch (error) {
        return error instanceof PlaybookError ? error.message : error;
      }
      return undefined;
    };
    expect(refusal(goodPlaybook.replace('id=versions', 'id=other'))).toBe(
      'There is no check versions in the playbook any more.',
    );
    expect(
      refusal(goodPlaybook.replace('## Test', '```sql check id=versions expect=empty\nSELECT 1\n```\n\n## Test')),
    ).toContain('stands twice, on lines 21 and 32');
    expect(refusal(goodPlaybook.replace('<!-- /cutover:result -->', ''))).toContain(
      'The result of versions on line 24 is not closed before the heading',
    );
    expect(refusal(goodPlaybook.replace('cutover: 1', 'cutover: 9'))).toContain('Update Cutover');
    const open = goodPlaybook.slice(0, goodPlaybook.indexOf(';\n```'));
    expect(refusal(open)).toBe('The check versions on line 21 is never closed. Put its closing fence.');
  });
});

const hostile = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 60 }),
  fc.constantFrom(
    '<!-- /cutover:result -->',
    '-->',
    '```',
    '\n```\n',
    '## Heading',
    '\n## Heading',
    '> quote',
    '\n\n# x\n',
    '<!-- cutover:result versions pass 2026-11-29T08:58:00Z -->',
    '<script>alert(1)</script>',
    '[a](command:x)',
    '---',
    '|',
    '\u2028',
    '\0',
  ),
);

const results = fc.record({
  id: fc.constantFrom('versions', 'settings.planner'),
  verdict: fc.constantFrom('pass', 'fail', 'unknown', 'error') as fc.Arbitrary<CheckResult['verdict']>,
  summary: hostile,
  details: fc.array(hostile, { maxLength: 40 }),
  at: fc.constant('2026-11-29T09:30:00Z'),
  elapsedMs: fc.constant(1),
  source: hostile,
  target: hostile,
  remedy: hostile,
});

describe('whatever a server says', () => {
  test('stays within its region, and all else stays as it is', () => {
    fc.assert(
      fc.property(results, given => {
        const before = readPlaybook(goodPlaybook);
        const after = record(goodPlaybook, given);
        const playbook = readPlaybook(after);
        expect(playbook.regions.filter(({ broken }) => broken)).toEqual([]);
        expect(playbook.checks.map(({ id }) => id!.value)).toEqual(before.checks.map(({ id }) => id!.value));
        expect(playbook.findings.map(({ id }) => id)).toEqual(before.findings.map(({ id }) => id));
        expect(playbook.phases.map(({ title }) => title.value)).toEqual(before.phases.map(({ title }) => title.value));
        const check = checkOf(after, given.id);
        expect(check.result!.verdict).toBe(given.verdict);
        const { start, end } = check.region!;
        const known = checkOf(goodPlaybook, given.id).region;
        const rest = after.slice(0, start) + after.slice(end);
        if (known) expect(rest).toBe(goodPlaybook.slice(0, known.start) + goodPlaybook.slice(known.end));
        else expect(rest.replace('```\n\n\n', '```\n\n')).toBe(goodPlaybook);
        expect(record(after, given)).toBe(after);
      }),
      { numRuns: 60 },
    );
  }, 60_000);

  test('holds through any sequence of results, findings and edits by hand', () => {
    const edits = fc.oneof(
      results.map(given => (text: string) => record(text, given)),
      fc.constantFrom('a', 'b').map(
        id => (text: string) =>
          applyEdits(
            text,
            recordFinding(text, {
              id: `plan.diff/${id}`,
              heading: id,
              severity: 'low',
              confidence: 'observed',
              body: 'x',
            }).edits,
          ),
      ),
      fc.tuple(fc.nat(2000), fc.nat(8), fc.constantFrom('', '\n', '```', '<!-- ', 'x', '\n## y\n')).map(
        ([at, length, by]) =>
          (text: string) =>
            text.slice(0, at) + by + text.slice(at + length),
      ),
    );
    fc.assert(
      fc.property(fc.array(edits, { maxLength: 12 }), steps => {
        let text = goodPlaybook;
        for (const step of steps) {
          try {
            text = step(text);
          } catch (error) {
            // Refused, which changes nothing.
            expect(error).toBeInstanceOf(PlaybookError);
          }
          const { regions } = readPlaybook(text);
          for (const [at, region] of regions.entries())
            if (at > 0 && !region.broken) expect(region.start).toBeGreaterThanOrEqual(regions[at - 1]!.end);
        }
      }),
      { numRuns: 60 },
    );
  }, 60_000);
});
