/** Asks for a password when the server wants one, tries once more, and keeps it only when it worked and the user agrees. */
import * as vscode from 'vscode';
import type { ConnectionSettings, Migration } from '../shared/migration';
import { type BySide, type Side, sides } from '../shared/side';
import { Dismissed } from './messages';
import type { PasswordStore } from './passwords';
import { askText, back } from './quick-steps';
import { sideNamed } from './side-names';

/** `citus@new.example.com:5432/citus`. */
export async function loginAddress(settings: ConnectionSettings): Promise<string> {
  const { formatAddress, resolveProfile } = await import('../cluster/connection');
  const profile = await resolveProfile(settings);
  return `${profile.user}@${formatAddress(profile)}`;
}

/** @throws Dismissed when the user leaves. */
export async function askPassword(side: Side, settings: ConnectionSettings, why?: string): Promise<string> {
  const answer = await askText({
    title: `Password for the ${sideNamed(side, settings)}`,
    prompt: [why, `Log in as ${await loginAddress(settings)}.`].filter(Boolean).join(' '),
    password: true,
    validate: value => (value === '' ? 'The password is empty.' : undefined),
  });
  if (answer === back) throw new Dismissed();
  return answer;
}

/**
 * Runs `attempt`; where `refused` finds that a side's server refused the login, asks for the password and runs it once
 * more. `attempt` takes passwords from the store. One that did not work is not remembered; when the user would rather not
 * say one, the first outcome stands.
 */
export async function retryWithPasswords<T>(
  passwords: PasswordStore,
  migration: Migration,
  attempt: () => Promise<T>,
  refused: (outcome: T, side: Side) => string | undefined,
): Promise<T> {
  const first = await attempt();
  const asked: Partial<BySide<string>> = {};
  for (const side of sides) {
    const why = refused(first, side);
    if (why === undefined) continue;
    try {
      asked[side] = await askPassword(side, migration[side], why);
    } catch (error) {
      if (error instanceof Dismissed) continue;
      throw error;
    }
    await passwords.rememberForThisWindow(migration[side], asked[side]);
  }
  if (asked.source === undefined && asked.target === undefined) return first;
  const second = await attempt();
  for (const side of sides) {
    const password = asked[side];
    if (password === undefined) continue;
    if (refused(second, side) === undefined) void offerToKeep(passwords, side, migration[side], password);
    else await passwords.dropFromThisWindow(migration[side]);
  }
  return second;
}

/** Not awaited by callers: the work goes on while the question stands. */
async function offerToKeep(
  passwords: PasswordStore,
  side: Side,
  settings: ConnectionSettings,
  password: string,
): Promise<void> {
  const keep = 'Keep';
  const chosen = await vscode.window.showInformationMessage(
    `Keep the password of the ${sideNamed(side, settings)} in VS Code's secret storage? Otherwise it is forgotten with this window.`,
    keep,
    'Not Now',
  );
  if (chosen === keep) await passwords.keep(settings, password);
}
