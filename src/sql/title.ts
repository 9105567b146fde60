import { Lexer } from './lexer';

/**
 * The statement on one line, for titles and lists: without comments, white space collapsed, cut at `maxLength`
 * characters with an ellipsis.
 */
export function statementTitle(sql: string, maxLength = 80): string {
  let title = '';
  let gap = false;
  const lexer = new Lexer(sql);
  while (lexer.next()) {
    if (lexer.kind === 'space' || lexer.kind === 'comment') {
      gap = title !== '';
      continue;
    }
    if (gap) title += ' ';
    gap = false;
    // A literal may hold line breaks, other control characters, and marks that turn the text's direction.
    title += lexer.value.slice(0, 4 * maxLength).replace(/[\s\p{Cc}\u202a-\u202e\u2066-\u2069]+/gu, ' ');
    if (title.length > 2 * maxLength) break;
  }
  const characters = [...title.trim().replace(/\s*;$/, '')];
  return characters.length <= maxLength
    ? characters.join('')
    : `${characters
        .slice(0, maxLength - 1)
        .join('')
        .trimEnd()}…`;
}
