import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { machineFiles } from '../../src/checks/operations/machine-files';
import { sides } from '../../src/shared/side';
import { whyNoCitus } from '../lab/installations';
import { type LabPair, startCitusPair, startPlainPair } from '../lab/lab';
import type { LabServer } from '../lab/server';
import { runCheck, runRemedy } from './checks-on';

const hasCompiler = process.platform === 'linux' && spawnSync('cc', ['--version']).status === 0;
if (!hasCompiler) console.warn('SKIPPED: machines of other sizes. Install a C compiler on Linux to run them.');
const missing = await whyNoCitus();
if (missing) console.warn(`SKIPPED: machines of other sizes under Citus. ${missing}`);

const addressOf = ({ host, port }: LabServer) => `${host}:${port}`;
const check = (pair: LabPair, as?: { user: string }) => runCheck(pair, 'operations.machine', as);

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'cutover-machine-'));
  chmodSync(folder, 0o755);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A library with which a server finds the system's files below `machine` in its data directory, once that is there. */
function otherMachine(): string {
  const source = join(folder, 'machine.c');
  writeFileSync(
    source,
    `#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
static FILE *moved(const char *name, const char *path, const char *mode) {
  FILE *(*real)(const char *, const char *) = dlsym(RTLD_NEXT, name);
  char other[4096];
  if ((strncmp(path, "/proc/", 6) && strncmp(path, "/sys/", 5)) || access("machine", F_OK)) return real(path, mode);
  snprintf(other, sizeof other, "machine%s", path);
  return real(other, mode);
}
FILE *fopen(const char *path, const char *mode) { return moved("fopen", path, mode); }
FILE *fopen64(const char *path, const char *mode) { return moved("fopen64", path, mode); }
`,
  );
  const library = join(folder, 'machine.so');
  execFileSync('cc', ['-shared', '-fPIC', '-o', library, source, '-ldl']);
  return library;
}

async function withOtherMachines(start: () => Promise<LabPair>): Promise<LabPair> {
  process.env.LD_PRELOAD = otherMachine();
  try {
    return await start();
  } finally {
    delete process.env.LD_PRELOAD;
  }
}

type Texts = Partial<Record<keyof typeof machineFiles, string>>;

