import fc from 'fast-check';
import { describe, expect, it, test, vi } from 'vitest';
import { expectForms, explainExpect } from '../../../src/playbook/expect/explain';
import { parseExpect } from '../../../src/playbook/expect/parse';
import { expectationUses } from '../../../src/playbook/expect/syntax';
import { parsed } from './expect-answers';

// Properties try thousands of cases, and the machine may be busy.
vi.setConfig({ testTimeout: 120_000 });

describe('what is wrong, where, and what was meant', () => {
  const forms = '`same`, `empty`, `true`, `rows > 0`, or a comparison as `target <= source * 1.2`';
  const operators = '`=`, `<>`, `<`, `<=`, `>`, `>=`';
  const units = 'us, ms, s, min, h, d, B, kB, MB, GB, TB, %';
  /** The marks ‹ › show the place. */
  test.for([
    ['‹›', `What is expected is missing: ${forms}.`],
    ['‹›   ', `What is expected is missing: ${forms}.`],
    ['‹sme›', '`sme` alone says nothing: compare it, as in `sme = 0`. Did you mean `same`?'],
    ['rows > 0 or ‹emtpy›', '`emtpy` alone says nothing: compare it, as in `emtpy = 0`. Did you mean `empty`?'],
    ['‹source›', '`source` alone says nothing: compare it, as in `source = 0`.'],
    ['same within‹›', 'Expected a number after `within`, as in `same within 5 %`.'],
    ['same within ‹five›', 'Expected a number after `within`, as in `same within 5 %`.'],
    ['same within ‹-›5', 'Expected a number after `within`, as in `same within 5 %`.'],
    [
      'same ‹witin› 5 %',
      '`witin` does not follow here: expected a comparison, `and`, `or`, the end. Did you mean `within`?',
    ],
    [
      '‹same› = 3',
      '`same` is a condition and has no value to compare or to compute with. Join conditions with `and` or `or`.',
    ],
    ['rows >‹›', "Expected a value after `>`: a number, a 'text', a column or a side."],
    ['rows ‹> >› 3', `\`> >\` is no comparison: ${operators}.`],
    ['rows ‹==› 3', `\`==\` is no comparison: ${operators}.`],
    ['a ‹=<› 3', `\`=<\` is no comparison: ${operators}.`],
    ['1 < a ‹<› 5', 'Compare two at a time, as in `1 < a and a < 5`.'],
    ['source ‹rows› > 0', 'Write `source.rows` for what the source answers.'],
    ['‹sorce›.rows > 0', '`sorce` is no side: write `source.` or `target.`. Did you mean `source`?'],
    ['source.‹=› 3', 'Expected a column or `rows` after `source.`.'],
    ['target = ‹null›', 'Nothing is equal to NULL: write `is null` or `is not null`.'],
    ['x is ‹tru›', 'Expected `null` or `not null` after `is`; compare with true by `= true`.'],
    ['lag < 10 ‹seconds›', `\`seconds\` is no unit: there are ${units}. Did you mean \`s\`?`],
    ['lag < 10‹mb›', `\`mb\` is no unit: there are ${units}. Did you mean \`MB\`?`],
    ['lag < 10 ‹constructor›', `\`constructor\` is no unit: there are ${units}.`],
    ['(rows > 0‹›', 'Expected `)`, `and`, `or`.'],
    ['rows > 0‹)›', 'There is no `(` for this `)`.'],
    ["x = ‹'it''s›", "The text has no closing quote `'`."],
    ['‹"x = 1›', 'The name has no closing quote `"`.'],
    ['‹""› = 1', 'A column has a name: write it between the quotes.'],
    ['‹1 = 2 - 1›', 'This compares two constants, whatever is answered. Name a column or a side.'],
    ['x = 1 ‹&&› y = 2', '`&&` is no part of an expectation: write `and`.'],
    ['x = 1‹,›000', '`,` is no part of an expectation: write numbers without separators, conditions with `and`.'],
    ['x = ‹“›on”', '`“` is no part of an expectation: write a name in plain double quotes.'],
    ['x = ‹😀›', '`😀` is no part of an expectation.'],
    ['x = 1‹;› drop table t', '`;` is no part of an expectation: an expectation is one condition.'],
    ['not‹›', `Expected a condition after \`not\`: ${forms}.`],
    ['rows > 0 and‹› ', `Expected a condition after \`and\`: ${forms}.`],
    ['a ‹like› b', '`like` does not follow here: expected a comparison, `and`, `or`, the end.'],
    [`x = ‹1e99999›`, 'A number has more than 10000 digits, which is more than Cutover computes with.'],
    [`${'('.repeat(32)}(‹(›x`, 'An expectation nests at most 32 deep.'],
    [`${' '.repeat(1000)}‹same›`, 'An expectation has at most 1000 characters.'],
  ] as const)('%s', ([marked, message]) => {
    const text = marked.replace(/[‹›]/g, '');
    const start = marked.indexOf('‹');
    const end = marked.indexOf('›') - 1;
    expect(parseExpect(text)).toEqual({ ok: false, message, start, end });
  });
});

