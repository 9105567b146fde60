import { readFile, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { ConnectionSettings } from '../shared/migration';
import { type ConnectionProfile, isUnixSocket } from './connection';
import { readService } from './service-file';

export interface PasswordLookup {
  password?: string;
  /** Where it came from, for people: `stored`, `pg_service.conf`, `PGPASSWORD`, or the path of the password file. */
  origin?: string;
  /** Why a password file was not used. */
  note?: string;
}

/**
 * Looks for the password in the editor's secret storage (`stored`), the service entry, PGPASSWORD, and the password
 * file, in this order: libpq's, with the stored one in the place of an explicit parameter.
 */
export async function findPassword(
  profile: ConnectionProfile,
  settings: ConnectionSettings,
  stored?: string,
  env: NodeJS.ProcessEnv = process.env,
): Promise<PasswordLookup> {
  if (stored) return { password: stored, origin: 'stored' };
  const serviceName = settings.service || env.PGSERVICE;
  const service = serviceName ? await readService(serviceName, env) : {};
  if (service.password) return { password: service.password, origin: 'pg_service.conf' };
  if (env.PGPASSWORD) return { password: env.PGPASSWORD, origin: 'PGPASSWORD' };
  return readPasswordFile(passwordFile(service.passfile, env), profile);
}

/**
 * The password of a node that the metadata of another server names. Whoever writes that metadata must not be able to
 * have a password sent to a host of their choice: only the user's password file counts, which names hosts itself.
 */
export function findNodePassword(
  profile: ConnectionProfile,
  env: NodeJS.ProcessEnv = process.env,
): Promise<PasswordLookup> {
  return readPasswordFile(passwordFile(undefined, env), profile);
}

function passwordFile(fromService: string | undefined, env: NodeJS.ProcessEnv): string {
  const named = fromService || env.PGPASSFILE;
  if (named) return named;
  return process.platform === 'win32'
    ? join(env.APPDATA ?? homedir(), 'postgresql', 'pgpass.conf')
    : join(env.HOME ?? homedir(), '.pgpass');
}

/** Reads the file as libpq does (PostgreSQL documentation, "The Password File"): one readable by others is not used. */
async function readPasswordFile(file: string, profile: ConnectionProfile): Promise<PasswordLookup> {
  let text: string;
  try {
    const status = await stat(file);
    if (!status.isFile()) return { note: `The password file ${file} was not used: it is not a plain file.` };
    if (process.platform !== 'win32' && (status.mode & 0o077) !== 0)
      return {
        note: `The password file ${file} was not used: group or others have access to it; its permissions should be 0600 (chmod 0600) or less.`,
      };
    text = await readFile(file, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    return code === 'ENOENT' || code === 'ENOTDIR'
      ? {}
      : { note: `The password file ${file} cannot be read (${code}).` };
  }
  const password = matchPasswordFile(text, profile);
  return password === undefined ? {} : { password, origin: file };
}

/**
 * The password of the first line that fits: `host:port:database:user:password`, `*` fits anything, backslash escapes
 * colon and backslash; a default socket folder goes by the name `localhost`.
 */
export function matchPasswordFile(
  text: string,
  profile: Pick<ConnectionProfile, 'host' | 'port' | 'database' | 'user'>,
): string | undefined {
  const host =
    isUnixSocket(profile.host) && ['/tmp', '/var/run/postgresql', '/run/postgresql'].includes(profile.host)
      ? 'localhost'
      : profile.host;
  const wanted = [host, String(profile.port), profile.database, profile.user];
  for (const line of text.split(/\r\n?|\n/)) {
    if (line === '' || line.startsWith('#')) continue;
    const { fields, rest } = splitFields(line, wanted.length);
    if (fields.length < wanted.length) continue;
    if (wanted.every((value, i) => fields[i] === '*' || unescapeField(fields[i]!) === value))
      return unescapeField(rest) || undefined;
  }
  return undefined;
}

/** The first `count` fields, still escaped, and what follows them. */
function splitFields(line: string, count: number): { fields: string[]; rest: string } {
  const fields: string[] = [];
  let start = 0;
  for (let i = 0; i < line.length && fields.length < count; i++) {
    if (line[i] === '\\') i++;
    else if (line[i] === ':') {
      fields.push(line.slice(start, i));
      start = i + 1;
    }
  }
  return { fields, rest: line.slice(start) };
}

function unescapeField(field: string): string {
  return field.replace(/\\(.)/gs, '$1');
}
