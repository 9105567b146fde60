import { Lexer } from './lexer';

export interface ExplainedStatement {
  /** The statement without EXPLAIN and its options. */
  text: string;
  /** UTF-16 offset of `text` in what was given. */
  offset: number;
}

/**
 * The statement inside the user's own `EXPLAIN …`, since Cutover adds options of its own; the text as given when it is
 * no EXPLAIN (PostgreSQL documentation, "EXPLAIN": options in parentheses, or the words ANALYZE and VERBOSE). Works
 * without the parser, so also while psql's variables are in the text.
 */
export function stripExplain(sql: string): ExplainedStatement {
  const offset = explainedOffset(sql) ?? 0;
  return { text: sql.slice(offset), offset };
}

function explainedOffset(sql: string): number | undefined {
  const lexer = new Lexer(sql);
  if (!lexer.nextSignificant() || !isWord(lexer, 'explain')) return undefined;
  let found = lexer.nextSignificant();
  if (found && lexer.value === '(' && !opensQuery(sql, lexer.end)) {
    for (let depth = 1; depth > 0 && found; ) {
      found = lexer.nextSignificant();
      depth += lexer.value === '(' ? 1 : lexer.value === ')' ? -1 : 0;
    }
    found = lexer.nextSignificant();
  } else {
    if (found && (isWord(lexer, 'analyze') || isWord(lexer, 'analyse'))) found = lexer.nextSignificant();
    if (found && isWord(lexer, 'verbose')) found = lexer.nextSignificant();
  }
  return found ? lexer.start : undefined;
}

/** Whether `(` opens a query, as in EXPLAIN (SELECT 1), rather than options. */
function opensQuery(sql: string, from: number): boolean {
  const lexer = new Lexer(sql, from);
  while (lexer.nextSignificant() && lexer.value === '(');
  return ['select', 'with', 'values', 'table'].some(word => isWord(lexer, word));
}

function isWord(lexer: Lexer, word: string): boolean {
  return lexer.kind === 'word' && lexer.value.toLowerCase() === word;
}
