/** Which nodes a side has, by the metadata of the node that the session is connected to. */
import type { NodeFacts } from '../plan/causes/facts';
import type { QueryResult, Session } from './session';

/** How a node is named, and what it is. */
export type Place = Pick<NodeFacts, 'node' | 'role' | 'groupId'>;

export interface ClusterRow {
  group: number;
  nodes: [host: string, port: number, groupId: number, active: boolean][];
}

export function placesOf(
  session: Session,
  cluster: ClusterRow | undefined,
): { here: Place; others: [Place, boolean][] } {
  const own = `${session.profile.host}:${session.profile.port}`;
  if (!cluster) return { here: { node: own, role: 'coordinator', groupId: undefined }, others: [] };
  const places = cluster.nodes.map(([host, port, groupId, active]): [Place, boolean] => [
    { node: `${host}:${port}`, role: groupId === 0 ? 'coordinator' : 'worker', groupId },
    active,
  ]);
  const here = places.find(([{ groupId }]) => groupId === cluster.group)?.[0];
  return {
    // A coordinator need not be in its own metadata.
    here: here ?? { node: own, role: cluster.group === 0 ? 'coordinator' : 'worker', groupId: cluster.group },
    others: places.filter(([place]) => place !== here),
  };
}

/** The one value of an answer; undefined when the statement was not reached. */
export function json<T>(result: QueryResult | undefined): T | undefined {
  const text = result?.rows[0]?.[0];
  return text === null || text === undefined ? undefined : (JSON.parse(text) as T);
}
