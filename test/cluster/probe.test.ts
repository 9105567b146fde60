import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findCheck } from '../../src/checks/catalogue';
import type { CatalogueResult } from '../../src/diagnosis/run-catalogue-checks';
import { type Side, sides } from '../../src/shared/side';
import { type LabPair, startPlainPair } from '../lab/lab';
import { throttle } from '../lab/scenarios/faults/throttle';
import { runCheck, runChecks, wordsOf } from './checks-on';
import { delaySystemCalls, preferServer, whyNoTracing } from './probe-faults';

let pair: LabPair;
const on = (side: Side, sql: string) => pair[side].coordinator.query(sql);
const onBoth = async (...statements: string[]) => {
  for (const side of sides) for (const sql of statements) await on(side, sql);
};
const addressOf = (side: Side) => `${pair[side].coordinator.host}:${pair[side].coordinator.port}`;
const reads = ['pread64', 'preadv', 'preadv2'];
const writes = ['pwrite64', 'pwritev', 'pwritev2'];

/** Measured again while the machine is too busy for it to tell, as its reader is told to. */
async function probe(id: string, verdict: CatalogueResult['verdict']): Promise<CatalogueResult> {
  let found = await runCheck(pair, id);
  for (let again = 0; found.verdict !== verdict && again < 20; again++) found = await runCheck(pair, id);
  expect([wordsOf(found), found.verdict]).toEqual([expect.any(String), verdict]);
  return found;
}

beforeAll(async () => {
  pair = await startPlainPair();
  await onBoth(
    `CREATE TABLE "o'dd <b>%s & ""co"".]]>" AS SELECT n, repeat('x', 900) AS filler FROM generate_series(1, 60000) AS n`,
    `CREATE TABLE small AS SELECT 1 AS n`,
    'CREATE ROLE nobody LOGIN',
    'VACUUM ANALYZE',
  );
  // What was just written is in shared buffers.
  for (const side of sides) {
    await pair[side].coordinator.stop();
    await pair[side].coordinator.start();
    preferServer(pair[side].coordinator);
  }
});
afterAll(() => pair?.stop());

describe('two servers that are alike', () => {
  test('no probe finds a difference, and each says what it measured', async () => {
    const began = performance.now();
    const results = await runChecks(pair, ['probe.cpu', 'probe.temporary-files', 'probe.latency']);
    expect(performance.now() - began).toBeLessThan(20_000);
    expect(results.flatMap(({ differences }) => differences)).toEqual([]);
    const [cpu, temporary, latency] = results;
    for (const side of sides) {
      expect(cpu!.details).toContainEqual(
        expect.stringMatching(
          new RegExp(`${side} ${addressOf(side)}: [\\d.]+ ms, with \\d+ % of a core, beside \\d+ other`),
        ),
      );
      expect(temporary!.details).toContainEqual(
        expect.stringMatching(new RegExp(`${side} ${addressOf(side)}: [\\d,.]+ ms`)),
      );
    }
    expect(latency).toMatchObject({ verdict: 'pass', summary: 'neither side has workers' });
    await probe('probe.cpu', 'pass');
  });

  test('what is in memory says nothing of the disk; no name leads the query astray', async () => {
    const { unknown, differences } = await runCheck(pair, 'probe.reads');
    expect(differences).toEqual([]);
    expect(unknown.map(({ what }) => what)).toContainEqual(
      expect.stringMatching(
        /^the disk was not seen: of 256 pages of public\.o'dd <b>%s & "co"\.\]\]> \(5\d MB\) \d+ were in/,
      ),
    );
  });

  test('a role that may read none of it, and one without room for temporary files', async () => {
    await onBoth(`ALTER ROLE nobody SET temp_file_limit = '60MB'`);
    const [reading, temporary, cpu] = await runChecks(pair, ['probe.reads', 'probe.temporary-files', 'probe.cpu'], {
      user: 'nobody',
    });
    const none = (side: Side) =>
      `${side}: no node has a table of 8 MB or more, by its statistics, that the role may read`;
    expect(reading!.unknown.map(({ what }) => what)).toEqual(sides.map(none));
    expect(temporary!.unknown).toEqual(
      sides.map(side => ({ what: 'temp_file_limit leaves no room for 64 MB', node: addressOf(side) })),
    );
    expect(wordsOf(cpu!)).not.toContain('beside');
    // Policies run functions of their own.
    await onBoth(`GRANT SELECT ON ALL TABLES IN SCHEMA public TO nobody`);
    const granted = await runChecks(pair, ['probe.reads'], { user: 'nobody' });
    expect(wordsOf(granted[0]!)).not.toContain('no node has a table');
    await on('source', `ALTER TABLE "o'dd <b>%s & ""co"".]]>" ENABLE ROW LEVEL SECURITY`);
    const secured = await runChecks(pair, ['probe.reads'], { user: 'nobody' });
    expect(secured[0]!.unknown).toContainEqual({ what: none('source') });
    await on('source', `ALTER TABLE "o'dd <b>%s & ""co"".]]>" DISABLE ROW LEVEL SECURITY`);
  });

  test('no page but those of one table is read, nothing is written, and settings are as before', async () => {
    const state = async () => {
      await on('target', 'SELECT pg_stat_clear_snapshot()');
      const [row] = await pair.target.coordinator.query<Record<string, string>>(
        `SELECT pg_snapshot_xmax(pg_current_snapshot())::text AS next,
                (SELECT sum(heap_blks_read + heap_blks_hit) FROM pg_statio_user_tables WHERE relname <> 'small')::text AS large,
                (SELECT sum(heap_blks_read + heap_blks_hit) FROM pg_statio_user_tables WHERE relname = 'small')::text AS small,
                (SELECT temp_bytes FROM pg_stat_database WHERE datname = current_database())::text AS temporary`,
      );
      return row!;
    };
    const before = await state();
    await runChecks(pair, ['probe.reads', 'probe.temporary-files']);
    await expect.poll(async () => Number((await state()).large) - Number(before.large)).toBe(256);
    const after = await state();
    expect([after.next, after.small]).toEqual([before.next, before.small]);
    const written = (Number(after.temporary) - Number(before.temporary)) / 2 ** 20;
    expect(written).toBeGreaterThanOrEqual(32);
    expect(written).toBeLessThan(3 * 35);
    const asked = findCheck('probe.temporary-files')!.queries.find(({ name }) => name === 'probeTemporaryFiles')!;
    const sql = asked.sql({ versionNum: 150_000, citus: false, role: 'coordinator' });
    const [memory] = await on(
      'target',
      `SELECT current_setting('work_mem') AS after FROM (SELECT (${sql})->>'ms' AS ms OFFSET 0) AS run WHERE ms IS NOT NULL`,
    );
    expect(memory).toEqual({ after: '16MB' });
  });
});