/** From now on the server has this machine, and no other file of the system. */
function putOn({ dataDir }: LabServer, texts: Texts): void {
  const machine = join(dataDir, 'machine');
  rmSync(machine, { recursive: true, force: true });
  mkdirSync(machine);
  for (const [name, text] of Object.entries(texts)) {
    const file = join(machine, machineFiles[name as keyof Texts]);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
}

const ownMachine = ({ dataDir }: LabServer) => rmSync(join(dataDir, 'machine'), { recursive: true });

const sized = (cores: number, gigabytes: number): Texts => ({
  online: `0-${cores - 1}\n`,
  meminfo: `MemTotal:       ${gigabytes * 2 ** 20} kB\nMemFree:  1 kB\nSwapTotal:   0 kB\n`,
});

describe.skipIf(!hasCompiler)('a server whose machine', () => {
  let pair: LabPair;
  let source: LabServer;
  let target: LabServer;
  beforeAll(async () => {
    if (!hasCompiler) return;
    pair = await withOtherMachines(startPlainPair);
    [source, target] = [pair.source.coordinator, pair.target.coordinator];
  });
  afterAll(() => pair?.stop());

  test('is the other’s, as the system tells it', async () => {
    const found = await check(pair);
    expect(found).toMatchObject({ verdict: 'pass', differences: [], unknown: [] });
    expect(found.details).toEqual(
      sides.map(side =>
        expect.stringMatching(
          new RegExp(
            `^remark: ${side} ${addressOf(pair[side].coordinator)}: [\\d.]+ cores?, [\\d.]+ [MGT]B of memory, .*shared_buffers = 128 MB`,
          ),
        ),
      ),
    );
  });

  test('is smaller, until it is not', async () => {
    putOn(source, sized(8, 64));
    putOn(target, sized(4, 32));
    expect((await check(pair)).differences).toEqual([
      { what: 'cores', node: addressOf(target), source: '8 cores', target: '4 cores' },
      { what: 'memory', node: addressOf(target), source: '64 GB', target: '32 GB' },
    ]);
    putOn(target, sized(16, 64));
    const larger = await check(pair);
    expect(larger).toMatchObject({ verdict: 'pass' });
    expect(larger.details).toContain('remark: more cores on the target: source 8 cores, target 16 cores');
  });

  test.each<[string, Texts]>([
    ['2', { memoryMax: `${16 * 2 ** 30}\n`, cpuMax: '250000 100000\n' }],
    ['1', { memoryLimit: `${16 * 2 ** 30}\n`, cpuQuota: '250000\n', cpuPeriod: '100000\n' }],
  ])('is a container with limits by control groups of version %s', async (_, limits) => {
    putOn(source, sized(8, 64));
    putOn(target, { ...sized(8, 64), ...limits });
    const found = await check(pair);
    expect(found.differences).toEqual([
      { what: 'cores', node: addressOf(target), source: '8 cores', target: '2.5 cores' },
      { what: 'memory', node: addressOf(target), source: '64 GB', target: '16 GB' },
    ]);
    expect(found.details.join()).toContain('its container is limited to less than the machine has');
    putOn(target, { ...sized(8, 64), memoryMax: 'max\n', cpuMax: 'max 100000\n', cpuQuota: '-1\n' });
    expect((await check(pair)).verdict).toBe('pass');
  });

  test('has no room beside shared_buffers', async () => {
    for (const server of [source, target]) putOn(server, sized(8, 1));
    await target.query(`ALTER SYSTEM SET shared_buffers = '900MB'`);
    const restart = async () => {
      await target.stop();
      process.env.LD_PRELOAD = join(folder, 'machine.so');
      try {
        await target.start();
      } finally {
        delete process.env.LD_PRELOAD;
      }
    };
    await restart();
    const found = await check(pair);
    expect(found.differences).toEqual([
      { what: 'shared_buffers above 75 % of the memory', node: addressOf(target), target: '900 MB of 1 GB' },
    ]);
    const shown = async () =>
      (await target.query<{ shared_buffers: string }>('SHOW shared_buffers'))[0]!.shared_buffers;
    await runRemedy(pair, found);
    await restart();
    expect([await shown(), (await check(pair)).verdict]).toEqual(['256MB', 'pass']);
    await target.query(found.remedies[0]!.rollback.split(';')[0]!);
    await restart();
    expect([await shown(), (await check(pair)).summary]).toEqual(['900MB', found.summary]);
    await runRemedy(pair, found);
    await restart();
    expect((await check(pair)).verdict).toBe('pass');
  });

  test('is none of Linux, or tells nonsense: unknown, and what to do', async () => {
    putOn(source, sized(8, 64));
    const what =
      'cores and memory: its system does not tell them as Linux does; ask the provider, or measure: group probe';
    for (const texts of [{}, { online: 'all\n', meminfo: 'MemTotal: plenty\n' }]) {
      putOn(target, texts);
      expect(await check(pair)).toMatchObject({
        verdict: 'unknown',
        differences: [],
        unknown: [{ what, node: addressOf(target) }],
      });
    }
    for (const server of [source, target]) ownMachine(server);
    expect((await check(pair)).verdict).toBe('pass');
  });

  test('the role may not read: unknown without a grant, whichever half of the privilege is missing', async () => {
    for (const { coordinator } of sides.map(side => pair[side]))
      await coordinator.query(
        `CREATE ROLE watcher LOGIN; GRANT pg_monitor TO watcher; CREATE ROLE half LOGIN; GRANT pg_read_server_files TO half;
         CREATE ROLE other LOGIN; GRANT EXECUTE ON FUNCTION pg_read_file(text, bigint, bigint, boolean) TO other;
         CREATE ROLE reader LOGIN IN ROLE half, other; CREATE ROLE distant LOGIN NOINHERIT IN ROLE half, other`,
      );
    for (const user of ['watcher', 'half', 'other', 'distant']) {
      const { verdict, unknown } = await check(pair, { user });
      expect([user, verdict, unknown]).toEqual([
        user,
        'unknown',
        [source, target].map(server => ({
          what: 'cores and memory: only superusers may read them; ask the provider, or measure: group probe',
          node: addressOf(server),
        })),
      ]);
    }
    expect((await check(pair, { user: 'reader' })).verdict).toBe('pass');
  });
});

describe.skipIf(!hasCompiler || missing)('clusters of Citus whose machines', () => {
  let pair: LabPair;
  beforeAll(async () => {
    if (hasCompiler && !missing) pair = await withOtherMachines(startCitusPair);
  });
  afterAll(() => pair?.stop());

  test('are alike, but for the one of a worker', async () => {
    expect(await check(pair)).toMatchObject({ verdict: 'pass', unknown: [] });
    for (const side of sides)
      for (const server of [pair[side].coordinator, ...pair[side].workers]) putOn(server, sized(8, 64));
    expect((await check(pair)).verdict).toBe('pass');
    const [, second] = pair.target.workers;
    putOn(second!, sized(6, 62));
    expect((await check(pair)).differences).toEqual([
      { what: 'cores of the smallest worker', node: addressOf(second!), source: '8 cores', target: '6 cores' },
      { what: 'cores of all workers', source: '16 cores', target: '14 cores' },
    ]);
    putOn(second!, {});
    expect(await check(pair)).toMatchObject({ verdict: 'unknown', unknown: [{ node: addressOf(second!) }] });
    putOn(second!, sized(8, 64));
    expect((await check(pair)).verdict).toBe('pass');
  });

  test('a role may not read, on workers either', async () => {
    for (const side of sides) await pair[side].coordinator.query('CREATE ROLE watcher LOGIN');
    const { verdict, unknown } = await check(pair, { user: 'watcher' });
    expect(verdict).toBe('unknown');
    expect(unknown.map(({ node }) => node).sort()).toEqual(
      sides.flatMap(side => [pair[side].coordinator, ...pair[side].workers].map(addressOf)).sort(),
    );
    expect(unknown.every(({ grant }) => grant === undefined)).toBe(true);
  });
});
