/** What the grammar says of a canonical text: worked out once for each, whatever side and node it came from. */
import * as z from 'zod/mini';
import { statementClassSchema } from '../shared/plan-diff';
import { classifyParsed } from '../sql/classify';
import type { SqlParser } from '../sql/parser';
import { textHash } from '../sql/text-hash';
import { taskTreeText, treeText } from '../sql/tree-text';

export const textAnalysisSchema = z.strictObject({
  class: statementClassSchema,
  command: z.string(),
  /** Functions called by name: `schema.name`, or the name alone. */
  functions: z.array(z.string()),
  /** Tables and views: `schema.name`, or the name alone. */
  relations: z.array(z.string()),
  reasons: z.array(z.string()),
  /** Names the parse tree; absent when the grammar does not know the text. */
  tree: z.optional(z.string()),
  /** Names the tree as a task of Citus may have it: see `taskTreeText`. */
  taskTree: z.optional(z.string()),
});
export type TextAnalysis = z.infer<typeof textAnalysisSchema>;

/** By canonical text. */
export type Analyses = Pick<ReadonlyMap<string, TextAnalysis>, 'get'>;

export function analyzeText(parser: SqlParser, canonical: string): TextAnalysis {
  const outcome = parser.parse(canonical);
  const { class: kind, command, functions, relations, reasons, error } = classifyParsed(canonical, outcome);
  const dotted = ({ schema, name }: { schema?: string; name: string }) =>
    schema === undefined ? name : `${schema}.${name}`;
  const analysis: TextAnalysis = {
    class: error ? classOfFirstWord(command) : kind,
    command,
    functions: functions.map(dotted),
    relations: relations.map(dotted),
    reasons,
  };
  const statement = outcome.ok && !error ? outcome.statements[0] : undefined;
  // Last: it takes the tree apart.
  const tree = statement && treeText(statement.kind, statement.node);
  if (tree !== undefined) {
    analysis.tree = textHash(tree);
    analysis.taskTree = textHash(taskTreeText(tree));
  }
  return analysis;
}

/** A text that was cut off, or that only a newer grammar knows, still begins with what it does. */
function classOfFirstWord(command: string): TextAnalysis['class'] {
  if (['INSERT', 'UPDATE', 'DELETE', 'MERGE', 'COPY', 'CALL', 'DO'].includes(command)) return 'write';
  if (['SELECT', 'WITH', 'VALUES', 'TABLE'].includes(command)) return 'unknown';
  return 'utility';
}
