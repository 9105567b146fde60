import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { Session } from '../../src/cluster/session';
import { type Side, sides } from '../../src/shared/side';
import { whyNoCitus } from '../lab/installations';
import { type LabPair, startCitusPair } from '../lab/lab';
import { diagnose, orderedOtherwise, runScript, standingsOf } from './duplicate-key-on';

const missing = await whyNoCitus();
if (missing) console.warn(`SKIPPED: duplicate keys on Citus. ${missing}`);

let pair: LabPair;
beforeAll(async () => {
  if (missing) return;
  pair = await startCitusPair();
  for (const side of sides) {
    const { coordinator } = pair[side];
    await coordinator.query('CREATE EXTENSION amcheck');
    await coordinator.query(`CREATE COLLATION natural_order (provider = icu, locale = 'en-u-kn-true')`);
    await coordinator.query(
      'CREATE TABLE codes (tenant int, code text COLLATE natural_order, PRIMARY KEY (tenant, code))',
    );
    await coordinator.query(`SELECT create_distributed_table('codes', 'tenant', shard_count := 4)`);
    await coordinator.query(
      `INSERT INTO codes SELECT t, 'a' || i FROM generate_series(1, 8) AS t, generate_series(1, 200) AS i`,
    );
    await coordinator.query('CREATE TABLE events (id bigserial PRIMARY KEY)');
    await coordinator.query(`SELECT create_distributed_table('events', 'id', shard_count := 4)`);
  }
});
afterAll(() => pair?.stop());

const nodesOf = (side: Side) => [pair[side].coordinator, ...pair[side].workers];

describe.skipIf(missing)('on Citus 11.1 and 13.2', () => {
  test.each(sides)('a corrupt index of one shard on a worker, and its repair: %s', async side => {
    const { coordinator, workers } = pair[side];
    const [worker] = workers;
    const address = `${worker!.host}:${worker!.port}`;
    const sound = await diagnose(pair, { side, amcheck: true });
    expect(sound.indexes.map(({ state }) => state)).toEqual(['sound', 'sound', 'sound', 'sound']);
    expect(new Set(sound.indexes.map(({ node }) => node)).size).toBe(2);

    await orderedOtherwise(worker!, 'natural_order');
    await coordinator.query(
      `INSERT INTO codes SELECT t, 'a' || i FROM generate_series(1, 8) AS t, generate_series(1, 200) AS i ON CONFLICT DO NOTHING`,
    );
    const found = await diagnose(pair, { side, amcheck: true });
    expect(standingsOf(found).slice(0, 2)).toEqual(['order likely verified', 'duplicates likely verified']);
    const corrupt = found.indexes.filter(({ state }) => state === 'corrupt');
    expect(corrupt.length).toBeGreaterThan(0);
    expect(new Set(corrupt.map(({ node }) => node))).toEqual(new Set([address]));
    expect(found.indexes.filter(({ node }) => node !== address).map(({ state }) => state)).toEqual(['sound', 'sound']);
    expect(found.scripts.map(({ node }) => node)).toEqual([address]);

    // The error of the coordinator names the shard's index.
    const named = await diagnose(pair, {
      side,
      errorText: `duplicate key value violates unique constraint "${corrupt[0]!.index}"`,
    });
    expect(named.indexes[0]).toMatchObject({ index: corrupt[0]!.index, node: address, why: 'named' });

    // The one that is named is told from those that are broken.
    const sane = found.indexes.find(({ state }) => state === 'sound')!;
    const other = await diagnose(pair, { side, errorText: `unique constraint "${sane.index}"`, amcheck: true });
    expect(other.hypotheses[0]!.evidence[0]).toBe(`amcheck finds nothing wrong with ${sane.index}, but with others`);

    await runScript(worker!, found.scripts[0]!.sql);
    const again = await diagnose(pair, { side, amcheck: true });
    expect(again.indexes.map(({ state }) => state)).toEqual(['sound', 'sound', 'sound', 'sound']);
    expect(again.scripts).toEqual([]);
    expect(await coordinator.query('SELECT count(*)::int AS rows FROM codes')).toEqual([{ rows: 1600 }]);
  });

  test.each(sides)("a worker's sequence that began its range again: %s", async side => {
    const [worker] = pair[side].workers;
    for (let i = 0; i < 3; i++) await worker!.query('INSERT INTO events DEFAULT VALUES');
    expect(standingsOf(await diagnose(pair, { side }))).toContain('range unlikely observed');
    await worker!.query(
      `SELECT setval('events_id_seq', (SELECT min_value FROM pg_sequences WHERE sequencename = 'events_id_seq'), false)`,
    );
    const error: Error = await worker!.query('INSERT INTO events DEFAULT VALUES').then(
      () => expect.unreachable(),
      failure => failure,
    );
    const { message, detail } = error as Error & { detail: string };
    const found = await diagnose(pair, { side, errorText: `ERROR: ${message}\nDETAIL: ${detail}` });
    expect(standingsOf(found)[0]).toBe('range likely observed');
    expect(found.hypotheses[0]!.evidence).toEqual([
      expect.stringContaining(`${worker!.host}:${worker!.port}: public.events_id_seq at `),
    ]);
    expect(found.indexes[0]).toMatchObject({ why: 'named', index: expect.stringMatching(/^events_pkey_\d+$/) });
    expect(found.scripts.map(({ node }) => node)).toEqual([`${worker!.host}:${worker!.port}`]);
    await runScript(worker!, found.scripts[0]!.sql);
    expect(standingsOf(await diagnose(pair, { side }))).toContain('range unlikely observed');
    await worker!.query('INSERT INTO events DEFAULT VALUES');
  });

  test('as many round trips with 64 shards as with four', async () => {
    const transaction = vi.spyOn(Session.prototype, 'transaction');
    const roundTrips = async () => {
      transaction.mockClear();
      await diagnose(pair, { side: 'target' });
      return transaction.mock.calls.length;
    };
    const few = await roundTrips();
    await pair.target.coordinator.query('CREATE TABLE words (code text COLLATE natural_order PRIMARY KEY)');
    await pair.target.coordinator.query(`SELECT create_distributed_table('words', 'code', shard_count := 64)`);
    expect(await roundTrips()).toBe(few);
    expect((await diagnose(pair, { side: 'target' })).indexes.length).toBeGreaterThan(64);
    transaction.mockRestore();
    await pair.target.coordinator.query('DROP TABLE words');
  });

  test('a worker that is down is unknown, and nothing is called unlikely for what it may hold', async () => {
    const [, second] = pair.target.workers;
    await second!.stop();
    const found = await diagnose(pair, { side: 'target', amcheck: true });
    expect(found.unknown.map(({ node }) => node)).toContain(`${second!.host}:${second!.port}`);
    expect(standingsOf(found)).toContain('order unknown unknown');
    await second!.start();
    expect(nodesOf('target')).toHaveLength(3);
  });
});
