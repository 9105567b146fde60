/**
 * Makes cutover-<version>.vsix: minified bundles, third-party notices, then vsce, all offline. Fails above the size
 * limit, or when something got in that .vscodeignore does not name.
 */
import { spawnSync } from 'node:child_process';
import { readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeNotices } from './third-party-notices.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const limitBytes = 3 * 1024 * 1024;

const { name, version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
const vsix = join(root, `${name}-${version}.vsix`);
const run = (script, args) => {
  const { status, stdout } = spawnSync(process.execPath, [join(root, script), ...args], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
  });
  if (status === 0) return stdout;
  console.error(`${stdout}${script} ended with ${status}: no VSIX was made.`);
  process.exit(1);
};

run('scripts/build.mjs', ['--minify']);
await writeNotices();
// --no-dependencies: everything needed is bundled, node_modules has no place in the package.
const output = run('node_modules/@vscode/vsce/vsce', [
  'package',
  // The pictures of the README lie in the package.
  '--no-rewrite-relative-links',
  '--no-dependencies',
  '--allow-missing-repository',
  '--out',
  vsix,
]);
const unwanted = output.split('\n').filter(line => /\.(ts|tsx|map|mjs)\b|node_modules|\btest\//.test(line));
if (unwanted.length > 0) throw new Error(`The VSIX holds what it should not:\n${unwanted.join('\n')}`);

const { size } = await stat(vsix);
console.log(`${vsix}: ${(size / 1024 / 1024).toFixed(2)} MB (limit ${limitBytes / 1024 / 1024} MB)`);
if (size > limitBytes) {
  console.error(`The VSIX is larger than ${limitBytes} bytes. "npx vsce ls --no-dependencies" lists what is in it.`);
  process.exit(1);
}
