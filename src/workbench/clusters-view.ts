/** The view Clusters: per side its coordinator and workers. Source first; label and colour say which side one looks at. */
import * as vscode from 'vscode';
import type { ClusterNode } from '../cluster/topology';
import type { ConnectionSettings, Migration } from '../shared/migration';
import { type Side, sides } from '../shared/side';
import type { ClusterHealth, SideHealth } from './cluster-health';
import type { MigrationStore } from './migration-store';
import { sideColor, sideLabel, sideWord } from './side-names';
import { healthWords, nodeName, nodeWords, topologyWords } from './topology-words';

export type ClusterItem =
  | { kind: 'side'; side: Side }
  | { kind: 'node'; side: Side; node: ClusterNode }
  | { kind: 'error'; side: Side; text: string; next: string }
  | { kind: 'note'; side: Side; text: string };

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
      health.onDidChange(() => {
        this.#changed.fire();
        this.#lookWhenSeen();
      }),
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
    // Nodes of a side that cannot be reached are what they were: showing them as healthy would be a claim.
    if (error) return [{ kind: 'error', side, text: error.message, next: error.next ?? '' }];
    return [
      ...(topology?.notes ?? []).map(text => ({ kind: 'note' as const, side, text })),
      ...(topology?.nodes ?? []).map(node => ({ kind: 'node' as const, side, node })),
    ];
  }

  getTreeItem(item: ClusterItem): vscode.TreeItem {
    const migration = this.migrations.active;
    if (!migration) return new vscode.TreeItem('');
    if (item.kind === 'side') return sideItem(migration, item.side, this.health.of(item.side));
    if (item.kind === 'node') return nodeItem(migration, item.side, item.node);
    const said = new vscode.TreeItem(item.text);
    said.iconPath =
      item.kind === 'error'
        ? new vscode.ThemeIcon('error', new vscode.ThemeColor('list.errorForeground'))
        : new vscode.ThemeIcon('info');
    said.tooltip = [item.text, item.kind === 'error' ? item.next : ''].filter(Boolean).join('\n\n');
    said.contextValue = item.kind;
    return said;
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
    this.#view.message = [...selection, ...problems.map(({ message }) => message)].join(' · ');
    this.#changed.fire();
    this.#lookWhenSeen();
  }

  /** The view is a promise to know; it connects when it is looked at, never in the background. */
  #lookWhenSeen(): void {
    if (!this.#view.visible || !vscode.workspace.isTrusted) return;
    for (const side of sides) {
      const { state, topology } = this.health.of(side);
      // A side that answered to a statement is known to live, but not its nodes.
      if (state === 'unknown' || (state === 'ok' && !topology)) void this.health.check(side);
    }
  }
}

function sideItem(migration: Migration, side: Side, health: SideHealth): vscode.TreeItem {
  const settings = migration[side];
  // The side first: of a long label the end is cut off.
  const item = new vscode.TreeItem(sideWord(side), vscode.TreeItemCollapsibleState.Expanded);
  item.id = `${migration.name}/${side}`;
  item.description = [sideName(side, settings), shortState(health)].filter(Boolean).join(' · ');
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

/** The label, unless it only says again which side it is. */
function sideName(side: Side, settings: ConnectionSettings): string {
  const label = sideLabel(side, settings);
  return label === sideWord(side) ? '' : label;
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
