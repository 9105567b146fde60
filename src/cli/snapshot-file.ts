/** Readings of pg_stat_statements in files: what the editor's snapshots are exported to, too. */
import { randomBytes } from 'node:crypto';
import { access, constants, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Reading } from '../statements/reading';
import { readingFromJson } from '../statements/stored-reading';
import { UsageError } from './usage';

/** @throws UsageError when the file is no snapshot. */
export async function readSnapshot(file: string, option: string): Promise<Reading> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw new UsageError(`${file} cannot be read: ${reasonOf(error)}.`, `Check the name after --${option}.`);
  }
  const parsed = readingFromJson(text);
  if (typeof parsed !== 'string') return parsed;
  throw new UsageError(
    `${file} is no snapshot of Cutover: ${parsed}.`,
    'Write one with --save-source or --save-target, or export one from the editor.',
  );
}

/** Looked at before the clusters are: nobody waits for a reading that cannot be kept. @throws UsageError */
export async function checkWritable(file: string, option: string): Promise<void> {
  try {
    await access(dirname(file), constants.W_OK);
    if (typeof readingFromJson(await readFile(file, 'utf8')) !== 'string') return;
  } catch (error) {
    // Not there yet, but its folder is.
    if (codeOf(error) === 'ENOENT' && (await exists(dirname(file)))) return;
    const why = codeOf(error) === 'ENOENT' ? 'its folder does not exist' : reasonOf(error);
    throw new UsageError(`${file} cannot be written: ${why}.`, `Check the name after --${option}.`);
  }
  throw new UsageError(`${file} exists and is no snapshot: it is left alone.`, `Give --${option} another name.`);
}

/** In one step, and for nobody else to read: texts of statements may hold values. @throws UsageError */
export async function writeSnapshot(file: string, reading: Reading, option: string): Promise<void> {
  await checkWritable(file, option);
  const temporary = `${file}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    await writeFile(temporary, `${JSON.stringify(reading)}\n`, { mode: 0o600, flag: 'wx' });
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw new UsageError(`${file} cannot be written: ${reasonOf(error)}.`, `Check the name after --${option}.`);
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}

const meanings: Record<string, string> = {
  ENOENT: 'there is no such file',
  EISDIR: 'it is a folder',
  ENOTDIR: 'its folder does not exist',
  EACCES: 'you may not',
  EPERM: 'you may not',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
};

function reasonOf(error: unknown): string {
  return meanings[codeOf(error)] ?? codeOf(error);
}
