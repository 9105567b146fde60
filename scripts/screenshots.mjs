/** Takes the README's pictures anew: `npm run screenshots`, or into another folder: `npm run screenshots -- FOLDER`. */
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureDependencies, ensureSystem } from './ensure.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const [folder = join(root, 'media', 'screenshots')] = process.argv.slice(2);
ensureDependencies();
for (const line of await ensureSystem()) console.warn(line);
const { loadTypeScript } = await import('./load-typescript.mjs');
const { takeScreenshots } = await loadTypeScript('test/host/take-screenshots.ts');
await takeScreenshots(resolve(folder), line => console.log(line));
