/** A text as pg_stat_statements keeps it, made into one that a server takes again. */
import { Lexer } from './lexer';

/** Types whose literals are written `interval '1 day'`: a `$n` in the place of the string is no SQL (documentation, "Constants of Other Types"). */
const literalTypes: ReadonlySet<string> = new Set(
  (
    'interval date time timetz timestamp timestamptz numeric money inet cidr macaddr uuid json jsonb xml bytea bit varbit ' +
    'point box circle line lseg path polygon tsquery tsvector daterange int4range int8range numrange tsrange tstzrange regclass'
  ).split(' '),
);

interface Piece {
  kind: Lexer['kind'];
  text: string;
}

/**
 * `interval $1` becomes `$1::interval`, `extract($1 FROM x)` becomes `date_part($1, x)`, and a list that PostgreSQL 18
 * squashed has its one value that is left. Everything else stays as it is written.
 */
export function explainableText(normalised: string): string {
  const pieces: Piece[] = [];
  const lexer = new Lexer(normalised);
  while (lexer.next()) pieces.push({ kind: lexer.kind, text: lexer.value });
  const significant = pieces.flatMap(({ kind }, index) => (kind === 'space' || kind === 'comment' ? [] : [index]));
  for (const [n, index] of significant.entries()) {
    const piece = pieces[index]!;
    const before = (steps: number): Piece | undefined => pieces[significant[n - steps] ?? -1];
    if (piece.kind !== 'positional') continue;
    const word = before(1);
    if (word?.kind === 'word' && literalTypes.has(word.text.toLowerCase()) && before(2)?.text !== '::') {
      piece.text += `::${word.text}`;
      word.text = '';
    }
    const from = pieces[significant[n + 1] ?? -1];
    if (word?.text === '(' && before(2)?.text.toLowerCase() === 'extract' && from?.text.toLowerCase() === 'from') {
      before(2)!.text = 'date_part';
      from.text = ',';
    }
  }
  return pieces
    .map(({ kind, text }) => (kind === 'comment' && text === '/*, ... */' ? '' : text))
    .join('')
    .trim();
}
