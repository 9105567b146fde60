/** The system's Chromium, for driving VS Code and pages in tests. */
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'microsoft-edge'];
const applications = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge',
];

/** Path of Chromium or of a browser built on it: CUTOVER_CHROMIUM, else one in PATH or among the applications. */
export function findChromium(): string | undefined {
  const named = process.env.CUTOVER_CHROMIUM;
  if (named) return named;
  const folders = (process.env.PATH ?? '').split(delimiter).filter(folder => folder !== '');
  return [...folders.flatMap(folder => names.map(name => join(folder, name))), ...applications].find(isExecutable);
}

/** Starts it without a window. Rejects with what to install when there is none. */
export async function launchChromium(): Promise<Browser> {
  const executablePath = findChromium();
  if (executablePath === undefined) {
    throw new Error('No Chromium found: install chromium (or Chrome), or set CUTOVER_CHROMIUM to its path.');
  }
  return chromium.launch({
    executablePath,
    headless: true,
    // Chromium's sandbox refuses to run as root; the pages shown are our own, on loopback.
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
