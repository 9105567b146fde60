/** What a click on the status bar item offers: the other migrations, and what one does with this one. */
import * as vscode from 'vscode';
import { sides } from '../shared/side';
import { Dismissed } from './messages';
import { sideNamed } from './side-names';
import type { Workbench } from './workbench';

interface ActionItem extends vscode.QuickPickItem {
  run?: () => Thenable<unknown>;
}

export async function showStatusActions(workbench: Workbench): Promise<void> {
  const { all, active } = workbench.migrations;
  const separator = (label: string): ActionItem => ({ label, kind: vscode.QuickPickItemKind.Separator });
  const command = (icon: string, label: string, id: string): ActionItem => ({
    iconPath: new vscode.ThemeIcon(icon),
    label,
    run: () => vscode.commands.executeCommand(id),
  });
  const items: ActionItem[] = [
    separator('migrations'),
    ...all.map(({ migration }) => ({
      iconPath: new vscode.ThemeIcon(migration === active ? 'check' : 'database'),
      label: migration.name,
      description: sides.map(side => sideNamed(side, migration[side])).join(' → '),
      run: () => workbench.migrations.select(migration.name),
    })),
    separator('actions'),
    command('list-tree', 'Show Clusters', 'cutover.clusters.focus'),
    command('plug', 'Test Connections', 'cutover.testConnections'),
    command('key', 'Set Password…', 'cutover.setPassword'),
    command('edit', 'Edit Migration…', 'cutover.editMigration'),
    command('add', 'Add Migration…', 'cutover.addMigration'),
    command('output', 'Show Log', 'cutover.showLog'),
  ];
  const chosen = await vscode.window.showQuickPick(items, {
    title: 'Cutover',
    placeHolder: 'Select a migration or an action',
  });
  if (!chosen?.run) throw new Dismissed();
  await chosen.run();
}
