/** The view Comparison: groups with their findings, worst first; on request everything that was asked. */
import * as vscode from 'vscode';
import type { ComparedCheck } from '../../shared/comparison';
import type { Workbench } from '../workbench';
import type { ComparisonItem } from './items';
import type { ComparisonModel } from './model';

const showAllKey = 'cutover.comparison.showsAll';

export class ComparisonView implements vscode.TreeDataProvider<ComparisonItem>, vscode.Disposable {
  readonly #changed = new vscode.EventEmitter<void>();
  readonly onDidChangeTreeData = this.#changed.event;
  readonly #view: vscode.TreeView<ComparisonItem>;
  readonly #subscriptions: vscode.Disposable[];
  #shown: { model: ComparisonModel; items: typeof import('./items') } | undefined;
  #loading = false;

  constructor(
    private readonly workbench: Workbench,
    private readonly makeModel: () => Promise<ComparisonModel>,
  ) {
    this.#view = vscode.window.createTreeView('cutover.comparison', { treeDataProvider: this, showCollapseAll: true });
    this.#subscriptions = [this.#view, this.#view.onDidChangeVisibility(() => this.#loadWhenSeen())];
    this.#setContext();
    this.#loadWhenSeen();
  }

  /** What passed, is unknown or ignored is listed as well. */
  get showsAll(): boolean {
    return this.workbench.context.workspaceState.get(showAllKey, false);
  }

  async showAll(all: boolean): Promise<void> {
    await this.workbench.context.workspaceState.update(showAllKey, all);
    this.#setContext();
    this.#update();
  }

  get selected(): ComparedCheck | undefined {
    const [item] = this.#view.selection;
    return item?.kind === 'check' ? item.check : undefined;
  }

  getChildren(item?: ComparisonItem): ComparisonItem[] {
    if (!vscode.workspace.isTrusted || !this.#shown) return [];
    const { model, items } = this.#shown;
    return item ? items.itemsOf(item, model.state) : items.topItems(model.state, this.showsAll);
  }

  getTreeItem(item: ComparisonItem): vscode.TreeItem {
    return this.#shown!.items.treeItem(item);
  }

  dispose(): void {
    for (const subscription of this.#subscriptions) subscription.dispose();
    this.#changed.dispose();
  }

  /** Reads what is stored; asks no server. */
  #loadWhenSeen(): void {
    if (!this.#view.visible || this.#loading || !vscode.workspace.isTrusted) return;
    this.#loading = true;
    void Promise.all([this.makeModel(), import('./items')]).then(([model, items]) => {
      this.#shown = { model, items };
      this.#subscriptions.push(model.onDidChange(() => this.#update()));
      this.#update();
    });
  }

  #update(): void {
    const { model, items } = this.#shown ?? {};
    const state = vscode.workspace.isTrusted ? model?.state : undefined;
    // An empty text would still take a line.
    (this.#view as { message: string | undefined }).message = state && items?.messageOf(state);
    this.#view.description = (state && items?.descriptionOf(state)) ?? '';
    this.#changed.fire();
  }

  #setContext(): void {
    void vscode.commands.executeCommand('setContext', 'cutover.comparisonShowsAll', this.showsAll);
  }
}
