/** What an expectation says of answers. */
import type { CheckPlace, Judgement, NodeAnswer } from '../../shared/check';
import { sides } from '../../shared/side';
import { hasProblem, labelOf, limitDetails, type Outcome, problemLine, together, verdictOf, worst } from './asked';
import { evaluate, type Scope } from './evaluate';
import { judgeSame, type SameOutcome } from './same';
import { cut, shownRow } from './shown';
import { type Condition, type Expectation, expectationUses, type Tolerance } from './syntax';

const longestSummary = 200;
const longestDetail = 500;

/**
 * Judges the answers of all nodes that were asked at that place. What speaks of sides is judged once; what speaks of rows,
 * columns, `empty` or `true` without a side must hold on every node, and for every row of it. Never throws.
 */
export function judge(expectation: Expectation, answers: readonly NodeAnswer[], place: CheckPlace): Judgement {
  const uses = expectationUses(expectation);
  if (answers.length === 0) return { verdict: 'error', summary: 'No node was asked.', details: [] };
  const missing = sides.find(side => uses.sides.includes(side) && !answers.some(answer => answer.side === side));
  if (missing) {
    const summary = `The expectation names the ${missing}, which was not asked. Write on=both.`;
    return { verdict: 'error', summary, details: [] };
  }
  const same = new Map<Tolerance | undefined, SameOutcome>();
  const scope: Scope = {
    answers,
    place,
    same: tolerance => {
      const outcome = same.get(tolerance) ?? judgeSame(answers, place, tolerance);
      same.set(tolerance, outcome);
      return outcome;
    },
  };
  const outcome = uses.everyNode
    ? onEveryNode(expectation, scope, uses.everyRow)
    : evaluate(expectation.condition, scope);
  const problems = answers.filter(hasProblem);
  const verdict = worst([outcome.verdict, ...problems.map(({ problem }) => verdictOf(problem))]);
  const isJudged = verdict === 'pass' || verdict === 'fail';
  const first = isJudged ? undefined : problems.find(({ problem }) => verdictOf(problem) === verdict);
  const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : '';
  const summary = first ? cut(problemLine(first), longestSummary - more.length) + more : outcome.text;
  const details = [...problems.map(problemLine), ...(first && outcome.text ? [outcome.text] : []), ...outcome.details];
  const texts = [...same.values()].find(each => each.expected !== undefined);
  return {
    verdict,
    summary: cut(summary, longestSummary),
    details: limitDetails(details.map(line => cut(line, longestDetail))),
    ...(texts?.expected === undefined ? {} : { expected: texts.expected }),
    ...(texts?.actual === undefined ? {} : { actual: texts.actual }),
  };
}

function onEveryNode({ condition }: Expectation, scope: Scope, everyRow: boolean): Outcome {
  const outcomes = scope.answers.flatMap(node => {
    if (hasProblem(node)) return [];
    const label = labelOf(node, scope.place);
    const outcome = everyRow
      ? onEveryRow(condition, { ...scope, node }, label)
      : evaluate(condition, { ...scope, node });
    return [{ label, ...outcome }];
  });
  const verdict = outcomes.length > 0 ? worst(outcomes.map(each => each.verdict)) : 'unknown';
  const decisive = outcomes.filter(each => each.verdict === verdict);
  const facts = outcomes.filter(each => each.verdict === 'pass' || each.verdict === 'fail');
  const isFact = verdict === 'pass' || verdict === 'fail';
  const text = isFact ? together(outcomes.length > 2 ? decisive : facts, scope.place) : (decisive[0]?.text ?? '');
  // What speaks of all nodes says the same for each of them.
  return { verdict, text, details: [...new Set(outcomes.flatMap(each => each.details))] };
}

/** Of no row at all what does not speak of rows can be judged yet: `empty or lag < 10 s`. */
function onEveryRow(condition: Condition, scope: Scope & { node: NodeAnswer }, label: string): Outcome {
  const { columns, rows, truncated } = scope.node;
  if (rows.length === 0) return evaluate(condition, scope);
  const names = columns.map(column => column.name);
  const outcomes: Outcome[] = [];
  for (const row of rows) {
    const outcome = evaluate(condition, { ...scope, row });
    // What makes no sense of one row most often makes none of all.
    if (outcome.verdict === 'error') return outcome;
    outcomes.push(outcome);
  }
  const verdict = worst(outcomes.map(each => each.verdict));
  const decisive = outcomes.filter(each => each.verdict === verdict);
  if (verdict === 'pass' && truncated)
    return {
      verdict: 'unknown',
      text: `Not all rows were read on ${label}; the first ${rows.length} are as expected.`,
      details: [],
    };
  const { text, details } = decisive[0]!;
  if (rows.length === 1) return { verdict, text, details };
  if (verdict === 'pass') return { verdict, text: `${rows.length} rows as expected`, details };
  const lines = rows.flatMap((row, i) => {
    const outcome = outcomes[i]!;
    return outcome.verdict === 'pass'
      ? []
      : [columns.length > 1 ? `${label}: ${outcome.text} (${shownRow(names, row)})` : `${label}: ${outcome.text}`];
  });
  const share = `${decisive.length} of ${truncated ? 'more than ' : ''}${rows.length} rows`;
  const said = verdict === 'fail' ? `${share} fail: ${text}` : `${text} (${share})`;
  return { verdict, text: said, details: [...new Set([...lines, ...details])] };
}
