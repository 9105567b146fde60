#!/usr/bin/env node
import { main } from './cli/main';

const controller = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.on(name, () => {
    // The second time somebody does not want to wait for the servers.
    if (controller.signal.aborted) process.exit(130);
    process.stderr.write('cutover: cancelling on the servers; once more to leave at once\n');
    controller.abort();
  });
}

for (const stream of [process.stdout, process.stderr]) {
  // Whoever read our output has seen enough; the command still does its work.
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}

const { stdin, stdout, stderr, env } = process;
main(process.argv.slice(2), { stdin, stdout, stderr, env, signal: controller.signal }).then(code => {
  process.exitCode = code;
});
