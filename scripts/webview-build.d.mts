import type { BuildOptions } from 'esbuild';

/** esbuild's options for the pages, bundled into `outdir`. */
export function webviewBuild(outdir: string): BuildOptions;
