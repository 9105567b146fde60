/** What was read of pg_stat_statements on one side at one time: as the servers sent it, so that a snapshot loses nothing. */
import * as z from 'zod/mini';

const nodeReadingSchema = z.strictObject({
  /** `host:port`. */
  node: z.string(),
  role: z.enum(['coordinator', 'worker', 'standalone']),
  /** Of the extension there, as `1.10`. */
  extension: z.optional(z.string()),
  /** First line: JSON of {@link NodeHeader}; then one line for each statement, see {@link readRow}. */
  answer: z.optional(z.string()),
  /** Why there is no answer, and how to mend it. */
  problem: z.optional(z.strictObject({ text: z.string(), remedy: z.optional(z.string()) })),
});
export type NodeReading = z.infer<typeof nodeReadingSchema>;

/** What the catalogs say about names in the texts: of the connected database only. */
const catalogNamesSchema = z.strictObject({
  /** search_path of each role that has one of its own; `""` is everybody else's. */
  searchPaths: z.record(z.string(), z.string()),
  /** Names that stand in more than one schema, with these. */
  ambiguous: z.record(z.string(), z.array(z.string())),
  /** Functions and procedures outside pg_catalog that may do anything. */
  volatileFunctions: z.array(z.string()),
  /** Shard ids by table, separated by commas. */
  shards: z.record(z.string(), z.string()),
});
export type CatalogNames = z.infer<typeof catalogNamesSchema>;

export const readingSchema = z.strictObject({
  version: z.literal(1),
  /** When it was read, by the server's clock, ISO. */
  at: z.string(),
  label: z.string(),
  address: z.string(),
  postgresVersion: z.string(),
  citusVersion: z.optional(z.string()),
  database: z.string(),
  user: z.string(),
  nodes: z.array(nodeReadingSchema),
  names: catalogNamesSchema,
  /** Lines of citus_query_stats(): queryid, role, database, executor, partition key or nothing, calls; tabs between. */
  citusStatements: z.optional(z.string()),
  /** What could not be read: one sentence each. */
  notes: z.array(z.strictObject({ text: z.string(), remedy: z.optional(z.string()) })),
});
export type Reading = z.infer<typeof readingSchema>;

export const noNames: CatalogNames = { searchPaths: {}, ambiguous: {}, volatileFunctions: [], shards: {} };

/** What a node says of its statistics as a whole. */
export interface NodeHeader {
  /** ISO. */
  at: string;
  startedAt: string;
  /** Of pg_stat_statements_info (extension 1.9 and newer). */
  resetAt: string | null;
  dealloc: number | null;
  /** Entries in the statistics, all databases. */
  entries: number;
  /** Those whose text the role may not see. */
  hidden: number;
  hiddenMs: number;
  /** By name, without the prefix `pg_stat_statements.` where it has one. */
  settings: Record<string, string | null>;
}

/** A node's answer in a file of some version: the first line, and where the rows begin. */
export function readHeader(answer: string): { header: NodeHeader; rowsFrom: number } {
  const end = answer.indexOf('\n');
  const line = end < 0 ? answer : answer.slice(0, end);
  return { header: JSON.parse(line) as NodeHeader, rowsFrom: end < 0 ? answer.length : end + 1 };
}
