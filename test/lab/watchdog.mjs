/**
 * Outlives its parent to clean up after it: reads run folders from standard input (`+folder` to watch, `-folder` when the
 * parent removed it). The end of input means the parent is gone, however it died; what is still watched is cleaned up.
 */
import { createInterface } from 'node:readline';
import { cleanUp } from './clean-up.mjs';

const folders = new Set();
for (const name of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) process.on(name, () => {});

for await (const line of createInterface({ input: process.stdin })) {
  const folder = line.slice(1);
  if (line.startsWith('+')) folders.add(folder);
  else folders.delete(folder);
}
await Promise.all([...folders].map(folder => cleanUp(folder)));
