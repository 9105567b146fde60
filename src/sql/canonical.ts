/**
 * One spelling for each statement as pg_stat_statements keeps it, whatever its layout, its server's version and its shard:
 * what is equal in it is the same statement. It is SQL again, for the parser.
 */
import { quotedKeywords } from './keywords';
import { Lexer } from './lexer';

/** What only the catalogs of a side know about names. */
export interface NameContext {
  /** The table that a shard's name stands for. */
  tableOfShard(name: string): string | undefined;
  /** Whether `name` alone means `schema.name` to the role that ran the statement. */
  isVisible(schema: string, name: string): boolean;
}

export interface CanonicalText {
  text: string;
  /** A shard was folded into its table: a task that Citus sent to a worker. */
  hasShards: boolean;
}

/** What PostgreSQL 18 writes for the rest of a list of constants (pg_stat_statements.c, `generate_normalized_query`). */
const squashed = '/*, ... */';
const operatorCharacters = /[+\-*/<>=~!@#%^&|`?]/;
/** An operator of several characters may end in + or - only when it holds one of these (documentation, "Operators"). */
const signEnding = /[~!@#%^&|`?]/;

interface Token {
  text: string;
  kind: 'word' | 'identifier' | 'parameter' | 'literal' | 'operator' | 'symbol';
  /** Something stood between this token and the one before. */
  apart: boolean;
  /** `$1 /*, ... *\/`: more of the kind follow. */
  more?: boolean;
}

export function canonicalText(sql: string, context: NameContext): CanonicalText {
  const tokens = tokensOf(sql);
  const names = { hasShards: false };
  const words = withNames(tokens, context, names);
  const folded = squashLists(isLiteralCall(words) ? literalsAsParameters(words) : words);
  return { text: spell(folded), hasShards: names.hasShards };
}

function tokensOf(sql: string): Token[] {
  const tokens: Token[] = [];
  const lexer = new Lexer(sql);
  let apart = false;
  while (lexer.next()) {
    const { kind, value } = lexer;
    const last = tokens.at(-1);
    if (kind === 'space' || kind === 'comment') {
      if (value === squashed && last?.kind === 'parameter') last.more = true;
      apart = true;
      continue;
    }
    if (kind === 'symbol' && operatorCharacters.test(value)) {
      if (last?.kind === 'operator' && !apart) last.text += value;
      else tokens.push({ text: value, kind: 'operator', apart });
    } else if (kind === 'word') tokens.push({ text: value.toLowerCase(), kind: 'word', apart });
    else if (kind === 'quotedIdentifier') tokens.push(identifier(value, apart));
    else if (kind === 'positional') tokens.push({ text: value, kind: 'parameter', apart });
    else if (kind === 'string' || kind === 'number') addLiteral(tokens, { text: value, kind: 'literal', apart });
    else tokens.push({ text: value, kind: 'symbol', apart });
    apart = false;
  }
  while (tokens.at(-1)?.text === ';') tokens.pop();
  return tokens.flatMap(token => (token.kind === 'operator' ? splitOperator(token) : [token]));
}

/** Literals that the lexer cuts: `1.5e-3`, `.5`, and a string that goes on in the next line. */
function addLiteral(tokens: Token[], literal: Token): void {
  const [before, last] = tokens.slice(-2);
  const sign = last?.kind === 'operator' && /^[+-]$/.test(last.text) && !last.apart ? last : undefined;
  if (sign && before?.kind === 'literal' && /^[0-9][0-9_.]*e$/i.test(before.text) && !literal.apart) {
    tokens.pop();
    before.text += sign.text + literal.text;
  } else if (last?.text === '.' && !literal.apart && !isName(before) && /^[0-9]/.test(literal.text)) {
    last.text += literal.text;
    last.kind = 'literal';
  } else if (last?.kind === 'literal' && last.text.endsWith("'") && literal.text.startsWith("'")) {
    last.text += `\n${literal.text}`;
  } else tokens.push(literal);
}

/** Quotes say nothing where the name is the same without them. */
function identifier(value: string, apart: boolean): Token {
  const name = value.slice(1, -1);
  const isPlain = /^[a-z_\u0080-\uffff][a-z0-9_$\u0080-\uffff]*$/.test(name) && !quotedKeywords.has(name);
  return isPlain && value.startsWith('"')
    ? { text: name, kind: 'word', apart }
    : { text: value, kind: 'identifier', apart };
}

/** `=-` is `=` and `-`; `!=` is `<>`. */
function splitOperator(token: Token): Token[] {
  let { text } = token;
  const signs: Token[] = [];
  while (text.length > 1 && /[+-]$/.test(text) && !signEnding.test(text)) {
    signs.unshift({ text: text.at(-1)!, kind: 'operator', apart: true });
    text = text.slice(0, -1);
  }
  return [{ ...token, text: text === '!=' ? '<>' : text }, ...signs];
}

function isName(token: Token | undefined): token is Token {
  return token?.kind === 'word' || token?.kind === 'identifier';
}

function nameOf({ kind, text }: Token): string {
  return kind === 'identifier' ? text.slice(1, -1).replaceAll('""', '"') : text;
}

/** Folds shards into tables, leaves out schemas that the search path gives, writes `OPERATOR(pg_catalog.=)` as `=`. */
function withNames(tokens: readonly Token[], context: NameContext, found: { hasShards: boolean }): Token[] {
  const named: Token[] = [];
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i]!;
    const operator = token.text === 'operator' ? spelledOperator(tokens, i) : undefined;
    if (operator) {
      named.push({ text: operator, kind: 'operator', apart: true });
      i += 5;
      continue;
    }
    if (!isName(token)) {
      named.push(token);
      continue;
    }
    const follows = tokens[i + 1]?.text === '.' ? tokens[i + 2] : undefined;
    // A name after a dot is a column or has lost its schema already: it is no schema itself.
    if (isName(follows) && named.at(-1)?.text !== '.') {
      const schema = nameOf(token);
      const table = context.tableOfShard(nameOf(follows)) ?? nameOf(follows);
      // `pg_catalog.default` is a collation, `default` a keyword.
      const isKeyword = follows.kind === 'word' && quotedKeywords.has(follows.text);
      if (!isKeyword && (schema === 'pg_catalog' || context.isVisible(schema, table))) {
        i++;
        continue;
      }
    }
    const table = context.tableOfShard(nameOf(token));
    if (table === undefined) named.push(token);
    else {
      found.hasShards = true;
      named.push(identifier(`"${table.replaceAll('"', '""')}"`, token.apart));
    }
  }
  return named;
}

