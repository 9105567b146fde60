import { judge } from '../../../src/playbook/expect/judge';
import { type Expectation, parseExpect } from '../../../src/playbook/expect/parse';
import type { CheckPlace, Judgement, NodeAnswer } from '../../../src/shared/check';
import type { Side } from '../../../src/shared/side';

export type Rows = NodeAnswer['rows'];

/** `columns` as `name text, lag_bytes int8`; text where no type is said. */
export function answer(side: Side, columns: string, rows: Rows, more: Partial<NodeAnswer> = {}): NodeAnswer {
  return {
    side,
    node: `${side}.example:5432`,
    role: 'coordinator',
    columns: columns
      .split(',')
      .map(each => each.trim().split(' '))
      .filter(([name]) => name)
      .map(([name = '', type = 'text']) => ({ name, type })),
    rows,
    truncated: false,
    elapsedMs: 1,
    ...more,
  };
}

/** Both sides with the same columns. */
export function both(columns: string, source: Rows, target: Rows): NodeAnswer[] {
  return [answer('source', columns, source), answer('target', columns, target)];
}

export function parsed(text: string): Expectation {
  const result = parseExpect(text);
  if (!result.ok) throw new Error(`${text}: ${result.message}`);
  return result.expectation;
}

export function judged(text: string, answers: readonly NodeAnswer[], place: CheckPlace = 'both'): Judgement {
  return judge(parsed(text), answers, place);
}

/** Of a value that the source alone gave, in a column `x`. */
export function judgedValue(text: string, type: string, value: string | null): Judgement {
  return judged(text, [answer('source', `x ${type}`, [[value]])], 'source');
}
