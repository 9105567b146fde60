/** The statements of the active migration, as the view and the table show them: what was read, matched and decided. */
import { join } from 'node:path';
import * as vscode from 'vscode';
import type { ReadingJob, SideOutcome } from '../diagnosis/read-both-sides';
import type { Migration } from '../shared/migration';
import type { Params, Result } from '../shared/rpc';
import { type BySide, type Side, sides } from '../shared/side';
import type { StatementDetails } from '../shared/statements';
import type { StatementsState } from '../shared/statements-panel';
import type { OutlineGroup, OutlineSort } from '../statements/outline';
import type { WorkerRequests } from '../statements/worker-protocol';
import { retryWithPasswords } from './ask-password';
import { connectionOf, labelsOf } from './explain-job';
import { refusedLogin } from './explain-questions';
import { isDismissed, viewErrorOf } from './messages';
import { sessionLimits } from './settings';
import type { SnapshotInfo, SnapshotStore } from './snapshot-store';
import { type Origin, StatementsMemory } from './statements-choice';
import type { StatementsThread } from './statements-thread';
import type { Workbench } from './workbench';

type SideInput = Params<WorkerRequests, 'load'>['source'];

export class StatementsModel implements vscode.Disposable {
  readonly #changed = new vscode.EventEmitter<void>();
  readonly onDidChange = this.#changed.event;
  #state: StatementsState | undefined;
  #revision = 0;
  #run: AbortController | undefined;
  /** What the thread has to be told again after a crash. */
  #loaded: Params<WorkerRequests, 'load'> | undefined;
  #migration: string | undefined;
  readonly #subscription: vscode.Disposable;

