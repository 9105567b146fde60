/**
 * The thread in which statements are matched: ten thousand texts take seconds of parsing the first time, which the extension
 * host must not be blocked for. What was learned of texts is kept in a file for the next window.
 */
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import * as z from 'zod/mini';
import { RpcServer } from './shared/rpc';
import { loadSqlParser } from './sql/parser';
import { type TextAnalysis, textAnalysisSchema } from './statements/analysis';
import { StatementsEngine } from './statements/engine';
import { exportText } from './statements/export';
import { outline } from './statements/outline';
import { workerRequests } from './statements/worker-protocol';

/** Another version of the analysis, or of the parser, begins a file of its own. */
const cacheVersion = 1;
const cacheSchema = z.strictObject({
  version: z.literal(cacheVersion),
  texts: z.array(z.tuple([z.string(), textAnalysisSchema])),
});

const { cacheFile } = workerData as { cacheFile: string | undefined };

// What the host sends before the parser is loaded waits in the port.
void start(parentPort!);

async function start(port: MessagePort): Promise<void> {
  const analyses = await readCache();
  let kept = analyses.size;
  const engine = new StatementsEngine(await loadSqlParser(), analyses);
  const server = new RpcServer(
    message => port.postMessage(message),
    workerRequests,
    {
      load: async ({ migration, source, target, user }) => {
        const view = engine.load(migration, { source, target }, user);
        if (analyses.size !== kept) {
          kept = analyses.size;
          void keepCache(analyses);
        }
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
      search: async ({ text }) => ({ ids: engine.search(text) }),
      export: async ({ format, ids }) => ({ text: exportText(engine, format, ids) }),
    },
    what => console.error(`statements worker: ${what}`),
  );
  port.on('message', message => void server.receive(message));
}

async function readCache(): Promise<Map<string, TextAnalysis>> {
  if (cacheFile === undefined) return new Map();
  const text = await readFile(cacheFile, 'utf8').catch(() => undefined);
  if (text === undefined) return new Map();
  try {
    const parsed = cacheSchema.safeParse(JSON.parse(text));
    return new Map(parsed.success ? parsed.data.texts : []);
  } catch {
    // Half a file from a crash: it is only a cache.
    return new Map();
  }
}

async function keepCache(analyses: ReadonlyMap<string, TextAnalysis>): Promise<void> {
  if (cacheFile === undefined) return;
  const temporary = `${cacheFile}.${process.pid}.tmp`;
  try {
    await mkdir(dirname(cacheFile), { recursive: true, mode: 0o700 });
    await writeFile(temporary, JSON.stringify({ version: cacheVersion, texts: [...analyses] }), { mode: 0o600 });
    await rename(temporary, cacheFile);
  } catch (error) {
    console.error(`statements worker: what is known of texts could not be kept: ${error}`);
  }
}
