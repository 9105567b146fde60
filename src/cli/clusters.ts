/** Where the clusters are: on the command line, or in the settings of a migration. */
import { mapSides } from '../diagnosis/by-side';
import type { SideConnection } from '../diagnosis/explain-job';
import { defaultColors, isProtected } from '../shared/migration';
import type { BySide, Side } from '../shared/side';
import { readUri } from './read-uri';
import { findSettingsFile, readSettingsFile, type SettingsFile } from './settings-file';
import type { SideArguments } from './shared-arguments';
import { UsageError } from './usage';

/**
 * The settings file that was named, else the nearest from the folder upwards; undefined when there need not be one.
 * @throws UsageError
 */
export async function settingsFor(
  { settings, lint = false }: { settings?: string; lint?: boolean },
  folder: string,
): Promise<SettingsFile | undefined> {
  if (settings !== undefined) return readSettingsFile(settings);
  const found = await findSettingsFile(folder);
  if (found || lint) return found;
  throw new UsageError(
    `There is no .vscode/settings.json with a setting of Cutover in ${folder} or above.`,
    'Name a settings file after --settings, or give --source and --target.',
  );
}

export interface ClustersGiven {
  uris: BySide<SideArguments> | undefined;
  /** Which one of the settings. */
  migration: string | undefined;
  /** Read when there are no URIs. */
  settings: SettingsFile | undefined;
  /** What to call a side that nothing else names. */
  labels?: Partial<BySide<string | undefined>>;
}

/** @throws UsageError, ClusterError */
export function clustersOf(
  { uris, migration, settings, labels }: ClustersGiven,
  env: NodeJS.ProcessEnv,
): BySide<SideConnection> {
  const found = settings && migrationIn(settings, migration);
  return mapSides((side: Side): SideConnection => {
    const uri = uris?.[side].uri;
    const { settings: connection, password } =
      uri === undefined ? { settings: found![side], password: undefined } : readUri(side, uri);
    return {
      side,
      settings: connection,
      password: password ?? env[`CUTOVER_${side.toUpperCase()}_PASSWORD`],
      label: uris?.[side].label ?? connection.label ?? labels?.[side] ?? side,
      color: defaultColors[side],
      protected: isProtected(side, connection),
    };
  });
}

function migrationIn({ path, migrations, problems }: SettingsFile, name: string | undefined) {
  if (name === undefined || name === '')
    throw new UsageError('The playbook names no migration.', 'Add “migration: …” to its front matter, or --migration.');
  const found = migrations.find(migration => migration.name === name);
  if (found) return found;
  const known = migrations.map(migration => migration.name).join(', ');
  const next = [known && `There are ${known}.`, ...problems].filter(Boolean).join(' ');
  throw new UsageError(`There is no migration ${name} in ${path}.`, next || 'Add it to cutover.migrations there.');
}
