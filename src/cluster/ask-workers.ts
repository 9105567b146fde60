import type { CheckQuery, NodeReading, RawAnswer, ServerFacts } from '../checks/check';
import { type AskOptions, askEach } from './ask-each';
import { workerCommand } from './check-commands';
import { redact } from './redact';
import type { Session, Statement } from './session';
import { answerOf, askAbout, introduce, onWorkers, prepareFor, problemOf, textAnswer, textsOf } from './worker-answers';

/** A worker that said what it is. */
export type Worker = NodeReading & { server: ServerFacts; answers: Map<string, RawAnswer> };

type Queries = readonly CheckQuery<unknown>[];

/**
 * Fills in what each worker answers: everything in one command, all workers at once. Where that fails, those that no
 * longer say what they are have that as their answer, and hold up no other; the others are asked query by query. Rejects
 * with a ClusterError when the session was cancelled or lost.
 */
export async function askWorkers(
  session: Session,
  workers: readonly Worker[],
  queries: Queries,
  options: AskOptions,
): Promise<void> {
  const unread = await askTogether(session, workers, queries, options);
  if (unread.length === 0) return;
  const there = await leaveOutSilent(session, unread, queries, options);
  const still = there.length < unread.length ? await askTogether(session, there, queries, options) : there;
  if (still.length > 0) await askOneByOne(session, still, queries, options);
}

/** Gives back the workers whose command failed. */
async function askTogether(
  session: Session,
  workers: readonly Worker[],
  queries: Queries,
  options: AskOptions,
): Promise<Worker[]> {
  const commands = commandsFor(workers, queries);
  if (commands.size === 0) return [];
  const { results } = await ask(session, new Map([['workers', onWorkers(commands)]]), options);
  return workers.filter(worker => {
    if (!commands.has(worker.node)) return false;
    const texts = textsOf(answerOf(results.get('workers')?.rows, worker.node));
    for (const [name, text] of Object.entries(texts ?? {})) worker.answers.set(name, textAnswer(text));
    return texts === undefined;
  });
}

/** Gives back those that still say what they are: the others would cost each query the time that a connection may take. */
async function leaveOutSilent(
  session: Session,
  workers: readonly Worker[],
  queries: Queries,
  options: AskOptions,
): Promise<Worker[]> {
  const about = await askAbout(
    session,
    workers.map(({ node }) => node),
    options,
  );
  return workers.filter(worker => {
    const { problem } = introduce(worker, true, about);
    for (const { name, sql } of problem ? queries : [])
      if (sql(worker.server) !== undefined) worker.answers.set(name, { problem: problem! });
    return problem === undefined;
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
  const { results, failures } = await ask(session, statements, options);
  for (const name of statements.keys()) {
    for (const { node, answers } of workers) {
      const answer = answerOf(results.get(name)?.rows, node);
      const failure = failures.get(name);
      const texts = textsOf(answer);
      if (failure) answers.set(name, { problem: problemOf(failure) });
      else if (texts) answers.set(name, textAnswer(texts[name]));
      else
        answers.set(name, {
          problem: { kind: 'failed', message: redact(answer[1] || 'Citus gave no answer for it.') },
        });
    }
  }
}

function ask(session: Session, others: ReadonlyMap<string, Statement>, options: AskOptions) {
  return askEach(session, { asFound: new Map(), prepare: prepareFor(true), others }, options);
}

/** By the worker's address. */
function commandsFor(workers: readonly Worker[], queries: Queries): Map<string, string> {
  const commands = new Map<string, string>();
  for (const { node, server } of workers) {
    const command = workerCommand(queries, server);
    if (command !== undefined) commands.set(node, command);
  }
  return commands;
}
