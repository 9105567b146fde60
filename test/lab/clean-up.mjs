/** Ends the processes that work in a run folder and removes it. Plain JavaScript: the watchdog runs it without a build. */
import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/** How long a process may take to end by itself before it is killed. */
const graceMs = 5000;

/**
 * Processes that work in `folder` end, then it is removed. Nothing happens when it is gone already.
 * @param {string} folder
 */
export async function cleanUp(folder) {
  const deadline = Date.now() + graceMs;
  let running = await processesIn(folder);
  for (const { pid, command } of running) {
    // A stopped process takes no other signal. SIGQUIT is PostgreSQL's immediate shutdown; SIGTERM would wait for clients.
    signal(pid, 'SIGCONT');
    signal(pid, basename(command.split(' ')[0] ?? '') === 'postgres' ? 'SIGQUIT' : 'SIGTERM');
  }
  while (running.length > 0 && Date.now() < deadline) {
    await sleep(50);
    running = await processesIn(folder);
  }
  for (const { pid } of running) signal(pid, 'SIGKILL');
  // Backends of a killed server may still write for a moment.
  await rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
}

/**
 * @param {number} pid
 * @returns {boolean}
 */
export function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/**
 * @param {string} folder
 * @returns {Promise<{ pid: number, command: string }[]>}
 */
async function processesIn(folder) {
  const { stdout } = await execute('ps', ['-axww', '-o', 'pid=,command='], { maxBuffer: 64 * 1024 * 1024 });
  return stdout
    .split('\n')
    .map(line => /^\s*(\d+)\s+(.*)$/.exec(line))
    .filter(match => match !== null)
    .map(match => ({ pid: Number(match[1]), command: match[2] ?? '' }))
    .filter(({ pid, command }) => pid !== process.pid && (command.includes(`${folder}/`) || command.endsWith(folder)));
}

/**
 * @param {number} pid
 * @param {NodeJS.Signals} name
 */
function signal(pid, name) {
  try {
    process.kill(pid, name);
  } catch {
    // It ended by itself in between.
  }
}
