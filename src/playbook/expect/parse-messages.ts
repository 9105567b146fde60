/** What is said of an expectation that cannot be read. */

import { nearSpelling } from '../../shared/near-spelling';
import { sides } from '../../shared/side';
import { comparisons, type Operand } from './syntax';
import type { TokenReader } from './token-reader';
import { ExpectError } from './tokens';

export const forms = '`same`, `empty`, `true`, `rows > 0`, or a comparison as `target <= source * 1.2`';

/** Words that name no column, unless in double quotes. */
export const reserved: readonly string[] = ['and', 'or', 'not', 'is', 'null', 'within'];

export const operatorList = comparisons.map(each => `\`${each}\``).join(', ');

/** Something else than a condition or value stands where one is needed. */
export function missing(reader: TokenReader): ExpectError {
  const before = reader.previous;
  const behind = before ? ` after \`${reader.spelled(before)}\`` : '';
  const isValue = before?.kind === 'symbol' && before.text !== '(';
  return reader.error(
    isValue
      ? `Expected a value${behind}: a number, a 'text', a column or a side.`
      : `Expected a condition${behind}: ${forms}.`,
  );
}

/** Something stands where the text should end, or go on otherwise. */
export function unexpected(reader: TokenReader, closing?: string): ExpectError {
  const { token } = reader;
  const before = reader.previous!;
  const wanted = [...(closing ? [closing] : []), '`and`', '`or`', ...(closing ? [] : ['the end'])].join(', ');
  if (reader.isAtEnd) return reader.error(`Expected ${wanted}.`);
  const spelled = reader.spelled(token);
  const isName = token.kind === 'word' || token.kind === 'column';
  if (isName && before.kind === 'word' && sides.some(side => side === before.text))
    return reader.error(`Write \`${before.text}.${spelled}\` for what the ${before.text} answers.`);
  if (token.kind === 'symbol' && token.text === ')') return reader.error('There is no `(` for this `)`.');
  const candidates = before.text === 'same' ? ['within', 'and', 'or'] : ['and', 'or', 'is'];
  const meant = token.kind === 'word' ? maybe(token.text, candidates) : '';
  return reader.error(`\`${spelled}\` does not follow here: expected a comparison, ${wanted}.${meant}`);
}

/** A value where a condition is needed. */
export function alone(reader: TokenReader, part: Operand): ExpectError {
  const spelled = reader.spelled(part);
  const meant = part.kind === 'column' && !part.side ? maybe(part.name, ['same', 'empty', 'true', 'false']) : '';
  const message = `\`${spelled}\` alone says nothing: compare it, as in \`${spelled} = 0\`.${meant}`;
  return new ExpectError(message, part.start, part.end);
}

export function maybe(word: string, candidates: Iterable<string>): string {
  const near = nearSpelling(word, candidates);
  return near === undefined ? '' : ` Did you mean \`${near}\`?`;
}
