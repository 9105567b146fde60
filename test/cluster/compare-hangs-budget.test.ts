import { afterAll, beforeAll, expect, test } from 'vitest';
import * as z from 'zod/mini';
import type { CheckQuery } from '../../src/checks/check';
import { readCheckAnswers } from '../../src/cluster/read-checks';
import { Session } from '../../src/cluster/session';
import { type LabPair, startPlainPair } from '../lab/lab';
import { limits, profileOf } from './profile-of';

let pair: LabPair;
beforeAll(async () => {
  pair = await startPlainPair();
});
afterAll(() => pair?.stop());

const sleeping = (name: string, seconds: number): CheckQuery<unknown> => ({
  name,
  nodes: 'coordinator',
  sql: () => `SELECT to_json(pg_sleep(${seconds})::text)`,
  answer: z.unknown(),
});

/** What each query came to: an answer, or why there is none. */
async function outcomes(queries: CheckQuery<unknown>[], options: { timeoutMs: number; budgetMs: number }) {
  const session = await Session.open(profileOf(pair.source.coordinator), undefined, limits);
  const began = performance.now();
  const { nodes } = await readCheckAnswers(session, [{ queries }], options);
  const elapsedMs = performance.now() - began;
  const stands = (await session.query('SELECT 1')).rows;
  await session.close();
  const answers = [...nodes[0]!.answers].map(([name, answer]) => [
    name,
    'text' in answer ? 'answered' : answer.problem.message,
  ]);
  return { elapsedMs, stands, answers: Object.fromEntries(answers) };
}

test('queries that are slow, each within its time, end together with the time of all', async () => {
  const queries = ['a', 'b', 'c', 'd', 'e', 'f'].map(name => sleeping(name, 1));
  const { elapsedMs, stands, answers } = await outcomes(queries, { timeoutMs: 2_000, budgetMs: 2_500 });
  const late = 'There was no answer to all of it within 2.5 s.';
  expect(answers).toEqual({ a: 'answered', b: 'answered', c: late, d: late, e: late, f: late });
  expect(elapsedMs).toBeLessThan(4_000);
  expect(stands).toEqual([['1']]);
});

test('a query that takes longer than it may is given up, and those behind it are answered', async () => {
  const queries = [sleeping('quick', 0), sleeping('hanging', 60), sleeping('behind', 0)];
  const { elapsedMs, stands, answers } = await outcomes(queries, { timeoutMs: 1_000, budgetMs: 10_000 });
  expect(answers).toEqual({ quick: 'answered', hanging: 'There was no answer within 1 s.', behind: 'answered' });
  expect(elapsedMs).toBeLessThan(3_000);
  expect(stands).toEqual([['1']]);
});
