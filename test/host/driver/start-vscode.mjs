/** Starts a VS Code server and waits to be killed: the crash test runs it as a process of its own. Prints where it is. */
import { setTimeout as sleep } from 'node:timers/promises';
import { loadTypeScript } from '../../../scripts/load-typescript.mjs';

const { startVscodeServer } = await loadTypeScript('test/host/driver/server.ts');
const { folder, port } = await startVscodeServer();
console.log(JSON.stringify({ folder, port }));
await sleep(2 ** 30);
