/** The view Clusters: per side its coordinator and workers. Source first; label and colour say which side one looks at. */
import * as vscode from 'vscode';
import type { ClusterNode } from '../cluster/topology';
import type { Migration } from '../shared/migration';
import { type Side, sides } from '../shared/side';
import type { ClusterHealth, SideHealth } from './cluster-health';
import type { MigrationStore } from './migration-store';
import { sideColor, sideLabel } from './side-names';
import { healthWords, nodeName, nodeWords, topologyWords } from './topology-words';

export type ClusterItem =
  | { kind: 'side'; side: Side }
  | { kind: 'node'; side: Side; node: ClusterNode }
  | { kind: 'error'; side: Side; text: string; next: string };

export class ClustersView implements vscode.TreeDataProvider<ClusterItem>, vscode.Disposable {
  readonly #changed = new vscode.EventEmitter<void>();
  readonly onDidChangeTreeData = this.#changed.event;
  readonly #view: vscode.TreeView<ClusterItem>;
  readonly #subscriptions: vscode.Disposable[];

  constructor(
    private readonly migrations: MigrationStore,
    private readonly health: ClusterHealth,
  ) {
    this.#view = vscode.window.createTreeView('cutover.clusters', { treeDataProvider: this, showCollapseAll: false });
    this.#subscriptions = [
      this.#view,
      this.#view.onDidChangeVisibility(() => this.#lookWhenSeen()),
      health.onDidChange(() => this.#changed.fire()),
      migrations.onDidChange(() => this.#update()),
    ];
    this.#update();
  }

  getChildren(item?: ClusterItem): ClusterItem[] {
    if (!vscode.workspace.isTrusted || !this.migrations.active) return [];
    if (!item) return sides.map(side => ({ kind: 'side', side }));
    if (item.kind !== 'side') return [];
    const { side } = item;
    const { error, topology } = this.health.of(side);
    const nodes = topology?.nodes ?? [];
    return [
      ...(error ? [{ kind: 'error' as const, side, text: error.message, next: error.next ?? '' }] : []),
      // Nodes of a side that cannot be reached are what they were: showing them as healthy would be a claim.
      ...(error ? [] : nodes.map(node => ({ kind: 'node' as const, side, node }))),
    ];
  }

  getTreeItem(item: ClusterItem): vscode.TreeItem {
    const migration = this.migrations.active;
    if (!migration) return new vscode.TreeItem('');
    if (item.kind === 'side') return sideItem(migration, item.side, this.health.of(item.side));
    if (item.kind === 'node') return nodeItem(migration, item.side, item.node);
    const tree = new vscode.TreeItem(item.text);
    tree.iconPath = new vscode.ThemeIcon('error', new vscode.ThemeColor('list.errorForeground'));
    tree.tooltip = [item.text, item.next].filter(Boolean).join('\n\n');
    tree.contextValue = 'error';
    return tree;
  }

  dispose(): void {
    for (const subscription of this.#subscriptions) subscription.dispose();
    this.#changed.dispose();
  }

  #update(): void {
    const { active, all, problems } = this.migrations;
    const selection = active
      ? [active.name]
      : all.length > 0
        ? ['Select the migration to work with (Cutover: Select Migration…).']
        : [];
    // A view alone in its container shows no description of its own.
    this.#view.message = [...selection, ...problems].join('\n');
    this.#changed.fire();
    this.#lookWhenSeen();
  }

  /** The view is a promise to know; it connects when it is looked at, never in the background. */
  #lookWhenSeen(): void {
    if (!this.#view.visible || !vscode.workspace.isTrusted) return;
    for (const side of sides) if (this.health.of(side).state === 'unknown') void this.health.check(side);
  }
}

function sideItem(migration: Migration, side: Side, health: SideHealth): vscode.TreeItem {
  const settings = migration[side];
  const item = new vscode.TreeItem(sideLabel(side, settings), vscode.TreeItemCollapsibleState.Expanded);
  item.id = `${migration.name}/${side}`;
  item.description = `${side} · ${shortState(health)}`;
  item.iconPath =
    health.state === 'checking'
      ? new vscode.ThemeIcon('loading~spin', new vscode.ThemeColor(sideColor(side, settings)))
      : new vscode.ThemeIcon('database', new vscode.ThemeColor(sideColor(side, settings)));
  item.tooltip = [`${side}: ${sideLabel(side, settings)}`, healthWords(health), health.error?.next]
    .filter(Boolean)
    .join('\n');
  item.contextValue = health.error?.reason === 'authentication' ? 'side.authentication' : `side.${health.state}`;
  item.accessibilityInformation = { label: `${side}, ${sideLabel(side, settings)}, ${healthWords(health)}` };
  return item;
}

function shortState(health: SideHealth): string {
  if (health.state === 'error') return health.error?.reason === 'authentication' ? 'needs a password' : 'not reachable';
  if (health.state === 'ok' && health.topology) return topologyWords(health.topology);
  return healthWords(health);
}

function nodeItem(migration: Migration, side: Side, node: ClusterNode): vscode.TreeItem {
  const item = new vscode.TreeItem(nodeName(node), vscode.TreeItemCollapsibleState.None);
  item.id = `${migration.name}/${side}/${node.role}/${nodeName(node)}`;
  item.description = nodeWords(node);
  item.iconPath = node.reachable
    ? new vscode.ThemeIcon('server', new vscode.ThemeColor(sideColor(side, migration[side])))
    : new vscode.ThemeIcon('error', new vscode.ThemeColor('list.errorForeground'));
  const group = node.groupId === undefined ? '' : `Citus group ${node.groupId}`;
  const where = `${nodeName(node)}, ${side} (${sideLabel(side, migration[side])})`;
  item.tooltip = [where, nodeWords(node), group, node.reason].filter(Boolean).join('\n');
  item.contextValue = 'node';
  return item;
}
