/**
 * Lets a script use the TypeScript of test/ (lab, driver): Node 20 strips no types, and esbuild is here for the bundles
 * anyway. Packages stay external, so they are loaded from node_modules as usual.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

/** A bundle lies elsewhere than its sources; `import.meta.url` keeps naming the source, beside which the data files are. */
const sourceUrls = {
  name: 'source-urls',
  setup(builder) {
    builder.onLoad({ filter: /\.ts$/ }, async ({ path }) => ({
      contents: (await readFile(path, 'utf8')).replaceAll('import.meta.url', JSON.stringify(pathToFileURL(path).href)),
      loader: 'ts',
    }));
  },
};

/** Bundles `entry` (relative to the project) into `outfile`, runnable by plain Node from inside the project. */
export async function bundleTypeScript(entry, outfile) {
  await bundle({ entryPoints: [entry] }, outfile);
}

/** One module with all that `entries` (relative to the project) export; what they share exists once. */
export async function loadTypeScript(...entries) {
  const contents = entries.map(entry => `export * from './${entry}';`).join('\n');
  // Inside the project, so that bare imports resolve to its node_modules.
  const folder = await mkdtemp(join(root, 'node_modules', '.cutover-'));
  try {
    const outfile = join(folder, 'module.mjs');
    await bundle({ stdin: { contents, resolveDir: root, loader: 'ts' } }, outfile);
    return await import(pathToFileURL(outfile).href);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function bundle(input, outfile) {
  await build({
    ...input,
    absWorkingDir: root,
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    packages: 'external',
    logLevel: 'warning',
    plugins: [sourceUrls],
  });
}
