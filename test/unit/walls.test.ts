import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));

const forbidden = [
  ['src/shared/a.ts', '../sql/split'],
  ['src/shared/b.ts', 'vscode'],
  ['src/sql/a.ts', 'vscode'],
  ['src/plan/a.ts', 'pg'],
  ['src/plan/b.ts', 'node:fs'],
  ['src/playbook/a.ts', '../cluster/session'],
  ['src/checks/a.ts', '../diagnosis/explain-both-sides'],
  ['src/comparison/a.ts', '../cluster/session'],
  ['src/cluster/a.ts', 'vscode'],
  ['src/cluster/b.ts', '../diagnosis/explain-both-sides'],
  ['src/diagnosis/a.ts', 'pg'],
  ['src/diagnosis/b.ts', '../workbench/log'],
  ['src/workbench/a.ts', 'pg'],
  ['src/workbench/panels/a.ts', 'pg'],
  ['src/workbench/b.ts', '../cli/run'],
  ['src/extension.ts', 'pg'],
  ['src/cli/a.ts', 'vscode'],
  ['src/cli.ts', './workbench/log'],
  ['src/language-server/a.ts', '../workbench/log'],
  ['webview/plan-diff/a.ts', '../../src/cluster/session'],
  ['webview/plan-diff/b.tsx', '@vscode/webview-ui-toolkit'],
  ['webview/common/tree.ts', 'node:path'],
] as const;

const allowed = [
  ['src/shared/ok.ts', 'zod/mini'],
  ['src/plan/ok.ts', '../shared/side'],
  ['src/cluster/ok.ts', 'pg'],
  ['src/cluster/ok2.ts', '../sql/classify'],
  ['src/diagnosis/ok.ts', '../cluster/session'],
  ['src/workbench/ok.ts', 'vscode'],
  ['src/workbench/ok2.ts', '../diagnosis/explain-both-sides'],
  ['webview/common/controls.ts', '@vscode/webview-ui-toolkit'],
  ['webview/plan-diff/ok.tsx', '../../src/shared/plan-diff'],
] as const;

let folder: string;
/** Files in which Biome found an import through a wall. */
let caught: Set<string>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cutover-walls-'));
  await cp(join(root, 'biome.json'), join(folder, 'biome.json'));
  for (const [file, name] of [...forbidden, ...allowed]) {
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await writeFile(join(folder, file), `import * as it from '${name}';\n\nexport const used = it;\n`);
  }
  const biome = join(root, 'node_modules/@biomejs/biome/bin/biome');
  const report = await new Promise<string>((resolve, reject) => {
    const words = [biome, 'lint', '--vcs-enabled=false', '--max-diagnostics=none', '--reporter=github', '.'];
    execFile(process.execPath, words, { cwd: folder }, (error, stdout, stderr) => {
      if (error && typeof error.code !== 'number') reject(error);
      else resolve(stdout + stderr);
    });
  });
  caught = new Set(
    report
      .split('\n')
      .filter(line => /noRestrictedImports|noNodejsModules/.test(line))
      .map(line => relative(folder, /file=([^,]+)/.exec(line)?.[1] ?? line)),
  );
});

afterAll(() => rm(folder, { recursive: true, force: true }));

describe('the walls between the rooms', () => {
  it.each(forbidden)('%s may not import %s', file => expect(caught).toContain(file));
  it.each(allowed)('%s may import %s', file => expect(caught).not.toContain(file));
});
