/** Values for the `$n` of a normalised text, from a statement that was run with values in place. */
import { Lexer } from './lexer';

/** A statement as a log has it: the values of its own `$n`, as text, where it was prepared. */
export interface LoggedStatement {
  sql: string;
  parameters: ReadonlyMap<string, string | null>;
}

interface Slot {
  /** `$3`, or undefined for a constant. */
  name: string | undefined;
  /** The constant as text. */
  value: string | null;
}

interface Shape {
  /** Equal for texts that differ in constants and parameters alone. */
  key: string;
  slots: Slot[];
}

/** Statements of a log, to be asked for the values of normalised texts; of several with one shape the last counts. */
export class SampleValues {
  readonly #byShape = new Map<string, { shape: Shape; parameters: LoggedStatement['parameters'] }>();

  add({ sql, parameters }: LoggedStatement): void {
    const shape = shapeOf(sql);
    if (shape.slots.length > 0) this.#byShape.set(shape.key, { shape, parameters });
  }

  /** By name; undefined when no statement of the log has the shape, or one of its values is not known. */
  valuesFor(normalised: string): Record<string, string | null> | undefined {
    const { key, slots } = shapeOf(normalised);
    const found = this.#byShape.get(key);
    if (!found) return undefined;
    const values: Record<string, string | null> = {};
    for (const [i, { name }] of slots.entries()) {
      const sample = found.shape.slots[i]!;
      if (name === undefined || Object.hasOwn(values, name)) continue;
      const value = sample.name === undefined ? sample.value : found.parameters.get(sample.name);
      if (value === undefined) return undefined;
      values[name] = value;
    }
    return Object.keys(values).length > 0 ? values : undefined;
  }
}

/** A sign before a constant is the constant's own unless something it could be subtracted from stands before it. */
const operand = /^(?:[\w"$)\]']|.*[\w"')\]])$/s;
const keywords =
  /^(?:and|or|not|in|between|then|else|when|where|by|limit|offset|select|returning|values|set|on|having|like|ilike|any|all|is)$/;

function shapeOf(sql: string): Shape {
  const parts: string[] = [];
  const slots: Slot[] = [];
  const slot = (name: string | undefined, value: string | null) => {
    const sign = parts.at(-1);
    const before = parts.at(-2) ?? '';
    const isSigned = value !== null && /^[\d.]/.test(value) && (sign === '-' || sign === '+');
    const signed = isSigned && (keywords.test(before) || before === '' || !operand.test(before)) && before !== '?';
    if (signed) parts.pop();
    parts.push('?');
    slots.push({ name, value: signed && sign === '-' ? `-${value}` : value });
  };
  const lexer = new Lexer(sql);
  while (lexer.nextSignificant()) {
    const { kind, value } = lexer;
    const word = kind === 'word' ? value.toLowerCase() : '';
    if (kind === 'positional') slot(value, null);
    else if (kind === 'number') slot(undefined, value);
    else if (kind === 'string') slot(undefined, unquoted(value));
    else if (/^(?:null|true|false)$/.test(word) && !/^(?:is|not)$/.test(parts.at(-1) ?? ''))
      slot(undefined, word === 'null' ? null : word);
    else parts.push(word || value);
  }
  while (parts.at(-1) === ';') parts.pop();
  return { key: parts.join(' '), slots };
}

/** What the server takes for the text of a string constant. */
function unquoted(literal: string): string {
  const dollar = /^\$[^$]*\$/.exec(literal)?.[0];
  if (dollar !== undefined) return literal.slice(dollar.length, -dollar.length);
  const open = literal.indexOf("'");
  const inner = literal.slice(open + 1, -1).replaceAll("''", "'");
  if (!/^e/i.test(literal)) return inner;
  const escapes: Record<string, string> = { n: '\n', t: '\t', r: '\r', b: '\b', f: '\f' };
  return inner.replace(/\\(.)/gs, (_, character: string) => escapes[character] ?? character);
}
