/**
 * Comparing two Citus clusters by the whole catalogue as workers are added to both, at several distances between client,
 * coordinators and workers, and as shards are added: wall time, and round trips as the wire has them. Beside it two psql
 * that log in and ask each node one thing, and what one worker takes to answer everything while nobody else runs. All servers
 * share this machine: that time, times the workers, shared among its processors, is the least that it can take here, while
 * each worker of a real cluster has processors of its own. `-- --workers 2,20 --shards 100000` for other counts;
 * `--shards 0` leaves the shards out.
 */
import { execFile } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { parseArgs, promisify } from 'node:util';
import { checksToCompare } from '../../src/checks/catalogue';
import { workerCommand } from '../../src/cluster/check-commands';
import { parseConnectionUri } from '../../src/cluster/connection-uri';
import { defaultLimits } from '../../src/cluster/limits';
import { SessionKeeper } from '../../src/cluster/session-keeper';
import { compareClusters } from '../../src/diagnosis/compare-clusters';
import { type Side, sides } from '../../src/shared/side';
import { type LabPair, startCitusPair } from '../lab/lab';
import { LabUnavailable } from '../lab/lab-unavailable';
import { putProxiesBefore } from '../lab/scenarios/faults/slow-network';
import type { LabServer } from '../lab/server';
import { startProxy, type TcpProxy } from '../lab/tcp-proxy';
import { plantShards } from './many-shards';
import { figure, medianMs, medianPairMs } from './measure';

const execute = promisify(execFile);
const asked = checksToCompare().length;
const { values } = parseArgs({
  options: { workers: { type: 'string', default: '2,5,10,20' }, shards: { type: 'string', default: '10000,100000' } },
});
const listOf = (text: string) =>
  text
    .split(',')
    .map(Number)
    .filter(count => count > 0);
const workerCounts = listOf(values.workers);
const shardCounts = listOf(values.shards);
/** Each way. 0: no proxies in between. */
const distancesMs = [0, 2, 20];
const seconds = { atMost: 10_000 };

/** Of which a side has two here, when shards are counted: each has as many as it would have there. */
const nodesOfShards = 20;

await onCitus(Math.max(...workerCounts), measureNodes);
if (shardCounts.length > 0) await onCitus(2, measureShards);

async function onCitus(workers: number, work: (pair: LabPair) => Promise<void>): Promise<void> {
  const pair = await startCitusPair({ workers }).catch((error: unknown) => {
    if (!(error instanceof LabUnavailable)) throw error;
    console.log(`SKIPPED: nodes and shards of Citus: ${error.message}`);
    return undefined;
  });
  if (!pair) return;
  try {
    await work(pair);
  } finally {
    await pair.stop();
  }
}

/** The first workers of both sides; the others run, and no cluster knows of them. */
function firstWorkers({ source, target }: LabPair, count: number): Pick<LabPair, Side> {
  const of = (cluster: LabPair[Side]) => ({ ...cluster, workers: cluster.workers.slice(0, count) });
  return { source: of(source), target: of(target) };
}

async function measureNodes(all: LabPair): Promise<void> {
  for (const side of sides) {
    // Else the nodes ask one another now and then, through the proxies that count.
    for (const node of [all[side].coordinator, ...all[side].workers]) {
      await node.query('ALTER SYSTEM SET citus.distributed_deadlock_detection_factor = -1');
      await node.query('ALTER SYSTEM SET citus.recover_2pc_interval = -1');
      await node.query('SELECT pg_reload_conf()');
    }
    for (const { host, port } of all[side].workers)
      await all[side].coordinator.query('SELECT citus_remove_node($1, $2)', [host, port]);
  }
  const atFewest = new Map<number, number>();
  let added = 0;
  for (const count of workerCounts) {
    for (const side of sides)
      for (const { host, port } of all[side].workers.slice(added, count))
        await all[side].coordinator.query('SELECT citus_add_node($1, $2)', [host, port]);
    added = count;
    const clusters = firstWorkers(all, count);
    for (const distanceMs of distancesMs) {
      const name = `${count} workers a side${distanceMs > 0 ? `, ${distanceMs} ms away` : ''}`;
      const ms = await measureAt(clusters, distanceMs, name);
      const fewest = atFewest.get(distanceMs);
      if (fewest === undefined) atFewest.set(distanceMs, ms);
      else figure(`${name}: ratio to ${workerCounts[0]} workers`, ms / fewest, '×');
    }
  }
}

