/** The worker thread that matches statements: started with the first question, started again when it crashed. */
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type * as vscode from 'vscode';
import { type Params, type Result, RpcClient } from '../shared/rpc';
import { type WorkerRequests, workerNotifications, workerRequests } from '../statements/worker-protocol';

/** Trees are as deep as statements nest; the main thread's default overflows at some thousand operators. */
const stackSizeMb = 16;

interface Running {
  worker: Worker;
  rpc: RpcClient<WorkerRequests, typeof workerNotifications>;
  /** Rejects when the thread ends. */
  ended: Promise<never>;
}

export class StatementsThread {
  #running: Running | undefined;

  constructor(
    private readonly extensionPath: string,
    private readonly log: vscode.LogOutputChannel,
  ) {}

  /** Whether it has what was loaded last; not after a crash. */
  get hasState(): boolean {
    return this.#running !== undefined;
  }

  /** Rejects when the thread fails or crashes. */
  request<M extends keyof WorkerRequests & string>(
    method: M,
    params: Params<WorkerRequests, M>,
    signal?: AbortSignal,
  ): Promise<Result<WorkerRequests, M>> {
    this.#running ??= this.#start();
    const { rpc, ended } = this.#running;
    return Promise.race([rpc.request(method, params, signal), ended]);
  }

  async dispose(): Promise<void> {
    await this.#running?.worker.terminate();
  }

  #start(): Running {
    const worker = new Worker(join(this.extensionPath, 'dist', 'statements-worker.js'), {
      resourceLimits: { stackSizeMb },
      stderr: true,
    });
    worker.stderr.on('data', data => this.log.warn(String(data).trimEnd()));
    const rpc = new RpcClient(
      message => worker.postMessage(message),
      workerRequests,
      workerNotifications,
      () => {},
      what => this.log.error(`statements: ${what}`),
    );
    worker.on('message', message => rpc.receive(message));
    const ended = new Promise<never>((_resolve, reject) => {
      const gone = (why: string) => {
        if (this.#running?.worker === worker) this.#running = undefined;
        reject(new Error(`The thread that matches statements ended: ${why}. Refresh to start it again.`));
      };
      worker.on('error', error => gone(String(error)));
      worker.on('exit', code => gone(`exit code ${code}`));
    });
    ended.catch(() => {});
    return { worker, rpc, ended };
  }
}
