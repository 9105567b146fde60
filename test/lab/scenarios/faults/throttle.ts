/** A slower processor for one role on one server: its backends are stopped most of the time, as under a CPU quota. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import type { LabServer } from '../../server';
import type { Undo } from './scenario';

const periodMs = { running: 10, stopped: 40 };

export async function throttle(server: LabServer, role: string): Promise<Undo> {
  const { host, port, database, user } = server;
  const client = new Client({ host, port, database, user, application_name: 'lab' });
  await client.connect();
  let on = true;
  const backends = async () => {
    const { rows } = await client.query<{ pid: number }>(
      `SELECT pid FROM pg_stat_activity WHERE usename = $1 AND state = 'active' AND backend_type = 'client backend'`,
      [role],
    );
    return rows.map(({ pid }) => pid);
  };
  const loop = async () => {
    while (on) {
      const pids = await backends();
      for (const pid of pids) signal(pid, 'SIGSTOP');
      // Whatever lock a stopped backend holds, it goes on without our asking the server.
      await sleep(periodMs.stopped);
      for (const pid of pids) signal(pid, 'SIGCONT');
      await sleep(periodMs.running);
    }
  };
  const running = loop();
  return async () => {
    on = false;
    await running;
    await client.end();
  };
}

function signal(pid: number, name: 'SIGSTOP' | 'SIGCONT'): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    // It has ended since we looked.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
