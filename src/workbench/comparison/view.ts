/** The view Comparison: groups with their findings, worst first; on request everything that was asked. */
import * as vscode from 'vscode';
import { worstFirst } from '../../comparison/order';
import { comparisonReport } from '../../comparison/report';
import { comparisonSentence, severityWords } from '../../comparison/sentence';
import { visibleLine, visibleText } from '../../playbook/visible';
import type { ComparedCheck } from '../../shared/comparison';
import type { ShownComparison } from '../../shared/comparison-panel';
import { type Side, sides } from '../../shared/side';
import type { Workbench } from '../workbench';
import type { ComparisonModel } from './model';
import { type CheckState, groupTitle, severityIcons, stateOf } from './words';

export type ComparisonItem =
  | { kind: 'group'; group: string; checks: readonly ComparedCheck[] }
  | { kind: 'check'; check: ComparedCheck; state: CheckState; reason?: string }
  | { kind: 'error'; side: Side | undefined; text: string; next: string };

const showAllKey = 'cutover.comparison.showsAll';

export class ComparisonView implements vscode.TreeDataProvider<ComparisonItem>, vscode.Disposable {
  readonly #changed = new vscode.EventEmitter<void>();
  readonly onDidChangeTreeData = this.#changed.event;
  readonly #view: vscode.TreeView<ComparisonItem>;
  readonly #subscriptions: vscode.Disposable[];
  #model: ComparisonModel | undefined;

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
    const state = this.#model?.state;
    if (!vscode.workspace.isTrusted || !state) return [];
    if (state.status === 'failed')
      return [{ kind: 'error', side: undefined, text: state.error.message, next: state.error.next ?? '' }];
    if (state.status !== 'shown') return [];
    if (item) return item.kind === 'group' ? item.checks.map(check => this.#checkItem(check, state)) : [];
    return [...errorsOf(state), ...this.#groups(state)];
  }

  getTreeItem(item: ComparisonItem): vscode.TreeItem {
    if (item.kind === 'group') return groupItem(item);
    return item.kind === 'check' ? checkItem(item) : errorItem(item);
  }

  dispose(): void {
    for (const subscription of this.#subscriptions) subscription.dispose();
    this.#changed.dispose();
  }

  #groups({ comparison, ignored }: ShownComparison): ComparisonItem[] {
    const shown = comparison.checks.filter(check => this.showsAll || stateOf(check, ignored) === 'finding');
    const groups = [...new Set(comparison.checks.map(({ group }) => group))];
    return groups.flatMap((group): ComparisonItem[] => {
      const checks = worstFirst(shown.filter(check => check.group === group));
      return checks.length > 0 ? [{ kind: 'group', group, checks }] : [];
    });
  }

  #checkItem(check: ComparedCheck, { ignored }: ShownComparison): ComparisonItem {
    const state = stateOf(check, ignored);
    const reason = ignored.find(({ id }) => id === check.id)?.reason;
    return { kind: 'check', check, state, ...(state === 'ignored' && reason !== undefined ? { reason } : {}) };
  }

  /** Reads what is stored; asks no server. */
  #loadWhenSeen(): void {
    if (!this.#view.visible || this.#model || !vscode.workspace.isTrusted) return;
    void this.makeModel().then(model => {
      this.#model ??= model;
      this.#subscriptions.push(model.onDidChange(() => this.#update()));
      this.#update();
    });
  }

  #update(): void {
    // An empty text would still take a line.
    (this.#view as { message: string | undefined }).message = this.#message();
    this.#view.description = this.#description();
    this.#changed.fire();
  }

  #message(): string | undefined {
    const state = this.#model?.state;
    if (state?.status !== 'shown' || !vscode.workspace.isTrusted) return undefined;
    const { comparison, running, ignored } = state;
    if (running) return `Asking both sides: ${running.done} of ${running.total} checks …`;
    const report = comparisonReport(comparison, { ignore: ignored });
    const apart = report.ignored.length > 0 ? `; ${report.ignored.length} ignored` : '';
    return `${comparisonSentence(report)}${apart}`;
  }

  #description(): string {
    const state = this.#model?.state;
    if (state?.status !== 'shown') return '';
    if (state.running) return 'comparing …';
    return new Date(state.comparison.at).toLocaleString(undefined, { dateStyle: 'short', timeStyle: 'short' });
  }

  #setContext(): void {
    void vscode.commands.executeCommand('setContext', 'cutover.comparisonShowsAll', this.showsAll);
  }
}

function errorsOf(state: ShownComparison): ComparisonItem[] {
  return sides.flatMap((side): ComparisonItem[] => {
    const { error } = state[side];
    const text = `${state.comparison[side].label}: ${error?.message}`;
    return error ? [{ kind: 'error', side, text, next: error.next ?? '' }] : [];
  });
}

function groupItem({ group, checks }: Extract<ComparisonItem, { kind: 'group' }>): vscode.TreeItem {
  const findings = checks.filter(({ verdict }) => verdict === 'fail');
  const { Expanded, Collapsed } = vscode.TreeItemCollapsibleState;
  const item = new vscode.TreeItem(groupTitle(group), findings.length > 0 ? Expanded : Collapsed);
  item.id = `group/${group}`;
  item.description = severityWords(findings) || `${checks.length}`;
  item.contextValue = 'comparison.group';
  return item;
}

function checkItem({ check, state, reason }: Extract<ComparisonItem, { kind: 'check' }>): vscode.TreeItem {
  const item = new vscode.TreeItem(check.title, vscode.TreeItemCollapsibleState.None);
  item.id = `check/${check.id}`;
  const said = state === 'ignored' ? `ignored: ${reason}` : check.summary;
  item.description = visibleLine(said);
  item.tooltip = visibleText([check.id, `${check.severity} · ${said}`, '', check.why].join('\n'));
  item.iconPath = iconOf(check, state);
  item.contextValue = `comparison.${state}${check.remedies.length > 0 && state !== 'passed' ? '.fix' : ''}`;
  item.command = { command: 'cutover.showComparison', title: 'Show Evidence', arguments: [{ check }] };
  const words = state === 'finding' ? `${check.severity} severity` : state;
  item.accessibilityInformation = { label: `${check.title}, ${words}, ${visibleLine(said)}` };
  return item;
}

function iconOf({ severity }: ComparedCheck, state: CheckState): vscode.ThemeIcon {
  if (state === 'passed') return new vscode.ThemeIcon('pass', new vscode.ThemeColor('testing.iconPassed'));
  if (state === 'unknown') return new vscode.ThemeIcon('question');
  if (state === 'ignored') return new vscode.ThemeIcon('eye-closed');
  const [icon, color] = severityIcons[severity];
  return new vscode.ThemeIcon(icon, new vscode.ThemeColor(color));
}

function errorItem({ text, next, side }: Extract<ComparisonItem, { kind: 'error' }>): vscode.TreeItem {
  const item = new vscode.TreeItem(visibleLine(text));
  item.iconPath = new vscode.ThemeIcon('error', new vscode.ThemeColor('list.errorForeground'));
  item.tooltip = visibleText([text, next].filter(Boolean).join('\n\n'));
  item.contextValue = side === undefined ? 'comparison.error' : `comparison.error.${side}`;
  return item;
}
