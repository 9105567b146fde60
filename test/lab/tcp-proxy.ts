/** Stands before a server of the lab as a network would: slow, counted, or silent. */
import { connect, createServer, type Socket } from 'node:net';
import type { LabServer } from './server';

export interface NetworkLimits {
  /** Added to every packet, each way. */
  delayMs: number;
  /** Of one connection, each way. */
  bytesPerMs: number;
}

export interface TcpProxy {
  host: string;
  port: number;
  /**
   * How often a client spoke and was answered, over all connections since the last {@link TcpProxy.reset}: what is sent on
   * before an answer came counts as one.
   */
  readonly roundTrips: number;
  reset(): void;
  /** From now on nothing passes, on connections that stand and on new ones, which are accepted: as behind a dead link. */
  fallSilent(): void;
  stop(): void;
}

export async function startProxy(to: Pick<LabServer, 'host' | 'port'>, limits?: NetworkLimits): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  let silent = false;
  let roundTrips = 0;
  const server = createServer(client => {
    const upstream = connect({ host: to.host, port: to.port });
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.setNoDelay();
      socket.on('error', () => socket.destroy());
      socket.on('close', () => sockets.delete(socket));
    }
    let asked = false;
    client.on('data', () => {
      asked = true;
    });
    upstream.on('data', () => {
      if (asked) roundTrips++;
      asked = false;
    });
    forward(client, upstream, () => silent, limits);
    forward(upstream, client, () => silent, limits);
  });
  await new Promise<void>(resolve => server.listen(0, to.host, resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The proxy has no port.');
  return {
    host: to.host,
    port: address.port,
    get roundTrips() {
      return roundTrips;
    },
    reset: () => {
      roundTrips = 0;
    },
    fallSilent: () => {
      silent = true;
    },
    stop: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

function forward(from: Socket, to: Socket, isSilent: () => boolean, limits?: NetworkLimits): void {
  let freeAt = 0;
  // Timers may fire out of order; the bytes keep theirs.
  const queue: (() => void)[] = [];
  const later = (bytes: number, work: () => void) => {
    const pass = () => {
      if (!isSilent()) work();
    };
    if (!limits) return pass();
    freeAt = Math.max(freeAt, performance.now()) + bytes / limits.bytesPerMs;
    queue.push(pass);
    setTimeout(() => queue.shift()?.(), freeAt + limits.delayMs - performance.now());
  };
  from.on('data', chunk => later(chunk.length, () => to.write(chunk)));
  from.on('end', () => later(0, () => to.end()));
  from.on('close', () => later(0, () => to.destroy()));
}
