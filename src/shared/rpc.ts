/**
 * Requests, answers and notifications between a page and its host: one envelope, parsed at both ends. A request carries
 * an id and is answered by a result or an error; `cancel` withdraws it.
 */
import * as z from 'zod/mini';

export const envelopeSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('request'), id: z.number(), method: z.string(), params: z.unknown() }),
  z.strictObject({ type: z.literal('result'), id: z.number(), result: z.unknown() }),
  z.strictObject({ type: z.literal('error'), id: z.number(), reason: z.string(), message: z.string() }),
  z.strictObject({ type: z.literal('cancel'), id: z.number() }),
  z.strictObject({ type: z.literal('notification'), method: z.string(), params: z.unknown() }),
]);
export type Envelope = z.infer<typeof envelopeSchema>;

/** A request type table: method → schemas of its parameters and its result. */
export type Requests = Record<string, { readonly params: z.ZodMiniType; readonly result: z.ZodMiniType }>;
export type Notifications = Record<string, z.ZodMiniType>;
export type Params<R extends Requests, M extends keyof R> = z.infer<R[M]['params']>;
export type Result<R extends Requests, M extends keyof R> = z.infer<R[M]['result']>;

/** The other end refused or failed: `reason` is for programs, `message` for people. */
export class RpcError extends Error {
  constructor(
    readonly reason: string,
    message: string,
  ) {
    super(message);
    this.name = 'RpcError';
  }
}

/** The asking end: sends requests, settles them by id, hands notifications on. */
export class RpcClient<R extends Requests, N extends Notifications> {
  #nextId = 1;
  readonly #pending = new Map<number, { method: string; resolve(value: unknown): void; reject(error: Error): void }>();

  constructor(
    private readonly post: (message: Envelope) => void,
    private readonly requests: R,
    private readonly notifications: N,
    private readonly onNotification: <M extends keyof N & string>(method: M, params: z.infer<N[M]>) => void,
    private readonly onUnknown: (what: string) => void,
  ) {}

  /** Rejects with an {@link RpcError} when the host refuses, fails or answers something that does not fit. */
  request<M extends keyof R & string>(method: M, params: Params<R, M>, signal?: AbortSignal): Promise<Result<R, M>> {
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { method, resolve: resolve as (value: unknown) => void, reject });
      signal?.addEventListener('abort', () => {
        if (this.#pending.delete(id)) {
          this.post({ type: 'cancel', id });
          reject(new RpcError('cancelled', `${method} was cancelled.`));
        }
      });
      this.post({ type: 'request', id, method, params });
    });
  }

  receive(message: unknown): void {
    const parsed = envelopeSchema.safeParse(message);
    if (!parsed.success) {
      this.onUnknown(`message that is no envelope: ${z.prettifyError(parsed.error)}`);
      return;
    }
    const envelope = parsed.data;
    if (envelope.type === 'notification') {
      this.#notified(envelope.method, envelope.params);
    } else if (envelope.type === 'result' || envelope.type === 'error') {
      const pending = this.#pending.get(envelope.id);
      // An answer to a cancelled request may still arrive; it is nobody's any more.
      if (!pending) return;
      this.#pending.delete(envelope.id);
      if (envelope.type === 'error') {
        pending.reject(new RpcError(envelope.reason, envelope.message));
        return;
      }
      const result = this.requests[pending.method]!.result.safeParse(envelope.result);
      if (result.success) pending.resolve(result.data);
      else pending.reject(new RpcError('malformed', `Answer to ${pending.method}: ${z.prettifyError(result.error)}`));
    } else {
      this.onUnknown(`${envelope.type} sent to the page`);
    }
  }

  #notified(method: string, params: unknown): void {
    const schema = Object.hasOwn(this.notifications, method) ? this.notifications[method] : undefined;
    const parsed = schema?.safeParse(params);
    if (!parsed) this.onUnknown(`notification "${method}"`);
    else if (!parsed.success) this.onUnknown(`notification "${method}": ${z.prettifyError(parsed.error)}`);
    else this.onNotification(method, parsed.data as z.infer<N[string]>);
  }
}

export type Handlers<R extends Requests> = {
  [M in keyof R]: (params: Params<R, M>, signal: AbortSignal) => Promise<Result<R, M>>;
};

/** The answering end: parses, runs the handler, answers with a result or an error; the newest request of a method wins. */
export class RpcServer<R extends Requests> {
  readonly #running = new Map<number, { method: string; controller: AbortController }>();

  constructor(
    private readonly post: (message: Envelope) => void,
    private readonly requests: R,
    private readonly handlers: Handlers<R>,
    private readonly onUnknown: (what: string) => void,
  ) {}

  notify(method: string, params: unknown): void {
    this.post({ type: 'notification', method, params });
  }

  async receive(message: unknown): Promise<void> {
    const parsed = envelopeSchema.safeParse(message);
    if (!parsed.success) {
      this.onUnknown(`message that is no envelope: ${z.prettifyError(parsed.error)}`);
      return;
    }
    const envelope = parsed.data;
    if (envelope.type === 'cancel') this.#running.get(envelope.id)?.controller.abort();
    else if (envelope.type === 'request') await this.#answer(envelope.id, envelope.method, envelope.params);
    else this.onUnknown(`${envelope.type} sent to the host`);
  }

  async #answer(id: number, method: string, params: unknown): Promise<void> {
    const schema = Object.hasOwn(this.requests, method) ? this.requests[method] : undefined;
    const parsed = schema?.params.safeParse(params);
    if (!parsed?.success) {
      const what = parsed ? z.prettifyError(parsed.error) : 'unknown method';
      this.onUnknown(`request "${method}": ${what}`);
      this.post({ type: 'error', id, reason: 'malformed', message: `${method}: ${what}` });
      return;
    }
    for (const running of this.#running.values()) if (running.method === method) running.controller.abort();
    const controller = new AbortController();
    this.#running.set(id, { method, controller });
    try {
      const result = await this.handlers[method as keyof R](parsed.data as Params<R, keyof R>, controller.signal);
      this.post({ type: 'result', id, result });
    } catch (error) {
      const reason = error instanceof Error && 'reason' in error ? String(error.reason) : 'failed';
      this.post({ type: 'error', id, reason, message: error instanceof Error ? error.message : String(error) });
    } finally {
      this.#running.delete(id);
    }
  }

  /** Aborts everything under way, as when the page is closed. */
  dispose(): void {
    for (const { controller } of this.#running.values()) controller.abort();
  }
}
