/** Composition root for VS Code: wires and registers. What is heavy is imported when a command needs it. */

import * as vscode from 'vscode';
import type { SessionKeeper } from '../cluster/session-keeper';
import { ClusterHealth } from './cluster-health';
import { type ClusterItem, ClustersView } from './clusters-view';
import { StatementLenses } from './code-lens';
import { startComparison } from './comparison/start';
import { startDuplicateKey } from './duplicate-key-documents';
import { HeavyStatements } from './heavy-statements';
import { errorText, isDismissed, showError } from './messages';
import type { SettingScope } from './migration-list';
import { MigrationStore } from './migration-store';
import { PasswordStore } from './passwords';
import type { PlanPanels } from './plan-panels';
import { startPlaybook } from './playbook/start';
import { RawPlans } from './raw-plans';
import { openSettingsFile, sayProblems } from './settings';
import { StatementDiagnostics } from './statement-diagnostics';
import type { StatementArguments } from './statement-location';
import { startStatements } from './statements';
import { StatusBar } from './status-bar';
import { openWalkthrough } from './walkthrough';
import { planDiffViewType, type Workbench } from './workbench';

interface Started {
  log: vscode.LogOutputChannel;
  /** Closes what is open on the clusters; the rest goes with the extension context. */
  stop(): Promise<void>;
}

export function start(context: vscode.ExtensionContext): Started {
  let sessionKeeper: Promise<SessionKeeper> | undefined;
  const log = vscode.window.createOutputChannel('Cutover', { log: true });
  const migrations = new MigrationStore(context.workspaceState);
  const passwords = new PasswordStore(context.secrets, context.globalState);
  const health = new ClusterHealth(migrations, passwords, log);
  const diagnostics = new StatementDiagnostics();
  const heavy = new HeavyStatements(context.workspaceState);
  let planPanels: Promise<PlanPanels> | undefined;
  const panels = () => {
    planPanels ??= makePanels(workbench);
    return planPanels;
  };
  const workbench: Workbench = {
    context,
    log,
    migrations,
    passwords,
    health,
    panels,
    diagnostics,
    heavy,
    analyzeAgreed: new Set(),
    sessions: () => {
      sessionKeeper ??= import('../cluster/session-keeper').then(({ SessionKeeper }) => new SessionKeeper());
      return sessionKeeper;
    },
  };
  // Each problem once: settings are often typed step by step.
  let said = '';
  const sayNewProblems = () => {
    const problems = migrations.problems.map(({ message }) => message).join(' ');
    if (problems !== '' && problems !== said) void sayProblems(migrations.problems);
    said = problems;
  };
  sayNewProblems();
  context.subscriptions.push(
    migrations.onDidChange(sayNewProblems),
    log,
    migrations,
    health,
    diagnostics,
    heavy,
    new ClustersView(migrations, health),
    new StatusBar(migrations, health),
    new StatementLenses(),
    vscode.window.registerWebviewPanelSerializer(planDiffViewType, {
      deserializeWebviewPanel: async panel => (await panels()).restore(panel),
    }),
    new RawPlans(async id => (await panels()).find(id)).register(),
    ...registerCommands(workbench),
    ...startStatements(workbench, commandRegister(workbench)),
    ...startComparison(workbench, commandRegister(workbench)),
    ...startDuplicateKey(workbench, commandRegister(workbench)),
    ...startPlaybook(workbench, commandRegister(workbench)),
  );
  return { log, stop: async () => (await sessionKeeper)?.dispose() };
}

async function makePanels(workbench: Workbench): Promise<PlanPanels> {
  const [{ PlanPanels }, { PlanStore }] = await Promise.all([import('./plan-panels'), import('./plan-store')]);
  const { context, log } = workbench;
  const folder = vscode.Uri.joinPath(context.storageUri ?? context.globalStorageUri, 'plans');
  return new PlanPanels(context.extensionUri, new PlanStore(folder.fsPath), log, {
    record: async result => (await import('./record-command')).recordResult(workbench, result),
    prove: async panel => (await import('./prove-command')).proveInPanel(workbench, panel),
    canProve: ({ request, view, call }) =>
      request !== undefined && call === undefined && view.diagnosis?.slower !== undefined,
    openNested: async (panel, id) => {
      await (await import('./nested')).openNested(workbench, panel, id);
    },
    rerun: async (panel, request, analyze) =>
      (await import('./explain-command')).explainAgain(workbench, panel, request, analyze),
  });
}

/** Commands say what went wrong, once, with the way on. */
function commandRegister(workbench: Workbench) {
  return <A extends unknown[]>(name: string, run: (...given: A) => Promise<unknown>) =>
    vscode.commands.registerCommand(`cutover.${name}`, async (...given: A) => {
      try {
        await run(...given);
      } catch (error) {
        if (isDismissed(error)) return;
        workbench.log.error(`${name}: ${errorText(error)}`);
        await showError(error);
      }
    });
}

function registerCommands(workbench: Workbench): vscode.Disposable[] {
  const explaining = () => import('./explain-command');
  const migrating = () => import('./migration-commands');
  const connecting = () => import('./connection-commands');
  const register = commandRegister(workbench);
  return [
    register('explain', async (given?: unknown) =>
      (await explaining()).explain(workbench, 'plain', statementOf(given)),
    ),
    register('explainAnalyze', async (given?: unknown) =>
      (await explaining()).explain(workbench, 'analyze', statementOf(given)),
    ),
    register('prove', async () => (await import('./prove-command')).proveCurrent(workbench)),
    register('comparePlans', async () => (await import('./compare-plans')).comparePlans(workbench)),
    register('record', async () => (await import('./record-command')).recordCurrent(workbench)),
    register('addMigration', async () => (await migrating()).addMigration(workbench)),
    register('editMigration', async () => (await migrating()).editMigration(workbench)),
    register('removeMigration', async () => (await migrating()).removeMigration(workbench)),
    register('selectMigration', async () => (await migrating()).selectMigration(workbench)),
    register('testConnections', async () => (await connecting()).testConnections(workbench)),
    register('setPassword', async (item?: ClusterItem) => (await connecting()).setPassword(workbench, item?.side)),
    register('forgetPasswords', async () => (await connecting()).forgetPasswords(workbench)),
    register('refreshClusters', async () => (await connecting()).refreshClusters(workbench)),
    register('copyAddress', async (item: ClusterItem) => (await connecting()).copyAddress(workbench, item)),
    register('statusActions', async () => (await import('./status-actions')).showStatusActions(workbench)),
    register('openSettings', async (scope: SettingScope) => openSettingsFile(scope)),
    register('showLog', async () => workbench.log.show()),
    register('openWalkthrough', () => openWalkthrough(workbench.context.extension.id)),
  ];
}

/** A CodeLens names its statement; menus pass the document's address, which is the active editor's anyway. */
function statementOf(given: unknown): StatementArguments | undefined {
  return typeof given === 'object' && given !== null && 'offset' in given ? (given as StatementArguments) : undefined;
}
