/**
 * Parameters as people write them: PostgreSQL's `$1`, and psql's variables `:name`, `:'name'`, `:"name"` (psql
 * documentation, "SQL Interpolation").
 *
 * psql puts a variable's value in wherever `:name` stands outside quotes, but only for variables that are set. Nothing is
 * set here, so a colon that PostgreSQL itself understands is left alone: `::`, `:=`, and a colon that follows an
 * operand inside array brackets (`a[1:n]`) or in JSON_OBJECT (`'key':value`). `a[:n]` is a parameter, as in psql.
 */
import { Lexer } from './lexer';
import { offsetOfPosition, positionOfOffset, type TextRange } from './offsets';

/**
 * - `positional`: `$1`.
 * - `named`: `:name`, a value.
 * - `literal`: `:'name'`, a value.
 * - `identifier`: `:"name"`, or `:name` where only a name can stand, as in `FROM :name`; part of the text, so there is no
 *   plan without its value.
 */
type ParameterKind = 'positional' | 'named' | 'literal' | 'identifier';

export interface Parameter {
  /** As written: `$1`, `:app`, `:'app'`, `:"app"`. */
  name: string;
  kind: ParameterKind;
  /** Every place it stands, as UTF-16 offsets into the statement. */
  ranges: TextRange[];
}

/** The parameters in order of their first place; positional ones among them, not sorted by number. */
export function findParameters(sql: string): Parameter[] {
  const parameters = new Map<string, Parameter>();
  for (const { name, kind, start, end } of scanPlaces(sql)) {
    const parameter = parameters.get(name);
    if (parameter) parameter.ranges.push({ start, end });
    else parameters.set(name, { name, kind, ranges: [{ start, end }] });
    // A variable may stand for a name in one place and for a value in another.
    if (kind === 'identifier') parameters.get(name)!.kind = kind;
  }
  return [...parameters.values()];
}

export interface BoundStatement {
  /** What PostgreSQL gets. */
  text: string;
  /** Parameter name of $1, $2, …; a number the statement skips has its own. */
  order: string[];
  /** Position in the user's SQL for a position in `text`, both as PostgreSQL counts: code points, from 1. */
  positionInOriginal(position: number): number;
}

/**
 * Gives `:name` and `:'name'` a number behind the highest `$n`, and puts identifiers in as quoted names (from `values`,
 * else their own name). `type $n`, which the server refuses, becomes a cast: `interval :'step'` → `$1::interval`.
 */
export function bindParameters(sql: string, values: Record<string, string | null> = {}): BoundStatement {
  const places = scanPlaces(sql);
  const order = positionalNames(places);
  const numbers = new Map<string, number>();
  const edits: Edit[] = [];
  for (const { name, kind, start, end, type } of places) {
    if (kind === 'identifier') {
      edits.push({ start, end, text: identifierText(name, values[name] ?? null) });
      continue;
    }
    let text = name;
    if (kind !== 'positional') {
      const number = numbers.get(name) ?? order.push(name);
      numbers.set(name, number);
      text = `$${number}`;
    }
    if (type) edits.push({ start: type.start, end, text: `${text}::${sql.slice(type.start, type.end)}` });
    else if (text !== name) edits.push({ start, end, text });
  }
  return applyEdits(sql, edits, order);
}

function positionalNames(places: Place[]): string[] {
  const numbers = places.filter(place => place.kind === 'positional').map(place => Number(place.name.slice(1)));
  // PostgreSQL has no more than 65,535 parameters; a larger number is its error to report.
  const highest = Math.min(65_535, Math.max(0, ...numbers));
  return Array.from({ length: highest }, (_, index) => `$${index + 1}`);
}

/** A name as psql would put it in: `:"name"` always quoted, `:name` as it is when it is a (qualified) name. */
function identifierText(parameter: string, value: string | null): string {
  const isQuoted = parameter.startsWith(':"');
  const text = value ?? (isQuoted ? parameter.slice(2, -1) : parameter.slice(1));
  return !isQuoted && value !== null && qualifiedName.test(text) ? text : `"${text.replaceAll('"', '""')}"`;
}

const qualifiedName =
  /^(?:[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*|"(?:[^"]|"")+")(?:\.(?:[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*|"(?:[^"]|"")+"))*$/;

interface Edit extends TextRange {
  text: string;
}

/** `edits` are in order and do not overlap. */
function applyEdits(sql: string, edits: Edit[], order: string[]): BoundStatement {
  let text = '';
  let copied = 0;
  const starts: number[] = [];
  for (const edit of edits) {
    text += sql.slice(copied, edit.start);
    starts.push(text.length);
    text += edit.text;
    copied = edit.end;
  }
  text += sql.slice(copied);
  const positionInOriginal = (position: number) => {
    const offset = offsetOfPosition(text, position);
    const index = starts.findLastIndex(start => start <= offset);
    const edit = edits[index];
    if (!edit) return positionOfOffset(sql, offset);
    const behind = offset - starts[index]! - edit.text.length;
    return positionOfOffset(sql, behind < 0 ? edit.start : edit.end + behind);
  };
  return { text, order, positionInOriginal };
}