/** `OPERATOR ( pg_catalog . = )`, as Citus writes it. */
function spelledOperator(tokens: readonly Token[], at: number): string | undefined {
  const [open, schema, dot, operator, close] = tokens.slice(at + 1, at + 6);
  const isSpelled =
    open?.text === '(' &&
    schema?.text === 'pg_catalog' &&
    dot?.text === '.' &&
    operator?.kind === 'operator' &&
    close?.text === ')';
  return isSpelled ? operator.text : undefined;
}

/**
 * PostgreSQL parameterises the arguments of CALL from 17 on, and names of prepared transactions; before, each text is another.
 * So it is with the name that Citus gives every connection.
 */
function isLiteralCall([first, second]: readonly Token[]): boolean {
  if (first?.text === 'call' || (first?.text === 'set' && second?.text === 'application_name')) return true;
  return second?.text === 'prepared' || (first?.text === 'prepare' && second?.text === 'transaction');
}

function literalsAsParameters(tokens: readonly Token[]): Token[] {
  return tokens.map((token, i) => {
    const isLiteral = token.kind === 'literal' || (token.kind === 'word' && /^(?:null|true|false)$/.test(token.text));
    return isLiteral ? { text: `$L${i}`, kind: 'parameter', apart: token.apart } : token;
  });
}

/** `IN ($1, $2, $3)`, `ARRAY[$1, $2]` and what 18 makes of them: all the same list of more than one. */
function squashLists(tokens: readonly Token[]): Token[] {
  const kept: Token[] = [];
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i]!;
    kept.push(token);
    const opens =
      (token.text === '(' && tokens[i - 1]?.text === 'in') || (token.text === '[' && tokens[i - 1]?.text === 'array');
    if (!opens) continue;
    let end = i + 1;
    let members = 0;
    while (tokens[end]?.kind === 'parameter') {
      members += tokens[end]!.more ? 2 : 1;
      if (tokens[end + 1]?.text !== ',') break;
      end += 2;
    }
    const closes = tokens[end + 1]?.text === ')' || tokens[end + 1]?.text === ']';
    if (members < 2 || !closes) continue;
    kept.push(
      { text: `$A${i}`, kind: 'parameter', apart: false },
      { text: ',', kind: 'symbol', apart: false },
      { text: `$B${i}`, kind: 'parameter', apart: false },
    );
    i = end;
  }
  return kept;
}

/** One blank between tokens; parameters numbered in the order in which they appear. */
function spell(tokens: readonly Token[]): string {
  const numbers = new Map<string, number>();
  return tokens
    .map(({ kind, text }) => {
      if (kind !== 'parameter') return text;
      if (!numbers.has(text)) numbers.set(text, numbers.size + 1);
      return `$${numbers.get(text)}`;
    })
    .join(' ');
}
