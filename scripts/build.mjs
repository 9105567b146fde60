/** Bundles the extension, the CLI and the pages into dist/. `--watch` rebuilds on change, `--minify` is for the VSIX. */
import { chmod, copyFile, mkdir, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, context, transform } from 'esbuild';
import { webviewBuild } from './webview-build.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const dist = join(root, 'dist');
const watch = process.argv.includes('--watch');
const minify = process.argv.includes('--minify');

/**
 * esbuild splits ES modules only, and VS Code loads CommonJS: split first, then make each chunk CommonJS. In one file
 * the extension took twice the time to activate, for V8 looks through all of it, also at what no command has asked for.
 */
const commonJsChunks = {
  name: 'commonjs-chunks',
  setup(builder) {
    builder.initialOptions.write = false;
    builder.onEnd(async ({ outputFiles }) => {
      for (const { path, text } of outputFiles ?? []) {
        const { code } = await transform(text, {
          format: 'cjs',
          platform: 'node',
          target: 'node20',
          minify,
          sourcefile: basename(path),
          sourcemap: minify ? false : 'inline',
          legalComments: 'none',
          // As require(): VS Code's loader hands `vscode` to CommonJS modules only.
          supported: { 'dynamic-import': false },
        });
        await writeFile(path, code);
        if (code.startsWith('#!')) await chmod(path, 0o755);
      }
    });
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
    entryPoints: {
      extension: 'src/extension.ts',
      cli: 'src/cli.ts',
      'statements-worker': 'src/statements-worker.ts',
      'language-server': 'src/language-server.ts',
    },
    outdir: dist,
    platform: 'node',
    format: 'esm',
    splitting: true,
    chunkNames: '[name]-[hash]',
    sourcemap: minify ? false : 'inline',
    target: 'node20',
    external: ['vscode', 'pg-native'],
    plugins: [commonJsChunks],
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