describe('a slower target', () => {
  test('each computation takes longer: instrumentation that times every row', async () => {
    const set = async (...statements: string[]) => {
      for (const statement of statements) await on('target', `ALTER SYSTEM ${statement}`);
      await on('target', 'SELECT pg_reload_conf()');
    };
    await set(`SET session_preload_libraries = 'auto_explain'`);
    await expect
      .poll(async () => (await on('target', `SHOW session_preload_libraries`))[0])
      .toMatchObject({
        session_preload_libraries: 'auto_explain',
      });
    await set('SET auto_explain.log_min_duration = 0', 'SET auto_explain.log_analyze = on');
    const found = await probe('probe.cpu', 'fail');
    expect(found.differences).toEqual([
      {
        what: expect.stringMatching(/^the same computation takes \d\.\d× as long$/),
        node: addressOf('target'),
        source: expect.stringMatching(/ms$/),
        target: expect.stringMatching(/ms$/),
      },
    ]);
    // The same on a node that gets next to nothing of its processor.
    await onBoth('ALTER ROLE nobody RESET temp_file_limit');
    const release = await throttle(pair.target.coordinator, 'nobody');
    try {
      const [busy] = await runChecks(pair, ['probe.cpu'], { user: 'nobody' });
      expect(busy).toMatchObject({ verdict: 'unknown', differences: [] });
      expect(busy!.unknown.map(({ node }) => node)).toEqual([addressOf('target')]);
    } finally {
      await release();
    }
    await set('RESET ALL');
    await expect
      .poll(async () => (await on('target', `SHOW session_preload_libraries`))[0])
      .toMatchObject({
        session_preload_libraries: '',
      });
    await probe('probe.cpu', 'pass');
  });

  test('each read takes longer, and each write of a temporary file', async context => {
    const why = await whyNoTracing(pair.target.coordinator);
    if (why) {
      console.warn(`SKIPPED: slow disks. ${why}`);
      context.skip();
    }
    const faster = await delaySystemCalls(pair.source.coordinator, reads, 300);
    const slower = await delaySystemCalls(pair.target.coordinator, [...reads, ...writes], 3_000);
    try {
      expect((await probe('probe.reads', 'fail')).differences).toEqual([
        {
          what: expect.stringMatching(/^reading a page from disk takes [\d.]+× as long$/),
          node: addressOf('target'),
          source: expect.stringMatching(/^0\.[3-9]\d* ms$/),
          target: expect.stringMatching(/^[3-5]\.\d ms$/),
        },
      ]);
    } finally {
      await slower();
      await faster();
    }
    const slowWrites = await delaySystemCalls(pair.target.coordinator, writes, 300);
    try {
      expect((await probe('probe.temporary-files', 'fail')).differences).toMatchObject([
        { what: expect.stringContaining('sorting 32 MB through a temporary file takes'), node: addressOf('target') },
      ]);
    } finally {
      await slowWrites();
    }
    await probe('probe.temporary-files', 'pass');
    expect((await runCheck(pair, 'probe.reads')).differences).toEqual([]);
  });
});
