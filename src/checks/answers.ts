/** From a node's text to what it means. */
import * as z from 'zod/mini';
import type { CheckProblem } from '../shared/check';
import type { CheckQuery, CheckUnknown, NodeReading, NodeRole } from './check';

/** What one node answered to one query; a problem, or an answer. */
export interface NodeAnswer<Answer> {
  node: string;
  role: NodeRole;
  /** `server_version_num`; 0 when the node could not be asked. */
  versionNum: number;
  answer?: Answer;
  problem?: CheckProblem;
}

/** A node with its answer. */
export type Answered<Answer> = NodeAnswer<Answer> & { answer: Answer };

/** Of the nodes that were to be asked; one that could not be asked at all stands among them with its problem. */
export function parseAnswers<Answer>(query: CheckQuery<Answer>, nodes: readonly NodeReading[]): NodeAnswer<Answer>[] {
  return nodes.flatMap(({ node, role, server, answers, problem }): NodeAnswer<Answer>[] => {
    const place = { node, role, versionNum: server?.versionNum ?? 0 };
    if (problem) return query.nodes === 'every' || role === 'coordinator' ? [{ ...place, problem }] : [];
    const raw = answers.get(query.name);
    if (!raw) return [];
    return [{ ...place, ...('problem' in raw ? { problem: raw.problem } : parse(query, raw.text)) }];
  });
}

function parse<Answer>(query: CheckQuery<Answer>, text: string): Pick<NodeAnswer<Answer>, 'answer' | 'problem'> {
  const read = readJson(text);
  const parsed = 'value' in read ? z.safeParse(query.answer, read.value) : read;
  if ('data' in parsed && parsed.success) return { answer: parsed.data };
  // The namespace `z.core` would bring all of zod into whatever is loaded first.
  const why = typeof parsed.error === 'string' ? parsed.error : z.prettifyError(parsed.error!);
  return { problem: { kind: 'failed', message: `The answer is not what ${query.name} expects: ${why}` } };
}

function readJson(text: string): { value: unknown } | { error: string } {
  try {
    return { value: JSON.parse(text) };
  } catch (error) {
    return { error: String(error) };
  }
}

export function answered<Answer>(answers: readonly NodeAnswer<Answer>[]): Answered<Answer>[] {
  return answers.filter((each): each is Answered<Answer> => each.answer !== undefined);
}

/** Each node that did not answer, once, whatever the number of queries it was asked. */
export function unanswered(...queries: readonly (readonly NodeAnswer<unknown>[])[]): CheckUnknown[] {
  const found = new Map<string, CheckUnknown>();
  for (const { node, problem } of queries.flat()) {
    if (!problem) continue;
    const what = [problem.message, problem.next].filter(Boolean).join(' ');
    found.set(`${node} ${what}`, { what, node });
  }
  return [...found.values()];
}
