/** What the commands share; made once by the composition root. */
import * as vscode from 'vscode';
import type { SessionKeeper } from '../cluster/session-keeper';
import type { Migration } from '../shared/migration';
import type { ClusterHealth } from './cluster-health';
import type { HeavyStatements } from './heavy-statements';
import { CommandError } from './messages';
import type { MigrationStore } from './migration-store';
import type { PasswordStore } from './passwords';
import type { PlanPanels } from './plan-panels';
import type { StatementDiagnostics } from './statement-diagnostics';

/** As in the manifest's activation events. */
export const planDiffViewType = 'cutover.planDiff';
export const statementsViewType = 'cutover.statementsTable';
export const comparisonViewType = 'cutover.comparisonReport';

/** What is done with a row of the statements, by its id; the view, the table and the palette ask for the same. */
export interface StatementActions {
  refresh(mayAsk: boolean): Promise<void>;
  explain(id: string, mode: 'plain' | 'analyze'): Promise<void>;
  prove(id: string): Promise<void>;
  open(id: string): Promise<void>;
  copy(id: string): Promise<void>;
  /** Answers the playbook's file. */
  record(id: string): Promise<string>;
  /** Rows: one that is on the source alone, one that is on the target alone. */
  pin(source: string, target: string): Promise<void>;
  confirm(id: string): Promise<void>;
  split(id: string): Promise<void>;
  choose(): Promise<void>;
  snapshot(): Promise<void>;
  export(format: 'csv' | 'json' | 'markdown', ids: string[]): Promise<void>;
}

export interface Workbench {
  readonly context: vscode.ExtensionContext;
  readonly log: vscode.LogOutputChannel;
  readonly migrations: MigrationStore;
  readonly passwords: PasswordStore;
  readonly health: ClusterHealth;
  readonly diagnostics: StatementDiagnostics;
  readonly heavy: HeavyStatements;
  /** Made with the first panel. */
  panels(): Promise<PlanPanels>;
  /** Sessions kept warm between commands; made with the first connection. */
  sessions(): Promise<SessionKeeper>;
  /** Sides on which the user agreed to ANALYZE reads, as `migration/side`, until the window closes. */
  readonly analyzeAgreed: Set<string>;
}

/** @throws CommandError in an untrusted workspace (safety.md §10). */
export function requireTrust(): void {
  if (vscode.workspace.isTrusted) return;
  throw new CommandError(
    'This workspace is not trusted: nothing connects and no SQL runs. Trust it to work with your clusters.',
    [{ title: 'Manage Workspace Trust', command: 'workbench.trust.manage' }],
  );
}

/** The migration to work with. @throws CommandError when there is none, or none is selected; both offer the way on. */
export function requireMigration(workbench: Workbench): Migration {
  requireTrust();
  const { active, all, problems } = workbench.migrations;
  if (active) return active;
  if (all.length > 0) {
    throw new CommandError(
      `${all.length} migrations are configured and none is selected. Select the one to work with.`,
      [{ title: 'Select Migration…', command: 'cutover.selectMigration' }],
    );
  }
  if (problems.length > 0) {
    const { message, scope } = problems[0]!;
    throw new CommandError(`No usable migration: ${message} Correct it in the settings.`, [
      { title: 'Open Settings', command: 'cutover.openSettings', arguments: [scope] },
    ]);
  }
  throw new CommandError('No migration is configured yet. Add the two clusters first.', [
    { title: 'Add Migration…', command: 'cutover.addMigration' },
  ]);
}
