/** Bundles the extension, the CLI and the pages into dist/. `--watch` rebuilds on change, `--minify` is for the VSIX. */
import { copyFile, mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, context } from 'esbuild';
import { webviewBuild } from './webview-build.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const dist = join(root, 'dist');
const watch = process.argv.includes('--watch');
const minify = process.argv.includes('--minify');

/** The parser's protobuf module (1.5 MB) serves its deparser only, which Cutover does not use. */
const withoutDeparser = {
  name: 'without-deparser',
  setup(builder) {
    builder.onLoad({ filter: /@libpg-query[\\/]parser[\\/].*proto\.js$/ }, () => ({
      contents: 'module.exports = {};',
    }));
  },
};

const common = {
  absWorkingDir: root,
  bundle: true,
  minify,
  sourcemap: minify ? false : 'linked',
  logLevel: 'warning',
  legalComments: 'none',
};

/** @type {import('esbuild').BuildOptions[]} */
const builds = [
  {
    ...common,
    entryPoints: { extension: 'src/extension.ts', cli: 'src/cli.ts' },
    outdir: dist,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    external: ['vscode', 'pg-native'],
    plugins: [withoutDeparser],
  },
  { ...common, ...webviewBuild(join(dist, 'webview')) },
];

await rm(dist, { recursive: true, force: true });
await mkdir(dist, { recursive: true });
await copyFile(join(root, 'node_modules/@libpg-query/parser/wasm/libpg-query.wasm'), join(dist, 'libpg-query.wasm'));
if (watch) {
  for (const options of builds) await (await context(options)).watch();
} else {
  await Promise.all(builds.map(options => build(options)));
}
