/**
 * Code inside the extension host, beside the real extension: for what no screen shows, as diagnostics, timings or what the
 * API says. The function travels as text, so it sees nothing but its argument.
 */
import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type * as vscode from 'vscode';

const patienceMs = 60_000;

export interface Bridge {
  /** Runs `code` in the extension host; its result comes back as JSON. Rejects with what it threw. */
  run<Result>(code: (api: typeof vscode) => Result | Thenable<Result>): Promise<Result>;
}

/** Packs the bridge's extension into `folder`; returns the VSIX to install. */
export async function bridgeExtension(folder: string): Promise<string> {
  const vsix = join(folder, 'bridge.vsix');
  const vsce = createRequire(import.meta.url).resolve('@vscode/vsce/vsce');
  await promisify(execFile)(
    process.execPath,
    [vsce, 'package', '--no-dependencies', '--allow-missing-repository', '--skip-license', '--out', vsix],
    { cwd: fileURLToPath(new URL('bridge', import.meta.url)) },
  );
  return vsix;
}

export function connectBridge(port: number): Bridge {
  return {
    async run(code) {
      const deadline = Date.now() + patienceMs;
      for (;;) {
        const answer = await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', body: code.toString() }).catch(
          () => undefined,
        );
        if (answer) {
          const { result, error } = (await answer.json()) as { result?: unknown; error?: string };
          if (error !== undefined) throw new Error(error);
          return result as never;
        }
        if (Date.now() > deadline) throw new Error(`The bridge in the extension host does not answer at port ${port}.`);
        await sleep(200);
      }
    },
  };
}
