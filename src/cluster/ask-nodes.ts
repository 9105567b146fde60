import type { CheckQuery, NodeReading, RawAnswer } from '../checks/check';
import { type AskOptions, askEach } from './ask-each';
import { workerCommand } from './check-commands';
import { redact } from './redact';
import type { Session, Statement } from './session';
import { answerOf, onWorkers, prepareFor, problemOf, textsOf } from './worker-answers';

/** One of Cutover's own queries for each of these nodes, whose answers are nobody else's business. */
export type NodeQuestions = ReadonlyMap<NodeReading, CheckQuery<unknown>>;

/**
 * Asks each node its query, all nodes at the same time, in one round trip: for what takes long, so that a node is never
 * asked two things at once, and what it holds is let go with each answer. What fails is that node's answer, and is not
 * tried again. Rejects with a ClusterError when the session was cancelled or lost.
 */
export async function askNodes(
  session: Session,
  questions: NodeQuestions,
  options: AskOptions,
): Promise<Map<NodeReading, RawAnswer>> {
  const here = `${session.profile.host}:${session.profile.port}`;
  const statements = new Map<string, Statement>();
  const local: NodeReading[] = [];
  const workers = new Map<string, string>();
  for (const [node, query] of questions) {
    if (!node.server) continue;
    if (node.role === 'coordinator' || node.node === here) {
      local.push(node);
      statements.set(node.node, { text: query.sql(node.server)! });
    } else {
      const command = workerCommand([query], node.server);
      if (command !== undefined) workers.set(node.node, command);
    }
  }
  const onOthers = ' workers';
  if (workers.size > 0) statements.set(onOthers, onWorkers(workers));
  const prepare = prepareFor(session.server.citus !== undefined);
  const { results, failures } = await askEach(session, { asFound: new Map(), prepare, others: statements }, options);
  const answers = new Map<NodeReading, RawAnswer>();
  for (const [node, query] of questions) {
    const key = local.includes(node) ? node.node : onOthers;
    const failure = failures.get(key);
    if (failure) answers.set(node, { problem: problemOf(failure) });
    else if (key === onOthers) answers.set(node, workerAnswer(query.name, answerOf(results.get(key)?.rows, node.node)));
    else answers.set(node, { text: results.get(key)?.rows[0]?.[0] ?? 'null' });
  }
  return answers;
}

/** A worker's error comes as text, without its SQLSTATE. */
function workerAnswer(name: string, answer: ReturnType<typeof answerOf>): RawAnswer {
  const text = textsOf(answer)?.[name];
  if (text) return { text };
  return { problem: { kind: 'failed', message: redact(answer[1] || 'The node answered with nothing.') } };
}