  constructor(
    private readonly workbench: Workbench,
    private readonly thread: StatementsThread,
    readonly snapshots: SnapshotStore,
  ) {
    this.#subscription = workbench.migrations.onDidChange(() => {
      const settings = JSON.stringify(workbench.migrations.active);
      if (settings === this.#migration) return;
      this.#migration = settings;
      this.cancel();
      this.#loaded = undefined;
      this.#show(undefined);
    });
    this.#migration = JSON.stringify(workbench.migrations.active);
  }

  /** Undefined before the first reading. */
  get state(): StatementsState | undefined {
    return this.#state;
  }

  get isReading(): boolean {
    return this.#run !== undefined;
  }

  memory(migration: Migration): StatementsMemory {
    return new StatementsMemory(this.workbench.context.workspaceState, migration.name);
  }

  /**
   * Reads both sides (or the snapshots chosen) and matches them. `mayAsk`: for a password where a server wants one. Never
   * rejects but as dismissed: what went wrong is the state.
   */
  async refresh(migration: Migration, mayAsk: boolean): Promise<void> {
    this.cancel();
    const run = new AbortController();
    this.#run = run;
    const former = this.#state;
    this.#show(former?.status === 'ready' ? { ...former, refreshing: true } : runningState(migration));
    try {
      const inputs = await this.#read(migration, run, mayAsk);
      const params = { migration: migration.name, ...inputs, user: this.memory(migration).matches };
      const loaded = await this.thread.request('load', params, run.signal);
      if (this.#run !== run) return;
      this.#loaded = params;
      this.#ready(loaded);
      await this.workbench.heavy.set(migration.name, await this.thread.request('heaviest', {}));
    } catch (error) {
      if (this.#run !== run) return;
      const isCancelled = isDismissed(error) || run.signal.aborted;
      this.workbench.log.info(
        `${migration.name}: statements: ${isCancelled ? 'cancelled' : viewErrorOf(error).message}`,
      );
      if (isCancelled && former?.status === 'ready') this.#show(former);
      else this.#show({ status: 'failed', error: viewErrorOf(error) });
    } finally {
      if (this.#run === run) this.#run = undefined;
      this.#changed.fire();
    }
  }

  /** Both sides as they are now, for a snapshot. Rejects when neither can be read. */
  async readNow(migration: Migration, signal: AbortSignal): Promise<BySide<SideOutcome>> {
    return this.#readLive(migration, [], signal, true);
  }

  /** Matches what was read once more, after the user pinned or split. */
  async rematch(migration: Migration): Promise<void> {
    await this.#revive();
    const { matches } = this.memory(migration);
    if (this.#loaded) this.#loaded = { ...this.#loaded, user: matches };
    this.#ready(await this.thread.request('rematch', { user: matches }));
  }

  async details(id: string): Promise<StatementDetails> {
    await this.#revive();
    return this.thread.request('details', { id });
  }

  async statementIds(id: string): Promise<Result<WorkerRequests, 'statementIds'>> {
    await this.#revive();
    return this.thread.request('statementIds', { id });
  }

  async search(text: string, signal?: AbortSignal): Promise<string[]> {
    await this.#revive();
    return (await this.thread.request('search', { text }, signal)).ids;
  }

  async outline(filter: string, sort: OutlineSort, limit: number): Promise<OutlineGroup[]> {
    await this.#revive();
    return (await this.thread.request('outline', { filter, sort, limit })) as OutlineGroup[];
  }

  async exportText(format: 'csv' | 'json' | 'markdown', ids: string[]): Promise<string> {
    await this.#revive();
    return (await this.thread.request('export', { format, ids })).text;
  }

  cancel(): void {
    this.#run?.abort();
    this.#run = undefined;
  }

  dispose(): void {
    this.cancel();
    this.#subscription.dispose();
    this.#changed.dispose();
    void this.thread.dispose();
  }

  /** A crashed thread starts anew, and gets what it had. */
  async #revive(): Promise<void> {
    if (!this.thread.hasState && this.#loaded) await this.thread.request('load', this.#loaded);
  }

  async #read(migration: Migration, run: AbortController, mayAsk: boolean): Promise<BySide<SideInput>> {
    const { choice } = this.memory(migration);
    const skip = sides.filter(side => choice[side].snapshot !== undefined);
    const known = await this.snapshots.list(migration.name);
    const outcomes = await this.#readLive(migration, skip, run.signal, mayAsk, side => this.#sideDone(run, side));
    const labels = labelsOf(migration);
    const input = async (side: Side): Promise<SideInput> => {
      const origin = choice[side];
      const outcome = outcomes[side];
      try {
        const read = await this.#sideReading(origin, outcome, side, known);
        return { ...labels[side], ...(read ? { read } : {}), ...(outcome.error ? { error: outcome.error } : {}) };
      } catch (error) {
        return { ...labels[side], error: viewErrorOf(error) };
      }
    };
    const [source, target] = await Promise.all([input('source'), input('target')]);
    return { source, target };
  }

  async #sideReading(
    { snapshot, since }: Origin,
    { reading }: SideOutcome,
    side: Side,
    known: readonly SnapshotInfo[],
  ): Promise<SideInput['read']> {
    const named = (id: string) => {
      const info = known.find(each => each.id === id);
      if (!info) throw new Error('A snapshot that was chosen is not there any more. Choose what to compare again.');
      return info;
    };
    const info = snapshot === undefined ? undefined : named(snapshot);
    const read = info ? await this.snapshots.read(info, side) : reading;
    if (!read) return undefined;
    const base = since === undefined ? {} : { base: await this.snapshots.read(named(since), side) };
    return { reading: read, ...base, origin: info ? info.name : 'live' };
  }

  async #readLive(
    migration: Migration,
    skip: Side[],
    signal: AbortSignal,
    mayAsk: boolean,
    onSideDone?: (side: Side) => void,
  ): Promise<BySide<SideOutcome>> {
    const { workbench } = this;
    const [{ readBothSides }, sessions] = await Promise.all([
      import('../diagnosis/read-both-sides'),
      workbench.sessions(),
    ]);
    const attempt = async () => {
      const [source, target] = await Promise.all(sides.map(side => connectionOf(workbench, migration, side)));
      const job: ReadingJob = {
        source: source!,
        target: target!,
        limits: sessionLimits(),
        signal,
        sessions,
        skip,
        onSideDone,
      };
      return readBothSides(job);
    };
    const outcomes = mayAsk
      ? await retryWithPasswords(workbench.passwords, migration, attempt, (all, side) => refusedLogin(all[side].error))
      : await attempt();
    for (const side of sides) {
      if (!skip.includes(side)) workbench.health.saw(side, migration, outcomes[side].error);
    }
    return outcomes;
  }

  #sideDone(run: AbortController, side: Side): void {
    if (this.#run !== run || this.#state?.status !== 'running') return;
    this.#show({ ...this.#state, [side]: { ...this.#state[side], done: true } });
  }

  #ready({ summary, rows }: Result<WorkerRequests, 'load'>): void {
    this.#revision++;
    this.#show({ status: 'ready', revision: this.#revision, summary, rows });
  }

  #show(state: StatementsState | undefined): void {
    this.#state = state;
    this.#changed.fire();
  }
}

function runningState(migration: Migration): StatementsState {
  const labels = labelsOf(migration);
  return {
    status: 'running',
    source: { ...labels.source, done: false },
    target: { ...labels.target, done: false },
  };
}

/** Where snapshots and what is known of texts are kept: the workspace's storage, or the user's in a window without a folder. */
export function storageFolder(context: vscode.ExtensionContext, name: string): string {
  return join((context.storageUri ?? context.globalStorageUri).fsPath, name);
}
