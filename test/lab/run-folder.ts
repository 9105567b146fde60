/**
 * A temporary folder that never outlives the process that made it, nor do the processes that work in it: removed by its
 * owner when all goes well, by a watchdog process when the owner dies (Ctrl-C, crash, SIGKILL), by the next run when the
 * watchdog died too. What is ended is found by the folder's path in its command line, so nothing else can be hit.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { chmod, mkdtemp, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cleanUp, isAlive } from './clean-up.mjs';

export interface RunFolder {
  path: string;
  /** Ends what still runs in the folder and removes it. */
  remove(): Promise<void>;
}

type RunKind = 'lab' | 'vscode' | 'demo';

let watchdog: ChildProcess | undefined;
let swept: Promise<void> | undefined;

/** Makes `<tmp>/cutover-<kind>-<pid>-XXXXXX`; short, because Unix sockets lie below it (their paths end at 104 bytes). */
export async function createRunFolder(kind: RunKind): Promise<RunFolder> {
  swept ??= sweep();
  await swept;
  const path = await mkdtemp(join(tmpdir(), `cutover-${kind}-${process.pid}-`));
  await chmod(path, 0o755);
  tellWatchdog(`+${path}`);
  return {
    path,
    async remove() {
      await cleanUp(path);
      tellWatchdog(`-${path}`);
    },
  };
}

/** Removes what runs left behind whose owner and watchdog are both gone, as after a power cut. */
async function sweep(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const owner = /^cutover-(?:lab|vscode|demo)-(\d+)-\w{6}$/.exec(name)?.[1];
    if (owner !== undefined && !isAlive(Number(owner))) await cleanUp(join(tmpdir(), name));
  }
}

function tellWatchdog(line: string): void {
  if (!watchdog || watchdog.exitCode !== null) {
    watchdog = spawn(process.execPath, [fileURLToPath(new URL('watchdog.mjs', import.meta.url))], {
      // In a session of its own, so that Ctrl-C in the terminal does not reach it.
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
      cwd: tmpdir(),
    });
    watchdog.unref();
    const pipe = watchdog.stdin as (NodeJS.WritableStream & { unref?(): void }) | null;
    pipe?.unref?.();
    // A watchdog that died is replaced at the next folder; the sweep covers what lies between.
    pipe?.on('error', () => {});
  }
  watchdog.stdin?.write(`${line}\n`);
}
