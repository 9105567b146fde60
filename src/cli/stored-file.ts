/** Files in which the command line keeps what it read, to be read again: in one step, and for their owner alone. */
import { randomBytes } from 'node:crypto';
import { access, constants, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { UsageError } from './usage';

/** What such a file may hold. */
export interface Stored<Content> {
  /** `snapshot`. */
  name: string;
  /** The content, or what is wrong with the text: half a sentence. */
  parse(text: string): Content | string;
  /** How to come by one, a sentence. */
  howTo: string;
}

/** @throws UsageError when the file is none. */
export async function readStored<Content extends object>(
  { name, parse, howTo }: Stored<Content>,
  file: string,
  option: string,
): Promise<Content> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw new UsageError(`${file} cannot be read: ${reasonOf(error)}.`, `Check the name after --${option}.`);
  }
  const parsed = parse(text);
  if (typeof parsed !== 'string') return parsed;
  throw new UsageError(`${file} is no ${name} of Cutover: ${parsed}.`, howTo);
}

/** Looked at before the clusters are: nobody waits for what cannot be kept. @throws UsageError */
export async function checkStorable<Content extends object>(
  { name, parse }: Stored<Content>,
  file: string,
  option: string,
): Promise<void> {
  try {
    await access(dirname(file), constants.W_OK);
    if (typeof parse(await readFile(file, 'utf8')) !== 'string') return;
  } catch (error) {
    // Not there yet, but its folder is.
    if (codeOf(error) === 'ENOENT' && (await exists(dirname(file)))) return;
    const why = codeOf(error) === 'ENOENT' ? 'its folder does not exist' : reasonOf(error);
    throw new UsageError(`${file} cannot be written: ${why}.`, `Check the name after --${option}.`);
  }
  throw new UsageError(`${file} exists and is no ${name}: it is left alone.`, `Give --${option} another name.`);
}

/** @throws UsageError */
export async function writeStored<Content extends object>(
  stored: Stored<Content>,
  file: string,
  content: Content,
  option: string,
): Promise<void> {
  await checkStorable(stored, file, option);
  const temporary = `${file}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    await writeFile(temporary, `${JSON.stringify(content)}\n`, { mode: 0o600, flag: 'wx' });
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
