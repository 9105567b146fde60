import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { ClusterError } from './errors';

/** Parameters of one `pg_service.conf` entry by libpq keyword; may hold a password. */
export type ServiceEntry = Record<string, string>;

/**
 * Reads one entry as libpq does (PostgreSQL documentation, "The Connection Service File"): the user's file first, then
 * the system-wide one. Throws a {@link ClusterError} with reason `settings` when there is no such entry.
 */
export async function readService(name: string, env: NodeJS.ProcessEnv): Promise<ServiceEntry> {
  const looked: string[] = [];
  for (const { file, required } of serviceFiles(env)) {
    const text = await readIfExists(file, required);
    if (text === undefined) continue;
    looked.push(file);
    const entry = parseServiceFile(text, file)[name];
    if (entry) return entry;
  }
  throw new ClusterError(
    'settings',
    `There is no service "${name}"${looked.length ? ` in ${looked.join(', ')}` : ''}.`,
    {
      next: looked.length
        ? 'Add the entry to the service file, or correct the service name.'
        : 'Create a service file (~/.pg_service.conf, or where PGSERVICEFILE points), or fill in host and user.',
    },
  );
}

/** Names of all entries, the user's first, for a pick list. Files that cannot be read are left out. */
export async function listServices(env: NodeJS.ProcessEnv = process.env): Promise<string[]> {
  const names = new Set<string>();
  for (const { file } of serviceFiles(env)) {
    const text = await readIfExists(file, false);
    if (text === undefined) continue;
    for (const name of Object.keys(parseServiceFile(text, file))) names.add(name);
  }
  return [...names];
}

function serviceFiles(env: NodeJS.ProcessEnv): { file: string; required: boolean }[] {
  const files: { file: string; required: boolean }[] = [];
  if (env.PGSERVICEFILE) files.push({ file: env.PGSERVICEFILE, required: true });
  else if (process.platform === 'win32')
    files.push({ file: join(env.APPDATA ?? homedir(), 'postgresql', '.pg_service.conf'), required: false });
  else files.push({ file: join(env.HOME ?? homedir(), '.pg_service.conf'), required: false });
  // Without PGSYSCONFDIR libpq uses the folder it was built with; these two are the usual ones.
  const systemFolders = env.PGSYSCONFDIR ? [env.PGSYSCONFDIR] : ['/etc/postgresql-common', '/etc'];
  for (const folder of systemFolders) files.push({ file: join(folder, 'pg_service.conf'), required: false });
  return files;
}

async function readIfExists(file: string, required: boolean): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' && !required) return undefined;
    throw new ClusterError('settings', `The service file ${file} cannot be read (${code}).`, {
      next: 'Correct PGSERVICEFILE or the permissions of the file.',
    });
  }
}

/** Sections in brackets, `key=value` without quoting, `#` comments; the first entry of a name counts, as in libpq. */
function parseServiceFile(text: string, file: string): Record<string, ServiceEntry> {
  const entries: Record<string, ServiceEntry> = Object.create(null);
  let entry: ServiceEntry | undefined;
  text.split(/\r\n?|\n/).forEach((raw, index) => {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) return;
    const section = /^\[(.*)\]$/.exec(line)?.[1];
    if (section !== undefined) {
      entry = Object.create(null) as ServiceEntry;
      entries[section] ??= entry;
      return;
    }
    const equals = line.indexOf('=');
    if (equals < 1 || !entry)
      throw new ClusterError('settings', `Syntax error in the service file ${file}, line ${index + 1}.`, {
        next: 'Write [name] once, then lines of the form keyword=value.',
      });
    entry[line.slice(0, equals).trim()] ??= line.slice(equals + 1).trim();
  });
  return entries;
}
