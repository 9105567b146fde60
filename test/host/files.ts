/** What the tests look for on disk: kept results, and words that must not be there. */
import { mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StoredResult } from '../../src/workbench/plan-store';

/** A folder to open, with these files. */
export async function workspaceWith(files: Record<string, string>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'cutover-workspace-'));
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  return folder;
}

/** Every file below a folder; sockets and what vanished meanwhile are left out. */
export async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter(entry => entry.isFile()).map(entry => join(entry.parentPath, entry.name));
}

/** The files below a folder that hold the text, as it is, in UTF-16 or in base64. */
export async function filesHolding(folder: string, text: string): Promise<string[]> {
  const needles = [Buffer.from(text), Buffer.from(text, 'utf16le'), Buffer.from(Buffer.from(text).toString('base64'))];
  const holding: string[] = [];
  for (const file of await filesBelow(folder)) {
    const bytes = await readFile(file).catch(() => Buffer.alloc(0));
    if (needles.some(needle => bytes.includes(needle))) holding.push(file);
  }
  return holding;
}

/** The results that Cutover kept, the newest first. */
export async function keptResults(userData: string): Promise<StoredResult[]> {
  const files = (await filesBelow(userData)).filter(file => /cutover\.cutover[\\/]plans[\\/][^\\/]+\.json$/.test(file));
  const stored = await Promise.all(files.map(async file => JSON.parse(await readFile(file, 'utf8')) as StoredResult));
  // A result that was replaced leaves a note of its successor only.
  const results = stored.filter(result => result.view !== undefined);
  return results.sort((a, b) => b.view.at.localeCompare(a.view.at));
}

/** Cutover's log of all windows, oldest first. */
export async function cutoverLog(userData: string): Promise<string> {
  const files = (await filesBelow(userData)).filter(file => file.endsWith('Cutover.log')).sort();
  return (await Promise.all(files.map(file => readFile(file, 'utf8')))).join('');
}
