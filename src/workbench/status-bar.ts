/** One status bar item: the active pair and its health. Colour only when something is wrong. */
import * as vscode from 'vscode';
import { sides } from '../shared/side';
import type { ClusterHealth, SideHealth } from './cluster-health';
import type { MigrationStore } from './migration-store';
import { sideLabel, sideNamed } from './side-names';
import { healthWords } from './topology-words';

const signs: Record<SideHealth['state'], string> = {
  unknown: '–',
  checking: '$(loading~spin)',
  ok: '✓',
  error: '✗',
};

export class StatusBar implements vscode.Disposable {
  readonly #item = vscode.window.createStatusBarItem('cutover.status', vscode.StatusBarAlignment.Left, 50);
  readonly #subscriptions: vscode.Disposable[];

  constructor(
    private readonly migrations: MigrationStore,
    private readonly health: ClusterHealth,
  ) {
    this.#item.name = 'Cutover';
    this.#item.command = 'cutover.statusActions';
    this.#subscriptions = [
      this.#item,
      migrations.onDidChange(() => this.#update()),
      health.onDidChange(() => this.#update()),
    ];
    this.#update();
  }

  dispose(): void {
    for (const subscription of this.#subscriptions) subscription.dispose();
  }

  #update(): void {
    const { active, all } = this.migrations;
    if (all.length === 0 || !vscode.workspace.isTrusted) {
      this.#item.hide();
      return;
    }
    this.#item.backgroundColor = undefined;
    if (!active) {
      this.#item.text = '$(database) Select migration';
      this.#item.tooltip = `Cutover: ${all.length} migrations, none selected`;
    } else {
      const states = sides.map(side => this.health.of(side));
      this.#item.text = `$(database) ${active.name}: ${sides.map((side, i) => `${side} ${signs[states[i]!.state]}`).join(' ')}`;
      this.#item.tooltip = [
        `Cutover: ${active.name}`,
        ...sides.map((side, i) => `${sideNamed(side, active[side])}: ${healthWords(states[i]!)}`),
      ].join('\n');
      this.#item.accessibilityInformation = {
        label: `Cutover, ${active.name}, ${sides.map((side, i) => `${side} ${sideLabel(side, active[side])} ${healthWords(states[i]!)}`).join(', ')}`,
      };
      const failed = states.filter(state => state.state === 'error').length;
      if (failed > 0) {
        this.#item.backgroundColor = new vscode.ThemeColor(
          failed === 2 ? 'statusBarItem.errorBackground' : 'statusBarItem.warningBackground',
        );
      }
    }
    this.#item.show();
  }
}
