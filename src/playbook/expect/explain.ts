/** An expectation in plain words, and the forms that are proposed to a writer. */
import {
  type Comparison,
  type Condition,
  type Expectation,
  type ExpectationUses,
  expectationUses,
  type Operand,
  opposite,
} from './syntax';

/** For completion, the most common first. */
export const expectForms: readonly { text: string; title: string }[] = [
  { text: 'same', title: 'Both sides answer the same rows, in any order' },
  { text: 'same within 5 %', title: 'As `same`, but numbers may differ by 5 % of the source’s' },
  { text: 'empty', title: 'No rows, on every node asked' },
  { text: 'true', title: 'One row with one value, which is true' },
  { text: 'rows > 0', title: 'At least one row, on every node asked' },
  { text: 'rows = 0', title: 'That many rows, on every node asked' },
  { text: 'target.rows >= source.rows', title: 'The target has as many rows as the source, or more' },
  { text: 'target <= source * 1.2', title: 'The target’s only value is at most 1.2 times the source’s' },
  { text: 'source.mean_ms < 50', title: 'A column of one side’s only row' },
  { text: 'lag_bytes = 0', title: 'A column of every row, on every node asked' },
  { text: 'lag < 10 s', title: 'Times in us, ms, s, min, h, d; sizes in B, kB, MB, GB, TB' },
  { text: "setting = 'on'", title: 'A text' },
  { text: 'empty or lag < 10 s', title: 'Conditions are joined by `and`, `or`, `not` and parentheses' },
  { text: 'failed_at is null', title: 'NULL, in every row; every other comparison with NULL is unknown' },
];

/** One sentence: “Both sides must answer the same rows; numbers may differ by 5 % of the source's.” */
export function explainExpect(expectation: Expectation): string {
  const { condition } = expectation;
  const { everyNode, everyRow } = expectationUses(expectation);
  const words = inWords(condition, false);
  if (!everyNode) return `${words[0]!.toUpperCase()}${words.slice(1)}.`;
  // `empty or lag < 10 s`: it begins with what is not said of rows.
  const isMixed = 'left' in condition && condition.kind !== 'comparison' && !usesOf(condition.left).everyRow;
  if (everyRow && !isMixed) return `In every row, on every node asked, ${words}.`;
  return `On every node asked, ${words}${everyRow ? ' in every row' : ''}.`;
}

function usesOf(condition: Condition): ExpectationUses {
  return expectationUses({ text: '', condition });
}

/** `not` is carried down to what it negates, so that no sentence begins with “it is not so that”. */
function inWords(condition: Condition, negated: boolean): string {
  switch (condition.kind) {
    case 'same': {
      const { tolerance } = condition;
      const apart = tolerance
        ? `; numbers may differ by ${tolerance.text}${tolerance.percent ? ' of the source’s' : ''}`
        : '';
      return negated
        ? `the sides must not answer the same rows${apart}`
        : `both sides must answer the same rows${apart}`;
    }
    case 'empty':
      return negated ? 'there must be rows' : 'there must be no rows';
    case 'only':
      return `the only value must ${negated ? 'not ' : ''}be ${condition.value}`;
    case 'comparison': {
      const operator = negated ? opposite[condition.operator] : condition.operator;
      return `${operand(condition.left)} ${relations[operator]} ${operand(condition.right)}`;
    }
    case 'null':
      return `${operand(condition.of)} must ${condition.isNull === negated ? 'not ' : ''}be NULL`;
    case 'not':
      return inWords(condition.of, !negated);
    default: {
      const kind = negated ? (condition.kind === 'and' ? 'or' : 'and') : condition.kind;
      const part = (of: Condition): string => {
        const words = inWords(of, negated);
        return isJoined(of) && kindOf(of, negated) !== kind ? `(${words})` : words;
      };
      return `${part(condition.left)} ${kind} ${part(condition.right)}`;
    }
  }
}

function isJoined(condition: Condition): boolean {
  return condition.kind === 'not' ? isJoined(condition.of) : condition.kind === 'and' || condition.kind === 'or';
}

function kindOf(condition: Condition, negated: boolean): string {
  if (condition.kind === 'not') return kindOf(condition.of, !negated);
  return negated ? (condition.kind === 'and' ? 'or' : 'and') : condition.kind;
}

const relations: Record<Comparison, string> = {
  '=': 'must be',
  '<>': 'must not be',
  '<': 'must be less than',
  '<=': 'must be at most',
  '>': 'must be more than',
  '>=': 'must be at least',
};

const operatorSigns = { '+': '+', '-': '−', '*': '×', '/': '÷' } as const;

function operand(of: Operand): string {
  switch (of.kind) {
    case 'number':
    case 'boolean':
    case 'string':
      return literalText(of);
    case 'rows':
      return `the number of ${of.side ? `the ${of.side}’s ` : ''}rows`;
    case 'column':
      return of.side ? `the ${of.side}’s ${of.name}` : of.name;
    case 'value':
      return `the ${of.side}’s value`;
    default:
      return arithmeticText(of, operand);
  }
}

/** As one would write it. */
export function literalText(of: Operand & { kind: 'number' | 'boolean' | 'string' }): string {
  return of.kind === 'string' ? `'${of.text}'` : of.kind === 'boolean' ? `${of.value}` : of.text;
}

/** Signs of computing with what they join, in parentheses where the order needs them. */
export function arithmeticText(
  of: Operand & { kind: 'negative' | 'arithmetic' },
  text: (part: Operand) => string,
): string {
  const strength = (part: Operand): number =>
    part.kind !== 'arithmetic' ? 3 : part.operator === '*' || part.operator === '/' ? 2 : 1;
  const enclosed = (part: Operand, least: number): string => (strength(part) < least ? `(${text(part)})` : text(part));
  if (of.kind === 'negative') return `−${enclosed(of.of, 3)}`;
  const own = strength(of);
  return `${enclosed(of.left, own)} ${operatorSigns[of.operator]} ${enclosed(of.right, own + 1)}`;
}
