/** Snapshots: taken of both sides, compared, exported and imported as files, deleted. */
import * as vscode from 'vscode';
import type { Migration } from '../shared/migration';
import { type BySide, type Side, sides } from '../shared/side';
import type { Reading } from '../statements/reading';
import { CommandError, Dismissed, signalOf } from './messages';
import { askChoice, askText, back, type Choice } from './quick-steps';
import { sideNamed } from './side-names';
import type { SnapshotInfo } from './snapshot-store';
import { liveChoice, type Origin, type ReadingChoice } from './statements-choice';
import type { StatementsModel } from './statements-model';
import { refreshWithProgress } from './statements-state';

export async function takeSnapshot(model: StatementsModel, migration: Migration): Promise<void> {
  const now = new Date();
  const name = await askText({
    title: 'Take a Snapshot of pg_stat_statements, both sides',
    prompt: 'How to call it',
    value: `${now.toISOString().slice(0, 16).replace('T', ' ')} UTC`,
    validate: text => (text.trim() === '' ? 'A snapshot needs a name.' : undefined),
  });
  if (name === back) throw new Dismissed();
  const options = {
    location: vscode.ProgressLocation.Notification,
    title: 'Reading pg_stat_statements of both sides',
    cancellable: true,
  };
  const outcomes = await vscode.window.withProgress(options, (_progress, token) =>
    model.readNow(migration, signalOf(token)),
  );
  const readings: Partial<BySide<Reading>> = {};
  for (const side of sides) if (outcomes[side].reading) readings[side] = outcomes[side].reading;
  const failed = sides.filter(side => !readings[side]);
  const why = failed.map(side => `${sideNamed(side, migration[side])}: ${outcomes[side].error?.message}`).join('; ');
  if (failed.length === 2) throw new CommandError(`No snapshot was taken. ${why}`);
  await model.snapshots.save(name.trim(), migration.name, readings);
  const compare = 'Compare…';
  const text = failed.length > 0 ? `“${name}” holds one side only. ${why}` : `“${name}” was taken of both sides.`;
  const chosen = await vscode.window.showInformationMessage(text, compare);
  if (chosen === compare) await chooseReadings(model, migration);
}

/** Asks what to compare, keeps it, and reads. */
export async function chooseReadings(model: StatementsModel, migration: Migration): Promise<void> {
  const snapshots = await model.snapshots.list(migration.name);
  const memory = model.memory(migration);
  const choice = await askReadings(snapshots);
  await memory.choose(choice);
  await refreshWithProgress(model, migration, true);
}

async function askReadings(snapshots: readonly SnapshotInfo[]): Promise<ReadingChoice> {
  const presets: Choice<ReadingChoice | 'each'>[] = [
    {
      label: 'Both sides now',
      description: 'each since its last reset',
      value: liveChoice,
    },
    ...snapshots.flatMap(({ id, name, sides: held }): Choice<ReadingChoice>[] => [
      ...(held.length === 2
        ? [
            {
              label: `Both sides between “${name}” and now`,
              description: 'what was counted since',
              value: { source: { since: id }, target: { since: id } },
            },
          ]
        : []),
      ...(held.includes('source')
        ? [
            {
              label: `Target now, source in “${name}”`,
              description: 'the source may be gone',
              value: { source: { snapshot: id }, target: {} },
            },
          ]
        : []),
    ]),
    { label: 'Each side by itself …', description: 'any snapshot, any window', value: 'each' },
  ];
  const chosen = await askChoice<ReadingChoice | 'each'>({
    title: 'Compare Statements',
    placeholder:
      snapshots.length > 0 ? 'What to compare' : 'There is no snapshot yet: take one, and later compare with it',
    choices: presets,
  });
  if (chosen === back) throw new Dismissed();
  if (chosen !== 'each') return chosen;
  return { source: await askOrigin('source', snapshots), target: await askOrigin('target', snapshots) };
}

async function askOrigin(side: Side, snapshots: readonly SnapshotInfo[]): Promise<Origin> {
  const held = snapshots.filter(info => info.sides.includes(side));
  const origin = await askChoice<Origin>({
    title: `Compare Statements: the ${side}`,
    placeholder: `Which figures of the ${side}`,
    choices: [
      { label: 'Now', description: 'since its last reset', value: {} },
      ...held.map(({ id, name }) => ({ label: `Between “${name}” and now`, value: { since: id } })),
      ...held.map(({ id, name }) => ({
        label: `In “${name}”`,
        description: 'since the last reset then',
        value: { snapshot: id },
      })),
      ...held.flatMap(later =>
        held
          .filter(earlier => earlier.at < later.at)
          .map(earlier => ({
            label: `Between “${earlier.name}” and “${later.name}”`,
            value: { snapshot: later.id, since: earlier.id },
          })),
      ),
    ],
  });
  if (origin === back) throw new Dismissed();
  return origin;
}

