import { describe, expect, it } from 'vitest';
import * as z from 'zod/mini';
import { type Envelope, type Handlers, RpcClient, RpcError, RpcServer } from '../../../src/shared/rpc';

const requests = {
  double: { params: z.strictObject({ n: z.number() }), result: z.number() },
  wait: { params: z.strictObject({ name: z.string() }), result: z.string() },
} as const;
const notifications = { tick: z.number() } as const;

/** Both ends joined by the structured clone that postMessage does. */
function connect(handlers: Handlers<typeof requests>) {
  const seen = { ticks: [] as number[], unknownToPage: [] as string[], unknownToHost: [] as string[] };
  const client: RpcClient<typeof requests, typeof notifications> = new RpcClient(
    message => queueMicrotask(() => void server.receive(structuredClone(message))),
    requests,
    notifications,
    (_method, params) => seen.ticks.push(params),
    what => seen.unknownToPage.push(what),
  );
  const server: RpcServer<typeof requests> = new RpcServer(
    (message: Envelope) => queueMicrotask(() => client.receive(structuredClone(message))),
    requests,
    handlers,
    what => seen.unknownToHost.push(what),
  );
  return { client, server, seen };
}

const untilAborted = (signal: AbortSignal) =>
  new Promise<string>((_, reject) => {
    signal.addEventListener('abort', () => reject(new RpcError('cancelled', 'gave up')));
  });

describe('RPC between page and host', () => {
  it('answers a request and hands on notifications', async () => {
    const { client, server, seen } = connect({ double: async ({ n }) => 2 * n, wait: async () => '' });
    expect(await client.request('double', { n: 21 })).toBe(42);
    server.notify('tick', 1);
    await Promise.resolve();
    expect(seen.ticks).toEqual([1]);
  });

  it('carries the reason of a failing handler', async () => {
    const { client } = connect({
      double: async () => {
        throw new RpcError('refused', 'not here');
      },
      wait: async () => '',
    });
    await expect(client.request('double', { n: 1 })).rejects.toMatchObject({ reason: 'refused', message: 'not here' });
  });

  it('refuses parameters and results that do not fit, and says so at both ends', async () => {
    const { client, seen } = connect({ double: async () => 'text' as unknown as number, wait: async () => '' });
    await expect(client.request('double', { n: 'x' as unknown as number })).rejects.toMatchObject({
      reason: 'malformed',
    });
    expect(seen.unknownToHost).toHaveLength(1);
    await expect(client.request('double', { n: 1 })).rejects.toMatchObject({ reason: 'malformed' });
  });

  it('cancels the handler when the page gives up', async () => {
    let aborted = false;
    const { client } = connect({
      double: async () => 0,
      wait: async (_params, signal) => {
        signal.addEventListener('abort', () => {
          aborted = true;
        });
        return untilAborted(signal);
      },
    });
    const controller = new AbortController();
    const asked = client.request('wait', { name: 'a' }, controller.signal);
    await new Promise(resolve => setTimeout(resolve));
    controller.abort();
    await expect(asked).rejects.toMatchObject({ reason: 'cancelled' });
    await new Promise(resolve => setTimeout(resolve));
    expect(aborted).toBe(true);
  });

  it('lets the newest request of a kind win', async () => {
    const { client } = connect({
      double: async () => 0,
      wait: async ({ name }, signal) => (name === 'new' ? 'done' : untilAborted(signal)),
    });
    const old = client.request('wait', { name: 'old' });
    const recent = client.request('wait', { name: 'new' });
    await expect(old).rejects.toMatchObject({ reason: 'cancelled' });
    expect(await recent).toBe('done');
  });

  it.each([
    ['nonsense', 42],
    ['an unknown method', { type: 'request', id: 1, method: 'constructor', params: {} }],
    ['an answer sent to the host', { type: 'result', id: 1, result: 1 }],
  ])('makes %s visible to the host', async (_what, message) => {
    const { server, seen } = connect({ double: async () => 0, wait: async () => '' });
    await server.receive(message);
    expect(seen.unknownToHost).toHaveLength(1);
  });

  it.each([
    ['nonsense', 'x'],
    ['an unknown notification', { type: 'notification', method: 'toString', params: 1 }],
    ['a malformed notification', { type: 'notification', method: 'tick', params: 'one' }],
    ['a request sent to the page', { type: 'request', id: 1, method: 'double', params: {} }],
  ])('makes %s visible to the page', (_what, message) => {
    const { client, seen } = connect({ double: async () => 0, wait: async () => '' });
    client.receive(message);
    expect(seen.unknownToPage).toHaveLength(1);
  });
});
