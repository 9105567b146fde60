/** The table of statements: one panel, whose page asks for what it shows. What it is asked to do, commands do. */
import * as vscode from 'vscode';
import { RpcServer } from '../shared/rpc';
import { type StatementsState, statementsRequests } from '../shared/statements-panel';
import { pageHtml, pageRoot } from './plan-page';
import type { StatementsModel } from './statements-model';
import { type StatementActions, statementsViewType } from './workbench';

const notRead: StatementsState = {
  status: 'failed',
  error: {
    reason: 'notRead',
    message: 'The statements of this migration have not been read in this window.',
    next: 'Refresh to read pg_stat_statements of both sides.',
  },
};

/** At most one is open: it shows the active migration. */
export class StatementsPanel {
  #open: { panel: vscode.WebviewPanel; rpc: RpcServer<typeof statementsRequests> } | undefined;
  /** The row to show once the page is up. */
  #wanted: string | undefined;
  #shown: StatementsState | undefined;

  constructor(
    private readonly extensionUri: vscode.Uri,
    private readonly model: StatementsModel,
    private readonly log: vscode.LogOutputChannel,
    private readonly actions: StatementActions,
  ) {
    model.onDidChange(() => {
      // The same state again, as when only the view has something new to say, is no news to the page.
      if (model.state === this.#shown) return;
      this.#shown = model.state;
      this.#open?.rpc.notify('state', model.state ?? notRead);
    });
  }

  get isActive(): boolean {
    return this.#open?.panel.active === true;
  }

  show(rowId?: string): void {
    if (rowId !== undefined) this.#wanted = rowId;
    if (this.#open) {
      this.#open.panel.reveal();
      this.#select();
      return;
    }
    const column = vscode.window.tabGroups.activeTabGroup.viewColumn;
    this.#adopt(
      vscode.window.createWebviewPanel(statementsViewType, 'Slow Statements', column, {
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

  #adopt(panel: vscode.WebviewPanel): void {
    const { actions, model } = this;
    const run = (work: Promise<unknown>) => work.then(() => null);
    const rpc = new RpcServer(
      message => void panel.webview.postMessage(message),
      statementsRequests,
      {
        ready: async () => {
          // The answer comes first, the row to show right behind it.
          setTimeout(() => this.#select(), 0);
          this.#shown = model.state;
          if (!model.state && !model.isReading) void actions.refresh(false);
          return model.state ?? notRead;
        },
        details: ({ id }) => model.details(id),
        search: async ({ text }, signal) => ({ ids: await model.search(text, signal) }),
        explain: ({ id }) => run(actions.explain(id, 'plain')),
        prove: ({ id }) => run(actions.prove(id)),
        open: ({ id }) => run(actions.open(id)),
        copy: ({ id }) => run(actions.copy(id)),
        record: async ({ id }) => ({ file: await actions.record(id) }),
        pin: ({ source, target }) => run(actions.pin(source, target)),
        confirm: ({ id }) => run(actions.confirm(id)),
        split: ({ id }) => run(actions.split(id)),
        choose: () => run(actions.choose()),
        snapshot: () => run(actions.snapshot()),
        refresh: () => run(actions.refresh(true)),
        cancel: async () => {
          model.cancel();
          return null;
        },
        export: ({ format, ids }) => run(actions.export(format, ids)),
      },
      what => this.log.error(`statements page: ${what}`),
    );
    panel.webview.onDidReceiveMessage(message => void rpc.receive(message));
    panel.onDidDispose(() => {
      rpc.dispose();
      if (this.#open?.panel === panel) this.#open = undefined;
    });
    const icon = (name: string) => vscode.Uri.joinPath(this.extensionUri, 'media', `plan-diff-${name}.svg`);
    panel.iconPath = { light: icon('light'), dark: icon('dark') };
    panel.webview.html = pageHtml(panel.webview, this.extensionUri, 'statements', 'Slow statements');
    this.#open = { panel, rpc };
  }

  #select(): void {
    if (this.#wanted === undefined || !this.#open) return;
    this.#open.rpc.notify('select', { id: this.#wanted });
    this.#wanted = undefined;
  }
}
