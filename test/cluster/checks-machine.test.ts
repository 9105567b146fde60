import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findPostgres, whyNoCitus } from '../lab/installations';
import { type LabPair, startCitusPair, startPlainPair } from '../lab/lab';
import type { LabServer } from '../lab/server';
import { runCheck } from './checks-on';

const hasCompiler = process.platform === 'linux' && spawnSync('cc', ['--version']).status === 0;
if (!hasCompiler) console.warn('SKIPPED: clocks that are wrong. Install a C compiler on Linux to run them.');
const missing = await whyNoCitus();
if (missing) console.warn(`SKIPPED: the clock of a worker of Citus. ${missing}`);
const found = await findPostgres();
const embedded = found.filter(each => each.embedded);
const withLz4 = found.find(each => !each.embedded && each.majorVersion >= 14);
if (process.platform !== 'linux' || embedded.length < 2)
  console.warn('SKIPPED: other rules of time zones. It takes the servers that "npm ci" brings, on Linux.');
if (!withLz4 || embedded.length === 0) console.warn('SKIPPED: a target without LZ4. Install PostgreSQL 14 or newer.');

const addressOf = ({ host, port }: LabServer) => `${host}:${port}`;
const restart = async (server: LabServer) => {
  await server.stop();
  await server.start();
};

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'cutover-machine-'));
  chmodSync(folder, 0o755);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A library that has the server read another time from the system. */
function clockAhead(seconds: number): string {
  const source = join(folder, `clock${seconds}.c`);
  writeFileSync(
    source,
    `#define _GNU_SOURCE
#include <dlfcn.h>
#include <sys/time.h>
#include <time.h>
int clock_gettime(clockid_t id, struct timespec *at) {
  int (*real)(clockid_t, struct timespec *) = dlsym(RTLD_NEXT, "clock_gettime");
  int failed = real(id, at);
  if (!failed && id == CLOCK_REALTIME) at->tv_sec += ${seconds};
  return failed;
}
int gettimeofday(struct timeval *at, void *zone) {
  int (*real)(struct timeval *, void *) = dlsym(RTLD_NEXT, "gettimeofday");
  int failed = real(at, zone);
  if (!failed) at->tv_sec += ${seconds};
  return failed;
}
`,
  );
  const library = join(folder, `clock${seconds}.so`);
  execFileSync('cc', ['-shared', '-fPIC', '-o', library, source, '-ldl']);
  return library;
}

async function restartAhead(server: LabServer, seconds: number): Promise<void> {
  process.env.LD_PRELOAD = clockAhead(seconds);
  try {
    await restart(server);
  } finally {
    delete process.env.LD_PRELOAD;
  }
}

describe.skipIf(!hasCompiler)('a clock that is wrong', () => {
  let pair: LabPair;
  afterAll(() => pair?.stop());

  test('of the target: 90 seconds, and so many years that its PostgreSQL is out of support', async () => {
    pair = await startPlainPair({ target: embedded[0]?.majorVersion ?? found[0]!.majorVersion });
    const target = pair.target.coordinator;
    const [clocks, support] = ['topology.clocks', 'versions.support'];
    for (const id of [clocks, support]) expect((await runCheck(pair, id!)).verdict).toBe('pass');
    await restartAhead(target, 90);
    expect((await runCheck(pair, clocks!)).differences).toEqual([
      {
        what: `clock other than that of ${addressOf(pair.source.coordinator)}`,
        node: addressOf(target),
        target: expect.stringMatching(/^(89|90|91) s ahead$/),
      },
    ]);
    await restartAhead(target, 8 * 365 * 86_400);
    expect((await runCheck(pair, support!)).differences).toEqual([
      {
        what: 'major version out of support',
        node: addressOf(target),
        target: expect.stringMatching(/^1\d\.\d+, since 20[23]\d-11-\d\d$/),
      },
    ]);
    await restart(target);
    for (const id of [clocks, support]) expect((await runCheck(pair, id!)).verdict).toBe('pass');
    await pair.stop();
  });

  test.skipIf(missing)('of one worker', async () => {
    pair = await startCitusPair();
    const [first] = pair.source.workers;
    await restartAhead(first!, -45);
    expect((await runCheck(pair, 'topology.clocks')).differences).toEqual([
      {
        what: `clock other than that of ${addressOf(pair.source.coordinator)}`,
        node: addressOf(first!),
        source: expect.stringMatching(/^4[4-6] s behind$/),
      },
    ]);
    await restart(first!);
    expect((await runCheck(pair, 'topology.clocks')).verdict).toBe('pass');
  });
});

describe('other builds', () => {
  let pair: LabPair;
  afterAll(() => pair?.stop());

  test.skipIf(process.platform !== 'linux' || embedded.length < 2)('with older rules of time zones', async () => {
    const [mine, other] = embedded;
    const copy = join(folder, 'native');
    await cp(dirname(mine!.binDir), copy, { recursive: true, verbatimSymlinks: true });
    const zones = join(copy, 'share', 'postgresql', 'timezone');
    process.env.CUTOVER_PG_BIN = join(copy, 'bin');
    try {
      pair = await startPlainPair({ source: other!.majorVersion, target: mine!.majorVersion });
    } finally {
      delete process.env.CUTOVER_PG_BIN;
    }
    expect((await runCheck(pair, 'versions.time-zones')).verdict).toBe('pass');
    // Before October 2022 Jordan went by the same winter time.
    const amman = join(zones, 'Asia', 'Amman');
    renameSync(amman, join(folder, 'Amman'));
    copyFileSync(join(zones, 'Europe', 'Athens'), amman);
    expect((await runCheck(pair, 'versions.time-zones')).differences).toEqual([
      {
        what: `offset of Asia/Amman on 2022-12-15, 03:00 on ${addressOf(pair.source.coordinator)}`,
        node: addressOf(pair.target.coordinator),
        target: '02:00',
      },
    ]);
    copyFileSync(join(folder, 'Amman'), amman);
    expect((await runCheck(pair, 'versions.time-zones')).verdict).toBe('pass');
    await pair.stop();
  });

  test.skipIf(!withLz4 || embedded.length === 0)('without the LZ4 that the source compresses rows with', async () => {
    const target = embedded.find(each => each.majorVersion >= withLz4!.majorVersion)!;
    pair = await startPlainPair({ source: withLz4!.majorVersion, target: target.majorVersion });
    const source = pair.source.coordinator;
    expect((await runCheck(pair, 'versions.binaries')).verdict).toBe('pass');
    await source.query('CREATE TABLE packed (note text COMPRESSION lz4)');
    expect((await runCheck(pair, 'versions.binaries')).differences).toEqual([
      { what: 'compression of rows', source: 'pglz, lz4', target: 'pglz' },
    ]);
    await source.query('ALTER TABLE packed ALTER note SET COMPRESSION pglz');
    expect((await runCheck(pair, 'versions.binaries')).verdict).toBe('pass');
  });
});
