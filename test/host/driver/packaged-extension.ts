/** The VSIX under test: the one a user would install. */
import { execFile } from 'node:child_process';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = fileURLToPath(new URL('../../..', import.meta.url));

/** What goes into the VSIX, or makes it. */
const ingredients = ['src', 'webview', 'media', 'package.json', 'package-lock.json', 'README.md', '.vscodeignore'];

/** Path of the VSIX; packaged first when there is none or a source is newer. CUTOVER_VSIX names one to take as it is. */
export async function packagedExtension(): Promise<string> {
  const named = process.env.CUTOVER_VSIX;
  if (named) return named;
  const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { name: string; version: string };
  const vsix = join(root, `${manifest.name}-${manifest.version}.vsix`);
  const packaged = await changedAt(vsix);
  const changes = await Promise.all(ingredients.map(path => newestIn(join(root, path))));
  if (packaged === undefined || changes.some(change => change > packaged)) {
    await promisify(execFile)(process.execPath, [join(root, 'scripts', 'package.mjs')], { cwd: root }).catch(
      (error: { stderr: string }) => {
        throw new Error(`The extension could not be packaged:\n${error.stderr}`);
      },
    );
  }
  return vsix;
}

async function changedAt(path: string): Promise<number | undefined> {
  return stat(path).then(
    found => found.mtimeMs,
    () => undefined,
  );
}

async function newestIn(path: string): Promise<number> {
  const entries = await readdir(path, { recursive: true, withFileTypes: true }).catch(() => undefined);
  if (!entries) return (await changedAt(path)) ?? 0;
  const files = entries.filter(entry => entry.isFile()).map(entry => join(entry.parentPath, entry.name));
  return Math.max(0, ...(await Promise.all(files.map(file => changedAt(file)))).map(time => time ?? 0));
}
