/** A slower network between the nodes of a cluster: its workers are reached through proxies that keep every byte for a while. */
import { connect, createServer, type Socket } from 'node:net';
import type { LabCluster } from '../../cluster';
import type { LabServer } from '../../server';
import type { Undo } from './scenario';

export interface NetworkLimits {
  /** Added to every packet, each way. */
  delayMs: number;
  /** Of one connection, each way. */
  bytesPerMs: number;
}

/** Tells the coordinator to reach its workers through proxies, until undone. */
export async function slowDownNetwork({ coordinator, workers }: LabCluster, limits: NetworkLimits): Promise<Undo> {
  const proxies = await Promise.all(workers.map(worker => startProxy(worker, limits)));
  const moveNode = (from: number, to: number) =>
    coordinator.query('SELECT citus_update_node(nodeid, nodename, $2) FROM pg_dist_node WHERE nodeport = $1', [
      from,
      to,
    ]);
  const move = async (ports: [from: number, to: number][]) => {
    for (const [from, to] of ports) await moveNode(from, to);
    // Else the maintenance daemon does it, some seconds later.
    await coordinator.query('SELECT start_metadata_sync_to_all_nodes()');
  };
  await move(workers.map((worker, i) => [worker.port, proxies[i]!.port]));
  return async () => {
    await move(workers.map((worker, i) => [proxies[i]!.port, worker.port]));
    for (const proxy of proxies) proxy.stop();
  };
}

interface Proxy {
  port: number;
  stop(): void;
}

async function startProxy(to: LabServer, limits: NetworkLimits): Promise<Proxy> {
  const sockets = new Set<Socket>();
  const server = createServer(client => {
    const worker = connect({ host: to.host, port: to.port });
    for (const socket of [client, worker]) {
      sockets.add(socket);
      socket.setNoDelay();
      socket.on('error', () => socket.destroy());
      socket.on('close', () => sockets.delete(socket));
    }
    forward(client, worker, limits);
    forward(worker, client, limits);
  });
  await new Promise<void>(resolve => server.listen(0, to.host, resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The proxy has no port.');
  return {
    port: address.port,
    stop: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

function forward(from: Socket, to: Socket, { delayMs, bytesPerMs }: NetworkLimits): void {
  let freeAt = 0;
  // Timers may fire out of order; the bytes keep theirs.
  const queue: (() => void)[] = [];
  const later = (bytes: number, work: () => void) => {
    freeAt = Math.max(freeAt, performance.now()) + bytes / bytesPerMs;
    queue.push(work);
    setTimeout(() => queue.shift()?.(), freeAt + delayMs - performance.now());
  };
  from.on('data', chunk => later(chunk.length, () => to.write(chunk)));
  from.on('end', () => later(0, () => to.end()));
  from.on('close', () => later(0, () => to.destroy()));
}
