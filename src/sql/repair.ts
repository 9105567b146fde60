/** Where psql's way of cutting a file goes wrong because something nearby is broken, the grammar decides. */
import { bindParameters } from './parameters';
import type { SqlParser } from './parser';
import { followsStatementEnd, type StatementSpan, scanStatements, startsStatement } from './split';

/** How many lines that begin like a statement are tried above the cursor, and how far from it they may be. */
const mostCandidates = 20;
const reach = 100_000;

/**
 * `span` when it is one statement by the grammar. Otherwise the nearest piece around `at` that is one: it begins with
 * a statement's first word on a line behind a semicolon or an empty line, and ends before the next such line, or where
 * the scanner ends it. `span` again when there is no such piece: the error is the user's own then.
 */
export function spanByGrammar(parser: SqlParser, text: string, span: StatementSpan, at: number): StatementSpan {
  if (isOneStatement(parser, text.slice(span.start, span.end))) return span;
  const next = lineAfter(text, at);
  for (const start of linesBefore(text, at)) {
    const [scanned] = scanStatements(text, start);
    if (!scanned) continue;
    const [cut] = next === undefined ? [] : scanStatements(text.slice(0, next), start);
    for (const candidate of cut && cut.end < scanned.end ? [cut, scanned] : [scanned]) {
      const isAround = candidate.start <= at && at <= candidate.terminatorEnd;
      if (isAround && isOneStatement(parser, text.slice(candidate.start, candidate.end))) return candidate;
    }
  }
  return span;
}

function isOneStatement(parser: SqlParser, sql: string): boolean {
  const outcome = parser.parse(bindParameters(sql).text);
  return outcome.ok && outcome.statements.length === 1;
}

/** Starts of the lines that begin like a statement, from the cursor's line up. */
function* linesBefore(text: string, at: number): Generator<number> {
  let found = 0;
  let line = at === 0 ? 0 : text.lastIndexOf('\n', at - 1) + 1;
  while (found < mostCandidates && at - line <= reach) {
    if (startsStatement(text, line) && followsStatementEnd(text, line)) {
      found += 1;
      yield line;
    }
    if (line === 0) return;
    line = line < 2 ? 0 : text.lastIndexOf('\n', line - 2) + 1;
  }
}

function lineAfter(text: string, at: number): number | undefined {
  for (let feed = text.indexOf('\n', at); feed >= 0 && feed - at <= reach; feed = text.indexOf('\n', feed + 1)) {
    if (startsStatement(text, feed + 1) && followsStatementEnd(text, feed + 1)) return feed + 1;
  }
  return undefined;
}
