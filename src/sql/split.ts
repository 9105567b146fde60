/**
 * Statement boundaries in a file as psql finds them (psqlscan.l): a semicolon outside quotes and comments, a backslash
 * command, the end. One pass, so a statement is found however broken the others are. Unlike psql, an unbalanced
 * parenthesis ends with its statement, and a quote that never closes does not swallow the rest of the file.
 */
import { type Delimiter, Lexer } from './lexer';

export interface StatementSpan {
  /** First token; an optimizer hint (`/*+ … *\/`) right before it belongs to the statement. */
  start: number;
  /** Behind the last token, the terminator not counted. */
  end: number;
  /** Behind the semicolon or backslash command that ends the statement; `end` when there is none. */
  terminatorEnd: number;
}

/** Words that begin a statement; at the start of a line they show where to go on after a quote that never closes. */
const statementStart =
  /(?:abort|alter|analyze|begin|call|checkpoint|close|cluster|comment|commit|copy|create|deallocate|declare|delete|discard|do|drop|execute|explain|fetch|grant|import|insert|listen|lock|merge|move|notify|prepare|reassign|refresh|reindex|release|reset|revoke|rollback|savepoint|security|select|set|show|start|table|truncate|unlisten|update|vacuum|values|with)(?![A-Za-z0-9_$\u0080-\uffff])/iy;

/** Backslash commands that send the statement before them, or belong to it (psql documentation, "Meta-Commands"). */
const sendingCommand =
  /^\\(?:;|g|gx|gdesc|gexec|gset|crosstabview|watch|bind|bind_named|parse|sendpipeline)(?![A-Za-z_])/;
const copyFromStdin = /^\\copy\b.*\bfrom\s+p?stdin\b/i;

/** Each restart reads the rest of the file again, so a file full of broken quotes must not restart for ever. */
const mostRestarts = 10;

/** The statements of `text` from `from` on, in order. */
export function* scanStatements(text: string, from = 0): Generator<StatementSpan> {
  let start = from;
  for (let restarts = 0; restarts <= mostRestarts; restarts++) {
    const broken = yield* scanUntilBroken(text, start, restarts === mostRestarts);
    if (broken === undefined) return;
    if (broken.statement) yield broken.statement;
    start = broken.resumeAt;
  }
}

interface Broken {
  /** Absent when a comment between statements never closes. */
  statement?: StatementSpan;
  resumeAt: number;
}

/** Scans up to the end; returns early with the statement that would have swallowed all the rest. */
function* scanUntilBroken(text: string, from: number, last: boolean): Generator<StatementSpan, Broken | undefined> {
  const lexer = new Lexer(text, from);
  const copyData = new CopyData(text);
  let statement: StatementInProgress | undefined;
  let hint: number | undefined;
  while (lexer.next()) {
    if (lexer.kind === 'space') continue;
    if (lexer.isBroken) {
      const begun = statement?.start ?? lexer.start;
      const resumeAt = (last ? undefined : resumeInsideTokens(text, begun, lexer.delimiter)) ?? text.length;
      const isStatement = statement !== undefined || lexer.kind !== 'comment';
      return { ...(isStatement && { statement: spanBefore(text, begun, resumeAt) }), resumeAt };
    }
    if (lexer.kind === 'comment') {
      if (statement === undefined) hint = text.startsWith('/*+', lexer.start) ? lexer.start : undefined;
    } else if (lexer.kind === 'metaCommand') {
      const isSending = sendingCommand.test(lexer.value);
      if (statement) yield statement.span(isSending ? lexer.end : undefined);
      if (statement?.readsStdin || copyFromStdin.test(lexer.value)) copyData.skip(lexer);
      statement = undefined;
      hint = undefined;
    } else if (text[lexer.start] === ';' && lexer.kind === 'symbol' && !statement?.holdsSemicolon(lexer.end)) {
      if (statement) yield statement.span(lexer.end);
      if (statement?.readsStdin) copyData.skip(lexer);
      statement = undefined;
      hint = undefined;
    } else {
      statement ??= new StatementInProgress(text, hint ?? lexer.start);
      statement.add(lexer);
    }
  }
  if (statement === undefined) return undefined;
  if (!statement.isOpen) {
    yield statement.span();
    return undefined;
  }
  const resumeAt = (last ? undefined : statement.resumeAt) ?? text.length;
  return { statement: spanBefore(text, statement.start, resumeAt), resumeAt };
}

/** The first words, which say whether semicolons or data may follow inside a statement. */
const bodyOwner = /^create (or replace )?(function|procedure)$/;
const ruleOwner = /^create (or replace )?rule$/;
/** What begins a statement in a body, or ends it (gram.y: routine_body_stmt, RuleActionStmt; "WITH", "VALUES", "TABLE"). */
const bodyWords: ReadonlySet<string> = new Set(
  'select insert update delete merge with values table return notify end'.split(' '),
);

