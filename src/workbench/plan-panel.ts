/** One panel that shows two plans side by side. The host owns the data; the page asks for it. */
import { basename } from 'node:path';
import * as vscode from 'vscode';
import type { ExplainResult } from '../diagnosis/explain-job';
import type { CallResult } from '../diagnosis/nested';
import type { Plan } from '../plan/model';
import type { Diagnosis, Proving } from '../shared/diagnosis';
import type { PlanDiffView, ViewError } from '../shared/plan-diff';
import { type PlanDiffState, planDiffRequests } from '../shared/plan-diff-panel';
import { RpcServer } from '../shared/rpc';
import type { BySide, Side } from '../shared/side';
import { errorText } from './messages';
import { pageHtml } from './plan-page';
import type { PlanRequest, PlanStore, StoredResult } from './plan-store';
import { openRawPlan } from './raw-plans';

/** What a panel has others do; wired by the composition root. */
export interface PlanPanelActions {
  /** Writes the finding; answers the file's name. */
  record(result: StoredResult): Promise<string>;
  /** Experiments on the slower side, into this panel. */
  prove(panel: PlanPanel): Promise<void>;
  /** Shows the plans of a statement inside a call in a panel of their own. */
  openNested(panel: PlanPanel, id: string): Promise<void>;
  /** Whether anything can be run for this result. */
  canProve(result: StoredResult): boolean;
  /** Runs the same statement again, into this panel. */
  rerun(panel: PlanPanel, request: PlanRequest, analyze: boolean): Promise<void>;
}

export class PlanPanel {
  #state: PlanDiffState | undefined;
  #result: StoredResult | undefined;
  /** The statement it shows or is about to show; none when the plans were pasted. */
  #request: PlanRequest | undefined;
  #plans: Promise<BySide<Plan | undefined>> | undefined;
  /** What experiments start from; gone after a reload. */
  #live: { id: string; result: ExplainResult | CallResult } | undefined;
  #proving: AbortController | undefined;
  #run: AbortController | undefined;
  /** Of the run, in milliseconds of `performance.now()`. */
  #beganAt = 0;
  readonly #rpc: RpcServer<typeof planDiffRequests>;
  #disposed = false;

