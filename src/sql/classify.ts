/**
 * What a statement may do to a cluster. First by grammar alone (`classify`), then with what the catalog says about the
 * functions it calls (`withVolatility`).
 *
 * Covered: the statement itself, everything nested in it (WITH, subqueries, FROM functions), locking clauses, INTO, and
 * every function called by name. Not covered, because the text does not show it: functions behind operators, casts,
 * domains, defaults, triggers, rules, views, row security policies, index expressions, aggregates and column notation
 * (`t.f` for `f(t)`), and functions declared less volatile than they are. So even a `read` belongs in a read-only
 * transaction that is rolled back.
 */
import type { StatementClass } from '../shared/plan-diff';
import { Lexer } from './lexer';
import type { ParsedStatement, SqlParser, SqlSyntaxError } from './parser';
import { type QualifiedName, readTree } from './syntax-tree';
import { effectThoughNotVolatile, type VolatileEffect, volatileEffect } from './volatile-functions';

export interface Classification {
  class: StatementClass;
  /** `SELECT`, `INSERT`, `CALL`, … as it would be said; the first word where the grammar does not know the statement. */
  command: string;
  /**
   * EXPLAIN takes it: SELECT, VALUES, INSERT, UPDATE, DELETE, MERGE, EXECUTE, DECLARE, CREATE TABLE AS and CREATE
   * MATERIALIZED VIEW (PostgreSQL documentation, "EXPLAIN"). By its first word when the grammar refuses it, since a
   * newer server may know more.
   */
  explainable: boolean;
  /** Every function called by name, once. */
  functions: QualifiedName[];
  /** Why it has this class, in plain words; empty when the command says it all. */
  reasons: string[];
  relations: QualifiedName[];
  /** Set when the text is not exactly one statement of PostgreSQL 17's grammar. */
  error?: SqlSyntaxError;
}

export interface FunctionVolatility {
  schema: string;
  name: string;
  volatility: 'immutable' | 'stable' | 'volatile';
}

/** Class by grammar alone. The text must be free of psql's `:name`: bind parameters first. */
export function classify(parser: SqlParser, sql: string): Classification {
  return classifyParsed(sql, parser.parse(sql));
}

/** The same, of a text that was parsed already. */
export function classifyParsed(sql: string, outcome: ReturnType<SqlParser['parse']>): Classification {
  if (!outcome.ok) return unknown(sql, outcome.error, `PostgreSQL's grammar says: ${outcome.error.message}`);
  const [statement, second] = outcome.statements;
  if (statement === undefined) {
    const message = 'There is no statement in this text.';
    return { ...unknown(sql, { message, offset: 0 }, message), explainable: false };
  }
  if (second !== undefined) {
    const message = `Expected one statement, found ${outcome.statements.length}.`;
    return { ...unknown(sql, { message, offset: second.start }, message), explainable: false };
  }
  return classifyStatement(sql, statement);
}

/**
 * Class after the catalog spoke: `volatility` holds every function the names may stand for, all schemas and overloads.
 * Only ever raises the class: a read that calls a volatile function is a write when the function is known to act, and
 * unknown when it is not known to be harmless or not in the catalog.
 */
export function withVolatility(classification: Classification, volatility: FunctionVolatility[]): Classification {
  let raised = classification.class;
  const reasons = [...classification.reasons];
  for (const called of classification.functions) {
    const written = called.schema === undefined ? called.name : `${called.schema}.${called.name}`;
    const candidates = volatility.filter(
      ({ schema, name }) => name === called.name && (called.schema === undefined || schema === called.schema),
    );
    if (candidates.length === 0) {
      reasons.push(`The function ${written} is not in the catalog`);
      if (raised === 'read') raised = 'unknown';
    }
    const verdicts = candidates.map(effectOf);
    const acting = verdicts.find(verdict => typeof verdict === 'object');
    if (acting) {
      reasons.push(`${written} ${acting.effect}`);
      if (raised === 'read' || raised === 'unknown') raised = 'write';
    } else if (verdicts.includes('unknown')) {
      reasons.push(`${written} is volatile and may write`);
      if (raised === 'read') raised = 'unknown';
    }
  }
  return { ...classification, class: raised, reasons };
}

function effectOf({ schema, name, volatility }: FunctionVolatility): VolatileEffect {
  if (volatility === 'volatile') return volatileEffect(schema, name);
  const effect = schema === 'pg_catalog' ? effectThoughNotVolatile(name) : undefined;
  return effect === undefined ? 'harmless' : { effect };
}

const explainableWords: ReadonlySet<string> = new Set(
  'SELECT VALUES TABLE WITH INSERT UPDATE DELETE MERGE EXECUTE DECLARE'.split(' '),
);

