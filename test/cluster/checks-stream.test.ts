import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checksToCompare, findCheck } from '../../src/checks/catalogue';
import { whyNoCitus } from '../lab/installations';
import { type LabPair, startCitusPair, startPlainPair } from '../lab/lab';
import type { LabServer } from '../lab/server';
import { runChecks } from './checks-on';

const missing = await whyNoCitus();
if (missing) console.warn(`SKIPPED: results that stream, on Citus. ${missing}`);

const ids = checksToCompare().map(({ id }) => id);
const asksWorkers = (id: string) => findCheck(id)!.queries.some(({ nodes }) => nodes === 'every');

/**
 * Runs every check while nobody can read pg_sequence there, and lets go of it with that many results. Were results given
 * only at the end, the lock would outlast all that waits for it, and the sequences be unknown.
 */
async function runWhileHeld(pair: LabPair, { host, port, database, user }: LabServer, results: number) {
  const holder = new Client({ host, port, database, user });
  await holder.connect();
  await holder.query('BEGIN; LOCK TABLE pg_catalog.pg_sequence IN ACCESS EXCLUSIVE MODE');
  let letGo: Promise<unknown> | undefined;
  const streamed: string[] = [];
  const all = await runChecks(pair, ids, {}, ({ id }) => {
    streamed.push(id);
    if (streamed.length === results) letGo = holder.query('ROLLBACK');
  });
  await letGo;
  await holder.end();
  return { results: all, streamed };
}

function expectWhole({ results, streamed }: Awaited<ReturnType<typeof runWhileHeld>>): void {
  expect(results.map(({ id }) => id)).toEqual(ids);
  expect([...streamed].sort()).toEqual([...ids].sort());
  expect(results.filter(({ verdict }) => verdict !== 'pass')).toEqual([]);
}

describe('on two plain servers', () => {
  let pair: LabPair;
  beforeAll(async () => {
    pair = await startPlainPair();
  });
  afterAll(() => pair?.stop());

  test.each(['source', 'target'] as const)(
    'a check is judged when both sides answered it, though the %s hangs at the next',
    async side => {
      const run = await runWhileHeld(pair, pair[side].coordinator, 1);
      expectWhole(run);
      expect(run.streamed[0]).not.toMatch(/^sequences\./);
    },
  );
});

describe.skipIf(missing)('on Citus 11.1 and 13.2', () => {
  let pair: LabPair;
  beforeAll(async () => {
    if (!missing) pair = await startCitusPair();
  });
  afterAll(() => pair?.stop());

  test('what asks coordinators alone is judged while a worker hangs', async () => {
    const ofCoordinators = ids.filter(id => !asksWorkers(id));
    const run = await runWhileHeld(pair, pair.target.workers[1]!, ofCoordinators.length);
    expectWhole(run);
    expect(run.streamed.slice(0, ofCoordinators.length).sort()).toEqual(ofCoordinators.sort());
    expect(ofCoordinators.length).toBeGreaterThan(5);
  });
});
