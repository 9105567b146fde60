import { existsSync } from 'node:fs';
import { userInfo } from 'node:os';
import { isAbsolute } from 'node:path';
import { type ConnectionSettings, type SslMode, sslModes } from '../shared/migration';
import { ClusterError } from './errors';
import { readService } from './service-file';

/** Everything needed to connect except the secret. `host` may be the folder of a Unix socket. */
export interface ConnectionProfile {
  host: string;
  port: number;
  database: string;
  user: string;
  sslmode: SslMode;
  /** A file, or `system` for the certificates the operating system trusts. */
  sslrootcert?: string;
  sslcert?: string;
  sslkey?: string;
  connectTimeoutMs: number;
  /** Command-line options for the server, as PGOPTIONS: `-c search_path=analytics`. */
  options?: string;
}

const defaultConnectTimeoutMs = 10_000;

/**
 * Fills in what the settings leave open, in libpq's order: the setting, the service entry, the PG* variable, the
 * built-in default (PostgreSQL documentation, "The Connection Service File", "Environment Variables").
 * Throws a {@link ClusterError} with reason `settings` when a value cannot be used.
 */
export async function resolveProfile(
  settings: ConnectionSettings,
  env: NodeJS.ProcessEnv = process.env,
): Promise<ConnectionProfile> {
  const serviceName = settings.service || env.PGSERVICE;
  const service = serviceName ? await readService(serviceName, env) : {};
  const from = (setting: string | undefined, key: string, variable: string) =>
    setting || service[key] || env[variable] || undefined;

  const port = portOf(settings.port, service.port, env.PGPORT);
  const user = from(settings.user, 'user', 'PGUSER') ?? userInfo().username;
  const host = from(settings.host, 'host', 'PGHOST') ?? from(undefined, 'hostaddr', 'PGHOSTADDR') ?? defaultHost(port);
  if (host.includes(','))
    throw settingsError(`Several hosts in "${host}".`, 'Give one host: a side is exactly one cluster.');

  const sslrootcert = from(settings.sslrootcert, 'sslrootcert', 'PGSSLROOTCERT');
  const profile: ConnectionProfile = {
    host,
    port,
    database: from(settings.database, 'dbname', 'PGDATABASE') ?? user,
    user,
    sslmode: sslModeOf(from(settings.sslmode, 'sslmode', 'PGSSLMODE'), sslrootcert),
    connectTimeoutMs: connectTimeoutOf(from(undefined, 'connect_timeout', 'PGCONNECT_TIMEOUT')),
  };
  if (sslrootcert) profile.sslrootcert = sslrootcert;
  const sslcert = from(settings.sslcert, 'sslcert', 'PGSSLCERT');
  if (sslcert) profile.sslcert = sslcert;
  const sslkey = from(settings.sslkey, 'sslkey', 'PGSSLKEY');
  if (sslkey) profile.sslkey = sslkey;
  const options = from(undefined, 'options', 'PGOPTIONS');
  if (options) profile.options = options;
  return profile;
}

/** Key of a stored password. Holds host, port, user and database, so that a password never travels to another server. */
export function secretKey(profile: ConnectionProfile): string {
  const { host, port, user, database } = profile;
  return `cutover.password:${JSON.stringify([host, port, user, database])}`;
}

/** `host:port/database`, for people. */
export function formatAddress(profile: Pick<ConnectionProfile, 'host' | 'port' | 'database'>): string {
  const host = profile.host.includes(':') && !isUnixSocket(profile.host) ? `[${profile.host}]` : profile.host;
  return `${host}:${profile.port}/${profile.database}`;
}

/** An absolute path names the folder of a Unix socket, `@` an abstract one, as in libpq. */
export function isUnixSocket(host: string): boolean {
  return isAbsolute(host) || host.startsWith('@');
}

/** Where libpq looks without a host: the socket folder it was built with, which differs by distribution. */
function defaultHost(port: number): string {
  if (process.platform === 'win32') return 'localhost';
  const folders = ['/var/run/postgresql', '/run/postgresql', '/tmp'];
  return folders.find(folder => existsSync(`${folder}/.s.PGSQL.${port}`)) ?? 'localhost';
}

function portOf(setting: number | undefined, service: string | undefined, variable: string | undefined): number {
  const text = setting === undefined ? service || variable || '5432' : String(setting);
  const port = Number(text);
  if (!/^\d+$/.test(text) || port < 1 || port > 65535)
    throw settingsError(`"${text}" is not a port.`, 'Give a number from 1 to 65535.');
  return port;
}

/** `sslrootcert=system` asks for verify-full and refuses anything weaker (PostgreSQL documentation, sslrootcert). */
function sslModeOf(text: string | undefined, sslrootcert: string | undefined): SslMode {
  const fallback = sslrootcert === 'system' ? 'verify-full' : 'prefer';
  const mode = sslModes.find(known => known === (text ?? fallback));
  if (!mode) throw settingsError(`"${text}" is not an sslmode.`, `Use one of ${sslModes.join(', ')}.`);
  if (sslrootcert === 'system' && mode !== 'verify-full')
    throw settingsError(
      `sslmode ${mode} is too weak for sslrootcert=system.`,
      'Use sslmode verify-full, or name the certificate file of your authority as sslrootcert.',
    );
  return mode;
}

/** libpq's connect_timeout: seconds; zero or less waits for ever, which Cutover never does. */
function connectTimeoutOf(text: string | undefined): number {
  const seconds = Number(text ?? '');
  return Number.isInteger(seconds) && seconds > 0 ? seconds * 1000 : defaultConnectTimeoutMs;
}

function settingsError(message: string, next: string): ClusterError {
  return new ClusterError('settings', message, { next });
}
