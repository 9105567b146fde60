import { fork } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { goodPlaybook } from '../playbook/a-playbook';
import { type BundledServer, bundleLanguageServer, ServerProcess } from './server-process';

let bundled: BundledServer;
beforeAll(async () => {
  bundled = await bundleLanguageServer();
}, 60_000);
afterAll(() => bundled?.remove());

test('shutdown and exit end the process', async () => {
  const server = await ServerProcess.start(bundled.module);
  expect(await server.stop()).toBe(0);
}, 30_000);

test('exit without shutdown ends it with an error', async () => {
  const server = await ServerProcess.start(bundled.module);
  const exit = once(server.child, 'exit');
  await server.connection.sendNotification('exit');
  expect((await exit)[0]).toBe(1);
}, 30_000);

test('a server that answers while another is killed', async () => {
  const [one, other] = await Promise.all([ServerProcess.start(bundled.module), ServerProcess.start(bundled.module)]);
  const exit = once(one.child, 'exit');
  one.child.kill('SIGKILL');
  await exit;
  await other.open(goodPlaybook);
  expect((await other.diagnostics()).map(({ code }) => code)).toContain('checkNeverRan');
  await other.stop();
}, 30_000);

test('it ends when its parent dies', async () => {
  const parent = join(dirname(bundled.module), 'parent.js');
  await writeFile(
    parent,
    `const { fork } = require('node:child_process');
const server = fork(${JSON.stringify(bundled.module)}, ['--node-ipc', '--clientProcessId=' + process.pid]);
server.once('message', () => process.send(server.pid));
server.send({ jsonrpc: '2.0', id: 1, method: 'initialize', params: { processId: process.pid, rootUri: null, capabilities: {} } });`,
  );
  const child = fork(parent, [], { execArgv: [] });
  const [pid] = await once(child, 'message');
  expect(isRunning(pid)).toBe(true);
  child.kill('SIGKILL');
  const until = Date.now() + 10_000;
  while (isRunning(pid) && Date.now() < until) await new Promise(resolve => setTimeout(resolve, 50));
  expect(isRunning(pid)).toBe(false);
}, 30_000);

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
