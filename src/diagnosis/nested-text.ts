/** What to explain for a nested statement whose plan was not seen in the call. */
import type { SqlParser } from '../sql/parser';
import { type FilledStatement, fillValues } from '../sql/plpgsql-values';
import { valuesFromRemote } from '../sql/remote-values';
import type { NestedText } from './nested-plan';
import type { FoundStatement } from './nested-side';

export interface TextToExplain {
  text?: NestedText;
  /** Sentences: values that are not known, or why there is nothing to explain. */
  unresolved: string[];
}

/** From this side's source, else from what the other side ran in its place. */
export function textToExplain(
  parser: SqlParser,
  own: FoundStatement | undefined,
  other: FoundStatement | undefined,
): TextToExplain {
  const filled = own?.source?.filled;
  // What Citus sent on the other side has the values of the same call.
  if (filled) return withValues(parser, filled, own.remote ?? other?.remote);
  // Dynamic SQL has its final text only where it ran; so has what a trigger or a foreign key runs.
  const ran = [own, other].find(found => found && found.timeFrom !== 'none' && found.source?.filled === undefined);
  if (!ran) {
    const dynamic = (own ?? other)?.source?.kind === 'dynamic';
    return {
      unresolved: [
        dynamic ? 'EXECUTE makes its text only when it runs.' : 'It is not among the statements of this side.',
      ],
    };
  }
  return fromText(parser, ran);
}

function withValues(parser: SqlParser, filled: FilledStatement, remote: readonly string[] = []): TextToExplain {
  if (!isExplainable(parser, filled.sql)) return { unresolved: notExplainable(filled.sql) };
  if (filled.parameterCount === 0) return { text: filled, unresolved: [] };
  const sets = remote
    .map(text => valuesFromRemote(parser, filled.sql, text))
    .filter(values => values.size === filled.parameterCount);
  const [first] = sets;
  const names = filled.unknown.map(({ name }) => name).join(', ');
  if (first) {
    const variables = new Map([...first].map(([name, sql]) => [name, { sql }] as const));
    const different = new Set(sets.map(values => JSON.stringify([...values]))).size;
    return {
      text: fillValues(parser, filled.sql, { routine: '', variables }) ?? filled,
      unresolved: different > 1 ? [`Explained with the first of ${different} values of ${names} that Citus sent.`] : [],
    };
  }
  const unknown = filled.unknown.map(({ name, why }) => (why === undefined ? name : `${name} (${why})`));
  return { text: filled, unresolved: [`Explained without the values of ${unknown.join(', ')}: the generic plan.`] };
}

function fromText(parser: SqlParser, { sql, remote }: FoundStatement): TextToExplain {
  const numbers = [...sql.matchAll(/\$(\d+)/g)].map(match => Number(match[1]));
  const parameterCount = Math.max(0, ...numbers);
  const unknown = Array.from({ length: parameterCount }, (_, index) => ({ name: `$${index + 1}` }));
  return withValues(parser, { sql, parameterCount, unknown }, remote);
}

const explainable: ReadonlySet<string> = new Set('SelectStmt InsertStmt UpdateStmt DeleteStmt MergeStmt'.split(' '));

function isExplainable(parser: SqlParser, sql: string): boolean {
  const outcome = parser.parse(sql);
  return outcome.ok && outcome.statements.length === 1 && explainable.has(outcome.statements[0]!.kind);
}

/** What a CALL does stands below it. */
function notExplainable(sql: string): string[] {
  return /^\s*CALL\b/i.test(sql) ? [] : ['EXPLAIN does not take it.'];
}
