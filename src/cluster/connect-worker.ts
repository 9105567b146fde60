import { type ConnectionProfile, formatAddress } from './connection';
import { ClusterError } from './errors';
import { findNodePassword } from './password';
import { type ClusterRow, json, placesOf } from './places';
import { nodesQuery } from './plan-facts-sql';
import { Session } from './session';

export interface WorkerAddress {
  /** As the coordinator's metadata names it. */
  host: string;
  port: number;
  groupId: number;
}

/** The active workers by the metadata of the session's node; none on plain PostgreSQL. Rejects with a ClusterError. */
export async function activeWorkers(session: Session, signal?: AbortSignal): Promise<WorkerAddress[]> {
  if (session.server.citus === undefined) return [];
  const cluster = await readCluster(session, signal);
  const { here } = placesOf(session, cluster);
  return cluster.nodes
    .filter(([host, port, groupId, active]) => active && groupId !== 0 && `${host}:${port}` !== here.node)
    .map(([host, port, groupId]) => ({ host, port, groupId }));
}

/**
 * A session on the worker itself, with the coordinator's settings but for host and port. Never the coordinator's password:
 * only the password file counts, or a login without one. Rejects with a ClusterError, also where the address leads to
 * something else: `localhost` in the metadata is another machine here.
 */
export async function connectWorker(
  coordinator: Session,
  { host, port, groupId }: WorkerAddress,
  signal?: AbortSignal,
): Promise<Session> {
  const profile = { ...coordinator.profile, host, port };
  const { password, note } = await findNodePassword(profile);
  let session: Session | undefined;
  try {
    session = await Session.open(profile, password, coordinator.limits, signal);
    const cluster = session.server.citus === undefined ? undefined : await readCluster(session, signal);
    // A worker without metadata (before Citus 11) has group 0 and no nodes.
    if (cluster && (cluster.group === groupId || cluster.nodes.length === 0)) return session;
    throw new ClusterError('unreachable', `${session.address} is not the worker that pg_dist_node means.`, {
      next: 'The name leads elsewhere from here: run this on a machine where the names of pg_dist_node are right.',
    });
  } catch (error) {
    await session?.close();
    if (session || !(error instanceof ClusterError) || error.reason === 'cancelled') throw error;
    throw error.with({ next: note ?? howToReach(profile, error) });
  }
}

function howToReach(profile: ConnectionProfile, { reason }: ClusterError): string {
  const { host, port, database, user } = profile;
  return reason === 'authentication'
    ? `Add a line for ${host}:${port}:${database}:${user} to your password file (.pgpass): no other password is sent to a worker.`
    : `Checks on workers connect to ${formatAddress(profile)} directly: see that this machine can reach it.`;
}

async function readCluster(session: Session, signal: AbortSignal | undefined): Promise<ClusterRow> {
  // The names in nodesQuery are found by search_path, which a role may have turned elsewhere.
  const statements = [{ text: 'SET LOCAL search_path = pg_catalog' }, { text: nodesQuery }];
  const { results, failure } = await session.transaction(statements, { jitOff: true, signal });
  if (failure) throw failure.error;
  return json<ClusterRow>(results[1])!;
}
