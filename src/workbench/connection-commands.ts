/** Test Connections, Set Password, Forget Passwords, Copy Address. */
import * as vscode from 'vscode';
import type { Migration } from '../shared/migration';
import { type BySide, type Side, sides } from '../shared/side';
import { askPassword, loginAddress, retryWithPasswords } from './ask-password';
import type { SideHealth } from './cluster-health';
import type { ClusterItem } from './clusters-view';
import { CommandError, Dismissed, signalOf } from './messages';
import { askChoice, back } from './quick-steps';
import { sideNamed } from './side-names';
import { healthWords, nodeName } from './topology-words';
import { requireMigration, requireTrust, type Workbench } from './workbench';

/** Tries both sides at once, asks for a password where the server wants one, and says per side what it found. */
export async function testConnections(workbench: Workbench): Promise<void> {
  const migration = requireMigration(workbench);
  const checked = await retryWithPasswords(
    workbench.passwords,
    migration,
    () => checkWithProgress(workbench, migration),
    (health, side) => (health[side].error?.reason === 'authentication' ? health[side].error.message : undefined),
  );
  const lines = sides.map(side => `${sideNamed(side, migration[side])}: ${healthWords(checked[side])}`);
  const failed = sides.filter(side => checked[side].state === 'error');
  if (failed.length === 0) {
    void vscode.window.showInformationMessage(`Both sides answer. ${capitalized(lines.join('; '))}.`);
    return;
  }
  const next = failed.map(side => checked[side].error?.next).filter(Boolean);
  throw new CommandError(
    [`${capitalized(lines.join('; '))}.`, ...new Set(next)].join(' '),
    failed.some(side => checked[side].error?.reason === 'authentication')
      ? [{ title: 'Set Password…', command: 'cutover.setPassword' }]
      : [{ title: 'Edit Migration…', command: 'cutover.editMigration' }],
  );
}

function checkWithProgress(workbench: Workbench, migration: Migration): Promise<BySide<SideHealth>> {
  const options = {
    location: vscode.ProgressLocation.Notification,
    title: `Testing ${migration.name}`,
    cancellable: true,
  };
  return Promise.resolve(
    vscode.window.withProgress(options, async (progress, token) => {
      const check = async (side: Side) => {
        const health = await workbench.health.check(side, signalOf(token));
        progress.report({ message: `${side} ${health.state === 'ok' ? 'answers' : 'does not answer'}` });
        return health;
      };
      const [source, target] = await Promise.all([check('source'), check('target')]);
      if (token.isCancellationRequested) throw new Dismissed();
      return { source, target };
    }),
  );
}

/** Asks for a side's password, tries it, and keeps it when the server takes it. `side` comes from the view. */
export async function setPassword(workbench: Workbench, side?: Side): Promise<void> {
  const migration = requireMigration(workbench);
  const chosen = side ?? (await pickSide(workbench, 'Set Password'));
  const settings = migration[chosen];
  const password = await askPassword(chosen, settings);
  await workbench.passwords.rememberForThisWindow(settings, password);
  const health = await workbench.health.check(chosen);
  if (health.error?.reason === 'authentication') {
    await workbench.passwords.dropFromThisWindow(settings);
    throw new CommandError(`${health.error.message} The password was not kept.`, [
      { title: 'Try Again', command: 'cutover.setPassword', arguments: [{ side: chosen }] },
    ]);
  }
  await workbench.passwords.keep(settings, password);
  const tried = health.state === 'ok' ? 'works and is kept' : `is kept, untried: ${healthWords(health)}`;
  void vscode.window.showInformationMessage(
    `The password of the ${sideNamed(chosen, settings)} ${tried}, in VS Code's secret storage.`,
  );
}

export async function forgetPasswords(workbench: Workbench): Promise<void> {
  const keys = workbench.passwords.known();
  if (keys.length === 0) {
    void vscode.window.showInformationMessage('No password is kept.');
    return;
  }
  const chosen = await vscode.window.showQuickPick(
    keys.map(key => ({ label: readableKey(key), key, picked: true })),
    { title: 'Forget Passwords', placeHolder: 'Which passwords to forget', canPickMany: true },
  );
  if (!chosen || chosen.length === 0) throw new Dismissed();
  await workbench.passwords.forgetKeys(chosen.map(item => item.key));
  const count = chosen.length === 1 ? '1 password' : `${chosen.length} passwords`;
  void vscode.window.showInformationMessage(`${count} forgotten.`);
}

export async function copyAddress(workbench: Workbench, item: ClusterItem): Promise<void> {
  const migration = requireMigration(workbench);
  const text = item.kind === 'node' ? nodeName(item.node) : await loginAddress(migration[item.side]);
  await vscode.env.clipboard.writeText(text);
}

export async function refreshClusters(workbench: Workbench): Promise<void> {
  requireTrust();
  requireMigration(workbench);
  await vscode.window.withProgress({ location: { viewId: 'cutover.clusters' } }, () => workbench.health.checkAll());
}

async function pickSide(workbench: Workbench, title: string): Promise<Side> {
  const migration = requireMigration(workbench);
  const chosen = await askChoice<Side>({
    title: `${title}: ${migration.name}`,
    placeholder: 'Which side?',
    choices: await Promise.all(
      sides.map(async side => ({
        label: sideNamed(side, migration[side]),
        description: await loginAddress(migration[side]).catch(() => ''),
        value: side,
      })),
    ),
  });
  if (chosen === back) throw new Dismissed();
  return chosen;
}

/** Keys are `cutover.password:["host",5432,"user","database"]`. */
function readableKey(key: string): string {
  try {
    const [host, port, user, database] = JSON.parse(key.slice(key.indexOf(':') + 1)) as unknown[];
    return `${user}@${host}:${port}/${database}`;
  } catch {
    return key;
  }
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
