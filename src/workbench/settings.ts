/** Cutover's settings as the editor has them. */
import * as vscode from 'vscode';
import type { SessionLimits } from '../cluster/limits';
import type { Migration } from '../shared/migration';
import {
  type MigrationList,
  readMigrationList,
  type SettingScope,
  type SettingsProblem,
  withMigration,
  withoutMigration,
} from './migration-list';

const targets: Record<SettingScope, vscode.ConfigurationTarget> = {
  user: vscode.ConfigurationTarget.Global,
  workspace: vscode.ConfigurationTarget.Workspace,
};

/** The configured migrations. Workspace settings of an untrusted workspace are not read. */
export function configuredMigrations(): MigrationList {
  const inspected = vscode.workspace.getConfiguration('cutover').inspect<unknown>('migrations');
  return readMigrationList({
    user: inspected?.globalValue,
    workspace: vscode.workspace.isTrusted ? inspected?.workspaceValue : undefined,
  });
}

/** Writes a migration where the user wants it; `replaces` is its former name. */
export async function saveMigration(migration: Migration, scope: SettingScope, replaces?: string): Promise<void> {
  await updateMigrations(scope, raw => withMigration(raw, migration, replaces));
}

export async function deleteMigration(name: string, scope: SettingScope): Promise<void> {
  await updateMigrations(scope, raw => withoutMigration(raw, name));
}

async function updateMigrations(scope: SettingScope, change: (raw: unknown) => unknown[]): Promise<void> {
  const configuration = vscode.workspace.getConfiguration('cutover');
  const inspected = configuration.inspect<unknown>('migrations');
  const list = change(scope === 'user' ? inspected?.globalValue : inspected?.workspaceValue);
  // An empty list would stay in the file as a puzzle; undefined takes the setting out.
  await configuration.update('migrations', list.length > 0 ? list : undefined, targets[scope]);
}

/** How long sessions may hold on to things, and how long to wait for one. */
export function sessionLimits(): SessionLimits {
  const configuration = vscode.workspace.getConfiguration('cutover');
  return {
    connectTimeoutMs: configuration.get('connection.timeoutMs', 10_000),
    statementTimeoutMs: configuration.get('statementTimeoutMs', 60_000),
    lockTimeoutMs: configuration.get('lockTimeoutMs', 2_000),
    idleInTransactionTimeoutMs: configuration.get('idleInTransactionTimeoutMs', 30_000),
  };
}

/** Opens the settings file of a scope. */
export async function openSettingsFile(scope: SettingScope): Promise<void> {
  const command = scope === 'user' ? 'openSettingsJson' : 'openWorkspaceSettingsFile';
  await vscode.commands.executeCommand(`workbench.action.${command}`, { revealSetting: { key: 'cutover.migrations' } });
}

/** What is wrong in the settings, said with a way to correct it. */
export async function sayProblems(problems: SettingsProblem[]): Promise<void> {
  const open = 'Open Settings';
  const chosen = await vscode.window.showWarningMessage(problems.map(({ message }) => message).join(' '), open);
  if (chosen === open) await openSettingsFile(problems[0]!.scope);
}
