/** Writes dist/THIRD-PARTY-NOTICES.txt: the licences of every package whose code may be in the bundles. */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

/** The lockfile marks what only development needs; the rest is what `dependencies` of package.json reach. */
async function runtimePackages() {
  const lockfile = JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8'));
  return Object.entries(lockfile.packages)
    .filter(([path, entry]) => path !== '' && !entry.dev && !entry.devOptional && !entry.optional)
    .map(([path]) => path)
    .sort();
}

async function noticeOf(path) {
  const folder = join(root, path);
  const manifest = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
  const names = await readdir(folder);
  const files = names.filter(name => /^(licen[cs]e|copying|notice)(\.|$|-)/i.test(name)).sort();
  const texts = await Promise.all(files.map(file => readFile(join(folder, file), 'utf8')));
  if (texts.length === 0) texts.push(await licenceInReadme(folder, names));
  const text = texts.join('\n\n').trim() || (manifest.license ? `Licence: ${manifest.license}` : '');
  if (text === '') throw new Error(`${path} states no licence; it cannot be shipped.`);
  return `${manifest.name} ${manifest.version} (${manifest.license ?? 'see below'})\n\n${text}\n`;
}

async function licenceInReadme(folder, names) {
  const readme = names.find(name => /^readme(\.|$)/i.test(name));
  if (readme === undefined) return '';
  const text = await readFile(join(folder, readme), 'utf8');
  return /^(?:#+ *licen[cs]e *|licen[cs]e *\n[=-]+) *\n([^#]*)/im.exec(text)?.[1] ?? '';
}

export async function writeNotices() {
  const notices = await Promise.all((await runtimePackages()).map(noticeOf));
  const rule = `\n${'-'.repeat(80)}\n\n`;
  const head = 'Cutover contains software of others, under the licences below.\n';
  await writeFile(join(root, 'dist', 'THIRD-PARTY-NOTICES.txt'), [head, ...notices].join(rule));
}
