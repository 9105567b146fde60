import { join } from 'node:path';
import { expect } from 'vitest';
import { Panel, type PanelOptions, type PanelServer } from './panel';

/** Works with a panel that shows a result; nothing may have been blocked or complained about when it is done. */
export async function withPanelOf(
  server: PanelServer,
  options: PanelOptions,
  work: (panel: Panel) => Promise<void>,
): Promise<void> {
  const panel = await Panel.open(server, options);
  try {
    await panel.page.locator('.verdict h1').waitFor();
    await work(panel);
    expect(await panel.violations()).toEqual([]);
    expect(panel.complaints).toEqual([]);
  } finally {
    await panel.close();
  }
}

/** Into the folder that CUTOVER_SCREENSHOTS names, if any. */
export async function screenshot(panel: Panel, name: string): Promise<void> {
  const folder = process.env.CUTOVER_SCREENSHOTS;
  if (folder) await panel.page.screenshot({ path: join(folder, `${name}.png`) });
}
