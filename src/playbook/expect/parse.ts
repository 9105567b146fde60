/**
 * What a check expects, read by recursive descent; nothing is ever evaluated as code.
 *
 *     condition:  condition `or` condition | condition `and` condition | `not` condition | `(` condition `)`
 *                 `same` [`within` number [unit]] | `empty` | `true` | `false`
 *                 operand (`=` `<>` `!=` `<` `<=` `>` `>=`) operand | operand `is` [`not`] `null`
 *     operand:    number [unit] | 'text' | `true` | `false` | column | "Column" | `rows`
 *                 `source` | `target` | (`source` | `target`) `.` (column | "Column" | `rows`)
 *                 operand (`+` `-` `*` `/`) operand | `-` operand | `(` operand `)`
 */
import { sides } from '../../shared/side';
import type { TextRange } from '../../sql/offsets';
import { alone, forms, maybe, missing, operatorList, reserved, unexpected } from './parse-messages';
import { readNumber } from './parse-number';
import {
  type ArithmeticOperator,
  type Condition,
  comparisons,
  type Expectation,
  expectationUses,
  type Operand,
} from './syntax';
import { TokenReader } from './token-reader';
import { ExpectError, type Token } from './tokens';

export type { Expectation } from './syntax';

/** `start` and `end` are UTF-16 offsets into the text; empty at the end of the text, where something is missing. */
export type ParsedExpect =
  | { ok: true; expectation: Expectation }
  | { ok: false; message: string; start: number; end: number };

const mostCharacters = 1000;

export function parseExpect(text: string): ParsedExpect {
  try {
    if (text.length > mostCharacters)
      throw new ExpectError(`An expectation has at most ${mostCharacters} characters.`, mostCharacters, text.length);
    return { ok: true, expectation: { text: text.trim(), condition: new Parser(text).read() } };
  } catch (error) {
    if (!(error instanceof ExpectError)) throw error;
    return { ok: false, message: error.message, start: error.start, end: error.end };
  }
}

const condition = new Set(['same', 'empty', 'comparison', 'null', 'not', 'and', 'or', 'only']);

type Part = (Condition & TextRange) | Operand;

function isCondition(part: Part): part is Condition & TextRange {
  return condition.has(part.kind);
}

class Parser extends TokenReader {
  read(): Condition {
    if (this.isAtEnd) throw this.error(`What is expected is missing: ${forms}.`);
    const read = this.#condition(this.#or());
    if (!this.isAtEnd) throw unexpected(this);
    return read;
  }

