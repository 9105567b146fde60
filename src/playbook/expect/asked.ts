/** The answers that are judged: what each node is called, and what stands in for the answer of one that gave none. */
import type { CheckPlace, CheckProblem, CheckVerdict, NodeAnswer } from '../../shared/check';
import type { Side } from '../../shared/side';
import { visibleLine } from '../visible';
import { cut } from './shown';
import { Undecided } from './undecided';

/** What came of a condition, or of one node. */
export interface Outcome {
  verdict: CheckVerdict;
  /** What is so, as a part of a line: `lag_bytes 12 > 0`. */
  text: string;
  /** Evidence, a line each. */
  details: string[];
}

/** Lines of evidence that one still reads. */
export const mostDetails = 20;

const bySeverity: readonly CheckVerdict[] = ['error', 'fail', 'unknown', 'pass'];

/** Of what must all hold: an error says that nothing was judged, a failure is one whatever the rest would say. */
export function worst(verdicts: readonly CheckVerdict[]): CheckVerdict {
  return bySeverity.find(each => verdicts.includes(each)) ?? 'pass';
}

/** `source`, or with its node where a side has several: `source 10.0.0.5:5432`. */
export function labelOf(answer: NodeAnswer, place: CheckPlace): string {
  return place === 'workers' ? `${answer.side} ${visibleLine(answer.node)}` : answer.side;
}

/** The node that speaks for a side. Throws {@link Undecided}. */
export function answerOf(side: Side, answers: readonly NodeAnswer[]): NodeAnswer {
  const found = answers.filter(answer => answer.side === side);
  const [answer] = found;
  if (!answer) throw new Undecided('error', `The ${side} was not asked. Write on=both or on=${side}.`);
  if (found.length > 1)
    throw new Undecided(
      'error',
      `\`${side}\` stands for one value, and ${found.length} nodes of the ${side} were asked. Name columns without a side, ` +
        'which are judged on every node, or write on=both.',
    );
  // The problem speaks for itself.
  if (answer.problem) throw new Undecided(verdictOf(answer.problem), '');
  return answer;
}

/**
 * What a problem says of the check: that it can be judged another time, or that it is wrong as it stands. A failure that the
 * statement does not cause is of the first kind (PostgreSQL documentation, "PostgreSQL Error Codes").
 */
export function verdictOf({ kind, sqlstate }: CheckProblem): 'unknown' | 'error' {
  if (kind === 'refused') return 'error';
  if (kind !== 'failed' || sqlstate === undefined) return 'unknown';
  // insufficient_privilege; connection, authorisation, rollback, resources, state, intervention, system and internal errors.
  const isCircumstance = sqlstate === '42501' || /^(?:08|28|40|53|55|57|58|XX)/.test(sqlstate);
  return isCircumstance ? 'unknown' : 'error';
}

const kinds: Record<CheckProblem['kind'], string> = {
  refused: 'refused',
  failed: 'failed',
  unreachable: 'not reached',
  cancelled: 'cancelled',
};

/** `source 10.0.0.5:5432: not reached: … Start it.` */
export function problemLine({ side, node, problem }: NodeAnswer & { problem: CheckProblem }): string {
  const { kind, message, sqlstate, next } = problem;
  const why = `${kinds[kind]}: ${cut(visibleLine(message.slice(0, 1000)), 500)}${sqlstate ? ` (${visibleLine(sqlstate)})` : ''}`;
  return `${side} ${visibleLine(node)}: ${next ? `${why.replace(/\.$/, '')}. ${visibleLine(next)}` : why}`;
}

export function hasProblem(answer: NodeAnswer): answer is NodeAnswer & { problem: CheckProblem } {
  return answer.problem !== undefined;
}

/** `no rows`, `1 row`, `3 rows`, `more than 1000 rows`. */
export function rowCount({ rows, truncated }: Pick<NodeAnswer, 'rows' | 'truncated'>): string {
  if (truncated) return `more than ${rows.length} rows`;
  return rows.length === 0 ? 'no rows' : rows.length === 1 ? '1 row' : `${rows.length} rows`;
}

/** At most {@link mostDetails} lines, and how many more there are. */
export function limitDetails(lines: readonly string[]): string[] {
  const more = lines.length - mostDetails;
  return more > 0 ? [...lines.slice(0, mostDetails), `… and ${more} more`] : [...lines];
}

/** What the nodes say, said once where they agree: `both sides: 15.4`, `source 3 rows, target 5 rows`. */
export function together(parts: readonly { label: string; text: string }[], place: CheckPlace): string {
  const texts = new Set(parts.map(part => part.text));
  if (texts.size === 1 && parts.length > 1)
    return `${place === 'workers' || parts.length > 2 ? `all ${parts.length} nodes` : 'both sides'}: ${parts[0]!.text}`;
  const most = 3;
  const shown = parts.slice(0, most).map(({ label, text }) => `${label}${place === 'workers' ? ':' : ''} ${text}`);
  if (parts.length > most) shown.push(`… and ${parts.length - most} more`);
  return shown.join(', ');
}
