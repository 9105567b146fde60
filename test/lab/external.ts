/** A cluster that is not the lab's: only asked, never started, stopped or changed. */
import { Client, type QueryResultRow } from 'pg';
import type { LabCluster } from './cluster';
import type { LabServer } from './server';

export async function externalCluster(uri: string): Promise<LabCluster> {
  const coordinator = await externalServer(uri);
  const [row] = await coordinator.query<{ version: string | null }>(
    `SELECT max(extversion) AS version FROM pg_extension WHERE extname = 'citus'`,
  );
  return { coordinator, workers: [], uri, ...(row?.version ? { citusVersion: row.version } : {}) };
}

async function externalServer(uri: string): Promise<LabServer> {
  const query = async <Row extends QueryResultRow>(sql: string, values?: unknown[], database?: string) => {
    const client = new Client({ connectionString: uri, ...(database === undefined ? {} : { database }) });
    await client.connect();
    try {
      return (await client.query<Row>(sql, values)).rows;
    } finally {
      await client.end();
    }
  };
  const [version] = await query<{ num: string; name: string; user: string }>(
    `SELECT current_setting('server_version_num') AS num, current_database() AS name, current_user AS user`,
  );
  const client = new Client({ connectionString: uri });
  const refuse = async (): Promise<never> => {
    throw new Error(`${client.host}:${client.port} is not the lab's to start or stop.`);
  };
  return {
    host: client.host,
    port: client.port,
    database: version!.name,
    user: version!.user,
    uri,
    binDir: '',
    majorVersion: Math.floor(Number(version!.num) / 10_000),
    dataDir: '',
    socketDir: '',
    pid: undefined,
    query,
    stop: refuse,
    start: refuse,
    log: refuse,
  };
}