  constructor(
    readonly panel: vscode.WebviewPanel,
    extensionUri: vscode.Uri,
    private readonly store: PlanStore,
    private readonly log: vscode.LogOutputChannel,
    private readonly actions: PlanPanelActions,
  ) {
    this.#rpc = new RpcServer(
      message => {
        if (!this.#disposed) void panel.webview.postMessage(message);
      },
      planDiffRequests,
      {
        ready: ({ id }) => this.#ready(id),
        details: async ({ row }) => {
          const { rowDetails } = await import('../plan/view');
          const plans = await this.#parsedPlans();
          return rowDetails(this.#present().view, row, plans.source, plans.target);
        },
        raw: async ({ side }) => ({ text: this.#present().raw[side] ?? '' }),
        openRaw: async ({ side }) => {
          await openRawPlan(this.#present(), side);
          return null;
        },
        record: async () => ({ file: await this.record() }),
        copyMarkdown: async () => {
          const { planDiffMarkdown } = await import('../playbook/plan-diff-markdown');
          await vscode.env.clipboard.writeText(planDiffMarkdown(this.#present().view));
          vscode.window.setStatusBarMessage('$(check) Copied as Markdown', 3000);
          return null;
        },
        prove: async () => {
          await this.actions.prove(this);
          return null;
        },
        openRemedy: async ({ cause }) => {
          const { openRemedy } = await import('./remedy');
          await openRemedy(this.#present().view, cause, panel.viewColumn);
          return null;
        },
        openNested: async ({ id }) => {
          await this.actions.openNested(this, id);
          return null;
        },
        rerun: async ({ analyze }) => {
          if (!this.#request) throw new Error('These plans were pasted: there is no statement to run.');
          await this.actions.rerun(this, this.#request, analyze);
          return null;
        },
        cancel: async () => {
          this.cancel();
          return null;
        },
      },
      what => this.log.warn(`Plan diff page: ${what}`),
    );
    panel.webview.onDidReceiveMessage(message => this.#rpc.receive(message));
    panel.onDidDispose(() => {
      this.#disposed = true;
      this.cancel();
      this.#rpc.dispose();
    });
    const icon = (name: string) => vscode.Uri.joinPath(extensionUri, 'media', `plan-diff-${name}.svg`);
    panel.iconPath = { light: icon('light'), dark: icon('dark') };
    panel.webview.html = pageHtml(panel.webview, extensionUri, 'plan-diff', 'Plan diff');
  }

  get result(): StoredResult | undefined {
    return this.#result;
  }

  get request(): PlanRequest | undefined {
    return this.#request;
  }

  /** What is behind what is shown, undefined after a reload. */
  get live(): ExplainResult | CallResult | undefined {
    return this.#live?.id === this.#result?.view.id ? this.#live?.result : undefined;
  }

  shows(request: PlanRequest): boolean {
    return this.#request?.sql === request.sql && this.#request.migration === request.migration;
  }

  /** Shows that work is under way. Aborts an earlier run. */
  begin(
    request: PlanRequest,
    title: string,
    analyzed: boolean,
    labels: BySide<{ label: string; color: string }>,
  ): AbortController {
    this.cancel();
    this.#request = request;
    const controller = new AbortController();
    this.#run = controller;
    this.#beganAt = performance.now();
    this.panel.title = panelTitle(title);
    this.#show({
      status: 'running',
      title,
      analyzed,
      source: { ...labels.source, done: false },
      target: { ...labels.target, done: false },
    });
    return controller;
  }

  sideDone(run: AbortController, side: Side): void {
    if (this.#run !== run || this.#state?.status !== 'running') return;
    this.#show({ ...this.#state, [side]: { ...this.#state[side], done: true } });
  }

  /** Shows the plans while their diagnosis is still made. */
  preview(run: AbortController, view: PlanDiffView): void {
    if (this.#run === run) this.#show({ status: 'ready', view, diagnosing: true });
  }

  /** Shows a result and keeps it; one with secret values lives only as long as the panel. */
  async finish(
    run: AbortController | undefined,
    result: StoredResult,
    live?: ExplainResult | CallResult,
  ): Promise<void> {
    if (this.#run !== run || this.#disposed) return;
    this.#run = undefined;
    this.#live = live && { id: result.view.id, result: live };
    const formerId = this.#result?.view.id;
    this.#adopt(result);
    if (!result.request?.secret) await this.#keep(result, formerId);
  }

  fail(run: AbortController, title: string, analyzed: boolean, error: ViewError): void {
    if (this.#run !== run) return;
    this.#run = undefined;
    this.#show({ status: 'failed', title, error, analyzed });
  }

  cancel(): void {
    this.#run?.abort();
    this.#proving?.abort();
  }

  /** Runs experiments on what is shown, with their progress on the page; the result takes its place. */
  async prove(experiment: (signal: AbortSignal, progress: (proving: Proving) => void) => Promise<Diagnosis>) {
    const { view } = this.#present();
    this.#proving?.abort();
    const proving = new AbortController();
    this.#proving = proving;
    try {
      const diagnosis = await experiment(proving.signal, now => {
        if (this.#proving === proving) this.#rpc.notify('proving', now);
      });
      const shown = this.#result;
      if (this.#proving !== proving || this.#disposed || shown?.view.id !== view.id) return;
      const proven = { ...shown, view: { ...shown.view, diagnosis } };
      this.#adopt(proven);
      if (!shown.request?.secret) await this.#keep(proven);
    } finally {
      if (this.#proving === proving) {
        this.#proving = undefined;
        this.#rpc.notify('proving', null);
      }
    }
  }

  async record(): Promise<string> {
    const result = this.#present();
    const recordedIn = await this.actions.record(result);
    const recorded = { ...result, recordedIn };
    // The panel may show something else by now.
    if (this.#result === result) this.#adopt(recorded);
    if (await this.store.load(result.view.id)) await this.#keep(recorded);
    return recordedIn;
  }

  /** The page is up, for the first time or after a reload; `id` is what it showed then. */
  async #ready(id: string | undefined): Promise<PlanDiffState> {
    if (!this.#state && id !== undefined) {
      const kept = await this.store.load(id);
      if (kept) this.#adopt(kept);
    }
    if (this.#state?.status === 'running') return { ...this.#state, elapsedMs: performance.now() - this.#beganAt };
    return (
      this.#state ?? {
        status: 'failed',
        title: 'Plan diff',
        error: {
          reason: 'notKept',
          message: 'This result is not kept any more.',
          next: 'Run the statement again, or close this panel.',
        },
      }
    );
  }

  #adopt(result: StoredResult): void {
    if (this.#result?.raw !== result.raw) this.#plans = undefined;
    this.#result = result;
    this.#request = result.request;
    this.panel.title = panelTitle(result.view.statement.title);
    this.#show(readyState(result, this.actions.canProve(result)));
  }

  #show(state: PlanDiffState): void {
    this.#state = state;
    this.#rpc.notify('state', state);
  }

  #present(): StoredResult {
    if (this.#run) throw new Error('Not before the work under way is done. Try again in a moment.');
    if (!this.#result) throw new Error('There is no result yet.');
    return this.#result;
  }

  /** Parsed again only when somebody asks for details: the view holds all that is drawn. */
  #parsedPlans(): Promise<BySide<Plan | undefined>> {
    const { raw } = this.#present();
    this.#plans ??= import('../plan/read').then(({ readPlan }) => {
      const parse = (text: string | undefined) => (text === undefined ? undefined : readPlan(text).plan);
      return { source: parse(raw.source), target: parse(raw.target) };
    });
    return this.#plans;
  }

  async #keep(result: StoredResult, formerId?: string): Promise<void> {
    try {
      if (formerId === undefined) await this.store.save(result);
      else await this.store.replace(formerId, result);
    } catch (error) {
      // The result is on the screen; only its survival is lost.
      this.log.warn(`The result could not be kept for a reload: ${errorText(error)}`);
    }
  }
}

function readyState({ view, call, recordedIn }: StoredResult, provable: boolean): PlanDiffState {
  return {
    status: 'ready',
    view,
    provable,
    ...(call ? { call } : {}),
    ...(recordedIn ? { recordedIn: basename(recordedIn) } : {}),
  };
}

function panelTitle(title: string): string {
  return `Plans: ${title.length > 40 ? `${title.slice(0, 39)}…` : title}`;
}
