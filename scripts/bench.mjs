/**
 * Runs the benchmarks of test/bench, each in a process of its own: `npm run bench`, or some: `npm run bench -- plan`. They
 * print figures and ratios beside their aims; a missed aim is shown, not failed, since machines differ. What begins with
 * the first `--option` is the benchmark's own: `npm run bench -- causes --only jit_forced`.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureDependencies, ensureSystem } from './ensure.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
ensureDependencies();
for (const line of await ensureSystem()) console.warn(line);
const { bundleTypeScript } = await import('./load-typescript.mjs');

const given = process.argv.slice(2);
const firstOption = given.findIndex(argument => argument.startsWith('--'));
const wanted = firstOption < 0 ? given : given.slice(0, firstOption);
const options = firstOption < 0 ? [] : given.slice(firstOption);
const all = (await readdir(join(root, 'test', 'bench'))).filter(file => file.endsWith('.bench.ts')).sort();
const chosen = all.filter(file => wanted.length === 0 || wanted.includes(file.replace('.bench.ts', '')));
if (chosen.length === 0) {
  console.error(
    `There is no benchmark "${wanted[0]}"; there are ${all.map(file => file.replace('.bench.ts', '')).join(', ')}.`,
  );
  process.exit(2);
}

let missed = 0;
let failed = 0;
for (const file of chosen) {
  console.log(`\n${file}`);
  // Inside the project, so that bare imports resolve to its node_modules.
  const folder = await mkdtemp(join(root, 'node_modules', '.cutover-'));
  try {
    const outfile = join(folder, 'bench.mjs');
    await bundleTypeScript(`test/bench/${file}`, outfile);
    const child = spawn(process.execPath, ['--expose-gc', outfile, ...options], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let stdout = '';
    child.stdout.setEncoding('utf8').on('data', text => {
      process.stdout.write(text);
      stdout += text;
    });
    const [status] = await once(child, 'close');
    missed += stdout.split('MISSED').length - 1;
    if (status !== 0) {
      failed++;
      console.error(`${file} ended with ${status}`);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
console.log(`\n${chosen.length - failed} of ${chosen.length} benchmarks ran; ${missed} aims missed`);
process.exitCode = failed > 0 ? 1 : 0;
