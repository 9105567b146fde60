/**
 * Runs code that a test posts to it, inside the extension host, with `vscode` in its hands. Listens on loopback at the port
 * in CUTOVER_BRIDGE_PORT; the body is the text of a function of `vscode`, the answer its result as JSON.
 */
const { createServer } = require('node:http');
const vscode = require('vscode');

exports.activate = context => {
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8');
    request.on('data', chunk => {
      body += chunk;
    });
    request.on('end', async () => {
      try {
        const run = new Function(`return (${body})`)();
        const result = await run(vscode);
        response.end(JSON.stringify({ result }));
      } catch (error) {
        response.end(JSON.stringify({ error: String(error?.stack ?? error) }));
      }
    });
  });
  server.listen(Number(process.env.CUTOVER_BRIDGE_PORT), '127.0.0.1');
  context.subscriptions.push({ dispose: () => server.close() });
};
