/** Who runs the servers: PostgreSQL refuses root, so as root they run as another account. */
import { readFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { LabUnavailable } from './lab-unavailable';

/** For `spawn`: empty means ourselves. */
export interface Account {
  uid?: number;
  gid?: number;
}

export async function serverAccount(): Promise<Account> {
  if (process.getuid?.() !== 0) return {};
  const accounts = (await readFile('/etc/passwd', 'utf8')).split('\n').map(line => line.split(':'));
  for (const name of ['postgres', 'nobody']) {
    const account = accounts.find(fields => fields[0] === name);
    if (account) return { uid: Number(account[2]), gid: Number(account[3]) };
  }
  throw new LabUnavailable('PostgreSQL does not run as root', 'add an account "postgres", or run as another user.');
}

/** Whether the account may reach a file: every folder above it must be open to others. */
export async function canReach(account: Account, path: string): Promise<boolean> {
  if (account.uid === undefined) return true;
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    const { mode, uid } = await stat(folder);
    if (uid !== account.uid && (mode & 0o001) === 0) return false;
    if (folder === dirname(folder)) return true;
  }
}
