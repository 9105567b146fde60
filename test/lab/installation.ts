/** One PostgreSQL on this machine: what lies in its folders. */
import { execFile } from 'node:child_process';
import { access, constants, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const execute = promisify(execFile);

export interface PostgresInstallation {
  /** Folder of `postgres` and `initdb`. */
  binDir: string;
  /** As the server says it, `15.20`. */
  version: string;
  majorVersion: number;
  /** LLVM is there: JIT can fire. The embedded servers from npm have none. */
  jit: boolean;
  /** From npm, not from the system. */
  embedded: boolean;
  /** Version of the Citus extension that lies beside it, as `13.2-1`. */
  citus?: string;
}

/** What lies in one `bin` folder; undefined when it is no PostgreSQL server. */
export async function inspect(binDir: string, embedded: boolean): Promise<PostgresInstallation | undefined> {
  if (!(await isExecutable(join(binDir, 'postgres'))) || !(await isExecutable(join(binDir, 'initdb'))))
    return undefined;
  const { stdout } = await execute(join(binDir, 'postgres'), ['--version']).catch(() => ({ stdout: '' }));
  const version = /(\d+)(\.\d+|[a-z]+\d*)?/.exec(stdout);
  if (!version) return undefined;
  const citus = await citusVersion(binDir, Number(version[1]));
  return {
    binDir,
    version: version[0],
    majorVersion: Number(version[1]),
    jit: await hasJit(binDir),
    embedded,
    ...(citus === undefined ? {} : { citus }),
  };
}

/** `llvmjit` in the library folder is what `pg_jit_available()` looks for; the started server has the last word. */
async function hasJit(binDir: string): Promise<boolean> {
  for (const folder of ['../lib', '../lib/postgresql', '../lib64', '../lib64/postgresql']) {
    for (const library of ['llvmjit.so', 'llvmjit.dylib']) {
      if (await isReadable(join(binDir, folder, library))) return true;
    }
  }
  return false;
}

async function citusVersion(binDir: string, major: number): Promise<string | undefined> {
  // A build's own layout, then Homebrew's, then Debian's.
  const shares = [
    '../share/postgresql',
    '../share',
    `../share/postgresql@${major}`,
    `../../../../share/postgresql/${major}`,
  ];
  for (const share of shares) {
    const control = await readFile(join(binDir, share, 'extension', 'citus.control'), 'utf8').catch(() => undefined);
    if (control !== undefined) return /^default_version\s*=\s*'([^']+)'/m.exec(control)?.[1] ?? 'unknown';
  }
  return undefined;
}

function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

function isReadable(path: string): Promise<boolean> {
  return access(path, constants.R_OK).then(
    () => true,
    () => false,
  );
}
