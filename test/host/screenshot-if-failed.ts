/** What was on the screen when a test failed. */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'vitest';
import type { Workbench } from './driver/workbench';

export async function screenshotIfFailed({ task }: TestContext, workbench: Workbench | undefined): Promise<void> {
  if (task.result?.state !== 'fail' || !workbench) return;
  const path = join(tmpdir(), `cutover-${task.name.replace(/[^a-z0-9]+/gi, '-').slice(0, 60)}.png`);
  await workbench.screenshot(path);
  console.error(`Screenshot of the failure: ${path}`);
}
