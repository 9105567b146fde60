import type { DuplicateKeyError } from '../../shared/duplicate-key';

/** Longer than what a server says of one error. */
const maxLength = 20_000;

/** The quotation marks of the server's languages (PostgreSQL's message catalogs). */
const marks = '["“”„«»]';

/**
 * The index and the key that the error is about: `duplicate key value violates unique constraint "t_pkey"` (SQLSTATE 23505),
 * or `could not create unique index "t_pkey"`, with `Key (id)=(1) already exists.`, in any language: the first name between
 * quotation marks, and the first `(…)=(…)`. Undefined when there is no name.
 */
export function parseDuplicateKeyError(text: string): DuplicateKeyError | undefined {
  const read = text.slice(0, maxLength);
  const index = new RegExp(`${marks}\\s?([^\\n"“”„«»]{1,63})\\s?${marks}`).exec(read)?.[1]?.trim();
  if (index === undefined) return undefined;
  return { index, key: keyOf(read), building: /could not create unique index|\) is duplicated/.test(read) };
}

/** Values are not quoted there: columns and values are told apart only when there are as many of both. */
function keyOf(text: string): DuplicateKeyError['key'] {
  const at = text.indexOf(')=(');
  const open = text.lastIndexOf(' (', at);
  if (at < 0 || open < 0) return [];
  const rest = text.slice(at + 3).split('\n', 1)[0]!;
  const close = rest.lastIndexOf(')');
  if (close < 0) return [];
  const columns = text.slice(open + 2, at).split(', ');
  const values = rest.slice(0, close).split(', ');
  if (columns.length === 1) return [{ column: columns[0]!, value: rest.slice(0, close) }];
  if (columns.length !== values.length) return [];
  return columns.map((column, i) => ({ column, value: values[i]! }));
}
