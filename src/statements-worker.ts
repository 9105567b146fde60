/**
 * The thread in which statements are matched: ten thousand texts take seconds of parsing the first time, which the extension
 * host must not be blocked for. What was learned of texts is kept as long as the window, never on disk: a text may hold a secret.
 */
import { type MessagePort, parentPort } from 'node:worker_threads';
import { RpcServer } from './shared/rpc';
import { loadSqlParser } from './sql/parser';
import { StatementsEngine } from './statements/engine';
import { exportText } from './statements/export';
import { heaviest } from './statements/heaviest';
import { outline } from './statements/outline';
import { workerRequests } from './statements/worker-protocol';

// What the host sends before the parser is loaded waits in the port.
void start(parentPort!);

async function start(port: MessagePort): Promise<void> {
  const engine = new StatementsEngine(await loadSqlParser());
  const server = new RpcServer(
    message => port.postMessage(message),
    workerRequests,
    {
      load: async ({ migration, source, target, user }) => {
        const view = engine.load(migration, { source, target }, user);
        return { summary: view.summary, rows: JSON.stringify(view.rows) };
      },
      rematch: async ({ user }) => {
        const view = engine.rematch(user);
        return { summary: view.summary, rows: JSON.stringify(view.rows) };
      },
      outline: async ({ filter, sort, limit }) => {
        const shown = filter.trim() === '' ? undefined : new Set(engine.search(filter));
        return outline(engine.view?.rows ?? [], { sort, limit, shown });
      },
      details: async ({ id }) => engine.details(id),
      statementIds: async ({ id }) => {
        const { source, target } = engine.entry(id);
        return {
          ...(source ? { source: source.statement.id } : {}),
          ...(target ? { target: target.statement.id } : {}),
        };
      },
      heaviest: async () => heaviest(engine.view?.rows ?? []),
      search: async ({ text }) => ({ ids: engine.search(text) }),
      export: async ({ format, ids }) => ({ text: exportText(engine, format, ids) }),
    },
    what => console.error(`statements worker: ${what}`),
  );
  port.on('message', message => void server.receive(message));
}
