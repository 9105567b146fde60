/** What VS Code loads: next to nothing, so that what activation really costs can be measured here. */
import type * as vscode from 'vscode';
import { extendMarkdownIt } from './playbook/preview';

/** What other extensions and the benchmarks may ask. */
export interface CutoverApi {
  /** Loading the code that activation needs, and running it, in milliseconds. */
  activationMs: number;
  /** VS Code's Markdown preview asks for it: results and findings of a playbook get their looks. */
  extendMarkdownIt: typeof extendMarkdownIt;
}

let stop: (() => Promise<void>) | undefined;

export async function activate(context: vscode.ExtensionContext): Promise<CutoverApi> {
  const beganAt = performance.now();
  const { start } = await import('./workbench/start');
  const started = start(context);
  stop = started.stop;
  const activationMs = performance.now() - beganAt;
  started.log.info(`Activated in ${activationMs.toFixed(1)} ms`);
  return { activationMs, extendMarkdownIt };
}

export async function deactivate(): Promise<void> {
  await stop?.();
}