  #or(): Part {
    return this.#chain('or', () => this.#chain('and', () => this.#not()));
  }

  #chain(kind: 'and' | 'or', next: () => Part): Part {
    let left = next();
    while (this.takes(kind)) {
      const first = this.#condition(left);
      const right = this.#condition(next());
      left = { kind, left: first, right, start: first.start, end: right.end };
    }
    return left;
  }

  #not(): Part {
    const not = this.takes('not');
    if (!not) return this.#comparison();
    const of = this.#condition(this.deeper(() => this.#not()));
    return { kind: 'not', of, start: not.start, end: of.end };
  }

  #comparison(): Part {
    const left = this.#sum();
    if (this.takes('is')) return this.#isNull(this.#operand(left));
    const operator = this.takes(...comparisons);
    if (!operator) return left;
    const first = this.#operand(left);
    if (this.token.kind === 'symbol' && comparisons.some(each => each === this.token.text)) {
      const both = this.text.slice(operator.start, this.token.end);
      throw new ExpectError(`\`${both}\` is no comparison: ${operatorList}.`, operator.start, this.token.end);
    }
    if (this.token.text === 'null' && this.token.kind === 'word')
      throw this.error('Nothing is equal to NULL: write `is null` or `is not null`.');
    const right = this.#operand(this.#sum());
    if (this.token.kind === 'symbol' && comparisons.some(each => each === this.token.text))
      throw this.error('Compare two at a time, as in `1 < a and a < 5`.');
    const range = { start: first.start, end: right.end };
    const comparison = { kind: 'comparison', operator: operator.text as '=', left: first, right } as const;
    const { sides: named, everyNode } = expectationUses({ text: '', condition: comparison });
    if (named.length === 0 && !everyNode)
      throw new ExpectError(
        'This compares two constants, whatever is answered. Name a column or a side.',
        range.start,
        range.end,
      );
    return { ...comparison, ...range };
  }

  #isNull(of: Operand): Part {
    const isNull = !this.takes('not');
    const end = this.token.end;
    if (!this.takes('null'))
      throw this.error('Expected `null` or `not null` after `is`; compare with true by `= true`.');
    return { kind: 'null', isNull, of, start: of.start, end };
  }

  #sum(): Part {
    return this.#arithmetic(['+', '-'], () => this.#arithmetic(['*', '/'], () => this.#negative()));
  }

  #arithmetic(of: ArithmeticOperator[], next: () => Part): Part {
    let left = next();
    for (let sign = this.takes(...of); sign; sign = this.takes(...of)) {
      const operator = sign.text as ArithmeticOperator;
      const first = this.#operand(left);
      const right = this.#operand(next());
      left = { kind: 'arithmetic', operator, left: first, right, start: first.start, end: right.end };
    }
    return left;
  }

  #negative(): Part {
    const minus = this.takes('-');
    if (!minus) return this.#primary();
    const of = this.#operand(this.deeper(() => this.#negative()));
    return { kind: 'negative', of, start: minus.start, end: of.end };
  }

  #primary(): Part {
    const token = this.token;
    const range = { start: token.start, end: token.end };
    if (this.takes('(')) {
      const part = this.deeper(() => this.#or());
      if (!this.takes(')')) throw unexpected(this, '`)`');
      return part;
    }
    if (token.kind === 'end' || token.kind === 'symbol' || (token.kind === 'word' && reserved.includes(token.text)))
      throw missing(this);
    if (token.kind !== 'number') this.skip();
    if (token.kind === 'string') return { kind: 'string', text: token.text, ...range };
    if (token.kind === 'column') return { kind: 'column', name: token.text, ...range };
    if (token.kind === 'number') {
      const { value, text, dimension } = readNumber(this);
      return {
        kind: 'number',
        value,
        text,
        ...(dimension && { dimension }),
        start: token.start,
        end: token.start + text.length,
      };
    }
    if (token.text === 'true' || token.text === 'false')
      return { kind: 'boolean', value: token.text === 'true', ...range };
    if (token.text === 'rows') return { kind: 'rows', ...range };
    if (token.text === 'empty') return { kind: 'empty', ...range };
    if (token.text === 'same') return this.#same(token);
    return this.#name(token);
  }

  #same({ start, end }: Token): Part {
    if (!this.takes('within')) return { kind: 'same', start, end };
    if (this.token.kind !== 'number') throw this.error('Expected a number after `within`, as in `same within 5 %`.');
    const from = this.token.start;
    const { value, isPercent, ...rest } = readNumber(this);
    const tolerance = { amount: value, percent: isPercent, ...rest };
    return { kind: 'same', tolerance, start, end: from + rest.text.length };
  }

  #name(token: Token): Operand {
    const side = sides.find(each => each === token.text);
    if (!this.takes('.')) {
      const { start, end } = token;
      return side ? { kind: 'value', side, start, end } : { kind: 'column', name: token.text, start, end };
    }
    if (!side) {
      const meant = maybe(token.text, sides);
      throw new ExpectError(
        `\`${token.text}\` is no side: write \`source.\` or \`target.\`.${meant}`,
        token.start,
        token.end,
      );
    }
    const name = this.token;
    if (name.kind !== 'word' && name.kind !== 'column')
      throw this.error(`Expected a column or \`rows\` after \`${token.text}.\`.`);
    this.skip();
    const range = { start: token.start, end: name.end };
    if (name.kind === 'word' && name.text === 'rows') return { kind: 'rows', side, ...range };
    return { kind: 'column', side, name: name.text, ...range };
  }

  #condition(part: Part): Condition & TextRange {
    if (isCondition(part)) return part;
    if (part.kind === 'boolean') return { kind: 'only', value: part.value, start: part.start, end: part.end };
    // What stands behind it tells more: `source rows > 0`, `emtpy x`.
    if (this.token.kind !== 'end' && this.token.text !== ')' && !reserved.includes(this.token.text))
      throw unexpected(this);
    throw alone(this, part);
  }

  #operand(part: Part): Operand {
    if (!isCondition(part)) return part;
    const spelled = this.text.slice(part.start, part.end);
    throw new ExpectError(
      `\`${spelled}\` is a condition and has no value to compare or to compute with. Join conditions with \`and\` or \`or\`.`,
      part.start,
      part.end,
    );
  }
}
