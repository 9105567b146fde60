import { randomBytes } from 'node:crypto';
import type { Stats } from 'node:fs';
import { access, constants, lstat, open, readFile, realpath, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** The playbook could not be read or written; nothing of it was changed. */
export class PlaybookFileError extends Error {
  constructor(
    readonly reason: 'unreadable' | 'unwritable' | 'notAFile' | 'encoding' | 'changed',
    message: string,
  ) {
    super(message);
    this.name = 'PlaybookFileError';
  }
}

/** A playbook as it was when it was read. */
export interface PlaybookFile {
  /** The file itself, behind symbolic links. */
  path: string;
  /** Undefined: there is no such file yet. */
  text: string | undefined;
}

/** Reads a playbook, or finds that there is none yet; for `write` its folder must be one that can be written to. */
export async function readPlaybookFile(name: string, purpose: Purpose = 'write'): Promise<PlaybookFile> {
  const path = await resolveLinks(name, purpose);
  try {
    const text = await readText(path);
    if (purpose === 'write') await access(dirname(path), constants.W_OK);
    return { path, text };
  } catch (error) {
    throw asPlaybookFileError(error, name, purpose);
  }
}

type Purpose = 'read' | 'write';

/**
 * Replaces the file in one step: a temporary file beside it, renamed over it. Keeps its permissions. Refuses when it is
 * no longer what was read.
 */
export async function writePlaybookFile(file: PlaybookFile, text: string): Promise<void> {
  const { path } = file;
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`);
  try {
    const before = await statusOf(path);
    const handle = await open(temporary, 'wx', before ? 0o600 : 0o666);
    try {
      await handle.writeFile(text, 'utf8');
      if (before) {
        // Only the superuser may give a file to its owner again; everybody else owns it or may not keep its group.
        if (before.uid !== process.getuid?.() || before.gid !== process.getgid?.()) {
          await handle.chown(before.uid, before.gid).catch(() => {});
        }
        await handle.chmod(before.mode & 0o7777);
      }
      await handle.sync();
    } finally {
      await handle.close();
    }
    if ((await readText(path)) !== file.text) {
      throw new PlaybookFileError(
        'changed',
        `${path} was changed by somebody else meanwhile; it was left as it is. Run it again.`,
      );
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw asPlaybookFileError(error, path, 'write');
  }
}

/** The file behind symbolic links, so that a link stays one. */
async function resolveLinks(name: string, purpose: Purpose): Promise<string> {
  try {
    return await realpath(name);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw asPlaybookFileError(error, name, purpose);
  }
  if (await statusOf(name)) {
    throw new PlaybookFileError(
      'unreadable',
      `${name} is a symbolic link to a file that does not exist. Name the file.`,
    );
  }
  try {
    return join(await realpath(dirname(name)), basename(name));
  } catch (error) {
    throw asPlaybookFileError(error, name, purpose);
  }
}

async function statusOf(path: string): Promise<Stats | undefined> {
  try {
    return await lstat(path);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

async function readText(path: string): Promise<string | undefined> {
  const status = await statusOf(path);
  if (!status) return undefined;
  if (!status.isFile()) throw new PlaybookFileError('notAFile', `${path} is not a file.`);
  const bytes = await readFile(path);
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new PlaybookFileError(
      'encoding',
      `${path} is not UTF-8. Save it as UTF-8: writing to it would destroy text.`,
    );
  }
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined;
}

const meanings: Record<string, string> = {
  EACCES: 'you may not',
  EPERM: 'you may not',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
  EDQUOT: 'your quota is used up',
  ENOENT: 'the folder does not exist',
  ENOTDIR: 'the folder does not exist',
  EISDIR: 'it is a folder',
  ELOOP: 'its symbolic links lead in a circle',
};

function asPlaybookFileError(error: unknown, name: string, purpose: Purpose): Error {
  const code = codeOf(error);
  if (error instanceof PlaybookFileError || code === undefined) return error as Error;
  const [reason, what] = purpose === 'read' ? (['unreadable', 'read'] as const) : (['unwritable', 'written'] as const);
  return new PlaybookFileError(reason, `${name} cannot be ${what}: ${meanings[code] ?? code}.`);
}
