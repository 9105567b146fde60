/** The migrations of `cutover.migrations`, from the user and the workspace settings, validated one by one. No editor here. */
import type * as z from 'zod/mini';
import { type Migration, migrationSchema } from '../shared/migration';

/** Where a setting stands. A workspace file counts as workspace; folders are not offered: a panel belongs to a window. */
export type SettingScope = 'user' | 'workspace';

export interface ConfiguredMigration {
  migration: Migration;
  scope: SettingScope;
}

export interface MigrationList {
  migrations: ConfiguredMigration[];
  /** What is wrong in the settings; a wrong entry never hides a right one. */
  problems: SettingsProblem[];
}

export interface SettingsProblem {
  scope: SettingScope;
  /** A sentence or two. */
  message: string;
}

/** Reads both scopes. A workspace entry replaces the user entry of the same name. */
export function readMigrationList(values: Record<SettingScope, unknown>): MigrationList {
  const byName = new Map<string, ConfiguredMigration>();
  const problems: SettingsProblem[] = [];
  for (const scope of ['user', 'workspace'] as const) {
    const value = values[scope];
    const wrong = (message: string) => problems.push({ scope, message });
    if (value === undefined) continue;
    if (!Array.isArray(value)) {
      wrong(`cutover.migrations (${scope} settings) must be a list.`);
      continue;
    }
    const seen = new Set<string>();
    for (const [index, entry] of value.entries()) {
      const parsed = migrationSchema.safeParse(entry);
      const where = `cutover.migrations (${scope} settings), ${nameOf(entry) ?? `entry ${index + 1}`}`;
      if (!parsed.success) wrong(`${where}: ${sentence(parsed.error)}`);
      else if (parsed.data.name.trim() === '') wrong(`${where}: the name is empty.`);
      else if (seen.has(parsed.data.name)) wrong(`${where}: the name is taken by an earlier entry.`);
      else {
        seen.add(parsed.data.name);
        byName.set(parsed.data.name, { migration: parsed.data, scope });
      }
    }
  }
  return { migrations: [...byName.values()], problems };
}

/** The raw list with the entry called `replaces` replaced, or the migration appended. What is not understood stays as it is. */
export function withMigration(raw: unknown, migration: Migration, replaces: string = migration.name): unknown[] {
  const list = Array.isArray(raw) ? [...raw] : [];
  const index = list.findIndex(entry => nameOf(entry) === replaces);
  if (index < 0) list.push(migration);
  else list[index] = migration;
  return list;
}

/** The raw list without the entries of that name. */
export function withoutMigration(raw: unknown, name: string): unknown[] {
  return Array.isArray(raw) ? raw.filter(entry => nameOf(entry) !== name) : [];
}

function nameOf(entry: unknown): string | undefined {
  if (typeof entry !== 'object' || entry === null || !('name' in entry)) return undefined;
  return typeof entry.name === 'string' ? entry.name : undefined;
}

function sentence(error: z.core.$ZodError): string {
  return error.issues
    .map(issue => {
      const path = issue.path.join('.');
      if (issue.code === 'unrecognized_keys') {
        const keys = issue.keys.map(key => [path, key].filter(Boolean).join('.'));
        const hint = keys.some(key => /password/i.test(key))
          ? ' (passwords are never settings: use "Cutover: Set Password…")'
          : '';
        return `${keys.join(', ')} is unknown${hint}.`;
      }
      return `${path || 'it'} ${demand(issue)}.`;
    })
    .join(' ');
}

const kinds: Record<string, string> = {
  string: 'text',
  number: 'a number',
  boolean: 'true or false',
  object: 'an object',
};

/** zod/mini carries no messages of its own. */
function demand(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_type') return `must be ${kinds[issue.expected] ?? issue.expected}`;
  if (issue.code === 'invalid_value') return `must be one of ${issue.values.join(', ')}`;
  return 'is not valid';
}
