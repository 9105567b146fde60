/** Starts a plain pair and waits to be killed: the crash tests run it as a process of its own. Prints where the pair is. */
import { setTimeout as sleep } from 'node:timers/promises';
import { loadTypeScript } from '../../scripts/load-typescript.mjs';

const { startPlainPair } = await loadTypeScript('test/lab/lab.ts');
const { source, target } = await startPlainPair();
const servers = [source.coordinator, target.coordinator];
console.log(
  JSON.stringify({ folders: servers.map(server => server.dataDir), pids: servers.map(server => server.pid) }),
);
await sleep(2 ** 30);
