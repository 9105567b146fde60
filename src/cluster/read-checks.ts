import type { Check, CheckQuery, NodeReading, RawAnswer, ServerFacts, SideReading } from '../checks/check';
import { type AskOptions, askEach, type EachAnswer } from './ask-each';
import { askWorkers, type Worker } from './ask-workers';
import { aboutQuery } from './check-commands';
import { marked } from './own-marker';
import { type ClusterRow, json, placesOf } from './places';
import { nodesQuery } from './plan-facts-sql';
import type { Session, Statement } from './session';
import { type AboutRows, askApart, introduce, prepareFor, problemOf, silent, textAnswer } from './worker-answers';

export interface CheckReadingOptions {
  /** For one statement; all workers are asked in one. Milliseconds. */
  timeoutMs?: number;
  /** For all of the side: what would take longer is not waited for. Milliseconds. */
  budgetMs?: number;
  signal?: AbortSignal | undefined;
  /**
   * Gets the names of all queries that every node has answered which will, with the reading as far as it is, each time that
   * there are more of them. Of other queries the reading tells nothing yet.
   */
  onSettled?: ((names: ReadonlySet<string>, reading: SideReading) => void) | undefined;
}

type Queries = readonly CheckQuery<unknown>[];

/** A name of ours that is no query's. */
const nodesName = ' nodes';
const aboutName = ' about';

/**
 * What every node of a side answers to the queries of the checks, each query once. One round trip on a plain server and two
 * on Citus, whatever the number of nodes and shards: the second asks all workers at once, each for everything. A query that
 * fails there costs two more: who still answers, then those workers query by query. What fails is the answer to that query
 * on that node, and holds up no other. Rejects with a ClusterError when the session was cancelled or lost.
 */
export async function readCheckAnswers(
  session: Session,
  checks: readonly Pick<Check, 'queries'>[],
  { timeoutMs = 10_000, budgetMs = 30_000, signal, onSettled }: CheckReadingOptions = {},
): Promise<SideReading> {
  const queries = [...new Map(checks.flatMap(check => check.queries.map(query => [query.name, query]))).values()];
  const options: AskOptions = { timeoutMs, budgetMs, began: performance.now(), signal };
  const citus = session.server.citus !== undefined;
  const fanOut = citus && queries.some(({ nodes }) => nodes === 'every');
  const server: ServerFacts = { versionNum: session.server.num, citus, role: 'coordinator' };
  const nodes: NodeReading[] = [];
  const { certificate } = session;
  const reading: SideReading = { user: session.profile.user, nodes, ...(certificate ? { certificate } : {}) };
  const answers = new Map<string, RawAnswer>();
  const settled = new Set<string>();
  const settle = (which: (query: CheckQuery<unknown>) => boolean) => {
    for (const query of queries) if (which(query)) settled.add(query.name);
    onSettled?.(settled, reading);
  };

  const meet = (cluster: ClusterRow | undefined, about: AboutRows) => {
    const { here, others } = placesOf(session, cluster);
    const own = { node: here.node, role: here.role, server: { ...server, role: here.role }, answers };
    nodes.splice(0, nodes.length, own, ...others.map(([place, active]) => introduce(place, active, about)));
  };
  if (!fanOut) meet(undefined, []);
  const asksWorkers = ({ nodes }: CheckQuery<unknown>) => fanOut && nodes === 'every';
  const first = await askHere(session, queries, server, fanOut, {
    ...options,
    onResult: (name, result) => {
      if (name === nodesName) meet(json<ClusterRow>(result), []);
      else if (name !== aboutName) answers.set(name, textAnswer(result.rows[0]?.[0]));
      if (nodes.length > 0) settle(query => answers.has(query.name) && !asksWorkers(query));
    },
  });
  for (const [name, failure] of first.failures) answers.set(name, { problem: problemOf(failure) });
  if (fanOut) {
    const cluster = json<ClusterRow>(first.results.get(nodesName));
    const about = first.results.get(aboutName)?.rows;
    meet(cluster, about ?? (await askApart(session, workersOf(cluster), options)));
  }
  const failure = first.failures.get(nodesName);
  if (failure) nodes.splice(1, nodes.length, silent({ node: 'the workers', role: 'worker' }, problemOf(failure)));
  settle(query => !asksWorkers(query));

  const workers = nodes.filter((node): node is Worker => node.role === 'worker' && node.server !== undefined);
  const everywhere = queries.filter(asksWorkers);
  await askWorkers(session, workers, everywhere, options);
  settle(() => true);
  return reading;
}

function askHere(
  session: Session,
  queries: Queries,
  server: ServerFacts,
  fanOut: boolean,
  options: AskOptions,
): Promise<EachAnswer> {
  const asFound = new Map<string, Statement>();
  const others = new Map<string, Statement>();
  // First, as nothing can be said before it is known which nodes there are.
  if (fanOut) others.set(nodesName, { text: nodesQuery });
  for (const query of queries) {
    const text = query.sql(server);
    if (text !== undefined) (query.asFound ? asFound : others).set(query.name, { text });
  }
  // Last, as a worker that hangs holds up what comes behind it.
  if (fanOut) {
    others.set(aboutName, {
      text: 'SELECT nodename, nodeport, success, result FROM run_command_on_workers($1)',
      values: [marked(aboutQuery)],
    });
  }
  return askEach(session, { asFound, prepare: prepareFor(server.citus), others }, options);
}

/** Addresses of those that Citus would ask. */
function workersOf(cluster: ClusterRow | undefined): string[] {
  const others = cluster?.nodes.filter(([, , group, active]) => group !== 0 && group !== cluster.group && active) ?? [];
  return others.map(([host, port]) => `${host}:${port}`);
}
