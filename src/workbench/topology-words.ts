/** What is known about a side and its nodes, in words. No editor here. */
import type { ClusterNode, Topology } from '../cluster/topology';
import type { SideHealth } from './cluster-health';

/** `PostgreSQL 15.4, Citus 11.1.7, 2 workers`, or why it could not be reached. */
export function healthWords(health: SideHealth): string {
  if (health.state === 'error') return trimDot(health.error?.message ?? 'not reachable');
  if (health.state === 'checking') return 'connecting…';
  return health.topology ? topologyWords(health.topology) : health.state === 'ok' ? 'answers' : 'not tried yet';
}

export function topologyWords(topology: Topology): string {
  const workers = topology.nodes.filter(node => node.role === 'worker');
  const down = topology.nodes.filter(node => !node.reachable).length;
  return [
    versionWords(topology),
    ...(topology.citus ? [`${workers.length} ${workers.length === 1 ? 'worker' : 'workers'}`] : []),
    ...(down > 0 ? [`${down} not reachable`] : []),
  ].join(', ');
}

function versionWords(of: { postgresVersion?: string | undefined; citusVersion?: string | undefined }): string {
  return [of.postgresVersion && `PostgreSQL ${of.postgresVersion}`, of.citusVersion && `Citus ${of.citusVersion}`]
    .filter(Boolean)
    .join(', ');
}

export function nodeName(node: ClusterNode): string {
  return `${node.host}:${node.port}`;
}

export function nodeWords(node: ClusterNode): string {
  const role = node.role === 'standalone' ? 'single server' : node.role;
  const state = node.reachable ? (node.isActive === false ? 'not active' : '') : 'not reachable';
  return [role, versionWords(node), state].filter(Boolean).join(' · ');
}

function trimDot(text: string): string {
  return text.replace(/\.$/, '');
}