interface Place extends TextRange {
  name: string;
  kind: ParameterKind;
  /** The type name in front of it, as in `interval :'step'`. */
  type?: TextRange;
}

const nameCharacters = '[A-Za-z0-9_\\u0080-\\uffff]+';
const variable = new RegExp(`:(?:'${nameCharacters}'|"${nameCharacters}"|${nameCharacters})`, 'y');

/** Types whose literals are commonly written `type 'value'` (PostgreSQL documentation, "Constants of Other Types"). */
const typeInFront =
  /(?<![\w$."'\u0080-\uffff])(?:(?:timestamp|time)(?:\s{0,9}\(\s{0,9}\d+\s{0,9}\))?(?:\s{1,9}with(?:out)?\s{1,9}time\s{1,9}zone)?|timestamptz|timetz|date|interval|numeric|int[248]|bigint|integer|float[48]|boolean|bool|text|jsonb?|xml|uuid|inet|cidr|macaddr|bytea|regclass|regproc|regtype|point|box|circle|polygon|(?:int4|int8|num|ts|tstz|date)range)$/i;

/** Words behind which a name of a table must stand. */
const beforeRelation: ReadonlySet<string> = new Set('from join into update table only using truncate'.split(' '));
/** Functions with FROM among their arguments (PostgreSQL documentation, "String Functions", "EXTRACT"). */
const fromAmongArguments: ReadonlySet<string> = new Set('extract substring trim overlay position'.split(' '));
/** Words that no operand ends with, so that a colon behind them is no separator. */
const noOperand: ReadonlySet<string> = new Set(
  'and or not case when then else in is between like ilike similar distinct from any all some select where key value'.split(
    ' ',
  ),
);

interface Bracket {
  opening: string;
  /** The word in front of it. */
  owner: string;
}

function scanPlaces(sql: string): Place[] {
  const places: Place[] = [];
  const brackets: Bracket[] = [];
  const lexer = new Lexer(sql);
  let previous: Previous = { word: '', beforeThat: '', endsOperand: false, end: 0 };
  const remember = (word: string, endsOperand: boolean) => {
    previous = { word, beforeThat: previous.word, endsOperand, end: lexer.end };
  };
  while (lexer.nextSignificant()) {
    const { kind, start } = lexer;
    if (kind === 'word') {
      const word = lexer.value.toLowerCase();
      remember(word, !noOperand.has(word));
    } else if (kind === 'positional') {
      places.push({ name: lexer.value, kind, start, end: lexer.end, ...typeBefore(sql, previous, start) });
      remember('', true);
    } else if (kind === 'symbol') {
      const symbol = lexer.value;
      const end = symbol === ':' && !isSeparator(brackets.at(-1), previous) ? variableEnd(sql, start) : undefined;
      if (end !== undefined) {
        lexer.jump(end);
        const name = sql.slice(start, end);
        const kind = variableKind(sql, name, end, previous, brackets.at(-1));
        places.push({ name, kind, start, end, ...(kind !== 'identifier' && typeBefore(sql, previous, start)) });
        remember('', true);
        continue;
      }
      if (symbol === '(' || symbol === '[') brackets.push({ opening: symbol, owner: previous.word });
      else if (symbol === ')' || symbol === ']') brackets.pop();
      remember(symbol, symbol === ')' || symbol === ']');
    } else if (kind !== 'metaCommand') remember('', true);
  }
  return places;
}

/** The significant token before the current one. */
interface Previous {
  /** In lower case; the character for a symbol, empty for a literal. */
  word: string;
  beforeThat: string;
  endsOperand: boolean;
  end: number;
}

/** Whether a colon here separates array bounds or a JSON key from its value. */
function isSeparator(bracket: Bracket | undefined, previous: Previous): boolean {
  if (!bracket || !previous.endsOperand) return false;
  if (bracket.opening === '[') return true;
  return bracket.owner === 'json_object' || bracket.owner === 'json_objectagg';
}

function variableEnd(sql: string, colon: number): number | undefined {
  variable.lastIndex = colon;
  return variable.test(sql) ? variable.lastIndex : undefined;
}

function variableKind(
  sql: string,
  name: string,
  end: number,
  { word, beforeThat }: Previous,
  bracket: Bracket | undefined,
): ParameterKind {
  if (name[1] === "'") return 'literal';
  if (name[1] === '"' || word === '.' || sql[end] === '.') return 'identifier';
  if (!beforeRelation.has(word)) return 'named';
  const isOperator = beforeThat === 'distinct' || (bracket !== undefined && fromAmongArguments.has(bracket.owner));
  return word === 'from' && isOperator ? 'named' : 'identifier';
}

function typeBefore(sql: string, previous: Previous, start: number): { type: TextRange } | undefined {
  // Only white space may stand between: a word in a comment is no type.
  if (previous.end === 0 || sql.slice(previous.end, start).trim() !== '') return undefined;
  const window = Math.max(0, previous.end - 60);
  const match = typeInFront.exec(sql.slice(window, previous.end));
  return match ? { type: { start: window + match.index, end: previous.end } } : undefined;
}
