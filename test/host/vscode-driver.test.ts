import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRunFolder, type RunFolder } from '../lab/run-folder';
import { openVscode, type Vscode } from './driver/vscode';

describe('the driver of VS Code', () => {
  let folder: RunFolder;
  let vscode: Vscode;
  beforeAll(async () => {
    folder = await createRunFolder('vscode');
    const workspace = join(folder.path, 'workspace');
    await mkdir(workspace);
    await writeFile(join(workspace, 'two.sql'), 'SELECT 1;\n\nSELECT\n  2;\n');
    vscode = await openVscode({ workspace, bridge: true });
  });
  afterAll(async () => {
    await vscode?.stop();
    await folder?.remove();
  });

  it('opens a file, reads it, and puts the cursor where it is told', async () => {
    const { workbench, server } = vscode;
    await workbench.openFile('two.sql');
    expect(await workbench.editorText()).toBe('SELECT 1;\n\nSELECT\n  2;\n');
    await workbench.setCursor(4, 3);
    const cursor = await server.bridge!.run(api => {
      const { active } = api.window.activeTextEditor!.selection;
      return [active.line, active.character];
    });
    expect(cursor).toEqual([3, 2]);
  });

  it('runs a command by its title and answers its question', async () => {
    await vscode.workbench.command('Go to Line/Column...');
    await vscode.workbench.answer(':1:1');
    await vscode.workbench.statusBarItem('Ln 1, Col 1').waitFor();
  });

  it('switches themes and back', async () => {
    for (const theme of ['light', 'highContrast', 'dark'] as const) await vscode.setTheme(theme);
    // The extension host hears of a theme a moment after the window wears it.
    await expect.poll(() => vscode.server.bridge!.run(api => api.window.activeColorTheme.kind)).toBe(2);
  });

  it('passes on what code in the extension host throws', async () => {
    const run = vscode.server.bridge!.run(api => api.workspace.fs.readFile(api.Uri.file('/no/such/file')));
    await expect(run).rejects.toThrow(/EntryNotFound|ENOENT/);
  });
});

describe('a VS Code whose owner dies', () => {
  it('is gone after SIGKILL', async () => {
    const script = fileURLToPath(new URL('driver/start-vscode.mjs', import.meta.url));
    const child = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'] });
    let line = '';
    for await (line of createInterface({ input: child.stdout })) break;
    const { folder, port } = JSON.parse(line) as { folder: string; port: number };
    const answers = () =>
      fetch(`http://127.0.0.1:${port}/healthz`).then(
        answer => answer.ok,
        () => false,
      );
    expect(await answers()).toBe(true);
    child.kill('SIGKILL');
    await once(child, 'exit');
    const deadline = Date.now() + 20_000;
    while (existsSync(folder) && Date.now() < deadline) await sleep(100);
    expect(existsSync(folder)).toBe(false);
    expect(await answers()).toBe(false);
  });
});
