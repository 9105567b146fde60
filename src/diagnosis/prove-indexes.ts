/** amcheck, and a look for duplicates, on the indexes that a diagnosis suspects: in waves of one index on each node. */
import { parseAnswers } from '../checks/answers';
import type { CheckQuery, NodeReading } from '../checks/check';
import { duplicateKeys, indexCheck, isCorruption, listedKeys } from '../checks/duplicate-key/proof-sql';
import type { FoundIndex } from '../checks/duplicate-key/script';
import { askNodes } from '../cluster/ask-nodes';
import type { Session } from '../cluster/session';
import { quoted } from '../plan/causes/relations';
import type { CheckProblem } from '../shared/check';
import type { DuplicateKeyDiagnosis } from '../shared/duplicate-key';

export interface ProofLimits {
  /** For one index. Milliseconds. */
  indexTimeoutMs: number;
  /** After this long no further index is looked at. Milliseconds. */
  budgetMs: number;
  signal?: AbortSignal | undefined;
}

type Unknowns = DuplicateKeyDiagnosis['unknown'];

/**
 * Writes what it finds into the suspects; gives back what could not be told. A B-tree under AccessShareLock each, one at a time
 * on each node, its lock and snapshot let go before the next. Then tables under unique indexes that are broken, or named.
 */
export async function proveIndexes(
  session: Session,
  nodes: readonly NodeReading[],
  found: readonly FoundIndex[],
  { indexTimeoutMs, budgetMs, signal }: ProofLimits,
  onProgress: (done: number, total: number) => void = () => {},
): Promise<Unknowns> {
  const began = performance.now();
  const unknown = new Map<string, Unknowns[number]>();
  const note = (gap: Unknowns[number]) => unknown.set(`${gap.node} ${gap.what}`, gap);
  const trees = found.filter(({ suspect }) => suspect.method === 'btree');
  for (const { suspect } of found)
    if (suspect.method !== 'btree') {
      suspect.state = 'unknown';
      suspect.detail = `amcheck looks at B-trees only, not at ${suspect.method}`;
    }

  const run = async <Answer>(
    subjects: readonly FoundIndex[],
    queryOf: (subject: FoundIndex) => CheckQuery<Answer>,
    take: (subject: FoundIndex, answer: Answer | undefined, problem: CheckProblem) => void,
  ) => {
    let done = 0;
    for (const wave of wavesOf(subjects)) {
      const left = budgetMs - (performance.now() - began);
      if (left <= 0) {
        for (const subject of wave) take(subject, undefined, failed(`not looked at within ${budgetMs / 1000} s`));
        continue;
      }
      const asked = wave.map(subject => ({
        subject,
        query: queryOf(subject),
        node: nodes.find(({ node }) => node === subject.suspect.node)!,
      }));
      const timeoutMs = Math.min(indexTimeoutMs, Math.ceil(left));
      const answers = await askNodes(session, new Map(asked.map(({ node, query }) => [node, query])), {
        timeoutMs,
        budgetMs: 2 * timeoutMs,
        signal,
      });
      for (const { subject, query, node } of asked) {
        const reading = { ...node, answers: new Map([[query.name, answers.get(node)!]]) };
        const [parsed] = parseAnswers(query, [reading]);
        take(subject, parsed?.answer, parsed?.problem ?? failed('the node answered with nothing'));
      }
      done += wave.length;
      onProgress(done, subjects.length);
    }
  };

  await run(
    trees,
    ({ index }) => indexCheck(index),
    ({ suspect, index }, answer, problem) => {
      const { node } = suspect;
      suspect.state = answer?.state === 'checked' ? 'sound' : 'unknown';
      if (answer?.state === 'missing') {
        suspect.detail = 'amcheck is not in this database';
        note({ what: suspect.detail, node, grant: 'CREATE EXTENSION amcheck' });
      } else if (answer?.state === 'denied') {
        suspect.detail = `this role may not run ${answer.routine}`;
        note({
          what: suspect.detail,
          node,
          grant: `GRANT EXECUTE ON FUNCTION ${answer.routine} TO ${quoted(session.profile.user)}`,
        });
      } else if (answer?.state === 'invalid') suspect.detail = 'the index is invalid: no query uses it';
      else if (!answer) {
        suspect.detail = problem.message;
        if (isCorruption(problem, index.index)) suspect.state = 'corrupt';
      }
    },
  );

  const doubtful = trees.filter(
    ({ index, suspect }) => index.unique && (suspect.state === 'corrupt' || suspect.why === 'named'),
  );
  await run(
    doubtful.filter(({ index }) => index.plain),
    ({ index }) => duplicateKeys(index),
    ({ suspect }, answer, problem) => {
      if (answer?.keys) suspect.duplicates = listedKeys(answer.keys);
      else {
        const table = `${suspect.schema}.${suspect.table}`;
        note({
          what: `duplicates in ${table}: ${answer ? 'this role may not read it, or somebody has locked it' : problem.message}`,
          node: suspect.node,
        });
      }
    },
  );
  for (const { index, suspect } of doubtful)
    if (!index.plain)
      note({
        what: `duplicates under ${index.schema}.${index.index}: it is partial, or on an expression; the query is in the script`,
        node: suspect.node,
      });
  return [...unknown.values()];
}

const failed = (message: string): CheckProblem => ({ kind: 'failed', message });

/** The next index of each node, until none has any. */
function wavesOf(subjects: readonly FoundIndex[]): FoundIndex[][] {
  const byNode = new Map<string, FoundIndex[]>();
  for (const subject of subjects)
    byNode.set(subject.suspect.node, [...(byNode.get(subject.suspect.node) ?? []), subject]);
  const longest = Math.max(0, ...[...byNode.values()].map(({ length }) => length));
  return Array.from({ length: longest }, (_, i) => [...byNode.values()].flatMap(list => list[i] ?? []));
}
