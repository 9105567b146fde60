/** The view Slow Statements: regressions, writes and reads apart, and what only one side has. */
import * as vscode from 'vscode';
import { formatNumber } from '../shared/format';
import type { Side } from '../shared/side';
import type { StatementRow, StatementVerdict } from '../shared/statements';
import type { OutlineGroup, OutlineGroupId, OutlineSort } from '../statements/outline';
import { rowDescription, rowTooltip, signedDuration, verdictWords } from './statement-words';
import type { StatementsModel } from './statements-model';
import type { Workbench } from './workbench';

export type StatementItem =
  | { kind: 'group'; group: OutlineGroup }
  | { kind: 'statement'; group: OutlineGroupId; row: StatementRow }
  | { kind: 'more'; group: OutlineGroupId; count: number }
  | { kind: 'error'; side: Side | undefined; text: string; next: string };

/** A tree item costs; whoever wants more is better served by the table. */
const listedRows = 200;

const groupTitles: Record<OutlineGroupId, string> = {
  regressions: 'Regressions',
  writes: 'Writes',
  reads: 'Reads',
  onlyTarget: 'Only on Target',
  onlySource: 'Only on Source',
};

const verdictIcons: Record<StatementVerdict, readonly [icon: string, color?: string]> = {
  regression: ['arrow-up', 'list.errorForeground'],
  improvement: ['arrow-down', 'charts.green'],
  same: ['dash'],
  noise: ['pulse'],
  differentData: ['diff'],
  unconfirmed: ['question'],
  onlySource: ['arrow-left'],
  onlyTarget: ['arrow-right'],
};

const sortKey = 'cutover.statements.sort';

export class StatementsView implements vscode.TreeDataProvider<StatementItem>, vscode.Disposable {
  readonly #changed = new vscode.EventEmitter<void>();
  readonly onDidChangeTreeData = this.#changed.event;
  readonly #view: vscode.TreeView<StatementItem>;
  readonly #subscriptions: vscode.Disposable[];
  #filter = '';
  #model: StatementsModel | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly workbench: Workbench,
    private readonly makeModel: () => Promise<StatementsModel>,
  ) {
    this.#view = vscode.window.createTreeView('cutover.statements', { treeDataProvider: this, showCollapseAll: true });
    this.#subscriptions = [
      this.#view,
      this.#view.onDidChangeVisibility(() => this.#readWhenSeen()),
      workbench.migrations.onDidChange(() => this.#update()),
      vscode.workspace.onDidChangeConfiguration(event => {
        if (event.affectsConfiguration('cutover.statements.refreshSeconds')) this.#schedule();
      }),
    ];
    this.#update();
    this.#schedule();
  }

  get filter(): string {
    return this.#filter;
  }

  set filter(text: string) {
    this.#filter = text;
    void vscode.commands.executeCommand('setContext', 'cutover.statementsFiltered', text !== '');
    this.#update();
  }

  get sort(): OutlineSort {
    return this.workbench.context.workspaceState.get<OutlineSort>(sortKey, 'impact');
  }

  async sortBy(sort: OutlineSort): Promise<void> {
    await this.workbench.context.workspaceState.update(sortKey, sort);
    this.#update();
  }

  /** The statement that is selected in the view. */
  get selected(): StatementRow | undefined {
    const [item] = this.#view.selection;
    return item?.kind === 'statement' ? item.row : undefined;
  }

  async getChildren(item?: StatementItem): Promise<StatementItem[]> {
    if (item) return item.kind === 'group' ? childrenOf(item.group) : [];
    const state = this.#model?.state;
    if (!vscode.workspace.isTrusted || !this.workbench.migrations.active || !state) return [];
    if (state.status === 'failed') {
      const { message, next } = state.error;
      return [{ kind: 'error', side: undefined, text: message, next: next ?? '' }];
    }
    if (state.status !== 'ready') return [];
    const errors = (['source', 'target'] as const).flatMap((side): StatementItem[] => {
      const { error, label } = state.summary[side];
      return error ? [{ kind: 'error', side, text: `${label}: ${error.message}`, next: error.next ?? '' }] : [];
    });
    const groups = await this.#model!.outline(this.#filter, this.sort, listedRows);
    return [...errors, ...groups.map(group => ({ kind: 'group' as const, group }))];
  }

  getTreeItem(item: StatementItem): vscode.TreeItem {
    switch (item.kind) {
      case 'group':
        return groupItem(item.group, this.#perHour);
      case 'statement':
        return statementItem(item.group, item.row);
      case 'more':
        return moreItem(item.count);
      default:
        return errorItem(item);
    }
  }

  dispose(): void {
    clearInterval(this.#timer);
    for (const subscription of this.#subscriptions) subscription.dispose();
    this.#changed.dispose();
  }

  get #perHour(): number | undefined {
    const state = this.#model?.state;
    return state?.status === 'ready' ? state.summary.perHour : undefined;
  }

  /** The view is a promise to know: it reads when it is looked at, once; later when somebody asks. */
  #readWhenSeen(): void {
    const { active } = this.workbench.migrations;
    if (!this.#view.visible || !vscode.workspace.isTrusted || !active) return;
    void this.#withModel().then(model => {
      if (!model.state && !model.isReading) void model.refresh(active, false);
    });
  }

  async #withModel(): Promise<StatementsModel> {
    if (!this.#model) {
      const model = await this.makeModel();
      // Two may have waited for it.
      if (!this.#model) this.#subscriptions.push(model.onDidChange(() => this.#update()));
      this.#model = model;
    }
    return this.#model;
  }

  #update(): void {
    const state = this.#model?.state;
    const reading = state?.status === 'running' || (state?.status === 'ready' && state.refreshing);
    this.#view.description = reading ? 'reading …' : this.#filter ? `“${this.#filter}”` : '';
    // An empty text would still take a line.
    (this.#view as { message: string | undefined }).message = this.#message();
    this.#changed.fire();
    this.#readWhenSeen();
  }

  #message(): string | undefined {
    const state = this.#model?.state;
    if (!vscode.workspace.isTrusted || !this.workbench.migrations.active) return undefined;
    if (state?.status === 'running') return 'Reading pg_stat_statements of both sides …';
    return state?.status === 'ready' ? state.summary.sentence : undefined;
  }

  /** Off by default: each reading costs the clusters something. */
  #schedule(): void {
    clearInterval(this.#timer);
    const seconds = vscode.workspace.getConfiguration('cutover').get('statements.refreshSeconds', 0);
    if (seconds <= 0) return;
    this.#timer = setInterval(() => {
      const { active } = this.workbench.migrations;
      const model = this.#model;
      if (!active || !this.#view.visible || !vscode.workspace.isTrusted || !model || model.isReading) return;
      void model.refresh(active, false);
    }, Math.max(seconds, 5) * 1000);
  }
}

