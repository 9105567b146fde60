/** What workers are told through their coordinator, and what comes back. */
import * as z from 'zod/mini';
import type { NodeReading, RawAnswer } from '../checks/check';
import type { CheckProblem } from '../shared/check';
import { type AskOptions, askEach } from './ask-each';
import { aboutQuery } from './check-commands';
import type { ClusterError } from './errors';
import { marked } from './own-marker';
import type { Place } from './places';
import { prepareCatalogQueries, showShards } from './plan-facts-sql';
import { redact } from './redact';
import type { QueryResult, Session, Statement } from './session';

/** Host, port, success and result of each worker that was asked what it is. */
export type AboutRows = QueryResult['rows'];

export function prepareFor(citus: boolean): Statement {
  const text = prepareCatalogQueries(citus);
  return { text: citus ? `${text}; ${marked(showShards)}` : text, simple: true };
}

/**
 * `master_run_on_worker` asks all of them at once, each as the connected role. It is no sandbox (it writes even for a
 * read-only session), so nothing but the catalogue's constant queries ever goes through it.
 * @param commands by the node's `host:port`
 */
export function onWorkers(commands: ReadonlyMap<string, string>): Statement {
  const addresses = [...commands.keys()].map(splitAddress);
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
  answers: QueryResult['rows'] | undefined,
  node: string,
): [success?: string | null, result?: string | null] {
  const [, , ...answer] = answers?.find(([host, port]) => `${host}:${port}` === node) ?? [];
  return answer as [string | null, string | null];
}

/** A worker that does not answer this within the time is not waited for. Milliseconds. */
const aboutTimeoutMs = 4_000;

/**
 * What each worker is, of those that say so: all of them at once; where that fails, as one of them holds up all, each by
 * itself. Rejects with a ClusterError when the session was cancelled or lost.
 */
export async function askAbout(session: Session, nodes: readonly string[], options: AskOptions): Promise<AboutRows> {
  const all = onWorkers(new Map(nodes.map(node => [node, marked(aboutQuery)])));
  const { results } = await ask(session, new Map([['all', all]]), options);
  return results.get('all')?.rows ?? (await askApart(session, nodes, options));
}

export async function askApart(session: Session, nodes: readonly string[], options: AskOptions): Promise<AboutRows> {
  const each = new Map(nodes.map(node => [node, onWorkers(new Map([[node, marked(aboutQuery)]]))]));
  const { results, failures } = await ask(session, each, options);
  return nodes.flatMap(node => {
    const failure = failures.get(node);
    return failure ? [[...splitAddress(node).map(String), 'f', failure.message]] : (results.get(node)?.rows ?? []);
  });
}

function ask(session: Session, others: ReadonlyMap<string, Statement>, options: AskOptions) {
  const questions = { asFound: new Map(), prepare: prepareFor(true), others };
  return askEach(session, questions, { ...options, timeoutMs: Math.min(options.timeoutMs, aboutTimeoutMs) });
}

/** Another node as it says what it is, or why it cannot be asked. */
export function introduce(
  { node, role }: Pick<Place, 'node' | 'role'>,
  active: boolean,
  about: AboutRows,
): NodeReading {
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
const textsSchema = z.record(z.string(), z.nullable(z.string()));

/** Answers by query, of a worker that gave them; undefined when it failed, or answered with something else. */
export function textsOf([success, result]: ReturnType<typeof answerOf>): Record<string, string | null> | undefined {
  return success === 't' ? read(textsSchema, result) : undefined;
}

function read<T>(schema: z.ZodMiniType<T>, text: string | null | undefined): T | undefined {
  try {
    return z.parse(schema, JSON.parse(text ?? ''));
  } catch {
    return undefined;
  }
}

export function silent({ node, role }: Pick<Place, 'node' | 'role'>, problem: CheckProblem): NodeReading {
  return { node, role, answers: new Map(), problem };
}

export function textAnswer(text: string | null | undefined): RawAnswer {
  return text ? { text } : { problem: { kind: 'failed', message: 'The node answered with nothing.' } };
}

export function problemOf(error: ClusterError): CheckProblem {
  const kind = error.reason === 'cancelled' ? 'cancelled' : 'failed';
  const problem: CheckProblem = { kind, message: error.message, next: error.next };
  if (error.sqlstate !== undefined) problem.sqlstate = error.sqlstate;
  return problem;
}
