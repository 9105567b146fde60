/** Runs the statements of the corpus, one by one, and keeps the text that each leaves in pg_stat_statements. */
import { Client } from 'pg';
import { namesQuery, shardsQuery } from '../../src/cluster/statements-sql';
import { findPostgres, whyNoCitus } from './installations';
import { startCitusPair, startPlainPair } from './lab';
import type { LabServer } from './server';
import { corpusTexts, distribution, schema } from './statement-corpus';

export interface RecordedServer {
  name: string;
  /** JSON of the queries' answers. */
  names: unknown;
  shards: unknown;
  /** A worker's text where `worker` is 1. */
  texts: [label: string, variant: string, worker: 0 | 1, sql: string][];
}

export async function recordAll(log: (line: string) => void): Promise<RecordedServer[]> {
  const servers: RecordedServer[] = [];
  const majors = [...new Set((await findPostgres()).map(({ majorVersion }) => majorVersion))].sort((a, b) => a - b);
  for (const major of majors) {
    const pair = await startPlainPair({ source: major, target: major });
    try {
      servers.push(await record(`postgres ${major}`, pair.source.coordinator, [], log));
    } finally {
      await pair.stop();
    }
  }
  const missing = await whyNoCitus();
  if (missing) {
    log(`Without Citus: ${missing}`);
    return servers;
  }
  const pair = await startCitusPair();
  try {
    for (const { coordinator, workers, citusVersion } of [pair.source, pair.target])
      servers.push(await record(`citus ${citusVersion}`, coordinator, workers, log));
  } finally {
    await pair.stop();
  }
  return servers;
}

const textsQuery = `SELECT query FROM public.pg_stat_statements
  WHERE toplevel AND query !~ 'pg_stat_statements|pg_catalog.citus|pg_dist|assign_distributed|^ROLLBACK PREPARED|^COMMIT PREPARED|^PREPARE TRANSACTION'
    AND dbid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database()) ORDER BY 1`;

async function record(
  name: string,
  server: LabServer,
  workers: LabServer[],
  log: (line: string) => void,
): Promise<RecordedServer> {
  for (const sql of schema.split(';\n')) await server.query(sql);
  if (workers.length > 0) for (const sql of distribution.split(';\n')) await server.query(sql);
  const clients = await Promise.all([server, ...workers].map(connected));
  const texts: RecordedServer['texts'] = [];
  for (const { label, variant, sql } of corpusTexts()) {
    // What Citus itself sends to its workers is that much, that a spelling or two will do.
    if (workers.length > 0 && !/^(?:base|upper case|schema|spelling 1)$/.test(variant)) continue;
    for (const client of clients) await client.query('SELECT public.pg_stat_statements_reset()');
    const [here] = clients;
    try {
      await here!.query(sql);
    } catch (error) {
      log(`${name}: ${(error as Error).message}: ${sql}`);
      continue;
    } finally {
      if (/^BEGIN/i.test(sql)) await here!.query('ROLLBACK');
    }
    const [own, ...others] = await Promise.all(clients.map(client => client.query<{ query: string }>(textsQuery)));
    const written = own!.rows.filter(({ query }) => !/^begin/i.test(sql) || query !== 'ROLLBACK');
    if (written.length !== 1) log(`${name}: ${written.length} texts: ${sql}`);
    for (const { query } of written.slice(0, 1)) texts.push([label, variant, 0, query]);
    for (const text of new Set(others.flatMap(({ rows }) => rows.map(({ query }) => query))))
      if (/_10\d{4}|a_table_with/.test(text)) texts.push([label, variant, 1, text]);
  }
  const [{ names }] = (await server.query(`SELECT (${namesQuery}) AS names`)) as [{ names: unknown }];
  const shards = workers.length === 0 ? {} : (await server.query(`SELECT (${shardsQuery}) AS shards`))[0]!.shards;
  await Promise.all(clients.map(client => client.end()));
  log(`${name}: ${texts.length} texts`);
  return { name, names, shards, texts };
}

async function connected({ host, port, database, user }: LabServer): Promise<Client> {
  const client = new Client({ host, port, database, user });
  await client.connect();
  return client;
}