function childrenOf({ id, rows, count }: OutlineGroup): StatementItem[] {
  const items: StatementItem[] = rows.map(row => ({ kind: 'statement', group: id, row }));
  return count > rows.length ? [...items, { kind: 'more', group: id, count: count - rows.length }] : items;
}

function groupItem({ id, count, impactMs }: OutlineGroup, perHour: number | undefined): vscode.TreeItem {
  const { Collapsed, Expanded, None } = vscode.TreeItemCollapsibleState;
  const item = new vscode.TreeItem(groupTitles[id], count === 0 ? None : id === 'regressions' ? Expanded : Collapsed);
  item.id = `group/${id}`;
  const cost =
    impactMs === undefined || count === 0
      ? ''
      : perHour === undefined
        ? signedDuration(impactMs)
        : `${signedDuration(impactMs * perHour)} per hour`;
  item.description = [formatNumber(count), cost].filter(Boolean).join(' · ');
  item.contextValue = `statements.${id}`;
  return item;
}

function statementItem(group: OutlineGroupId, row: StatementRow): vscode.TreeItem {
  const item = new vscode.TreeItem(row.title, vscode.TreeItemCollapsibleState.None);
  item.id = `${group}/${row.id}`;
  item.description = rowDescription(row);
  item.tooltip = rowTooltip(row);
  const [icon, color] = verdictIcons[row.verdict];
  item.iconPath = new vscode.ThemeIcon(icon, color === undefined ? undefined : new vscode.ThemeColor(color));
  item.contextValue = 'statement';
  item.command = { command: 'cutover.showStatement', title: 'Show in Table', arguments: [{ row }] };
  item.accessibilityInformation = {
    label: `${row.title}, ${verdictWords[row.verdict]}, ${rowDescription(row)}`,
  };
  return item;
}

function moreItem(count: number): vscode.TreeItem {
  const item = new vscode.TreeItem(`${formatNumber(count)} more in the table`);
  item.iconPath = new vscode.ThemeIcon('table');
  item.command = { command: 'cutover.showStatements', title: 'Show Table' };
  return item;
}

function errorItem({ text, next, side }: Extract<StatementItem, { kind: 'error' }>): vscode.TreeItem {
  const item = new vscode.TreeItem(text);
  item.iconPath = new vscode.ThemeIcon('error', new vscode.ThemeColor('list.errorForeground'));
  item.tooltip = [text, next].filter(Boolean).join('\n\n');
  item.contextValue = side === undefined ? 'statements.error' : `statements.error.${side}`;
  return item;
}
