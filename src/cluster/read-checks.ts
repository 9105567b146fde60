import * as z from 'zod/mini';
import type { Check, CheckQuery, NodeReading, RawAnswer, ServerFacts, SideReading } from '../checks/check';
import type { CheckProblem } from '../shared/check';
import { type AskOptions, askEach, type EachAnswer } from './ask-each';
import { aboutQuery, workerCommand } from './check-commands';
import type { ClusterError } from './errors';
import { marked } from './own-marker';
import { type ClusterRow, json, type Place, placesOf } from './places';
import { nodesQuery, prepareCatalogQueries, showShards } from './plan-facts-sql';
import { redact } from './redact';
import type { QueryResult, Session, Statement } from './session';

export interface CheckReadingOptions {
  /** For one statement; all workers are asked in one. Milliseconds. */
  timeoutMs?: number;
  /** For all that is asked after something failed. Milliseconds. */
  budgetMs?: number;
  signal?: AbortSignal | undefined;
  /**
   * Gets the names of all queries that every node has answered which will, with the reading as far as it is, each time that
   * there are more of them. Of other queries the reading tells nothing yet.
   */
  onSettled?: ((names: ReadonlySet<string>, reading: SideReading) => void) | undefined;
}

/** A worker that answers. */
type Worker = NodeReading & { server: ServerFacts; answers: Map<string, RawAnswer> };

type Queries = readonly CheckQuery<unknown>[];

/** A name of ours that is no query's. */
const nodesName = ' nodes';
const aboutName = ' about';

/**
 * What every node of a side answers to the queries of the checks, each query once. One round trip on a plain server and two
 * on Citus, whatever the number of nodes and shards: the second asks all workers at once, each for everything. A query that
 * fails there costs one more, in which those workers are asked query by query. What fails is the answer to that query on
 * that node, and holds up no other. Rejects with a ClusterError when the session was cancelled or lost.
 */
export async function readCheckAnswers(
  session: Session,
  checks: readonly Pick<Check, 'queries'>[],
  { timeoutMs = 10_000, budgetMs = 20_000, signal, onSettled }: CheckReadingOptions = {},
): Promise<SideReading> {
  const queries = [...new Map(checks.flatMap(check => check.queries.map(query => [query.name, query]))).values()];
  const options: AskOptions = { timeoutMs, budgetMs, signal };
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

  const meet = (cluster: ClusterRow | undefined, about: QueryResult | undefined) => {
    const { here, others } = placesOf(session, cluster);
    const own = { node: here.node, role: here.role, server: { ...server, role: here.role }, answers };
    nodes.splice(0, nodes.length, own, ...others.map(([place, active]) => introduce(place, active, about)));
  };
  if (!fanOut) meet(undefined, undefined);
  const asksWorkers = ({ nodes }: CheckQuery<unknown>) => fanOut && nodes === 'every';
  const first = await askHere(session, queries, server, fanOut, {
    ...options,
    onResult: (name, result) => {
      if (name === nodesName) meet(json<ClusterRow>(result), undefined);
      else if (name !== aboutName) answers.set(name, textAnswer(result.rows[0]?.[0]));
      if (nodes.length > 0) settle(query => answers.has(query.name) && !asksWorkers(query));
    },
  });
  for (const [name, failure] of first.failures) answers.set(name, { problem: problemOf(failure) });
  if (fanOut) meet(json<ClusterRow>(first.results.get(nodesName)), first.results.get(aboutName));
  const failure = first.failures.get(nodesName) ?? first.failures.get(aboutName);
  if (failure) nodes.splice(1, nodes.length, silent({ node: 'the workers', role: 'worker' }, problemOf(failure)));
  settle(query => !asksWorkers(query));

  const workers = nodes.filter((node): node is Worker => node.role === 'worker' && node.server !== undefined);
  const everywhere = queries.filter(asksWorkers);
  const unread = await askWorkers(session, workers, everywhere, options);
  if (unread.length > 0) await askOneByOne(session, unread, everywhere, options);
  settle(() => true);
  return reading;
}

