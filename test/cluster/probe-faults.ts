/** Faults that a probe must measure, on one real server. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import type { LabServer } from '../lab/server';

/**
 * Lets the server's next backends go before whatever else the machine does, where we have the right to: a busy node is none
 * that a probe can judge.
 */
export function preferServer({ pid }: LabServer): void {
  const { status, error, stderr } = spawnSync('chrt', ['--fifo', '--pid', '1', String(pid)], { encoding: 'utf8' });
  if (status !== 0) console.warn(`The probes need an idle machine: ${error ?? stderr}`);
}

/** Whether strace can be attached to a process here; else why not. */
export async function whyNoTracing(server: LabServer): Promise<string | undefined> {
  try {
    const detach = await delaySystemCalls(server, ['getppid'], 1);
    await detach();
    return undefined;
  } catch (error) {
    return String(error);
  }
}

/**
 * Each of these calls of the server's backends returns so much later, as from a slow device. Backends that connect from now
 * on are meant, too.
 */
export async function delaySystemCalls(
  { pid }: LabServer,
  calls: readonly string[],
  delayUs: number,
): Promise<() => Promise<void>> {
  const list = calls.join(',');
  const inject = `inject=${list}:delay_exit=${delayUs}`;
  const tracer = spawn('strace', ['-f', '-p', String(pid), '-e', `trace=${list}`, '-e', inject, '-o', '/dev/null'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  await new Promise<void>((resolve, reject) => {
    tracer.once('error', reject);
    tracer.once('exit', () => reject(new Error(`strace ended: ${said}`)));
    tracer.stderr.on('data', data => {
      said += data;
      if (said.includes('attached')) resolve();
    });
  });
  return async () => {
    tracer.kill('SIGINT');
    if (tracer.exitCode === null && tracer.signalCode === null) await once(tracer, 'exit');
  };
}
