/** The migrations of `cutover.migrations`, from the user and the workspace settings, validated one by one. No editor here. */
import type { Migration } from '../shared/migration';
import { nameOf, readMigrations } from '../shared/migration-list';

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
    const { migrations, problems: found } = readMigrations(values[scope], `${scope} settings`);
    for (const migration of migrations) byName.set(migration.name, { migration, scope });
    problems.push(...found.map(message => ({ scope, message })));
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