function unknown(sql: string, error: SqlSyntaxError, reason: string): Classification {
  const command = firstWord(sql);
  const explainable = explainableWords.has(command);
  return { class: 'unknown', command, explainable, functions: [], relations: [], reasons: [reason], error };
}

function firstWord(sql: string): string {
  const lexer = new Lexer(sql);
  while (lexer.nextSignificant()) if (lexer.kind === 'word') return lexer.value.toUpperCase();
  return '';
}

function classifyStatement(sql: string, { kind, node, start }: ParsedStatement): Classification {
  const { functions, relations, writes: found } = readTree(kind, node);
  const writes = [...new Set(found.map(({ what }) => what))];
  // Planning alone runs nothing, whatever the statement is.
  if (kind === 'ExplainStmt' && !isAnalyze(node)) {
    const reasons = ['EXPLAIN without ANALYZE plans only'];
    return { class: 'read', command: 'EXPLAIN', explainable: false, functions: [], relations, reasons };
  }
  const explained = kind === 'ExplainStmt' ? Object.entries(node.query as Record<string, Node>)[0]! : undefined;
  const verdict = explained
    ? { ...verdictOf(sql, ...explained, writes), command: 'EXPLAIN', explainable: false }
    : verdictOf(sql.slice(start), kind, node, writes);
  const { reason, ...rest } = verdict;
  return { ...rest, functions, relations, reasons: reason === undefined ? writes : [reason, ...writes] };
}

type Node = Record<string, unknown>;

interface Verdict {
  class: StatementClass;
  command: string;
  explainable: boolean;
  reason?: string;
}

/** `sql` begins with the statement; `writes` are the writing parts inside it. */
function verdictOf(sql: string, kind: string, node: Node, writes: string[]): Verdict {
  const queryClass: StatementClass = writes.length > 0 ? 'write' : 'read';
  switch (kind) {
    case 'SelectStmt':
      return { class: queryClass, command: node.valuesLists ? 'VALUES' : 'SELECT', explainable: true };
    case 'InsertStmt':
    case 'UpdateStmt':
    case 'DeleteStmt':
    case 'MergeStmt':
      return { class: 'write', command: kind.slice(0, -4).toUpperCase(), explainable: true };
    case 'CallStmt':
      return { class: 'write', command: 'CALL', explainable: false, reason: 'A procedure may write' };
    case 'DoStmt':
      return { class: 'write', command: 'DO', explainable: false, reason: 'A DO block may write' };
    case 'ExecuteStmt': {
      const reason = 'What was prepared under this name cannot be seen';
      return { class: 'unknown', command: 'EXECUTE', explainable: true, reason };
    }
    case 'DeclareCursorStmt':
      return { class: queryClass, command: 'DECLARE', explainable: true };
    case 'CreateTableAsStmt': {
      const command = node.objtype === 'OBJECT_MATVIEW' ? 'CREATE MATERIALIZED VIEW' : 'CREATE TABLE AS';
      return { class: 'write', command, explainable: true, reason: `${command} stores what it reads` };
    }
    case 'CopyStmt':
      return { command: 'COPY', explainable: false, ...copyVerdict(node, queryClass) };
    default:
      return { class: 'utility', command: firstWord(sql), explainable: false };
  }
}

function copyVerdict(copy: Node, queryClass: StatementClass): Pick<Verdict, 'class' | 'reason'> {
  if (copy.is_program) return { class: 'write', reason: 'COPY … PROGRAM runs a program on the server' };
  if (copy.is_from) return { class: 'write', reason: 'COPY … FROM writes to the table' };
  if (copy.filename !== undefined) return { class: 'write', reason: 'COPY … TO a file writes on the server' };
  const command = Object.keys((copy.query as Node | undefined) ?? {})[0];
  return { class: command === undefined || command === 'SelectStmt' ? queryClass : 'write' };
}

/** Whether an EXPLAIN executes. The last ANALYZE counts, as in PostgreSQL (ExplainQuery in explain.c); without a value it means true. */
export function isAnalyze(explain: Node): boolean {
  let analyze = false;
  for (const { DefElem: option } of (explain.options ?? []) as { DefElem: { defname: string; arg?: Node } }[]) {
    if (option.defname !== 'analyze') continue;
    const word = (option.arg?.String as { sval?: string } | undefined)?.sval?.toLowerCase();
    const zero = option.arg !== undefined && 'Integer' in option.arg && !(option.arg.Integer as Node).ival;
    analyze = !zero && word !== 'false' && word !== 'off';
  }
  return analyze;
}
