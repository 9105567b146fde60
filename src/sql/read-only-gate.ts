/**
 * SQL that came from a file is let through when it can only read (safety: "SQL that came from a file"). This half judges
 * the text; what stands behind the names only a catalog can tell: `refuseReach` in statement-reach.ts, on the very node
 * that will run it.
 */
import { isAnalyze } from './classify';
import { Lexer } from './lexer';
import type { ParsedStatement, SqlParser } from './parser';
import { readTree, type TreeContents } from './syntax-tree';
import { effectByName } from './volatile-functions';

export interface GatePassed extends Omit<TreeContents, 'writes' | 'parameterAt'> {
  ok: true;
  statement: ParsedStatement;
}

export interface GateRefusal {
  ok: false;
  reason: string;
  /** UTF-16 offset of what is refused. */
  offset: number;
  /** What to write instead. */
  next?: string;
}

/** Longer than anything that people write by hand. UTF-16 code units. */
const maxLength = 100_000;

const readOnlyOnly = 'A check is one SELECT, VALUES, TABLE, SHOW or EXPLAIN without ANALYZE.';

/**
 * Lets exactly one statement pass that is a SELECT, VALUES, TABLE or SHOW, or the EXPLAIN of one that is not executed:
 * without data-modifying WITH, locking clause, INTO, parameters, or a function that by its name is sure to act.
 */
export function gate(parser: SqlParser, sql: string): GatePassed | GateRefusal {
  if (sql.length > maxLength)
    return refuse(`The SQL is longer than ${maxLength} characters.`, maxLength, 'Put the question into a view.');
  const broken = loneSurrogate(sql);
  if (broken >= 0) return refuse('The text holds half of a character (a lone surrogate).', broken);
  const parsed = parser.parse(sql);
  if (!parsed.ok) return refuse(parsed.error.message, parsed.error.offset);
  const [statement, second] = parsed.statements;
  if (statement === undefined) return refuse('There is no statement in this text.', 0, readOnlyOnly);
  if (second !== undefined)
    return refuse(
      `There is a second statement; a check is one of ${parsed.statements.length}.`,
      second.start,
      'Make each statement a check of its own.',
    );
  const read = readableOf(sql, statement);
  if ('reason' in read) return read;
  const { writes, parameterAt, ...contents } = readTree(read.kind, read.node);
  const places = writes.map(({ what, kind, at }) => ({ what, at: placeOfWrite(sql, statement, kind, at) }));
  const [write] = places.sort((a, b) => a.at - b.at);
  if (write) return refuse(`${write.what}.`, write.at, 'A check only reads.');
  if (parameterAt !== undefined)
    return refuse('A check has no parameters.', parameterAt, 'Write the value where the parameter stands.');
  const acting = [...contents.functions].sort((a, b) => a.at - b.at);
  for (const { schema, name, at } of acting) {
    const effect = effectByName(schema, name);
    if (effect !== undefined)
      return refuse(`${schema === undefined ? name : `${schema}.${name}`} ${effect}.`, at, 'A check only reads.');
  }
  return { ok: true, statement, ...contents };
}

/** The part of the statement that says what is read: of EXPLAIN the statement explained. */
function readableOf(
  sql: string,
  { kind, node, start }: ParsedStatement,
): Pick<ParsedStatement, 'kind' | 'node'> | GateRefusal {
  if (kind === 'SelectStmt' || kind === 'VariableShowStmt') return { kind, node };
  if (kind !== 'ExplainStmt') return refuse(`${commandAt(sql, start)} is more than reading.`, start, readOnlyOnly);
  if (isAnalyze(node)) {
    const at = wordAfter(sql, start, ['analyze', 'analyse']);
    return refuse('EXPLAIN ANALYZE executes the statement.', at, 'Use EXPLAIN alone, or Cutover: Explain Analyze.');
  }
  const [explained, query] = Object.entries(node.query as Record<string, Record<string, unknown>>)[0]!;
  if (explained === 'SelectStmt') return { kind: explained, node: query };
  const at = wordAfter(sql, start, explainedWords[explained] ?? []);
  return refuse(`What EXPLAIN explains here is more than reading.`, at, 'Explain a SELECT, VALUES or TABLE.');
}

/** What EXPLAIN takes beside queries, by the words that such a statement may begin with. */
const explainedWords: Readonly<Record<string, readonly string[]>> = {
  InsertStmt: ['insert', 'with'],
  UpdateStmt: ['update', 'with'],
  DeleteStmt: ['delete', 'with'],
  MergeStmt: ['merge', 'with'],
  ExecuteStmt: ['execute'],
  DeclareCursorStmt: ['declare'],
  CreateTableAsStmt: ['create'],
  RefreshMatViewStmt: ['refresh'],
};

function placeOfWrite(
  sql: string,
  { start }: ParsedStatement,
  kind: TreeContents['writes'][number]['kind'],
  at: number,
) {
  if (kind === 'WITH') return at;
  return kind === 'INTO' ? wordBefore(sql, start, 'into', at) : lockingClause(sql, start);
}

function commandAt(sql: string, start: number): string {
  const lexer = new Lexer(sql, start);
  return lexer.nextSignificant() ? lexer.value.toUpperCase() : 'This';
}

/** The first of these words, which are known to stand there. */
function wordAfter(sql: string, from: number, words: readonly string[]): number {
  const lexer = new Lexer(sql, from);
  while (lexer.nextSignificant()) if (isWord(lexer, words)) return lexer.start;
  return from;
}

/** The last such word before `end`. */
function wordBefore(sql: string, from: number, word: string, end: number): number {
  const lexer = new Lexer(sql, from);
  let found = from;
  while (lexer.nextSignificant() && lexer.start < end) if (isWord(lexer, [word])) found = lexer.start;
  return found;
}

/** FOR UPDATE, FOR NO KEY UPDATE, FOR SHARE or FOR KEY SHARE: FOR alone also stands in substring(… FOR …). */
function lockingClause(sql: string, from: number): number {
  const lexer = new Lexer(sql, from);
  let at: number | undefined;
  while (lexer.nextSignificant()) {
    if (at !== undefined && isWord(lexer, ['update', 'share', 'no', 'key'])) return at;
    at = isWord(lexer, ['for']) ? lexer.start : undefined;
  }
  return from;
}

function isWord(lexer: Lexer, words: readonly string[]): boolean {
  return lexer.kind === 'word' && words.includes(lexer.value.toLowerCase());
}

/** Half of a surrogate pair travels as U+FFFD: the server would read another text than the one that was judged. */
function loneSurrogate(sql: string): number {
  return sql.search(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/);
}

function refuse(reason: string, offset: number, next?: string): GateRefusal {
  return { ok: false, reason, offset, ...(next !== undefined && { next }) };
}
