/** The report of a comparison: one panel of the active migration. What it is asked to do, commands do. */
import * as vscode from 'vscode';
import { comparisonRequests } from '../../shared/comparison-panel';
import { RpcServer } from '../../shared/rpc';
import { pageHtml, pageRoot } from '../plan-page';
import { comparisonViewType } from '../workbench';
import type { ComparisonModel } from './model';

/** What is done with a comparison; the view, the report and the palette ask for the same. Ids are those of checks. */
export interface ComparisonActions {
  compare(): Promise<void>;
  /** What is shown, once more: the same groups. */
  compareAgain(): Promise<void>;
  again(id: string): Promise<void>;
  openFix(id: string): Promise<void>;
  copyFix(id: string): Promise<void>;
  copy(text: string): Promise<void>;
  /** Answers the playbook's file. */
  record(id: string): Promise<string>;
  ignore(id: string): Promise<void>;
  unignore(id: string): Promise<void>;
  since(): Promise<void>;
  export(): Promise<void>;
}

export class ComparisonPanel {
  #open: { panel: vscode.WebviewPanel; rpc: RpcServer<typeof comparisonRequests> } | undefined;
  /** The check to show once the page is up. */
  #wanted: string | undefined;
  /** A state waits to be sent. */
  #pending: NodeJS.Timeout | undefined;

  constructor(
    private readonly extensionUri: vscode.Uri,
    private readonly model: ComparisonModel,
    private readonly log: vscode.LogOutputChannel,
    private readonly actions: ComparisonActions,
  ) {
    model.onDidChange(() => this.#send());
  }

  get column(): vscode.ViewColumn | undefined {
    return this.#open?.panel.viewColumn;
  }

  show(checkId?: string): void {
    if (checkId !== undefined) this.#wanted = checkId;
    if (this.#open) {
      this.#open.panel.reveal();
      this.#select();
      return;
    }
    const column = vscode.window.tabGroups.activeTabGroup.viewColumn;
    this.#adopt(
      vscode.window.createWebviewPanel(comparisonViewType, 'Comparison', column, {
        ...this.#options(),
        retainContextWhenHidden: false,
      }),
    );
  }

  /** Takes over a panel that VS Code brings back after a reload. */
  restore(panel: vscode.WebviewPanel): void {
    panel.webview.options = this.#options();
    this.#open?.panel.dispose();
    this.#adopt(panel);
  }

  #options(): vscode.WebviewOptions {
    return { enableScripts: true, enableForms: false, localResourceRoots: [pageRoot(this.extensionUri)] };
  }

  /** Checks come in bursts: what changes within the same turn is sent once. */
  #send(): void {
    this.#pending ??= setTimeout(() => {
      this.#pending = undefined;
      this.#open?.rpc.notify('state', this.model.state);
    }, 0);
  }

  #adopt(panel: vscode.WebviewPanel): void {
    const { actions, model } = this;
    const run = (work: Promise<unknown>) => work.then(() => null);
    const rpc = new RpcServer(
      message => void panel.webview.postMessage(message),
      comparisonRequests,
      {
        ready: async () => {
          await model.loaded;
          // The answer comes first, the check to show right behind it.
          setTimeout(() => this.#select(), 0);
          return model.state;
        },
        compare: () => run(actions.compareAgain()),
        cancel: async () => {
          model.cancel();
          return null;
        },
        again: ({ id }) => run(actions.again(id)),
        openFix: ({ id }) => run(actions.openFix(id)),
        copyFix: ({ id }) => run(actions.copyFix(id)),
        copy: ({ text }) => run(actions.copy(text)),
        record: async ({ id }) => ({ file: await actions.record(id) }),
        ignore: ({ id }) => run(actions.ignore(id)),
        unignore: ({ id }) => run(actions.unignore(id)),
        since: () => run(actions.since()),
        forgetSince: async () => {
          model.before = undefined;
          return null;
        },
        export: () => run(actions.export()),
      },
      what => this.log.error(`comparison page: ${what}`),
    );
    panel.webview.onDidReceiveMessage(message => void rpc.receive(message));
    panel.onDidDispose(() => {
      rpc.dispose();
      if (this.#open?.panel === panel) this.#open = undefined;
    });
    const icon = (name: string) => vscode.Uri.joinPath(this.extensionUri, 'media', `plan-diff-${name}.svg`);
    panel.iconPath = { light: icon('light'), dark: icon('dark') };
    panel.webview.html = pageHtml(panel.webview, this.extensionUri, 'comparison', 'Comparison');
    this.#open = { panel, rpc };
  }

  #select(): void {
    if (this.#wanted === undefined || !this.#open) return;
    this.#open.rpc.notify('select', { id: this.#wanted });
    this.#wanted = undefined;
  }
}