export function prepareFor(citus: boolean): Statement {
  const text = prepareCatalogQueries(citus);
  return { text: citus ? `${text}; ${marked(showShards)}` : text, simple: true };
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

/** Another node as it says what it is, or why it cannot be asked. */
function introduce({ node, role }: Place, active: boolean, about: QueryResult | undefined): NodeReading {
  const [success, result] = answerOf(about, node);
  const self = success === 't' ? read(aboutSchema, result) : undefined;
  if (role === 'worker' && self)
    return { node, role, server: { versionNum: self[0], citus: self[1], role }, answers: new Map() };
  if (role === 'coordinator')
    return silent(
      { node, role },
      {
        kind: 'unreachable',
        message: 'The session is on a worker, which cannot ask the coordinator.',
        next: 'Connect this side to its coordinator.',
      },
    );
  const message = active ? result || 'Citus gave no answer for it.' : 'It is inactive in pg_dist_node.';
  const next = active
    ? 'Start the node, or see that the coordinator can connect to it as this role.'
    : `Run SELECT citus_activate_node(…) for it on the coordinator when it is to be used.`;
  return silent({ node, role }, { kind: 'unreachable', message: redact(message), next });
}

const aboutSchema = z.tuple([z.number(), z.boolean()]);
export const textsSchema = z.record(z.string(), z.nullable(z.string()));

/** Undefined when a node answered with something else. */
export function read<T>(schema: z.ZodMiniType<T>, text: string | null | undefined): T | undefined {
  try {
    return z.parse(schema, JSON.parse(text ?? ''));
  } catch {
    return undefined;
  }
}

function silent({ node, role }: Pick<Place, 'node' | 'role'>, problem: CheckProblem): NodeReading {
  return { node, role, answers: new Map(), problem };
}

/** All queries of each worker in one command. Gives back the workers whose command failed. */
async function askWorkers(
  session: Session,
  workers: readonly Worker[],
  queries: Queries,
  options: AskOptions,
): Promise<Worker[]> {
  const commands = commandsFor(workers, queries);
  if (commands.size === 0) return [];
  const { results } = await askEach(
    session,
    { asFound: new Map(), prepare: prepareFor(true), others: new Map([['workers', onWorkers(commands)]]) },
    options,
  );
  return [...commands.keys()].filter(worker => {
    const [success, result] = answerOf(results.get('workers'), worker.node);
    const texts = success === 't' ? read(textsSchema, result) : undefined;
    for (const [name, text] of Object.entries(texts ?? {})) worker.answers.set(name, textAnswer(text));
    return texts === undefined;
  });
}

/** Each query in a command of its own, for those workers together. */
async function askOneByOne(
  session: Session,
  workers: readonly Worker[],
  queries: Queries,
  options: AskOptions,
): Promise<void> {
  const statements = new Map<string, Statement>();
  for (const query of queries) {
    const commands = commandsFor(workers, [query]);
    if (commands.size > 0) statements.set(query.name, onWorkers(commands));
  }
  const { results, failures } = await askEach(
    session,
    { asFound: new Map(), prepare: prepareFor(true), others: statements },
    options,
  );
  for (const name of statements.keys()) {
    for (const { node, answers } of workers) {
      const [success, result] = answerOf(results.get(name), node);
      const failure = failures.get(name);
      const texts = success === 't' ? read(textsSchema, result) : undefined;
      if (failure) answers.set(name, { problem: problemOf(failure) });
      else if (texts) answers.set(name, textAnswer(texts[name]));
      else
        answers.set(name, { problem: { kind: 'failed', message: redact(result || 'Citus gave no answer for it.') } });
    }
  }
}

function commandsFor(workers: readonly Worker[], queries: Queries): Map<Worker, string> {
  const commands = new Map<Worker, string>();
  for (const worker of workers) {
    const command = workerCommand(queries, worker.server);
    if (command !== undefined) commands.set(worker, command);
  }
  return commands;
}

/**
 * `master_run_on_worker` asks all of them at once, each as the connected role. It is no sandbox (it writes even for a
 * read-only session), so nothing but the catalogue's constant queries ever goes through it.
 */
export function onWorkers(commands: ReadonlyMap<Pick<NodeReading, 'node'>, string>): Statement {
  const addresses = [...commands.keys()].map(({ node }) => splitAddress(node));
  return {
    text: `SELECT node_name, node_port, success, result FROM master_run_on_worker(
             ARRAY(SELECT json_array_elements_text($1::json)), ARRAY(SELECT json_array_elements_text($2::json)::int),
             ARRAY(SELECT json_array_elements_text($3::json)), true)`,
    values: [
      JSON.stringify(addresses.map(([host]) => host)),
      JSON.stringify(addresses.map(([, port]) => port)),
      JSON.stringify([...commands.values()]),
    ],
  };
}

function splitAddress(node: string): [host: string, port: number] {
  const colon = node.lastIndexOf(':');
  return [node.slice(0, colon), Number(node.slice(colon + 1))];
}

export function answerOf(
  answers: QueryResult | undefined,
  node: string,
): [success?: string | null, result?: string | null] {
  const [, , ...answer] = answers?.rows.find(([host, port]) => `${host}:${port}` === node) ?? [];
  return answer as [string | null, string | null];
}

function textAnswer(text: string | null | undefined): RawAnswer {
  return text ? { text } : { problem: { kind: 'failed', message: 'The node answered with nothing.' } };
}

export function problemOf(error: ClusterError): CheckProblem {
  const kind = error.reason === 'cancelled' ? 'cancelled' : 'failed';
  const problem: CheckProblem = { kind, message: error.message, next: error.next };
  if (error.sqlstate !== undefined) problem.sqlstate = error.sqlstate;
  return problem;
}
