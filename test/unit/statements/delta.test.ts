import { expect, it } from 'vitest';
import { rowsBetween } from '../../../src/statements/delta';
import { at } from '../../../src/statements/figures';
import { node, type TestRow } from './reading-rows';

const row = (sql: string, calls: number, more: Partial<TestRow> = {}): TestRow => ({
  sql,
  figures: { calls, totalMs: 10 * calls },
  ...more,
});
const texts = (delta: ReturnType<typeof rowsBetween>) => delta.notes.map(({ text }) => text).join(' ');
const calls = (delta: ReturnType<typeof rowsBetween>) =>
  Object.fromEntries(delta.rows.map(({ sql, figures }) => [sql, figures[at.calls]]));

it('gives what was counted in between, and leaves out what did not run', () => {
  const delta = rowsBetween(node([row('a', 5), row('b', 3)]), node([row('a', 9), row('b', 3), row('new', 2)]));
  expect(calls(delta)).toEqual({ a: 4, new: 2 });
  expect(delta.notes).toEqual([]);
});

it('counts from a reset on, and says when it was', () => {
  const delta = rowsBetween(node([row('a', 5)]), node([row('a', 7)], { resetAt: '2026-11-01T12:00:00.000Z' }));
  expect(calls(delta)).toEqual({ a: 7 });
  expect(delta.resetAt).toBe('2026-11-01T12:00:00.000Z');
  expect(texts(delta)).toMatch(/reset at 2026-11-01T12/);
});

it('says that a statement shrank, was counted anew, or is gone', () => {
  const delta = rowsBetween(
    node([row('shrank', 5), row('gone', 2), row('anew', 1, { since: '2026-11-01' })], {}, '1.11'),
    node([row('shrank', 4), row('anew', 6, { since: '2026-11-02' })], {}, '1.11'),
  );
  expect(calls(delta)).toEqual({ shrank: 4, anew: 6 });
  expect(texts(delta)).toMatch(/2 statements were reset or evicted.*1 statements of the earlier reading are gone/);
});

it.each([
  [{ dealloc: 3 }, '1.10', /evicted 3 times/],
  [{ startedAt: '2026-11-01T10:00:00.000Z' }, '1.10', /restarted at 2026-11-01T10.*kept/],
  [
    { startedAt: '2026-11-01T10:00:00.000Z', settings: { 'pg_stat_statements.save': 'off' } },
    '1.10',
    /restarted.*does not keep/,
  ],
  [{}, '1.11', /was 1\.10 and is 1\.11/],
])('says what happened: %j, extension %s', (header, extension, wanted) => {
  expect(texts(rowsBetween(node([row('a', 1)]), node([row('a', 2)], header, extension)))).toMatch(wanted);
});

it('says that an earlier reading lacks the node', () => {
  const delta = rowsBetween(undefined, node([row('a', 2)]));
  expect(calls(delta)).toEqual({ a: 2 });
  expect(texts(delta)).toMatch(/nothing of this node/);
});
