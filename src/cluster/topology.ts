import { ClusterError } from './errors';
import { marked } from './own-marker';
import { citusVersionQuery, type Session } from './session';

export interface ClusterNode {
  host: string;
  port: number;
  role: 'coordinator' | 'worker' | 'standalone';
  groupId?: number;
  postgresVersion?: string;
  citusVersion?: string;
  reachable: boolean;
  /** Why it is not reachable, or why its versions are unknown. */
  reason?: string;
  /** As pg_dist_node has it: an inactive node gets no queries. */
  isActive?: boolean;
}

export interface Topology {
  /** The coordinator first, then workers by group and address. */
  nodes: ClusterNode[];
  citus: boolean;
  postgresVersion: string;
  citusVersion?: string;
  /** What the session is connected to. */
  connectedAs: 'coordinator' | 'worker' | 'standalone';
  user: string;
  /** What somebody who looks at the nodes must know. */
  notes: string[];
}

/** How long the coordinator waits for a node that does not answer. Milliseconds. */
const nodeConnectTimeoutMs = 3_000;

/** `current_setting('server_version')` without the packager's addition. */
export function shortVersion(serverVersion: string): string {
  return serverVersion.split(' ', 1)[0]!;
}

/**
 * The nodes of a cluster as its coordinator sees them. Two queries whatever the number of nodes: one on the metadata,
 * one that asks every node for its versions through Citus. Rejects with a {@link ClusterError}.
 */
export async function readTopology(session: Session, signal?: AbortSignal): Promise<Topology> {
  const { profile, server } = session;
  const postgresVersion = shortVersion(server.postgres);
  const notes: string[] = server.inRecovery ? ['This server is a standby (in recovery): it accepts no writes.'] : [];
  const here = { host: profile.host, port: profile.port, postgresVersion, reachable: true };
  const base = { postgresVersion, user: profile.user, notes };
  if (server.citus === undefined)
    return { ...base, nodes: [{ ...here, role: 'standalone' }], citus: false, connectedAs: 'standalone' };

  const [metadata, answers] = await Promise.all([readNodes(session, signal), askNodes(session, signal)]);
  if (answers.failure) notes.push(`The nodes could not be asked: ${answers.failure}`);
  const nodes = metadata.nodes.map(({ nodeId, ...node }): ClusterNode => {
    const answer = answers.byNode.get(nodeId);
    if (!answer) {
      const reason =
        answers.failure ?? (node.isActive ? 'Citus gave no answer for it.' : 'It is inactive in pg_dist_node.');
      return { ...node, reachable: false, reason };
    }
    return { ...node, ...answer };
  });
  const connectedAs = metadata.localGroup === 0 ? 'coordinator' : 'worker';
  // A coordinator without workers, or never registered with citus_set_coordinator_host, is not in pg_dist_node.
  if (connectedAs === 'coordinator' && !nodes.some(node => node.groupId === 0))
    nodes.unshift({ ...here, role: 'coordinator', groupId: 0, citusVersion: server.citus, isActive: true });
  if (connectedAs === 'worker') {
    const coordinator = nodes.find(node => node.role === 'coordinator');
    notes.push(
      `${session.address} is a worker, not the coordinator${coordinator ? ` (that is ${coordinator.host}:${coordinator.port})` : ''}: plans may differ from what the application sees.`,
    );
  }
  return { ...base, nodes, citus: true, citusVersion: server.citus, connectedAs };
}

interface MetadataNode extends ClusterNode {
  nodeId: number;
}

async function readNodes(
  session: Session,
  signal?: AbortSignal,
): Promise<{ localGroup: number; nodes: MetadataNode[] }> {
  const { rows } = await session.query(
    `SELECT l.groupid, n.nodeid, n.groupid, n.nodename, n.nodeport, n.isactive
       FROM pg_catalog.pg_dist_local_group l
       LEFT JOIN pg_catalog.pg_dist_node n ON n.noderole = 'primary'
      ORDER BY n.groupid, n.nodename, n.nodeport`,
    [],
    signal,
  );
  const nodes = rows
    .filter(([, nodeId]) => nodeId !== null)
    .map(
      ([, nodeId, groupId, host, port, active]): MetadataNode => ({
        nodeId: Number(nodeId),
        host: host!,
        port: Number(port),
        role: groupId === '0' ? 'coordinator' : 'worker',
        groupId: Number(groupId),
        reachable: false,
        isActive: active === 't',
      }),
    );
  return { localGroup: Number(rows[0]?.[0] ?? 0), nodes };
}

interface NodeAnswers {
  byNode: Map<number, Pick<ClusterNode, 'reachable' | 'reason' | 'postgresVersion' | 'citusVersion'>>;
  failure?: string;
}

/** What each node runs to say its versions: it reads settings and the catalog, nothing else. */
const versionsQuery = `SELECT pg_catalog.json_build_array(pg_catalog.current_setting('server_version'), (${citusVersionQuery}))`;

/**
 * `run_command_on_all_nodes` may be called by any role and runs as that role on every node; it is no sandbox (it writes
 * even for a read-only session), so nothing but the constant query above ever goes through it.
 */
async function askNodes(session: Session, signal?: AbortSignal): Promise<NodeAnswers> {
  const { results, failure } = await session.transaction(
    [
      { text: `SET LOCAL citus.node_connection_timeout = ${nodeConnectTimeoutMs}` },
      {
        text: 'SELECT nodeid, success, result FROM pg_catalog.run_command_on_all_nodes($1, give_warning_for_connection_errors := true)',
        values: [marked(versionsQuery)],
      },
    ],
    { jitOff: true, signal },
  );
  const byNode: NodeAnswers['byNode'] = new Map();
  if (failure) {
    if (failure.error.reason === 'cancelled' || failure.error.reason === 'disconnected') throw failure.error;
    return { byNode, failure: describe(failure.error) };
  }
  for (const [nodeId, success, result] of results[1]!.rows) {
    if (success !== 't') {
      byNode.set(Number(nodeId), { reachable: false, reason: result ?? 'no reason given' });
      continue;
    }
    const [postgres, citus] = JSON.parse(result!) as [string, string | null];
    byNode.set(Number(nodeId), {
      reachable: true,
      postgresVersion: shortVersion(postgres),
      ...(citus ? { citusVersion: citus } : {}),
    });
  }
  return { byNode };
}

function describe(error: unknown): string {
  return error instanceof ClusterError ? error.message : String(error);
}
