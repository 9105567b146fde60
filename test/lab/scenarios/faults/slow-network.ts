/** A slower network between the nodes of a cluster: its workers are reached through proxies that keep every byte for a while. */
import type { LabCluster } from '../../cluster';
import { type NetworkLimits, startProxy, type TcpProxy } from '../../tcp-proxy';
import type { Undo } from './scenario';

/** Tells the coordinator to reach its workers through proxies, until undone. */
export async function slowDownNetwork(cluster: LabCluster, limits: NetworkLimits): Promise<Undo> {
  const { undo } = await putProxiesBefore(cluster, limits);
  return undo;
}

/** The same, with the proxies, in the order of the workers. Without limits they only pass on. */
export async function putProxiesBefore(
  { coordinator, workers }: LabCluster,
  limits?: NetworkLimits,
): Promise<{ proxies: TcpProxy[]; undo: Undo }> {
  const proxies = await Promise.all(workers.map(worker => startProxy(worker, limits)));
  // citus_update_node would have the metadata sent to every node for each, and 11.1 refuses the second until that is done.
  const move = (from: number[], to: number[]) =>
    Promise.all(
      [coordinator, ...workers].map(node =>
        node.query(
          'UPDATE pg_dist_node SET nodeport = new FROM unnest($1::int[], $2::int[]) AS moved (old, new) WHERE nodeport = old',
          [from, to],
        ),
      ),
    );
  const own = workers.map(({ port }) => port);
  const theirs = proxies.map(({ port }) => port);
  await move(own, theirs);
  const undo = async () => {
    await move(theirs, own);
    for (const proxy of proxies) proxy.stop();
  };
  return { proxies, undo };
}