async function measureShards(pair: LabPair): Promise<void> {
  let planted = 0;
  for (const shards of shardCounts) {
    const more = { nodes: nodesOfShards, prefix: `many${shards}_`, first: 10_000_000 + planted };
    await Promise.all(sides.map(side => plantShards(pair[side], shards - planted, more)));
    planted = shards;
    await measureAt(pair, 0, `${shards} shards on ${nodesOfShards} nodes`);
  }
}

async function measureAt(clusters: Pick<LabPair, Side>, distanceMs: number, name: string): Promise<number> {
  const near: TcpProxy[] = [];
  const far: TcpProxy[] = [];
  const undo: (() => Promise<void>)[] = [];
  const ports: Record<Side, number> = {
    source: clusters.source.coordinator.port,
    target: clusters.target.coordinator.port,
  };
  if (distanceMs > 0) {
    const limits = { delayMs: distanceMs, bytesPerMs: 100_000 };
    for (const side of sides) {
      const proxy = await startProxy(clusters[side].coordinator, limits);
      near.push(proxy);
      ports[side] = proxy.port;
      const workers = await putProxiesBefore(clusters[side], limits);
      far.push(...workers.proxies);
      undo.push(workers.undo, async () => proxy.stop());
    }
  }
  const uriOf = (side: Side) => {
    const uri = new URL(clusters[side].uri);
    uri.port = String(ports[side]);
    return uri.href;
  };
  const on = (side: Side) => {
    const { settings } = parseConnectionUri(uriOf(side));
    return { side, settings, label: side, color: 'charts.blue', protected: false };
  };
  const sessions = new SessionKeeper();
  let open = 0;
  const compare = async (keeper: SessionKeeper) => {
    const job = { migration: 'bench', source: on('source'), target: on('target'), limits: defaultLimits };
    const { checks } = await compareClusters({ ...job, sessions: keeper });
    if (checks.length !== asked) throw new Error('Not every check was asked.');
    open = checks.filter(({ unknown }) => unknown.length > 0).length;
  };
  const byPsql = () =>
    Promise.all(
      sides.map(side =>
        execute('psql', ['-X', '-q', '-d', uriOf(side), '-c', 'SELECT * FROM run_command_on_workers($$SELECT 1$$)']),
      ),
    );
  const most = (proxies: readonly TcpProxy[]) => Math.max(...proxies.map(({ roundTrips }) => roundTrips));
  const countTrips = async (which: string, keeper: SessionKeeper) => {
    for (const proxy of [...near, ...far]) proxy.reset();
    await compare(keeper);
    figure(`${name}: round trips to a coordinator, ${which}`, most(near), '');
    figure(`${name}: round trips from there to a worker`, most(far), '');
  };
  try {
    const [whole, reference] = await medianPairMs(() => compare(sessions), byPsql, { warmups: 1, runs: 3 });
    figure(`${name}: ${asked} checks`, whole, 'ms', seconds);
    figure(`${name}: two psql that ask each node one thing`, reference, 'ms');
    figure(`${name}: ratio`, whole / reference, '×');
    figure(`${name}: checks left open`, open, '', { atMost: 0 });
    if (distanceMs === 0) {
      const alone = await medianMs(() => askAlone(clusters.target.workers[0]!), { warmups: 1, runs: 3 });
      const workers = clusters.source.workers.length + clusters.target.workers.length;
      figure(`${name}: one worker alone`, alone, 'ms');
      figure(
        `${name}: all workers on these ${availableParallelism()} processors`,
        (alone * workers) / availableParallelism(),
        'ms',
      );
    }
    if (distanceMs > 0) {
      await countTrips('logged in', sessions);
      await countTrips('with the login', new SessionKeeper(0));
    }
    return whole;
  } finally {
    await sessions.dispose();
    for (const step of undo) await step();
  }
}

/** The command that a comparison has it run, on a connection of its own. */
async function askAlone(worker: LabServer): Promise<void> {
  const queries = checksToCompare().flatMap(check => check.queries.filter(({ nodes }) => nodes === 'every'));
  const each = [...new Map(queries.map(query => [query.name, query])).values()];
  const command = workerCommand(each, { versionNum: worker.majorVersion * 10_000, citus: true, role: 'worker' });
  // As the coordinator's connections do, which see shards.
  await worker.query(`SET citus.override_table_visibility = off; ${command}`);
}
