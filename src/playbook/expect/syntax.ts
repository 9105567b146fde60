/** The parts of an expectation. */
import { type Side, sides } from '../../shared/side';
import type { TextRange } from '../../sql/offsets';
import type { Dimension } from './quantities';
import type { Rational } from './rational';

export const comparisons = ['=', '<>', '<', '<=', '>', '>='] as const;
export type Comparison = (typeof comparisons)[number];
export type ArithmeticOperator = '+' | '-' | '*' | '/';

/** How far numbers may be apart. `percent`: of the source's number, the amount is a fraction then (0.05). */
export interface Tolerance {
  amount: Rational;
  percent: boolean;
  dimension?: Dimension;
  /** As written: `5 %`. */
  text: string;
}

/** Offsets are UTF-16 offsets into the expectation's text. */
export type Operand = TextRange &
  /** With its unit as written. */
  (
    | { kind: 'number'; value: Rational; dimension?: Dimension; text: string }
    | { kind: 'string'; text: string }
    | { kind: 'boolean'; value: boolean }
    /** The number of rows, of a side or of every node. */
    | { kind: 'rows'; side?: Side }
    /** Of a side the value in its only row; without a side, the value in every row of every node. */
    | { kind: 'column'; side?: Side; name: string }
    /** The only value of a side's only row. */
    | { kind: 'value'; side: Side }
    | { kind: 'negative'; of: Operand }
    | { kind: 'arithmetic'; operator: ArithmeticOperator; left: Operand; right: Operand }
  );

export type Condition =
  | { kind: 'same'; tolerance?: Tolerance }
  | { kind: 'empty' }
  /** The only value of the only row is that. */
  | { kind: 'only'; value: boolean }
  | { kind: 'comparison'; operator: Comparison; left: Operand; right: Operand }
  | { kind: 'null'; isNull: boolean; of: Operand }
  | { kind: 'not'; of: Condition }
  | { kind: 'and' | 'or'; left: Condition; right: Condition };

export interface Expectation {
  /** As written. */
  text: string;
  condition: Condition;
}

export const opposite: Record<Comparison, Comparison> = {
  '=': '<>',
  '<>': '=',
  '<': '>=',
  '<=': '>',
  '>': '<=',
  '>=': '<',
};

export interface ExpectationUses {
  /** Sides named: they must be asked. */
  sides: readonly Side[];
  /** `same` stands in it: at least two nodes must be asked. */
  comparesNodes: boolean;
  /** It says something of each node that is asked. */
  everyNode: boolean;
  /** It says something of each row. */
  everyRow: boolean;
}

export function expectationUses({ condition }: Expectation): ExpectationUses {
  const named = new Set<Side>();
  const uses = { comparesNodes: false, everyNode: false, everyRow: false };
  const visit = (part: Condition | Operand): void => {
    if (part.kind === 'same') uses.comparesNodes = true;
    else if (part.kind === 'empty' || part.kind === 'only') uses.everyNode = true;
    else if (part.kind === 'column' || part.kind === 'rows' || part.kind === 'value') {
      if (part.side) named.add(part.side);
      else uses.everyNode = true;
      if (part.kind === 'column' && !part.side) uses.everyRow = true;
    } else if ('of' in part) visit(part.of);
    else if ('left' in part) {
      visit(part.left);
      visit(part.right);
    }
  };
  visit(condition);
  return { sides: sides.filter(side => named.has(side)), ...uses };
}
