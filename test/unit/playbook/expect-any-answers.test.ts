import fc from 'fast-check';
import { expect, it, vi } from 'vitest';
import { judge } from '../../../src/playbook/expect/judge';
import { parseExpect } from '../../../src/playbook/expect/parse';
import {
  type CheckProblem,
  checkPlaces,
  checkVerdicts,
  judgementSchema,
  type NodeAnswer,
} from '../../../src/shared/check';
import { both, parsed } from './expect-answers';

// Properties try thousands of cases, and the machine may be busy.
vi.setConfig({ testTimeout: 120_000 });

const cell = fc.oneof(
  fc.constant(null),
  fc.constantFrom('1', '2', '1.5', 'NaN', 'Infinity', 't', 'f', 'on', '4MB', '00:00:01', '0/1', '2026-01-01', ''),
  fc.string({ unit: 'binary', maxLength: 5 }),
);
const type = fc.constantFrom('int4', 'numeric', 'text', 'bool', 'interval', 'timestamptz', 'date', 'pg_lsn', 'x');
const problem = fc.record(
  {
    kind: fc.constantFrom('refused', 'failed', 'unreachable', 'cancelled'),
    message: fc.string(),
    sqlstate: fc.string(),
    next: fc.string(),
  },
  { requiredKeys: ['kind', 'message'] },
);
/** Also rows that have fewer or more cells than there are columns. */
const anyAnswer: fc.Arbitrary<NodeAnswer> = fc.record(
  {
    side: fc.constantFrom('source', 'target'),
    node: fc.string({ unit: 'binary', maxLength: 5 }),
    role: fc.constantFrom('coordinator', 'worker'),
    columns: fc.array(fc.record({ name: fc.oneof(fc.constantFrom('x', 'y'), fc.string()), type }), { maxLength: 3 }),
    rows: fc.array(fc.array(cell, { maxLength: 3 }), { maxLength: 4 }),
    truncated: fc.boolean(),
    elapsedMs: fc.constant(0),
    problem: problem as fc.Arbitrary<CheckProblem>,
  },
  { requiredKeys: ['side', 'node', 'role', 'columns', 'rows', 'truncated', 'elapsedMs'] },
);
/** Such as can be judged. */
const soundAnswers = fc
  .tuple(fc.constantFrom('1', '2', '3'), fc.constantFrom('1', '2', '3'))
  .map(([source, target]) => both('x int4', [[source]], [[target]]));
const operand = fc.constantFrom(
  ...['x', 'y', 'source', 'target', 'source.x', 'rows', 'target.rows', '1', '10 s', '4 MB', "'t'", 'true', "'0/1'"],
  ...['-x', 'x + 1', 'x - y', 'x * 2', '1 / x', 'source / target', "x - '2026-01-01'", 'x * x * 1e9000 * 1e9000'],
);
const comparison = fc.constantFrom('=', '<>', '<', '>=');
const condition = fc.oneof(
  fc.constantFrom('same', 'same within 5 %', 'same within 10', 'same within 1 s', 'empty', 'true', 'x is null'),
  fc.tuple(operand, comparison, operand).map(parts => parts.join(' ')),
);
const expectation = fc
  .tuple(condition, fc.constantFrom('', 'and', 'or', 'and not', 'or not'), condition)
  .map(([a, joined, b]) => (joined ? `${a} ${joined} ${b}` : a));

it('judges any answers, and never throws', () => {
  const seen = new Set<string>();
  fc.assert(
    fc.property(
      expectation,
      fc.oneof(fc.array(anyAnswer, { maxLength: 4 }), soundAnswers),
      fc.constantFrom(...checkPlaces),
      (text, answers, place) => {
        const read = parseExpect(text);
        if (!read.ok) return;
        const judgement = judge(read.expectation, answers, place);
        expect(judgementSchema.parse(judgement)).toEqual(judgement);
        expect(judgement.summary).not.toBe('');
        expect(judgement.summary).not.toContain('\n');
        seen.add(judgement.verdict);
      },
    ),
    { numRuns: 3000 },
  );
  expect([...seen].sort()).toEqual([...checkVerdicts].sort());
});

it.for([
  ['interval', '1 day '],
  ['interval', '0.1 s 0.01 s '],
  ['interval', ' '],
  ['numeric', '9'],
  ['numeric', '0'],
  ['timestamptz', '2026-01-01 '],
  ['text', '1 '],
  ['text', '1.'],
  ['pg_lsn', 'F/'],
] as const)('a megabyte of a %s, %j, is judged at once', ([type, piece]) => {
  const text = piece.repeat(1_000_000 / piece.length);
  const answers = both(`x ${type}`, [[text]], [[`${text}1`]]);
  const started = performance.now();
  for (const form of [
    'x < 10 s',
    'x > 5',
    'target - source < 5',
    'same',
    'same within 5 %',
    'same within 1 s',
    'empty',
  ])
    judge(parsed(form), answers, 'both');
  // Some 100 ms; minutes for anything quadratic.
  expect(performance.now() - started).toBeLessThan(5000);
});
