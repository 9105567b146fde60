/** Migrations and levels from a settings file of VS Code, for a command line without an editor. */
import { readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Migration } from '../shared/migration';
import { readMigrations } from '../shared/migration-list';
import { readJsonc } from './jsonc';
import { UsageError } from './usage';

export interface SettingsFile {
  path: string;
  migrations: Migration[];
  /** What is wrong with single migrations, a sentence each. */
  problems: string[];
  /** Levels of lint rules where they differ from the usual. */
  levels: Record<string, string>;
}

/** @throws UsageError */
export async function readSettingsFile(path: string): Promise<SettingsFile> {
  const text = await readText(path);
  if (text === undefined) throw new UsageError(`${path} cannot be read: there is no such file.`, nameIt);
  return settingsIn(path, text);
}

/**
 * The nearest `.vscode/settings.json` with a setting of Cutover, from the folder upwards; undefined when there is none.
 * @throws UsageError when one on the way cannot be read, or belongs to somebody else: it says where passwords are sent.
 */
export async function findSettingsFile(folder: string): Promise<SettingsFile | undefined> {
  for (let at = folder; ; at = dirname(at)) {
    const path = join(at, '.vscode', 'settings.json');
    const text = await readText(path);
    if (text?.includes('"cutover.')) {
      const found = settingsIn(path, text);
      await refuseForeign(path);
      return found;
    }
    if (dirname(at) === at) return undefined;
  }
}

const nameIt = 'Name a settings.json of VS Code, or any JSON file with cutover.migrations, after --settings.';

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    const why = { EACCES: 'you may not', EPERM: 'you may not', EISDIR: 'it is a folder' }[code] ?? code;
    throw new UsageError(`${path} cannot be read: ${why}.`, nameIt);
  }
}

function settingsIn(path: string, text: string): SettingsFile {
  const read = readJsonc(text);
  if (!read.ok) throw new UsageError(`${path}:${read.line}:${read.column}: ${read.message}.`, 'Mend it and run again.');
  const settings = isObject(read.value) ? read.value : {};
  const levels = settings['cutover.playbook.diagnostics'];
  return {
    path,
    ...readMigrations(settings['cutover.migrations'], path),
    levels: isObject(levels) ? (levels as Record<string, string>) : {},
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

async function refuseForeign(path: string): Promise<void> {
  const { uid } = await stat(path);
  const own = process.getuid?.();
  if (own === undefined || uid === own || uid === 0) return;
  throw new UsageError(
    `${path} belongs to another user, and would decide which servers get your passwords.`,
    'If you trust it, name it after --settings.',
  );
}