class StatementInProgress {
  #end: number;
  #head = '';
  #headWords = 0;
  #owner: 'body' | 'rule' | 'copy' | undefined;
  #parentheses = 0;
  /** BEGIN ATOMIC and the CASEs in it; each ends with END. */
  #blocks = 0;
  #previousWord = '';
  /** COPY … FROM STDIN, so data may follow. */
  readsStdin = false;
  /** Where a line inside a body begins like a statement: that is where to go on when the body never ends. */
  resumeAt: number | undefined;

  constructor(
    private readonly text: string,
    readonly start: number,
  ) {
    this.#end = start;
  }

  add(lexer: Lexer): void {
    this.#end = lexer.end;
    if (lexer.kind === 'word' && (this.#owner !== undefined || this.#headWords < 4))
      this.#addWord(lexer.value.toLowerCase());
    else if (lexer.kind === 'symbol') this.#addSymbol(this.text[lexer.start]!);
    else this.#previousWord = '';
  }

  /** Whether the semicolon that ends at `offset` is inside the statement. */
  holdsSemicolon(offset: number): boolean {
    if (!this.isOpen) return false;
    const next = new Lexer(this.text, offset);
    if (next.nextSignificant() && next.kind === 'word') {
      // What cannot stand in a body begins the next statement: an END or a parenthesis is missing.
      if (!bodyWords.has(next.value.toLowerCase())) return false;
      const beginsLine = this.text[next.start - 1] === '\n';
      if (beginsLine && startsStatement(this.text, next.start)) this.resumeAt ??= next.start;
    }
    return true;
  }

  /** Inside a body, so that semicolons belong to the statement. */
  get isOpen(): boolean {
    return this.#blocks > 0 || (this.#owner === 'rule' && this.#parentheses > 0);
  }

  span(terminatorEnd = this.#end): StatementSpan {
    return { start: this.start, end: this.#end, terminatorEnd };
  }

  #addWord(word: string): void {
    const previous = this.#previousWord;
    this.#previousWord = word;
    if (this.#headWords < 4) {
      this.#head += this.#headWords === 0 ? word : ` ${word}`;
      this.#headWords += 1;
      if (this.#head === 'copy') this.#owner = 'copy';
      else if (bodyOwner.test(this.#head)) this.#owner = 'body';
      else if (ruleOwner.test(this.#head)) this.#owner = 'rule';
    }
    if (this.#owner === 'copy') this.readsStdin ||= word === 'stdin' && previous === 'from' && this.#parentheses === 0;
    // After a dot or AS, case and end are names.
    else if (this.#owner === 'body' && previous !== 'as' && previous !== '.') {
      if (word === 'atomic' && previous === 'begin') this.#blocks += 1;
      else if (word === 'case' && this.#blocks > 0) this.#blocks += 1;
      else if (word === 'end' && this.#blocks > 0) this.#blocks -= 1;
    }
  }

  #addSymbol(symbol: string): void {
    this.#previousWord = symbol;
    if (symbol === '(') this.#parentheses += 1;
    else if (symbol === ')') this.#parentheses -= 1;
  }
}

/**
 * The data after COPY … FROM STDIN: from the next line to one that is `\.`. Where no such line follows there is no data:
 * psql would read on to the end, but a file kept by hand more likely lacks the data than the end.
 */
class CopyData {
  #exhausted = false;

  constructor(private readonly text: string) {}

  skip(lexer: Lexer): void {
    if (this.#exhausted) return;
    const { text } = this;
    for (let at = text.indexOf('\n\\.', lexer.end); at >= 0; at = text.indexOf('\n\\.', at + 1)) {
      const next = text[at + 3];
      if (next !== undefined && next !== '\n' && next !== '\r') continue;
      lexer.jump(at + 3);
      return;
    }
    this.#exhausted = true;
  }
}

/**
 * The statement from `start` holds a quote, tag or comment that never closes, so every later one of its kind is read
 * inside out. The first line inside such a token that begins like a statement, after a semicolon or an empty line, is
 * where the next statement starts.
 */
function resumeInsideTokens(text: string, start: number, delimiter: Delimiter | undefined): number | undefined {
  const lexer = new Lexer(text, start);
  while (lexer.next()) {
    if (lexer.delimiter !== delimiter) continue;
    for (let line = text.indexOf('\n', lexer.start) + 1; line > 0 && line < lexer.end; ) {
      if (startsStatement(text, line) && followsStatementEnd(text, line)) return line;
      line = text.indexOf('\n', line) + 1;
    }
  }
  return undefined;
}

export function startsStatement(text: string, line: number): boolean {
  statementStart.lastIndex = line;
  return statementStart.test(text);
}

/** Whether the line before the one at `line` is empty or ends with a semicolon. */
export function followsStatementEnd(text: string, line: number): boolean {
  let at = line - 2;
  while (at >= 0 && (text[at] === ' ' || text[at] === '\t' || text[at] === '\r')) at--;
  return at < 0 || text[at] === '\n' || text[at] === ';';
}

/** The statement that was cut off where the next one resumes. */
function spanBefore(text: string, start: number, resumeAt: number): StatementSpan {
  const terminated = text.slice(start, resumeAt).trimEnd();
  const bare = terminated.endsWith(';') ? terminated.slice(0, -1).trimEnd() : terminated;
  return { start, end: start + bare.length, terminatorEnd: start + terminated.length };
}