export async function deleteSnapshot(model: StatementsModel, migration: Migration): Promise<void> {
  await model.snapshots.remove(await askSnapshot(model, migration, 'Delete Snapshot'));
}

/** One side's reading as a JSON file, which the command line takes, too (`--source-snapshot`). */
export async function exportSnapshot(model: StatementsModel, migration: Migration): Promise<void> {
  const info = await askSnapshot(model, migration, 'Export Snapshot');
  const side = await askSide('Export Snapshot', info.sides);
  const reading = await model.snapshots.read(info, side);
  const name = `${info.name}-${side}`.replace(/[^\p{L}\p{N}._-]+/gu, '-');
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
  const uri = await vscode.window.showSaveDialog({
    title: 'Export Snapshot',
    filters: { Snapshot: ['json'] },
    ...(folder ? { defaultUri: vscode.Uri.joinPath(folder, `${name}.json`) } : {}),
  });
  if (!uri) throw new Dismissed();
  await vscode.workspace.fs.writeFile(uri, new TextEncoder().encode(JSON.stringify(reading)));
}

/** A side that is gone, or out of reach from here: its reading comes as a file. */
export async function importSnapshot(model: StatementsModel, migration: Migration): Promise<void> {
  const [uri] =
    (await vscode.window.showOpenDialog({
      title: 'Import Snapshot',
      filters: { 'Snapshot, or pg_stat_statements as CSV': ['json', 'csv'] },
    })) ?? [];
  if (!uri) throw new Dismissed();
  const text = new TextDecoder().decode(await vscode.workspace.fs.readFile(uri));
  const side = await askSide('Import Snapshot', [...sides]);
  const { mtime } = await vscode.workspace.fs.stat(uri);
  const reading = uri.path.toLowerCase().endsWith('.csv')
    ? await readCsv(text, migration, side, new Date(mtime))
    : await readJson(text, uri);
  const name = uri.path.slice(uri.path.lastIndexOf('/') + 1);
  await model.snapshots.save(name, migration.name, { [side]: reading });
  await chooseReadings(model, migration);
}

async function readJson(text: string, uri: vscode.Uri): Promise<Reading> {
  const { readingFromJson } = await import('../statements/stored-reading');
  const reading = readingFromJson(text);
  if (typeof reading !== 'string') return reading;
  throw new CommandError(
    `${uri.fsPath} is no snapshot of Cutover: ${reading}. Export one with “Cutover: Export Snapshot…” or cutover statements --save-source.`,
  );
}

async function readCsv(text: string, migration: Migration, side: Side, at: Date): Promise<Reading> {
  const { CsvError, readingFromCsv } = await import('../statements/csv-reading');
  try {
    return readingFromCsv(text, { label: sideNamed(side, migration[side]), at });
  } catch (error) {
    if (error instanceof CsvError) throw new CommandError(error.message);
    throw error;
  }
}

async function askSnapshot(model: StatementsModel, migration: Migration, title: string): Promise<SnapshotInfo> {
  const snapshots = await model.snapshots.list(migration.name);
  if (snapshots.length === 0) {
    throw new CommandError(`There is no snapshot of ${migration.name} yet.`, [
      { title: 'Take a Snapshot…', command: 'cutover.takeSnapshot' },
    ]);
  }
  const chosen = await askChoice<SnapshotInfo>({
    title,
    placeholder: 'Which snapshot',
    choices: snapshots.map(info => ({
      label: info.name,
      description: info.sides.join(' and '),
      detail: info.at,
      value: info,
    })),
  });
  if (chosen === back) throw new Dismissed();
  return chosen;
}

async function askSide(title: string, offered: readonly Side[]): Promise<Side> {
  if (offered.length === 1) return offered[0]!;
  const chosen = await askChoice<Side>({
    title,
    placeholder: 'Which side',
    choices: offered.map(side => ({ label: side, value: side })),
  });
  if (chosen === back) throw new Dismissed();
  return chosen;
}
