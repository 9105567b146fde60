/** Finds the PostgreSQL servers a lab can run: installed ones, those named by environment variables, those from npm. */
import { readdir, realpath } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { embeddedInstallations } from './embedded';
import { inspect, type PostgresInstallation } from './installation';
import { LabUnavailable } from './lab-unavailable';

/** Where packagers put `bin`: each is a folder whose entries hold one PostgreSQL, with the path from there. */
const usualPlaces: readonly (readonly [folder: string, inside: string])[] = [
  ['/usr/lib/postgresql', 'bin'],
  ['/usr', 'bin'], // Fedora and RHEL packages of PGDG: /usr/pgsql-17/bin
  ['/opt/homebrew/opt', 'bin'],
  ['/usr/local/opt', 'bin'],
  ['/home/linuxbrew/.linuxbrew/opt', 'bin'],
  ['/Applications/Postgres.app/Contents/Versions', 'bin'],
];

/** PostgreSQL versions that Cutover supports. */
const supported = { oldest: 12, newest: 18 };

/**
 * Every PostgreSQL 12–18 found, best first: JIT that works, then installed before embedded, then newest. Folders named by
 * CUTOVER_PG_BIN (several, separated as in PATH) come before all others.
 */
export async function findPostgres(): Promise<PostgresInstallation[]> {
  const named = split(process.env.CUTOVER_PG_BIN);
  for (const folder of named) await requireServer(folder, 'CUTOVER_PG_BIN');
  const found = await inspectAll([...named, ...split(process.env.PATH), ...(await usualFolders())]);
  const embedded = await embeddedInstallations();
  const rank = (installation: PostgresInstallation): number =>
    (named.includes(installation.binDir) ? 4 : 0) + (installation.jit ? 2 : 0) + (installation.embedded ? 0 : 1);
  return [...found, ...embedded].sort((a, b) => rank(b) - rank(a) || b.majorVersion - a.majorVersion);
}

/** The best PostgreSQL, or the best of one major version. */
export async function requirePostgres(major?: number): Promise<PostgresInstallation> {
  const all = await findPostgres();
  const best = all.find(installation => major === undefined || installation.majorVersion === major);
  if (best) return best;
  const what = major === undefined ? 'No PostgreSQL' : `No PostgreSQL ${major}`;
  throw new LabUnavailable(
    what,
    'run "npm ci" (it brings 17 and 18), install one, or set CUTOVER_PG_BIN to its bin folder.',
  );
}

export interface CitusInstallations {
  source: PostgresInstallation;
  target: PostgresInstallation;
}

/**
 * The PostgreSQL with Citus for each side: CUTOVER_CITUS_SOURCE_BIN and CUTOVER_CITUS_TARGET_BIN (one of them serves both
 * sides when the other is unset), else any installation that has the extension; oldest Citus as source, newest as target.
 */
export async function findCitus(): Promise<CitusInstallations> {
  const namedSource = await namedCitus('CUTOVER_CITUS_SOURCE_BIN');
  const namedTarget = await namedCitus('CUTOVER_CITUS_TARGET_BIN');
  const source = namedSource ?? namedTarget;
  const target = namedTarget ?? namedSource;
  if (source && target) return { source, target };
  const found = (await findPostgres()).filter(installation => installation.citus);
  found.sort((a, b) => compareVersions(a.citus!, b.citus!));
  if (found.length > 0) return { source: found[0]!, target: found.at(-1)! };
  throw new LabUnavailable(
    'No PostgreSQL with Citus',
    'install one, or set CUTOVER_CITUS_SOURCE_BIN and CUTOVER_CITUS_TARGET_BIN to the bin folders of two.',
  );
}

/** Why there is no Citus to test on; undefined when there is. */
export async function whyNoCitus(): Promise<string | undefined> {
  try {
    await findCitus();
    return undefined;
  } catch (error) {
    if (error instanceof LabUnavailable) return error.message;
    throw error;
  }
}

async function namedCitus(variable: string): Promise<PostgresInstallation | undefined> {
  const folder = process.env[variable];
  if (!folder) return undefined;
  const installation = await requireServer(folder, variable);
  if (!installation.citus) {
    throw new LabUnavailable(`${variable} is ${folder}`, 'that PostgreSQL has no Citus (no extension/citus.control).');
  }
  return installation;
}

async function requireServer(folder: string, variable: string): Promise<PostgresInstallation> {
  const installation = await inspect(folder, false);
  if (!installation) {
    throw new LabUnavailable(`${variable} names ${folder}`, 'set it to a folder that holds "postgres" and "initdb".');
  }
  return installation;
}

function compareVersions(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true });
}

function split(paths: string | undefined): string[] {
  return (paths ?? '').split(delimiter).filter(path => path !== '');
}

async function usualFolders(): Promise<string[]> {
  const folders: string[] = [];
  for (const [folder, inside] of usualPlaces) {
    const entries = await readdir(folder).catch(() => []);
    for (const entry of entries) {
      if (/^(\d+|pgsql-\d+|postgresql(@\d+)?)$/.test(entry)) folders.push(join(folder, entry, inside));
    }
  }
  return folders;
}

async function inspectAll(folders: string[]): Promise<PostgresInstallation[]> {
  const found = new Map<string, PostgresInstallation>();
  for (const folder of folders) {
    // `/usr/local/bin/postgres` may be a link to where the installation really is.
    const binary = await realpath(join(folder, 'postgres')).catch(() => undefined);
    if (binary === undefined || found.has(binary)) continue;
    const installation = await inspect(dirname(binary), false);
    if (
      installation &&
      installation.majorVersion >= supported.oldest &&
      installation.majorVersion <= supported.newest
    ) {
      found.set(binary, installation);
    }
  }
  return [...found.values()];
}
