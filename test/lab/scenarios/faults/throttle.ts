/** A slower processor for one role on one server: its backends are stopped most of the time, as under a CPU quota. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import type { LabServer } from '../../server';
import type { Undo } from './scenario';

/** A sixteenth: less than a process gets on a machine that is busy otherwise. */
const periodMs = { running: 10, stopped: 150 };
const lookMs = 10;

export async function throttle(server: LabServer, role: string): Promise<Undo> {
  const { host, port, database, user } = server;
  const client = new Client({ host, port, database, user, application_name: 'lab' });
  await client.connect();
  const backends = new Set<number>();
  let on = true;
  let stopped = false;
  // The two loops know nothing of one another: whatever lock a stopped backend holds that our look waits for, it goes on.
  const switching = (async () => {
    while (on) {
      stopped = true;
      signalAll(backends, 'SIGSTOP');
      await sleep(periodMs.stopped);
      stopped = false;
      signalAll(backends, 'SIGCONT');
      await sleep(periodMs.running);
    }
  })();
  const looking = (async () => {
    while (on) {
      const { rows } = await client.query<{ pid: number }>('SELECT pid FROM pg_stat_activity WHERE usename = $1', [
        role,
      ]);
      const fresh = rows.map(({ pid }) => pid).filter(pid => !backends.has(pid));
      // None is forgotten: a backend may be stopped on its way out, when the view shows it no more.
      for (const pid of fresh) backends.add(pid);
      if (stopped) signalAll(fresh, 'SIGSTOP');
      await sleep(lookMs);
    }
  })();
  return async () => {
    on = false;
    await switching;
    await looking;
    signalAll(backends, 'SIGCONT');
    await client.end();
  };
}

function signalAll(pids: Iterable<number>, name: 'SIGSTOP' | 'SIGCONT'): void {
  for (const pid of pids) {
    try {
      process.kill(pid, name);
    } catch (error) {
      // It has ended since we looked.
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
}
