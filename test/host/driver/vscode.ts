/**
 * One call for a real VS Code with the extension in it, driven through Chromium:
 *
 *     const vscode = await openVscode({ workspace, extensions: [await packagedExtension()] });
 *     await vscode.workbench.command('Cutover: Explain on Both Sides');
 *     await vscode.workbench.webview().getByRole('tree').waitFor();
 *     await vscode.stop();
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser, BrowserContext } from 'playwright-core';
import { launchChromium } from './chromium';
import { startVscodeServer, type VscodeServer, type VscodeServerOptions } from './server';
import { Workbench } from './workbench';

export interface VscodeOptions extends VscodeServerOptions {
  /** Folder to open. */
  workspace: string;
  viewport?: { width: number; height: number };
  /** 2 for screenshots that stay sharp. */
  deviceScaleFactor?: number;
}

/** The class that the workbench wears under a theme of each kind. */
const themeClasses = { dark: 'vs-dark', light: 'vs', highContrast: 'hc-black', highContrastLight: 'hc-light' };

export interface Vscode {
  server: VscodeServer;
  workbench: Workbench;
  context: BrowserContext;
  /** Closes the window and opens it again in the same browser profile, as "Developer: Reload Window" does. */
  reload(): Promise<void>;
  /**
   * Changes settings in the workspace's `.vscode/settings.json`. (The server notices changes there; it does not for the
   * user's file, which only the page edits.)
   */
  changeSettings(settings: Record<string, unknown>): Promise<void>;
  setTheme(theme: keyof typeof themeClasses): Promise<void>;
  stop(): Promise<void>;
}

export async function openVscode(options: VscodeOptions): Promise<Vscode> {
  // Settings that appear in a new folder are noticed late; an empty file is watched from the start.
  await changeWorkspaceSettings(options.workspace, {});
  const server = await startVscodeServer(options);
  let browser: Browser | undefined;
  try {
    browser = await launchChromium();
    const context = await browser.newContext({
      viewport: options.viewport ?? { width: 1400, height: 900 },
      deviceScaleFactor: options.deviceScaleFactor ?? 1,
      permissions: ['clipboard-read', 'clipboard-write'],
    });
    const page = await context.newPage();
    const workbench = new Workbench(page);
    await page.goto(server.urlOf(options.workspace));
    await workbench.ready();
    const changeSettings = (settings: Record<string, unknown>) => changeWorkspaceSettings(options.workspace, settings);
    return {
      server,
      workbench,
      context,
      async reload() {
        await page.reload();
        await workbench.ready();
      },
      changeSettings,
      async setTheme(theme) {
        const labels = {
          ...server.installation.themes,
          highContrast: 'Default High Contrast',
          highContrastLight: 'Default High Contrast Light',
        };
        await changeSettings({ 'workbench.colorTheme': labels[theme] });
        await page.locator(`.monaco-workbench.${themeClasses[theme]}`).waitFor();
      },
      async stop() {
        // The page first: its extension host, and what that holds, then ends at once.
        await page.close();
        await browser?.close();
        await server.stop();
      },
    };
  } catch (error) {
    await browser?.close();
    await server.stop();
    throw error;
  }
}

async function changeWorkspaceSettings(workspace: string, change: Record<string, unknown>): Promise<void> {
  const file = join(workspace, '.vscode', 'settings.json');
  await mkdir(join(workspace, '.vscode'), { recursive: true });
  const text = await readFile(file, 'utf8').catch(() => '{}');
  await writeFile(file, JSON.stringify({ ...(JSON.parse(text) as object), ...change }, null, 2));
}
