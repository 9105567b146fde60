/** One side of a lab: a server of its own, or a Citus coordinator with workers. */
import { join } from 'node:path';
import type { Account } from './account';
import type { PostgresInstallation } from './installation';
import { createServer, type LabServer, labDatabase, type ServerSpec } from './server';

export interface LabCluster {
  coordinator: LabServer;
  /** None on plain PostgreSQL. */
  workers: LabServer[];
  /** What a migration connects with: as `app_owner` where the scenario makes that role, else as superuser. */
  uri: string;
  /** As `citus_version()` begins: `13.2.2`. */
  citusVersion?: string;
}

export interface ClusterSpec {
  installation: PostgresInstallation;
  account: Account;
  /** Folder of this side. */
  folder: string;
  template: string;
  /** Of a Citus cluster; 2 unless told otherwise. */
  workers?: number | undefined;
}

/** One PostgreSQL server with pg_stat_statements. */
export async function createPlainCluster(spec: ClusterSpec): Promise<LabCluster> {
  const server = await createServer({ ...spec, settings: { shared_preload_libraries: 'pg_stat_statements' } });
  await createDatabase(server, ['pg_stat_statements']);
  return { coordinator: server, workers: [], uri: server.uri };
}

const citusSettings = {
  // Citus must come first (Citus documentation, "Single-Node Citus").
  shared_preload_libraries: 'citus,pg_stat_statements',
  max_connections: '200',
  max_prepared_transactions: '400',
  wal_level: 'logical',
  // Whether or not the builds speak TLS.
  'citus.node_conninfo': 'sslmode=prefer',
  'citus.shard_count': '8',
  'citus.enable_statistics_collection': 'off',
};

/** A coordinator and workers on loopback, trusted by one another. */
export async function createCitusCluster(spec: ClusterSpec): Promise<LabCluster> {
  const node = async (name: string): Promise<LabServer> => {
    const server: ServerSpec = { ...spec, folder: join(spec.folder, name), settings: citusSettings };
    const started = await createServer(server);
    await createDatabase(started, ['citus', 'pg_stat_statements']);
    return started;
  };
  const names = Array.from({ length: spec.workers ?? 2 }, (_, i) => `w${i + 1}`);
  const [coordinator, ...workers] = await Promise.all([node('c'), ...names.map(node)]);
  await coordinator.query('SELECT citus_set_coordinator_host($1, $2)', [coordinator.host, coordinator.port]);
  for (const worker of workers) {
    await coordinator.query('SELECT citus_add_node($1, $2)', [worker.host, worker.port]);
  }
  const [version] = await coordinator.query<{ version: string }>(
    `SELECT substring(citus_version() from 'Citus ([0-9.]+)') AS version`,
  );
  return { coordinator, workers, uri: coordinator.uri, citusVersion: version!.version };
}

async function createDatabase(server: LabServer, extensions: string[]): Promise<void> {
  await server.query(`CREATE DATABASE ${labDatabase}`, [], 'postgres');
  for (const extension of extensions) await server.query(`CREATE EXTENSION ${extension}`);
}