describe('what an expectation names', () => {
  const none = { sides: [], comparesNodes: false, everyNode: false, everyRow: false };
  test.for([
    ['same', { ...none, comparesNodes: true }],
    ['SAME Within 5%', { ...none, comparesNodes: true }],
    ['empty', { ...none, everyNode: true }],
    ['not (true)', { ...none, everyNode: true }],
    ['rows > 0', { ...none, everyNode: true }],
    ['lag_bytes = 0', { ...none, everyNode: true, everyRow: true }],
    ['target <= source * 1.2', { ...none, sides: ['source', 'target'] }],
    [
      'same or target.rows > 1 and -x is null',
      { sides: ['target'], comparesNodes: true, everyNode: true, everyRow: true },
    ],
  ] as const)('%s', ([text, uses]) => {
    expect(expectationUses(parsed(text))).toEqual(uses);
  });
});

describe('in words', () => {
  test.for([
    ['same', 'Both sides must answer the same rows.'],
    ['same within 5 %', 'Both sides must answer the same rows; numbers may differ by 5 % of the source’s.'],
    ['same within 10 s', 'Both sides must answer the same rows; numbers may differ by 10 s.'],
    ['empty', 'On every node asked, there must be no rows.'],
    ['false', 'On every node asked, the only value must be false.'],
    ['rows > 0', 'On every node asked, the number of rows must be more than 0.'],
    ['target <= source * 1.2', 'The target’s value must be at most the source’s value × 1.2.'],
    ['source.mean_ms < 50', 'The source’s mean_ms must be less than 50.'],
    ['lag_bytes = 0', 'In every row, on every node asked, lag_bytes must be 0.'],
    ['empty or lag < 10 s', 'On every node asked, there must be no rows or lag must be less than 10 s in every row.'],
    ['not (a = 1 or b is null)', 'In every row, on every node asked, a must not be 1 and b must not be NULL.'],
    [
      'not (not a > (b + -2) * 3 and empty)',
      'In every row, on every node asked, a must be more than (b + −2) × 3 or there must be rows.',
    ],
    ['(a = 1 or b = 2) and c = 3', 'In every row, on every node asked, (a must be 1 or b must be 2) and c must be 3.'],
    ['source - (target - 1) = 0', 'The source’s value − (the target’s value − 1) must be 0.'],
  ])('%s', ([text, words]) => {
    expect(explainExpect(parsed(text!))).toBe(words);
  });

  it('can be said of every form that is proposed', () => {
    expect(expectForms.map(({ text }) => text)).toEqual(expect.arrayContaining(['same', 'empty', 'true', 'rows > 0']));
    for (const { text, title } of expectForms) expect([explainExpect(parsed(text)), title]).not.toContain('');
  });
});

const pieces = fc.constantFrom(
  ...['same', 'within', 'empty', 'true', 'rows', 'source', 'target', '.', 'and', 'or', 'not', 'is', 'null', 'x', '"Y"'],
  ...["'t'", '5', '1.5', '%', 'ms', 'MB', '=', '<>', '!=', '<=', '>', '+', '-', '*', '/', '(', ')', ' ', '≤', "'", '"'],
);
const anyText = fc.oneof(
  fc.array(pieces, { maxLength: 14 }).map(parts => parts.join(' ')),
  fc
    .array(fc.oneof(pieces, fc.string({ unit: 'binary', maxLength: 3 })), { maxLength: 14 })
    .map(parts => parts.join('')),
  fc.string({ unit: 'binary', maxLength: 1200 }),
);

it('reads any text, or says where in it something is wrong', () => {
  fc.assert(
    fc.property(anyText, text => {
      const result = parseExpect(text);
      if (result.ok) {
        expect(explainExpect(result.expectation)).toMatch(/^.+\.$/s);
        return;
      }
      expect(result.message).not.toBe('');
      expect(result.start).toBeGreaterThanOrEqual(0);
      expect(result.end).toBeGreaterThanOrEqual(result.start);
      expect(result.end).toBeLessThanOrEqual(text.length);
    }),
    { numRuns: 2000 },
  );
});
