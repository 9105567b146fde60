/** The open plan-diff panels. The same statement of the same migration goes to the panel it had before. */
import * as vscode from 'vscode';
import { pageRoot } from './plan-page';
import { PlanPanel, type PlanPanelActions } from './plan-panel';
import type { PlanRequest, PlanStore, StoredResult } from './plan-store';
import { planDiffViewType } from './workbench';

export class PlanPanels {
  /** In order of use, the newest last. */
  readonly #open: PlanPanel[] = [];

  constructor(
    private readonly extensionUri: vscode.Uri,
    private readonly store: PlanStore,
    private readonly log: vscode.LogOutputChannel,
    private readonly actions: PlanPanelActions,
  ) {}

  /** The panel that has the focus. */
  get active(): PlanPanel | undefined {
    return this.#open.find(({ panel }) => panel.active);
  }

  /** That one, else the one used last. */
  get current(): PlanPanel | undefined {
    return this.active ?? this.#open.at(-1);
  }

  /** A result that is on the screen, or kept. */
  async find(id: string): Promise<StoredResult | undefined> {
    return this.#open.find(({ result }) => result?.view.id === id)?.result ?? (await this.store.load(id));
  }

  /** The panel for a statement: its former one, else a new one beside the editor, or where panels are already. */
  forRequest(request: PlanRequest | undefined): PlanPanel {
    const former = request && this.#open.find(panel => panel.shows(request));
    if (former) {
      this.#touch(former);
      former.panel.reveal(undefined, true);
      return former;
    }
    const column = this.#open.at(-1)?.panel.viewColumn ?? vscode.ViewColumn.Beside;
    const panel = vscode.window.createWebviewPanel(
      planDiffViewType,
      'Plans',
      // The keyboard stays in the editor: the next statement is a cursor move away.
      { viewColumn: column, preserveFocus: true },
      this.#options(),
    );
    return this.#add(panel);
  }

  /** Takes over a panel that VS Code brings back after a reload. */
  restore(panel: vscode.WebviewPanel): void {
    panel.webview.options = this.#options();
    this.#add(panel);
  }

  #options(): vscode.WebviewOptions {
    return { enableScripts: true, enableForms: false, localResourceRoots: [pageRoot(this.extensionUri)] };
  }

  #add(panel: vscode.WebviewPanel): PlanPanel {
    const added = new PlanPanel(panel, this.extensionUri, this.store, this.log, this.actions);
    this.#open.push(added);
    panel.onDidChangeViewState(() => panel.active && this.#touch(added));
    panel.onDidDispose(() => this.#open.splice(this.#open.indexOf(added), 1));
    return added;
  }

  #touch(panel: PlanPanel): void {
    this.#open.splice(this.#open.indexOf(panel), 1);
    this.#open.push(panel);
  }
}
