import { createServer } from 'node:net';

/** Below the ports systems hand out to outgoing connections, so a server that restarts finds its port still free. */
const range = { first: 15_000, count: 15_000 };

/** A TCP port on loopback that nobody listens on. Another process may still take it before it is used: be ready to retry. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = range.first + Math.floor(Math.random() * range.count);
    if (await isFree(port)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen({ host: '127.0.0.1', port, exclusive: true }, () => probe.close(() => resolve(true)));
  });
}
