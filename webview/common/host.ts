import type * as z from 'zod/mini';
import { type Notifications, type Requests, RpcClient } from '../../src/shared/rpc';

interface VsCodeApi {
  postMessage(message: unknown): void;
  getState(): unknown;
  setState(state: unknown): void;
}

declare function acquireVsCodeApi(): VsCodeApi;

// VS Code hands it out once per page; it stays in this module so that nothing else on the page can reach it.
const api = acquireVsCodeApi();

/** Wires a client to the host. `onUnknown` hears of every message that makes no sense. */
export function connectHost<R extends Requests, N extends Notifications>(
  requests: R,
  notifications: N,
  onNotification: <M extends keyof N & string>(method: M, params: z.infer<N[M]>) => void,
  onUnknown: (what: string) => void,
): RpcClient<R, N> {
  const client = new RpcClient(message => api.postMessage(message), requests, notifications, onNotification, onUnknown);
  window.addEventListener('message', event => client.receive(event.data));
  return client;
}

const saveDelayMs = 150;

/**
 * What the user arranged on this page, kept by VS Code across reloads. A stored value that does not fit the schema
 * (another version of the extension wrote it) gives way to `initial`.
 */
export class PersistedState<S extends z.ZodMiniType> {
  #value: z.infer<S>;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(schema: S, initial: z.infer<S>) {
    const stored = schema.safeParse(api.getState());
    this.#value = stored.success ? stored.data : initial;
    // A page that is hidden may be thrown away without another word.
    window.addEventListener('pagehide', () => this.#save());
    document.addEventListener('visibilitychange', () => this.#save());
  }

  get value(): z.infer<S> {
    return this.#value;
  }

  /** Kept at once, written a moment later: scrolling changes it on every frame. */
  set value(value: z.infer<S>) {
    this.#value = value;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#save(), saveDelayMs);
  }

  #save(): void {
    clearTimeout(this.#timer);
    api.setState(this.#value);
  }
}
